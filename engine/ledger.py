"""What the record says of the files: what became of them, and the photos that there are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from engine import schema
from engine.store import Store
from engine.values import SQL_LIMIT


@dataclass(frozen=True)
class FileLine:
    """A file, or a cell of a table, with what is wrong. source: where the table names it, or ""."""

    path: str
    source: str
    reason: str


@dataclass(frozen=True, eq=False)
class Hashes:
    """Perceptual hashes of the live photos, uint64 (n,), with their image ids, int64 (n,), ascending.

    new: places of those asked for, (m,).
    """

    image_ids: NDArray[np.int64]
    values: NDArray[np.uint64]
    new: NDArray[np.intp]


@dataclass(frozen=True)
class StoredPhoto:
    """A photo of the catalog, to be read again: whole, or x, y, width, height of it."""

    path: str
    box: tuple[int, int, int, int] | None


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


def unmasked(store: Store, limit: int | None = None) -> list[FileLine]:
    """Photos that are compared whole, with what the ledger says of why."""
    ledger, image, region = schema.ledger, schema.image, schema.region
    bare = select(region.c.image_id).where(region.c.removed.is_(None), region.c.masked.is_(False))
    statement = (
        select(image.c.path, ledger.c.source, ledger.c.reason)
        .outerjoin(ledger, (ledger.c.image_id == image.c.id) & (ledger.c.path == image.c.path))
        .where(image.c.removed.is_(None), image.c.id.in_(bare))
        .order_by(image.c.path)
        .limit(limit)
    )
    with store.database.read() as connection:
        return [FileLine(row.path, row.source or "", row.reason or "") for row in connection.execute(statement)]


def refusals(store: Store, limit: int | None = None) -> list[FileLine]:
    """Photos without a vector in a space, and why."""
    refusal, image, region, space = schema.refusal, schema.image, schema.region, schema.space
    statement = (
        select(image.c.path, space.c.name, refusal.c.reason)
        .join(region, region.c.id == refusal.c.region_id)
        .join(image, image.c.id == region.c.image_id)
        .join(space, space.c.id == refusal.c.space_id)
        .where(region.c.removed.is_(None), space.c.removed.is_(None))
        .order_by(image.c.path, space.c.name, region.c.id)
        .limit(limit)
    )
    with store.database.read() as connection:
        return [FileLine(row.path, "", f"{row.name}: {row.reason}") for row in connection.execute(statement)]


def photo_hashes(store: Store, since_run: int | None = None) -> Hashes:
    """Of all live photos; `new` are those of that run or later, or all."""
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
            return Hashes(ids[:0], np.empty(0, np.uint64), new)
        stored = connection.execute(select(image.c.phash).where(live).order_by(image.c.id)).scalars()
        return Hashes(ids, np.fromiter(stored, dtype=np.int64, count=len(ids)).view(np.uint64), new)


def image_paths(store: Store, image_ids: Iterable[int]) -> dict[int, str]:
    """Image id -> path, of those that are still in the record."""
    image, wanted = schema.image, list(image_ids)
    found: dict[int, str] = {}
    with store.database.read() as connection:
        for start in range(0, len(wanted), SQL_LIMIT):
            part = wanted[start : start + SQL_LIMIT]
            rows = connection.execute(select(image.c.id, image.c.path).where(image.c.id.in_(part)))
            found.update((row.id, row.path) for row in rows)
    return found


def different_photos(store: Store) -> list[StoredPhoto]:
    """Live photos of different content or box, in the order they were indexed."""
    region, image = schema.region, schema.image
    statement = (
        select(image.c.sha256, image.c.path, region.c.kind, region.c.x, region.c.y, region.c.width, region.c.height)
        .join(region, region.c.image_id == image.c.id)
        .where(region.c.removed.is_(None))
        .order_by(region.c.id)
    )
    with store.database.read() as connection:
        rows = connection.execute(statement).all()
    different: dict[tuple[object, ...], StoredPhoto] = {}
    for row in rows:
        # A garment's box was found, and will be again; a given one is all there is to see.
        box = None if row.x is None or row.kind == "garment" else (row.x, row.y, row.width, row.height)
        different.setdefault((row.sha256, box), StoredPhoto(row.path, box))
    return list(different.values())
