"""A garment finder for pictures that were drawn for it: every one of three colours is a garment."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from indexer.garments.garment import Garment, GarmentFinder

GROUND = (200, 200, 200)
RED, BLUE, GREEN = (200, 20, 20), (20, 20, 200), (20, 160, 20)
KINDS = {RED: "top", BLUE: "trousers", GREEN: "skirt"}

Colour = tuple[int, int, int]
Box = tuple[int, int, int, int]


class ByColour(GarmentFinder):
    """weights: a file whose bytes are part of its fingerprint. offset: added to its confidence, 0.9."""

    name = "by-colour"
    files: ClassVar[Mapping[str, Collection[str]]] = {"weights": ("none",)}
    transient = ("device",)

    def __init__(
        self, several: bool = False, weights: str | Path = "none", offset: float = 0.0, device: str = "cpu"
    ) -> None:
        self.several = several  # type: ignore[misc]
        told = "" if weights == "none" else Path(weights).read_text()
        self.fingerprint = f"{several}{offset}{told}".ljust(16, "0")
        self.confidence, self.device = 0.9 + offset, device
        self.seen = 0

    def find(self, pictures: Sequence[NDArray[np.uint8]]) -> list[list[Garment]]:
        self.seen += len(pictures)
        return [self.find_one(picture) for picture in pictures]

    def find_one(self, picture: NDArray[np.uint8]) -> list[Garment]:
        masks = [(kind, (picture == colour).all(axis=2)) for colour, kind in KINDS.items()]
        found = [Garment(kind, mask, self.confidence) for kind, mask in masks if mask.any()]
        return sorted(found, key=lambda garment: -int(garment.mask.sum()))


def draw_garments(path: Path, *garments: tuple[Colour, Box]) -> Path:
    """A grey photo of 60 x 80 with coloured boxes (x, y, width, height); one pixel tells its name from others'."""
    pixels = np.full((80, 60, 3), GROUND, np.uint8)
    for colour, (x, y, w, h) in garments:
        pixels[y : y + h, x : x + w] = colour
    pixels[0, 0] = len(path.name) * 3, ord(path.name[0]), 7
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path
