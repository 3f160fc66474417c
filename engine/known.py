"""What the catalog knows of files that the indexer is about to read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Row, Select, func, select

from engine import schema
from engine.batch import NewRegion, Predicted
from engine.bulk_rows import select_in
from engine.snapshot import Reader, Space
from engine.store import Store

ALIKE = 8
"""Images of one content that are told; a shop's "no photo" picture may be there thousands of times."""


@dataclass(frozen=True)
class KnownFile:
    """A file's line in the ledger with the image it stands for, if that is still in the catalog.

    reason: as in the ledger: what it is a duplicate of. own: whether the image was made from this very file, and for
    this product, rather than from another of the same content, or for the product that another source has it as.
    of_product: whether it is at least an image of this product. spaces: ids of the spaces that it was extracted in.
    """

    state: str
    reason: str
    size: int | None
    mtime_ns: int | None
    image_id: int | None
    own: bool
    of_product: bool
    sha256: bytes | None
    given: str
    spaces: frozenset[int]


@dataclass(frozen=True)
class KnownImage:
    """A live image, found by its content. size, mtime_ns: of its file when it was last read, if it could be."""

    image_id: int
    product: str
    path: str
    sha256: bytes
    spaces: frozenset[int]
    size: int | None
    mtime_ns: int | None


def known_files(store: Store, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], KnownFile]:
    """Ledger lines by (path, product)."""
    wanted = set(keys)
    ledger, image, product = schema.ledger, schema.image, schema.product
    live = (image.c.id == ledger.c.image_id) & image.c.removed.is_(None)
    statement = select(
        ledger.c.path, ledger.c.product, ledger.c.state, ledger.c.reason, ledger.c.bytes, ledger.c.mtime_ns,
        image.c.id, image.c.path.label("image_path"), image.c.sha256, image.c.given, image.c.spaces, product.c.key,
    ).outerjoin(image, live).outerjoin(product, product.c.id == image.c.product_id)  # fmt: skip
    return {
        (row.path, row.product): KnownFile(
            state=row.state,
            reason=row.reason,
            size=row.bytes,
            mtime_ns=row.mtime_ns,
            image_id=row.id,
            own=(row.image_path, row.key) == (row.path, row.product),
            of_product=row.key == row.product,
            sha256=row.sha256,
            given=row.given or "",
            spaces=_numbers(row.spaces or ""),
        )
        for row in _rows(store, statement, ledger.c.path, sorted({path for path, _ in wanted}))
        if (row.path, row.product) in wanted
    }


def known_contents(
    store: Store, contents: Iterable[tuple[bytes, str]], products: Collection[str] = ()
) -> dict[tuple[bytes, str], tuple[KnownImage, ...]]:
    """Live images by (sha256, given), oldest first; where more are of one content, the oldest `ALIKE` and those of
    the products. Of these products images of the files with anything else given are told as well."""
    wanted = set(contents)
    found: dict[tuple[bytes, str], list[KnownImage]] = {}
    for given, known in _images(store, schema.image.c.sha256, sorted({sha256 for sha256, _ in wanted})):
        if (known.sha256, given) in wanted or known.product in products:
            found.setdefault((known.sha256, given), []).append(known)
    return {key: _oldest(same, products) for key, same in found.items()}


def known_images(store: Store, image_ids: Iterable[int]) -> list[KnownImage]:
    """Live images by id."""
    return [known for _, known in _images(store, schema.image.c.id, sorted(image_ids))]


def _images(store: Store, column: object, values: Sequence[object]) -> Iterator[tuple[str, KnownImage]]:
    """Live images where the column has one of the values, each after its `given`."""
    image, product, ledger = schema.image, schema.product, schema.ledger
    own_line = (ledger.c.path == image.c.path) & (ledger.c.product == product.c.key)
    statement = (
        select(
            image.c.id, image.c.sha256, image.c.given, image.c.path, image.c.spaces, product.c.key,
            ledger.c.bytes, ledger.c.mtime_ns,
        )
        .join(product, product.c.id == image.c.product_id)
        .outerjoin(ledger, own_line)
        .where(image.c.removed.is_(None))
    )  # fmt: skip
    for row in _rows(store, statement, column, values):
        spaces = _numbers(row.spaces)
        yield row.given, KnownImage(row.id, row.key, row.path, row.sha256, spaces, row.bytes, row.mtime_ns)


def _oldest(same: list[KnownImage], products: Collection[str]) -> tuple[KnownImage, ...]:
    same = sorted(same, key=lambda one: one.image_id)
    return (*same[:ALIKE], *(one for one in same[ALIKE:] if one.product in products))


def stored_regions(reader: Reader, known: KnownImage, spaces: Mapping[str, Space]) -> list[NewRegion]:
    """The regions of an image as they are stored, to be copied: vectors in `spaces`, predictions, boxes."""
    region = schema.region
    snapshot = reader.snapshot()
    with reader.store.database.read() as connection:
        rows = connection.execute(select(region).where(region.c.image_id == known.image_id).order_by(region.c.id)).all()
        predicted = [_predictions(connection, row.id) for row in rows]
        refused = [_refusals(connection, row.id) for row in rows]
    return [
        NewRegion(
            vectors={
                name: snapshot.vectors_of(space).gather(np.array([row.id], dtype=np.int64))[0]
                for name, space in spaces.items()
                if space.id not in why
            },
            box=None if row.x is None else (row.x, row.y, row.width, row.height),
            masked=row.masked,
            predicted=said,
            refused={name: why[space.id] for name, space in spaces.items() if space.id in why},
            found=row.kind == "garment",
        )
        for row, said, why in zip(rows, predicted, refused, strict=True)
    ]


