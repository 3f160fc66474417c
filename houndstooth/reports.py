"""What happened to the files: failures, problems and near-duplicates, read from the ledger."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sqlalchemy import select

from engine import schema
from engine.store import Store


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
    live = select(image.c.id, image.c.path, image.c.phash).where(image.c.removed.is_(None)).order_by(image.c.id)
    with store.database.read() as connection:
        rows = connection.execute(live).all()
        if since_run is None:
            fresh = {row.id for row in rows}
        else:
            statement = select(ledger.c.image_id).where(ledger.c.run_id >= since_run, ledger.c.state != "failed")
            fresh = set(connection.execute(statement).scalars())
    hashes = np.array([row.phash for row in rows], dtype=np.int64).view(np.uint64)
    new = np.array([number for number, row in enumerate(rows) if row.id in fresh], dtype=np.int64)
    pairs = {
        (min(first, int(new[second])), max(first, int(new[second])))
        for first, second in find(hashes, hashes[new]).tolist()
        if first != new[second]
    }
    return [
        NearPair(rows[first].path, rows[second].path, int(hashes[first] ^ hashes[second]).bit_count())
        for first, second in sorted(pairs)
        if rows[first].path != rows[second].path
    ]
