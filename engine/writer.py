"""The one writer: publishes batches so that a kill at any moment leaves the catalog before or after, never between.

Files first (written, synced, read back, renamed), then one SQLite transaction that names them and moves the
generation. A file that no row names is garbage, swept later.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, bindparam, delete, insert, select, update

from engine import schema
from engine.answers import carry_answers, same_photos
from engine.attributes import AttributeType
from engine.batch import Batch, NewRegion
from engine.bulk_rows import insert_rows, select_in
from engine.durable import PublishedFile
from engine.errors import CatalogBusyError, SpaceError
from engine.ledger_lines import add_counts, write_ledger
from engine.shard_rows import record_shard
from engine.shards import write_thumbnails, write_vectors
from engine.snapshot import Reader, Space
from engine.spoken import Spoken
from engine.store import Store, now
from engine.tombstones import bury_empty_products, bury_images, move_images
from engine.values import (
    GivenRow,
    declare,
    known_attributes,
    new_values,
    write_given,
    write_predicted,
)

UNIT_TOLERANCE = 1e-3
"""How far from 1 the length of a vector may be that is to be stored."""


@dataclass(frozen=True)
class _Ids:
    """The ids that a batch will use, known before its files are written."""

    images: list[int]
    regions: list[list[int]]


class Writer:
    """Changes the catalog; made by `writing`, which holds the lock."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.database = store.database
        self.generation = store.generation()
        self._spoken = Spoken()

    @contextmanager
    def change(self) -> Iterator[Connection]:
        """One transaction that moves the generation. Raises CatalogBusyError when somebody else moved it."""
        with self.database.write() as connection:
            yield connection
            moved = connection.execute(
                update(schema.catalog)
                .where(schema.catalog.c.generation == self.generation)
                .values(generation=self.generation + 1)
            )
            if moved.rowcount != 1:
                raise CatalogBusyError(
                    f"{self.store.root} was changed by another writer; nothing of this batch is kept"
                )
        self.generation += 1

    def start_run(self, kind: str, source: str) -> int:
        """Open a line in the list of runs; its id."""
        self._spoken = Spoken()
        with self.database.write() as connection:
            key = connection.execute(
                insert(schema.run).values(
                    kind=kind, source=source, started=now(), seen=0, indexed=0, unchanged=0, duplicate=0, failed=0,
                    problems=0,
                )
            ).inserted_primary_key  # fmt: skip
        return int(key[0]) if key else 0

    def finish_run(self, run_id: int) -> int:
        """Close the line of a run that came to its end; failures of the same source that it did not meet are over.

        Values that the source has a column for and said in no batch are cleared; the number of products that this
        changed and no batch before.
        """
        changed = 0
        if self._spoken.unsaid:
            with self.change() as connection:
                changed = self._spoken.clear(connection)
        run, ledger = schema.run, schema.ledger
        with self.database.write() as connection:
            source = select(run.c.source).where(run.c.id == run_id).scalar_subquery()
            before = select(run.c.id).where(run.c.source == source, run.c.id < run_id)
            connection.execute(
                delete(ledger).where(
                    ledger.c.state == "failed", ledger.c.image_id.is_(None), ledger.c.run_id.in_(before)
                )
            )
            connection.execute(update(schema.run).where(schema.run.c.id == run_id).values(finished=now()))
        return changed

    def commit(self, batch: Batch, run_id: int, spaces: Mapping[str, Space]) -> int:
        """Publish a batch; the number of products, known before, whose given attributes it changed first in the run.

        Raises SpaceError for a vector of the wrong shape or length, CatalogError when the disk refuses, and
        CatalogBusyError; each leaves the catalog as it was.
        """
        if batch.only_sightings and not self._says_anything_new(batch):
            with self.database.write() as connection:
                add_counts(connection, run_id, batch.counts)
                self._hear(connection, batch, known_attributes(connection))
            return 0
        ids = self._plan(batch)
        shards = self._write_vectors(batch, ids, spaces)
        thumbnails = self._write_thumbnails(batch, ids)
        with self.change() as connection:
            attributes = declare(connection, batch.attribute_types)
            products, fresh = self._products(connection, batch)
            for space_id, file, rows in [*shards, *thumbnails]:
                record_shard(connection, space_id, file, rows)
            move_images(connection, batch.moved, self.generation + 1)
            again = same_photos(connection, _coming(batch, ids, products))
            self._bury(connection, batch, products)
            self._insert_images(connection, batch, ids, products, spaces)
            if batch.buried:
                bury_empty_products(connection, self.generation + 1)
            self._add_spaces(connection, batch, ids, spaces)
            _write_refusals(connection, batch, ids, spaces)
            write_predicted(
                connection,
                attributes,
                [
                    *((number, (), region.predicted) for number, region in _fresh(batch, ids)),
                    *((number, region.tried, region.predicted) for number, region in _completed(batch, ids)),
                ],
            )
            carry_answers(connection, again)
            changed = write_given(connection, self._new_values(connection, attributes, batch))
            self._hear(connection, batch, attributes)
            write_ledger(connection, batch, ids.images, run_id)
            add_counts(connection, run_id, batch.counts)
        return self._spoken.changed(changed - fresh)

    def _says_anything_new(self, batch: Batch) -> bool:
        with self.database.read() as connection:
            attributes = known_attributes(connection)
            if not attributes.keys() >= batch.attribute_types.keys():
                return True
            return bool(self._new_values(connection, attributes, batch))

    def _new_values(
        self, connection: Connection, attributes: Mapping[str, tuple[int, AttributeType]], batch: Batch
    ) -> list[GivenRow]:
        """What the batch says anew. A product that an earlier batch left without an image is not there any more."""
        products = _product_ids(connection, list(batch.products))
        given = {products[key]: values for key, values in batch.products.items() if key in products}
        return new_values(connection, attributes, given)

    def _hear(self, connection: Connection, batch: Batch, attributes: Mapping[str, tuple[int, AttributeType]]) -> None:
        names = list(dict.fromkeys([*batch.products, *batch.unheard]))
        self._spoken.hear(connection, attributes, batch, _product_ids(connection, names))

    def _plan(self, batch: Batch) -> _Ids:
        with self.database.read() as connection:
            used = connection.exec_driver_sql("SELECT name, seq FROM sqlite_sequence")
            last: dict[str, int] = {row[0]: row[1] for row in used}
            images = [last.get("image", 0) + 1 + number for number in range(len(batch.images))]
            after = last.get("region", 0) + 1
            regions = []
            for new in batch.images:
                regions.append(list(range(after, after + len(new.regions))))
                after += len(new.regions)
            for more in batch.vectors:
                found = connection.execute(
                    select(schema.region.c.id)
                    .where(schema.region.c.image_id == more.image_id, schema.region.c.removed.is_(None))
                    .order_by(schema.region.c.id)
                )
                regions.append(list(found.scalars()))
        return _Ids(images, regions)

    def _write_vectors(
        self, batch: Batch, ids: _Ids, spaces: Mapping[str, Space]
    ) -> list[tuple[int | None, PublishedFile, int]]:
        written: list[tuple[int | None, PublishedFile, int]] = []
        pairs = [*_fresh(batch, ids), *_completed(batch, ids)]
        for name, space in spaces.items():
            held = self._held(batch, ids, space)
            rows = [
                (number, region.vectors[name])
                for number, region in pairs
                if name in region.vectors and number not in held
            ]
            if not rows:
                continue
            wrong = {vector.shape for _, vector in rows} - {(space.dim,)}
            if wrong:
                raise SpaceError(f"space '{name}' needs vectors of {space.dim} numbers, got {wrong.pop()}")
            vectors = np.stack([vector for _, vector in rows]).astype(np.float32, copy=False)
            if not np.all(np.abs(np.linalg.norm(vectors, axis=1) - 1) < UNIT_TOLERANCE):  # NaN fails this too
                raise SpaceError(f"space '{name}' needs vectors of unit length")
            region_ids = np.array([number for number, _ in rows], dtype=np.int64)
            file = write_vectors(self.store.vectors, region_ids, vectors, space.fingerprint)
            written.append((space.id, file, len(rows)))
        return written

    def _held(self, batch: Batch, ids: _Ids, space: Space) -> set[int]:
        """Regions that have what their image lacks: a repair may have lost the vectors of another of its regions."""
        several = [numbers for numbers in ids.regions[len(batch.images) :] if len(numbers) > 1]
        if not several:
            return set()
        numbers = np.unique(np.concatenate(several).astype(np.int64))
        return set(numbers[Reader(self.store).snapshot().vectors_of(space).has(numbers)].tolist())

    def _write_thumbnails(self, batch: Batch, ids: _Ids) -> list[tuple[int | None, PublishedFile, int]]:
        if not batch.images:
            return []
        image_ids = np.array(ids.images, dtype=np.int64)
        pictures = [new.thumbnail for new in batch.images]
        return [(None, write_thumbnails(self.store.thumbnails, image_ids, pictures), len(pictures))]

    def _products(self, connection: Connection, batch: Batch) -> tuple[dict[str, int], set[int]]:
        """Product id in the database for each product of an image of the batch, made where it is new; the new ids."""
        table = schema.product
        names = list(dict.fromkeys(new.entry.product for new in batch.images))
        found = _product_ids(connection, names)
        fresh = [name for name in names if name not in found]
        if fresh:
            insert_rows(connection, table, ("key",), [(name,) for name in fresh])
            found |= _product_ids(connection, fresh)
        return found, {found[name] for name in fresh}

    def _bury(self, connection: Connection, batch: Batch, products: Mapping[str, int]) -> None:
        """The images that the batch's own take the place of, and those it names."""
        image = schema.image
        keys = {(products[new.entry.product], new.entry.path) for new in batch.images}
        live = select(image.c.id, image.c.product_id, image.c.path).where(image.c.removed.is_(None))
        same_path = select_in(connection, live, image.c.path, [path for _, path in keys])
        replaced = [row.id for row in same_path if (row.product_id, row.path) in keys]
        bury_images(connection, [*replaced, *batch.buried], self.generation + 1)

    def _insert_images(
        self, connection: Connection, batch: Batch, ids: _Ids, products: Mapping[str, int], spaces: Mapping[str, Space]
    ) -> None:
        if not batch.images:
            return
        insert_rows(
            connection,
            schema.image,
            ("id", "product_id", "path", "sha256", "given", "width", "height", "phash", "spaces"),
            [
                (
                    number, products[new.entry.product], new.entry.path, new.sha256, new.given, new.width, new.height,
                    signed(new.phash), ",".join(map(str, sorted(_space_ids(new.regions, spaces)))),
                )
                for number, new in zip(ids.images, batch.images, strict=True)
            ],
        )  # fmt: skip
        insert_rows(
            connection,
            schema.region,
            ("id", "image_id", "kind", "x", "y", "width", "height", "masked"),
            [
                _region_row(number, image_id, region)
                for image_id, numbers, new in zip(ids.images, ids.regions, batch.images, strict=False)
                for number, region in zip(numbers, new.regions, strict=True)
            ],
        )

    def _add_spaces(self, connection: Connection, batch: Batch, ids: _Ids, spaces: Mapping[str, Space]) -> None:
        image, space = schema.image, schema.space
        live = set(connection.execute(select(space.c.id).where(space.c.removed.is_(None))).scalars())
        for more in batch.vectors:
            before = connection.execute(select(image.c.spaces).where(image.c.id == more.image_id)).scalar_one()
            added = _space_ids(more.regions, spaces)
            kept = {int(number) for number in before.split(",") if number} & live
            values: dict[str, Any] = {"spaces": ",".join(map(str, sorted(kept | added)))}
            if more.phash is not None:
                values["phash"] = signed(more.phash)
            connection.execute(update(image).where(image.c.id == more.image_id).values(values))


