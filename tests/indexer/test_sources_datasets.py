"""The readers of datasets, on files as they come: what they give, and what they say of what is malformed."""

from __future__ import annotations

import io
import json
import sqlite3
import tarfile
import zipfile
from pathlib import Path

import datasets
import numpy as np
import pytest
from builders import Shop
from PIL import Image

from engine.errors import MissingDependencyError, PictureError, SourceError
from engine.photos import HOLDERS
from indexer.decode import decode
from indexer.decode.limits import DecodeLimits
from indexer.sources.archive import SUFFIXES
from indexer.sources.attribute_prediction import length_of, pattern_of
from indexer.sources.base import Source, SourceImage, SourceProblem
from indexer.sources.formats import FORMATS
from indexer.sources.open import find_source_format, named_format, open_source
from indexer.sources.path_list import read_paths

LIMITS = DecodeLimits()


def images(source: Source) -> dict[str, SourceImage]:
    found = [item for item in source if isinstance(item, SourceImage)]
    assert len({item.product for item in found}) == len(found), "this test's products have one photo each"
    return {item.product: item for item in found}


def problems(source: Source, fatal: bool) -> dict[str, str]:
    return {item.row: item.reason for item in source if isinstance(item, SourceProblem) and item.fatal is fatal}


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (datasets.in_shop, "in-shop"), (datasets.coarse, "attribute-prediction"),
        (datasets.fine, "attribute-prediction-fine"), (datasets.deepfashion2, "deepfashion2"), (datasets.coco, "coco"),
        (datasets.fashion_mnist, "fashion-mnist"), (datasets.myntra, "myntra"),
        (datasets.open_metric_learning, "open-metric-learning"), (datasets.google, "google-product-search"),
        (datasets.pixplot, "pixplot"), (datasets.webdataset, "archive"), (datasets.tar_gz, "archive"),
        (datasets.zipped, "archive"),
    ],
)  # fmt: skip
def test_each_is_found_out_by_its_shape(tmp_path: Path, make, name: str) -> None:
    assert find_source_format(make(tmp_path)).name == name


def test_names_are_told_once_and_a_slip_is_answered_with_the_nearest() -> None:
    assert len({one.name for one in FORMATS}) == len(FORMATS)
    with pytest.raises(SourceError, match="did you mean 'deepfashion2'"):
        named_format("deepfashon2")


def test_coarse_attributes(tmp_path: Path) -> None:
    home = datasets.coarse(tmp_path)
    found = [item for item in open_source(home) if isinstance(item, SourceImage)]
    assert [(item.product, item.file.name) for item in found] == [
        ("Sheer_Blouse", "img_00000001.jpg"), ("Sheer_Blouse", "img_00000002.jpg"), ("Maxi_Dress", "img_00000001.jpg"),
    ]  # fmt: skip
    first, second, dress = found
    assert first.attributes == {"category": "Blouse", "category_type": "upper"}
    assert first.own == {"split": "train", "pattern": "polka dot"} and first.box == (2, 3, 18, 27)
    assert second.own == {"split": "val", "length": "knee", "maxi": False, "pattern": "striped"}
    assert dress.own == {"split": "test", "length": "maxi", "maxi": True, "pattern": "floral"}
    lost, kept = problems(open_source(home), True), problems(open_source(home), False)
    assert "must be 1 to 4" in lost["list_category_img.txt line 5"]
    assert "must have 2" in lost["list_category_img.txt line 8"]
    assert "list_bbox.txt line 4: a box" in kept["list_category_img.txt line 4"]


@pytest.mark.parametrize(
    ("names", "length", "pattern"),
    [
        (["maxi"], "maxi", None), (["chiffon maxi"], "maxi", None), (["knee-length"], "knee", None),
        (["midi", "floral"], "midi", "floral"), (["a-line mini"], "mini", None), (["minimal"], None, None),
        (["mini_length"], "mini", None), (["polka dot", "dot"], None, "polka dot"), (["print"], None, "print"),
        (["striped", "print"], None, "striped"), (["denim"], None, None), (["no_dress"], None, None),
    ],
)  # fmt: skip
def test_lengths_and_patterns_of_attribute_names(names: list[str], length: str | None, pattern: str | None) -> None:
    assert length_of(names) == length and pattern_of(names) == pattern


