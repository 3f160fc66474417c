"""Pictures for a review: large enough to judge, from the photos themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select

from engine import schema
from engine.errors import PictureError
from engine.store import Store
from engine.thumbnails import Thumbnails
from engine.values import SQL_LIMIT

if TYPE_CHECKING:
    from indexer.labels.review.pool import Pool

SIDE = 640
"""Longest side, pixels."""

Shares = tuple[float, float, float, float]


def pictures(store: Store, pool: Pool, rows: Sequence[int]) -> Iterator[tuple[bytes | None, Shares | None]]:
    """A JPEG of each photo, and the box that is meant in it, in shares of it; None for all of it.

    Of a photo that cannot be read any more, the small picture that the catalog keeps, or None.
    """
    from indexer.decode import read_picture
    from indexer.thumbnail import thumbnail

    boxes = _boxes(store, [int(pool.regions[row]) for row in rows])
    small = Thumbnails(store)
    for row in rows:
        try:
            jpeg: bytes | None = thumbnail(read_picture(Path(pool.paths[row])), SIDE)
        except PictureError:
            jpeg = small.get(int(pool.images[row]))
        yield jpeg, boxes.get(int(pool.regions[row]))


def _boxes(store: Store, region_ids: Sequence[int]) -> dict[int, Shares]:
    region, image = schema.region, schema.image
    found: dict[int, Shares] = {}
    with store.database.read() as connection:
        for start in range(0, len(region_ids), SQL_LIMIT):
            rows = connection.execute(
                select(
                    region.c.id, region.c.x, region.c.y, region.c.width, region.c.height,
                    image.c.width.label("across"), image.c.height.label("down"),
                )
                .join(image, image.c.id == region.c.image_id)
                .where(region.c.id.in_(region_ids[start : start + SQL_LIMIT]), region.c.x.is_not(None))
            )  # fmt: skip
            for row in rows:
                found[row.id] = (row.x / row.across, row.y / row.down, row.width / row.across, row.height / row.down)
    return found
