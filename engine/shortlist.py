"""Approximate search: a shortlist from each space's index, compared again exactly, until nothing seems to be missing.

Two things can be missed. Rows of the cells read that are not on the list: the list grows until the rule of the
threshold algorithm says that none can matter (Fagin, Lotem and Naor, "Optimal aggregation algorithms for middleware",
2003): a row on no list scores, in each space, at most as high as the last that is; FAISS's scores are off by the
rounding of its codes, which is seen on the list itself and allowed for. And rows of cells that were not read: more
cells are read until the answer stays the same, or there are no more.

A list is always settled to one of a few depths, and a page is cut from it, so that pages are parts of one list.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.index import Found, Subset, VectorIndex
from engine.query import Query

FIRST_SHARE = 0.01
"""Cells with this share of the matching rows are read first, then four times as many, until two answers agree."""
FIRST_ROWS = 4_096
"""... and with at least so many of them."""
DEPTH = 64
"""Hits that are settled at least, however few are wanted; more by powers of four."""
SIZE = 16
"""A shortlist has at first so many times the depth."""
GROWTH = 4
LARGEST = 4
"""A shortlist may grow to one in so many of the matching rows; beyond that comparing all is as quick."""

Ids = NDArray[np.int64]
Cosines = Callable[[str, Ids], NDArray[np.float32]]
Best = Callable[[Ids, NDArray[np.float64], int], NDArray[np.intp]]


@dataclass(frozen=True, eq=False)
class Shortlist:
    """What was found. ids: regions of the hits, best first; scores: theirs. compared: rows the search read."""

    ids: Ids
    scores: NDArray[np.float64]
    compared: int


@dataclass(frozen=True, eq=False)
class _Task:
    """What stays the same from list to list. subsets: the `size` ids that every index holds; tail: the others."""

    query: Query
    shares: Mapping[str, float]
    indexes: Mapping[str, VectorIndex]
    cosines: Cosines
    best: Best
    subsets: Mapping[str, Subset]
    size: int
    tail: Ids


def search_shortlist(
    ids: Ids,
    query: Query,
    shares: Mapping[str, float],
    indexes: Mapping[str, VectorIndex],
    cosines: Cosines,
    best: Best,
) -> Shortlist | None:
    """The first offset + k hits among `ids` (n,), ascending; None when lists cannot settle it: compare all then.

    shares: space -> how much it counts, adding up to 1. cosines: exact ones, of regions in a space. best: from ids,
    scores and a number of hits, the places of these, best first. Rows that an index does not hold yet are always
    compared.
    """
    held = None
    subsets = {name: index.subset(ids) for name, index in indexes.items()}
    if any(subset.size < len(ids) for subset in subsets.values()):
        held = np.logical_and.reduce([indexes[name].covers(ids) for name in shares])
    covered, tail = (ids, ids[:0]) if held is None else (ids[held], ids[~held])
    if not len(covered):
        return None
    if held is not None and len(indexes) > 1:  # every list is of the rows that all indexes hold
        subsets = {name: index.subset(covered) for name, index in indexes.items()}
    task = _Task(query, shares, indexes, cosines, best, subsets, len(covered), tail)
    wanted, depth = query.offset + query.k, DEPTH
    while depth < wanted:
        depth *= GROWTH
    share, before = max(FIRST_SHARE, FIRST_ROWS / len(covered)), None
    while True:
        found = _settle(task, depth, min(share, 1.0))
        if found is None:
            return None
        enough = len(found.ids) == depth or query.min_score is not None
        if enough and (share >= 1 or (before is not None and np.array_equal(before.ids, found.ids))):
            return Shortlist(found.ids[:wanted], found.scores[:wanted], found.compared)
        if share >= 1:
            return None
        share, before = share * GROWTH, found


def _settle(task: _Task, depth: int, share: float) -> Shortlist | None:
    """The first `depth` hits among the rows of the cells read and the tail; None when the list grew too long.

    Fewer than `depth` where the cells read hold no more, all of which are then on the list.
    """
    size = SIZE * depth
    while size * LARGEST <= task.size:
        lists = {
            name: index.search(task.query.vectors[name][None], size, task.subsets[name], share)
            for name, index in task.indexes.items()
        }
        on_lists = [found.ids[0][found.ids[0] >= 0] for found in lists.values()]
        candidates = np.union1d(np.concatenate(on_lists), task.tail)
        each = {name: task.cosines(name, candidates) for name in task.shares}
        scores = fuse(each, task.shares)
        places = task.best(candidates, scores, depth)
        bound = _bound(task, lists, candidates, each)
        floor = task.query.min_score
        settled = len(places) == depth and scores[places[-1]] >= bound
        if settled or bound == -np.inf or (floor is not None and floor > bound):
            compared = max(int(found.compared[0]) for found in lists.values()) + len(task.tail)
            return Shortlist(candidates[places], scores[places], compared)
        size *= GROWTH
    return None


def _bound(task: _Task, lists: Mapping[str, Found], candidates: Ids, each: Mapping[str, NDArray[np.float32]]) -> float:
    """No row of the cells read that is on no list scores higher than this."""
    bound = 0.0
    for name, found in lists.items():
        if found.ids[0, -1] < 0:
            return -np.inf  # the cells read hold no more rows than are on the list
        rough, exact = found.scores[0], each[name][np.searchsorted(candidates, found.ids[0])]
        bound += task.shares[name] * float(rough[-1] + 2 * np.abs(rough - exact).max())
    return bound


def fuse(each: Mapping[str, NDArray[np.float32]], shares: Mapping[str, float]) -> NDArray[np.float64]:
    """sum(share * cosine) over the spaces, in [-1, 1], float64 (n,)."""
    total = sum((share * each[name].astype(np.float64) for name, share in sorted(shares.items())), np.float64(0))
    return np.clip(np.asarray(total), -1, 1)
