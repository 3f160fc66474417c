"""The largest axis-aligned rectangle inside a mask, exact, in O(pixels)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Rectangle = tuple[int, int, int, int]
"""(x, y, width, height) in pixels."""


def largest_rectangle(
    mask: NDArray[np.bool_], aspect: int | None = None, least_side: int = 1, largest_side: int | None = None
) -> Rectangle | None:
    """The rectangle of the greatest area that holds only True; None when there is none.

    mask: bool (h, w). aspect: >= 1, the longer side is at most so many times the shorter one; None is no limit.
    least_side, largest_side: the least and the most pixels of a side; None is no limit. Of several of one area it is
    the one whose bottom row is first, so that the same mask has the same answer.

    Every maximal rectangle is the sweep to the left and right of one of its columns: a column of True that ends in its
    bottom row and cannot be taller. So for each pixel the height of the column that ends there is taken, and how far
    it can be swept; the sweep follows from that of the pixel above by a running maximum, all pixels of a row at once. A
    rectangle under the limits lies in a maximal one, of which the largest part under the limits is known: the answer
    under limits is exact too.
    """
    if mask.dtype != np.bool_ or mask.ndim != 2:
        raise ValueError(f"a mask must be bool (h, w), got {mask.dtype} {mask.shape}")
    if aspect is not None and aspect < 1:
        raise ValueError(f"aspect is the longer side over the shorter one, at least 1, got {aspect}")
    if least_side < 1 or (largest_side is not None and largest_side < least_side):
        raise ValueError(f"the sides must be 1 <= least <= largest, got {least_side} and {largest_side}")
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not rows.size:
        return None
    top, left = int(rows[0]), int(columns[0])
    mask = mask[top : rows[-1] + 1, left : columns[-1] + 1]
    number = np.int16 if max(mask.shape) * (aspect or 1) < 2**15 else np.int32
    heights, lost_left, lost_right = _sweeps(mask, number)
    kept_heights, kept_widths = _limited(heights, mask.shape[1] - lost_left - lost_right, aspect, largest_side)
    areas = np.multiply(kept_heights, kept_widths, dtype=np.int32)  # 0 where the mask is False: the height is
    if least_side > 1:
        areas[np.minimum(kept_heights, kept_widths) < least_side] = 0
    row, column = divmod(int(areas.argmax()), mask.shape[1])
    if not areas[row, column]:
        return None
    x, y = left + int(lost_left[row, column]), top + row + 1 - int(heights[row, column])
    return x, y, int(kept_widths[row, column]), int(kept_heights[row, column])


def _sweeps(
    mask: NDArray[np.bool_], number: type[np.signedinteger[Any]]
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Of each pixel: the height of the column of True that ends there (0 where the mask is False), and the columns of
    the mask at the left and the right of its sweep; integers (h, w) each."""
    height, width = mask.shape
    down = np.arange(1, height + 1, dtype=number)[:, None]
    carried = np.empty((height, 3, width), number)
    carried[:, 0], carried[:, 1] = _row_sweeps(mask, number)
    np.multiply(~mask, down, out=carried[:, 2])  # the rows above and with the last False
    # The maximum over the rows of a column; the sweeps start again after each False, where they are multiplied by 0.
    going_on = np.ones((height, 3, width), number)
    going_on[:, :2] = mask[:, None]
    above = np.zeros((3, width), number)
    for row, factor in zip(carried, going_on, strict=True):
        np.maximum(above, row, out=row)
        np.multiply(row, factor, out=row)
        above = row
    return down - carried[:, 2], carried[:, 0], carried[:, 1]


def _row_sweeps(mask: NDArray[np.bool_], number: type[np.signedinteger[Any]]) -> list[NDArray[Any]]:
    """Of each pixel the columns at the left of its run of True within its row, and those at the right of it; (h, w)
    each, 0 where the mask is False."""
    height, width = mask.shape
    padded = np.zeros((height, width + 1), bool)  # a False at the end of each row parts its runs from the next row's
    padded[:, :width] = mask
    flat = padded.ravel()
    borders = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    first = [0] if flat[0] else [0, 0]  # a run of True comes first, be it of no pixel, and one of False last
    borders = np.concatenate((first, borders, [flat.size]))
    lengths = np.diff(borders)
    sweeps = []
    for columns in (borders[:-1:2] % (width + 1), width - borders[1::2] % (width + 1)):
        values = np.zeros(lengths.size, number)
        values[::2] = columns
        sweeps.append(np.repeat(values, lengths).reshape(height, width + 1)[:, :width])
    return sweeps


def _limited(
    heights: NDArray[Any], widths: NDArray[Any], aspect: int | None, largest_side: int | None
) -> tuple[NDArray[Any], NDArray[Any]]:
    """The sides of the largest rectangle under the limits that fits into each of heights x widths."""
    if aspect is not None:
        heights, widths = np.minimum(heights, widths * aspect), np.minimum(widths, heights * aspect)
    if largest_side is not None:
        heights, widths = np.minimum(heights, largest_side), np.minimum(widths, largest_side)
    return heights, widths