def test_fine_attributes_belong_to_rows_by_number(tmp_path: Path) -> None:
    home = datasets.fine(tmp_path)
    found = images(open_source(home))
    assert found["sheer_Blouse"].file.is_file() and found["sheer_Blouse"].box == (1, 2, 19, 28)
    dress = found["Maxi_Dress"]
    assert dress.own == {"split": "train", "length": "maxi", "maxi": True, "pattern": "floral"} and dress.box is None
    kept = problems(open_source(home), False)
    assert "train_bbox.txt line 2" in kept["train.txt line 2"]
    (home / "Anno_fine" / "train_cate.txt").write_text("1\n3\n")
    with pytest.raises(SourceError, match=r"train_cate.txt line 2: 2 rows for the 3 photos"):
        list(open_source(home))


def test_deepfashion2_pairs(tmp_path: Path) -> None:
    source = open_source(datasets.deepfashion2(tmp_path))
    found = [item for item in source if isinstance(item, SourceImage)]
    shop, user, alone, twice = found
    assert shop.product == user.product == "pair1-style1" and alone.product == "train-000002-item2"
    assert shop.own["is_gallery"] is True and user.own["is_query"] is True and alone.own["is_query"] is False
    assert shop.box == (2, 4, 18, 24) and shop.attributes == {"category": "short sleeve dress"}
    assert shop.own["visible_landmarks"] == 2
    mask = shop.mask.mask(LIMITS)
    wanted = np.zeros((32, 24), bool)
    wanted[4:28, 2:20] = True
    assert np.array_equal(mask, wanted)
    lost = problems(source, True)
    assert "1 to 13" in lost["train/000003.json item1"] and "not JSON" in lost["train/000004.json line 1"]
    assert "not found" in lost["validation/000001.json item1"] and "repeats" in lost["validation/000002.json item2"]
    assert twice.product == "pair9-style2" and len(lost) == 4


def test_coco_instances(tmp_path: Path) -> None:
    path = datasets.coco(tmp_path)
    source = open_source(path)
    found = images(source)
    assert list(found) == ["0000011/1", "0000010/2", "0000011/3"]
    dress = found["0000010/2"]
    wanted = np.zeros((32, 24), bool)
    wanted[4:12, 4:14] = wanted[16:24, 4:14] = True
    assert np.array_equal(dress.mask.mask(LIMITS), wanted) and dress.box == (4, 4, 10, 20)
    assert found["0000011/1"].mask is None and found["0000011/1"].box == (1, 2, 3, 4)
    runs = np.zeros((24, 32), bool)
    runs[2:4] = True  # by columns of 32
    assert np.array_equal(found["0000011/3"].mask.mask(LIMITS), runs.T)
    lost = problems(source, True)
    assert list(lost) == [f"instances.json annotations[{n}]" for n in (3, 4, 5)] + ["instances.json images[2]"]
    assert "3 numbers" in lost["instances.json annotations[4]"]
    path.write_text(path.read_text()[:-5])
    with pytest.raises(SourceError, match="line 1"):
        open_source(path, source="coco")


