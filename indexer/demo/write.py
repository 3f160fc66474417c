"""Writes a demo shop to a folder: photos, masks, a table of products, and the truth about every photo."""

from __future__ import annotations

import csv
import io
import json
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from engine.errors import InputError
from indexer.demo.products import Product, product_for
from indexer.demo.render import render
from indexer.demo.sample import random_garment, random_shot

HEADER = (
    "product",
    "image",
    "mask",
    "category",
    "maxi",
    "price",
    "brand",
    "pattern",
    "colour",
    "colours",
    "name",
)


@dataclass(frozen=True)
class DemoSummary:
    """What was written. table: products.csv, a row a photo. truth: truth.jsonl, a line a photo in the same order."""

    folder: Path
    table: Path
    truth: Path
    products: int
    photos: int
    seconds: float


@dataclass(frozen=True)
class _Line:
    """One photo's row of the table and its line of truth."""

    row: tuple[str, ...]
    truth: str


def write_demo(
    to: Path,
    products: int = 600,
    seed: int = 0,
    workers: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> DemoSummary:
    """Draws `products` products, two or three photos each, into the folder `to`.

    photos/<category>/<product>_<view>.jpg; masks/<product>_<view>.png, 8-bit, 255 where the garment is; products.csv,
    whose paths are relative to the folder; truth.jsonl with every parameter. The same arguments write the same bytes,
    whatever the number of workers (default: a process for each core). progress is called with the number of products
    done. Every file is written beside its place and renamed, the two tables last: a run that is cut short leaves whole
    files and no table. Other files in the folder are left alone. Raises InputError for counts below 1.
    """
    if products < 1:
        raise InputError(f"a demo has one product or more, got {products}")
    if workers is not None and workers < 1:
        raise InputError(f"workers must be 1 or more, got {workers}")
    started = time.monotonic()
    table, truth = to / "products.csv", to / "truth.jsonl"
    (to / "masks").mkdir(parents=True, exist_ok=True)
    for path in (table, truth):
        path.unlink(missing_ok=True)
    lines: list[list[_Line]] = [[] for _ in range(products)]
    for done, (number, written) in enumerate(_drawn(to, products, seed, workers or os.cpu_count() or 1), start=1):
        lines[number] = written
        if progress is not None:
            progress(done)
    flat = [line for product in lines for line in product]
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(line.row for line in flat)
    _write(truth, "".join(line.truth + "\n" for line in flat).encode())
    _write(table, text.getvalue().encode())
    return DemoSummary(to, table, truth, products, len(flat), time.monotonic() - started)


def _drawn(to: Path, products: int, seed: int, workers: int) -> Iterator[tuple[int, list[_Line]]]:
    """Numbers of products as they are finished, with their lines."""
    if workers == 1 or products == 1:
        for number in range(products):
            yield number, _write_product(to, number, seed)
        return
    # Spawned, not forked: the caller may have threads of other libraries running.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, products), context, initializer=_leave_interrupts_to_parent) as pool:
        waiting = {pool.submit(_write_product, to, number, seed): number for number in range(products)}
        try:
            for future in as_completed(waiting):
                yield waiting[future], future.result()
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _leave_interrupts_to_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _write_product(to: Path, number: int, seed: int) -> list[_Line]:
    """Draws and writes all views of one product."""
    own = int(np.random.default_rng([seed, number, 59]).integers(0, 1 << 31))
    product = product_for(f"P{number + 1:04d}", random_garment(own))
    folder = to / "photos" / product.garment.category
    folder.mkdir(parents=True, exist_ok=True)
    views = 3 if np.random.default_rng([own, 61]).random() < 0.5 else 2
    return [_write_view(to, product, own, view) for view in range(views)]


def _write_view(to: Path, product: Product, own: int, view: int) -> _Line:
    garment, shot = product.garment, random_shot(own, view)
    photo = render(garment, shot)
    image = f"photos/{garment.category}/{product.id}_{view}.jpg"
    mask = f"masks/{product.id}_{view}.png"
    _write(to / image, photo.jpeg())
    _write(to / mask, photo.mask_png())
    row = (
        product.id,
        image,
        mask,
        garment.category,
        "true" if garment.maxi else "false",
        f"{product.price:.2f}",
        product.brand,
        garment.pattern.name,
        garment.colours[0].name,
        "|".join(colour.name for colour in garment.colours),
        product.name,
    )
    truth = {
        "product": product.id,
        "image": image,
        "garment": asdict(garment),
        "shot": asdict(shot),
        "truth": asdict(photo.truth),
    }
    return _Line(row, json.dumps(truth))


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all under its own name."""
    part = path.with_name(path.name + ".tmp")
    part.write_bytes(content)
    part.replace(path)
