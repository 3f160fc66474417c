"""Taking broken files out of use, so that what is derived is rebuilt and what is lost is indexed again."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import compress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, delete, select, update

from engine import schema
from engine.checks import CheckReport
from engine.database import stream_numbers
from engine.errors import CatalogCorruptError
from engine.expected_rows import ExpectedRows, spaces_told
from engine.shard_rows import retire_shards
from engine.shards import open_thumbnails, open_vectors
from engine.values import SQL_LIMIT
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
    space = schema.space
    in_use = connection.execute(select(space.c.id).where(space.c.removed.is_(None)).order_by(space.c.id))
    numbers = list(in_use.scalars())
    rows = ExpectedRows.read(connection)
    lost = np.zeros((len(rows.regions), len(numbers)), dtype=np.bool_)
    for column, number in enumerate(numbers):
        places = rows.of(number)
        held = _held(connection, number, lambda name: open_vectors(folder / name).ids)
        lost[places, column] = ~np.isin(rows.regions[places], held)
    places = np.flatnonzero(lost.any(axis=1))
    images, first, of_image = np.unique(rows.images[places], return_index=True, return_inverse=True)
    struck = np.zeros((len(images), len(numbers)), dtype=np.bool_)
    np.logical_or.at(struck, of_image, lost[places])
    # Images that had the same spaces and lose the same are written together: there are few kinds of them.
    kinds, of_kind = np.unique(np.column_stack([rows.which[places[first]], struck]), axis=0, return_inverse=True)
    for number, (which, *gone) in enumerate(kinds.tolist()):
        left = spaces_told(rows.told[which]) - set(compress(numbers, gone))
        _tell(connection, images[of_kind.ravel() == number], ",".join(map(str, sorted(left))))
    return len(images)


def _tell(connection: Connection, images: Ids, spaces: str) -> None:
    image = schema.image
    for start in range(0, len(images), SQL_LIMIT):
        part = images[start : start + SQL_LIMIT].tolist()
        connection.execute(update(image).where(image.c.id.in_(part)).values(spaces=spaces))


def _without_thumbnail(connection: Connection, folder: Path) -> tuple[int, ...]:
    image = schema.image
    live = stream_numbers(connection, select(image.c.id).where(image.c.removed.is_(None)))[:, 0]
    held = _held(connection, None, lambda name: open_thumbnails(folder / name).ids)
    return tuple(np.setdiff1d(live, held).tolist())


def _held(connection: Connection, space_id: int | None, ids: Callable[[str], Ids]) -> Ids:
    """The ids in the shards of a space (None: of thumbnails) that can be read."""
    shard = schema.shard
    held = [np.empty(0, np.int64)]
    for name in connection.execute(
        select(shard.c.name).where(shard.c.removed.is_(None), shard.c.space_id.is_not_distinct_from(space_id))
    ).scalars():
        with suppress(CatalogCorruptError):  # retired above, unless it broke a moment ago: the next check finds it
            held.append(np.array(ids(name)))
    return np.concatenate(held)
