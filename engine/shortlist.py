"""Approximate search: a shortlist from each space's index, compared again exactly, until nothing seems to be missing.

Two things can be missed. Rows of the cells read that are not compared exactly: more of the list are, until the rule of
the threshold algorithm says that none of the others can matter (Fagin, Lotem and Naor, "Optimal aggregation algorithms
for middleware", 2003): a row scores, in each space, at most as high as the last that was compared; FAISS's scores are
off by the rounding of its codes, which is seen on the rows compared and allowed for. And rows of cells that were not
read: the next cells are, with twice as many rows as all before, until they no longer change the answer. That is the
patience of Busolin et al., "Early exit strategies for approximate k-NN search in dense retrieval" (CIKM 2024), in
rounds that grow.

A list is always settled to one of a few depths, and a page is cut from it, so that pages are parts of one list. The
depth is also what makes the second rule safe: cells that hold none of the first 64 rarely lie before one that holds one
of the first 10. docs/search.md has the figures.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from engine.index import Subset, VectorIndex, Walk
from engine.query import Query

DEPTH = 64
"""Hits that are settled at least, however few are wanted; more by powers of four."""
SIZE = 16
"""A shortlist has so many times the depth at first, and cells with so many matching rows are read first."""
FURTHER = 3
"""Each time so many times the rows are read, until two answers agree."""
GROWTH = 4
LARGEST = 4
"""A shortlist may grow to one in so many of the matching rows; beyond that comparing all is as quick."""

Ids = NDArray[np.int64]
Scores = NDArray[np.float32]
Cosines = Callable[[str, Ids], Scores]
Best = Callable[[Ids, NDArray[np.float64], int], NDArray[np.intp]]


@dataclass(frozen=True, eq=False)
class Shortlist:
    """What was found. ids: regions of the hits, best first; scores: theirs. compared: rows the search read."""

    ids: Ids
    scores: NDArray[np.float64]
    compared: int


@dataclass(frozen=True, eq=False)
class Ground:
    """Matching ids, made ready to be searched: the same for every query under a filter.

    size: how many ids every index of a space that they have a vector in holds. subsets: these, by space. tail: the
    other ids. elsewhere: space -> the cosine of ids without a vector in it, -inf where there are none.
    """

    size: int
    tail: Ids
    subsets: Mapping[str, Subset]
    elsewhere: Mapping[str, float]

    @staticmethod
    def of(
        ids: Ids,
        indexes: Mapping[str, VectorIndex],
        lacking: Mapping[str, tuple[NDArray[np.bool_], float]] = MappingProxyType({}),
    ) -> Ground:
        """ids: int64 (n,), ascending. indexes: by space. lacking: which ids have no vector in a space, and their cosine
        there; none where a space is left out."""
        held = np.ones(len(ids), dtype=np.bool_)
        for name, index in indexes.items():
            there = index.covers(ids)
            held &= (there | lacking[name][0]) if name in lacking else there
        covered, tail = (ids, ids[:0]) if held.all() else (ids[held], ids[~held])
        elsewhere = dict.fromkeys(indexes, -np.inf)
        for name, (missing, cosine) in lacking.items():
            if missing[held].any():
                elsewhere[name] = cosine
        return Ground(len(covered), tail, {name: index.subset(covered) for name, index in indexes.items()}, elsewhere)


@dataclass(frozen=True, eq=False)
class _Task:
    """What stays the same from list to list."""

    query: Query
    shares: Mapping[str, float]
    indexes: Mapping[str, VectorIndex]
    cosines: Cosines
    best: Best
    ground: Ground


def depth_of(wanted: int) -> int:
    """How many hits are settled where so many are wanted: with fewer groups than that, lists can settle nothing."""
    depth = DEPTH
    while depth < wanted:
        depth *= GROWTH
    return depth


def search_shortlist(
    ground: Ground,
    query: Query,
    shares: Mapping[str, float],
    indexes: Mapping[str, VectorIndex],
    cosines: Cosines,
    best: Best,
) -> Shortlist | None:
    """The first offset + k hits among the ids of `ground`; None when lists cannot settle it: compare all then.

    shares: space -> how much it counts, adding up to 1. cosines: exact ones, of regions in a space. best: from ids,
    scores and a number of hits, the places of these, best first, whatever their score. Rows that an index does not
    hold yet are always compared.
    """
    if not ground.size:
        return None
    task = _Task(query, shares, indexes, cosines, best, ground)
    wanted = query.offset + query.k
    depth = depth_of(wanted)
    compared = _Compared(task)
    compared.add(ground.tail)
    rows = size = SIZE * depth
    while size * LARGEST <= ground.size:
        walks = {name: index.walk(query.vectors[name], ground.subsets[name]) for name, index in indexes.items()}
        lists = {name: _List(walk, size) for name, walk in walks.items()}
        found, rows = _until_it_stays(task, lists, compared, depth, rows)
        if found is not None:
            wanted = wanted if query.min_score is None else min(wanted, int((found.scores >= query.min_score).sum()))
            return Shortlist(found.ids[:wanted], found.scores[:wanted], found.compared)
        size *= GROWTH
    return None


def _until_it_stays(
    task: _Task, lists: Mapping[str, _List], compared: _Compared, depth: int, rows: int
) -> tuple[Shortlist | None, int]:
    """The first `depth` hits, or None where the lists are too short to tell; and how many rows had to be read."""
    before = None
    while True:
        for one in lists.values():
            one.read(rows)
        found = _settle(task, lists, compared, depth)
        if found is None:
            return None, rows
        if all(one.walk.ended for one in lists.values()):
            return found, rows
        if len(found.ids) == depth and before is not None and np.array_equal(before.ids, found.ids):
            return found, rows
        rows, before = FURTHER * max(one.walk.compared for one in lists.values()), found


class _List:
    """The best rows of the cells read so far in one space. scores: float32 (m,), off by rounding, best first; ids."""

    def __init__(self, walk: Walk, size: int) -> None:
        self.walk, self._size = walk, size
        self.scores, self.ids = np.empty(0, np.float32), np.empty(0, np.int64)

    def read(self, rows: int) -> None:
        """Go on until so many rows were read."""
        scores, ids = self.walk.read(rows, self._size)
        if len(self.ids):
            scores, ids = np.concatenate([self.scores, scores]), np.concatenate([self.ids, ids])
            order = np.argsort(-scores, kind="stable")[: self._size]
            scores, ids = scores[order], ids[order]
        self.scores, self.ids = scores, ids

    @property
    def whole(self) -> bool:
        """Whether every row of the cells read is on the list."""
        return len(self.ids) == self.walk.compared


class _Compared:
    """The rows whose cosines are known. ids: int64 (n,), ascending; each: float32 (n,) by space; scores: fused."""

    def __init__(self, task: _Task) -> None:
        self._task = task
        self.ids = np.empty(0, np.int64)
        self.each = {name: np.empty(0, np.float32) for name in task.shares}
        self.scores = np.empty(0, np.float64)

    def add(self, ids: Ids) -> None:
        """Compare those that were not yet."""
        new = np.setdiff1d(ids, self.ids)
        if not len(new):
            return
        places = np.searchsorted(self.ids, new)
        self.ids = np.insert(self.ids, places, new)
        for name, known in self.each.items():
            self.each[name] = np.insert(known, places, self._task.cosines(name, new))
        self.scores = fuse(self.each, self._task.shares)

    def cosines(self, name: str, ids: Ids) -> Scores:
        """Known ones."""
        return self.each[name][np.searchsorted(self.ids, ids)]


def _settle(task: _Task, lists: Mapping[str, _List], compared: _Compared, depth: int) -> Shortlist | None:
    """The first `depth` hits among the rows of the cells read and the tail; None when the lists are too short to tell.

    Fewer than `depth` where the cells read hold no more, all of which are then compared.
    """
    count = 2 * depth
    while True:
        for one in lists.values():
            compared.add(one.ids[:count])
        places = task.best(compared.ids, compared.scores, depth)
        bound = _bound(task, lists, compared, count)
        settled = len(places) == depth and compared.scores[places[-1]] >= bound
        if settled or bound == -np.inf:
            read = max(one.walk.compared for one in lists.values()) + len(task.ground.tail)
            return Shortlist(compared.ids[places], compared.scores[places], read)
        if all(count >= len(one.ids) for one in lists.values()):
            return None
        count *= 2


def _bound(task: _Task, lists: Mapping[str, _List], compared: _Compared, count: int) -> float:
    """No row of the cells read that was not compared scores higher than this."""
    if all(one.whole and len(one.ids) <= count for one in lists.values()):
        return -np.inf
    bound = 0.0
    for name, one in lists.items():
        rough = one.scores[:count]
        last = task.ground.elsewhere[name]
        if len(rough):
            error = np.abs(rough - compared.cosines(name, one.ids[:count])).max()
            last = max(last, float(rough[-1] + 2 * error))
        bound += task.shares[name] * last
    return bound


def fuse(each: Mapping[str, NDArray[np.float32]], shares: Mapping[str, float]) -> NDArray[np.float64]:
    """sum(share * cosine) over the spaces, in [-1, 1], float64 (n,)."""
    total = sum((share * each[name].astype(np.float64) for name, share in sorted(shares.items())), np.float64(0))
    return np.clip(np.asarray(total), -1, 1)
