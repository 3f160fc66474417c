"""Taking broken files out of use, so that what is derived is rebuilt and what is lost is indexed again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, delete, select, update

from engine import schema
from engine.checks import CheckReport
from engine.errors import CatalogCorruptError
from engine.shard_rows import retire_shards
from engine.shards import open_thumbnails, open_vectors
from engine.writer import Writer

Ids = NDArray[np.int64]


@dataclass(frozen=True)
class Repair:
    """What was done. retired: shards taken out of use. reindex: images whose vectors must be extracted again.

    indexes: FAISS files taken out of use. pictures: ids of images that have no thumbnail now.
    """

    retired: int
    reindex: int
    indexes: int
    pictures: tuple[int, ...]


def retire_broken(writer: Writer, report: CheckReport) -> Repair:
    """Take broken shards and FAISS files out of use, in one transaction.

    Images that lose their vectors with them are marked, so that the next `houndstooth index` extracts them again.
    """
    broken = [finding.shard_id for finding in report.findings if finding.shard_id is not None]
    indexes = {finding.subject.removeprefix("space ") for finding in report.findings if finding.part == "index"}
    space, index = schema.space, schema.vector_index
    with writer.change() as connection:
        retire_shards(connection, schema.shard.c.id.in_(broken), writer.generation + 1)
        named = select(space.c.id).where(space.c.name.in_(indexes))
        gone = connection.execute(delete(index).where(index.c.space_id.in_(named))).rowcount
        lost = _mark_lost(connection, writer.store.vectors)
        pictures = _without_thumbnail(connection, writer.store.thumbnails)
    return Repair(len(broken), lost, gone, pictures)


def _mark_lost(connection: Connection, folder: Path) -> int:
    """Strike from each image the spaces in use that one of its regions lost its vector in; the number of images."""
    region, image = schema.region, schema.image
    held = _held(connection, lambda name: open_vectors(folder / name).ids, thumbnails=False)
    lost = 0
    rows = connection.execute(
        select(region.c.id, image.c.id.label("image_id"), image.c.spaces)
        .join(image, image.c.id == region.c.image_id)
        .where(region.c.removed.is_(None))
    ).all()
    kept: dict[int, set[int]] = {}
    refusal = schema.refusal
    refused = {tuple(row) for row in connection.execute(select(refusal.c.region_id, refusal.c.space_id))}
    in_use = set(connection.execute(select(schema.space.c.id).where(schema.space.c.removed.is_(None))).scalars())
    for row in rows:
        said = {int(number) for number in row.spaces.split(",") if number.isdecimal()}
        has = {one for one in said if one not in in_use or row.id in held.get(one, ()) or (row.id, one) in refused}
        kept[row.image_id] = kept.get(row.image_id, said) & has
    for row in {row.image_id: row for row in rows}.values():
        spaces = ",".join(map(str, sorted(kept[row.image_id])))
        if spaces != row.spaces:
            connection.execute(update(image).where(image.c.id == row.image_id).values(spaces=spaces))
            lost += 1
    return lost


def _without_thumbnail(connection: Connection, folder: Path) -> tuple[int, ...]:
    image = schema.image
    live = connection.execute(select(image.c.id).where(image.c.removed.is_(None)).order_by(image.c.id)).scalars()
    held = _held(connection, lambda name: open_thumbnails(folder / name).ids, thumbnails=True).get(None, set())
    return tuple(image_id for image_id in live if image_id not in held)


def _held(connection: Connection, ids: Callable[[str], Ids], thumbnails: bool) -> dict[int | None, set[int]]:
    """Space id (None: thumbnails) -> the ids in its shards that can be read."""
    shard = schema.shard
    kind = shard.c.space_id.is_(None) if thumbnails else shard.c.space_id.is_not(None)
    held: dict[int | None, set[int]] = {}
    for row in connection.execute(select(shard.c.space_id, shard.c.name).where(shard.c.removed.is_(None), kind)):
        try:
            held.setdefault(row.space_id, set()).update(ids(row.name).tolist())
        except CatalogCorruptError:
            continue  # it was retired above, unless it broke a moment ago: the next check finds it
    return held
