"""Indexing a folder again and again: what is read, what is kept, and how every file ends in the ledger."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from builders import Counting, Shop
from PIL import Image

from engine.batch import Counts
from engine.errors import InputError
from engine.ledger import failures
from engine.removal import remove, select_images
from engine.snapshot import Reader
from indexer.bulk import IndexOptions, StopRequest
from indexer.decode import DecodeLimits, read_picture
from indexer.spaces.colour import Colour


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def same_vector(shop: Shop, name: str, product: str | None = None) -> None:
    """The stored vector is that of the photo as it lies there now."""
    expected = Colour().extract([read_picture(shop.photos / name)])[0]
    np.testing.assert_allclose(shop.vector(name, product=product), expected, atol=1e-3)


def touch(path: Path) -> None:
    found = path.stat()
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns + 1_000_000_000))


def test_a_first_run_indexes_and_a_second_reads_nothing(shop: Shop) -> None:
    for number in range(10):
        shop.draw(f"dress/{number}.png", number)
    report = shop.index(options=IndexOptions(batch_rows=4))
    assert report.counts == Counts(seen=10, indexed=10)
    assert (shop.colour.seen, shop.palette.seen) == (10, 10)
    for number in range(10):
        same_vector(shop, f"dress/{number}.png")
    assert shop.attribute("dress/3.png", "category") == "dress"
    generation = shop.store.generation()
    assert shop.index().counts == Counts(seen=10, unchanged=10)
    assert (shop.colour.seen, shop.palette.seen) == (0, 0)
    assert shop.store.generation() == generation


def test_only_what_is_new_or_changed_is_extracted(shop: Shop) -> None:
    for number in range(6):
        shop.draw(f"{number}.png", number)
    shop.index()
    shop.draw("new.png", 100)
    shop.draw("2.png", 101)
    touch(shop.photos / "4.png")
    report = shop.index()
    assert report.counts == Counts(seen=7, indexed=2, unchanged=5)
    assert shop.colour.seen == 2
    same_vector(shop, "2.png")
    same_vector(shop, "new.png")
    assert len(shop.live()) == 7
    assert shop.index().counts == Counts(seen=7, unchanged=7)


def test_recheck_finds_a_change_that_size_and_time_hide(shop: Shop) -> None:
    first = shop.draw("a.bmp", 1)
    shop.index()
    before = first.stat()
    shop.draw("a.bmp", 2)
    os.utime(first, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert first.stat().st_size == before.st_size
    assert shop.index().counts.unchanged == 1
    assert shop.index(options=IndexOptions(recheck=True)).counts.indexed == 1
    same_vector(shop, "a.bmp")
    assert shop.index(options=IndexOptions(recheck=True)).counts.unchanged == 1
    assert shop.colour.seen == 0


def spoil(shop: Shop) -> None:
    """Three files that cannot be indexed, beside one that can."""
    shop.draw("good.png", 1)
    whole = shop.draw("cut.png", 2, (64, 64)).read_bytes()
    (shop.photos / "cut.png").write_bytes(whole[: len(whole) // 2])
    (shop.photos / "text.jpg").write_bytes(b"no picture at all")
    shop.draw("large.png", 3, (300, 300))


def test_failures_are_told_and_over_when_mended(shop: Shop) -> None:
    spoil(shop)
    small = IndexOptions(limits=DecodeLimits(megapixels=0.05))
    assert shop.index(options=small).counts == Counts(seen=4, indexed=1, failed=3)
    assert {line.path.rsplit("/", 1)[-1] for line in failures(shop.store)} == {"cut.png", "text.jpg", "large.png"}
    assert "0.1 megapixels" in shop.ledger()["large.png"][1]
    assert shop.index(options=small).counts == Counts(seen=4, unchanged=1, failed=3)
    shop.draw("cut.png", 2)
    (shop.photos / "text.jpg").unlink()
    assert shop.index().counts == Counts(seen=3, indexed=2, unchanged=1)
    assert failures(shop.store) == []
    assert [name for _, name in shop.live()] == ["cut.png", "good.png", "large.png"]


def test_a_photo_that_breaks_stays_as_it_was(shop: Shop) -> None:
    path = shop.draw("a.png", 1)
    shop.draw("b.png", 2)
    shop.index()
    before, whole = shop.vector("a.png"), path.read_bytes()
    path.write_bytes(whole[:40])
    for _ in range(2):
        assert shop.index().counts == Counts(seen=2, unchanged=1, failed=1)
        state, reason = shop.ledger()["a.png"]
        assert state == "failed"
        assert reason.endswith("(the photo as it was before stays in the catalog)")
        np.testing.assert_array_equal(shop.vector("a.png"), before)
    path.write_bytes(whole)
    assert shop.index().counts == Counts(seen=2, unchanged=2)
    assert shop.ledger()["a.png"] == ("indexed", "")
    assert shop.index().counts.unchanged == 2


@pytest.mark.parametrize("batch_rows", [1, 2, 3, 100])
def test_a_duplicate_is_extracted_once(shop: Shop, batch_rows: int) -> None:
    """Within a batch, in the one after it, and in one long after."""
    for number, seed in enumerate([1, 1, 2, 1, 3, 2, 1]):
        shop.draw(f"{number}.png", seed)
    options = IndexOptions(batch_rows=batch_rows)
    assert shop.index(options=options).counts == Counts(seen=7, indexed=3, duplicate=4)
    assert shop.colour.seen == 3
    assert [name for _, name in shop.live()] == ["0.png", "2.png", "4.png"]
    told = shop.ledger()
    assert {name: told[name] for name in ("1.png", "3.png", "5.png")} == {
        "1.png": ("duplicate", "0.png"),
        "3.png": ("duplicate", "0.png"),
        "5.png": ("duplicate", "2.png"),
    }
    assert shop.index(options=options).counts == Counts(seen=7, unchanged=7)
    touch(shop.photos / "3.png")
    assert shop.index(options=options).counts == Counts(seen=7, unchanged=7)
    assert shop.ledger()["3.png"] == ("duplicate", "0.png")


def test_a_duplicate_takes_the_place_of_an_original_that_left(shop: Shop) -> None:
    for name, seed in [("a.png", 1), ("b.png", 1), ("c.png", 2)]:
        shop.draw(name, seed)
    shop.index()
    (shop.photos / "a.png").unlink()
    gone = select_images(Reader(shop.store), missing=True)
    assert remove(shop.store, gone, "missing") == 1
    assert shop.index().counts == Counts(seen=2, indexed=1, unchanged=1)
    assert [name for _, name in shop.live()] == ["b.png", "c.png"]
    same_vector(shop, "b.png")


def test_a_photo_that_becomes_a_duplicate_leaves_with_its_product(shop: Shop) -> None:
    shop.draw("a.png", 1)
    shop.draw("b.png", 2)
    shop.index()
    shop.draw("b.png", 1)
    assert shop.index().counts == Counts(seen=2, unchanged=1, duplicate=1)
    assert shop.live() == [("a", "a.png")]
    shop.draw("b.png", 3)
    assert shop.index().counts == Counts(seen=2, indexed=1, unchanged=1)
    same_vector(shop, "b.png")


@pytest.mark.parametrize("batch_rows", [1, 2, 10])
def test_two_photos_that_change_places_both_stay(shop: Shop, batch_rows: int) -> None:
    one, other = shop.draw("a.png", 1), shop.draw("b.png", 2)
    shop.index()
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)
    touch(one)
    touch(other)
    shop.index(options=IndexOptions(batch_rows=batch_rows))
    assert [name for _, name in shop.live()] == ["a.png", "b.png"]
    same_vector(shop, "a.png")
    same_vector(shop, "b.png")
    assert shop.index().counts == Counts(seen=2, unchanged=2)


@pytest.mark.parametrize("batch_rows", [1, 10])
def test_a_photo_that_moved_does_not_hang_on_its_old_place(shop: Shop, batch_rows: int) -> None:
    path = shop.draw("old.png", 1)
    shop.draw("other.png", 2)
    shop.index()
    path.rename(shop.photos / "new.png")
    assert shop.index(options=IndexOptions(batch_rows=batch_rows)).counts == Counts(seen=2, indexed=1, unchanged=1)
    remove(shop.store, select_images(Reader(shop.store), missing=True), "missing")
    assert [name for _, name in shop.live()] == ["new.png", "other.png"]
    assert shop.index().counts == Counts(seen=2, unchanged=2)


def test_the_same_name_in_two_kinds_is_one_product_with_two_photos(shop: Shop) -> None:
    shop.draw("shoes/x.jpg", 1)
    shop.draw("shoes/x.png", 2)
    assert shop.index().counts == Counts(seen=2, indexed=2)
    assert shop.live() == [("shoes/x", "shoes/x.jpg"), ("shoes/x", "shoes/x.png")]


def test_a_space_added_later_is_all_that_is_extracted(shop: Shop) -> None:
    for number in range(5):
        shop.draw(f"{number % 4}{number}.png", number % 4)
    both = shop.extractors
    shop.extractors = {"colour": shop.colour}
    assert shop.index().counts == Counts(seen=5, indexed=4, duplicate=1)
    before = shop.vector("11.png")
    shop.extractors = both
    assert shop.index(options=IndexOptions(batch_rows=2)).counts == Counts(seen=5, indexed=4, unchanged=1)
    assert (shop.colour.seen, shop.palette.seen) == (0, 4)
    np.testing.assert_array_equal(shop.vector("11.png"), before)
    assert shop.attribute("11.png", "dominant_colour") is not None
    assert shop.index().counts == Counts(seen=5, unchanged=5)


def test_a_run_with_one_space_alone_leaves_the_others(shop: Shop) -> None:
    for number in range(4):
        shop.draw(f"{number}.png", number)
    both = shop.extractors
    for name, extractor in both.items():
        shop.extractors = {name: extractor}
        assert shop.index().counts == Counts(seen=4, indexed=4)
    shop.extractors = both
    assert shop.index().counts == Counts(seen=4, unchanged=4)


def test_another_version_of_an_extractor_replaces_its_vectors_alone(shop: Shop) -> None:
    for number in range(5):
        shop.draw(f"{number}.png", number)
    shop.index()
    before, palette = shop.vector("3.png"), shop.vector("3.png", "palette")
    shop.extractors["colour"] = Counting(Colour(), turn=7)
    assert shop.index().counts == Counts(seen=5, indexed=5)
    assert (shop.extractors["colour"].seen, shop.palette.seen) == (5, 0)
    np.testing.assert_array_equal(shop.vector("3.png"), np.roll(before, 7))
    np.testing.assert_array_equal(shop.vector("3.png", "palette"), palette)
    assert len(Reader(shop.store).snapshot().vectors("colour")) == 5
    assert shop.index().counts == Counts(seen=5, unchanged=5)


def test_an_extractor_that_refuses_one_photo_fails_it_alone(shop: Shop) -> None:
    for number in range(5):
        shop.draw(f"{number}.png", number)
    hostile = read_picture(shop.photos / "3.png")
    shop.palette.rejects = lambda picture: np.array_equal(picture.rgb, hostile.rgb)
    assert shop.index().counts == Counts(seen=5, indexed=4, failed=1)
    assert shop.ledger()["3.png"] == ("failed", "no vectors: ValueError: no garment")
    shop.palette.rejects = lambda picture: False
    assert shop.index().counts == Counts(seen=5, indexed=1, unchanged=4)


@pytest.mark.parametrize("wrong", [0.0, np.nan, 2.0])
def test_a_vector_of_the_wrong_length_fails_its_photo_alone(shop: Shop, wrong: float) -> None:
    for number in range(3):
        shop.draw(f"{number}.png", number)
    hostile = read_picture(shop.photos / "1.png")
    real = shop.colour.inner.extract

    def extract(pictures):  # type: ignore[no-untyped-def]
        factor = [wrong if np.array_equal(picture.rgb, hostile.rgb) else 1.0 for picture in pictures]
        return real(pictures) * np.array(factor, np.float32)[:, None]

    shop.colour.inner.extract = extract  # type: ignore[method-assign]
    assert shop.index().counts == Counts(seen=3, indexed=2, failed=1)
    assert "unit length" in shop.ledger()["1.png"][1]


def test_a_stop_ends_whole_and_the_next_run_goes_on(shop: Shop) -> None:
    for number in range(20):
        shop.draw(f"{number:02}.png", number)
    stop, told = StopRequest(), []

    def progress(counts: Counts) -> None:
        told.append(counts.seen)
        if counts.seen >= 6:
            stop.stop()

    report = shop.index(options=IndexOptions(batch_rows=3), progress=progress, stop=stop)
    assert report.interrupted
    assert report.counts.seen == report.counts.indexed == len(shop.live()) == told[-1]
    assert told == sorted(told)
    assert 6 <= told[-1] <= 12  # the batches that had begun
    done = told[-1]
    assert shop.index().counts == Counts(seen=20, indexed=20 - done, unchanged=done)
    assert shop.colour.seen == 20 - done


def test_progress_only_grows_and_ends_at_the_totals(shop: Shop) -> None:
    for number in range(11):
        shop.draw(f"{number:02}.png", number)
    told: list[Counts] = []
    report = shop.index(options=IndexOptions(batch_rows=2), progress=told.append)
    assert [counts.seen for counts in told] == [2, 4, 6, 8, 10, 11]
    assert told[-1] == report.counts


def test_an_empty_picture_of_one_pixel_is_indexed_too(shop: Shop) -> None:
    Image.new("RGB", (1, 1), (200, 30, 30)).save(shop.photos / "dot.png")
    assert shop.index().counts == Counts(seen=1, indexed=1)
    same_vector(shop, "dot.png")


@pytest.mark.parametrize("options", [{"batch_rows": 0}, {"batch_rows": 10_001}, {"workers": 0}])
def test_options_out_of_range_are_refused(options: dict[str, int]) -> None:
    with pytest.raises(InputError):
        IndexOptions(**options)  # type: ignore[arg-type]


@pytest.mark.parametrize("batch_rows", [1, 2, 10])
@pytest.mark.parametrize("name", ["a.png", "b.png"])
def test_a_copy_stays_when_its_original_changes(shop: Shop, name: str, batch_rows: int) -> None:
    """In the very run that sees the change, whichever of them comes first."""
    options = IndexOptions(batch_rows=batch_rows)
    shop.draw(name, 1)
    shop.index()
    for each in ("a.png", "b.png", "c.png"):
        shop.draw(each, 1)
    shop.draw("d.png", 2)
    shop.index()
    assert [each for _, each in shop.live()] == [name, "d.png"]
    shop.draw(name, 3)
    left = [each for each in ("a.png", "b.png", "c.png") if each != name]
    assert shop.index(options=options).counts == Counts(seen=4, indexed=2, duplicate=1, unchanged=1)
    assert sorted(each for _, each in shop.live()) == sorted([name, left[0], "d.png"])
    for each in (name, left[0], "d.png"):
        same_vector(shop, each)
    assert shop.ledger()[left[1]] == ("duplicate", left[0])
    assert shop.index(options=options).counts == Counts(seen=4, unchanged=4)


def test_a_copy_of_the_same_product_takes_the_place_of_an_original_that_is_gone(shop: Shop) -> None:
    shop.draw("a.jpg", 1)
    (shop.photos / "a.jpeg").write_bytes((shop.photos / "a.jpg").read_bytes())
    (shop.photos / "b.jpg").write_bytes((shop.photos / "a.jpg").read_bytes())
    assert shop.index().counts == Counts(seen=3, indexed=1, duplicate=2)
    assert shop.live() == [("a", "a.jpeg")]
    (shop.photos / "a.jpeg").unlink()
    assert shop.index().counts.seen == 2
    assert shop.live() == [("a", "a.jpg")]
    assert shop.ledger()["b.jpg"] == ("duplicate", "a.jpg")
    assert shop.index().counts == Counts(seen=2, unchanged=2)
