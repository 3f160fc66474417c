"""The same names under two folders, folders that move, and spaces that only part of the catalog has yet."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from builders import Counting, Shop

from engine.batch import Counts
from engine.checks import check
from engine.info import info
from engine.snapshot import Reader
from indexer.bulk import IndexOptions
from indexer.sources.open import open_source
from indexer.spaces.colour import Colour
from indexer.spaces.palette import Palette


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def products(shop: Shop) -> dict[str, set[str]]:
    """Product -> paths of its photos, below the photos' folder."""
    found: dict[str, set[str]] = {}
    for product, name in shop.live():
        found.setdefault(product, set()).add(name)
    return found


def test_the_same_name_under_two_folders_is_two_products(shop: Shop) -> None:
    for number in range(3):
        shop.draw(f"summer/dress/{number}.png", number)
        shop.draw(f"winter/dress/{number}.png", number + 3)
    for season in ("summer", "winter"):
        assert shop.index(open_source(shop.photos / season)).counts == Counts(seen=3, indexed=3)
    assert products(shop) == {
        **{f"dress/{number}": {f"summer/dress/{number}.png"} for number in range(3)},
        **{f"winter/dress/{number}": {f"winter/dress/{number}.png"} for number in range(3)},
    }
    for season in ("summer", "winter"):
        assert shop.index(open_source(shop.photos / season)).counts == Counts(seen=3, unchanged=3)


def test_a_folder_that_moved_keeps_its_products_and_is_not_extracted_again(shop: Shop) -> None:
    for number in range(3):
        shop.draw(f"old/dress/{number}.png", number)
    shop.index(open_source(shop.photos / "old"))
    before = Reader(shop.store).snapshot().region_ids.tolist()
    shop.colour.seen = 0
    (shop.photos / "old").rename(shop.photos / "new")
    assert shop.index(open_source(shop.photos / "new")).counts == Counts(seen=3, unchanged=3)
    assert shop.colour.seen == 0
    assert Reader(shop.store).snapshot().region_ids.tolist() == before
    assert products(shop) == {f"dress/{number}": {f"new/dress/{number}.png"} for number in range(3)}
    assert check(shop.store).findings == ()
    assert shop.index(open_source(shop.photos / "new")).counts == Counts(seen=3, unchanged=3)


def test_a_folder_inside_one_that_is_indexed_brings_no_products_of_its_own(shop: Shop) -> None:
    for number in range(3):
        shop.draw(f"dress/{number}.png", number)
    shop.index()
    before = shop.live()
    for recheck in (False, True):
        options = IndexOptions(recheck=recheck)
        assert shop.index(open_source(shop.photos / "dress"), options).counts == Counts(seen=3, unchanged=3)
        assert shop.live() == before
    assert info(shop.store).products == 3
    shop.draw("dress/1.png", 7)
    for source in (open_source(shop.photos / "dress"), open_source(shop.photos)):
        shop.index(source)
    assert {name for _, name in shop.live()} == {name for _, name in before}
    assert len(shop.live()) == 3


@pytest.mark.parametrize("rows", ["image,product,price\n{0},p1,10\n", "image,product,price\n{0},p1,10\n{1},p1,\n"])
def test_a_cell_made_blank_is_blank(shop: Shop, rows: str) -> None:
    shop.draw("a.png", 1)
    shop.draw("b.png", 2)
    table = shop.photos / "products.csv"
    table.write_text(rows.format("a.png", "b.png"))
    shop.index(open_source(table))
    assert shop.attribute("a.png", "price") == 10
    table.write_text(rows.replace(",10", ",").format("a.png", "b.png") + "b.png,p2,7\n")
    assert shop.index(open_source(table, types={"price": "number"})).changed_products == 1
    assert shop.attribute("a.png", "price") is None


def test_a_column_whose_last_value_went_says_so(shop: Shop) -> None:
    shop.draw("a.png", 1)
    table = shop.photos / "products.csv"
    for price in ("10", "", ""):
        table.write_text(f"image,product,price,brand\na.png,p1,{price},Elmstead\n")
        known = {name: kind for name, kind in Reader(shop.store).snapshot().attributes.items() if name == "price"}
        report = shop.index(open_source(table, known=known))
        assert shop.attribute("a.png", "price") == (float(price) if price else None)
    assert report.changed_products == 0


