"""Pictures that show a mask: the garment cut out, the mask itself, and the mask laid over the photo."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.errors import InputError

EDGE = (255, 0, 102)
"""The colour of a garment's outline, RGB: rare in cloth."""
DIMMED = 0.35
"""How bright the photo stays outside the garment."""


def cut_out(rgb: NDArray[np.uint8], mask: NDArray[np.bool_]) -> Image.Image:
    """The box of a garment, RGBA: its pixels as they are in the photo, alpha 255; everything else 0 throughout.

    rgb: uint8 (h, w, 3). mask: bool (h, w), at least one True. Raises InputError for other shapes or an empty mask.
    """
    _check(rgb, mask)
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    inside = mask[box][..., None]
    pixels = np.concatenate([rgb[box] * inside, inside * np.uint8(255)], axis=2)
    return Image.fromarray(pixels)


def mask_picture(mask: NDArray[np.bool_]) -> Image.Image:
    """A mask as `indexer.masks` reads it: one bit a pixel, white for the garment."""
    return Image.fromarray(mask.astype(np.uint8) * 255).convert("1")


def overlay(rgb: NDArray[np.uint8], mask: NDArray[np.bool_]) -> Image.Image:
    """The photo with all but the garment dimmed, and the garment outlined."""
    _check(rgb, mask)
    shown = np.where(mask[..., None], rgb, (rgb * DIMMED).astype(np.uint8))
    shown[_outline(mask, max(1, min(mask.shape) // 200))] = EDGE
    return Image.fromarray(shown)


def enlarge(mask: NDArray[np.bool_], width: int, height: int) -> NDArray[np.bool_]:
    """A mask of the working picture at the photo's own size, bool (height, width), its edge smoothed."""
    if mask.shape == (height, width):
        return mask
    soft = Image.fromarray(mask.astype(np.uint8) * 255).resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(soft) >= 128


def _outline(mask: NDArray[np.bool_], thickness: int) -> NDArray[np.bool_]:
    """Pixels of the mask that are within `thickness` of its edge."""
    inner = mask.copy()
    for _ in range(thickness):
        padded = np.pad(inner, 1)
        inner &= padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return mask & ~inner


def _check(rgb: NDArray[np.uint8], mask: NDArray[np.bool_]) -> None:
    if rgb.shape != (*mask.shape, 3):
        raise InputError(f"the mask is {mask.shape} and the photo {rgb.shape}: they must show the same pixels")
    if not mask.any():
        raise InputError("the mask is empty: there is nothing to cut out")
