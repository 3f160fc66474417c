"""k-means: greedy k-means++ seeding and Lloyd's iterations, over rows in memory or rows that come in pieces.

Euclidean. Every step is seeded and ties go to the lower number, so the same rows and seed give the same answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float32]
Pieces = Callable[[], Iterable[Rows]]
"""Gives all rows, in order, a piece (c, dim) at a time; may be called again."""

MAX_ITERATIONS = 100
TOLERANCE = 1e-4
"""Lloyd stops when the centroids together moved by less than this share of the rows' variance, as in scikit-learn."""
PIECE_CELLS = 1 << 22
PIECE_ROWS = 4_096  # so few that they stay in the processor's cache from one step to the next
CLOSE = 0.02
"""A squared distance below this share of the row's own square is computed from the difference of the two."""
SAME = 1e-6
"""A squared distance below this is rounding: the rows of unit length are taken for one."""


@dataclass(frozen=True, eq=False)
class Assignment:
    """Rows on their nearest centroids.

    labels: int32 (n,). squared: float32 (n,), squared distance to the centroid, >= 0. sums: float64 (k, dim) and
    counts: int64 (k,), of the rows of each centroid. inertia: the sum of `squared`.
    """

    labels: NDArray[np.int32]
    squared: NDArray[np.float32]
    sums: NDArray[np.float64]
    counts: NDArray[np.int64]

    @property
    def inertia(self) -> float:
        """The sum of squared distances of rows to their centroids."""
        return float(self.squared.sum(dtype=np.float64))


@dataclass(frozen=True, eq=False)
class Fit:
    """Centroids float32 (k, dim) with the inertia they reach and the Lloyd iterations it took."""

    centroids: Rows
    inertia: float
    iterations: int


def fit(rows: Rows, k: int, seed: int, n_init: int, tick: Callable[[], None] = lambda: None) -> Fit:
    """The best of `n_init` seeded starts on rows (n, dim), by inertia; needs at least k different rows.

    tick: called after each start. Source: Lloyd 1982, "Least squares quantization in PCM".
    """
    best: Fit | None = None
    for generator in np.random.default_rng(seed).spawn(n_init):
        found = lloyd(rows, initial_centroids(rows, k, generator))
        if best is None or found.inertia < best.inertia * (1 - 1e-9):
            best = found
        tick()
    if best is None:
        raise ValueError("n_init must be at least 1")
    return best


def initial_centroids(rows: Rows, k: int, generator: np.random.Generator) -> Rows:
    """Greedy k-means++: k rows, each the best of a few drawn in proportion to their squared distance from those before.

    Source: Arthur and Vassilvitskii 2007, "k-means++: the advantages of careful seeding", section 2.2 and its
    conclusion, where 2 + log k draws a step are advised.
    """
    draws = 2 + int(np.log(k))
    norms = np.einsum("ij,ij->i", rows, rows)
    chosen = [int(generator.integers(len(rows)))]
    nearest = _squared_to(rows, norms, chosen)[0]
    while len(chosen) < k:
        mass = np.cumsum(nearest, dtype=np.float64)
        if mass[-1] > 0:
            drawn = np.searchsorted(mass, generator.random(draws) * mass[-1], side="right")
            candidates = np.minimum(drawn, len(rows) - 1)
        else:  # all rows are (nearly) equal to chosen ones: any of the others
            candidates = generator.choice(np.setdiff1d(np.arange(len(rows)), chosen), 1)
        closer = np.minimum(_squared_to(rows, norms, candidates.tolist()), nearest)
        best = int(closer.sum(axis=1, dtype=np.float64).argmin())
        chosen.append(int(candidates[best]))
        nearest = closer[best]
    return rows[chosen].copy()


def _squared_to(rows: Rows, norms: Rows, chosen: list[int]) -> Rows:
    """Squared distances (len(chosen), n) of all rows to some of them; nothing below SAME but 0."""
    squared = norms - 2 * (rows[chosen] @ rows.T) + norms[chosen, None]
    squared[squared < SAME] = 0
    return np.asarray(squared, np.float32)


def lloyd(rows: Rows, centroids: Rows, max_iterations: int = MAX_ITERATIONS, tolerance: float = TOLERANCE) -> Fit:
    """Move centroids (k, dim) to the means of their rows (n, dim) until they rest."""
    pieces = in_pieces(rows, len(centroids))
    middle = rows.mean(axis=0, dtype=np.float64)
    still = tolerance * float(np.vecdot(rows, rows).mean(dtype=np.float64) - middle @ middle)
    before: Assignment | None = None
    for iteration in range(1, max_iterations + 1):
        found = assign(pieces, centroids, before)
        if before is not None and np.array_equal(found.labels, before.labels):
            return Fit(centroids, found.inertia, iteration)
        moved = means(found, centroids, lambda numbers: rows[numbers])
        shift = float(((moved - centroids) ** 2).sum(dtype=np.float64))
        centroids, before = moved, found
        if shift <= still:
            break
    return Fit(centroids, assign(pieces, centroids, before).inertia, iteration)