def _refusals(connection: Connection, region_id: int) -> dict[int, str]:
    refusal = schema.refusal
    rows = connection.execute(select(refusal.c.space_id, refusal.c.reason).where(refusal.c.region_id == region_id))
    return {row.space_id: row.reason for row in rows}


def refusal_of(store: Store, product_id: int, space_id: int) -> str:
    """Why a product has no vector in a space, of its first image that was refused; "" when none was."""
    refusal, region, image = schema.refusal, schema.region, schema.image
    statement = (
        select(refusal.c.reason)
        .join(region, region.c.id == refusal.c.region_id)
        .join(image, image.c.id == region.c.image_id)
        .where(image.c.product_id == product_id, refusal.c.space_id == space_id, region.c.removed.is_(None))
        .order_by(region.c.id)
        .limit(1)
    )
    with store.database.read() as connection:
        return connection.execute(statement).scalar_one_or_none() or ""


def region_counts(store: Store, image_ids: Iterable[int]) -> dict[int, int]:
    """How many live regions these images have; one that has none is left out."""
    region = schema.region
    statement = (
        select(region.c.image_id, func.count().label("regions"))
        .where(region.c.removed.is_(None))
        .group_by(region.c.image_id)
    )
    rows = _rows(store, statement, region.c.image_id, sorted(image_ids))
    return {row.image_id: row.regions for row in rows}


def _predictions(connection: Connection, region_id: int) -> dict[str, Predicted]:
    value, attribute = schema.region_value, schema.attribute
    rows = connection.execute(
        select(attribute.c.name, attribute.c.type, value.c.text, value.c.number, value.c.confidence, value.c.model)
        .join(attribute, attribute.c.id == value.c.attribute_id)
        .where(value.c.region_id == region_id, value.c.model.is_not(None))
    )
    found = {}
    for row in rows:
        said = row.text if row.type == "text" else bool(row.number) if row.type == "boolean" else row.number
        found[row.name] = Predicted(said, row.confidence, row.model)
    return found


def product_photos(store: Store, keys: Iterable[str]) -> dict[str, list[str]]:
    """Live products of these ids -> the paths of their photos."""
    image, product = schema.image, schema.product
    statement = (
        select(product.c.key, image.c.path)
        .join(image, image.c.product_id == product.c.id)
        .where(product.c.removed.is_(None), image.c.removed.is_(None))
    )
    found: dict[str, list[str]] = {}
    for row in _rows(store, statement, product.c.key, sorted(keys)):
        found.setdefault(row.key, []).append(row.path)
    return found


def products_at(store: Store, paths: Iterable[str]) -> dict[str, list[str]]:
    """Paths -> ids of the live products that have a photo there."""
    image, product = schema.image, schema.product
    statement = (
        select(image.c.path, product.c.key)
        .join(product, product.c.id == image.c.product_id)
        .where(product.c.removed.is_(None), image.c.removed.is_(None))
    )
    found: dict[str, list[str]] = {}
    for row in _rows(store, statement, image.c.path, sorted(paths)):
        found.setdefault(row.path, []).append(row.key)
    return found


def given_texts(store: Store, attribute: str, keys: Iterable[str]) -> dict[str, str]:
    """Live products of these ids -> what sources gave them for a text attribute, where they gave any."""
    value, named, product = schema.product_value, schema.attribute, schema.product
    statement = (
        select(product.c.key, value.c.text)
        .join(value, value.c.product_id == product.c.id)
        .join(named, named.c.id == value.c.attribute_id)
        .where(product.c.removed.is_(None), named.c.name == attribute, value.c.model.is_(None))
    )
    return {row.key: row.text for row in _rows(store, statement, product.c.key, sorted(keys)) if row.text is not None}


def regions_of_content(store: Store, sha256: bytes) -> NDArray[np.int64]:
    """Live regions of the oldest image with this content, int64 (m,), ascending; empty when there is none."""
    region, image = schema.region, schema.image
    oldest = select(image.c.id).where(image.c.sha256 == sha256, image.c.removed.is_(None)).order_by(image.c.id).limit(1)
    statement = select(region.c.id).where(region.c.image_id == oldest.scalar_subquery(), region.c.removed.is_(None))
    with store.database.read() as connection:
        return np.fromiter(connection.execute(statement.order_by(region.c.id)).scalars(), dtype=np.int64)


def _rows(
    store: Store, statement: Select[tuple[object, ...]], column: object, values: Sequence[object]
) -> Iterable[Row[tuple[object, ...]]]:
    if values:
        with store.database.read() as connection:
            yield from select_in(connection, statement, column, values)


def _numbers(text: str) -> frozenset[int]:
    return frozenset(int(number) for number in text.split(",") if number)
