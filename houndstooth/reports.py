"""What happened to the files: failures, problems and near-duplicates, read from the ledger."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection, select

from engine import schema
from engine.store import Store
from engine.values import SQL_LIMIT


@dataclass(frozen=True)
class FileLine:
    """A file, or a cell of a table, with what is wrong. source: where the table names it, or ""."""

    path: str
    source: str
    reason: str


@dataclass(frozen=True)
class NearPair:
    """Two photos whose perceptual hashes differ in at most `bits` of 64 bits."""

    path: str
    other: str
    bits: int


def failures(store: Store, run_id: int | None = None, limit: int | None = None) -> list[FileLine]:
    """Files that failed when they were last seen (of one run: `run_id`), by path."""
    ledger = schema.ledger
    statement = select(ledger.c.path, ledger.c.source, ledger.c.reason).where(ledger.c.state == "failed")
    if run_id is not None:
        statement = statement.where(ledger.c.run_id == run_id)
    with store.database.read() as connection:
        rows = connection.execute(statement.order_by(ledger.c.path).limit(limit)).all()
    return [FileLine(row.path, row.source, row.reason) for row in rows]


def problems(store: Store, limit: int | None = None) -> list[FileLine]:
    """Cells that the last indexing run could not use."""
    problem, run = schema.problem, schema.run
    last = select(run.c.id).where(run.c.kind == "index").order_by(run.c.id.desc()).limit(1).scalar_subquery()
    statement = select(problem).where(problem.c.run_id == last).order_by(problem.c.id).limit(limit)
    with store.database.read() as connection:
        return [FileLine(row.path, row.source, row.reason) for row in connection.execute(statement)]


def near_duplicates(store: Store, since_run: int | None = None) -> list[NearPair]:
    """Pairs of live photos that look nearly the same; with `since_run`, pairs with a photo of that run or later."""
    from indexer.phash import near_duplicates as find

    image, ledger = schema.image, schema.ledger
    live = image.c.removed.is_(None)
    with store.database.read() as connection:
        ids = np.fromiter(connection.execute(select(image.c.id).where(live).order_by(image.c.id)).scalars(), np.int64)
        new = np.arange(len(ids))
        if since_run is not None:
            seen = select(ledger.c.image_id).where(ledger.c.run_id >= since_run, ledger.c.image_id.is_not(None))
            fresh = np.fromiter(connection.execute(seen.where(ledger.c.state != "failed")).scalars(), np.int64)
            new = np.flatnonzero(np.isin(ids, fresh))
        if not len(new):
            return []
        stored = connection.execute(select(image.c.phash).where(live).order_by(image.c.id)).scalars()
        hashes = np.fromiter(stored, dtype=np.int64, count=len(ids)).view(np.uint64)
        pairs = find(hashes, hashes[new])
        found = np.sort(np.stack([pairs[:, 0], new[pairs[:, 1]]], axis=1), axis=1)
        found = np.unique(found[found[:, 0] != found[:, 1]], axis=0)
        paths = _paths(connection, ids[np.unique(found)].tolist())
    return [
        NearPair(paths[ids[first]], paths[ids[second]], int(hashes[first] ^ hashes[second]).bit_count())
        for first, second in found.tolist()
        if paths[ids[first]] != paths[ids[second]]
    ]


def _paths(connection: Connection, image_ids: list[int]) -> dict[int, str]:
    image = schema.image
    found: dict[int, str] = {}
    for start in range(0, len(image_ids), SQL_LIMIT):
        part = image_ids[start : start + SQL_LIMIT]
        rows = connection.execute(select(image.c.id, image.c.path).where(image.c.id.in_(part)))
        found.update((row.id, row.path) for row in rows)
    return found
