"""What the catalog knows of files that the indexer is about to read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Row, Select, select

from engine import schema
from engine.store import Store
from engine.values import SQL_LIMIT


@dataclass(frozen=True)
class KnownFile:
    """A file's line in the ledger with the image it stands for, if that is still in the catalog.

    own: whether the image was made from this very file, rather than from another of the same content.
    spaces: ids of the spaces that the image has vectors in.
    """

    state: str
    size: int | None
    mtime_ns: int | None
    image_id: int | None
    own: bool
    sha256: bytes | None
    given: str
    spaces: frozenset[int]


@dataclass(frozen=True)
class KnownImage:
    """A live image, found by its content."""

    image_id: int
    region_ids: tuple[int, ...]
    product: str
    path: str
    spaces: frozenset[int]


def known_files(store: Store, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], KnownFile]:
    """Ledger lines by (path, product)."""
    wanted = set(keys)
    ledger, image = schema.ledger, schema.image
    live = (image.c.id == ledger.c.image_id) & image.c.removed.is_(None)
    statement = select(
        ledger.c.path, ledger.c.product, ledger.c.state, ledger.c.bytes, ledger.c.mtime_ns,
        image.c.id, image.c.path.label("image_path"), image.c.sha256, image.c.given, image.c.spaces,
    ).outerjoin(image, live)  # fmt: skip
    return {
        (row.path, row.product): KnownFile(
            state=row.state,
            size=row.bytes,
            mtime_ns=row.mtime_ns,
            image_id=row.id,
            own=row.image_path == row.path,
            sha256=row.sha256,
            given=row.given or "",
            spaces=_numbers(row.spaces or ""),
        )
        for row in _rows(store, statement, ledger.c.path, sorted({path for path, _ in wanted}))
        if (row.path, row.product) in wanted
    }


def known_contents(store: Store, contents: Iterable[tuple[bytes, str]]) -> dict[tuple[bytes, str], KnownImage]:
    """Live images by (sha256, given); the oldest where several have the same content."""
    wanted = set(contents)
    image, product = schema.image, schema.product
    statement = (
        select(image.c.id, image.c.sha256, image.c.given, image.c.path, image.c.spaces, product.c.key)
        .join(product, product.c.id == image.c.product_id)
        .where(image.c.removed.is_(None))
    )
    found: dict[tuple[bytes, str], Row[tuple[object, ...]]] = {}
    for row in _rows(store, statement, image.c.sha256, sorted({sha256 for sha256, _ in wanted})):
        key = (row.sha256, row.given)
        if key in wanted and (key not in found or row.id < found[key].id):
            found[key] = row
    regions: dict[int, list[int]] = {}
    by_image = select(schema.region.c.id, schema.region.c.image_id).where(schema.region.c.removed.is_(None))
    for row in _rows(store, by_image, schema.region.c.image_id, [row.id for row in found.values()]):
        regions.setdefault(row.image_id, []).append(row.id)
    return {
        key: KnownImage(row.id, tuple(sorted(regions[row.id])), row.key, row.path, _numbers(row.spaces))
        for key, row in found.items()
    }


def _rows(
    store: Store, statement: Select[tuple[object, ...]], column: object, values: Sequence[object]
) -> Iterable[Row[tuple[object, ...]]]:
    with store.database.read() as connection:
        for start in range(0, len(values), SQL_LIMIT):
            part = values[start : start + SQL_LIMIT]
            yield from connection.execute(statement.where(column.in_(part)))  # type: ignore[attr-defined]


def _numbers(text: str) -> frozenset[int]:
    return frozenset(int(number) for number in text.split(",") if number)
