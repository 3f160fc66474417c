"""Search: a query against one generation of the catalog.

    filter -> the exact set of matching regions -> their scores -> the best of each group -> one read of the catalog

The score of one space is the cosine. Of several it is sum(a * cosine) / sum(a) with a = weight / spread, the spread
being that of random pairs in the space (engine.scale): in [-1, 1] again, and 1 for the same photo. A region that has no
vector in one of several spaces, because that space refused it, counts there as a random pair: it is neither lost nor
preferred.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.database import newest_generation
from engine.errors import CatalogBusyError, QueryError, SpaceError
from engine.index import VectorIndex
from engine.indexes import forget_indexes, open_index
from engine.lookup import Card, read_cards
from engine.matches import Matches, find_matches, snapshot_for
from engine.narrowing import narrow
from engine.query import Hit, Query, Results
from engine.scale import mean_of, spread_of
from engine.shortlist import Ground, depth_of, fuse, search_shortlist
from engine.snapshot import Reader, Snapshot
from engine.store import Store

CHUNK_NUMBERS = 1 << 18  # numbers converted at once: they stay in the processor's cache
EXACT_NUMBERS = 1 << 24
"""Matching regions of so many numbers together are all compared, index or not. docs/search.md says why so many."""
AT_ONCE = 1024
"""Of many queries that are alike, so many are answered together."""
ATTEMPTS = 5
GROUND = "ground"


@dataclass(frozen=True, eq=False)
class Ranked:
    """Regions of the hits, best first, with their scores; how many were compared, and whether that was all."""

    ids: NDArray[np.int64]
    scores: NDArray[np.float64]
    searched: int
    exact: bool


def search(reader: Reader, query: Query, exact_rows: int | None = None) -> Results:
    """Answer the query from the newest generation.

    exact_rows: up to so many matching regions are all compared (None: as many as have EXACT_NUMBERS numbers in the
    spaces asked for); more are searched through the spaces' indexes where there are any. Raises FilterError,
    SpaceError for a space that the catalog does not have, and QueryError for a vector of the wrong length. All of an
    answer is of one generation: when the catalog moves on, it is asked anew.
    """
    return _answer(reader, [query], exact_rows)[0]


def search_many(
    reader: Reader,
    queries: Sequence[Query],
    exact_rows: int | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Results]:
    """Answer many queries, each as `search` does, with the same hits and scores, in a fraction of the time.

    Queries of the same filter, spaces, weights, groups and number of hits share what can be shared, AT_ONCE at a time:
    the filter, one read of the catalog, and, where all matching regions are compared, one pass over their rows. Each
    answer is of one generation; where the catalog moves on meanwhile, later ones are of a newer. Raises as `search`.
    """
    alike: dict[Hashable, list[int]] = {}
    for place, query in enumerate(queries):
        asked = (query.where, query.group, tuple(sorted(query.weights.items())), query.offset + query.k)
        alike.setdefault(asked, []).append(place)
    found: dict[int, Results] = {}
    for places in alike.values():
        for start in range(0, len(places), AT_ONCE):
            part = places[start : start + AT_ONCE]
            found.update(zip(part, _answer(reader, [queries[place] for place in part], exact_rows), strict=True))
            progress(len(found), len(queries))
    return [found[place] for place in range(len(queries))]


def _answer(reader: Reader, queries: Sequence[Query], exact_rows: int | None) -> list[Results]:
    """Queries of the same filter, spaces, weights, groups and number of hits."""
    for attempt in range(ATTEMPTS):
        snapshot, condition = snapshot_for(reader, queries[0].where)
        for query in queries:
            _check_dimensions(snapshot, query)
        matches = [find_matches(snapshot, query, condition) for query in queries]
        ranked = rank(reader.store, snapshot, matches, queries, exact_rows)
        shown = [one.ids[query.offset :] for one, query in zip(ranked, queries, strict=True)]
        ids = np.unique(np.concatenate(shown))
        generation, cards = _read(reader, ids)
        last = attempt == ATTEMPTS - 1
        if generation == snapshot.generation or (last and len(cards) == len(ids)):
            return [
                Results(
                    query=query,
                    generation=snapshot.generation,
                    matched=among.group_count,
                    searched=one.searched,
                    exact=one.exact,
                    hits=_hits(snapshot, query, part, one.scores[query.offset :], cards),
                )
                for query, among, one, part in zip(queries, matches, ranked, shown, strict=True)
            ]
    raise CatalogBusyError(f"{reader.store.root} changed again and again during the search: try once more")


def rank(
    store: Store,
    snapshot: Snapshot,
    matches: Sequence[Matches],
    queries: Sequence[Query],
    exact_rows: int | None = None,
) -> list[Ranked]:
    """The first offset + k hits of each query among its matches, or all there are. exact_rows: as in `search`.

    Queries of the same spaces and weights, whose matches differ in what is excluded only.
    """
    shares = space_shares(snapshot, queries[0].weights)
    if exact_rows is None:
        exact_rows = EXACT_NUMBERS // sum(snapshot.space(name).dim for name in shares)
    ranked: dict[int, Ranked] = {}
    for place, (among, query) in enumerate(zip(matches, queries, strict=True)):
        if len(among) > exact_rows and among.group_count >= depth_of(query.offset + query.k):
            found = _by_index(store, snapshot, among, query, shares)
            if found is not None:
                ranked[place] = found
    left = [place for place in range(len(queries)) if place not in ranked]
    near: list[NDArray[np.intp] | None] = [None] * len(left)
    if len(left) > 1:
        near = narrow(snapshot, [queries[place] for place in left], [matches[place] for place in left], shares)
    for place, places in zip(left, near, strict=True):
        among = matches[place] if places is None else matches[place].at(places)
        ids, scores = _exactly(snapshot, among.allowed(), queries[place], shares)
        ranked[place] = Ranked(ids, scores, len(matches[place]), exact=True)
    return [ranked[place] for place in range(len(queries))]


def _exactly(
    snapshot: Snapshot, matches: Matches, query: Query, shares: Mapping[str, float]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Regions of the first offset + k hits, and their scores."""
    scores = fuse({name: _cosines_or_mean(snapshot, name, matches.ids, query.vectors[name]) for name in shares}, shares)
    places = best_of_groups(scores, matches.groups, query.offset + query.k, query.min_score)
    return matches.ids[places], scores[places]


