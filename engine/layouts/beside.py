"""Putting something new beside what it is most like, on a map that stays as it is."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from engine.layouts.extras import library
from engine.nearest import cross_nearest

Rows = NDArray[np.float32]
NEIGHBOURS = 5
_LARGEST_ASSIGNMENT = 4_000_000


def beside_nearest(xy: Rows, rows: Rows, new: Rows) -> Rows:
    """Positions (m, 2) of new unit rows (m, dim): the mean of their 5 nearest on the map, weighted by 1 / distance.

    xy: float32 (n, 2), of unit rows (n, dim). One that equals a row of the map lands upon it.
    """
    near = cross_nearest(new, rows, min(NEIGHBOURS, len(rows)))
    weights = 1 / np.maximum(near.distances.astype(np.float64), 1e-6)
    weights[(near.distances < 1e-3).any(axis=1)] = 0
    same = (near.distances[:, 0] < 1e-3).nonzero()[0]
    weights[same, 0] = 1
    weights /= weights.sum(axis=1, keepdims=True)
    return np.asarray((xy[near.indices] * weights[:, :, None]).sum(axis=1), dtype=np.float32)


def free_cells(
    wanted: Rows, taken: NDArray[np.int64], columns: int, rows: int, aspect: float
) -> tuple[NDArray[np.int64], int]:
    """A free cell for each wanted position (m, 2), column and row, and how many rows the grid has then.

    taken: int64 (n, 2), cells that hold something; aspect: of a cell, width / height. Rows are added below when all
    cells are taken. The sum of squared moves is the least there is, or, for very many, each in turn takes the nearest.
    """
    missing = len(wanted) - (columns * rows - len(taken))
    rows += max(0, math.ceil(missing / columns))
    free = np.ones((rows, columns), np.bool_)
    free[taken[:, 1], taken[:, 0]] = False
    down, across = np.nonzero(free)
    cells = np.column_stack([across, down]).astype(np.int64)
    scale = np.array([aspect, 1.0])
    if len(wanted) * len(cells) <= _LARGEST_ASSIGNMENT:
        costs = (((wanted[:, None] - cells[None]) * scale) ** 2).sum(axis=2)
        _, chosen = library("scipy.optimize", "a grid").linear_sum_assignment(costs)
        return cells[chosen], rows
    found = np.empty((len(wanted), 2), np.int64)
    left = np.ones(len(cells), np.bool_)
    for number, place in enumerate(wanted):
        here = np.flatnonzero(left)
        nearest = here[(((cells[here] - place) * scale) ** 2).sum(axis=1).argmin()]
        found[number], left[nearest] = cells[nearest], False
    return found, rows
