"""How soon a map page shows, how it pans, and how large it is: 4,000 and 100,000 points in a headless Chromium.

    python benchmarks/speed/map_page.py [--points 4000 100000] [--catalog shop.catalog --map NAME] [--chromium PATH]

Synthetic points lie in 40 clusters and have 192-pixel pictures with cloth-like noise; a catalog's own map is real. The
browser draws by software (SwiftShader), which is many times slower than a graphics card.
"""

from __future__ import annotations

import argparse
import io
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from tabulate import tabulate

sys.path.insert(0, str(Path(__file__).parents[2]))

import hatch_build
from engine.attributes import Column
from engine.pages.map import MapPage, map_page
from engine.pages.map_order import map_order
from engine.pages.map_view import MapView, NearView, RunView
from engine.stored_maps import StoredMap
from houndstooth.map_pictures import map_pictures

SCRIPT = Path(__file__).parents[2] / "web" / "tests" / "speed.mjs"
CLUSTERS = 40
PANNING = ("still", "pan_used", "every", "pan_first", "pan_median", "pan_worst", "close_median", "hover")


class _Drawn:
    """Stands where the catalog's thumbnails do: 64 pictures, over and over."""

    def __init__(self, seed: int = 0) -> None:
        from PIL import Image

        draw = np.random.default_rng(seed)
        self.pictures = []
        for _ in range(64):
            cloth = draw.normal(0, 22, (48, 36, 3)).cumsum(axis=0) * 0.2 + draw.integers(40, 215, 3)
            out = io.BytesIO()
            small = Image.fromarray(np.clip(cloth, 0, 255).astype(np.uint8))
            small.resize((144, 192), Image.Resampling.BICUBIC).save(out, "JPEG", quality=80)
            self.pictures.append(out.getvalue())

    def many(self, image_ids: Any) -> Any:
        return (self.pictures[number % 64] for number in image_ids)


def synthetic(count: int) -> MapView:
    """A map of `count` points in clusters, with a category, a colour, a price, a run, and 8 neighbours in 4 spaces."""
    draw = np.random.default_rng(0)
    cluster = draw.integers(0, CLUSTERS, count)
    xy = draw.normal(0, 10, (CLUSTERS, 2))[cluster] + draw.normal(0, 1, (count, 2))
    order = map_order(xy)
    cluster, xy = cluster[order], xy[order].astype(np.float32)
    words = np.array([f"kind {number}" for number in range(CLUSTERS)], dtype=object)
    products = np.array([f"P{number:06d}" for number in range(count)], dtype=object)
    rows = np.arange(count)
    columns = {
        "product": Column("product", "text", rows.astype(np.int32), products),
        "image": Column("image", "text", rows.astype(np.int32), np.array([f"/photos/{p}.jpg" for p in products])),
        "category": Column("category", "text", cluster.astype(np.int32), words),
        "price": Column("price", "number", draw.gamma(2, 30, count)),
    }
    near = draw.integers(0, count, (count, 8)).astype(np.int32)
    stored = StoredMap(1, f"{count}", "vgg", 1, "tsne", "", 0, count, None, {}, "2026-01-01T00:00:00", 1)
    return MapView(
        title=f"{count:,} points", map=stored, region_ids=rows.astype(np.int64), xy=xy,
        placed=np.zeros(count, np.bool_), columns=columns, colours=(("navy", "#1c2a4c"), ("white", "#f6f6f4")),
        shares=draw.integers(0, 256, (count, 2)).astype(np.uint8),
        runs=(RunView("run", "vgg", tuple(words), (cluster + 1).astype(np.int32), np.zeros(count, np.int32)),),
        near=tuple(NearView(name, near, draw.random((count, 8)).astype(np.float32))
                   for name in ("colour", "palette", "vgg", "pattern")),
        pictures=map_pictures(_Drawn(), rows.astype(np.int64), np.full(count, 0.75)),  # type: ignore[arg-type]
        colour_by="category",
    )  # fmt: skip


def real(catalog: Path, name: str) -> MapView:
    """A map that a catalog keeps."""
    from engine.maps import open_map
    from engine.snapshot import Reader
    from engine.store import Store
    from houndstooth.map_view import map_view

    reader = Reader(Store.open(catalog))
    return map_view(reader, open_map(reader.store, name))


def measure(view: MapView, chromium: str, folder: Path) -> list[object]:
    """A line of the table."""
    start = time.perf_counter()
    made: MapPage = map_page(view, folder / "map.html")
    written = time.perf_counter() - start
    done = hatch_build.node(str(SCRIPT), chromium, str(made.page))
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    told = json.loads(done.stdout)
    return [
        view.title, f"{written:.1f}", f"{made.page.stat().st_size / 1e6:.1f}", f"{made.bytes / 1e6:.1f}",
        *(f"{told[name]:.2f}" for name in ("dots_used", "open_used", "started", "dots", "pictures")),
        *(f"{told[name]:.0f}" for name in PANNING),
    ]  # fmt: skip


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, nargs="*", default=[4000, 100_000])
    parser.add_argument("--catalog", type=Path)
    parser.add_argument("--map")
    parser.add_argument("--chromium", default=shutil.which("chromium"))
    given = parser.parse_args()
    if given.chromium is None:
        raise SystemExit("no chromium on the path: say --chromium PATH")
    hatch_build.install_packages()
    lines = []
    with tempfile.TemporaryDirectory() as place:
        for number, count in enumerate(given.points):
            (folder := Path(place) / str(number)).mkdir()
            lines.append(measure(synthetic(count), given.chromium, folder))
        if given.catalog:
            (folder := Path(place) / "real").mkdir()
            lines.append(measure(real(given.catalog, given.map), given.chromium, folder))
    heads = ["map", "write s", "page MB", "all MB", "dots cpu s", "open cpu s", "script s", "dots s", "pictures s"]
    heads += ["all ms", "pan cpu ms", "every", "first ms", "pan ms", "worst ms", "zoomed pan ms", "hover ms"]
    print(tabulate(lines, heads, colalign=("left", *["right"] * (len(heads) - 1))))
    print(
        "cpu s: processor time of all the browser's processes until dots show, and until two seconds after all is read"
    )
    print("s: by the clock since the page was opened; pictures, where none has room on the whole map, since zooming in")
    print("all: one drawing of every point")
    print("pan: from frame to frame, the whole map (first: the first eight) and zoomed in; every: how many-th is drawn")


if __name__ == "__main__":
    main()
