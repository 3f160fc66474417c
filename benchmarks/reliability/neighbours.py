"""Searches of a catalog compared with brute force over vectors made anew from the photos' contents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import cache
from unittest.mock import patch

import numpy as np
from extractors import Mean, Turned
from numpy.typing import NDArray
from shop_of_numbers import Shop, content_of, numbers_of, pixels
from sqlalchemy import select

from engine import schema, shortlist
from engine.query import Hit, Query
from engine.search import search
from engine.snapshot import Reader
from indexer.picture import Picture
from indexer.spaces.base import Extractor
from indexer.spaces.colour import Colour

TOLERANCE = 1e-5
EVERY, HITS = 4, 5
"""Each n-th photo is searched for, and so many hits are compared."""
SMALL = {"DEPTH": 2, "SIZE": 2, "LARGEST": 1, "FURTHER": 1_000_000}
"""Of `engine.shortlist`, so that it answers in a catalog of a few photos rather than leave it to brute force, and reads
all cells: what is compared is the files, not the recall."""
SEARCHES: Counter[str] = Counter()
"""How many searches were compared with brute force: "exact", and "through an index"."""
Region = int
Rows = Mapping[Region, NDArray[np.float64]]


def wrong_neighbours(shop: Shop, some_lost: bool = False) -> list[str]:
    """Searches, through the rows alone and through the spaces' FAISS files, whose hits are not those of brute force.

    some_lost: whether regions may have no vector in the catalog.
    """
    if not shop.store.database_path.is_file():
        return []
    reader = Reader(shop.store)
    snapshot = reader.snapshot()
    contents = _live(shop)
    if sorted(contents) != snapshot.region_ids.tolist():
        return ["the snapshot's regions are not the live ones"]
    wrong = []
    for name, space in snapshot.spaces.items():
        made = _extractor(name, space.fingerprint)
        there = snapshot.vectors(name).has(snapshot.region_ids)
        if not (some_lost or there.all()):
            wrong.append(f"{name}: {int((~there).sum())} regions have no vector")
        regions = snapshot.region_ids[there].tolist()
        expected = {region: _vector(made, *contents[region]) for region in regions}
        for region in list(expected)[::EVERY]:
            for exact_rows in (1_000_000, 0):  # rows alone; the FAISS file, which `index_photos` keeps
                with ExitStack() as stack:
                    for constant, value in SMALL.items():
                        stack.enter_context(patch.object(shortlist, constant, value))
                    found = search(reader, Query({name: expected[region]}, k=HITS, group="image"), exact_rows)
                how = "exact" if found.exact else "through an index"
                SEARCHES[how] += 1
                wrong += [
                    f"{name}, region {region}, {how}: {one}" for one in _differ(expected, expected[region], found.hits)
                ]
    return wrong


def _differ(expected: Rows, query: NDArray[np.float64], hits: Sequence[Hit]) -> list[str]:
    """Hits must have the highest cosines there are, in order, each that of its own region."""
    cosines = {
        region: sum(a * b for a, b in zip(row.tolist(), query.tolist(), strict=True))
        for region, row in expected.items()
    }
    best = sorted(cosines.values(), reverse=True)[:HITS]
    scores = [hit.score for hit in hits]
    if len(scores) != len(best) or not np.allclose(scores, best, atol=TOLERANCE, rtol=0):
        return [f"scores {scores}, by brute force {best}"]
    return [
        f"region {hit.region_id} is said to score {hit.score}, and scores {cosines.get(hit.region_id)}"
        for hit in hits
        if not abs(cosines.get(hit.region_id, np.inf) - hit.score) < TOLERANCE
    ]


def _live(shop: Shop) -> dict[Region, tuple[int, int]]:
    """Live region -> number and version of its photo, by the hash of the file."""
    image, region = schema.image, schema.region
    with shop.store.database.read() as connection:
        rows = connection.execute(
            select(region.c.id, image.c.path, image.c.sha256)
            .join(image, image.c.id == region.c.image_id)
            .where(image.c.removed.is_(None), region.c.removed.is_(None))
        ).all()
    numbers = numbers_of([row.path for row in rows])
    return {row.id: (number, content_of(number, row.sha256)) for row, number in zip(rows, numbers, strict=True)}


def _extractor(name: str, fingerprint: str) -> Extractor:
    return next(made for made in (Colour(), Mean(), Turned()) if (made.name, made.fingerprint) == (name, fingerprint))


def _vector(made: Extractor, number: int, version: int) -> NDArray[np.float64]:
    return _stored(type(made), number, version)


@cache
def _stored(kind: type[Extractor], number: int, version: int) -> NDArray[np.float64]:
    """What is stored of a content, rounded to 16 bits, brought back to unit length."""
    row = kind().extract([Picture(pixels(number, version))])[0].astype(np.float16).astype(np.float64)
    return row / np.linalg.norm(row)