def test_coco_products_of_one_photo_are_indexed_each_with_its_garment(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    path = datasets.coco(tmp_path)
    shop.photos = path.parent / "images"
    report = shop.index(open_source(path))
    assert (report.counts.indexed, report.counts.failed) == (3, 4)
    one = shop.vector("0000011.jpg", product="0000011/1")
    other = shop.vector("0000011.jpg", product="0000011/3")
    assert not np.array_equal(one, other)
    assert shop.attribute("0000011.jpg", "category", product="0000011/1") == "bag"


def test_fashion_mnist(tmp_path: Path) -> None:
    home = datasets.fashion_mnist(tmp_path)
    found = images(open_source(home))
    assert [(name, item.attributes["category"]) for name, item in found.items()] == [
        ("train/00000", "Ankle boot"), ("train/00001", "T-shirt/top"), ("t10k/00000", "Dress"),
    ]  # fmt: skip
    boot = found["train/00000"]
    pixels = np.asarray(Image.open(io.BytesIO(boot.packed.read(LIMITS))))
    assert pixels.shape == (28, 28) and np.array_equal(boot.mask.mask(LIMITS), pixels > 0)
    assert decode(boot.packed.read(LIMITS), LIMITS).rgb.shape == (28, 28, 3)
    assert "label 12" in problems(open_source(home), True)["train-labels-idx1-ubyte.gz byte 10"]
    path = home / "t10k-labels-idx1-ubyte.gz"
    path.write_bytes(path.read_bytes()[:12])
    with pytest.raises(SourceError, match="t10k-labels"):
        list(open_source(home))


def test_myntra_keeps_names_with_stray_commas(tmp_path: Path) -> None:
    home = datasets.myntra(tmp_path)
    found = images(open_source(home))
    assert found["39386"].attributes == {
        "gender": "Women", "master_category": "Apparel", "sub_category": "Dress", "category": "Dresses",
        "base_colour": "Rosé", "season": "Summer", "year": 2012.0, "usage": "Casual",
        "name": "Peter, Paul & Mary, Dress",
    }  # fmt: skip
    lost = problems(open_source(home), True)
    assert "not found" in lost["styles.csv line 4"] and "9 more cells" in lost["styles.csv line 5"]


def test_open_metric_learning(tmp_path: Path) -> None:
    source = open_source(datasets.open_metric_learning(tmp_path))
    found = {item.file.name: item for item in source if isinstance(item, SourceImage)}
    assert found["1.jpg"].box == (2, 4, 18, 26) and found["1.jpg"].product == found["2.jpg"].product == "8"
    assert found["0.jpg"].own == {"split": "train"}
    assert found["1.jpg"].own == {"split": "validation", "is_query": True, "is_gallery": False}
    lost, kept = problems(source, True), problems(source, False)
    assert "names no product" in lost["df.csv line 5"] and "not found" in lost["df.csv line 6"]
    assert "covers nothing" in kept["df.csv line 4"] and "'maybe'" in kept["df.csv line 7"]


def test_google_product_search(tmp_path: Path) -> None:
    path = datasets.google(tmp_path)
    source = open_source(path)
    found = {item.file.name: item for item in source if isinstance(item, SourceImage)}
    assert list(found) == ["a.jpg", "b.jpg", "c.jpg"]
    assert found["a.jpg"].attributes == {
        "style": "casual", "color": "red", "category": "apparel-v2", "name": "Dress, red", "product_set": "set",
    }  # fmt: skip
    assert found["a.jpg"].box == (2, 4, 18, 26) and found["b.jpg"].box is None
    lost = problems(source, True)
    assert "address" in lost["images.csv line 5"] and "9 cells" in lost["images.csv line 6"]
    bare = datasets.text(path.with_name("bare.csv"), *path.read_text().splitlines()[1:4])
    assert [item.file.name for item in open_source(bare) if isinstance(item, SourceImage)] == list(found)


def test_pixplot(tmp_path: Path) -> None:
    source = open_source(datasets.pixplot(tmp_path))
    found = images(source)
    assert found["0"].attributes == {
        "category": "dress", "tags": "red|long", "description": "A dress", "permalink": "https://example.com/0",
        "year": 1999.0, "label": "one", "map_x": 0.5, "map_y": -2.0,
    }  # fmt: skip
    assert found["1"].attributes == {"category": "skirt"}
    assert "names no photo" in problems(source, True)["metadata.csv line 4"]


def test_webdataset_shards(tmp_path: Path) -> None:
    home = datasets.webdataset(tmp_path)
    source = open_source(home)
    assert source.attribute_types == {"price": "number", "maxi": "boolean", "class": "text"}
    found = images(source)
    assert list(found) == [f"shard-{shard:06d}/{name}" for shard in (0, 1) for name in ("00", "01")]
    first = found["shard-000000/00"]
    assert first.attributes == {"price": 3.5, "maxi": True, "class": "3"}
    with tarfile.open(home / "shard-000000.tar") as archive:
        assert first.packed.read(LIMITS) == archive.extractfile("00.jpg").read()
    lost = problems(source, True)
    kept = [(item.row, item.reason) for item in source if isinstance(item, SourceProblem) and not item.fatal]
    assert {row.split("member ")[1] for row in lost} == {"../02.jpg", "/etc/03.jpg", "04.jpg"}
    assert ("shard-000000.tar member 01.jpg", "a second one of this name: passed over") in kept
    assert any(".json: not JSON" in reason for _, reason in kept)


@pytest.mark.parametrize("make", [datasets.webdataset, datasets.tar_gz, datasets.zipped])
def test_archives_are_indexed_where_they_lie_and_stay_as_they_were(tmp_path: Path, make) -> None:
    shop = Shop(tmp_path)
    place = make(tmp_path)
    before = sorted(path.as_posix() for path in tmp_path.rglob("*") if "catalog" not in path.as_posix())
    first = shop.index(open_source(place))
    assert first.counts.indexed >= 2
    again = shop.index(open_source(place))
    assert again.counts.indexed == 0 and again.counts.unchanged + again.counts.duplicate == first.counts.seen - (
        first.counts.failed
    )
    assert before == sorted(path.as_posix() for path in tmp_path.rglob("*") if "catalog" not in path.as_posix())


def test_every_file_that_holds_photos_is_known_as_one() -> None:
    held = (*SUFFIXES, "data.mdb", "photos.lmdb", "train-images-idx3-ubyte.gz", "t10k-images-idx3-ubyte")
    assert all(f"x{name}".endswith(HOLDERS) for name in held)


def test_a_cut_archive_and_a_lying_one(tmp_path: Path) -> None:
    path = datasets.tar_gz(tmp_path)
    path.write_bytes(path.read_bytes()[:-200])
    cut = [item for item in open_source(path) if isinstance(item, SourceProblem)]
    assert "damaged or cut" in cut[-1].reason
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.png", b"\0" * 50_000_000)
    (item,) = open_source(bomb)
    with pytest.raises(PictureError, match="over the limit"):
        item.packed.read(LIMITS)


def test_paths_on_standard_input(tmp_path: Path) -> None:
    for name in ("a.jpg", "b c.jpg"):
        datasets.photo(tmp_path / name)
    listed = b"a.jpg\r\n\n" + str(tmp_path / "b c.jpg").encode() + b"\nreadme.txt\n../x.jpg\n\xff.jpg\ngone.jpg\na.jpg"
    source = read_paths(io.BytesIO(listed), tmp_path)
    assert list(images(source)) == ["a", "b c"] and len(source) == 7
    assert [item.fatal for item in source if isinstance(item, SourceProblem)] == [True] * 5
    ended = read_paths(io.BytesIO(b"a.jpg\0b c.jpg\0"), tmp_path)
    assert list(images(ended)) == ["a", "b c"]
    with pytest.raises(SourceError, match="no paths"):
        read_paths(io.BytesIO(b"\n"), tmp_path)


def paperdoll(root: Path) -> Path:
    lmdb = pytest.importorskip("lmdb", reason="lmdb is optional: pip install 'houndstooth[lmdb]'")
    root.mkdir(parents=True, exist_ok=True)
    with sqlite3.connect(root / "chictopia.sqlite3") as connection:
        connection.executescript(
            """CREATE TABLE photos (id INTEGER, post_id INTEGER, path TEXT, width INTEGER, height INTEGER);
            CREATE TABLE posts (id INTEGER, user_id INTEGER);
            CREATE TABLE garments (clothing_id INTEGER, color_id INTEGER, brand_id INTEGER, post_id INTEGER);
            CREATE TABLE tags (id INTEGER, name TEXT, type TEXT);
            INSERT INTO photos VALUES (10, 1, '', 400, 600), (11, 1, '', 400, 600), (12, 2, '', 400, 600);
            INSERT INTO posts VALUES (1, 5), (2, 6);
            INSERT INTO garments VALUES (7, 1, 1, 1), (8, 1, 1, 1);
            INSERT INTO tags VALUES (7, 'maxi%20dress', 'Clothing'), (8, 'bag', 'Clothing');"""
        )
    connection.close()
    with lmdb.open(str(root / "photos.lmdb"), map_size=2**22) as data, data.begin(write=True) as writing:
        for number in (10, 11):
            writing.put(str(number).encode(), datasets.photo(root.parent / "x.jpg", number).read_bytes())
    return root


def test_paperdoll(tmp_path: Path) -> None:
    home = paperdoll(tmp_path / "pd")
    assert find_source_format(home).name == "paperdoll"
    source = open_source(home)
    found = [item for item in source if isinstance(item, SourceImage)]
    assert [item.product for item in found] == ["post-1", "post-1"] and len(source) == 3
    assert found[0].attributes == {"post": "1", "user": "5", "garments": "bag|maxi dress"}
    assert found[0].packed.read(LIMITS).startswith(b"\xff\xd8")
    assert "no photo 12" in problems(source, True)["chictopia.sqlite3 photo 12"]


def test_modanet(tmp_path: Path) -> None:
    home = tmp_path / "modanet"
    told = datasets.coco_data()
    for number in (10, 11, 12):
        datasets.photo(home / "images" / f"{number:07d}.jpg", number)
    datasets.text(home / "modanet2018_instances_train.json", json.dumps(told))
    assert find_source_format(home).name == "modanet"
    assert list(images(open_source(home))) == ["0000011/1", "0000010/2", "0000011/3"]
    for path in (home / "images").iterdir():
        path.unlink()
    found = images(open_source(paperdoll(home), source="modanet"))
    assert found["0000010/2"].own == {"post": "1", "user": "5"}
    assert found["0000010/2"].path.endswith("photos.lmdb/data.mdb/10.jpg")


def test_photos_of_an_lmdb_without_lmdb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "lmdb", None)
    home = tmp_path / "pd"
    (home / "photos.lmdb").mkdir(parents=True)
    (home / "photos.lmdb" / "data.mdb").write_bytes(b"")
    sqlite3.connect(home / "chictopia.sqlite3").executescript("CREATE TABLE photos (id INTEGER)").connection.close()
    with pytest.raises(MissingDependencyError, match=r"pip install 'houndstooth\[lmdb\]'"):
        open_source(home)
