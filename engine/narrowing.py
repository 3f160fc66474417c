"""Many queries under one filter: a matrix product tells which few regions may be among the first hits of each.

A product of blocks reads the rows once for all queries, and is several times as fast as comparing row by row. But it
rounds otherwise, and a row differently from place to place. So its scores only leave out regions that lie farther below
the last hit than rounding explains (`slack`). What is left is compared as in a single search: the same scores to the
last bit, in the same order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.matches import Matches
from engine.query import Query
from engine.scale import mean_of
from engine.snapshot import Snapshot

BLOCK_NUMBERS = 1 << 21
"""Numbers of rows, and scores, that are held at once."""
SPARSE = 8
"""Where fewer regions match than so many times the hits wanted, nearly all would be left."""
FIRST = 256
"""Groups of the first block by which most of its regions are left out."""
MANY = 1 << 20
"""So many pairs of a query and a region are kept, of all queries together; who has more than its part compares all."""
NOTHING = np.float32(-2)  # below every score

Places = NDArray[np.intp]


def narrow(
    snapshot: Snapshot, queries: Sequence[Query], matches: Sequence[Matches], shares: Mapping[str, float]
) -> list[Places | None]:
    """Of each query the places among the matching ids, ascending, that its first offset + k hits are among.

    None where too many would be left: for want of matches, or because as many score alike (copies of one photo).
    All matches have the same ids and groups, and differ in what is excluded. shares: space -> how much it counts.
    """
    ids, wanted = matches[0].ids, max(query.offset + query.k for query in queries)
    if len(ids) < SPARSE * wanted:
        return [None] * len(queries)
    off = slack(snapshot, shares)
    found = _Found(matches[0].groups, wanted, off, _floors(queries, off))
    gone = _excluded(matches)
    asked = {name: np.stack([query.vectors[name] for query in queries]) for name in shares}
    step = max(1, BLOCK_NUMBERS // max(len(queries), *(snapshot.space(name).dim for name in shares)))
    for start in range(0, len(ids), step):
        scores = _scores(snapshot, asked, ids[start : start + step], shares)
        of, places = gone.within(start, start + step)
        scores[of, places - start] = -np.inf
        found.add(start, scores)
    return found.places()


def slack(snapshot: Snapshot, shares: Mapping[str, float]) -> float:
    """How far two float32 scores of one region may differ, whatever the order in which products were added up.

    Each of the two is off by at most dim * 2**-24 for unit rows (Higham, "Accuracy and Stability of Numerical
    Algorithms", 2002, 3.1), and a little more for the length, the shares and their sum.
    """
    return 2 * (max(snapshot.space(name).dim for name in shares) + 16) * 2.0**-24


def _floors(queries: Sequence[Query], off: float) -> NDArray[np.float32]:
    """Below these scores, float32 (q,), nothing is wanted from the beginning."""
    return np.array(
        [NOTHING if query.min_score is None else max(query.min_score - off, NOTHING) for query in queries], np.float32
    )


def _scores(
    snapshot: Snapshot, asked: Mapping[str, NDArray[np.float32]], ids: NDArray[np.int64], shares: Mapping[str, float]
) -> NDArray[np.float32]:
    """Fused cosines of queries, unit rows (q, dim) by space, and regions: float32 (q, n), off by rounding."""
    total: NDArray[np.float32] | None = None
    for name, share in shares.items():
        vectors = snapshot.vectors(name)
        has = vectors.has(ids)
        rows = vectors.gather(ids if has.all() else ids[has])
        part = asked[name] @ rows.T
        part *= np.float32(share) / np.sqrt(np.vecdot(rows, rows))
        if len(rows) < len(ids):
            some, part = part, np.full((len(part), len(ids)), share * mean_of(snapshot, name), np.float32)
            part[:, has] = some
        total = part if total is None else np.add(total, part, out=total)
    assert total is not None
    return total


@dataclass(frozen=True, eq=False)
class _Excluded:
    """Pairs of a query and a region that is no answer to it. of: query numbers; places: ascending."""

    of: NDArray[np.intp]
    places: Places

    def within(self, start: int, stop: int) -> tuple[NDArray[np.intp], Places]:
        """Those whose place is from start to before stop."""
        first, last = np.searchsorted(self.places, (start, stop))
        return self.of[first:last], self.places[first:last]


def _excluded(matches: Sequence[Matches]) -> _Excluded:
    counts = [len(one.excluded) for one in matches]
    if not any(counts):
        return _Excluded(np.empty(0, np.intp), np.empty(0, np.intp))
    order = np.argsort(matches[0].groups, kind="stable")
    groups = matches[0].groups[order]
    wanted = np.concatenate([one.excluded for one in matches])
    first, last = np.searchsorted(groups, wanted), np.searchsorted(groups, wanted, side="right")
    of = np.repeat(np.repeat(np.arange(len(matches)), counts), last - first)
    places = np.concatenate([order[a:b] for a, b in zip(first.tolist(), last.tolist(), strict=True)])
    by_place = np.argsort(places, kind="stable")
    return _Excluded(of[by_place], places[by_place])


class _Found:
    """What may be among the first hits, block after block. low: float32 (q,), scores below it cannot."""

    def __init__(self, groups: NDArray[np.int64], wanted: int, off: float, low: NDArray[np.float32]) -> None:
        self._groups, self._wanted, self._off, self._low = groups, wanted, off, low
        self._of, self._places = np.empty(0, np.intp), np.empty(0, np.intp)
        self._scores = np.empty(0, np.float32)
        self._full = 0  # pairs that are kept before some are dropped
        self._most = max(MANY // len(low), SPARSE * wanted)
        self._gave_up = np.zeros(len(low), np.bool_)

    def add(self, start: int, scores: NDArray[np.float32]) -> None:
        """Take in a block: scores (q, n) of the regions from place `start` on."""
        if not start:
            self._begin(scores)
        some = np.flatnonzero(scores.max(axis=1) >= self._low)  # in most blocks most queries find nothing
        of, places = np.nonzero(scores[some] >= self._low[some, None])
        of = some[of]
        self._of = np.concatenate([self._of, of])
        self._places = np.concatenate([self._places, places + start])
        self._scores = np.concatenate([self._scores, scores[of, places]])
        if len(self._of) > self._full:
            self._drop()
            self._full = max(2 * len(self._of), 4 * self._wanted * len(scores))

    def _begin(self, scores: NDArray[np.float32]) -> None:
        """Of one region a group, the last that is wanted: there are as many groups that score no less."""
        firsts = np.unique(self._groups[: scores.shape[1]], return_index=True)[1][: max(FIRST, SPARSE * self._wanted)]
        if len(firsts) >= self._wanted:
            place = len(firsts) - self._wanted
            self._raise(np.partition(scores[:, firsts], place, axis=1)[:, place])

    def _drop(self) -> None:
        """Of those found so far, what lies too far below the last wanted group."""
        groups = self._groups[self._places]
        order = np.lexsort((-self._scores, groups, self._of))
        of, groups, scores = self._of[order], groups[order], self._scores[order]
        best = np.ones(len(of), np.bool_)
        best[1:] = (of[1:] != of[:-1]) | (groups[1:] != groups[:-1])
        of, scores = of[best], scores[best]
        counts = np.bincount(of, minlength=len(self._low))
        scores = scores[np.lexsort((-scores, of))]
        enough = counts >= self._wanted
        last = np.full(len(self._low), NOTHING)
        last[enough] = scores[(np.cumsum(counts) - counts + self._wanted - 1)[enough]]
        self._raise(last)
        self._keep(self._scores >= self._low[self._of])
        over = np.bincount(self._of, minlength=len(self._low)) > self._most
        if over.any():
            self._gave_up |= over
            self._low[over] = np.inf
            self._keep(~over[self._of])

    def _keep(self, which: NDArray[np.bool_]) -> None:
        self._of, self._places, self._scores = self._of[which], self._places[which], self._scores[which]

    def _raise(self, last: NDArray[np.float32]) -> None:
        """last: float32 (q,), a score that `wanted` groups reach. Both it and what is compared with it may be off."""
        self._low = np.maximum(self._low, last - np.float32(2 * self._off))

    def places(self) -> list[Places | None]:
        """Of each query, ascending; None where there are too many."""
        self._drop()
        order = np.lexsort((self._places, self._of))
        ends = np.cumsum(np.bincount(self._of, minlength=len(self._low)))[:-1]
        found = np.split(self._places[order], ends)
        return [None if gave_up else some for gave_up, some in zip(self._gave_up.tolist(), found, strict=True)]
