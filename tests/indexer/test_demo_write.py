"""The demo shop on disk: tables, pictures, and that the same arguments write the same bytes."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.errors import InputError
from indexer.demo import CATEGORIES, NAMED, PATTERNS, DemoSummary, write_demo
from indexer.demo.products import BRANDS, garment_name, product_for
from indexer.demo.sample import random_garment

PRODUCTS = 9


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> DemoSummary:
    return write_demo(tmp_path_factory.mktemp("shop"), PRODUCTS, seed=1, workers=1)


def rows_of(shop: DemoSummary) -> list[dict[str, str]]:
    with shop.table.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def hashes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_table_is_well_formed(shop: DemoSummary) -> None:
    first = shop.table.read_text(encoding="utf-8").splitlines()[0]
    assert first == "product,image,mask,category,maxi,price,brand,pattern,colour,colours,name"
    rows = rows_of(shop)
    assert len(rows) == shop.photos
    assert len({row["product"] for row in rows}) == shop.products == PRODUCTS
    for row in rows:
        assert row["category"] in CATEGORIES
        assert row["maxi"] in ("true", "false")
        assert row["maxi"] == "false" or row["category"] in ("dress", "skirt")
        assert float(row["price"]) > 0
        assert row["price"].endswith(".90")
        assert row["brand"] in BRANDS
        assert row["pattern"] in PATTERNS
        assert row["colours"].split("|")[0] == row["colour"]
        assert set(row["colours"].split("|")) <= set(NAMED)
        assert row["name"].lower().startswith(row["colour"])
        assert row["image"].startswith(f"photos/{row['category']}/{row['product']}_")
    for product in {row["product"] for row in rows}:
        views = [row for row in rows if row["product"] == product]
        assert len(views) in (2, 3)
        told = {tuple(row[key] for key in row if key not in ("image", "mask")) for row in views}
        assert len(told) == 1


def test_pictures_are_whole_and_agree_with_the_truth(shop: DemoSummary) -> None:
    lines = [json.loads(line) for line in shop.truth.read_text(encoding="utf-8").splitlines()]
    rows = rows_of(shop)
    assert [line["image"] for line in lines] == [row["image"] for row in rows]
    for row, line in zip(rows, lines, strict=True):
        with Image.open(shop.folder / row["image"]) as photo, Image.open(shop.folder / row["mask"]) as mask:
            photo.load()
            assert photo.format == "JPEG"
            assert photo.size == mask.size == tuple(line["shot"]["size"]) == (480, 640)
            assert mask.mode == "L"
            values = np.asarray(mask)
        assert set(np.unique(values)) == {0, 255}
        left, top, width, height = line["truth"]["box"]
        inside = values[top : top + height, left : left + width] > 0
        assert inside.sum() == (values > 0).sum()
        assert inside.any(axis=0)[[0, -1]].all()
        assert inside.any(axis=1)[[0, -1]].all()
        assert sum(line["truth"]["shares"].values()) == pytest.approx(1.0)
        assert line["garment"]["pattern"]["name"] == row["pattern"]
    written = {path for path in hashes(shop.folder) if path.startswith(("photos/", "masks/"))}
    assert written == {row["image"] for row in rows} | {row["mask"] for row in rows}


def test_two_processes_write_the_same_bytes(shop: DemoSummary, tmp_path: Path) -> None:
    told: list[int] = []
    again = write_demo(tmp_path, PRODUCTS, seed=1, workers=2, progress=told.append)
    assert told == list(range(1, PRODUCTS + 1))
    assert hashes(again.folder) == hashes(shop.folder)


def test_another_seed_writes_another_shop(shop: DemoSummary, tmp_path: Path) -> None:
    other = write_demo(tmp_path, 2, seed=2, workers=1)
    shared = hashes(shop.folder)
    assert all(shared.get(name) != digest for name, digest in hashes(other.folder).items())


def test_a_run_cut_short_leaves_whole_pictures_and_no_table(tmp_path: Path) -> None:
    whole = write_demo(tmp_path / "whole", 4, seed=3, workers=1)

    def stop(done: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    cut = tmp_path / "cut"
    write_demo(cut, 1, seed=9, workers=1)  # an older table that must not outlive its pictures
    with pytest.raises(KeyboardInterrupt):
        write_demo(cut, 4, seed=3, workers=1, progress=stop)
    left = hashes(cut)
    assert "products.csv" not in left
    assert "truth.jsonl" not in left
    expected = hashes(whole.folder)
    pictures = {name: digest for name, digest in left.items() if name in expected}
    assert len(pictures) >= 8
    assert all(digest == expected[name] for name, digest in pictures.items() if "P0001" not in name)
    write_demo(cut, 4, seed=3, workers=1)
    finished = hashes(cut)
    assert expected.items() <= finished.items()


def test_a_picture_that_cannot_be_written_leaves_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def torn(self: Path, content: bytes) -> int:
        with self.open("wb") as file:
            file.write(content[: len(content) // 2])
        raise OSError("no space left")

    monkeypatch.setattr(Path, "write_bytes", torn)
    with pytest.raises(OSError, match="no space"):
        write_demo(tmp_path, 1, workers=1)
    assert [name for name in hashes(tmp_path) if not name.endswith(".tmp")] == []


def test_prices_follow_category_and_brand() -> None:
    products = [product_for(str(seed), random_garment(seed)) for seed in range(400)]
    mean = {
        category: np.mean([product.price for product in products if product.garment.category == category])
        for category in CATEGORIES
    }
    assert mean["dress"] > mean["skirt"] > mean["t-shirt"]
    brand = [BRANDS[product.brand] for product in products]
    assert np.corrcoef(brand, [product.price for product in products])[0, 1] > 0.4
    assert len({product.brand for product in products}) == len(BRANDS)


def test_names_read_like_a_shop() -> None:
    names = {garment_name(random_garment(seed)) for seed in range(300)}
    assert any(name.endswith("polka dot maxi dress") for name in names)
    assert any("leopard print" in name for name in names)
    assert all("plain" not in name and "stripes" not in name for name in names)


def test_wrong_counts_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="one product"):
        write_demo(tmp_path, 0)
    with pytest.raises(InputError, match="workers"):
        write_demo(tmp_path, 1, workers=0)
