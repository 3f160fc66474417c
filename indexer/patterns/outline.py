"""Squares over a whole garment, its background painted in the mean colour of its cloth.

The largest rectangle of cloth in a garment that is worn is small and leaves most of the cloth out: an arm, a bag or an
open jacket cuts it up. These squares show all of it, and the outline with it; what is learned from both looks past the
outline.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from indexer.patterns.network import SIDE

OUTLINE_SQUARES = 3
"""Squares of an outline at most."""
_OVERHANG = 1.25
"""A square may stand for this many times its own length of the garment before there is another."""
_LEAST_CLOTH = 0.1
"""The share of a square that is cloth, at least."""

Box = tuple[int, int, int, int]
"""Left, top, right, bottom."""


@dataclass(frozen=True, eq=False)
class Outline:
    """A garment in its bounding box. rgb: uint8 (h, w, 3). mask: bool (h, w), True for its cloth, not empty."""

    rgb: NDArray[np.uint8]
    mask: NDArray[np.bool_]


def outline_of(rgb: NDArray[np.uint8], mask: NDArray[np.bool_], largest: int | None = None) -> Outline:
    """The box of a mask that is not empty; largest: pixels of its longer side at most."""
    left, top, right, bottom = box_of(mask)
    cut, cloth = rgb[top:bottom, left:right], mask[top:bottom, left:right]
    longest = max(cloth.shape)
    if largest is None or longest <= largest:
        return Outline(np.ascontiguousarray(cut), np.ascontiguousarray(cloth))
    size = tuple(max(8, round(side * largest / longest)) for side in cloth.shape[::-1])
    small = Image.fromarray(np.ascontiguousarray(cut)).resize(size, Image.Resampling.BOX)
    kept = np.array(Image.fromarray(np.ascontiguousarray(cloth)).resize(size, Image.Resampling.NEAREST))
    return Outline(np.array(small), kept if kept.any() else np.ones_like(kept))


def outline_squares(outline: Outline, most: int = OUTLINE_SQUARES) -> list[NDArray[np.uint8]]:
    """1 to `most` squares along the longer side of an outline, each uint8 (SIDE, SIDE, 3), antialiased.

    As wide as the shorter side; wider where `most` of those would leave a fifth of the garment out. All that is no
    cloth has the mean colour of what is.
    """
    mask = outline.mask
    boxes = [box for box in _boxes(mask, most) if _share(mask, box) > _LEAST_CLOTH] or [_around(mask)]
    colour = mean_colour(outline.rgb, mask)
    cloth, kept = Image.new("RGB", mask.shape[::-1], colour), Image.fromarray(mask.astype(np.uint8) * 255)
    cloth.paste(Image.fromarray(outline.rgb), mask=kept)
    return [np.asarray(_framed(cloth, box, colour).resize((SIDE, SIDE), Image.Resampling.BILINEAR)) for box in boxes]


def mean_colour(rgb: NDArray[np.uint8], mask: NDArray[np.bool_]) -> tuple[int, int, int]:
    """Mean RGB of the pixels (h, w, 3) of a mask (h, w) that is not empty, each rounded down."""
    height, width = mask.shape
    # Sums down the columns first: along runs of memory, many times as fast as over pixels of three numbers.
    columns = (rgb * mask[..., None]).reshape(height, width * 3).sum(0, dtype=np.uint32).reshape(width, 3)
    red, green, blue = (columns.sum(0, dtype=np.uint64) // np.uint64(np.count_nonzero(mask))).tolist()
    return red, green, blue


def box_of(mask: NDArray[np.bool_]) -> Box:
    """The bounding box of a mask that is not empty."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _boxes(mask: NDArray[np.bool_], most: int) -> list[Box]:
    left, top, right, bottom = box_of(mask)
    width, height = right - left, bottom - top
    side, length = min(width, height), max(width, height)
    count = min(most, max(1, int(np.ceil(length / side / _OVERHANG))))
    if count * side < length / _OVERHANG:
        side = length // count
    starts = np.linspace(0, length - side, count) if count > 1 else np.array([(length - side) / 2])
    boxes = []
    for start in np.rint(starts).astype(int).tolist():
        x = left + start if width >= height else (left + right - side) // 2
        y = (top + bottom - side) // 2 if width >= height else top + start
        boxes.append((x, y, x + side, y + side))
    return boxes


def _around(mask: NDArray[np.bool_]) -> Box:
    """The square around all of it."""
    left, top, right, bottom = box_of(mask)
    side = max(right - left, bottom - top)
    x, y = (left + right - side) // 2, (top + bottom - side) // 2
    return x, y, x + side, y + side


def _inside(shape: tuple[int, ...], box: Box) -> Box:
    return max(box[0], 0), max(box[1], 0), min(box[2], shape[1]), min(box[3], shape[0])


def _share(mask: NDArray[np.bool_], box: Box) -> float:
    left, top, right, bottom = _inside(mask.shape, box)
    return float(np.count_nonzero(mask[top:bottom, left:right]) / ((box[2] - box[0]) * (box[3] - box[1])))


def _framed(cloth: Image.Image, box: Box, colour: tuple[int, int, int]) -> Image.Image:
    """What a box shows that may leave the picture, which goes on in one colour."""
    left, top, right, bottom = inside = _inside((cloth.height, cloth.width), box)
    if box == inside:
        return cloth.crop(box)
    image = Image.new("RGB", (box[2] - box[0], box[3] - box[1]), colour)
    image.paste(cloth.crop((left, top, right, bottom)), (left - box[0], top - box[1]))
    return image