def test_a_table_without_a_column_says_nothing_of_it(shop: Shop) -> None:
    shop.draw("a.png", 1)
    table = shop.photos / "products.csv"
    for text in ("image,product,price\na.png,p1,10\n", "image,product,brand\na.png,p1,Elmstead\n"):
        table.write_text(text)
        shop.index(open_source(table))
    assert shop.attribute("a.png", "price") == 10


def test_a_changed_extractor_answers_only_when_every_folder_was_indexed_again(shop: Shop) -> None:
    for number in range(4):
        shop.draw(f"{'ab'[number % 2]}/{number}.png", number)
    for folder in "ab":
        shop.index(open_source(shop.photos / folder))
    before = shop.vector("a/0.png", product="0")
    shop.extractors["colour"] = Counting(Colour(), turn=7)
    assert shop.index(open_source(shop.photos / "a")).waiting == {"colour": 2}
    np.testing.assert_array_equal(shop.vector("a/0.png", product="0"), before)
    assert len(Reader(shop.store).snapshot().vectors("colour")) == 4
    assert check(shop.store).findings == ()
    assert shop.index(open_source(shop.photos / "b")).waiting == {}
    np.testing.assert_array_equal(shop.vector("a/0.png", product="0"), np.roll(before, 7))
    assert check(shop.store).findings == ()


def test_what_an_older_model_said_goes_with_it(shop: Shop) -> None:
    shop.draw("a.png", 1)
    shop.index()
    assert shop.attribute("a.png", "dominant_colour") is not None
    shop.extractors["palette"] = Palette("six")
    shop.index()
    with shop.store.database.read() as connection:
        models = set(connection.exec_driver_sql("SELECT model FROM region_value").scalars())
    assert models == {f"palette:{Palette('six').fingerprint}"}


@pytest.mark.parametrize("batch_rows", [1, 10])
def test_a_folder_that_moved_gets_a_new_space_and_keeps_its_images(shop: Shop, batch_rows: int) -> None:
    for number in range(3):
        shop.draw(f"old/dress/{number}.png", number)
    (shop.photos / "old/dress/copy.png").write_bytes((shop.photos / "old/dress/0.png").read_bytes())
    both, options = shop.extractors, IndexOptions(batch_rows=batch_rows)
    shop.extractors = {"colour": shop.colour}
    assert shop.index(open_source(shop.photos / "old")).counts == Counts(seen=4, indexed=3, duplicate=1)
    before = Reader(shop.store).snapshot().region_ids.tolist()
    (shop.photos / "old").rename(shop.photos / "new")
    shop.extractors = both
    report = shop.index(open_source(shop.photos / "new"), options)
    assert (report.counts, report.waiting) == (Counts(seen=4, indexed=3, duplicate=1), {})
    assert (shop.colour.seen, shop.palette.seen) == (0, 3)
    assert Reader(shop.store).snapshot().region_ids.tolist() == before
    assert products(shop) == {f"dress/{number}": {f"new/dress/{number}.png"} for number in range(3)}
    assert shop.index(open_source(shop.photos / "new"), options).counts == Counts(seen=4, unchanged=4)


@pytest.mark.parametrize("batch_rows", [1, 10])
@pytest.mark.parametrize("copy", ["0copy.png", "9copy.png"])
def test_a_copy_that_comes_with_a_new_space_is_a_duplicate(shop: Shop, copy: str, batch_rows: int) -> None:
    for number in range(1, 4):
        shop.draw(f"{number}.png", number)
    both = shop.extractors
    shop.extractors = {"colour": shop.colour}
    shop.index()
    shop.extractors = both
    (shop.photos / copy).write_bytes((shop.photos / "2.png").read_bytes())
    report = shop.index(options=IndexOptions(batch_rows=batch_rows))
    assert (report.counts, report.waiting) == (Counts(seen=4, indexed=3, duplicate=1), {})
    assert [name for _, name in shop.live()] == ["1.png", "2.png", "3.png"]
    assert shop.ledger()[copy] == ("duplicate", "2.png")
    assert shop.index().counts == Counts(seen=4, unchanged=4)


def test_a_copy_that_comes_before_the_photo_that_moved_is_its_duplicate(shop: Shop) -> None:
    shop.draw("old/z.png", 1)
    shop.index(open_source(shop.photos / "old"))
    (shop.photos / "old").rename(shop.photos / "new")
    (shop.photos / "new/a.png").write_bytes((shop.photos / "new/z.png").read_bytes())
    assert shop.index(open_source(shop.photos / "new")).counts == Counts(seen=2, unchanged=1, duplicate=1)
    assert shop.live() == [("z", "new/z.png")]
