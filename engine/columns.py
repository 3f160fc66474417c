"""Columns for filters: an attribute over all live regions, read from SQLite once a generation.

A filter sees a region's own value first, then its product's; but what was given beats what was predicted.
"""

from __future__ import annotations

from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Select, func, literal_column, select

from engine import schema
from engine.attributes import AttributeType, Column
from engine.database import stream

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
    values, confidence = products.over(product_ids, code)
    own, own_confidence = regions.over(region_ids, code)
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
    """One attribute's rows in one of the two value tables: sorted owner ids with values and confidences.

    words: the texts, in the order that their codes (the values) have.
    """

    def __init__(self, connection: Connection, table: Any, owner: str, attribute_id: int, kind: AttributeType) -> None:
        self.kind = kind
        self.words: dict[str, int] = {}
        value = table.c.text if kind == "text" else table.c.number
        sure = func.ifnull(table.c.confidence, literal_column("-1.0"))  # a confidence is in [0, 1]
        statement = (
            select(table.c[owner], value, sure).where(table.c.attribute_id == attribute_id).order_by(table.c[owner])
        )
        found = stream(connection, statement)
        if kind == "text":
            words = self.words
            found = ((number, words.setdefault(text, len(words)), sure) for number, text, sure in found)
        rows = np.fromiter(chain.from_iterable(found), dtype=np.float64).reshape(-1, 3)
        self.owners = rows[:, 0].astype(np.int64)
        self.values = rows[:, 1].copy()
        self.confidence = np.where(rows[:, 2] < 0, np.nan, rows[:, 2])

    def over(self, ids: Ids, code: dict[str, int]) -> tuple[NDArray[Any], NDArray[np.float64]]:
        """Values and confidences for each of the ids (n,), empty where the id has none. code: of all words."""
        dtype = {"text": np.int32, "number": np.float64, "boolean": np.int8}[self.kind]
        values = self.values.astype(dtype)
        if self.kind == "text" and len(values):
            values = np.array([code[word] for word in self.words], dtype=np.int32)[values]
        empty = np.nan if self.kind == "number" else -1
        if not len(self.owners):
            return np.full(len(ids), empty, values.dtype), np.full(len(ids), np.nan)
        place = np.minimum(np.searchsorted(self.owners, ids), len(self.owners) - 1)
        has = self.owners[place] == ids
        return (
            np.where(has, values[place], np.array(empty, values.dtype)),
            np.where(has, self.confidence[place], np.nan),
        )


def _built_in(connection: Connection, name: str, image_ids: Ids, product_ids: Ids) -> Column:
    statement: Select[Any]
    if name == "product":
        ids, statement = product_ids, select(schema.product.c.id, schema.product.c.key)
    else:
        column = schema.image.c.path if name == "image" else schema.image.c[name]
        ids, statement = image_ids, select(schema.image.c.id, column)
    found: dict[int, Any] = dict(stream(connection, statement))
    if BUILT_IN[name] == "number":
        values = np.fromiter((found[number] for number in ids.tolist()), dtype=np.float64, count=len(ids))
        return Column(name, "number", values)
    words = sorted({*found.values()})
    code = {word: number for number, word in enumerate(words)}
    codes = np.fromiter((code[found[number]] for number in ids.tolist()), dtype=np.int32, count=len(ids))
    return Column(name, "text", codes, np.array(words, dtype=object))
