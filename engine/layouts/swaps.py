"""Bettering a grid in place: swaps and exact windows that shorten moves, swaps that put neighbours side by side.

Throughout, holder is int64 (columns * rows,): the point in each cell, row by row, -1 where a cell is free, and targets
are float64 (n, 2) in units of a cell's height (`grid.grid_targets`). Free cells stay free.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from engine.layouts.extras import library
from engine.layouts.grid_size import GridSize

Points = NDArray[np.float64]
Cells = NDArray[np.int64]

ROUNDS = 60
"""Rounds of swaps at most; they end when a round moves nothing."""
WINDOW = 12
SWEEPS = 6
JOIN_ROUNDS = 8
_REACH = (1, 2, 3, 5, 8)
_JOIN_STEPS = [(1, 0), (0, 1), (1, 1), (1, -1), (2, 0), (0, 2), (2, 1), (2, -1), (1, 2), (1, -2)]
_JOIN_SHARE = 0.3
"""Of the pairs of a pass, those looked at: few enough that two that swap seldom lie side by side."""
_RING = [(dx, dy) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if (dx, dy) != (0, 0)]


def swap_rounds(holder: Cells, targets: Points, size: GridSize, rounds: int = ROUNDS) -> None:
    """Swap what pairs of cells hold while that lowers the sum of squared distances to the targets.

    Pairs lie 1 to 8 cells apart in four directions.
    """
    steps = [(reach * dx, reach * dy) for reach in _REACH for dx, dy in ((1, 0), (0, 1), (1, 1), (1, -1))]
    for _ in range(rounds):
        if not sum(_swap(holder, targets, size, dx, dy, phase) for dx, dy in steps for phase in (0, 1)):
            return


def _swap(holder: Cells, targets: Points, size: GridSize, dx: int, dy: int, phase: int) -> int:
    """One pass over disjoint pairs of cells (c, r) and (c + dx, r + dy); how many swapped."""
    first, second = _held_pairs(holder, size, dx, dy, phase)
    apart = targets[holder[first]] - targets[holder[second]]
    # |p - a|^2 + |q - b|^2 - |p - b|^2 - |q - a|^2 = 2 (p - q) . (b - a), b - a = (dx, dy) cells
    worth = apart[:, 0] * (dx * size.aspect) + apart[:, 1] * dy > 1e-9
    first, second = first[worth], second[worth]
    holder[first], holder[second] = holder[second], holder[first]
    return len(first)


def _held_pairs(holder: Cells, size: GridSize, dx: int, dy: int, phase: int) -> tuple[Cells, Cells]:
    """The pairs of which both cells hold something."""
    first, second = _pairs(size, dx, dy, phase)
    both = (holder[first] >= 0) & (holder[second] >= 0)
    return first[both], second[both]


@lru_cache(maxsize=64)
def _pairs(size: GridSize, dx: int, dy: int, phase: int) -> tuple[Cells, Cells]:
    """Cells and their partners (dx, dy) away, dx or dy positive, so that no cell is in two pairs."""
    columns, rows = np.meshgrid(np.arange(size.columns), np.arange(size.rows))
    along = columns // dx if dx else rows // dy
    ours = (along % 2 == phase) & (columns + dx < size.columns) & (rows + dy < size.rows) & (rows + dy >= 0)
    first = (rows * size.columns + columns)[ours]
    return first, first + dy * size.columns + dx


def assign_windows(holder: Cells, targets: Points, size: GridSize, sweeps: int = SWEEPS) -> None:
    """Assign the points of each window of 12 x 12 cells exactly, windows shifted by half every other sweep.

    The sum of squared distances never grows; it ends within about a percent of what assigning the whole would reach.
    """
    assign = library("scipy.optimize", "a grid").linear_sum_assignment
    for sweep in range(sweeps):
        shift = WINDOW // 2 * (sweep % 2)
        moved = 0
        for top in range(-shift, size.rows, WINDOW):
            for left in range(-shift, size.columns, WINDOW):
                columns = np.arange(max(left, 0), min(left + WINDOW, size.columns))
                rows = np.arange(max(top, 0), min(top + WINDOW, size.rows))
                cells = (rows[:, None] * size.columns + columns).ravel()
                cells = cells[holder[cells] >= 0]
                points = holder[cells]
                where = np.column_stack([cells % size.columns * size.aspect, cells // size.columns])
                costs = ((targets[points][:, None] - where) ** 2).sum(axis=2)
                taker, taken = assign(costs)
                if costs[taker, taken].sum() < np.trace(costs) - 1e-9:
                    holder[cells[taken]] = points[taker]
                    moved += 1
        if not moved and sweep:
            return


def join_neighbours(holder: Cells, neighbours: Cells, size: GridSize, seed: int = 0, rounds: int = JOIN_ROUNDS) -> None:
    """Swap pairs at most two cells apart while that puts more of the neighbours (n, k) into the eight cells around.

    Some of the pairs that are looked at together touch; so each round's outcome is counted, and the best is kept.
    """
    count = len(neighbours)
    keys = np.sort(np.concatenate([_keys(neighbours, count), _keys_back(neighbours, count)]))
    draw = np.random.default_rng(seed)
    best, most = holder.copy(), _joined(holder, keys, count, size)
    for _ in range(rounds):
        for dx, dy in _JOIN_STEPS:
            for phase in (0, 1):
                _join(holder, keys, count, size, dx, dy, phase, draw)
        joined = _joined(holder, keys, count, size)
        if joined > most:
            best, gained, most = holder.copy(), joined - most, joined
            if gained < 0.002 * most:
                break
    holder[:] = best


def _keys(neighbours: Cells, count: int) -> Cells:
    """A number for each pair (a point, its neighbour); one that is each other's neighbour is there twice."""
    return (np.arange(len(neighbours))[:, None] * (count + 1) + neighbours).ravel()


