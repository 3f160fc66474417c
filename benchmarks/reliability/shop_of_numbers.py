"""Photos that tell their number and content, and the catalog they are indexed into."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.store import Store

BATCH = 8
PHOTOS = 40
Versions = dict[int, int]
"""Photo number -> which of its contents."""


def pixels(number: int, version: int) -> NDArray[np.uint8]:
    """A content; its first pixel names it."""
    made = np.random.default_rng([number, version]).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    made[0, 0] = (number, version // 256, version % 256)
    return made


@dataclass
class Shop:
    """Photos and their catalog."""

    root: Path
    store: Store = field(init=False)

    def __post_init__(self) -> None:
        (self.root / "photos").mkdir()
        for number in range(PHOTOS):
            self.write(number, 0)
        self.store = Store.create(self.root / "shop.catalog")

    def write(self, number: int, version: int) -> None:
        """Give a photo a content, at once."""
        tmp = self.root / "photo.tmp"
        Image.fromarray(pixels(number, version)).save(tmp, "PNG")
        tmp.rename(self.root / "photos" / f"{number:03}.png")

    def on_disk(self) -> Versions:
        """Contents of the photos."""
        first = {
            number: np.asarray(Image.open(self.root / "photos" / f"{number:03}.png"))[0, 0].astype(int)
            for number in range(PHOTOS)
        }
        return {number: int(pixel[1] * 256 + pixel[2]) for number, pixel in first.items()}


def numbers_of(paths: Sequence[str]) -> list[int]:
    """Photo numbers of their paths."""
    return [int(Path(path).stem) for path in paths]


_CONTENTS: dict[bytes, int] = {}


def content_of(number: int, sha256: bytes) -> int:
    """Which content of a photo has this hash."""
    for version in range(65_536):
        if sha256 in _CONTENTS:
            return _CONTENTS[sha256]
        out = io.BytesIO()
        Image.fromarray(pixels(number, version)).save(out, "PNG")
        _CONTENTS[hashlib.sha256(out.getvalue()).digest()] = version
    raise AssertionError("no such content")
