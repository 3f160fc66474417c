"""Files of a catalog altered, cut or lost: `check` finds each, and repairing and indexing again heals them."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
import pytest
from builders import Shop

from engine.batch import Counts
from engine.checks import CheckReport, check
from engine.compaction import compact
from engine.errors import CatalogCorruptError, CatalogError
from engine.indexes import refresh_index
from engine.repair import Repair, retire_broken
from engine.seal import break_seal
from engine.snapshot import Reader
from engine.store import Store
from engine.thumbnails import Thumbnails
from engine.writer import writing
from indexer.bulk import IndexOptions
from indexer.decode import DecodeLimits, read_picture
from indexer.rethumb import rebuild_thumbnails
from indexer.spaces.colour import Colour
from indexer.thumbnail import thumbnail

PHOTOS = 24


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Two spaces in three batches each, with an index of one space."""
    shop = Shop(tmp_path_factory.mktemp("damage"))
    for number in range(PHOTOS):
        shop.draw(f"{number:02}.png", number)
    shop.index(options=IndexOptions(batch_rows=8))
    with writing(shop.store) as writer:
        refresh_index(writer, "colour", flat_rows=1)
    assert shop.findings() == []
    return shop


@pytest.fixture
def shop(whole: Shop, tmp_path: Path) -> Shop:
    """A copy that may be broken; it knows the same photos."""
    copy = Shop.__new__(Shop)
    copy.photos = whole.photos
    copy.store = Store(tmp_path / "shop.catalog")
    copy.colour, copy.palette, copy.extractors = whole.colour, whole.palette, whole.extractors
    shutil.copytree(whole.store.root, copy.store.root)
    return copy


def files(store: Store) -> list[Path]:
    """All that the catalog keeps in files but the database."""
    return sorted(path for folder in (store.vectors, store.thumbnails, store.indexes) for path in folder.iterdir())


