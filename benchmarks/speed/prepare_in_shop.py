"""How fast In-Shop's colour masks become label ids, and a whole folder of them beside copying its files.

    python benchmarks/speed/prepare_in_shop.py

Draws masks of 1101 x 750 pixels in the dataset's sixteen colours, some with noise as a lossy copy leaves it, and times
reading, mapping and writing one: by `prepare in-shop`, by a loop over the sixteen colours in NumPy, and, on a strip of
the mask, by a loop over pixels. Then a folder of pairs is prepared, prepared again, and copied file by file. Medians of
interleaved rounds; a mask's time is that of its thread on the processor. Exits with 1 when one mask takes 50 ms or
more, when ways disagree, or when a second run makes anything.
"""

from __future__ import annotations

import argparse
import io
import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from indexer.garments.colour_masks import COLOURS, NAMES, read_colour_mask
from indexer.prepare_in_shop import mask_png, prepare

HEIGHT, WIDTH = 1101, 750
LIMIT_MS = 50.0
STRIP = 30
"""Rows that the loop over pixels is timed on."""
IDS = {colour: NAMES.index(names[0]) for colour, names in COLOURS.items()}


def draw_mask(seed: int, noise: float = 0.0) -> bytes:
    """A mask as PNG: blocks of the sixteen colours, and a share of pixels of unknown ones."""
    draw = np.random.default_rng(seed)
    colours = np.array(list(COLOURS), np.uint8)
    blocks = np.kron(draw.integers(0, len(colours), (37, 25)), np.ones((30, 30), int))[:HEIGHT, :WIDTH]
    pixels = colours[blocks]
    wrong = draw.random(blocks.shape) < noise
    pixels[wrong] = draw.integers(0, 256, (int(wrong.sum()), 3))
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def ours(data: bytes) -> bytes:
    """As `prepare in-shop` does it."""
    return mask_png(read_colour_mask(data))


def by_colours(data: bytes) -> bytes:
    """A comparison of the whole picture with each of the colours."""
    pixels = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    ids = np.zeros(pixels.shape[:2], np.uint8)
    for colour, number in IDS.items():
        ids[(pixels == colour).all(2)] = number
    return _png(ids)


def by_pixels(data: bytes) -> bytes:
    """A pixel at a time, of the first rows alone."""
    pixels = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))[:STRIP]
    ids = np.zeros(pixels.shape[:2], np.uint8)
    for row in range(ids.shape[0]):
        for at in range(ids.shape[1]):
            ids[row, at] = IDS.get(tuple(int(part) for part in pixels[row, at]), 0)
    return _png(ids)


def _png(ids: NDArray[np.uint8]) -> bytes:
    out = io.BytesIO()
    Image.fromarray(ids).save(out, "PNG", compress_level=1)
    return out.getvalue()


def one_mask(rounds: int, wrong: list[str]) -> dict[str, float]:
    """Median milliseconds a mask of each way, the ways in turn."""
    ways: dict[str, Callable[[bytes], bytes]] = {"ours": ours, "by colours": by_colours, "by pixels": by_pixels}
    taken: dict[str, list[float]] = {name: [] for name in (*ways, "ours, 1 % noise")}
    for number in range(rounds):
        clean, noisy = draw_mask(number), draw_mask(number, 0.01)
        made = {name: _timed(way, clean, taken[name]) for name, way in ways.items()}
        _timed(ours, noisy, taken["ours, 1 % noise"])
        ids = {name: np.asarray(Image.open(io.BytesIO(png)))[:STRIP] for name, png in made.items()}
        if any(not np.array_equal(ids["ours"], other) for other in ids.values()):
            wrong.append(f"round {number}: the ways disagree")
    found = {name: round(1000 * statistics.median(times), 1) for name, times in taken.items()}
    found["by pixels"] = round(found["by pixels"] * HEIGHT / STRIP, 0)  # of all rows
    wrong.extend(f"{name}: {found[name]} ms" for name in ("ours", "ours, 1 % noise") if found[name] >= LIMIT_MS)
    return found


def _timed(way: Callable[[bytes], bytes], data: bytes, times: list[float]) -> bytes:
    started = time.thread_time()
    made = way(data)
    times.append(time.thread_time() - started)
    return made


def whole_run(pairs: int, home: Path, wrong: list[str]) -> dict[str, float]:
    """Pairs a second of a first run, a second one, and of copying the same files."""
    place = home / "In-shop"
    photo = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)).save(photo, "JPEG")
    for number in range(pairs):
        folder = place / "WOMEN" / "Dresses" / f"id_{number:08d}"
        folder.mkdir(parents=True)
        (folder / "01_1_front.jpg").write_bytes(photo.getvalue())
        (folder / "01_1_front_segment.png").write_bytes(draw_mask(number % 20, 0.001))
    times = {}
    for name in ("first run", "second run"):
        started = time.perf_counter()
        done = prepare(place, home / "pairs")
        times[name] = time.perf_counter() - started
        if done.pairs != pairs or done.failed or (name == "second run" and done.made):
            wrong.append(f"{name}: {done.pairs} pairs, {done.made} made, {len(done.failed)} failed")
    started = time.perf_counter()
    shutil.copytree(place, home / "copied")
    times["copying"] = time.perf_counter() - started
    return {name: round(pairs / seconds, 1) for name, seconds in times.items()}


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--pairs", type=int, default=200)
    parser.add_argument("--format", choices=["table", "json"], default="table")
    options = parser.parse_args()
    wrong: list[str] = []
    masks = one_mask(options.rounds, wrong)
    with tempfile.TemporaryDirectory() as home:
        rates = whole_run(options.pairs, Path(home), wrong)
    if options.format == "json":
        print(json.dumps({"milliseconds_a_mask": masks, "pairs_a_second": rates, "wrong": wrong}))
    else:
        for name, value in masks.items():
            print(f"{name:18} {value:9.1f} ms a mask, {value / masks['ours']:7.1f} of ours")
        for name, value in rates.items():
            print(f"{name:18} {value:9.1f} pairs a second")
        print("\n".join(f"WRONG: {one}" for one in wrong) or "all as it should be")
    raise SystemExit(1 if wrong else 0)


if __name__ == "__main__":
    main()