def assign(pieces: Pieces, centroids: Rows, before: Assignment | None = None) -> Assignment:
    """Every row to its nearest centroid (k, dim), the lower number when two are equally near.

    before: an assignment of the same rows, whose sums then only change by the rows that change sides.
    """
    half = np.einsum("ij,ij->i", centroids, centroids) / 2
    sums = np.zeros(centroids.shape, np.float64) if before is None else before.sums.copy()
    counts = np.zeros(len(centroids), np.int64) if before is None else before.counts.copy()
    labels: list[NDArray[np.int32]] = []
    squared: list[Rows] = []
    done = 0
    for rows in pieces():
        near, apart = _nearest(rows, centroids, half)
        labels.append(near)
        squared.append(apart)
        if before is None:
            _add(sums, counts, rows, near)
        else:
            old = before.labels[done : done + len(rows)]
            moved = np.flatnonzero(near != old)
            _add(sums, counts, rows[moved], near[moved], old[moved])
        done += len(rows)
    if not labels:
        return Assignment(np.empty(0, np.int32), np.empty(0, np.float32), sums, counts)
    return Assignment(np.concatenate(labels), np.concatenate(squared), sums, counts)


def _nearest(rows: Rows, centroids: Rows, half: Rows) -> tuple[NDArray[np.int32], Rows]:
    """The nearest centroid of each row, int32 (c,), and the squared distance to it, float32 (c,)."""
    table = rows @ centroids.T
    np.subtract(half, table, out=table)  # half the squared distance, less half the row's own square
    near = table.argmin(axis=1).astype(np.int32)
    norms = np.vecdot(rows, rows)
    squared = norms + 2 * table[np.arange(len(rows)), near]
    close = np.flatnonzero(squared < CLOSE * norms)  # a small difference of large numbers: anew, from the rows
    apart = rows[close] - centroids[near[close]]
    squared[close] = np.vecdot(apart, apart)
    return near, squared


def _add(
    sums: NDArray[np.float64],
    counts: NDArray[np.int64],
    rows: Rows,
    to: NDArray[np.int32],
    away: NDArray[np.int32] | None = None,
) -> None:
    """Add rows (c, dim) to the sums of some centroids and take them from those of others; a matrix product."""
    each = np.arange(len(rows))
    signs = np.zeros((len(counts), len(rows)), np.float32)
    signs[to, each] = 1
    counts += np.bincount(to, minlength=len(counts))
    if away is not None:
        signs[away, each] = -1
        counts -= np.bincount(away, minlength=len(counts))
    sums += signs @ rows


def means(found: Assignment, centroids: Rows, take: Callable[[NDArray[np.intp]], Rows]) -> Rows:
    """The means (k, dim) of an assignment's rows; a centroid without rows takes the row farthest from its own.

    take: gives rows by their numbers (m,).
    """
    sums, counts = found.sums.copy(), found.counts.copy()
    empty = np.flatnonzero(counts == 0)
    if len(empty):
        farthest = np.argsort(-found.squared, kind="stable")[: len(empty)]
        for number, row, label in zip(empty, take(farthest), found.labels[farthest], strict=False):
            if counts[label] > 1:
                sums[label] -= row
                counts[label] -= 1
                sums[number], counts[number] = row, 1
    moved = centroids.copy()
    filled = counts > 0
    moved[filled] = sums[filled] / counts[filled, None]
    return moved


def in_pieces(rows: Rows, k: int) -> Pieces:
    """Rows in memory, in pieces whose table of distances to k centroids stays small."""
    size = piece_rows(k)

    def pieces() -> Iterator[Rows]:
        for start in range(0, len(rows), size):
            yield rows[start : start + size]

    return pieces


def piece_rows(k: int) -> int:
    """How many rows to compare with k centroids at once."""
    return max(256, min(PIECE_ROWS, PIECE_CELLS // k))


def distinct_rows(rows: Rows, enough: int) -> int:
    """How many different rows (n, dim) there are, counted no further than `enough`."""
    seen: set[bytes] = set()
    for row in rows + np.float32(0):  # -0.0 and 0.0 are one number
        seen.add(row.tobytes())
        if len(seen) >= enough:
            break
    return len(seen)
