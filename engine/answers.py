"""What people answered about photos: values given to a region, which beat its product's and any prediction.

A source (a table, a folder) gives values to products; an answer is about one photo, so it is kept at the photo's first
region, its product's own. It stays when the photo is extracted again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, func, insert, select
from sqlalchemy.dialects.sqlite import insert as upsert

from engine import schema
from engine.attributes import AttributeType, AttributeValue
from engine.bulk_rows import select_in
from engine.values import SQL_LIMIT, as_row


def write_answers(
    connection: Connection, attribute: tuple[int, AttributeType], answers: Mapping[int, AttributeValue]
) -> int:
    """Give regions, by id, a value of the attribute, in the place of any that they had; how many that changed.

    attribute: its id and type, of `engine.values.declare`. Raises InputError for a value of another type.
    """
    table = schema.region_value
    number, kind = attribute
    before = answered(connection, number)
    rows = []
    for region_id, value in answers.items():
        text, figure = as_row(kind, value)
        if before.get(region_id) != (figure if text is None else text):
            rows.append({"attribute_id": number, "region_id": region_id, "text": text, "number": figure})
    if rows:
        statement = upsert(table)
        said = {"text": statement.excluded.text, "number": statement.excluded.number, "confidence": None, "model": None}
        connection.execute(
            statement.on_conflict_do_update(index_elements=[table.c.attribute_id, table.c.region_id], set_=said), rows
        )
    return len(rows)


def answered(connection: Connection, attribute_id: int) -> dict[int, str | float]:
    """Live regions that were given a value of their own: region id -> text, or number (booleans as 0 and 1)."""
    value, region = schema.region_value, schema.region
    found = connection.execute(
        select(value.c.region_id, value.c.text, value.c.number)
        .join(region, region.c.id == value.c.region_id)
        .where(value.c.attribute_id == attribute_id, value.c.model.is_(None), region.c.removed.is_(None))
    )
    return {row.region_id: row.number if row.text is None else row.text for row in found}


def products_given(connection: Connection, attribute_id: int) -> set[int]:
    """Ids of the products that a source gave a value of the attribute."""
    value = schema.product_value
    found = connection.execute(
        select(value.c.product_id).where(value.c.attribute_id == attribute_id, value.c.model.is_(None))
    )
    return set(found.scalars())


def same_photos(connection: Connection, coming: Mapping[tuple[int, str], tuple[int, bytes]]) -> list[tuple[int, int]]:
    """Pairs (live image, image to come) of one product, path and content.

    coming: (product id, path) of an image to come -> its id and SHA-256.
    """
    image = schema.image
    paths = sorted({path for _, path in coming})
    live = select(image.c.id, image.c.product_id, image.c.path, image.c.sha256).where(image.c.removed.is_(None))
    pairs = []
    for row in select_in(connection, live, image.c.path, paths):
        number, content = coming.get((row.product_id, row.path), (row.id, b""))
        if number != row.id and content == row.sha256:
            pairs.append((row.id, number))
    return pairs


def carry_answers(connection: Connection, pairs: Sequence[tuple[int, int]]) -> int:
    """Give the first region of each new image what that of the old one was given; how many values.

    pairs: (old image id, new image id), of the same photo.
    """
    if not pairs:
        return 0
    value, first = schema.region_value, _first_regions(connection, [number for pair in pairs for number in pair])
    heirs = {first[old]: first[new] for old, new in pairs if old in first and new in first}
    old = sorted(heirs)
    rows = []
    for start in range(0, len(old), SQL_LIMIT):
        found = connection.execute(
            select(value.c.attribute_id, value.c.region_id, value.c.text, value.c.number).where(
                value.c.region_id.in_(old[start : start + SQL_LIMIT]), value.c.model.is_(None)
            )
        )
        rows += [
            {"attribute_id": row.attribute_id, "region_id": heirs[row.region_id], "text": row.text,
             "number": row.number, "confidence": None, "model": None}
            for row in found
        ]  # fmt: skip
    if rows:
        connection.execute(insert(value).prefix_with("OR REPLACE"), rows)
    return len(rows)


def _first_regions(connection: Connection, image_ids: Sequence[int]) -> dict[int, int]:
    """Image id -> its first region, removed ones too."""
    region = schema.region
    found: dict[int, int] = {}
    for start in range(0, len(image_ids), SQL_LIMIT):
        part = image_ids[start : start + SQL_LIMIT]
        rows = connection.execute(
            select(region.c.image_id, func.min(region.c.id).label("id"))
            .where(region.c.image_id.in_(part))
            .group_by(region.c.image_id)
        )
        found.update({row.image_id: row.id for row in rows})
    return found
