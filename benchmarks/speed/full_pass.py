"""Where the time of the full pass goes: decoding, garments, every space, then all of it as `houndstooth index` does.

    python benchmarks/speed/full_pass.py --photos clothing/train

Each stage is timed alone over the same photos, in batches as the bulk loop has them; then the photos are indexed into a
new catalog. All figures are of one run on one machine: compare the ratios, not the seconds of another day. `processor`
counts the cores' seconds, which other work on the machine disturbs less than the clock's.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from tabulate import tabulate

import houndstooth
from engine.errors import PictureError
from indexer.decode import DecodeLimits
from indexer.garments.find import open_step
from indexer.intake import take_in
from indexer.picture import Picture
from indexer.plan import BATCH_ROWS
from indexer.sources.base import SourceImage
from indexer.sources.folder import FolderSource
from indexer.spaces.registry import load

SPACES = ("colour", "palette", "vgg", "pattern", "kind")
NETWORKS = ("vgg", "pattern", "kind")


class Took(NamedTuple):
    """Seconds: of the clock, and of all cores together."""

    wall: float
    processor: float


def timed(work: Callable[[Sequence[Any]], list[Any]], items: Sequence[Any]) -> tuple[Took, list[Any]]:
    """What all items took, a batch at a time, after one batch that warms up; and what came of them."""
    work(items[:BATCH_ROWS])
    started, done = (time.perf_counter(), time.process_time()), []
    for start in range(0, len(items), BATCH_ROWS):
        done += work(items[start : start + BATCH_ROWS])
    return since(started), done


def since(started: tuple[float, float]) -> Took:
    """What went by since the two clocks showed this."""
    return Took(time.perf_counter() - started[0], time.process_time() - started[1])


def measure(photos: Path, most: int, garments: str, device: str) -> dict[str, Any]:
    """What each stage took, and the whole."""
    items = [item for item in FolderSource(photos.absolute()) if isinstance(item, SourceImage)]
    items = items[:: max(1, len(items) // most)][:most]
    seconds: dict[str, Took] = {}
    limits = DecodeLimits()
    with ThreadPoolExecutor(2) as pool:
        seconds["read, decode, hash, thumbnail"], taken = timed(
            lambda part: list(pool.map(lambda item: take_in(item, limits), part)), items
        )
    pictures: list[Picture] = [one.picture for one in taken if not isinstance(one, PictureError)]
    step = open_step(garments, {"device": device} if garments == "deeplab" else None)
    none: list[None] = [None] * BATCH_ROWS
    seconds["garments"], found = timed(lambda part: step.regions(part, none[: len(part)], none[: len(part)]), pictures)
    regions = [region.picture for image in found for region in image]
    for name in SPACES:
        options = {"device": device} if name in NETWORKS else {}
        extractor = load(name, options)

        def extract(part: Sequence[Picture], extractor: Any = extractor) -> list[Any]:
            kept = [picture for picture, why in zip(part, extractor.refuse(part), strict=True) if why is None]
            return list(extractor.extract(kept)) if kept else []

        seconds[name], _ = timed(extract, regions)
    with tempfile.TemporaryDirectory() as folder:
        links = Path(folder) / "photos"
        for item in items:
            place = links / item.file.parent.name / item.file.name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(item.file)
        catalog = houndstooth.open(Path(folder) / "shop.catalog", create=True)
        options = {name: {"device": device} for name in NETWORKS}
        if garments == "deeplab":
            options["garments"] = {"device": device}
        started = time.perf_counter(), time.process_time()
        report = catalog.index(links, spaces=SPACES, garments=garments, options=options)
        whole = since(started)
    return {
        "photos": len(items), "device": device, "seconds": seconds, "index": whole, "failed": report.counts.failed,
    }  # fmt: skip


def main() -> None:
    """Print the table, or JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--photos", type=Path, required=True, help="a folder of photos")
    parser.add_argument("--most", type=int, default=512, help="photos to use, spread over the folder")
    parser.add_argument("--garments", default="deeplab", choices=("deeplab", "given", "none"))
    parser.add_argument("--device", default="cpu", help="cpu, or cuda")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    arguments = parser.parse_args()
    told = measure(arguments.photos, arguments.most, arguments.garments, arguments.device)
    if arguments.format == "json":
        print(json.dumps(told))
        return
    count, stages = told["photos"], told["seconds"]
    total = Took(*(sum(took) for took in zip(*stages.values(), strict=True)))
    rows = [
        [name, f"{1000 * took.wall / count:.1f}", f"{1000 * took.processor / count:.1f}", f"{count / took.wall:.0f}",
         f"{took.wall / total.wall:.0%}"]
        for name, took in {**stages, "one after the other": total, "houndstooth index": told["index"]}.items()
    ]  # fmt: skip
    print(f"{count} photos on {told['device']}, {told['failed']} failed")
    print(tabulate(rows, ["stage", "ms a photo", "of processors", "photos/s", "share"]))


if __name__ == "__main__":
    main()
