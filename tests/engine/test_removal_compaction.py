"""Removing leaves tombstones; compaction merges shards and clears tombstones; sweeping deletes files."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

import numpy as np
import pytest
from builders import add_products, make_store, unit_rows
from sqlalchemy import func, select

from engine import compaction, schema
from engine.checks import check
from engine.compaction import compact, sweep
from engine.errors import CatalogCorruptError, FilterError, InputError, QueryError
from engine.removal import preview, remove, select_images
from engine.snapshot import Reader
from engine.store import Store
from engine.thumbnails import Thumbnails
from engine.writer import writing

COUNT = 40


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Products p0 ... p39, image and region ids 1 ... 40, price = number."""
    given = [{"price": float(row), "brand": "odd" if row % 2 else "even"} for row in range(COUNT)]
    return make_store(tmp_path / "a.catalog", {"vgg": unit_rows(COUNT, 4)}, given, {"price": "number", "brand": "text"})


def live(store: Store) -> list[int]:
    return Reader(store).snapshot().region_ids.tolist()


def counts(store: Store) -> dict[str, int]:
    """Rows of the tables, tombstones included."""
    tables = (schema.product, schema.image, schema.region, schema.product_value, schema.ledger, schema.shard)
    with store.database.read() as connection:
        return {t.name: connection.execute(select(func.count()).select_from(t)).scalar_one() for t in tables}


def shard_rows(store: Store) -> list[int]:
    """Rows of the shards of vectors in use, oldest first."""
    shard = schema.shard
    with store.database.read() as connection:
        return list(
            connection.execute(
                select(shard.c.rows)
                .where(shard.c.removed.is_(None), shard.c.space_id.is_not(None))
                .order_by(shard.c.id)
            ).scalars()
        )


def test_what_is_removed_is_what_was_asked_for(store: Store) -> None:
    reader = Reader(store)
    assert select_images(reader, where="price < 3") == (1, 2, 3)
    assert select_images(reader, where="brand = 'odd' and price > 36") == (38, 40)
    assert select_images(reader, products=["p4", "p7"]) == (5, 8)
    assert select_images(reader, where="price < 5", products=["p4", "p7"]) == (5,)
    assert len(select_images(reader, missing=True)) == COUNT  # the builder's photos are nowhere
    assert select_images(reader, where="price = 1000") == ()
    with pytest.raises(InputError, match="say what to remove"):
        select_images(reader)
    with pytest.raises(FilterError):
        select_images(reader, where="prise < 3")
    with pytest.raises(QueryError, match="no product"):
        select_images(reader, products=["p99"])
    told = preview(store, (1, 2), "price < 2")
    assert (told.paths, told.products, told.images_before) == (("/photos/p0.jpg", "/photos/p1.jpg"), 2, COUNT)
    assert live(store) == list(range(1, COUNT + 1))


def test_a_photo_that_cannot_be_looked_at_is_not_missing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def stat(path: Path) -> None:
        if path.name == "p1.jpg":
            raise PermissionError(errno.EACCES, "Permission denied")
        if path.name == "p2.jpg":
            raise OSError(errno.EIO, "Input/output error")
        raise FileNotFoundError(errno.ENOENT, "No such file")

    reader = Reader(store)
    monkeypatch.setattr(Path, "stat", stat)
    assert select_images(reader, missing=True) == (1, *range(4, COUNT + 1))


def test_a_removal_shows_at_once_and_the_files_stay_as_they_are(store: Store) -> None:
    before = Reader(store).snapshot()
    files = sorted(store.root.rglob("*.*"))
    assert remove(store, (1, 2, 3), "three") == 3
    assert live(store) == list(range(4, COUNT + 1))
    assert sorted(store.root.rglob("*.*")) == files
    assert len(before.region_ids) == COUNT  # who opened before sees what was
    assert before.vectors("vgg").gather(np.array([1])).shape == (1, 4)
    assert check(store).clean
    assert remove(store, (), "nothing") == 0
    assert remove(store, (1, 2), "again") == 0


def test_what_was_removed_can_come_back_under_new_ids(store: Store) -> None:
    remove(store, (1, 2, 3), "three")
    add_products(store, {"vgg": unit_rows(2, 4, seed=5)})  # p0 and p1
    assert live(store) == [*range(4, COUNT + 1), 41, 42]
    assert check(store).clean
    with writing(store) as writer:
        compact(writer, everything=True, grace=0)
    np.testing.assert_allclose(
        Reader(store).snapshot().vectors("vgg").gather(np.array([41, 42])), unit_rows(2, 4, seed=5), atol=1e-3
    )
    assert check(store).clean


def test_ids_are_never_used_twice(store: Store) -> None:
    remove(store, tuple(range(30, COUNT + 1)), "the last")
    with writing(store) as writer:
        compact(writer, everything=True, grace=0)
    assert counts(store)["image"] == 29
    add_products(store, {"vgg": unit_rows(1, 4)}, first=90)
    assert live(store)[-1] == COUNT + 1


def test_few_dead_rows_stay_and_more_than_a_quarter_go(store: Store) -> None:
    everything = counts(store)
    remove(store, tuple(range(1, 11)), "a quarter")
    with writing(store) as writer:
        done = compact(writer)
    assert (done.merged, done.cleared) == (0, 0)
    assert counts(store)["region"] == COUNT
    remove(store, (11,), "one more")
    with writing(store) as writer:
        done = compact(writer, grace=0)
    assert (done.merged, done.made, done.cleared) == (2, 2, 11)  # vectors and thumbnails
    after = counts(store)
    for table in ("product", "image", "region", "ledger"):
        assert after[table] == COUNT - 11 == everything[table] - 11
    assert after["product_value"] == 2 * (COUNT - 11)
    assert shard_rows(store) == [COUNT - 11]
    assert [path.suffix for path in sorted(store.root.rglob("*.*")) if path.suffix in (".vectors", ".thumbs")] == [
        ".thumbs",
        ".vectors",
    ]
    rows = Reader(store).snapshot().vectors("vgg").gather(np.arange(12, COUNT + 1))
    np.testing.assert_allclose(rows, unit_rows(COUNT, 4)[11:], atol=1e-3)
    assert Thumbnails(store).get(12) is not None
    assert Thumbnails(store).get(11) is None
    assert check(store).clean


