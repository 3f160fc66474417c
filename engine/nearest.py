"""The nearest neighbours of every row among the rows: exact where that is quick, else by an inverted file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float32]
Tell = Callable[[int, int], None]

EXACT_ROWS = 20_000
"""Up to so many rows every pair is compared; the largest difference that makes is some seconds."""
_BLOCK_CELLS = 16_000_000


@dataclass(frozen=True, eq=False)
class Neighbours:
    """indices: int64 (n, k), nearest first, a row itself left out. distances: float32 (n, k), Euclidean.

    exact: whether every pair of rows was compared.
    """

    indices: NDArray[np.int64]
    distances: NDArray[np.float32]
    exact: bool

    def first(self, k: int) -> Neighbours:
        """The k nearest of them."""
        return Neighbours(self.indices[:, :k], self.distances[:, :k], self.exact)


def nearest_neighbours(
    rows: Rows, k: int, seed: int = 0, exact_rows: int = EXACT_ROWS, tell: Tell = lambda done, total: None
) -> Neighbours:
    """The k nearest other rows of each of the unit rows float32 (n, dim), 1 <= k < n.

    Distances are Euclidean, which on unit rows is sqrt(2 - 2 cosine): the order is that of cosines. Up to `exact_rows`
    rows exactly; above, by an inverted file, which finds nearly all.
    """
    if len(rows) <= exact_rows:
        found = cross_nearest(rows, rows, k + 1, tell)
        return Neighbours(*_without_self(found.indices, found.distances, k), exact=True)
    from engine.index import approximate_neighbours

    ids, scores = approximate_neighbours(rows, k + 1, seed, tell)
    scores[ids < 0] = -1
    indices, distances = _without_self(ids, _distances(scores), k)
    missing = indices < 0
    if missing.any():  # fewer in the cells read than asked for: any other row will do, at its distance
        at, _ = np.nonzero(missing)
        others = (at + 1 + np.arange(len(at)) % (len(rows) - 1)) % len(rows)
        indices[missing] = others
        distances[missing] = _distances(np.einsum("md,md->m", rows[at], rows[others]))
    return Neighbours(indices, distances, exact=False)


def cross_nearest(queries: Rows, rows: Rows, k: int, tell: Tell = lambda done, total: None) -> Neighbours:
    """The k nearest rows (n, dim) of each query (q, dim), 1 <= k <= n, by comparing every pair; unit rows both.

    Equally near rows come in the order they have.
    """
    indices, distances = np.empty((len(queries), k), np.int64), np.empty((len(queries), k), np.float32)
    block = max(1, _BLOCK_CELLS // len(rows))
    for start in range(0, len(queries), block):
        scores = queries[start : start + block] @ rows.T
        found = np.argpartition(-scores, k - 1, axis=1)[:, :k] if k < len(rows) else np.argsort(-scores, axis=1)
        found.sort(axis=1)
        near = np.take_along_axis(scores, found, axis=1)
        order = np.argsort(-near, axis=1, kind="stable")
        indices[start : start + block] = np.take_along_axis(found, order, axis=1)
        distances[start : start + block] = _distances(np.take_along_axis(near, order, axis=1))
        tell(min(start + block, len(queries)), len(queries))
    return Neighbours(indices, distances, exact=True)


def _distances(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.sqrt(np.maximum(2 - 2 * scores, 0)).astype(np.float32)


def _without_self(
    indices: NDArray[np.int64], distances: NDArray[np.float32], k: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Drop each row itself from its k + 1 nearest, or the farthest where it is not among them (equal rows)."""
    own = indices == np.arange(len(indices))[:, None]
    own[~own.any(axis=1), -1] = True
    return indices[~own].reshape(-1, k), distances[~own].reshape(-1, k)