@contextmanager
def writing(store: Store) -> Iterator[Writer]:
    """Be the catalog's one writer. Raises CatalogBusyError when another process is."""
    with store.lock():
        yield Writer(store)


def signed(number: int) -> int:
    """A 64-bit unsigned number as SQLite can store it."""
    return number - (1 << 64) if number >= 1 << 63 else number


def _fresh(batch: Batch, ids: _Ids) -> list[tuple[int, NewRegion]]:
    """Regions of the batch's new images with their ids: nothing is stored of them yet."""
    return _numbered(ids.regions[: len(batch.images)], [new.regions for new in batch.images])


def _completed(batch: Batch, ids: _Ids) -> list[tuple[int, NewRegion]]:
    """Regions with their ids that are there already and get vectors in further spaces."""
    return _numbered(ids.regions[len(batch.images) :], [more.regions for more in batch.vectors])


def _numbered(ids: Sequence[Sequence[int]], regions: Sequence[Sequence[NewRegion]]) -> list[tuple[int, NewRegion]]:
    return [pair for numbers, several in zip(ids, regions, strict=True) for pair in zip(numbers, several, strict=True)]


def _coming(batch: Batch, ids: _Ids, products: Mapping[str, int]) -> dict[tuple[int, str], tuple[int, bytes]]:
    """(product id, path) of each new image -> its id and SHA-256."""
    return {
        (products[new.entry.product], new.entry.path): (number, new.sha256)
        for number, new in zip(ids.images, batch.images, strict=True)
    }


