"""The order in which a map's points are drawn when there is no room for all: an overview first, then what lies between.

Level by level, each cell of an ever finer grid lets in one point that has none yet; within a level neighbours stay
together. So the first pictures of a page are spread over the whole map, and those that a closer look needs lie in few
sheets.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

COARSEST = 3
FINEST = 10
"""Grids of 8 x 8 up to 1,024 x 1,024 cells."""


def map_order(xy: NDArray[np.floating], seed: int = 0) -> NDArray[np.intp]:
    """Point numbers (n,) by level, then along a Morton curve; xy: (n, 2)."""
    count = len(xy)
    if count == 0:
        return np.empty(0, np.intp)
    low = xy.min(axis=0)
    extent = float(np.max(xy.max(axis=0) - low)) or 1.0
    unit = np.clip((np.asarray(xy, np.float64) - low) / extent, 0, np.nextafter(1, 0))
    level = np.full(count, FINEST + 1, np.int64)
    drawn = np.random.default_rng(seed).permutation(count)
    for depth in range(COARSEST, FINEST + 1):
        waiting = drawn[level[drawn] > FINEST]
        if not len(waiting):
            break
        cell = _cells(unit, depth)
        taken = np.unique(cell[level < depth])
        candidates = waiting[~np.isin(cell[waiting], taken)]
        _, first = np.unique(cell[candidates], return_index=True)
        level[candidates[first]] = depth
    return np.lexsort((_morton(unit), level))


def _cells(unit: NDArray[np.float64], depth: int) -> NDArray[np.int64]:
    place = (unit * 2**depth).astype(np.int64)
    return np.asarray(place[:, 1] * 2**depth + place[:, 0])


def _morton(unit: NDArray[np.float64]) -> NDArray[np.uint64]:
    """Bits of x and y interleaved, of 16 bits each."""
    place = (unit * 65536).astype(np.uint64)
    spread = np.zeros(len(unit), np.uint64)
    for bit in range(16):
        for axis in (0, 1):
            spread |= ((place[:, axis] >> np.uint64(bit)) & np.uint64(1)) << np.uint64(2 * bit + axis)
    return spread
