"""Attribute values in SQLite: declaring names, and writing what products and regions have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select

from engine import schema
from engine.attributes import AttributeType, AttributeValue
from engine.batch import Predicted
from engine.bulk_rows import insert_rows, replacing, select_in
from engine.errors import InputError

SQL_LIMIT = 10_000
"""Values a statement may hold; SQLite's own limit is 32,766."""


GivenRow = tuple[int, int, str | None, float | None]
"""Attribute id, product id, text and number of a value."""
_PredictedRow = tuple[int, int, str | None, float | None, float, str]


def is_storable(text: str) -> bool:
    """Whether SQLite can hold the text: one with bytes of a name that is not UTF-8 in it, it cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def declare(connection: Connection, types: Mapping[str, AttributeType]) -> dict[str, tuple[int, AttributeType]]:
    """Make the attributes that are new; name -> (id, type) of all. Raises InputError when one has another type."""
    table = schema.attribute
    known = known_attributes(connection)
    for name, kind in types.items():
        if name not in known:
            number = connection.execute(insert(table).values(name=name, type=kind)).inserted_primary_key
            known[name] = (number[0] if number else 0, kind)
        elif known[name][1] != kind:
            raise InputError(f"attribute '{name}' is {known[name][1]} in this catalog, not {kind}: rename the column")
    return known


def known_attributes(connection: Connection) -> dict[str, tuple[int, AttributeType]]:
    """Name -> (id, type) of the catalog's attributes."""
    return {row.name: (row.id, row.type) for row in connection.execute(select(schema.attribute))}


def new_values(
    connection: Connection,
    attributes: Mapping[str, tuple[int, AttributeType]],
    products: Mapping[int, Mapping[str, AttributeValue]],
) -> list[GivenRow]:
    """Rows of `product_value` that the source's word on each product id would change."""
    before = _stored(connection, list(products))
    rows = []
    for product_id, values in products.items():
        for name, value in values.items():
            attribute_id, kind = attributes[name]
            stored = as_row(kind, value)
            if before.get((product_id, attribute_id)) != stored:
                rows.append((attribute_id, product_id, *stored))
    return rows


def blank_values(
    connection: Connection,
    attributes: Mapping[str, tuple[int, AttributeType]],
    products: Mapping[int, Iterable[str]],
) -> list[tuple[int, int]]:
    """Attribute and product id of the given values that the catalog has of these names for each product id."""
    before = _stored(connection, list(products))
    return [
        (attributes[name][0], product_id)
        for product_id, names in products.items()
        for name in names
        if name in attributes and (product_id, attributes[name][0]) in before
    ]


def delete_given(connection: Connection, attribute_id: int, products: list[int]) -> None:
    """Delete what was given of an attribute to these products, SQL_LIMIT of them at most."""
    table = schema.product_value
    theirs = (table.c.attribute_id == attribute_id) & table.c.product_id.in_(products)
    connection.execute(delete(table).where(theirs, table.c.model.is_(None)))


def write_given(connection: Connection, rows: Sequence[GivenRow]) -> set[int]:
    """Set the values that `new_values` found; the ids of the products they belong to."""
    table = schema.product_value
    said = ("text", "number", "confidence", "model")  # the last two are NULL: it was given
    insert_rows(connection, table, ("attribute_id", "product_id", "text", "number"), rows, replacing(table, said))
    return {product_id for _, product_id, *_ in rows}


def write_predicted(
    connection: Connection,
    attributes: Mapping[str, tuple[int, AttributeType]],
    regions: Iterable[tuple[int, Iterable[str], Mapping[str, Predicted]]],
) -> None:
    """Set what models say of each region id, in the place of all that the spaces named said of it before.

    regions: region id, the names of spaces (none where the region is new), and what is predicted.
    """
    table = schema.region_value
    rows: list[_PredictedRow] = []
    before: list[dict[str, Any]] = []
    for region_id, spaces, predicted in regions:
        before.extend({"b_region": region_id, "b_model": f"{space}:%"} for space in spaces)
        for name, value in predicted.items():
            attribute_id, kind = attributes[name]
            rows.append(_predicted_row(attribute_id, kind, region_id, value))
    if before:
        theirs = (table.c.region_id == bindparam("b_region")) & table.c.model.like(bindparam("b_model"))
        connection.execute(delete(table).where(theirs), before)
    _put_predicted(connection, rows)


def write_labels(
    connection: Connection,
    attribute: tuple[int, AttributeType],
    region_ids: list[int],
    told: Mapping[int, Predicted],
) -> None:
    """What a label says of regions: in the place of all predicted before, also where it says nothing."""
    attribute_id, kind = attribute
    table = schema.region_value
    for start in range(0, len(region_ids), SQL_LIMIT):
        part = region_ids[start : start + SQL_LIMIT]
        predicted = (table.c.attribute_id == attribute_id) & table.c.model.is_not(None)
        connection.execute(delete(table).where(predicted, table.c.region_id.in_(part)))
    _put_predicted(connection, [_predicted_row(attribute_id, kind, *each) for each in told.items()])


def _predicted_row(attribute_id: int, kind: AttributeType, region_id: int, value: Predicted) -> _PredictedRow:
    # The driver would store a NumPy number as its bytes.
    return (attribute_id, region_id, *as_row(kind, value.value), float(value.confidence), value.model)


def _put_predicted(connection: Connection, rows: Sequence[_PredictedRow]) -> None:
    """The newest prediction stays, unless the region was given the value."""
    table, said = schema.region_value, ("text", "number", "confidence", "model")
    newest = replacing(table, said, where="region_value.model IS NOT NULL")
    insert_rows(connection, table, ("attribute_id", "region_id", *said), rows, newest)


def as_row(kind: AttributeType, value: AttributeValue) -> tuple[str | None, float | None]:
    """A value as its row has it: (text, number), booleans as 0 and 1. Raises InputError for another type."""
    if (kind == "text") != isinstance(value, str):
        raise InputError(f"{value!r} is not a {kind}")
    return (value, None) if isinstance(value, str) else (None, float(value))


def _stored(connection: Connection, ids: list[int]) -> dict[tuple[int, int], tuple[Any, Any]]:
    table = schema.product_value
    columns = select(table.c.product_id, table.c.attribute_id, table.c.text, table.c.number)
    rows = select_in(connection, columns.where(table.c.model.is_(None)), table.c.product_id, ids)
    return {(product_id, attribute_id): (text, number) for product_id, attribute_id, text, number in rows}