def test_a_photo_whose_regions_went_first_goes_as_well(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    remove(store, tuple(range(1, 21)), "half")

    def vectors(shards, everything):
        return [shard for shard in shards if shard.space_id is not None and not shard.live.all()]

    with writing(store) as writer, monkeypatch.context() as patched:
        patched.setattr(compaction, "_due", vectors)
        compact(writer, grace=0)
    assert (counts(store)["region"], counts(store)["image"]) == (COUNT - 20, COUNT)
    with writing(store) as writer:
        compact(writer, grace=0)
    assert counts(store)["image"] == counts(store)["product"] == COUNT - 20
    assert check(store).clean


def test_an_emptied_catalog_has_no_files_left(store: Store) -> None:
    remove(store, tuple(range(1, COUNT + 1)), "all")
    with writing(store) as writer:
        compact(writer, grace=0)
    assert live(store) == []
    assert counts(store) == dict.fromkeys(("product", "image", "region", "product_value", "ledger", "shard"), 0)
    assert not [path for path in store.root.rglob("*") if path.suffix in (".vectors", ".thumbs")]
    assert check(store).clean


def test_small_shards_are_merged_by_tiers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With tiers of 2 rows and a fan of 3: each row is rewritten once a tier, and the shards stay few."""
    monkeypatch.setattr(compaction, "TIER_ROWS", 2)
    monkeypatch.setattr(compaction, "FAN", 3)
    store = Store.create(tmp_path / "a.catalog")
    rewritten, sizes = 0, []
    for number in range(27):
        add_products(store, {"vgg": unit_rows(2, 4, seed=number)}, first=2 * number)
        with writing(store) as writer:
            before = sum(shard_rows(store))
            done = compact(writer)
            assert sum(shard_rows(store)) == before == 2 * (number + 1)
            rewritten += 0 if not done.merged else max(shard_rows(store)[-1], 0)
        sizes.append(len(shard_rows(store)))
        assert check(store).clean
    assert shard_rows(store) == [54]
    assert max(sizes) <= 2 * 3  # FAN - 1 a tier, three tiers
    for number in range(27):
        found = Reader(store).snapshot().vectors("vgg").gather(np.array([2 * number + 1, 2 * number + 2]))
        np.testing.assert_allclose(found, unit_rows(2, 4, seed=number), atol=1e-3)


def test_a_large_merge_is_cut_into_shards_of_the_largest_size(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "LARGEST_ROWS", 16)
    add_products(store, {"vgg": unit_rows(10, 4, seed=3)}, first=COUNT)
    with writing(store) as writer:
        compact(writer, everything=True)
    assert shard_rows(store) == [16, 16, 16, 2]
    assert check(store).clean
    np.testing.assert_allclose(
        Reader(store).snapshot().vectors("vgg").gather(np.arange(1, COUNT + 1)), unit_rows(COUNT, 4), atol=1e-3
    )


def test_who_opened_before_a_compaction_reads_on_through_the_grace_period(store: Store) -> None:
    lazy, eager = Reader(store).snapshot(), Reader(store).snapshot()
    eager.vectors("vgg")
    remove(store, tuple(range(1, 21)), "half")
    with writing(store) as writer:
        done = compact(writer)
        assert done.merged == 2
        assert done.swept == 0
    for snapshot in (lazy, eager):  # one that had opened its files, one that had not yet
        np.testing.assert_allclose(snapshot.vectors("vgg").gather(snapshot.region_ids), unit_rows(COUNT, 4), atol=1e-3)
    with writing(store) as writer:
        assert sweep(writer, grace=0)[0] == 2
    np.testing.assert_allclose(eager.vectors("vgg").gather(eager.region_ids), unit_rows(COUNT, 4), atol=1e-3)
    with pytest.raises(CatalogCorruptError, match="is missing"):
        Reader(store).snapshot()._open(lazy._shard_names[1][0])
    assert live(store) == list(range(21, COUNT + 1))
    assert check(store).clean


def test_a_reader_lets_go_of_shards_that_are_out_of_use(store: Store) -> None:
    reader = Reader(store)
    reader.snapshot().vectors("vgg")
    assert len(reader._shards) == 1
    remove(store, tuple(range(1, 21)), "half")
    with writing(store) as writer:
        compact(writer)
    reader.snapshot().vectors("vgg")
    assert len(reader._shards) == 1


def test_stray_files_go_after_the_grace_period_and_temporary_ones_at_once(store: Store) -> None:
    for folder in (store.vectors, store.thumbnails, store.indexes):
        (folder / "young.vectors").write_bytes(b"12345")
        (folder / "left.tmp").write_bytes(b"123")
        (folder / "old.thumbs").write_bytes(b"1234567")
        os.utime(folder / "old.thumbs", (time.time() - 7200, time.time() - 7200))
    named = {path.name for path in store.root.rglob("*.*") if path.stem not in ("young", "left", "old")}
    with writing(store) as writer:
        assert sweep(writer) == (6, 3 * (3 + 7))
        assert sweep(writer) == (0, 0)
        assert sweep(writer, grace=-1) == (3, 15)
    assert {path.name for path in store.root.rglob("*.*")} == named
    assert check(store).clean
