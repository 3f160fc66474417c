"""From ids to what people read: products by key, and everything a hit shows, in one read of the catalog."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, Column, Connection, Select, Table, bindparam, func, select

from engine import schema
from engine.attributes import AttributeType, AttributeValue
from engine.errors import QueryError
from engine.snapshot import Reader
from engine.values import SQL_LIMIT, is_storable

_LISTED = 5
_NEAR = 200  # keys that are compared with one that is not there


@dataclass(frozen=True)
class Product:
    """A product: its id in the database and the key its owner knows it by."""

    id: int
    key: str


@dataclass(frozen=True)
class Card:
    """What a region's hit shows. confidences: of the attributes that were predicted."""

    product: str
    image: str
    attributes: Mapping[str, AttributeValue]
    confidences: Mapping[str, float]


def find_product(reader: Reader, text: str) -> Product:
    """The product of this key, or the one whose key ends in "/text". Raises QueryError, naming the nearest keys."""
    if not is_storable(text):
        raise QueryError(f"the catalog has no product {text!r}: it is not UTF-8 text")
    key = schema.product.c.key
    live = select(schema.product.c.id, key).where(schema.product.c.removed.is_(None))
    with reader.read() as connection:
        exact = connection.execute(live.where(key == text)).one_or_none()
        if exact is not None:
            return Product(exact.id, exact.key)
        tail = "/" + text
        found = connection.execute(live.where(func.substr(key, -len(tail)) == tail).order_by(key).limit(50)).all()
        if len(found) == 1:
            return Product(found[0].id, found[0].key)
        if found:
            more = f" and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
            raise QueryError(
                f"several products are called '{text}': give one whole, "
                + ", ".join(row.key for row in found[:_LISTED])
                + more
            )
        near = _nearest(connection, text)
    hint = f": did you mean {' or '.join(near)}?" if near else ""
    raise QueryError(f"the catalog has no product '{text}'{hint}")


def _nearest(connection: Connection, text: str) -> list[str]:
    """Keys most like `text`, among its neighbours in order and those that hold it."""
    key = schema.product.c.key
    live = select(key).where(schema.product.c.removed.is_(None))
    candidates = [
        *connection.execute(live.where(key >= text).order_by(key).limit(_NEAR)).scalars(),
        *connection.execute(live.where(key < text).order_by(key.desc()).limit(_NEAR)).scalars(),
        *connection.execute(live.where(key.contains(text, autoescape=True)).order_by(key).limit(_NEAR)).scalars(),
        *connection.execute(live.order_by(func.abs(func.length(key) - len(text)), key).limit(_NEAR)).scalars(),
    ]
    by_form: dict[str, str] = {}
    for name in dict.fromkeys(candidates):
        by_form.setdefault(name.lower(), name)
        by_form.setdefault(name.rsplit("/", 1)[-1].lower(), name)
    close = difflib.get_close_matches(text.lower()[:200], by_form, n=3, cutoff=0.5)
    return list(dict.fromkeys(by_form[form] for form in close))


_WANTED: BindParameter[Any] = bindparam("wanted", expanding=True)
_ATTRIBUTES = select(schema.attribute.c.id, schema.attribute.c.name, schema.attribute.c.type)
_OWNERS = (
    select(schema.region.c.id, schema.product.c.id, schema.product.c.key, schema.image.c.path)
    .join(schema.image, schema.image.c.id == schema.region.c.image_id)
    .join(schema.product, schema.product.c.id == schema.image.c.product_id)
    .where(schema.region.c.id.in_(_WANTED))
)


def _values_of(table: Table, owner: Column[int]) -> Select[Any]:
    return select(owner, table.c.attribute_id, table.c.text, table.c.number, table.c.confidence).where(
        owner.in_(_WANTED)
    )


_PRODUCT_VALUES = _values_of(schema.product_value, schema.product_value.c.product_id)
_REGION_VALUES = _values_of(schema.region_value, schema.region_value.c.region_id)


def read_cards(connection: Connection, region_ids: Sequence[int]) -> dict[int, Card]:
    """Cards of the regions, removed ones included; a region that is gone for good has none."""
    types: dict[int, tuple[str, AttributeType]] = {
        number: (name, kind) for number, name, kind in connection.execute(_ATTRIBUTES)
    }
    owners: dict[int, tuple[int, str, str]] = {
        number: (product_id, key, path) for number, product_id, key, path in _of(connection, _OWNERS, region_ids)
    }
    products = _values(connection, _PRODUCT_VALUES, sorted({owner[0] for owner in owners.values()}))
    regions = _values(connection, _REGION_VALUES, sorted(owners))
    return {
        number: _card(types, key, path, products.get(product_id, {}), regions.get(number, {}))
        for number, (product_id, key, path) in owners.items()
    }


_Value = tuple[Any, float | None]


def _values(connection: Connection, statement: Select[Any], ids: Sequence[int]) -> dict[int, dict[int, _Value]]:
    """owner id -> attribute id -> (value, confidence)."""
    found: dict[int, dict[int, _Value]] = {}
    for owner, attribute_id, text, number, confidence in _of(connection, statement, ids):
        found.setdefault(owner, {})[attribute_id] = (number if text is None else text, confidence)
    return found


def _card(
    types: Mapping[int, tuple[str, AttributeType]],
    product: str,
    image: str,
    products: Mapping[int, _Value],
    regions: Mapping[int, _Value],
) -> Card:
    """The region's own value first, then its product's; but given beats predicted (as in `columns.load_column`)."""
    attributes: dict[str, AttributeValue] = {}
    confidences: dict[str, float] = {}
    for number, (name, kind) in types.items():
        own, shared = regions.get(number), products.get(number)
        product_given = shared is not None and shared[1] is None
        chosen = own if own is not None and (own[1] is None or not product_given) else shared
        if chosen is not None:
            attributes[name] = bool(chosen[0]) if kind == "boolean" else chosen[0]
            if chosen[1] is not None:
                confidences[name] = chosen[1]
    return Card(product, image, attributes, confidences)


def _of(connection: Connection, statement: Select[Any], ids: Sequence[int]) -> Iterator[Any]:
    """Rows of these ids. Statements are made once: to make one takes longer than SQLite to answer it."""
    for start in range(0, len(ids), SQL_LIMIT):
        yield from connection.execute(statement, {"wanted": ids[start : start + SQL_LIMIT]}).all()
