"""The grid: every picture a cell of its own, for any number and shape, and neighbours kept."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from engine.errors import InputError
from engine.layouts.beside import free_cells
from engine.layouts.bisection import bisect
from engine.layouts.grid import grid_by, grid_layout, grid_targets, hold
from engine.layouts.grid_size import GridSize, grid_size
from engine.layouts.swaps import assign_windows, join_neighbours, swap_rounds


def is_bijection(cells: NDArray[np.int64], size: GridSize) -> bool:
    """Whether the first cells, row by row, hold one point each."""
    numbers = sorted((cells[:, 1] * size.columns + cells[:, 0]).tolist())
    return numbers == list(range(len(cells))) and bool((cells[:, 0] < size.columns).all())


def moved(cells: NDArray[np.int64], targets: NDArray[np.float64], size: GridSize) -> float:
    """Sum of squared distances."""
    return float(((cells * np.array([size.aspect, 1.0]) - targets) ** 2).sum())


def clumps(count: int, seed: int) -> NDArray[np.float32]:
    """Points in groups of different sizes."""
    draw = np.random.default_rng(seed)
    centres = draw.normal(scale=6, size=(9, 2))
    return (centres[draw.choice(9, count, p=np.arange(1, 10) / 45)] + draw.normal(size=(count, 2))).astype(np.float32)


@settings(max_examples=30, deadline=None)
@given(
    count=st.integers(1, 90),
    columns=st.one_of(st.none(), st.integers(1, 140)),
    aspect=st.floats(0.2, 5),
    seed=st.integers(0, 5),
    levels=st.sampled_from([0, 1, 3, 1000]),
)
def test_every_point_gets_a_cell_of_its_own(
    count: int, columns: int | None, aspect: float, seed: int, levels: int
) -> None:
    draw = np.random.default_rng(seed)
    xy = draw.integers(0, levels + 1, (count, 2)).astype(np.float32)  # with many or all of them in one place
    size = grid_size(count, columns, aspect)
    assert size.columns * (size.rows - 1) < count <= size.columns * size.rows
    assert is_bijection(grid_layout(xy, size), size)
    assert is_bijection(bisect(grid_targets(xy, size), size), size)
    order = draw.integers(0, 4, count)
    cells = grid_by(order, xy, size)
    assert is_bijection(cells, size)
    across = np.lexsort((cells[:, 1], cells[:, 0]))
    columns_of = cells[across, 0]
    highest = [order[across][columns_of == column].max() for column in np.unique(columns_of)]
    lowest = [order[across][columns_of == column].min() for column in np.unique(columns_of)]
    assert all(high <= low for high, low in zip(highest[:-1], lowest[1:], strict=True))


def test_points_on_a_lattice_stay_where_they_are() -> None:
    size = GridSize(7, 5)
    cells = np.array([(column, row) for row in range(5) for column in range(7)])
    xy = (cells * [1, -1]).astype(np.float32)
    assert (grid_layout(xy, size) == cells).all()


def test_it_moves_little_more_than_exact_assignment_and_keeps_as_many_neighbours() -> None:
    xy = clumps(400, seed=1)
    size = grid_size(400)
    targets = grid_targets(xy, size)
    cells = np.array([(number % size.columns, number // size.columns) for number in range(400)])
    exact = cells[linear_sum_assignment(((targets[:, None] - cells) ** 2).sum(2))[1]]
    apart = ((xy[:, None] - xy) ** 2).sum(2)
    np.fill_diagonal(apart, np.inf)
    near = np.argsort(apart, axis=1)[:, :8]

    def beside(found: NDArray[np.int64]) -> float:
        return float((np.abs(found[near] - found[:, None]).max(2) <= 1).mean())

    ours = grid_layout(xy, size)
    assert moved(ours, targets, size) < 1.05 * moved(exact, targets, size)
    assert beside(ours) >= beside(exact)
    strips = np.empty((400, 2), np.int64)
    down = np.argsort(-xy[:, 1])
    for row in range(20):
        here = down[row * 20 : row * 20 + 20]
        strips[here[np.argsort(xy[here, 0])]] = [(column, row) for column in range(20)]
    assert moved(ours, targets, size) < moved(strips, targets, size) and beside(ours) > beside(strips)


def test_each_stage_betters_what_it_is_for() -> None:
    xy = clumps(300, seed=2)
    size = grid_size(300, aspect=0.75)
    targets = grid_targets(xy, size)

    def cost(holder: NDArray[np.int64]) -> float:
        held = np.flatnonzero(holder >= 0)
        cells = np.column_stack([held % size.columns, held // size.columns])
        return moved(cells, targets[holder[held]], size)

    holder = hold(bisect(targets, size), size)
    costs = [cost(holder)]
    swap_rounds(holder, targets, size)
    costs.append(cost(holder))
    assign_windows(holder, targets, size)
    costs.append(cost(holder))
    assert costs[0] > costs[1] > costs[2]
    before = holder.copy()
    near = np.argsort(np.random.default_rng(0).random((300, 300)), axis=1)[:, :5]  # neighbours that the plane knows not

    def joined(held: NDArray[np.int64]) -> int:
        place = {
            int(point): (cell % size.columns, cell // size.columns) for cell, point in enumerate(held) if point >= 0
        }
        return sum(
            max(abs(place[one][0] - place[other][0]), abs(place[one][1] - place[other][1])) <= 1
            for one in range(300)
            for other in near[one].tolist()
        )

    join_neighbours(holder, near, size, seed=1)
    assert sorted(holder.tolist()) == sorted(before.tolist())
    assert joined(holder) > 1.5 * joined(before)


def test_the_same_seed_gives_the_same_grid() -> None:
    xy = clumps(200, seed=3)
    size = grid_size(200)
    assert (grid_layout(xy, size, seed=5) == grid_layout(xy, size, seed=5)).all()


def test_wrong_shapes_are_refused() -> None:
    for wrong in (0, -1, True, 2.5):
        with pytest.raises(InputError, match="columns"):
            grid_size(10, wrong)  # type: ignore[arg-type]
    for wrong in (0, 100.0, -1.0):
        with pytest.raises(InputError, match="width / height"):
            grid_size(10, aspect=wrong)
    with pytest.raises(InputError, match="do not fit"):
        grid_layout(clumps(10, 0), GridSize(3, 3))
    assert grid_size(12, aspect=3 / 4) == GridSize(4, 3, 0.75)


@settings(max_examples=40, deadline=None)
@given(columns=st.integers(1, 6), rows=st.integers(1, 5), held=st.integers(0, 30), new=st.integers(1, 20))
def test_new_ones_get_free_cells_and_rows_below_when_there_are_too_few(
    columns: int, rows: int, held: int, new: int
) -> None:
    held = min(held, columns * rows)
    taken = np.array([(number % columns, number // columns) for number in range(held)], np.int64).reshape(-1, 2)
    wanted = np.random.default_rng(0).uniform(0, 6, (new, 2)).astype(np.float32)
    cells, now = free_cells(wanted, taken, columns, rows, 1.0)
    both = {tuple(cell) for cell in [*taken.tolist(), *cells.tolist()]}
    assert len(both) == held + new
    assert all(0 <= column < columns and 0 <= row < now for column, row in both)
    assert now == max(rows, -(-(held + new) // columns))
