"""What a catalog holds, in numbers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from engine import schema
from engine.models import garment_recipe
from engine.snapshot import load_spaces
from engine.store import Store


@dataclass(frozen=True)
class SpaceInfo:
    """A space. rows: vectors on disk, those of removed regions too. index: "flat" (the vectors) or its FAISS kind.

    pending: whether it is still being filled, and does not answer yet.
    """

    name: str
    dim: int
    fingerprint: str
    reads: str
    weight: float
    rows: int
    shards: int
    bytes: int
    index: str
    index_bytes: int
    pending: bool


@dataclass(frozen=True)
class Info:
    """The catalog in numbers; `runs` newest first, as dictionaries of their rows.

    garments: how they are found in photos, "" where nobody chose.
    """

    path: str
    generation: int
    created: str
    products: int
    images: int
    regions: int
    removed_regions: int
    failed_files: int
    attributes: dict[str, str]
    garments: str
    spaces: tuple[SpaceInfo, ...]
    thumbnail_bytes: int
    database_bytes: int
    runs: tuple[dict[str, Any], ...]

    def to_json(self) -> dict[str, Any]:
        """The same as JSON types."""
        return asdict(self)


def info(store: Store, runs: int = 5) -> Info:
    """Count what the catalog holds; the last `runs` runs."""
    with store.database.read() as connection:
        line = connection.execute(select(schema.catalog)).one()
        shards = _shard_sums(connection)
        attributes = connection.execute(select(schema.attribute).order_by(schema.attribute.c.name))
        last = connection.execute(select(schema.run).order_by(schema.run.c.id.desc()).limit(runs)).mappings()
        failed = select(func.count()).select_from(schema.ledger).where(schema.ledger.c.state == "failed")
        return Info(
            path=str(store.root),
            generation=line.generation,
            created=line.created,
            products=_count(connection, schema.product),
            images=_count(connection, schema.image),
            regions=_count(connection, schema.region),
            removed_regions=_count(connection, schema.region, removed=True),
            failed_files=connection.execute(failed).scalar_one(),
            attributes={row.name: row.type for row in attributes},
            garments=garment_recipe(store)[0],
            spaces=_spaces(connection, shards),
            thumbnail_bytes=shards.get(None, (0, 0, 0))[2],
            database_bytes=store.database_path.stat().st_size,
            runs=tuple(dict(row) for row in last),
        )


def _count(connection: Connection, table: Any, removed: bool = False) -> int:
    state = table.c.removed.is_not(None) if removed else table.c.removed.is_(None)
    return int(connection.execute(select(func.count()).select_from(table).where(state)).scalar_one())


def _shard_sums(connection: Connection) -> dict[int | None, tuple[int, int, int]]:
    """Space id (None: thumbnails) -> shards, rows, bytes."""
    shard = schema.shard
    rows = connection.execute(
        select(shard.c.space_id, func.count(), func.sum(shard.c.rows), func.sum(shard.c.bytes))
        .where(shard.c.removed.is_(None))
        .group_by(shard.c.space_id)
    )
    return {row[0]: (row[1], row[2], row[3]) for row in rows}


def _spaces(connection: Connection, shards: dict[int | None, tuple[int, int, int]]) -> tuple[SpaceInfo, ...]:
    indexes = {row.space_id: row for row in connection.execute(select(schema.vector_index))}
    found = []
    active, pending = load_spaces(connection), load_spaces(connection, pending=True)
    for space in [*active.values(), *pending.values()]:
        count, rows, size = shards.get(space.id, (0, 0, 0))
        index = indexes.get(space.id)
        found.append(
            SpaceInfo(
                name=space.name,
                dim=space.dim,
                fingerprint=space.fingerprint,
                reads=space.reads,
                weight=space.weight,
                rows=rows,
                shards=count,
                bytes=size,
                index=index.kind if index else "flat",
                index_bytes=index.bytes if index else 0,
                pending=space in pending.values(),
            )
        )
    return tuple(found)
