"""Deleting: rows get a tombstone and leave every answer at once; their vectors go when shards are compacted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, delete, exists, select, update

from engine import schema
from engine.values import SQL_LIMIT


def bury_images(connection: Connection, image_ids: Sequence[int], generation: int) -> None:
    """Take images and their regions out of the catalog."""
    for start in range(0, len(image_ids), SQL_LIMIT):
        part = list(image_ids[start : start + SQL_LIMIT])
        connection.execute(
            update(schema.region)
            .where(schema.region.c.image_id.in_(part), schema.region.c.removed.is_(None))
            .values(removed=generation)
        )
        connection.execute(
            update(schema.image)
            .where(schema.image.c.id.in_(part), schema.image.c.removed.is_(None))
            .values(removed=generation)
        )


def move_images(connection: Connection, moved: Mapping[int, str], generation: int) -> None:
    """Give images the paths that their photos have now; the ledger's lines of the old paths go.

    An image of the same product that had such a path before leaves the catalog: its photo was overwritten.
    """
    image, ledger = schema.image, schema.ledger
    for image_id, path in moved.items():
        before = connection.execute(select(image.c.path, image.c.product_id).where(image.c.id == image_id)).one()
        overwritten = connection.execute(
            select(image.c.id).where(
                image.c.product_id == before.product_id, image.c.path == path, image.c.removed.is_(None),
                image.c.id != image_id,
            )
        )  # fmt: skip
        bury_images(connection, list(overwritten.scalars()), generation)
        connection.execute(delete(ledger).where(ledger.c.path == before.path, ledger.c.image_id == image_id))
        connection.execute(update(image).where(image.c.id == image_id).values(path=path))


def bury_empty_products(connection: Connection, generation: int) -> int:
    """Take products that have no image left out of the catalog; how many."""
    image, product = schema.image, schema.product
    has_image = exists(select(1).where(image.c.product_id == product.c.id, image.c.removed.is_(None)))
    gone = connection.execute(update(product).where(product.c.removed.is_(None), ~has_image).values(removed=generation))
    return int(gone.rowcount)
