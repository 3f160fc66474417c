"""A map's pictures: stored thumbnails made into sprite sheets."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.pages.map_view import MapPictures, SheetSize
from engine.thumbnails import Thumbnails

SHEET_SIDE = 2048
"""Pixels: what every graphics card can hold."""
SPRITE_SIDE = 64
_STEP = 16  # what JPEG codes together at half the chroma: no picture bleeds into the next
_QUALITY = 82
_PAPER = (255, 255, 255)


def map_pictures(thumbnails: Thumbnails, image_ids: NDArray[np.int64], aspects: NDArray[np.float64]) -> MapPictures:
    """The pictures of images (n,); aspects: width / height of each (n,)."""
    size = sheet_size(aspects)
    sprites = sprite_sizes(aspects, size)

    def stored(start: int, stop: int) -> Sequence[bytes | None]:
        return list(thumbnails.many(image_ids[start:stop].tolist()))

    def sheet(start: int, stop: int) -> bytes:
        return draw_sheet(stored(start, stop), sprites[start:stop], size)

    return MapPictures(size, sprites, sheet, stored)


def sheet_size(aspects: NDArray[np.float64]) -> SheetSize:
    """Cells that suit the middle of the pictures: 64 pixels high or wide, the other side a multiple of 16."""
    middle = float(np.median(aspects)) if len(aspects) else 1.0
    width = min(SPRITE_SIDE, max(_STEP, round(SPRITE_SIDE * min(middle, 1) / _STEP) * _STEP))
    height = min(SPRITE_SIDE, max(_STEP, round(SPRITE_SIDE / max(middle, 1) / _STEP) * _STEP))
    return SheetSize(width, height, SHEET_SIDE // width, SHEET_SIDE // height)


def sprite_sizes(aspects: NDArray[np.float64], size: SheetSize) -> NDArray[np.uint8]:
    """Width and height, uint8 (n, 2), of whole pictures that fill a cell in one direction."""
    scale = np.minimum(size.width / aspects, size.height)
    both = np.column_stack([aspects * scale, scale])
    sizes: NDArray[np.uint8] = np.clip(np.rint(both), 1, (size.width, size.height)).astype(np.uint8)
    return sizes


def draw_sheet(pictures: Sequence[bytes | None], sprites: NDArray[np.uint8], size: SheetSize) -> bytes:
    """One JPEG with the pictures in the cells' top left corners; a cell without a picture stays white."""
    from PIL import Image, UnidentifiedImageError

    rows = min(size.down, -(-len(pictures) // size.across))
    sheet = Image.new("RGB", (size.across * size.width, max(1, rows) * size.height), _PAPER)
    for number, (picture, (width, height)) in enumerate(zip(pictures, sprites.tolist(), strict=True)):
        if picture is None:
            continue
        try:
            with Image.open(io.BytesIO(picture)) as opened:
                opened.draft("RGB", (2 * width, 2 * height))
                small = opened.convert("RGB").resize((width, height), Image.Resampling.BOX, reducing_gap=2.0)
        except (OSError, UnidentifiedImageError):
            continue  # `houndstooth check` tells of damaged thumbnails
        sheet.paste(small, (number % size.across * size.width, number // size.across * size.height))
    out = io.BytesIO()
    sheet.save(out, "JPEG", quality=_QUALITY, subsampling="4:2:0")
    return out.getvalue()
