"""A small catalog with something of everything, and all that writes to one, to be killed or refused at any call."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from extractors import Mean, Turned, keep_indexes
from shop_of_numbers import Shop
from sqlalchemy import select

import indexer.bulk
from engine import schema
from engine.answers import write_answers
from engine.checks import check
from engine.cluster_runs import delete_run, rename_run
from engine.clusters import cluster
from engine.compaction import compact, sweep
from engine.map_placing import place_missing
from engine.maps import make_map
from engine.migrate import migrate
from engine.models import save_model
from engine.removal import drop_space, remove
from engine.snapshot import Reader
from engine.store import Store
from engine.stored_maps import delete_map, open_map, rename_map
from engine.values import declare
from engine.writer import writing
from houndstooth.labels import forget
from houndstooth.repair import repair
from indexer.bulk import IndexOptions
from indexer.labels.apply import apply_label
from indexer.labels.heads import Head, Layer
from indexer.labels.kept import keep_label, kept_labels
from indexer.labels.model_file import LabelModel, SpaceUsed
from indexer.sources.open import open_source
from indexer.spaces.base import Extractor
from indexer.spaces.colour import Colour

BATCH = 6
FIRST = 20
"""Photos of the base catalog; the shop has twice as many."""


def index_photos(shop: Shop, *extractors: Extractor) -> None:
    """A run over the folder, which keeps FAISS files of spaces of any size."""
    keep_indexes()
    named = {made.name: made for made in extractors or (Colour(), Mean())}
    source = open_source(shop.root / "photos")
    indexer.bulk.index(shop.store, source, named, IndexOptions(batch_rows=BATCH, workers=1))


def _label(store: Store) -> LabelModel:
    space = Reader(store).snapshot().space("mean")
    layer = Layer(np.random.default_rng(0).normal(size=(3, 2)).astype(np.float32), np.zeros(2, np.float32))
    head = Head("linear", False, np.full(3, 0.5, np.float32), np.ones(3, np.float32), (layer,))
    return LabelModel("kind", ("a", "b"), False, (SpaceUsed("mean", 3, space.fingerprint),), head, {"seed": 1})


def _keep_and_tell(shop: Shop) -> None:
    with writing(shop.store) as writer:
        keep_label(writer, _label(shop.store), 0.5, shipped=False)
        apply_label(writer, kept_labels(shop.store)["kind"], rows=BATCH)


def _live(store: Store) -> list[int]:
    image = schema.image
    with store.database.read() as connection:
        found = select(image.c.id).where(image.c.removed.is_(None)).order_by(image.c.id)
        return list(connection.execute(found).scalars())


def _live_of(store: Store, numbers: range) -> list[int]:
    """Ids of the images that are there of these photos."""
    image = schema.image
    with store.database.read() as connection:
        rows = connection.execute(select(image.c.id, image.c.path).where(image.c.removed.is_(None))).all()
    return [row.id for row in rows if int(Path(row.path).stem) in numbers]


def make_base(root: Path) -> Shop:
    """Twenty photos in two spaces with FAISS files, some removed and some changed; clusters, a map, a label."""
    shop = Shop(root)
    for number in range(FIRST, 2 * FIRST):
        (shop.root / "photos" / f"{number:03}.png").unlink()
    index_photos(shop)
    remove(shop.store, _live(shop.store)[:3], "some")
    shop.write(7, 1)
    index_photos(shop)
    cluster(shop.store, "colour", 3, name="old")
    make_map(shop.store, "colour", "pca", name="old")
    _keep_and_tell(shop)
    return shop


@dataclass(frozen=True)
class Work:
    """Something that writes. prepare: what is done before, undisturbed. run: what is disturbed.

    making: whether it makes the catalog, whose commits nobody sees before its end. loses: whether vectors were lost.
    """

    run: Callable[[Shop], Any]
    prepare: Callable[[Shop], Any] = lambda shop: None
    making: bool = False
    loses: bool = False


def _more_photos(shop: Shop) -> None:
    for number in (4, 9, *range(FIRST, FIRST + 8)):
        shop.write(number, 2)
    (shop.root / "photos" / "012.png").write_bytes(b"no picture")


def _new_catalog(shop: Shop) -> None:
    shutil.rmtree(shop.store.root)


def _create(shop: Shop) -> None:
    Store.create(shop.store.root)


def _compact(shop: Shop) -> None:
    with writing(shop.store) as writer:
        compact(writer, everything=True, grace=0.0)


def sweep_all(shop: Shop) -> None:
    """What a writer sweeps now and then, now."""
    with writing(shop.store) as writer:
        sweep(writer, grace=0.0)


def _answer(shop: Shop) -> None:
    regions = Reader(shop.store).snapshot().region_ids[:4].tolist()
    with writing(shop.store) as writer, writer.change() as connection:
        attribute = declare(connection, {"kind": "text", "answered": "boolean"})["kind"]
        write_answers(connection, attribute, dict.fromkeys(regions, "b"))


def _forget_label(shop: Shop) -> None:
    forget(shop.store, "kind")


def _save_model(shop: Shop) -> None:
    with writing(shop.store) as writer:
        save_model(writer, "colour", "projection", b"weights " * 500)


def _break_files(shop: Shop) -> None:
    """A flipped bit in a shard and in an index, a shard of thumbnails gone."""
    for path in (*sorted(shop.store.vectors.iterdir())[:1], *sorted(shop.store.indexes.iterdir())[:1]):
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 4
        path.write_bytes(data)
    sorted(shop.store.thumbnails.iterdir())[0].unlink()


def _repair(shop: Shop) -> None:
    repair(shop.store, check(shop.store))


def _make_old(shop: Shop) -> None:
    """As a program made it that knew no maps."""
    with closing(sqlite3.connect(shop.store.database_path)) as connection, connection:
        connection.execute("DROP TABLE map_point")
        connection.execute("DROP TABLE map")
        connection.execute("UPDATE alembic_version SET version_num = '0002'")


WORKS: Mapping[str, Work] = {
    "create": Work(_create, _new_catalog, making=True),
    "index": Work(index_photos, _more_photos),
    "promote": Work(lambda shop: index_photos(shop, Turned(), Mean())),
    "remove": Work(lambda shop: remove(shop.store, _live_of(shop.store, range(2, 9)), "more")),
    "compact": Work(_compact),
    "drop a space": Work(lambda shop: drop_space(shop.store, "mean")),
    "cluster": Work(lambda shop: cluster(shop.store, "colour", 4, name="old", replace=True)),
    "rename and delete clusters": Work(
        lambda shop: (rename_run(shop.store, "old", "new"), delete_run(shop.store, "new"))
    ),
    "map": Work(lambda shop: make_map(shop.store, "mean", "pca", name="old", replace=True)),
    "place on a map": Work(
        lambda shop: place_missing(Reader(shop.store), open_map(shop.store, "old")),
        lambda shop: (_more_photos(shop), index_photos(shop)),
    ),
    "rename and delete maps": Work(lambda shop: (rename_map(shop.store, "old", "new"), delete_map(shop.store, "new"))),
    "train and tell a label": Work(_keep_and_tell, _forget_label),
    "forget a label": Work(_forget_label),
    "answer": Work(_answer),
    "fit": Work(_save_model),
    "repair": Work(_repair, _break_files, loses=True),
    "migrate": Work(lambda shop: migrate(shop.store.root), _make_old),
}
