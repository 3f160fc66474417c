"""Which gallery photos a query finds, and in which order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.scale import mean_of
from engine.search import space_shares
from engine.snapshot import Snapshot

CHUNK_SCORES = 8_000_000
"""Scores that are held at a time."""


@dataclass(frozen=True, eq=False)
class Photos:
    """Photos as their regions. rows: of the snapshot, by ascending image. images: int64 (n,), the image of each row."""

    rows: NDArray[np.intp]
    images: NDArray[np.int64]

    @staticmethod
    def of(snapshot: Snapshot, keep: NDArray[np.bool_]) -> Photos:
        """The kept regions (n,)."""
        rows = np.flatnonzero(keep)
        order = np.argsort(snapshot.image_ids[rows], kind="stable")
        return Photos(rows[order], snapshot.image_ids[rows[order]])

    def first(self) -> Photos:
        """Only the first region of each photo, which is its product's own."""
        _, place = np.unique(self.images, return_index=True)
        return Photos(self.rows[place], self.images[place])


def rankings(
    snapshot: Snapshot, weights: Mapping[str, float], queries: Photos, gallery: Photos
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]]:
    """The gallery's photos for pieces of the queries: their places among the queries, order (q, g) and scores (q, g).

    Order holds places among the gallery's photos in ascending id, best first, equal scores by id; scores are in that
    order. A photo scores as its best region does; the query's own photo comes last, with -inf. The scores are those of
    `engine.search`: sum(a * cosine) / sum(a), a = weight / spread.
    """
    held = {name: _vectors(snapshot, name, gallery.rows) for name in weights}
    shares = space_shares(snapshot, weights)
    photos, starts = np.unique(gallery.images, return_index=True)
    step = max(1, CHUNK_SCORES // max(1, len(gallery.rows)))
    for begin in range(0, len(queries.rows), step):
        places = np.arange(begin, min(begin + step, len(queries.rows)))
        total = np.zeros((len(places), len(gallery.rows)))
        for name, share in shares.items():
            asked, has = _vectors(snapshot, name, queries.rows[places])
            vectors, there = held[name]
            cosines = (asked @ vectors.T).astype(np.float64)
            cosines[~has] = cosines[:, ~there] = mean_of(snapshot, name) if not (has.all() and there.all()) else 0.0
            total += share * cosines
        scores = np.maximum.reduceat(total, starts, axis=1)
        scores[queries.images[places][:, None] == photos] = -np.inf
        order = np.argsort(-scores, axis=1, kind="stable")
        yield places, order, np.take_along_axis(scores, order, axis=1)


def _vectors(
    snapshot: Snapshot, name: str, rows: Sequence[int] | NDArray[np.intp]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Unit vectors of rows (n, dim), zeros where a region has none, and which have one, bool (n,)."""
    vectors = snapshot.vectors(name)
    ids = snapshot.region_ids[rows]
    has = vectors.has(ids)
    found = np.zeros((len(ids), vectors.dim), dtype=np.float32)
    found[has] = vectors.gather(ids[has])
    found[has] /= np.linalg.norm(found[has], axis=1, keepdims=True)  # float16 moved them off 1
    return found, has
