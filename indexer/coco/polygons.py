"""Polygons to masks, pixel for pixel as COCO's own tools draw them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_FINE = 5  # boundaries are followed on a grid this many times finer than the pixels


def rasterise(polygons: tuple[NDArray[np.float64], ...], width: int, height: int) -> NDArray[np.bool_]:
    """The union of polygons, each (n, 2) x, y in pixels from the picture's corner, n >= 3: bool (h, w).

    Inside one polygon the even-odd rule holds: a ring that goes in along a line, around a hole, and out again
    along that line, leaves the hole out, which is how COCO tells holes; a second polygon always adds.
    """
    mask = np.zeros((height, width), dtype=bool)
    for polygon in polygons:
        mask |= _fill(polygon, width, height)
    return mask


def _fill(polygon: NDArray[np.float64], width: int, height: int) -> NDArray[np.bool_]:
    """One polygon: where its boundary passes the middle of a column, all pixels below change sides."""
    x, y = _boundary(polygon)
    step = np.flatnonzero(x[1:] != x[:-1]) + 1
    left = np.minimum(x[step], x[step - 1])
    down = np.minimum(y[step], y[step - 1])
    column = (left + 0.5) / _FINE - 0.5
    taken = (column == np.floor(column)) & (column >= 0) & (column <= width - 1)
    row = np.ceil(np.clip((down[taken] + 0.5) / _FINE - 0.5, 0, height)).astype(np.int64)
    # One column after another in one row of numbers, as in RLE: a change below a column's end is the next one's start.
    places = column[taken].astype(np.int64) * height + row
    changes = np.bincount(places, minlength=width * height + 1)[: width * height]
    inside: NDArray[np.bool_] = np.cumsum(changes) % 2 == 1
    return inside.reshape(width, height).T


def _boundary(polygon: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Points of the fine grid along the closed boundary, corners twice: x and y, int64."""
    corners = np.trunc(polygon * _FINE + 0.5).astype(np.int64)
    begin, end = corners, np.roll(corners, -1, axis=0)
    reach = np.abs(end - begin)
    flat = reach[:, 0] >= reach[:, 1]  # as many points as steps on the longer axis
    long = np.where(flat, 0, 1)
    each = np.arange(len(corners))
    steps = reach[each, long]
    # Every edge is followed towards larger values of its longer axis, so that neighbours share their pixels.
    back = begin[each, long] > end[each, long]
    first, last = np.where(back[:, None], end, begin), np.where(back[:, None], begin, end)
    slope = (last - first)[each, 1 - long] / np.maximum(steps, 1)

    edge = np.repeat(each, steps + 1)
    number = np.arange(len(edge)) - np.repeat(np.cumsum(steps + 1) - (steps + 1), steps + 1)
    number = np.where(back[edge], steps[edge] - number, number)
    along = first[each, long][edge] + number
    across = np.trunc(first[each, 1 - long][edge] + slope[edge] * number + 0.5).astype(np.int64)
    return np.where(flat[edge], along, across), np.where(flat[edge], across, along)
