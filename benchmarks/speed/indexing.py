"""How fast photos are indexed, beside what cannot be done without: decoding them, and the network they go through.

    python benchmarks/speed/indexing.py --photos clothing [--rows 3781] [--network-rows 256] [--rounds 3]

    python benchmarks/speed/indexing.py --photos clothing --enlarged 2.5     # as large as a shop's own

Three tables. Colours: `colour` and `palette` without and with found garments, beside `cv2.imdecode` alone over the same
files, read anew, on all cores. Network: `vgg` beside its network alone, on the same pictures in the same runtime, and
beside the same network in half precision and in torch without compilation (float32). Stages: what each step costs one
thread. Everything of a table takes turns, `--rounds` times; rates are of the median turn, ratios the median over the
turns. `wall` is what a person waits; `processor` counts the cores' seconds, which other work on the machine disturbs
less. `--enlarged` makes larger photos of these first (Lanczos, JPEG of quality 88, about as many bits a pixel).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image
from tabulate import tabulate

import houndstooth
from indexer.decode import decode, read_file
from indexer.phash import phash
from indexer.picture import Picture
from indexer.sources.base import SourceImage
from indexer.sources.folder import FolderSource
from indexer.spaces.colour import Colour
from indexer.spaces.palette import Palette
from indexer.thumbnail import thumbnail

IMDECODE, NETWORK = "cv2.imdecode alone", "the network alone"


@dataclass(frozen=True)
class Took:
    """Seconds a photo: of the clock, and of all cores together."""

    wall: float
    processor: float


@dataclass(frozen=True)
class Line:
    """One row of a table. of_wall, of_processor: its rate over the rate of the table's first row."""

    name: str
    photos: int
    wall_rate: float
    of_wall: float
    of_processor: float


Action = tuple[int, Callable[[], object]]
"""Photos, and what is done with them."""


def turns(actions: Mapping[str, Action], rounds: int) -> list[Line]:
    """Each action once a round, after one another; the first is what the others are compared with."""
    took: dict[str, list[Took]] = {name: [] for name in actions}
    for _ in range(rounds):
        for name, (photos, action) in actions.items():
            wall, processor = time.perf_counter(), time.process_time()
            action()
            took[name].append(Took((time.perf_counter() - wall) / photos, (time.process_time() - processor) / photos))
    first = next(iter(took.values()))
    return [
        Line(
            name,
            actions[name][0],
            1 / statistics.median(one.wall for one in mine),
            statistics.median(base.wall / one.wall for base, one in zip(first, mine, strict=True)),
            statistics.median(base.processor / one.processor for base, one in zip(first, mine, strict=True)),
        )
        for name, mine in took.items()
    ]


