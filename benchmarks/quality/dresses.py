"""Photos of dresses as they are worn, with the pattern that their labels tell."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from indexer.decode import decode
from indexer.patches.patches import find_patches
from indexer.picture import Picture

BATCH = 32


@dataclass(frozen=True, eq=False)
class Dress:
    """picture: with a mask of the dress, or the best guess at one. pattern: what its label says."""

    picture: Picture
    pattern: str


def read_dresses(folder: Path, masks: Literal["border", "deeplab", "none"]) -> list[Dress]:
    """The photos that `folder/labels.csv` (image, pattern) names.

    masks: "border" takes for background what looks like the photo's border; "deeplab" asks the garment finder, and
    takes the middle where it sees none or no patch of cloth; "none" takes the middle half of the photo.
    """
    with (folder / "labels.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    pictures = [decode((folder / row["image"]).read_bytes()).rgb for row in rows]
    found = (
        _deeplab(pictures) if masks == "deeplab" else [border_mask(p) if masks == "border" else None for p in pictures]
    )
    middles = [_middle(p.shape[:2]) for p in pictures]
    chosen = [
        m if m is not None and find_patches(p, m, 1) else o for p, m, o in zip(pictures, found, middles, strict=True)
    ]
    return [Dress(Picture(p, m), row["pattern"]) for p, m, row in zip(pictures, chosen, rows, strict=True)]


def border_mask(rgb: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Bool (h, w): the middle of the photo less what is coloured as its border: a guess, good on plain backgrounds."""
    values = rgb.astype(np.float32)
    edge = max(2, rgb.shape[1] // 25)
    sides = np.concatenate([values[:, :edge].reshape(-1, 3), values[:, -edge:].reshape(-1, 3)])
    spread = np.maximum(sides.std(0), 6)
    far = (np.abs(values - np.median(sides, 0)) / spread).max(2) > 2.2
    return far & _middle(rgb.shape[:2])


def _middle(shape: tuple[int, int]) -> NDArray[np.bool_]:
    mask = np.zeros(shape, np.bool_)
    height, width = shape
    mask[int(height * 0.2) : int(height * 0.85), int(width * 0.25) : int(width * 0.75)] = True
    return mask


def _deeplab(pictures: list[NDArray[np.uint8]]) -> list[NDArray[np.bool_] | None]:
    """The mask of the dress that the finder sees, else of the largest garment it sees."""
    from indexer.garments.deeplab import DeepLab

    finder = DeepLab()
    found: list[NDArray[np.bool_] | None] = []
    for start in range(0, len(pictures), BATCH):
        for garments in finder.find(pictures[start : start + BATCH]):
            dresses = [garment for garment in garments if garment.kind == "dress"]
            found.append((dresses or garments)[0].mask if garments else None)
    return found
