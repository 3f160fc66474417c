"""The derived index of a space: made when there are many rows, renewed when it fell behind, opened once a process."""

from __future__ import annotations

import hashlib
import logging
import os
import threading
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Row, delete, select
from sqlalchemy.dialects.sqlite import insert as upsert

from engine import schema
from engine.durable import publish
from engine.errors import CatalogCorruptError
from engine.index import VectorIndex
from engine.snapshot import IndexFile, Reader
from engine.store import Store

if TYPE_CHECKING:
    from engine.writer import Writer

SUFFIX = ".faiss"
FLAT = "flat"
"""No index: the rows themselves are compared, all that match."""
FLAT_ROWS = 100_000
"""Spaces with fewer rows have no index. docs/search.md says why here."""
BEHIND = 0.2
"""An index is made anew when this share of its rows is missing, or gone from the catalog."""

_log = logging.getLogger(__name__)
_opened: dict[tuple[Path, int], tuple[str, VectorIndex]] = {}  # (catalog, space id) -> (file name, index)
_opening = threading.Lock()


def kind_for(rows: int, flat_rows: int = FLAT_ROWS) -> str:
    """The kind of index for a space of so many live rows."""
    return FLAT if rows < flat_rows else "ivf-sq8"


def refresh_index(writer: Writer, name: str, flat_rows: int = FLAT_ROWS, seed: int = 0) -> str:
    """Make, renew or drop the index of a space as its rows ask for; the kind it has now.

    Nothing is written, and the generation stays, when it is good as it is. Raises SpaceError for an unknown space.
    """
    snapshot = Reader(writer.store).snapshot()
    space, vectors = snapshot.space(name), snapshot.vectors(name)
    live = snapshot.region_ids[vectors.has(snapshot.region_ids)]
    kind = kind_for(len(live), flat_rows)
    record = _record(writer.store, space.id)
    if kind == FLAT:
        if record is not None:
            with writer.change() as connection:
                connection.execute(delete(schema.vector_index).where(schema.vector_index.c.space_id == space.id))
        return FLAT
    if record is not None and record.kind == kind:
        if record.generation == snapshot.generation:
            return kind
        there = open_index(writer.store, space.id)
        missing = len(live) if there is None else int((~there.covers(live)).sum())
        gone = 0 if there is None else len(there) - (len(live) - missing)
        if max(missing, gone) <= BEHIND * len(live):
            return kind
    if record is not None:
        with suppress(OSError):  # readers that saw the record may still open the file: its grace begins now
            os.utime(writer.store.indexes / record.name)
    index = VectorIndex.build(vectors, kind, seed, live)
    file = publish(writer.store.indexes, SUFFIX, [index.to_bytes()])
    with writer.change() as connection:
        values = {
            "kind": kind, "name": file.name, "sha256": file.sha256, "rows": len(index), "bytes": file.bytes,
            "generation": writer.generation + 1,
        }  # fmt: skip
        statement = upsert(schema.vector_index).values(space_id=space.id, **values)
        connection.execute(statement.on_conflict_do_update(index_elements=["space_id"], set_=values))
    return kind


def refresh_indexes(writer: Writer, flat_rows: int = FLAT_ROWS) -> dict[str, str]:
    """`refresh_index` for every space; name -> kind. Called at the end of indexing and removing."""
    names = list(Reader(writer.store).snapshot().spaces)
    return {name: refresh_index(writer, name, flat_rows) for name in names}


def open_index(store: Store, space_id: int, recorded: IndexFile | None = None) -> VectorIndex | None:
    """The index of a space, None where it has none, verified by its hash and kept for the life of the process.

    recorded: what the catalog says of it, where that is known already; else it is looked up. The index may know rows
    that are gone and miss rows that are new: ask `covers`. One that cannot be used is logged and answered with None,
    since every search can do without.
    """
    if recorded is None and (row := _record(store, space_id)) is not None:
        recorded = IndexFile(row.name, row.sha256)
    with _opening:
        key = (store.root.absolute(), space_id)
        if recorded is None:
            _opened.pop(key, None)
            return None
        if key not in _opened or _opened[key][0] != recorded.name:
            try:
                _opened[key] = (recorded.name, _load(store.indexes / recorded.name, recorded.sha256))
            except (OSError, CatalogCorruptError) as error:
                _log.warning("searching without an index, run `houndstooth check --repair`: %s", error)
                return None
        return _opened[key][1]


def forget_indexes(store: Store, kept: Collection[int]) -> None:
    """Let go of the indexes of this catalog's spaces that are not among `kept`: their spaces have none any more."""
    root = store.root.absolute()
    with _opening:
        for key in [key for key in _opened if key[0] == root and key[1] not in kept]:
            del _opened[key]


def _load(path: Path, sha256: str) -> VectorIndex:
    with path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
            raise CatalogCorruptError(f"{path} was altered")
        file.seek(0)
        return VectorIndex.read(file)


def _record(store: Store, space_id: int) -> Row[tuple[object, ...]] | None:
    table = schema.vector_index
    with store.database.read() as connection:
        return connection.execute(select(table).where(table.c.space_id == space_id)).one_or_none()
