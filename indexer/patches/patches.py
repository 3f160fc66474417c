"""Patches of cloth: rectangles inside a garment, with what says whether they are worth comparing."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from indexer.patches.erode import close, erode, margin_of
from indexer.patches.rectangle import Rectangle, largest_rectangle

LEAST_SIDE = 32
"""Pixels of the shorter side below which a patch is refused: what four-fold enlargement makes 128 of."""
LONGEST_ASPECT = 3
"""The longer side over the shorter one at most; a longer strip is cut."""
LEAST_INSIDE = 0.98
"""The least share of a patch's pixels that lie inside the mask."""


@dataclass(frozen=True)
class Patch:
    """A rectangle of cloth in a picture.

    x, y, width, height: pixels of the picture. inside: the share of its pixels that lie in the mask, 1.0 without one.
    sharpness: see `sharpness_of`.
    """

    x: int
    y: int
    width: int
    height: int
    inside: float
    sharpness: float

    def cut(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Its pixels, uint8 (height, width, 3): a view of the picture it was found in, (h, w, 3)."""
        return rgb[self.y : self.y + self.height, self.x : self.x + self.width]


def find_patches(
    rgb: NDArray[np.uint8],
    mask: NDArray[np.bool_] | None = None,
    most: int = 3,
    least_side: int = LEAST_SIDE,
    largest_side: int | None = None,
    scale: float = 1.0,
) -> list[Patch]:
    """Disjoint patches of the cloth, the largest first; none when the largest is too small (`refusal` says how small).

    rgb: uint8 (h, w, 3). mask: bool (h, w), True for the cloth; None: all of it is. most: how many at the most, >= 1.
    least_side: pixels of a patch's shorter side, at least. largest_side: pixels of its longer side, at most; a limit
    makes several patches of a large garment, where without one the first takes the most of it. scale: >= 1, how many
    pixels of a photo one of the picture stands for; both sides are then pixels of the photo.

    Each is the largest rectangle (aspect up to 1:3) of the mask less a margin at its border and less the patches
    before it. Specks missing from the mask are filled first, but no patch has less than LEAST_INSIDE in it.
    """
    _check(rgb, mask, most, least_side, largest_side, scale)
    least, largest = _least(least_side, scale), None if largest_side is None else max(1, int(largest_side / scale))
    cloths = _cloths(rgb, mask)
    patches: list[Patch] = []
    while len(patches) < most:
        found = _largest(cloths, mask, least, None if largest is None else max(least, largest))
        if found is None:
            break
        x, y, width, height = found
        place = _place(found)
        for cloth in cloths:
            cloth[place] = False
        patches.append(Patch(x, y, width, height, _share(mask, found), sharpness_of(rgb[place])))
    return patches


def refusal(
    rgb: NDArray[np.uint8], mask: NDArray[np.bool_] | None = None, least_side: int = LEAST_SIDE, scale: float = 1.0
) -> str:
    """Why `find_patches` finds none, in words for the user (and pixels of the photo); "" when it finds some."""
    _check(rgb, mask, 1, least_side, None, scale)
    if mask is not None and not mask.any():
        return "the mask is empty"
    cloths = _cloths(rgb, mask)
    if _largest(cloths, mask, _least(least_side, scale)) is not None:
        return ""
    found = _largest(cloths, mask)
    if found is None:
        return "nothing is left of the garment inside its border: it is thin, or its mask is full of holes"
    width, height = int(found[2] * scale), int(found[3] * scale)
    return f"the largest patch of cloth is {width} x {height} px, and {least_side} are needed"


def sharpness_of(rgb: NDArray[np.uint8]) -> float:
    """The variance of the Laplacian of the grey picture (Pech-Pacheco et al., ICPR 2000), in squared grey levels.

    rgb: uint8 (h, w, 3). Grey is 0.299 R + 0.587 G + 0.114 B in 0 to 255, the Laplacian that of four neighbours, over
    the pixels that have all four; 0.0 for a picture of one colour or under 3 pixels a side. A blurred picture has a
    low one, and so has plain cloth: it tells two patches of one garment apart, not two garments.
    """
    grey = rgb.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    if min(grey.shape) < 3:
        return 0.0
    around = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:]
    return float((around - 4 * grey[1:-1, 1:-1]).var())


def _cloths(rgb: NDArray[np.uint8], mask: NDArray[np.bool_] | None) -> list[NDArray[np.bool_]]:
    """Where a patch may lie, bool (h, w), new: the mask with specks filled and less its border, and the same unfilled,
    for when what was filled is too much."""
    if mask is None:
        return [np.ones(rgb.shape[:2], bool)]
    margin = margin_of(mask)
    return [erode(close(mask, margin // 2), margin).copy(), erode(mask, margin).copy()]


def _largest(
    cloths: list[NDArray[np.bool_]],
    mask: NDArray[np.bool_] | None,
    least_side: int = 1,
    largest_side: int | None = None,
) -> Rectangle | None:
    """The largest rectangle of the first of the cloths whose largest lies in the mask."""
    for cloth in cloths:
        found = largest_rectangle(cloth, LONGEST_ASPECT, least_side, largest_side)
        if found is None or _share(mask, found) >= LEAST_INSIDE:
            return found  # the cloths after it are parts of it
    return None


def _least(least_side: int, scale: float) -> int:
    """Pixels of the picture that hold so many of the photo, whichever way the photo's pixels fall."""
    return max(1, math.ceil((least_side + (scale != int(scale))) / scale))


def _place(rectangle: Rectangle) -> tuple[slice, slice]:
    x, y, width, height = rectangle
    return slice(y, y + height), slice(x, x + width)


def _share(mask: NDArray[np.bool_] | None, rectangle: Rectangle) -> float:
    """The share of a rectangle's pixels that lie in the mask."""
    return 1.0 if mask is None else np.count_nonzero(mask[_place(rectangle)]) / (rectangle[2] * rectangle[3])


def _check(
    rgb: NDArray[np.uint8],
    mask: NDArray[np.bool_] | None,
    most: int,
    least_side: int,
    largest_side: int | None,
    scale: float,
) -> None:
    if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3 or not rgb.size:
        raise ValueError(f"rgb must be uint8 (h, w, 3) and not empty, got {rgb.dtype} {rgb.shape}")
    if mask is not None and (mask.dtype != np.bool_ or mask.shape != rgb.shape[:2]):
        raise ValueError(f"mask must be bool {rgb.shape[:2]} as the picture, got {mask.dtype} {mask.shape}")
    if most < 1 or least_side < 1:
        raise ValueError(f"most and least_side must be at least 1, got {most} and {least_side}")
    if largest_side is not None and largest_side < least_side:
        raise ValueError(f"largest_side must be at least least_side ({least_side}), got {largest_side}")
    if scale < 1:
        raise ValueError(f"scale must be at least 1: a picture is never larger than its photo, got {scale}")
