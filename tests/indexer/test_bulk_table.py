"""Indexing tables: attributes, problems of cells, masks and boxes, and one photo sold as several products."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from builders import Shop
from PIL import Image

from engine.answers import write_answers
from engine.attributes import AttributeType
from engine.batch import Counts
from engine.ledger import failures, problems
from engine.removal import remove, select_images
from engine.snapshot import Reader
from engine.values import declare
from engine.writer import writing
from indexer.bulk import IndexOptions, IndexReport, StopRequest
from indexer.decode import decode, read_picture
from indexer.masks import apply_mask
from indexer.sources.base import SourceImage, SourceProblem
from indexer.sources.open import open_source
from indexer.spaces.colour import Colour


class Table:
    """A table beside the photos, written anew before each run."""

    def __init__(self, root: Path) -> None:
        self.shop = Shop(root)
        self.file = self.shop.photos / "products.csv"

    def write(self, rows: list[dict[str, object]]) -> None:
        with self.file.open("w", newline="", encoding="utf-8") as file:
            names = list(dict.fromkeys(name for row in rows for name in row))
            writer = csv.DictWriter(file, names)
            writer.writeheader()
            writer.writerows(rows)

    def index(self, rows: list[dict[str, object]], options: IndexOptions | None = None) -> IndexReport:
        self.write(rows)
        return self.shop.index(open_source(self.file), options)


@pytest.fixture
def table(tmp_path: Path) -> Table:
    made = Table(tmp_path)
    for number in range(6):
        made.shop.draw(f"{number}.png", number, (40, 60))
    return made


def test_a_changed_price_changes_no_vector(table: Table) -> None:
    rows: list[dict[str, object]] = [
        {"image": f"{number}.png", "product": f"p{number}", "price": number + 0.5} for number in range(6)
    ]
    assert table.index(rows, IndexOptions(batch_rows=2)).counts == Counts(seen=6, indexed=6)
    generation = table.shop.store.generation()
    rows[3]["price"] = 99
    report = table.index(rows, IndexOptions(batch_rows=2))
    assert report.counts == Counts(seen=6, unchanged=6)
    assert report.changed_products == 1
    assert table.shop.colour.seen == 0
    assert table.shop.store.generation() == generation + 1
    assert table.shop.attribute("3.png", "price") == 99
    assert table.shop.attribute("4.png", "price") == 4.5
    assert table.index(rows).changed_products == 0


@pytest.mark.parametrize("batch_rows", [1, 10])
def test_a_product_has_what_any_of_its_rows_says(table: Table, batch_rows: int) -> None:
    rows: list[dict[str, object]] = [
        {"image": "0.png", "product": "p", "brand": "", "price": 5},
        {"image": "1.png", "product": "p", "brand": "Ada", "price": ""},
    ]
    table.index(rows, IndexOptions(batch_rows=batch_rows))
    assert table.shop.live() == [("p", "0.png"), ("p", "1.png")]
    assert table.shop.attribute("0.png", "brand") == table.shop.attribute("1.png", "brand") == "Ada"
    assert table.shop.attribute("1.png", "price") == 5


def test_cells_that_cannot_be_used_are_told_and_the_rest_goes_on(table: Table) -> None:
    rows: list[dict[str, object]] = [
        {"image": "0.png", "product": "p0", "price": 5, "mask": "gone.png"},
        {"image": "1.png", "product": "p1", "price": 6, "mask": ""},
        {"image": "missing.png", "product": "p2", "price": 7, "mask": ""},
        {"image": "0.png", "product": "p0", "price": 8, "mask": ""},
        {"image": "2.png", "product": "p1", "price": 60, "mask": ""},
    ]
    report = table.index(rows)
    assert report.counts == Counts(seen=5, indexed=3, failed=2, problems=2)
    told = {line.source: line.reason for line in problems(table.shop.store)}
    assert set(told) == {"products.csv line 2", "products.csv line 6"}
    assert "mask not found" in told["products.csv line 2"]
    assert "differs from an earlier row" in told["products.csv line 6"]
    assert {line.source for line in failures(table.shop.store)} == {"products.csv line 4", "products.csv line 5"}
    assert table.shop.attribute("2.png", "price") == 6


def test_a_row_whose_photo_is_gone_keeps_the_image_of_before(table: Table) -> None:
    rows: list[dict[str, object]] = [{"image": f"{number}.png", "product": f"p{number}"} for number in range(3)]
    table.index(rows)
    before = table.shop.vector("1.png")
    whole = (table.shop.photos / "1.png").read_bytes()
    (table.shop.photos / "1.png").unlink()
    for _ in range(2):
        assert table.index(rows).counts == Counts(seen=3, unchanged=2, failed=1)
        assert "not found" in table.shop.ledger()["1.png"][1]
        np.testing.assert_array_equal(table.shop.vector("1.png"), before)
    (table.shop.photos / "1.png").write_bytes(whole)
    assert table.index(rows).counts == Counts(seen=3, unchanged=3)
    assert failures(table.shop.store) == []


def masked_colour(shop: Shop, name: str, mask: str) -> np.ndarray:
    picture = read_picture(shop.photos / name)
    return Colour().extract([apply_mask(picture, (shop.photos / mask).read_bytes())])[0]


def test_a_mask_counts_and_a_changed_mask_is_a_change(table: Table) -> None:
    shop = table.shop
    mask = np.zeros((60, 40), np.uint8)
    mask[:15] = 255
    Image.fromarray(mask).save(shop.photos / "m.png")
    rows: list[dict[str, object]] = [{"image": "0.png", "product": "p", "mask": "m.png"}]
    assert table.index(rows).counts == Counts(seen=1, indexed=1)
    first = shop.vector("0.png")
    np.testing.assert_allclose(first, masked_colour(shop, "0.png", "m.png"), atol=1e-3)
    assert table.index(rows).counts == Counts(seen=1, unchanged=1)
    mask[:] = 255 - mask
    Image.fromarray(mask).save(shop.photos / "m.png")
    assert table.index(rows).counts == Counts(seen=1, indexed=1)
    np.testing.assert_allclose(shop.vector("0.png"), masked_colour(shop, "0.png", "m.png"), atol=1e-3)
    assert np.abs(shop.vector("0.png") - first).max() > 0.1
    rows[0]["mask"] = ""
    assert table.index(rows).counts == Counts(seen=1, indexed=1)
    whole = Colour().extract([read_picture(shop.photos / "0.png")])[0]
    np.testing.assert_allclose(shop.vector("0.png"), whole, atol=1e-3)


def test_a_mask_that_cannot_be_read_fails_its_photo(table: Table) -> None:
    (table.shop.photos / "m.png").write_bytes(b"no mask")
    rows: list[dict[str, object]] = [{"image": "0.png", "product": "p", "mask": "m.png"}]
    assert table.index(rows).counts == Counts(seen=1, failed=1)
    assert table.shop.ledger()["0.png"][1].startswith("the mask: ")


class Given:
    """A reader in memory."""

    name = "given"

    def __init__(self, items: list[SourceImage | SourceProblem], types: dict[str, AttributeType] | None = None) -> None:
        self.items, self.attribute_types = items, types or {}

    def __iter__(self) -> Iterator[SourceImage | SourceProblem]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


def given(shop: Shop, name: str, product: str, mask: str | None = None) -> SourceImage:
    path = shop.photos / name
    return SourceImage(path, path.as_posix(), product, mask=shop.photos / mask if mask else None, named=True)


def test_a_missing_mask_fails_its_photo_and_says_that_it_is_the_mask(table: Table) -> None:
    source = Given([given(table.shop, "0.png", "p", "gone.png"), given(table.shop, "1.png", "q")])
    assert table.shop.index(source).counts == Counts(seen=2, indexed=1, failed=1)
    assert table.shop.ledger()["0.png"] == ("failed", "the mask: no such file")


def test_a_box_is_what_is_compared(table: Table) -> None:
    shop = table.shop
    rows: list[dict[str, object]] = [{"image": "0.png", "product": "p", "x": 14, "y": 30, "width": 10, "height": 12}]
    assert table.index(rows).counts == Counts(seen=1, indexed=1)
    cut = decode((shop.photos / "0.png").read_bytes(), box=(14, 30, 10, 12))
    np.testing.assert_allclose(shop.vector("0.png"), Colour().extract([cut])[0], atol=1e-3)
    assert table.index(rows).counts == Counts(seen=1, unchanged=1)
    rows[0]["x"] = 0
    assert table.index(rows).counts == Counts(seen=1, indexed=1)
    assert len(shop.live()) == 1


@pytest.mark.parametrize("batch_rows", [1, 2, 10])
def test_one_content_sold_as_several_products(table: Table, batch_rows: int) -> None:
    """Each named product gets an image of its own, with the vectors and predictions of the first."""
    shop, options = table.shop, IndexOptions(batch_rows=batch_rows)
    for name in ("copy.png", "late.png"):
        (shop.photos / name).write_bytes((shop.photos / "0.png").read_bytes())
    rows: list[dict[str, object]] = [
        {"image": "0.png", "product": "first"},
        {"image": "0.png", "product": "second"},
        {"image": "1.png", "product": "other"},
        {"image": "copy.png", "product": "third"},
        {"image": "copy.png", "product": "first"},
    ]
    assert table.index(rows, options).counts == Counts(seen=5, indexed=2, duplicate=3)
    assert shop.colour.seen == 2
    assert shop.live() == [
        ("first", "0.png"),
        ("other", "1.png"),
        ("second", "0.png"),
        ("third", "copy.png"),
    ]
    rows.append({"image": "late.png", "product": "fourth"})  # a copy of what is in the catalog
    assert table.index(rows, options).counts == Counts(seen=6, unchanged=5, duplicate=1)
    assert shop.colour.seen == 0
    assert shop.ledger()["late.png"] == ("duplicate", "0.png")
    first, told = shop.vector("0.png", product="first"), shop.attribute("0.png", "dominant_colour", "first")
    for name, product in [("0.png", "second"), ("copy.png", "third"), ("late.png", "fourth")]:
        np.testing.assert_array_equal(shop.vector(name, product=product), first)
        assert shop.attribute(name, "dominant_colour", product) == told
    assert table.index(rows, options).counts == Counts(seen=6, unchanged=6)


def test_a_named_duplicate_outlives_its_original(table: Table) -> None:
    shop = table.shop
    rows: list[dict[str, object]] = [{"image": "0.png", "product": "a"}, {"image": "0.png", "product": "b"}]
    table.index(rows)
    remove(shop.store, select_images(Reader(shop.store), products=["a"]), "a")
    assert shop.live() == [("b", "0.png")]
    assert shop.findings() == []
    assert table.index(rows).counts == Counts(seen=2, unchanged=1, duplicate=1)
    assert shop.live() == [("a", "0.png"), ("b", "0.png")]


def test_a_masked_photo_is_no_duplicate_of_the_whole_one(table: Table) -> None:
    shop = table.shop
    mask = np.zeros((60, 40), np.uint8)
    mask[:15] = 255
    Image.fromarray(mask).save(shop.photos / "m.png")
    source = Given([given(shop, "0.png", "p"), given(shop, "0.png", "q", "m.png"), given(shop, "0.png", "r", "m.png")])
    assert shop.index(source).counts == Counts(seen=3, indexed=2, duplicate=1)
    np.testing.assert_array_equal(shop.vector("0.png", product="r"), shop.vector("0.png", product="q"))
    assert np.abs(shop.vector("0.png", product="p") - shop.vector("0.png", product="q")).max() > 0.1
    assert shop.index(source).counts == Counts(seen=3, unchanged=3)


def test_a_duplicate_of_the_masked_one_of_two_images_of_a_photo_stays_unchanged(table: Table) -> None:
    shop = table.shop
    Image.fromarray(np.full((60, 40), 255, np.uint8)).save(shop.photos / "all.png")
    (shop.photos / "copy.png").write_bytes((shop.photos / "0.png").read_bytes())
    items: list[SourceImage | SourceProblem] = [
        given(shop, "0.png", "p"),
        given(shop, "0.png", "q", "all.png"),
        given(shop, "copy.png", "q", "all.png"),
    ]
    assert shop.index(Given(items)).counts == Counts(seen=3, indexed=2, duplicate=1)
    assert shop.index(Given(items)).counts == Counts(seen=3, unchanged=3)


def test_a_run_forgets_the_failures_of_rows_that_are_gone(table: Table) -> None:
    rows: list[dict[str, object]] = [{"image": "0.png", "product": "a"}, {"image": "gone.png", "product": "b"}]
    assert table.index(rows).counts.failed == 1
    assert len(failures(table.shop.store)) == 1
    assert table.index(rows[:1]).counts.failed == 0
    assert failures(table.shop.store) == []


def test_a_photo_that_is_renamed_over_another_of_its_product_takes_its_place(table: Table) -> None:
    rows: list[dict[str, object]] = [{"image": f"{number}.png", "product": "p"} for number in range(3)]
    table.index(rows)
    moved, kept = table.shop.vector("0.png"), table.shop.vector("2.png")
    (table.shop.photos / "0.png").replace(table.shop.photos / "1.png")
    assert table.index(rows[1:]).counts == Counts(seen=2, unchanged=2)
    assert table.shop.live() == [("p", "1.png"), ("p", "2.png")]
    np.testing.assert_array_equal(table.shop.vector("1.png"), moved)
    np.testing.assert_array_equal(table.shop.vector("2.png"), kept)
    assert table.index(rows[1:]).counts == Counts(seen=2, unchanged=2)


@pytest.mark.parametrize("batch_rows", [1, 10])
def test_photos_of_a_product_that_are_renamed_by_one_place_all_stay(table: Table, batch_rows: int) -> None:
    rows: list[dict[str, object]] = [{"image": f"{number}.png", "product": "p"} for number in range(3)]
    table.index(rows)
    before = [table.shop.vector(f"{number}.png") for number in range(3)]
    for number in (2, 1, 0):
        (table.shop.photos / f"{number}.png").replace(table.shop.photos / f"{number + 1}.png")
    after: list[dict[str, object]] = [{"image": f"{number}.png", "product": "p"} for number in (1, 2, 3)]
    table.index(after, IndexOptions(batch_rows=batch_rows))
    assert table.shop.live() == [("p", f"{number}.png") for number in (1, 2, 3)]
    for number in range(3):
        np.testing.assert_allclose(table.shop.vector(f"{number + 1}.png"), before[number], atol=1e-3)
    assert table.index(after).counts == Counts(seen=3, unchanged=3)


@pytest.mark.parametrize("batch_rows", [4, 100])
def test_one_photo_of_many_products_moves_with_all_of_them(table: Table, batch_rows: int) -> None:
    table.index([{"image": "0.png", "product": f"p{number:02d}"} for number in range(20)])
    before = table.shop.live()
    assert len(before) == 20
    (table.shop.photos / "0.png").replace(table.shop.photos / "no-photo.png")
    rows: list[dict[str, object]] = [{"image": "no-photo.png", "product": product} for product, _ in before]
    options = IndexOptions(batch_rows=batch_rows)
    assert table.index(rows, options).counts == Counts(seen=20, unchanged=20)
    assert table.shop.live() == [(product, "no-photo.png") for product, _ in before]
    assert table.shop.colour.seen == 0


@pytest.mark.parametrize("batch_rows", [1, 10])
def test_a_row_says_what_it_says_though_its_photo_is_a_copy_or_breaks(table: Table, batch_rows: int) -> None:
    shop, options = table.shop, IndexOptions(batch_rows=batch_rows)
    (shop.photos / "copy.png").write_bytes((shop.photos / "0.png").read_bytes())
    rows: list[dict[str, object]] = [
        {"image": "0.png", "product": "p", "brand": "Ada", "price": "", "stock": ""},
        {"image": "copy.png", "product": "p", "brand": "", "price": 5, "stock": ""},
        {"image": "1.png", "product": "p", "brand": "", "price": "", "stock": 2},
    ]
    for price, stock in [(5, 2), (6, 2), (7, 3)]:
        rows[1]["price"], rows[2]["stock"] = price, stock
        table.index(rows, options)
        said = [shop.attribute("0.png", name) for name in ("brand", "price", "stock")]
        assert said == ["Ada", price, stock]
        spoil(shop.photos / "1.png")
    assert shop.ledger()["copy.png"][0] == "duplicate"
    assert shop.ledger()["1.png"][0] == "failed"


def test_a_value_that_a_later_batch_says_is_never_cleared(table: Table) -> None:
    rows: list[dict[str, object]] = [
        {"image": "0.png", "product": "p", "price": "", "brand": "Ada"},
        {"image": "1.png", "product": "q", "price": 3, "brand": "Eve"},
        {"image": "2.png", "product": "p", "price": 5, "brand": ""},
    ]
    options = IndexOptions(batch_rows=1)
    table.index(rows, options)
    generation = table.shop.store.generation()
    seen: set[object] = set()

    def look(counts: Counts) -> None:
        seen.add(table.shop.attribute("0.png", "price"))

    assert table.shop.index(open_source(table.file), options, look).changed_products == 0
    assert table.shop.store.generation() == generation
    rows[2]["price"], rows[0]["brand"] = 6, ""  # of one product, one value changes and the other goes
    table.write(rows)
    assert table.shop.index(open_source(table.file), options, look).changed_products == 1
    assert seen <= {5, 6}
    assert [table.shop.attribute("0.png", name) for name in ("price", "brand")] == [6, None]
    assert [table.shop.attribute("1.png", name) for name in ("price", "brand")] == [3, "Eve"]


def test_a_stopped_run_clears_nothing_that_it_did_not_come_to(table: Table) -> None:
    rows: list[dict[str, object]] = [
        {"image": "0.png", "product": "p", "price": ""},
        {"image": "1.png", "product": "q", "price": 3},
        {"image": "2.png", "product": "r", "price": 4},
        {"image": "3.png", "product": "p", "price": 5},
    ]
    table.index(rows)
    stop = StopRequest()
    options = IndexOptions(batch_rows=1)
    assert table.shop.index(open_source(table.file), options, lambda counts: stop.stop(), stop).interrupted
    assert table.shop.attribute("0.png", "price") == 5


@pytest.mark.parametrize("batch_rows", [1, 10])
def test_a_row_whose_photo_is_missing_costs_its_product_no_value(table: Table, batch_rows: int) -> None:
    """As shops export them: the first row of a product says all of it, the others name further photos."""
    rows: list[dict[str, object]] = [
        {"image": "0.png", "product": "p", "price": 5, "brand": "Ada"},
        {"image": "1.png", "product": "p", "price": "", "brand": ""},
        {"image": "2.png", "product": "q", "price": 3, "brand": "Eve"},
    ]
    options = IndexOptions(batch_rows=batch_rows)
    table.index(rows, options)
    (table.shop.photos / "0.png").rename(table.shop.photos / "elsewhere.png")
    rows[2]["brand"] = ""
    assert table.index(rows, options).changed_products == 1
    assert [table.shop.attribute("1.png", name) for name in ("price", "brand")] == [5, "Ada"]
    assert table.shop.attribute("2.png", "brand") is None
    (table.shop.photos / "elsewhere.png").rename(table.shop.photos / "0.png")
    rows[0]["brand"] = ""
    assert table.index([*rows, {"image": "3.png", "product": "r", "brand": "Eve"}], options).changed_products == 1
    assert [table.shop.attribute("1.png", name) for name in ("price", "brand")] == [5, None]


def spoil(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:40])


@pytest.mark.parametrize("batch_rows", [1, 10])
def test_a_photo_that_moved_and_is_looked_at_otherwise_is_there_once(table: Table, batch_rows: int) -> None:
    def rows(folder: str, *box: int) -> list[dict[str, object]]:
        told = dict(zip(("x", "y", "width", "height"), box, strict=True))
        return [{"image": f"{folder}{number}.png", "product": f"p{number % 2}", **told} for number in range(4)]

    options = IndexOptions(batch_rows=batch_rows)
    table.index(rows("", 0, 0, 20, 30), options)
    with writing(table.shop.store) as writer, writer.change() as connection:
        answered = table.shop.region("2.png", None, lambda snapshot, number: number)
        write_answers(connection, declare(connection, {"fit": "text"})["fit"], {answered: "loose"})
    (table.shop.photos / "moved").mkdir()
    for number in range(4):
        (table.shop.photos / f"{number}.png").rename(table.shop.photos / f"moved/{number}.png")
    after = rows("moved/", 20, 30, 20, 30)
    assert table.index(after, options).counts == Counts(seen=4, indexed=4)
    assert table.shop.live() == sorted((f"p{number % 2}", f"moved/{number}.png") for number in range(4))
    assert [table.shop.attribute(f"moved/{number}.png", "fit") for number in range(4)] == [None, None, "loose", None]
    for number in range(4):
        seen = decode((table.shop.photos / f"moved/{number}.png").read_bytes(), box=(20, 30, 20, 30))
        np.testing.assert_allclose(table.shop.vector(f"moved/{number}.png"), Colour().extract([seen])[0], atol=1e-3)
    assert table.index(after, options).counts == Counts(seen=4, unchanged=4)