def _space_ids(regions: Sequence[NewRegion], spaces: Mapping[str, Space]) -> set[int]:
    """Spaces that regions of one image were extracted in."""
    tried = regions[0].tried
    if any(region.tried != tried for region in regions):
        raise AssertionError("the regions of an image were extracted in different spaces")
    return {spaces[name].id for name in tried}


def _write_refusals(connection: Connection, batch: Batch, ids: _Ids, spaces: Mapping[str, Space]) -> None:
    """Why regions have no vector in a space; what was said of the two before is over."""
    refusal = schema.refusal
    before = [
        {"b_region": number, "b_space": spaces[name].id}
        for number, region in _completed(batch, ids)
        for name in region.tried
    ]
    if before:
        same = (refusal.c.region_id == bindparam("b_region")) & (refusal.c.space_id == bindparam("b_space"))
        connection.execute(delete(refusal).where(same), before)
    rows = [
        {"region_id": number, "space_id": spaces[name].id, "reason": why}
        for number, region in [*_fresh(batch, ids), *_completed(batch, ids)]
        for name, why in region.refused.items()
    ]
    if rows:
        connection.execute(insert(refusal), rows)


def _region_row(number: int, image_id: int, region: NewRegion) -> tuple[Any, ...]:
    kind = "garment" if region.found else "given" if region.box or region.masked else "photo"
    box = (None, None, None, None) if region.box is None else tuple(int(edge) for edge in region.box)
    return (number, image_id, kind, *box, bool(region.masked))  # the driver would store NumPy's numbers as their bytes


def _product_ids(connection: Connection, names: list[str]) -> dict[str, int]:
    table = schema.product
    live = select(table.c.key, table.c.id).where(table.c.removed.is_(None))
    return dict(select_in(connection, live, table.c.key, names))
