"""Keeping the shards few and free of removed rows, and sweeping files that nothing names.

Small shards are merged when a size class has many (a log-structured merge tree's tiers: each row is rewritten once a
tier, so O(log n) times in all); a shard of which a quarter is removed rows is rewritten without them.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Column, Connection, Table, delete, exists, select

from engine import schema
from engine.database import stream_numbers
from engine.durable import TMP, PublishedFile, hash_file
from engine.errors import CatalogCorruptError
from engine.models import garment_recipe, model_names
from engine.shard_rows import record_shard, retire_shards
from engine.shards import open_thumbnails, open_vectors, write_thumbnails, write_vectors
from engine.store import Store
from engine.values import SQL_LIMIT
from engine.writer import Writer

TIER_ROWS = 128
"""Rows of a shard of the lowest tier; each tier up holds FAN times more."""
FAN = 16
"""Small files cost a reader some 0.1 ms each, and rewriting rows costs the writer: 15 of a tier are let be."""
LARGEST_ROWS = 65_536
LARGEST_THUMBNAILS = 8_192
"""Rows of the largest shards: some 50 MB each, which are in memory a few times over while they are rewritten."""
DEAD_SHARE = 0.25
GRACE_SECONDS = 3600.0
"""How long a file that is no longer named stays for readers that opened before."""

Ids = NDArray[np.int64]
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Shard:
    id: int
    space_id: int | None
    name: str
    sha256: str
    ids: Ids
    live: NDArray[np.bool_]

    @property
    def tier(self) -> int:
        """Size class by live rows."""
        return max(0, math.floor(math.log(max(int(self.live.sum()), 1) / TIER_ROWS, FAN)))


@dataclass(frozen=True)
class Compaction:
    """What was done: shards rewritten and made, tombstones cleared, files swept, bytes freed."""

    merged: int = 0
    made: int = 0
    cleared: int = 0
    swept: int = 0
    freed: int = 0


def compact(writer: Writer, everything: bool = False, grace: float = GRACE_SECONDS) -> Compaction:
    """Merge and rewrite the shards that are due (all of them: `everything`), clear tombstones, sweep files."""
    merged = made = 0
    while group := _due(_shards(writer), everything):
        made += _rewrite(writer, group)
        merged += len(group)
        if everything:
            break
    cleared = _clear_tombstones(writer)
    swept, freed = sweep(writer, grace)
    return Compaction(merged, made, cleared, swept, freed)


def _shards(writer: Writer) -> list[_Shard]:
    shard, region, image = schema.shard, schema.region, schema.image
    with writer.database.read() as connection:
        rows = connection.execute(
            select(shard.c.id, shard.c.space_id, shard.c.name, shard.c.sha256)
            .where(shard.c.removed.is_(None))
            .order_by(shard.c.id)
        ).all()
        dead_regions, dead_images = _dead(connection, region), _dead(connection, image)
    found = []
    for row in rows:
        if row.space_id is None:
            ids, gone = open_thumbnails(writer.store.thumbnails / row.name).ids, dead_images
        else:
            ids, gone = open_vectors(writer.store.vectors / row.name).ids, dead_regions
        found.append(_Shard(row.id, row.space_id, row.name, row.sha256, ids, ~np.isin(ids, gone)))
    return found


def _due(shards: Sequence[_Shard], everything: bool) -> list[_Shard]:
    """Shards of one space to be rewritten together, or none."""
    by_space: dict[int | None, list[_Shard]] = {}
    for shard in shards:
        by_space.setdefault(shard.space_id, []).append(shard)
    if everything:
        return [shard for shard in shards if len(by_space[shard.space_id]) > 1 or not shard.live.all()]
    for group in by_space.values():
        rotten = [shard for shard in group if (~shard.live).mean() > DEAD_SHARE]
        if rotten:
            return rotten
        tiers: dict[int, list[_Shard]] = {}
        for shard in group:
            if shard.live.sum() < (LARGEST_THUMBNAILS if shard.space_id is None else LARGEST_ROWS):
                tiers.setdefault(shard.tier, []).append(shard)
        full = next((tier for tier in tiers.values() if len(tier) >= FAN), None)
        if full:
            return full
    return []


def _rewrite(writer: Writer, shards: Sequence[_Shard]) -> int:
    """Publish the live rows of shards anew and retire these, in one transaction; how many shards were made."""
    for shard in shards:
        _verify(writer.store, shard)
    made: list[tuple[int | None, PublishedFile, int]] = []
    for space_id in {shard.space_id for shard in shards}:
        group = [shard for shard in shards if shard.space_id == space_id]
        write = _thumbnail_parts if space_id is None else _vector_parts
        made.extend((space_id, file, rows) for file, rows in write(writer, group))
    with writer.change() as connection:
        retire_shards(connection, schema.shard.c.id.in_([shard.id for shard in shards]), writer.generation + 1)
        for space_id, file, rows in made:
            record_shard(connection, space_id, file, rows)
    return len(made)


def _verify(store: Store, shard: _Shard) -> None:
    """Rows that changed on disk must not get a new hash that vouches for them."""
    path = (store.thumbnails if shard.space_id is None else store.vectors) / shard.name
    if hash_file(path) != shard.sha256:
        raise CatalogCorruptError(f"{path} was altered: run `houndstooth check --repair`, then index the photos again")


def _vector_parts(writer: Writer, shards: Sequence[_Shard]) -> list[tuple[PublishedFile, int]]:
    space = schema.space
    with writer.database.read() as connection:
        fingerprint = connection.execute(
            select(space.c.fingerprint).where(space.c.id == shards[0].space_id)
        ).scalar_one()
    opened = [open_vectors(writer.store.vectors / shard.name) for shard in shards]

    def publish(ids: Ids, numbers: Ids, rows: Ids) -> PublishedFile:
        vectors = np.empty((len(ids), opened[0].vectors.shape[1]), dtype=np.float16)
        for number in np.unique(numbers):
            here = numbers == number
            opened[number].require_whole()
            vectors[here] = opened[number].vectors[rows[here]]
        return write_vectors(writer.store.vectors, ids, vectors, str(fingerprint))

    return _parts(shards, LARGEST_ROWS, publish)


def _thumbnail_parts(writer: Writer, shards: Sequence[_Shard]) -> list[tuple[PublishedFile, int]]:
    opened = [open_thumbnails(writer.store.thumbnails / shard.name) for shard in shards]

    def publish(ids: Ids, numbers: Ids, rows: Ids) -> PublishedFile:
        pictures = [opened[number].picture(row) for number, row in zip(numbers.tolist(), rows.tolist(), strict=True)]
        return write_thumbnails(writer.store.thumbnails, ids, pictures)

    return _parts(shards, LARGEST_THUMBNAILS, publish)


def _parts(
    shards: Sequence[_Shard], largest: int, publish: Callable[[Ids, Ids, Ids], PublishedFile]
) -> list[tuple[PublishedFile, int]]:
    """Publish live rows in pieces of at most `largest`, sorted by id: ids, numbers of shards and rows in them, (n,)."""
    live = [np.flatnonzero(shard.live) for shard in shards]
    ids = np.concatenate([shard.ids[rows] for shard, rows in zip(shards, live, strict=True)])
    numbers = np.repeat(np.arange(len(shards)), [len(rows) for rows in live])
    rows = np.concatenate(live)
    order = np.argsort(ids, kind="stable")
    published = []
    for start in range(0, len(ids), largest):
        part = order[start : start + largest]
        published.append((publish(ids[part], numbers[part], rows[part]), len(part)))
    return published


def _dead(connection: Connection, table: Table) -> Ids:
    return stream_numbers(connection, select(table.c.id).where(table.c.removed.is_not(None)))[:, 0]


def _has_dead(connection: Connection, table: Table) -> bool:
    return bool(connection.execute(select(exists().where(table.c.removed.is_not(None)))).scalar_one())


def _clear_tombstones(writer: Writer) -> int:
    """Delete removed rows whose vectors and thumbnails are in no shard any more; how many regions."""
    region, image, product = schema.region, schema.image, schema.product
    with writer.database.read() as connection:
        if not any(_has_dead(connection, table) for table in (region, image, product)):
            return 0
    shards = _shards(writer)
    none = np.empty(0, np.int64)
    held_regions = np.concatenate([none, *(s.ids[~s.live] for s in shards if s.space_id is not None)])
    held_images = np.concatenate([none, *(s.ids[~s.live] for s in shards if s.space_id is None)])
    with writer.database.write() as connection:
        regions = np.setdiff1d(_dead(connection, region), held_regions)
        _delete(connection, schema.region_value, schema.region_value.c.region_id, regions)
        _delete(connection, schema.refusal, schema.refusal.c.region_id, regions)
        _delete(connection, region, region.c.id, regions)
        with_regions = stream_numbers(connection, select(region.c.image_id))[:, 0]
        images = np.setdiff1d(np.setdiff1d(_dead(connection, image), held_images), with_regions)
        _delete(connection, schema.ledger, schema.ledger.c.image_id, images)
        _delete(connection, image, image.c.id, images)
        with_images = stream_numbers(connection, select(image.c.product_id))[:, 0]
        products = np.setdiff1d(_dead(connection, product), with_images)
        _delete(connection, schema.product_value, schema.product_value.c.product_id, products)
        _delete(connection, product, product.c.id, products)
    return len(regions)


def _delete(connection: Connection, table: Table, column: Column[Any], ids: Ids) -> None:
    for start in range(0, len(ids), SQL_LIMIT):
        connection.execute(delete(table).where(column.in_(ids[start : start + SQL_LIMIT].tolist())))


def sweep(writer: Writer, grace: float = GRACE_SECONDS) -> tuple[int, int]:
    """Delete files that no row names, once the grace period is over; (files, bytes).

    `*.tmp` files go at once: only the writer makes them, and the writer is this one.
    """
    shard = schema.shard
    old = time.time() - grace
    _, garments = garment_recipe(writer.store)
    with writer.database.write() as connection:
        connection.execute(delete(shard).where(shard.c.removed.is_not(None), shard.c.removed_at <= old))
        named = set(connection.execute(select(shard.c.name)).scalars())
        named |= set(connection.execute(select(schema.vector_index.c.name)).scalars())
        named |= model_names(connection, garments)
    swept = freed = 0
    for path in _files(writer.store):
        found = path.stat()
        if path.suffix == TMP or (path.name not in named and found.st_mtime <= old):
            try:
                path.unlink()
            except OSError as error:  # the catalog is whole without it, and it is tried again the next time
                _log.warning("cannot delete %s, which nothing needs any more: %s", path, error.strerror)
                continue
            swept, freed = swept + 1, freed + found.st_size
    return swept, freed


def _files(store: Store) -> list[Path]:
    folders = (store.vectors, store.thumbnails, store.indexes, store.models)
    return sorted(path for folder in folders for path in folder.iterdir() if path.is_file())
