"""Every picture its own cell: points of a plane spread over a grid so that neighbours stay near.

Four stages, each usable alone: recursive bisection gives each half of the cells its share of the points, down to single
cells; pairs of cells swap what they hold while that brings points nearer to where they were; windows of 144 cells are
assigned exactly; and pairs swap again while that brings more of each picture's neighbours beside it. Time grows about
as n, where linear assignment of the whole grows as n^3.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.layouts.bisection import bisect
from engine.layouts.grid_size import GridSize
from engine.layouts.swaps import assign_windows, join_neighbours, swap_rounds

Points = NDArray[np.float64]
Cells = NDArray[np.int64]
Tell = Callable[[int, int], None]

NEIGHBOURS = 10
"""Neighbours of each picture that the last stage brings beside it."""


def grid_layout(
    xy: NDArray[np.floating],
    size: GridSize,
    neighbours: Cells | None = None,
    seed: int = 0,
    tell: Tell = lambda done, total: None,
) -> Cells:
    """A cell of its own for each point (n, 2), n <= columns * rows: int64 (n, 2), column and row from the top left.

    xy: y grows upwards. neighbours: of each point in the space that the plane was made from, int64 (n, k), nearest
    first; None for those in the plane. The cells of the last row are filled from the left. Raises InputError.
    """
    _require_room(len(xy), size)
    targets = grid_targets(xy, size)
    holder = hold(bisect(targets, size), size)
    tell(1, 4)
    swap_rounds(holder, targets, size)
    tell(2, 4)
    assign_windows(holder, targets, size)
    tell(3, 4)
    if neighbours is None:
        neighbours = _neighbours_in_plane(np.asarray(xy, dtype=np.float64))
    if neighbours.shape[1]:
        join_neighbours(holder, neighbours[:, :NEIGHBOURS], size, seed)
    tell(4, 4)
    return cells_held(holder, size)


def grid_by(order: NDArray[np.int64], xy: NDArray[np.floating], size: GridSize) -> Cells:
    """As `grid_layout`, the columns sorted: `order` (n,) ascends from left to right, and equal ones follow x.

    order: a rank of each point's attribute, equal for equal values. Within a column the points lie by their y.
    """
    _require_room(len(xy), size)
    count = len(order)
    full, rest = divmod(count, size.columns)
    heights = full + (np.arange(size.columns) < rest)
    across = np.lexsort((xy[:, 0], order))
    column = np.empty(count, np.int64)
    column[across] = np.repeat(np.arange(size.columns), heights)
    down = np.lexsort((-xy[:, 1], column))
    row = np.empty(count, np.int64)
    row[down] = np.arange(count) - np.repeat(np.cumsum(heights) - heights, heights)
    return np.column_stack([column, row])


def _require_room(count: int, size: GridSize) -> None:
    if count > size.columns * size.rows:
        raise InputError(f"{count} pictures do not fit into {size.columns} x {size.rows} cells")


def grid_targets(xy: NDArray[np.floating], size: GridSize) -> Points:
    """The points scaled to the grid, in units of a cell's height: x from 0 to (columns - 1) * aspect, y downwards."""
    points = np.asarray(xy, dtype=np.float64)
    extent = np.ptp(points, axis=0)
    unit = np.where(extent > 0, (points - points.min(axis=0)) / np.where(extent > 0, extent, 1.0), 0.5)
    return np.column_stack([unit[:, 0] * (size.columns - 1) * size.aspect, (1 - unit[:, 1]) * (size.rows - 1)])


def hold(cells: Cells, size: GridSize) -> Cells:
    """The point in each cell, row by row, int64 (columns * rows,), -1 where a cell is free."""
    holder = np.full(size.columns * size.rows, -1, np.int64)
    holder[cells[:, 1] * size.columns + cells[:, 0]] = np.arange(len(cells))
    return holder


def cells_held(holder: Cells, size: GridSize) -> Cells:
    """The reverse of `hold`: the cell of each point, int64 (n, 2)."""
    held = np.flatnonzero(holder >= 0)
    cells = np.empty((len(held), 2), np.int64)
    cells[holder[held]] = np.column_stack([held % size.columns, held // size.columns])
    return cells


def _neighbours_in_plane(points: Points) -> Cells:
    from engine.layouts.extras import library

    k = min(NEIGHBOURS, len(points) - 1)
    if k < 1:
        return np.empty((len(points), 0), np.int64)
    _, found = library("scipy.spatial", "a grid").cKDTree(points).query(points, k + 1)
    own = found == np.arange(len(points))[:, None]
    own[~own.any(axis=1), -1] = True
    return np.asarray(found[~own].reshape(-1, k), dtype=np.int64)