def flip(path: Path, bit: int) -> None:
    data = bytearray(path.read_bytes())
    data[bit // 8] ^= 1 << (bit % 8)
    path.write_bytes(data)


def vectors_of(store: Store, space: str) -> np.ndarray:
    snapshot = Reader(store).snapshot()
    return snapshot.vectors(space).gather(snapshot.region_ids)


def test_there_is_a_file_of_every_kind(whole: Shop) -> None:
    kinds = [path.suffix for path in files(whole.store)]
    assert (kinds.count(".vectors"), kinds.count(".thumbs"), kinds.count(".faiss")) == (6, 3, 1)


def test_one_flipped_bit_in_any_file_is_found(shop: Shop) -> None:
    draw = np.random.default_rng(5)
    for path in files(shop.store):
        bits = path.stat().st_size * 8
        before = path.read_bytes()
        for bit in [0, bits - 1, *draw.integers(0, bits, 6).tolist()]:
            flip(path, bit)
            found = check(shop.store).findings
            assert found, (path.name, bit)
            assert all(path.name in (one.subject, one.message.split(" ")[0]) for one in found[:1]), found
            path.write_bytes(before)
    assert shop.findings() == []


@pytest.mark.parametrize("harm", [Path.unlink, lambda path: path.write_bytes(path.read_bytes()[:-1]), Path.touch])
def test_missing_and_cut_files_are_found(shop: Shop, harm: Callable[[Path], object]) -> None:
    for path in files(shop.store):
        before = path.read_bytes()
        harm(path)
        assert bool(shop.findings()) == (not path.exists() or path.read_bytes() != before), path.name
        path.write_bytes(before)


def test_an_emptied_file_is_found_and_reading_it_says_what_to_do(shop: Shop) -> None:
    for path in files(shop.store):
        if path.suffix == ".vectors":
            path.write_bytes(b"")
    assert len(check(shop.store).findings) >= 6
    with pytest.raises(CatalogCorruptError, match="houndstooth check"):
        vectors_of(shop.store, "colour")


def pages(path: Path) -> list[int]:
    """Where the b-tree pages of the database start."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("VACUUM")
        size = connection.execute("PRAGMA page_size").fetchone()[0]
        assert connection.execute("PRAGMA freelist_count").fetchone()[0] == 0
    data = path.read_bytes()
    starts = [0, *range(size, len(data), size)]
    return [at for at in starts if data[at + (100 if at == 0 else 0)] in (2, 5, 10, 13)]


def test_a_broken_page_of_the_database_is_found(shop: Shop) -> None:
    path = shop.store.database_path
    break_seal(path)
    at = pages(path)
    before = path.read_bytes()
    assert len(at) > 30  # every table and index has one
    for start in at:
        header = start + (100 if start == 0 else 0)
        for byte in (header, header + 3):  # the page's kind, the number of its cells
            flip(path, byte * 8 + 2)
            assert check(shop.store).findings, (start, byte)
            path.write_bytes(before)
    assert shop.findings() == []


@pytest.mark.parametrize("sealed", [True, False])
def test_bits_flipped_anywhere_in_the_database_never_end_in_another_library_s_error(shop: Shop, sealed: bool) -> None:
    path = shop.store.database_path
    before = path.read_bytes()
    if not sealed:
        break_seal(path)
    draw = np.random.default_rng(11)
    outcomes = {"found": 0, "not found": 0}
    for bit in [*range(0, 128, 9), *draw.integers(0, len(before) * 8, 80).tolist()]:
        flip(path, bit)
        outcomes["not found" if check(shop.store).clean else "found"] += 1
        with suppress(CatalogError):
            Store.open(shop.store.root)
        path.write_bytes(before)
        for journal in path.parent.glob("catalog.db-*"):
            journal.unlink()
    assert outcomes["found"] >= 10, outcomes
    assert not (sealed and outcomes["not found"]), outcomes
    assert check(shop.store).clean


def test_a_flipped_bit_in_the_seal_is_found_and_the_next_writer_heals_it(shop: Shop) -> None:
    seal = shop.store.root / "catalog.db.seal"
    flip(seal, 77)
    assert any("its last writer left" in found for found in shop.findings())
    with writing(shop.store):
        pass
    assert shop.findings() == []


def test_a_killed_writer_leaves_no_seal_and_one_who_lost_the_lock_neither(shop: Shop) -> None:
    seal = shop.store.root / "catalog.db.seal"
    with writing(shop.store) as writer:
        assert not seal.exists()  # a kill here leaves none
        writer.start_run("index", "test")
        (shop.store.root / "write.lock").unlink()
    assert not seal.exists() and shop.findings() == []
    with writing(shop.store):
        pass
    assert seal.exists() and shop.findings() == []


def test_what_is_no_database_is_said_to_be_none(shop: Shop) -> None:
    shop.store.database_path.write_bytes(b"not a database at all" * 500)
    assert not check(shop.store).clean
    with pytest.raises(CatalogCorruptError, match=r"catalog\.db is damaged"):
        Store.open(shop.store.root)
    shop.store.database_path.write_bytes(b"")
    with pytest.raises(CatalogError):
        Store.open(shop.store.root)


def mend(shop: Shop, report: CheckReport) -> Repair:
    with writing(shop.store) as writer:
        return retire_broken(writer, report)


def assert_healed(shop: Shop) -> None:
    assert shop.findings() == []
    for number in range(PHOTOS):
        picture = read_picture(shop.photos / f"{number:02}.png")
        np.testing.assert_allclose(shop.vector(f"{number:02}.png"), Colour().extract([picture])[0], atol=1e-3)
    thumbnails = Thumbnails(shop.store)
    images = Reader(shop.store).snapshot().image_ids.tolist()
    assert len(images) == PHOTOS
    assert all(picture is not None for picture in thumbnails.many(images))


@pytest.mark.parametrize(
    "harm", [Path.unlink, lambda path: flip(path, path.stat().st_size * 4), lambda path: path.write_bytes(b"")]
)
def test_lost_vectors_are_extracted_again_and_no_others(shop: Shop, harm: Callable[[Path], object]) -> None:
    colour = [path for path in files(shop.store) if path.suffix == ".vectors" and path.stat().st_size > 8 * 512 * 2]
    assert len(colour) == 3
    harm(colour[1])
    done = mend(shop, check(shop.store))
    assert (done.retired, done.reindex, done.pictures) == (1, 8, ())
    assert shop.findings() == []
    report = shop.index(options=IndexOptions(batch_rows=5))
    assert report.counts == Counts(seen=PHOTOS, indexed=8, unchanged=PHOTOS - 8)
    assert (shop.colour.seen, shop.palette.seen) == (8, 0)
    assert_healed(shop)


def test_lost_thumbnails_are_made_again_from_the_photos(shop: Shop) -> None:
    lost = [path for path in files(shop.store) if path.suffix == ".thumbs"]
    lost[0].unlink()
    flip(lost[2], 8 * 900)
    done = mend(shop, check(shop.store))
    assert (done.retired, done.reindex, len(done.pictures)) == (2, 0, 16)
    with writing(shop.store) as writer:
        assert rebuild_thumbnails(writer, done.pictures, DecodeLimits(), batch_rows=7) == (16, [])
    assert_healed(shop)
    expected = thumbnail(read_picture(shop.photos / "00.png"))
    assert Thumbnails(shop.store).get(1) == expected


def test_a_thumbnail_is_not_made_of_another_photo(shop: Shop, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    shutil.copytree(shop.photos, photos)
    with closing(sqlite3.connect(shop.store.database_path)) as connection, connection:
        for table in ("image", "ledger"):
            connection.execute(f"UPDATE {table} SET path = replace(path, ?, ?)", (str(shop.photos), str(photos)))
    shop.photos = photos
    shop.draw("01.png", 999)
    (photos / "02.png").unlink()
    (photos / "03.png").write_bytes((photos / "03.png").read_bytes()[:50])
    for path in files(shop.store):
        if path.suffix == ".thumbs":
            path.unlink()
    done = mend(shop, check(shop.store))
    with writing(shop.store) as writer:
        made, failed = rebuild_thumbnails(writer, done.pictures, DecodeLimits())
    assert made == PHOTOS - 3
    told = {Path(one.path).name: one.reason for one in failed}
    assert told["01.png"] == "the photo has changed since it was indexed"
    assert told["02.png"] == "no such file"
    assert set(told) == {"01.png", "02.png", "03.png"}
    assert {found.part for found in check(shop.store).findings} == {"thumbnails"}
    shop.draw("02.png", 2)
    shop.draw("03.png", 3)
    with writing(shop.store) as writer:
        made, failed = rebuild_thumbnails(writer, [one.image_id for one in failed], DecodeLimits())
    assert (made, len(failed)) == (2, 1)
    assert shop.index().counts == Counts(seen=PHOTOS, indexed=1, unchanged=PHOTOS - 1)
    assert_healed(shop)


def test_a_broken_index_is_taken_out_of_use(shop: Shop) -> None:
    flip(next(path for path in files(shop.store) if path.suffix == ".faiss"), 4000)
    report = check(shop.store)
    assert [found.part for found in report.findings] == ["index"]
    done = mend(shop, report)
    assert (done.retired, done.reindex, done.indexes, done.pictures) == (0, 0, 1, ())
    assert shop.findings() == []


@pytest.mark.parametrize("suffix", [".vectors", ".thumbs"])
def test_compaction_does_not_vouch_for_altered_rows(shop: Shop, suffix: str) -> None:
    """It stops, so that the shard's old hash still tells what happened."""
    path = next(path for path in files(shop.store) if path.suffix == suffix)
    flip(path, path.stat().st_size * 8 - 9)
    with pytest.raises(CatalogCorruptError, match="altered"), writing(shop.store) as writer:
        compact(writer, everything=True)
    assert check(shop.store).findings[0].subject == path.name
