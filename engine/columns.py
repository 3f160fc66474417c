"""Columns for filters: an attribute over all live regions, read from SQLite once a generation.

A filter sees a region's own value first, then its product's; but what was given beats what was predicted.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Select, select

from engine import schema
from engine.attributes import AttributeType, Column

BUILT_IN: dict[str, AttributeType] = {"product": "text", "image": "text", "width": "number", "height": "number"}
"""Names that every catalog's filters know besides its attributes: product id, image path, photo size in pixels."""

Ids = NDArray[np.int64]


def load_column(connection: Connection, name: str, region_ids: Ids, image_ids: Ids, product_ids: Ids) -> Column:
    """One column, aligned with the three id arrays (n,)."""
    if name in BUILT_IN:
        return _built_in(connection, name, image_ids, product_ids)
    attribute = connection.execute(select(schema.attribute).where(schema.attribute.c.name == name)).one()
    products = _Values(connection, schema.product_value, "product_id", attribute.id, attribute.type)
    regions = _Values(connection, schema.region_value, "region_id", attribute.id, attribute.type)
    words = sorted({*products.words, *regions.words})
    code = {word: number for number, word in enumerate(words)}
    values, confidence = products.over(product_ids, attribute.type, code)
    own, own_confidence = regions.over(region_ids, attribute.type, code)
    product_given = _present(values) & np.isnan(confidence)
    use_own = _present(own) & (np.isnan(own_confidence) | ~product_given)
    values = np.where(use_own, own, values)
    confidence = np.where(use_own, own_confidence, confidence)
    return Column(
        name=name,
        type=attribute.type,
        values=values,
        words=np.array(words, dtype=object),
        confidence=None if np.isnan(confidence).all() else confidence,
    )


def column_values(column: Column, rows: NDArray[np.intp]) -> list[Any]:
    """An attribute's values at rows (n,): str, float or bool, None where there is none."""
    values = column.values[rows].tolist()
    if column.type == "text":
        words = column.words
        return [words[code] if code >= 0 else None for code in values]
    if column.type == "number":
        return [None if value != value else value for value in values]  # noqa: PLR0124 - NaN alone differs from itself
    return [None if value < 0 else bool(value) for value in values]


def _present(values: NDArray[Any]) -> NDArray[np.bool_]:
    return np.asarray(~np.isnan(values) if values.dtype.kind == "f" else values >= 0)


class _Values:
    """One attribute's rows in one of the two value tables: sorted owner ids with values and confidences."""

    def __init__(self, connection: Connection, table: Any, owner: str, attribute_id: int, kind: AttributeType) -> None:
        value = table.c.text if kind == "text" else table.c.number
        found = connection.execute(
            select(table.c[owner], value, table.c.confidence)
            .where(table.c.attribute_id == attribute_id)
            .order_by(table.c[owner])
        ).all()
        self.owners = np.fromiter((row[0] for row in found), dtype=np.int64, count=len(found))
        self.values = [row[1] for row in found]
        self.confidence = np.array([row[2] for row in found], dtype=np.float32)
        self.words = set(self.values) if kind == "text" else set()

    def over(self, ids: Ids, kind: AttributeType, code: dict[str, int]) -> tuple[NDArray[Any], NDArray[np.float32]]:
        """Values and confidences for each of the ids (n,), empty where the id has none."""
        if kind == "text":
            values = np.fromiter((code[word] for word in self.values), dtype=np.int32, count=len(self.values))
        else:
            values = np.array(self.values, dtype=np.float64 if kind == "number" else np.int8)
        empty = np.nan if kind == "number" else -1
        if not len(self.owners):
            return np.full(len(ids), empty, values.dtype), np.full(len(ids), np.nan, np.float32)
        place = np.minimum(np.searchsorted(self.owners, ids), len(self.owners) - 1)
        has = self.owners[place] == ids
        return (
            np.where(has, values[place], np.array(empty, values.dtype)),
            np.where(has, self.confidence[place], np.float32(np.nan)),
        )


def _built_in(connection: Connection, name: str, image_ids: Ids, product_ids: Ids) -> Column:
    statement: Select[Any]
    if name == "product":
        ids, statement = product_ids, select(schema.product.c.id, schema.product.c.key)
    else:
        column = schema.image.c.path if name == "image" else schema.image.c[name]
        ids, statement = image_ids, select(schema.image.c.id, column)
    found: dict[int, Any] = {row[0]: row[1] for row in connection.execute(statement)}
    if BUILT_IN[name] == "number":
        values = np.fromiter((found[number] for number in ids.tolist()), dtype=np.float64, count=len(ids))
        return Column(name, "number", values)
    words = sorted({*found.values()})
    code = {word: number for number, word in enumerate(words)}
    codes = np.fromiter((code[found[number]] for number in ids.tolist()), dtype=np.int32, count=len(ids))
    return Column(name, "text", codes, np.array(words, dtype=object))