def linked(photos: Path, rows: int, to: Path) -> list[Path]:
    """`rows` photos, spread over the folder, as links in folders of the same names; where they lie now."""
    if not rows:
        return []
    items = [item for item in FolderSource(photos.absolute()) if isinstance(item, SourceImage)]
    places = []
    for item in items[:: max(1, len(items) // rows)][:rows]:
        place = to / item.file.relative_to(photos.absolute())
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(item.file)
        places.append(place)
    return places


def enlarged(photos: Path, rows: int, times: float, to: Path) -> Path:
    """A folder of `rows` photos, spread over the one given, each so many times as wide and high."""

    def enlarge(file: Path) -> None:
        with Image.open(file) as opened:
            size = round(opened.width * times), round(opened.height * times)
            larger = opened.convert("RGB").resize(size, Image.Resampling.LANCZOS)
        file.unlink()  # the link
        larger.save(file.with_suffix(".jpg"), quality=88)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(enlarge, linked(photos, rows, to)))
    return to


def index(photos: Path, spaces: Sequence[str], garments: str) -> None:
    """A new catalog of the folder, thrown away."""
    with tempfile.TemporaryDirectory() as folder:
        catalog = houndstooth.open(Path(folder) / "shop.catalog", create=True)
        failed = catalog.index(photos, spaces=spaces, garments=garments).counts.failed
    if failed:
        raise SystemExit(f"{failed} photos could not be indexed: choose others")


def colours(photos: Path, rows: int, few: int, rounds: int) -> list[Line]:
    """Colour indexing beside decoding; with garments, whose network is slow, of `few` photos."""
    with tempfile.TemporaryDirectory() as folder:
        all_of, some = Path(folder) / "all", Path(folder) / "some"
        files, fewer = linked(photos, rows, all_of), linked(photos, few, some)
        actions: dict[str, Action] = {
            IMDECODE: (len(files), lambda: imdecode(files)),
            "index colour, palette; no garments": (len(files), lambda: index(all_of, ("colour", "palette"), "none")),
        }
        if fewer:
            actions["index colour, palette; deeplab"] = (
                len(fewer),
                lambda: index(some, ("colour", "palette"), "deeplab"),
            )
        return turns(actions, rounds)


def imdecode(files: Sequence[Path]) -> None:
    """Read and decode, a thread a core."""
    cv2.setNumThreads(1)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for pixels in pool.map(
            lambda file: cv2.imdecode(np.frombuffer(file.read_bytes(), np.uint8), cv2.IMREAD_COLOR), files
        ):
            if pixels is None:
                raise SystemExit("OpenCV cannot decode one of the photos: choose others")


def network(photos: Path, rows: int, rounds: int) -> list[Line]:
    """VGG16 indexing beside its network alone; and the network in eager torch, where that is installed."""
    from indexer.runtime.base import open_runtime
    from indexer.runtime.eight_bit import calibrated
    from indexer.runtime.openvino_runtime import OpenVinoRuntime
    from indexer.runtime.torch_runtime import TorchRuntime
    from indexer.spaces.vgg import SHIPPED, prepare
    from indexer.vgg.weights import load_weights, vgg16

    with tempfile.TemporaryDirectory() as folder:
        files = linked(photos, rows, Path(folder))
        batch = np.stack([prepare(decode(file.read_bytes())) for file in files])
        weights = load_weights(SHIPPED / "vgg16.safetensors")
        layers = vgg16(weights)
        alone, plain = open_runtime(calibrated(layers, weights), "cpu"), OpenVinoRuntime(layers)
        for runtime in (alone, plain):
            runtime(batch[:8])
        actions: dict[str, Action] = {
            f"{NETWORK}, {alone.device}": (len(files), lambda: alone(batch)),
            "index vgg; no garments": (len(files), lambda: index(Path(folder), ("vgg",), "none")),
        }
        some = batch[: max(1, len(batch) // 4)]  # a fraction of the rate
        eager = TorchRuntime(layers, "cpu")
        eager(some[:1])
        actions[f"the network alone, {plain.device}"] = (len(files), lambda: plain(batch))
        actions[f"the network alone, {eager.device}"] = (len(some), lambda: eager(some))
        return turns(actions, rounds)


def stages(photos: Path, rows: int, rounds: int) -> list[Line]:
    """Each step of colour indexing over all photos, in one thread."""
    with tempfile.TemporaryDirectory() as folder:
        files = linked(photos, rows, Path(folder))
        data = [file.read_bytes() for file in files]
        pictures = [decode(one, coarse_only=True) for one in data]
        spaces = (Colour(), Palette())
        for space in spaces:
            space.extract([decode(data[0])])  # tables made once

        def extract(picture: Picture) -> None:
            again = replace(picture)  # another picture: counts of colours are kept with the one they are of
            for space in spaces:
                space.extract([again])

        work: dict[str, tuple[Callable[[Any], object], Sequence[Any]]] = {
            IMDECODE: (lambda one: cv2.imdecode(np.frombuffer(one, np.uint8), cv2.IMREAD_COLOR), data),
            "read": (read_file, files),
            "SHA-256": (lambda one: hashlib.sha256(one).digest(), data),
            "decode, coarse": (partial(decode, coarse_only=True), data),
            "decode, coarse and whole": (decode, data),
            "thumbnail": (thumbnail, pictures),
            "perceptual hash": (phash, pictures),
            "colour, palette": (extract, pictures),
        }
        return turns({name: (len(files), partial(_each, step, on)) for name, (step, on) in work.items()}, rounds)


def _each(step: Callable[[Any], object], items: Sequence[Any]) -> None:
    """Keeps nothing: memory asked for anew would be timed too."""
    for item in items:
        step(item)


def main() -> None:
    """Print the tables, or JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--photos", type=Path, required=True, help="a folder of photos")
    parser.add_argument("--rows", type=int, default=3781, help="photos of the table of colours, spread over the folder")
    parser.add_argument("--network-rows", type=int, default=256, help="photos that go through a network; 0: no network")
    parser.add_argument("--stage-rows", type=int, default=256, help="photos of the table of stages")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--format", choices=("table", "json"), default="table")
    parser.add_argument("--enlarged", type=float, default=1.0, help="make the photos so many times as wide and high")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as larger:
        if asked.enlarged != 1:
            asked.photos = enlarged(asked.photos, asked.rows, asked.enlarged, Path(larger))
        report(asked)


def report(asked: argparse.Namespace) -> None:
    """Measure and print."""
    tables = {"stages": stages(asked.photos, asked.stage_rows, asked.rounds)}
    if asked.network_rows:
        tables["network"] = network(asked.photos, asked.network_rows, asked.rounds)
    tables["colours"] = colours(asked.photos, asked.rows, min(asked.rows, asked.network_rows), asked.rounds)
    if asked.format == "json":
        print(json.dumps({name: [vars(line) for line in lines] for name, lines in tables.items()}))
        return
    for name, lines in tables.items():
        if name == "stages":
            rows = [[line.name, line.photos, f"{1 / line.of_processor:.2f}"] for line in lines]
            print(tabulate(rows, ["stage, one thread", "photos", "time, of imdecode's"], disable_numparse=True))
        else:
            rows = [
                [line.name, line.photos, f"{line.wall_rate:.0f}", f"{line.of_wall:.2f}", f"{line.of_processor:.2f}"]
                for line in lines
            ]
            head = [f"{name}, {os.cpu_count()} cores", "photos", "photos/s", "of the first, wall", "processor"]
            print(tabulate(rows, head, disable_numparse=True))
        print()


if __name__ == "__main__":
    main()