def _by_index(
    store: Store, snapshot: Snapshot, matches: Matches, query: Query, shares: Mapping[str, float]
) -> Ranked | None:
    """None where a space has no index, or lists cannot settle it."""

    def cosines_of(name: str, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        return _cosines_or_mean(snapshot, name, ids, query.vectors[name])

    def best(ids: NDArray[np.int64], scores: NDArray[np.float64], count: int) -> NDArray[np.intp]:
        groups = matches.groups[np.searchsorted(matches.ids, ids)]
        if not len(matches.excluded):
            return best_of_groups(scores, groups, count)
        allowed = np.flatnonzero(~np.isin(groups, matches.excluded))
        return np.asarray(allowed[best_of_groups(scores[allowed], groups[allowed], count)])

    indexes = _indexes(store, snapshot, shares)
    if len(indexes) < len(shares):
        return None
    if GROUND not in matches.kept:  # these are of one snapshot, whose indexes stay the same
        matches.kept[GROUND] = Ground.of(matches.ids, indexes, _lacking(snapshot, matches.ids, shares))
    found = search_shortlist(matches.kept[GROUND], query, shares, indexes, cosines_of, best)
    if found is None:
        return None
    return Ranked(found.ids, found.scores, min(found.compared, len(matches)), exact=False)


def _lacking(
    snapshot: Snapshot, ids: NDArray[np.int64], names: Iterable[str]
) -> dict[str, tuple[NDArray[np.bool_], float]]:
    """Which of the ids have no vector in a space, bool (n,), and their cosine there, of the spaces that some lack."""
    missing = {name: ~snapshot.vectors(name).has(ids) for name in names}
    return {name: (these, float(np.float32(mean_of(snapshot, name)))) for name, these in missing.items() if these.any()}


def _indexes(store: Store, snapshot: Snapshot, names: Iterable[str]) -> dict[str, VectorIndex]:
    """Of the spaces that have one that can be used."""
    forget_indexes(store, snapshot.indexes)
    opened = {}
    for name in names:
        number = snapshot.space(name).id
        if number in snapshot.indexes and (index := open_index(store, number, snapshot.indexes[number])) is not None:
            opened[name] = index
    return opened


def _check_dimensions(snapshot: Snapshot, query: Query) -> None:
    for name, vector in query.vectors.items():
        dim = snapshot.space(name).dim
        if len(vector) != dim:
            raise QueryError(f"space '{name}' has {dim} dimensions, and the query's vector {len(vector)}")
        if query.fingerprints.get(name, snapshot.space(name).fingerprint) != snapshot.space(name).fingerprint:
            raise SpaceError(f"space '{name}' was just replaced by another version of its extractor: ask again")


def space_shares(snapshot: Snapshot, weights: Mapping[str, float]) -> dict[str, float]:
    """How much each space counts in the score, by name; they add up to 1."""
    names = sorted(weights)
    if len(names) == 1:
        return {names[0]: 1.0}
    say = {name: weights[name] / spread_of(snapshot, name) for name in names}
    total = sum(say.values())
    return {name: value / total for name, value in say.items()}


def cosines(snapshot: Snapshot, name: str, ids: NDArray[np.int64], vector: NDArray[np.float32]) -> NDArray[np.float32]:
    """The cosine of each region (n,) with a unit vector (dim,), float32 (n,). Memory is bounded by a chunk."""
    found = np.empty(len(ids), dtype=np.float32)
    start = 0
    vectors = snapshot.vectors(name)
    for part, rows in vectors.chunks(ids, max(1, CHUNK_NUMBERS // vectors.dim)):
        # One dot product a row: a matrix product may round a row differently from place to place.
        lengths = np.sqrt(np.vecdot(rows, rows))  # float16 moved them off 1 by some 1e-5
        found[start : start + len(part)] = np.vecdot(rows, vector) / lengths
        start += len(part)
    return found


def _cosines_or_mean(
    snapshot: Snapshot, name: str, ids: NDArray[np.int64], vector: NDArray[np.float32]
) -> NDArray[np.float32]:
    """As `cosines`; the mean of random pairs where a region has no vector in the space."""
    has = snapshot.vectors(name).has(ids)
    if has.all():
        return cosines(snapshot, name, ids, vector)
    found = np.full(len(ids), mean_of(snapshot, name), dtype=np.float32)
    found[has] = cosines(snapshot, name, ids[has], vector)
    return found


def best_of_groups(
    scores: NDArray[np.float64], groups: NDArray[np.int64], wanted: int, min_score: float | None = None
) -> NDArray[np.intp]:
    """Of regions by ascending id, with scores and groups (n,): the places (m,) of the best of the first groups.

    Score descending, then region id ascending; m is `wanted`, or the number of groups that reach min_score.
    """
    open_to = np.arange(len(scores)) if min_score is None else np.flatnonzero(scores >= min_score)
    scores = scores[open_to]
    depth = 4 * wanted
    while True:
        whole = depth >= len(scores)
        # All that score as high as the depth-th, ties included, so that nothing outside can come before them.
        top = np.arange(len(scores)) if whole else np.flatnonzero(scores >= -np.partition(-scores, depth)[depth])
        order = top[np.argsort(-scores[top], kind="stable")]
        _, first = np.unique(groups[open_to[order]], return_index=True)
        if whole or len(first) >= wanted:
            return np.asarray(open_to[order[np.sort(first)[:wanted]]])
        depth *= 4


def _read(reader: Reader, ids: NDArray[np.int64]) -> tuple[int, dict[int, Card]]:
    with reader.read() as connection:
        return newest_generation(connection), read_cards(connection, ids.tolist())


def _hits(
    snapshot: Snapshot,
    query: Query,
    ids: NDArray[np.int64],
    scores: NDArray[np.float64],
    cards: Mapping[int, Card],
) -> tuple[Hit, ...]:
    each: dict[int, dict[str, float]] = {number: {} for number in ids.tolist()}
    for name, vector in query.vectors.items():
        held = ids[snapshot.vectors(name).has(ids)]
        values = np.clip(cosines(snapshot, name, held, vector), -1, 1).tolist()
        for number, value in zip(held.tolist(), values, strict=True):
            each[number][name] = value
    images = snapshot.image_ids[snapshot.rows_of(ids)].tolist()
    hits = []
    for place, (number, score) in enumerate(zip(ids.tolist(), scores.tolist(), strict=True)):
        card = cards[number]
        hits.append(
            Hit(
                rank=query.offset + place + 1,
                product=card.product,
                image=card.image,
                region_id=number,
                image_id=images[place],
                score=score,
                scores=each[number],
                attributes=card.attributes,
                confidences=card.confidences,
            )
        )
    return tuple(hits)
