"""Verifying a catalog: every hash, count and reference, and that what is derived agrees with what it derives from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Row, Select, select

from engine import schema
from engine.database import stream_numbers
from engine.durable import hash_file
from engine.errors import CatalogCorruptError
from engine.expected_rows import ExpectedRows
from engine.index_faults import missing_rows, other_rows, unknown_rows
from engine.models import GARMENTS, Recipe, every_space, garment_recipe, label_files, model_fault, model_path, wanted
from engine.rules import Part, broken_rules
from engine.seal import is_altered
from engine.shards import open_thumbnails, open_vectors
from engine.store import Store

Ids = NDArray[np.int64]
_ALTERED = (
    "its bytes are not those that its last writer left, though its rows look whole: check the disk, and restore the "
    "file or index the photos anew; if you changed it on purpose, delete catalog.db.seal"
)
_UNIT_TOLERANCE = 1e-2  # wider than what the writer lets in: rows are rounded to float16


@dataclass(frozen=True)
class Finding:
    """Something wrong. part: where. subject: the file or row. shard_id: the shard it makes useless, if it does."""

    part: Part
    subject: str
    message: str
    shard_id: int | None = None


@dataclass(frozen=True)
class CheckReport:
    """What `check` looked at, and what it found wrong."""

    findings: tuple[Finding, ...]
    shards: int
    rows: int

    @property
    def clean(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings


def check(store: Store, progress: Callable[[int, int], None] = lambda done, total: None) -> CheckReport:
    """Verify the whole catalog as it is now. Reads every file; changes nothing.

    progress: called with (shards read, shards in all).
    """
    try:
        with store.database.read() as connection:
            findings = list(_database(connection))
            facts = _Facts.read(connection)
            findings.extend(Finding(part, "catalog.db", said) for part, said in broken_rules(connection))
            if not findings and is_altered(store.database_path):
                findings.append(Finding("database", "catalog.db", _ALTERED))
    except CatalogCorruptError as error:
        return CheckReport((Finding("database", "catalog.db", str(error)),), 0, 0)
    held: dict[int, list[Ids]] = {}
    thumbnails: list[Ids] = []
    for number, shard in enumerate(facts.shards):
        progress(number, len(facts.shards))
        ids, wrong = _shard(store, shard, facts.dims)
        findings.extend(wrong)
        if ids is not None and shard.space_id is None:
            thumbnails.append(ids)
        elif ids is not None:
            held.setdefault(shard.space_id, []).append(ids)
    progress(len(facts.shards), len(facts.shards))
    findings.extend(_coverage(facts, held, thumbnails))
    findings.extend(_indexes(store, facts, held))
    try:
        findings.extend(_models(store))
    except (CatalogCorruptError, ValueError, LookupError, TypeError, AttributeError) as error:
        findings.append(Finding("database", "catalog.db", f"what is to be found in models/ cannot be read ({error})"))
    findings.extend(_backups(store))
    return CheckReport(tuple(findings), len(facts.shards), sum(shard.rows for shard in facts.shards))


@dataclass(frozen=True, eq=False)
class _Facts:
    """What the database says there should be."""

    shards: list[Row[Any]]
    dims: dict[int, int]
    names: dict[int, str]
    expected: dict[int, Ids]  # space id -> live regions that should have a row in it
    regions: Ids  # all, removed ones too
    live_images: Ids
    images: Ids
    indexes: list[Row[Any]]
    last_region: int  # the last id ever given
    settled: bool  # the last indexing came to its end, which brings indexes up to date

    @staticmethod
    def read(connection: Connection) -> _Facts:
        region, image, space, run = schema.region, schema.image, schema.space, schema.run
        ended = select(run.c.finished).where(run.c.kind == "index").order_by(run.c.id.desc()).limit(1)
        spaces = connection.execute(
            select(space.c.id, space.c.name, space.c.dim).where(space.c.removed.is_(None))
        ).all()
        rows = ExpectedRows.read(connection)
        return _Facts(
            shards=list(connection.execute(select(schema.shard).where(schema.shard.c.removed.is_(None)))),
            dims={row.id: row.dim for row in spaces},
            names={row.id: row.name for row in spaces},
            expected={row.id: rows.regions[rows.of(row.id)] for row in spaces},
            regions=_ids(connection, select(region.c.id)),
            live_images=_ids(connection, select(image.c.id).where(image.c.removed.is_(None))),
            images=_ids(connection, select(image.c.id)),
            indexes=list(connection.execute(select(schema.vector_index))),
            last_region=connection.exec_driver_sql(
                "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'region'"
            ).scalar_one(),
            settled=connection.execute(ended).scalar_one_or_none() is not None,
        )


def _ids(connection: Connection, statement: Select[tuple[int]]) -> Ids:
    return np.sort(stream_numbers(connection, statement)[:, 0])


def _database(connection: Connection) -> Iterator[Finding]:
    for row in connection.exec_driver_sql("PRAGMA integrity_check"):
        if row[0] != "ok":
            yield Finding("database", "catalog.db", str(row[0]))
    for row in connection.exec_driver_sql("PRAGMA foreign_key_check"):
        yield Finding("database", f"table {row[0]}, row {row[1]}", f"refers to a row of {row[2]} that is not there")


def _shard(store: Store, shard: Row[Any], dims: dict[int, int]) -> tuple[Ids | None, list[Finding]]:
    """The ids that a shard holds (None when it is useless), and what is wrong with it."""
    part: Part = "thumbnails" if shard.space_id is None else "vectors"
    path = (store.thumbnails if shard.space_id is None else store.vectors) / shard.name
    try:
        _same_file(path, shard)
        ids = _thumbnail_ids(path) if shard.space_id is None else _vector_ids(path, dims.get(shard.space_id))
        if len(ids) != shard.rows:
            raise CatalogCorruptError(f"has {len(ids)} rows, not {shard.rows}")
        if not np.all(np.diff(ids) > 0):
            raise CatalogCorruptError("its ids are not ascending")
    except CatalogCorruptError as error:
        return None, [Finding(part, shard.name, str(error), shard.id)]
    return ids, []


def _same_file(path: Path, shard: Row[Any]) -> None:
    if not path.is_file():
        raise CatalogCorruptError("is missing")
    if path.stat().st_size != shard.bytes:
        raise CatalogCorruptError(f"has {path.stat().st_size} bytes, not {shard.bytes}")
    if hash_file(path) != shard.sha256:
        raise CatalogCorruptError("was altered: its SHA-256 is not the one recorded")


def _vector_ids(path: Path, dim: int | None) -> Ids:
    shard = open_vectors(path)
    if dim is not None and shard.vectors.shape != (len(shard.ids), dim):
        raise CatalogCorruptError(f"its vectors are {shard.vectors.shape}, not {(len(shard.ids), dim)}")
    for start in range(0, len(shard.ids), 8192):
        length = np.linalg.norm(shard.vectors[start : start + 8192].astype(np.float32), axis=1)
        if not np.all(np.abs(length - 1) < _UNIT_TOLERANCE):
            raise CatalogCorruptError("a vector in it is not of unit length")
    return np.array(shard.ids)


def _thumbnail_ids(path: Path) -> Ids:
    shard = open_thumbnails(path)
    if any(not shard.picture(row).startswith(b"\xff\xd8") for row in range(len(shard.ids))):
        raise CatalogCorruptError("a thumbnail in it is not a JPEG")
    return np.array(shard.ids)


def _coverage(facts: _Facts, held: dict[int, list[Ids]], thumbnails: list[Ids]) -> Iterator[Finding]:
    """Every region has one row in each of its spaces but those that refused it, every image a thumbnail; no others."""
    for space_id, expected in facts.expected.items():
        have = np.concatenate([np.empty(0, np.int64), *held.get(space_id, [])])
        yield from _compare("vectors", f"space {facts.names[space_id]}", "region", have, expected, facts.regions)
    have = np.concatenate([np.empty(0, np.int64), *thumbnails])
    yield from _compare("thumbnails", "thumbnails", "image", have, facts.live_images, facts.images)


def _compare(part: Part, subject: str, what: str, have: Ids, expected: Ids, known: Ids) -> Iterator[Finding]:
    distinct, times = np.unique(have, return_counts=True)
    for message, wrong in (
        ("has none", np.setdiff1d(expected, distinct)),
        ("is there twice", distinct[times > 1]),
        ("is not in the database", np.setdiff1d(distinct, known)),
    ):
        if len(wrong):
            more = f" and {len(wrong) - 1} more" if len(wrong) > 1 else ""
            yield Finding(part, subject, f"{what} {wrong[0]}{more}: {message}")


def _indexes(store: Store, facts: _Facts, held: dict[int, list[Ids]]) -> Iterator[Finding]:
    from engine.index import VectorIndex

    for row in facts.indexes:
        path = store.indexes / row.name
        subject = f"space {facts.names.get(row.space_id, f'number {row.space_id}')}"
        if not path.is_file() or hash_file(path) != row.sha256:
            yield Finding("index", subject, f"{row.name} is missing or was altered")
            continue
        with path.open("rb") as file:
            index = VectorIndex.read(file)
        if (index.kind, len(index), index.dim) != (row.kind, row.rows, facts.dims.get(row.space_id)):
            said = f"{row.kind}, {row.rows} rows of {facts.dims.get(row.space_id)}"
            yield Finding("index", subject, f"is {index.kind}, {len(index)} rows of {index.dim}, not {said}")
            continue
        have = np.concatenate([np.empty(0, np.int64), *held.get(row.space_id, [])])
        shards = [store.vectors / shard.name for shard in facts.shards if shard.space_id == row.space_id]
        live = np.intersect1d(facts.expected[row.space_id], have)
        for fault in (
            *unknown_rows(index, facts.last_region),
            *(missing_rows(index, live) if facts.settled else ()),
            *other_rows(index, have, shards),
        ):
            yield Finding("index", subject, fault)


def _models(store: Store) -> Iterator[Finding]:
    recipes = {f"space {space.name}": wanted(space) for space in every_space(store).values()}
    recipes[GARMENTS] = garment_recipe(store)[1]
    recipes |= {f"label {name}": Recipe({"file": sha256}) for name, sha256 in label_files(store).items()}
    for subject, recipe in recipes.items():
        for option, sha256 in recipe.models.items():
            path = model_path(store, sha256)
            if wrong := model_fault(path, sha256):
                yield Finding("models", subject, f"its own {option}, {path.name}, {wrong}")


def _backups(store: Store) -> Iterator[Finding]:
    """Copies of catalog.db that `migrate` made; those made before their names told their hashes are passed over."""
    for path in sorted(store.backups.glob("catalog-*-*.db")) if store.backups.is_dir() else ():
        if not hash_file(path).startswith(path.stem.rpartition("-")[2]):
            yield Finding("backups", path.name, "was altered: it cannot be restored from, delete it")
