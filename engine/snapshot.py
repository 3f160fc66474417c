"""What a query sees: one generation of the catalog, in memory.

Readers never wait for the writer: a snapshot is loaded in one read transaction, and the shards it maps are immutable.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Hashable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from engine import schema
from engine.attributes import AttributeType, Column
from engine.columns import BUILT_IN, load_column
from engine.database import KeptConnection, newest_version, stream_numbers
from engine.errors import SpaceError
from engine.shards import VectorShard, open_vectors
from engine.store import Store
from engine.told import told
from engine.vectors import SpaceVectors

MODELS, OPTIONS, MADE = "models", "options", "made_with"
"""Of a space's parameters, those that are not the extractor's own but say how to build it (engine.models)."""


@dataclass(frozen=True)
class Space:
    """A space as the catalog records it; see `schema.space`. pair_mean, pair_spread: cosine of random pairs."""

    id: int
    name: str
    dim: int
    fingerprint: str
    parameters: Mapping[str, Any]
    weight: float
    reads: str
    pair_mean: float | None
    pair_spread: float | None


@dataclass(frozen=True)
class IndexFile:
    """The index of a space as the catalog records it: the name of its file, and the file's SHA-256 in hex."""

    name: str
    sha256: str


@dataclass(frozen=True, eq=False)
class Snapshot:
    """One generation. region_ids, image_ids, product_ids: int64 (n,), row by row, ascending region id, live only.

    attributes: name -> type of all that a filter may name, built-in names included. indexes: by space id, of those
    that have one. matches: what `engine.matches` keeps of this generation.
    """

    generation: int
    region_ids: NDArray[np.int64]
    image_ids: NDArray[np.int64]
    product_ids: NDArray[np.int64]
    spaces: Mapping[str, Space]
    attributes: Mapping[str, AttributeType]
    indexes: Mapping[int, IndexFile]
    _shard_names: Mapping[int, list[str]]
    _open: Callable[[str], VectorShard]
    _columns: dict[str, Column] = field(default_factory=dict)
    _vectors: dict[int, SpaceVectors] = field(default_factory=dict)
    matches: dict[Hashable, Any] = field(default_factory=dict)

    def space(self, name: str) -> Space:
        """The space of this name. Raises SpaceError naming those there are."""
        if name not in self.spaces:
            near = difflib.get_close_matches(name, self.spaces, n=1)
            hint = f"did you mean '{near[0]}'? " if near else ""
            raise SpaceError(f"the catalog has no space '{name}': {hint}it has {', '.join(self.spaces) or 'none'}")
        return self.spaces[name]

    def columns(self, names: Iterable[str]) -> dict[str, Column]:
        """Columns that this snapshot was loaded with."""
        return {name: self._columns[name] for name in names}

    def vectors(self, name: str) -> SpaceVectors:
        """The vectors of a space."""
        return self.vectors_of(self.space(name))

    def vectors_of(self, space: Space) -> SpaceVectors:
        """The vectors of a space that may still be being filled. Raises CatalogCorruptError for a broken file."""
        if space.id not in self._vectors:
            shards = [self._open(shard) for shard in self._shard_names.get(space.id, [])]
            self._vectors[space.id] = SpaceVectors(space.dim, shards)
        return self._vectors[space.id]

    def rows_of(self, region_ids: NDArray[np.int64]) -> NDArray[np.intp]:
        """Row numbers of live region ids (m,) in the arrays of this snapshot."""
        return np.searchsorted(self.region_ids, region_ids)


class Reader:
    """Gives the newest snapshot, loading anew only what moved. One a thread."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._snapshot: Snapshot | None = None
        self._version = ("", -1)
        self._shards: dict[str, VectorShard] = {}

    @cached_property
    def _kept(self) -> KeptConnection:
        return KeptConnection(self.store.database)

    def read(self) -> AbstractContextManager[Connection]:
        """One consistent view of the database, for a few rows: by a connection that stays open."""
        return self._kept.read()

    def snapshot(self, columns: Callable[[Mapping[str, AttributeType]], Iterable[str]] | None = None) -> Snapshot:
        """The newest generation; `columns`, given the known attributes, names those to load with it."""
        snapshot = self._snapshot
        return snapshot if snapshot is not None and self._has(snapshot, columns) else self._loaded(columns)

    def _has(self, snapshot: Snapshot, columns: Callable[[Mapping[str, AttributeType]], Iterable[str]] | None) -> bool:
        """Whether the snapshot is of the newest generation, and has the columns."""
        with self.read() as connection:
            if newest_version(connection) != self._version:
                return False
        return columns is None or all(name in snapshot._columns for name in columns(snapshot.attributes))

    def _loaded(self, columns: Callable[[Mapping[str, AttributeType]], Iterable[str]] | None) -> Snapshot:
        with self.store.database.read() as connection:
            version = newest_version(connection)
            snapshot = self._snapshot
            if snapshot is None or version != self._version:
                snapshot = _load(connection, version[1], self._open)
                self._snapshot, self._version = snapshot, version
                used = {name for names in snapshot._shard_names.values() for name in names}
                self._shards = {name: shard for name, shard in self._shards.items() if name in used}
            for name in columns(snapshot.attributes) if columns else ():
                if name not in snapshot._columns:
                    rows = (snapshot.region_ids, snapshot.image_ids, snapshot.product_ids)
                    snapshot._columns[name] = load_column(connection, name, *rows)
        return snapshot

    def _open(self, name: str) -> VectorShard:
        if name not in self._shards:
            self._shards[name] = open_vectors(self.store.vectors / name)
        return self._shards[name]


def _load(connection: Connection, generation: int, opener: Callable[[str], VectorShard]) -> Snapshot:
    region, image, shard = schema.region, schema.image, schema.shard
    rows = stream_numbers(
        connection,
        select(region.c.id, region.c.image_id, image.c.product_id)
        .join(image, image.c.id == region.c.image_id)
        .where(region.c.removed.is_(None))
        .order_by(region.c.id),
    )
    names: dict[int, list[str]] = {}
    for row in connection.execute(
        select(shard.c.space_id, shard.c.name)
        .where(shard.c.removed.is_(None), shard.c.space_id.is_not(None))
        .order_by(shard.c.id)
    ):
        names.setdefault(row.space_id, []).append(row.name)
    attributes = connection.execute(select(schema.attribute.c.name, schema.attribute.c.type))
    index = schema.vector_index
    indexes = connection.execute(select(index.c.space_id, index.c.name, index.c.sha256))
    region_ids, image_ids, product_ids = (np.ascontiguousarray(column) for column in rows.T)
    return Snapshot(
        generation=generation,
        region_ids=region_ids,
        image_ids=image_ids,
        product_ids=product_ids,
        spaces=load_spaces(connection),
        attributes={**{row.name: row.type for row in attributes}, **BUILT_IN},
        indexes={row.space_id: IndexFile(row.name, row.sha256) for row in indexes},
        _shard_names=names,
        _open=opener,
    )


def load_spaces(connection: Connection, pending: bool = False) -> dict[str, Space]:
    """The spaces that answer, by name, in the order they were made; or those that are still being filled."""
    space = schema.space
    statement = select(space).where(space.c.removed.is_(None), space.c.pending.is_(pending))
    return {
        row.name: Space(
            id=row.id,
            name=row.name,
            dim=row.dim,
            fingerprint=row.fingerprint,
            parameters=told(row.parameters, f"what space {row.name} was made with"),
            weight=row.weight,
            reads=row.reads,
            pair_mean=row.pair_mean,
            pair_spread=row.pair_spread,
        )
        for row in connection.execute(statement.order_by(space.c.id))
    }
