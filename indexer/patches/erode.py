"""Masks made smaller by a margin, because the border of a garment is half background, and their holes filled."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

MARGIN = 0.02
"""The margin over the square root of the mask's area: 5 px of a garment that fills 250 x 250."""


def margin_of(mask: NDArray[np.bool_]) -> int:
    """Pixels to take off a mask: a share of its size, so that a photo twice as large loses twice as many."""
    return round(MARGIN * math.sqrt(np.count_nonzero(mask)))


def erode(mask: NDArray[np.bool_], margin: int) -> NDArray[np.bool_]:
    """Bool (h, w): True where the square of 2 * margin + 1 pixels a side around the pixel is True throughout.

    What lies outside the picture counts as True: a garment that the photo's edge cuts has cloth up to there.
    """
    if margin < 0:
        raise ValueError(f"a margin is 0 px or more, got {margin}")
    return _along_rows(_along_rows(mask, margin).T, margin).T


def close(mask: NDArray[np.bool_], reach: int) -> NDArray[np.bool_]:
    """Bool (h, w): the mask with its holes and gaps filled where no square of 2 * reach + 1 pixels a side fits in."""
    height, width = mask.shape
    outside = np.ones((height + 2 * reach, width + 2 * reach), bool)
    outside[reach : reach + height, reach : reach + width] = ~mask
    return erode(~erode(outside, reach), reach)[reach : reach + height, reach : reach + width]


def _along_rows(mask: NDArray[np.bool_], margin: int) -> NDArray[np.bool_]:
    """Bool (h, w): True where the pixel and its `margin` neighbours above and below are True."""
    wide = np.ones((mask.shape[0] + 2 * margin, mask.shape[1]), bool)
    wide[margin : margin + mask.shape[0]] = mask
    # A window of 2n rows is two of n: the windows double, and the last two of them overlap.
    window, reach = wide, 1
    while reach * 2 <= 2 * margin + 1:
        window = window[:-reach] & window[reach:]
        reach *= 2
    rest = 2 * margin + 1 - reach
    return window[: len(window) - rest] & window[rest:]
