"""For every region its nearest other products in a space, each product once: what a map page shows side by side."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from engine.nearest import nearest_neighbours

Tell = Callable[[int, int], None]


def near_products(
    rows: NDArray[np.float32],
    products: NDArray[np.int64],
    k: int,
    tell: Tell = lambda done, total: None,
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Row numbers int32 (n, k) and cosines float32 (n, k) of the k nearest other products, by their best region.

    rows: unit rows (n, dim). products: whose each is (n,). Best first; -1 and 0 where there are fewer products.
    """
    count = len(rows)
    found, scores = np.full((count, k), -1, np.int32), np.zeros((count, k), np.float32)
    if count < 2 or k < 1:
        return found, scores
    largest = int(np.unique(products, return_counts=True)[1].max())
    wide = min(count - 1, 4 * k + largest)
    near = nearest_neighbours(rows, wide, tell=tell)
    for start in range(0, count, 4096):
        here = slice(start, min(start + 4096, count))
        found[here], scores[here] = _first_products(near.indices[here], near.distances[here], products, start, k)
    for row in np.flatnonzero(found[:, -1] < 0) if wide < count - 1 else ():
        found[row], scores[row] = _all_compared(rows, products, int(row), k)
    return found, scores


def _first_products(
    indices: NDArray[np.int64], distances: NDArray[np.float32], products: NDArray[np.int64], start: int, k: int
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Of neighbours (m, w), nearest first, those that are the first of their product and not of the row's own."""
    theirs = products[indices]
    keep = theirs != products[start : start + len(indices), None]
    for place in range(1, indices.shape[1]):
        keep[:, place] &= ~(theirs[:, :place] == theirs[:, place, None]).any(axis=1)
    order = np.argsort(~keep, axis=1, kind="stable")[:, :k]
    kept = np.take_along_axis(keep, order, axis=1)
    rows = np.where(kept, np.take_along_axis(indices, order, axis=1), -1).astype(np.int32)
    cosines = np.where(kept, 1 - np.take_along_axis(distances, order, axis=1) ** 2 / 2, 0).astype(np.float32)
    width = rows.shape[1]
    pad = ((0, 0), (0, k - width))
    return np.pad(rows, pad, constant_values=-1), np.pad(cosines, pad)


def _all_compared(
    rows: NDArray[np.float32], products: NDArray[np.int64], row: int, k: int
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    cosines = rows @ rows[row]
    order = np.argsort(-cosines, kind="stable")
    order = order[products[order] != products[row]]
    _, first = np.unique(products[order], return_index=True)
    best = order[np.sort(first)[:k]]
    pad = (0, k - len(best))
    return np.pad(best, pad, constant_values=-1).astype(np.int32), np.pad(cosines[best], pad).astype(np.float32)
