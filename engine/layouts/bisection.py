"""Points of a plane to cells of a grid by recursive bisection: O(n log^2 n), a cell for each, in about their order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.layouts.grid_size import GridSize

Points = NDArray[np.float64]
Cells = NDArray[np.int64]


def bisect(targets: Points, size: GridSize) -> Cells:
    """Halve the cells along the longer side, give each half the points on its side, and so on; int64 (n, 2)."""
    count = len(targets)
    box = np.tile(np.array([0, size.columns, 0, size.rows]), (count, 1))  # of each point: x from, to, y from, to
    order = np.arange(count)
    while True:
        wide, high = box[:, 1] - box[:, 0], box[:, 3] - box[:, 2]
        open_ = (wide > 1) | (high > 1)
        if not open_.any():
            return box[:, [0, 2]].astype(np.int64)
        across = (wide > 1) & ((wide * size.aspect >= high) | (high == 1))
        key = np.where(across, targets[:, 0], targets[:, 1])
        place = box[:, 2] * size.columns + box[:, 0]
        order = np.lexsort((key, place))
        starts = np.flatnonzero(np.r_[True, place[order][1:] != place[order][:-1]])
        rank = np.empty(count, np.int64)
        rank[order] = np.arange(count) - np.repeat(starts, np.diff(np.r_[starts, count]))
        middle = np.where(across, box[:, 0] + wide // 2, box[:, 2] + high // 2)
        room = np.where(
            across,
            _room(box[:, 0], middle, box[:, 2], box[:, 3], count, size.columns),
            _room(box[:, 0], box[:, 1], box[:, 2], middle, count, size.columns),
        )
        first = rank < room
        box[:, 1] = np.where(open_ & across & first, middle, box[:, 1])
        box[:, 0] = np.where(open_ & across & ~first, middle, box[:, 0])
        box[:, 3] = np.where(open_ & ~across & first, middle, box[:, 3])
        box[:, 2] = np.where(open_ & ~across & ~first, middle, box[:, 2])


def _room(left: Cells, right: Cells, top: Cells, bottom: Cells, count: int, columns: int) -> Cells:
    """How many of the first `count` cells, row by row, lie in each box."""
    full, rest = divmod(count, columns)
    rows = np.clip(full, top, bottom) - top
    partial = (top <= full) & (full < bottom)
    return np.asarray(rows * (right - left) + np.where(partial, np.clip(rest, left, right) - left, 0))
