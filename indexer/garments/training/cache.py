"""The training photos as two arrays, resized once: a loader that decodes nothing."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from indexer.garments.classes import CLASSES, CLOTHING_PARSING, FOLDER_KINDS
from indexer.garments.training.split import Example, Part, flat_photos, street_photos

SIZE = (400, 300)
"""Rows and columns of a cached photo, a little more than the network sees."""
SHARP = (576, 432)
"""Of a street photo kept in all its detail, for closer looks at people."""
IGNORE = 255
"""Label of pixels that no loss counts: the thin band where a machine-made mask may be off."""
RENDERED = 720
RENDERED_KINDS = {
    "dress": "dress", "skirt": "skirt", "shirt": "top", "t-shirt": "top", "trousers": "trousers", "shorts": "trousers",
}  # fmt: skip
"""Category of the demo renderer -> class."""


@dataclass(frozen=True, eq=False)
class Photos:
    """rgb: uint8 (n, rows, columns, 3). labels: uint8 (n, rows, columns), channel of `CLASSES` or IGNORE."""

    rgb: NDArray[np.uint8]
    labels: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.rgb)


def load(data: Path, cache: Path, source: str, part: Part) -> Photos:
    """The photos of one source in one part, from the cache, made there first if new.

    source: "street", "flat", "rendered", or "figures": street photos of `SHARP` instead of `SIZE`.
    """
    rgb, labels = (cache / f"{source}-{part}-{what}.npy" for what in ("rgb", "labels"))
    if not labels.exists():
        cache.mkdir(parents=True, exist_ok=True)
        pairs = list(_pairs(data, source, part))
        for file, arrays in ((rgb, [pair[0] for pair in pairs]), (labels, [pair[1] for pair in pairs])):
            half = file.with_suffix(".part.npy")
            np.save(half, np.stack(arrays))
            half.rename(file)
    return Photos(np.load(rgb, mmap_mode="r"), np.load(labels, mmap_mode="r"))


def _pairs(data: Path, source: str, part: Part) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    if source == "rendered":
        yield from _rendered(part)
        return
    size = SHARP if source == "figures" else SIZE
    examples = flat_photos(data) if source == "flat" else street_photos(data)
    read = _flat_mask if source == "flat" else _street_reader(data, size)
    for example in examples:
        if example.part == part:
            photo = Image.open(example.photo).convert("RGB").resize(size[::-1], Image.Resampling.BILINEAR)
            yield np.asarray(photo), read(example)


def _street_reader(data: Path, size: tuple[int, int]) -> Callable[[Example], NDArray[np.uint8]]:
    table = label_table(data)

    def read(example: Example) -> NDArray[np.uint8]:
        labels = Image.fromarray(table[np.asarray(Image.open(example.mask))])
        return np.asarray(labels.resize(size[::-1], Image.Resampling.NEAREST))

    return read


def label_table(data: Path) -> NDArray[np.uint8]:
    """Class channel of every label id of garment-masks: uint8 (256,)."""
    channel = {label: CLASSES.index(name) for name, labels in CLOTHING_PARSING.items() for label in labels}
    table = np.zeros(256, np.uint8)
    with (data / "garment-masks" / "labels.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            table[int(row["id"])] = channel[row["name"]]
    return table


def _flat_mask(example: Example) -> NDArray[np.uint8]:
    mask = Image.open(example.mask).convert("L").resize(SIZE[::-1], Image.Resampling.BILINEAR)
    mask = mask.point(lambda value: 255 if value > 127 else 0)
    labels = np.zeros(SIZE, np.uint8)
    labels[np.asarray(mask.filter(ImageFilter.MaxFilter(3))) > 0] = IGNORE
    labels[np.asarray(mask.filter(ImageFilter.MinFilter(3))) > 0] = CLASSES.index(FOLDER_KINDS[example.kind])
    return labels


def _rendered(part: Part) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    """The demo renderer's garments; every part has seeds of its own. View 1 draws busier scenes than view 0."""
    from indexer.demo.render import render
    from indexer.demo.sample import random_garment, random_shot

    first, count = {"train": (500_000, RENDERED), "validation": (600_000, 60), "test": (700_000, 120)}[part]
    for seed in range(first, first + count):
        garment = random_garment(seed)
        photo = render(garment, random_shot(seed, 0 if seed % 4 == 0 else 1, SIZE[::-1]))
        yield photo.rgb, photo.mask.astype(np.uint8) * np.uint8(CLASSES.index(RENDERED_KINDS[garment.category]))
