"""Making thumbnails again, from the photos, where the shard that held them was lost."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import select

from engine import schema
from engine.errors import PictureError
from engine.shard_rows import record_shard
from engine.shards import write_thumbnails
from engine.writer import Writer
from indexer.decode import DecodeLimits, decode
from indexer.plan import BATCH_ROWS
from indexer.stored import read_stored
from indexer.thumbnail import BACKGROUND, thumbnail


@dataclass(frozen=True)
class Unthumbed:
    """An image whose thumbnail could not be made, and why."""

    image_id: int
    path: str
    reason: str


def rebuild_thumbnails(
    writer: Writer, image_ids: Sequence[int], limits: DecodeLimits, batch_rows: int = BATCH_ROWS
) -> tuple[int, list[Unthumbed]]:
    """Read the photos of images that have no thumbnail and publish one each, batch by batch.

    Returns how many were made, and the images whose photo is gone, cannot be read, or is another one by now (their
    vectors show the photo as it was; `houndstooth index` brings both up to date). Images not in the catalog are left
    out. Raises CatalogError when the disk refuses.
    """
    made, failed = 0, []
    for start in range(0, len(image_ids), batch_rows):
        ids, pictures = [], []
        for row in _images(writer, image_ids[start : start + batch_rows]):
            try:
                pictures.append(_make(row, limits))
                ids.append(row.id)
            except PictureError as error:
                failed.append(Unthumbed(row.id, row.path, str(error)))
        if ids:
            _publish(writer, ids, pictures)
            made += len(ids)
    return made, failed


def _images(writer: Writer, image_ids: Sequence[int]) -> list[Any]:
    """Live images with the box of their first region."""
    image, region = schema.image, schema.region
    with writer.database.read() as connection:
        rows = connection.execute(
            select(
                image.c.id,
                image.c.path,
                image.c.sha256,
                region.c.kind,
                region.c.x,
                region.c.y,
                region.c.width,
                region.c.height,
            )
            .join(region, region.c.image_id == image.c.id)
            .where(image.c.id.in_(image_ids), image.c.removed.is_(None), region.c.removed.is_(None))
            .order_by(image.c.id, region.c.id.desc())
        )
        return list({row.id: row for row in rows}.values())


def _make(row: Any, limits: DecodeLimits) -> bytes:
    data = read_stored(row.path, limits)
    if hashlib.sha256(data).digest() != row.sha256:
        raise PictureError("the photo has changed since it was indexed")
    # A garment's box was found in the photo: the thumbnail shows all of it.
    box = None if row.x is None or row.kind == "garment" else (row.x, row.y, row.width, row.height)
    return thumbnail(decode(data, limits, box=box), background=BACKGROUND)


def _publish(writer: Writer, ids: Sequence[int], pictures: Sequence[bytes]) -> None:
    file = write_thumbnails(writer.store.thumbnails, np.array(ids, dtype=np.int64), pictures)
    with writer.change() as connection:
        record_shard(connection, None, file, len(ids))
