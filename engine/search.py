"""Search: a query against one generation of the catalog.

    filter -> the exact set of matching regions -> their scores -> the best of each group -> one read of the catalog

The score of one space is the cosine. Of several it is sum(a * cosine) / sum(a) with a = weight / spread, the spread
being that of random pairs in the space (engine.scale): in [-1, 1] again, and 1 for the same photo.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from engine import schema
from engine.errors import CatalogBusyError, QueryError
from engine.lookup import Card, read_cards
from engine.matches import Matches, find_matches, snapshot_for
from engine.query import Hit, Query, Results
from engine.scale import spread_of
from engine.snapshot import Reader, Snapshot
from engine.store import Store

CHUNK_ROWS = 2_048  # rows converted at once: they stay in the processor's cache
ATTEMPTS = 5


def search(reader: Reader, query: Query) -> Results:
    """Answer the query from the newest generation.

    Raises FilterError, SpaceError for a space that the catalog does not have, and QueryError for a vector of the wrong
    length. Every hit comes from one generation: when the catalog moves on while the search runs, it runs again.
    """
    for attempt in range(ATTEMPTS):
        snapshot, condition = snapshot_for(reader, query.where)
        _check_dimensions(snapshot, query)
        matches = find_matches(snapshot, query, condition)
        shares = space_shares(snapshot, query)
        scores = exact_scores(snapshot, matches.ids, query, shares)
        best = best_of_groups(scores, matches, query)
        page = best[query.offset : query.offset + query.k]
        generation, cards = _read(reader.store, matches.ids[page])
        last = attempt == ATTEMPTS - 1
        if generation == snapshot.generation or (last and len(cards) == len(page)):
            return Results(
                query=query,
                generation=snapshot.generation,
                matched=matches.group_count,
                searched=len(matches),
                exact=True,
                hits=_hits(snapshot, query, matches.ids[page], scores[page], cards),
            )
    raise CatalogBusyError(f"{reader.store.root} changed again and again during the search: try once more")


def _check_dimensions(snapshot: Snapshot, query: Query) -> None:
    for name, vector in query.vectors.items():
        dim = snapshot.space(name).dim
        if len(vector) != dim:
            raise QueryError(f"space '{name}' has {dim} dimensions, and the query's vector {len(vector)}")


def space_shares(snapshot: Snapshot, query: Query) -> dict[str, float]:
    """How much each space counts in the score, by name; they add up to 1."""
    names = sorted(query.vectors)
    if len(names) == 1:
        return {names[0]: 1.0}
    say = {name: query.weights[name] / spread_of(snapshot, name) for name in names}
    total = sum(say.values())
    return {name: value / total for name, value in say.items()}


def exact_scores(
    snapshot: Snapshot, ids: NDArray[np.int64], query: Query, shares: Mapping[str, float]
) -> NDArray[np.float64]:
    """The score of each region (n,), float64 (n,). A row's score depends on the row alone, so equal rows tie."""
    scores = np.zeros(len(ids))
    for name, share in shares.items():
        scores += share * cosines(snapshot, name, ids, query.vectors[name])
    return np.clip(scores, -1, 1, out=scores)


def cosines(snapshot: Snapshot, name: str, ids: NDArray[np.int64], vector: NDArray[np.float32]) -> NDArray[np.float32]:
    """The cosine of each region (n,) with a unit vector (dim,), float32 (n,). Memory is bounded by a chunk."""
    found = np.empty(len(ids), dtype=np.float32)
    start = 0
    for part, rows in snapshot.vectors(name).chunks(ids, CHUNK_ROWS):
        # One dot product a row: a matrix product may round a row differently from place to place.
        lengths = np.sqrt(np.vecdot(rows, rows))  # float16 moved them off 1 by some 1e-5
        found[start : start + len(part)] = np.vecdot(rows, vector) / lengths
        start += len(part)
    return found


def best_of_groups(scores: NDArray[np.float64], matches: Matches, query: Query) -> NDArray[np.intp]:
    """Places (m,) of the first offset + k groups' best regions: score descending, then region id ascending."""
    wanted = query.offset + query.k
    open_to = np.arange(len(scores)) if query.min_score is None else np.flatnonzero(scores >= query.min_score)
    scores = scores[open_to]
    depth = 4 * wanted
    while True:
        whole = depth >= len(scores)
        # All that score as high as the depth-th, ties included, so that nothing outside can come before them.
        top = np.arange(len(scores)) if whole else np.flatnonzero(scores >= -np.partition(-scores, depth)[depth])
        order = top[np.argsort(-scores[top], kind="stable")]
        _, first = np.unique(matches.groups[open_to[order]], return_index=True)
        if whole or len(first) >= wanted:
            return np.asarray(open_to[order[np.sort(first)[:wanted]]])
        depth *= 4


def _read(store: Store, ids: NDArray[np.int64]) -> tuple[int, dict[int, Card]]:
    with store.database.read() as connection:
        generation = connection.execute(select(schema.catalog.c.generation)).scalar_one()
        return generation, read_cards(connection, ids.tolist())


def _hits(
    snapshot: Snapshot,
    query: Query,
    ids: NDArray[np.int64],
    scores: NDArray[np.float64],
    cards: Mapping[int, Card],
) -> tuple[Hit, ...]:
    each = {
        name: np.clip(cosines(snapshot, name, ids, vector), -1, 1).tolist() for name, vector in query.vectors.items()
    }
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
                scores={name: values[place] for name, values in each.items()},
                attributes=card.attributes,
                confidences=card.confidences,
            )
        )
    return tuple(hits)