def _keys_back(neighbours: Cells, count: int) -> Cells:
    return (neighbours * (count + 1) + np.arange(len(neighbours))[:, None]).ravel()


def _related(keys: Cells, points: Cells, others: Cells, count: int) -> Cells:
    """0, 1 or 2: how often each other is a neighbour of its point, or the reverse. others: -1 for nobody."""
    asked = points * (count + 1) + np.where(others < 0, count, others)
    place = np.searchsorted(keys, asked)
    last = len(keys) - 1
    once = keys[np.minimum(place, last)] == asked
    twice = once & (keys[np.minimum(place + 1, last)] == asked)
    return np.asarray(once.astype(np.int64) + twice)


def _around(holder: Cells, cells: Cells, size: GridSize, dx: int, dy: int) -> Cells:
    """Who is (dx, dy) away from the cells, -1 for nobody."""
    columns, rows = cells % size.columns + dx, cells // size.columns + dy
    inside = (columns >= 0) & (columns < size.columns) & (rows >= 0) & (rows < size.rows)
    return np.where(inside, holder[np.where(inside, rows * size.columns + columns, 0)], -1)


def _join(
    holder: Cells, keys: Cells, count: int, size: GridSize, dx: int, dy: int, phase: int, draw: np.random.Generator
) -> None:
    first, second = _held_pairs(holder, size, dx, dy, phase)
    chosen = draw.random(len(first)) < _JOIN_SHARE
    first, second = first[chosen], second[chosen]
    p, q = holder[first], holder[second]
    gain = np.zeros(len(first), np.int64)
    for ring in _RING:
        by_p, by_q = _around(holder, first, size, *ring), _around(holder, second, size, *ring)
        by_p, by_q = (
            np.where(by_p == q, -1, by_p),
            np.where(by_q == p, -1, by_q),
        )  # what the two are to each other stays
        gain += _related(keys, q, by_p, count) - _related(keys, p, by_p, count)
        gain += _related(keys, p, by_q, count) - _related(keys, q, by_q, count)
    worth = gain > 0
    first, second = first[worth], second[worth]
    holder[first], holder[second] = holder[second], holder[first]


def _joined(holder: Cells, keys: Cells, count: int, size: GridSize) -> int:
    """How many neighbours lie side by side, all told."""
    held = np.flatnonzero(holder >= 0)
    return sum(int(_related(keys, holder[held], _around(holder, held, size, *ring), count).sum()) for ring in _RING)
