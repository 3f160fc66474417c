"""How well maps keep what is near: each method on each space, and the grid against exact assignment and strips.

    python benchmarks/quality/maps.py --catalog clothing.catalog
    python benchmarks/quality/maps.py --catalog clothing.catalog --methods --grid 2500

The first table has trustworthiness, continuity and neighbours kept (k = 12, on 3,000 rows drawn by the seed). The
second takes t-SNE of `--grid` rows of the first space and brings it onto cells in five ways. Move: mean distance, in
cells, from where the plane, scaled to the grid, has a picture. Beside: of each picture's 8 nearest in the space (in the
plane), how many lie in the 8 cells around it.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.layouts.grid import NEIGHBOURS, grid_layout, grid_targets
from engine.layouts.grid_size import GridSize, grid_size
from engine.layouts.tsne import tsne
from engine.map_quality import map_quality
from engine.maps import lay_out
from engine.nearest import nearest_neighbours
from engine.snapshot import Reader
from engine.store import Store
from engine.stored_maps import METHODS

Rows = NDArray[np.float32]
Cells = NDArray[np.int64]
_BESIDE = 8


def strips(xy: Rows, size: GridSize) -> Cells:
    """RasterFairy's first step: rows by y, then columns by x within each row."""
    down = np.lexsort((xy[:, 0], -xy[:, 1]))
    cells = np.empty((len(xy), 2), np.int64)
    for row in range(size.rows):
        here = down[row * size.columns : (row + 1) * size.columns]
        cells[here[np.argsort(xy[here, 0], kind="stable")]] = np.column_stack(
            [np.arange(len(here)), np.full(len(here), row)]
        )
    return cells


def swapped(xy: Rows, size: GridSize, seed: int = 0, rounds: int = 2_000) -> Cells:
    """Strips, then pairs drawn by lot that swap while that shortens their moves, as RasterFairy's optimiser does."""
    draw = np.random.default_rng(seed)
    cells, targets = strips(xy, size), grid_targets(xy, size)
    scale = np.array([size.aspect, 1.0])

    def far(points: Cells, held: Cells) -> NDArray[np.float64]:
        return np.asarray(((targets[points] - cells[held] * scale) ** 2).sum(axis=1))

    for _ in range(rounds):
        order = draw.permutation(len(xy))
        half = len(order) // 2
        one, other = order[:half], order[half : 2 * half]
        worth = far(one, other) + far(other, one) < far(one, one) + far(other, other) - 1e-9
        one, other = one[worth], other[worth]
        cells[one], cells[other] = cells[other], cells[one]
    return cells


def assigned(xy: Rows, size: GridSize) -> Cells:
    """The cells of least squared moves in all, exactly: scipy's linear assignment."""
    from scipy.optimize import linear_sum_assignment

    count = len(xy)
    cells = np.column_stack([np.arange(count) % size.columns, np.arange(count) // size.columns])
    targets = grid_targets(xy, size)
    costs = ((targets[:, None] - cells[None] * np.array([size.aspect, 1.0])) ** 2).sum(axis=2)
    return np.asarray(cells[linear_sum_assignment(costs)[1]], dtype=np.int64)


def beside(cells: Cells, neighbours: Cells) -> float:
    """Share of the neighbours (n, k) that lie in the cells around."""
    return float((np.abs(cells[neighbours] - cells[:, None]).max(axis=2) <= 1).mean())


def compare_grids(rows: Rows, seed: int) -> None:
    """Print a line for each way onto the grid."""
    near = nearest_neighbours(rows, 90, seed)
    xy = tsne(rows, seed, neighbours=near)
    size = grid_size(len(rows))
    targets = grid_targets(xy, size)
    apart = ((xy[:, None] - xy[None]) ** 2).sum(axis=2)
    np.fill_diagonal(apart, np.inf)
    in_plane = np.argsort(apart, axis=1)[:, :_BESIDE]
    print(f"\n{len(rows)} rows on {size.columns} x {size.rows}: seconds, move, beside (space), beside (plane)")
    ways: dict[str, Callable[[], Cells]] = {
        "strips": lambda: strips(xy, size),
        "strips and swaps": lambda: swapped(xy, size, seed),
        "exact assignment": lambda: assigned(xy, size),
        "grid, plane alone": lambda: grid_layout(xy, size, seed=seed),
        "grid": lambda: grid_layout(xy, size, near.indices[:, :NEIGHBOURS], seed),
    }
    for name, way in ways.items():
        begun = time.perf_counter()
        cells = way()
        took = time.perf_counter() - begun
        move = float(np.linalg.norm(cells * np.array([size.aspect, 1.0]) - targets, axis=1).mean())
        kept = beside(cells, near.indices[:, :_BESIDE]), beside(cells, in_plane)
        print(f"{name:18}  {took:6.1f}  {move:5.2f}  {kept[0]:.3f}  {kept[1]:.3f}", flush=True)


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--catalog", type=Path, required=True)
    parser.add_argument("--spaces", nargs="*", help="default: all of the catalog's")
    parser.add_argument("--methods", nargs="*", choices=METHODS, default=list(METHODS))
    parser.add_argument("--grid", type=int, default=2_500, help="rows to compare grids on, 0 for none")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    snapshot = Reader(Store.open(asked.catalog)).snapshot()
    spaces = asked.spaces or list(snapshot.spaces)
    if asked.methods:
        print(f"{'space':10}  {'method':6}  {'rows':>6}  trustworthiness  continuity  neighbours kept  seconds")
    for space in spaces:
        vectors = snapshot.vectors(space)
        rows = vectors.gather(snapshot.region_ids[vectors.has(snapshot.region_ids)])
        for method in asked.methods:
            begun = time.perf_counter()
            made = lay_out(rows, method, asked.seed)
            took = time.perf_counter() - begun
            shown = made.xy * np.array([made.parameters.get("aspect", 1.0), 1.0], np.float32)
            found = map_quality(rows, shown, asked.seed)
            if found is not None:
                said = f"{found.trustworthiness:15.3f}  {found.continuity:10.3f}  {found.neighbours_kept:15.3f}"
                print(f"{space:10}  {method:6}  {len(rows):6}  {said}  {took:7.1f}", flush=True)
    if asked.grid:
        vectors = snapshot.vectors(spaces[0])
        ids = snapshot.region_ids[vectors.has(snapshot.region_ids)]
        drawn = np.sort(np.random.default_rng(asked.seed).choice(len(ids), min(asked.grid, len(ids)), replace=False))
        compare_grids(vectors.gather(ids[drawn]), asked.seed)


if __name__ == "__main__":
    main()
