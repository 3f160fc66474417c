"""What every reader keeps, whatever it reads. A new reader adds one function to READERS."""

from __future__ import annotations

import csv
import inspect
import itertools
import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import DATASETS

from engine.attributes import AttributeType
from engine.errors import SourceError
from indexer.decode.limits import DecodeLimits
from indexer.sources.base import Source, SourceImage, SourceProblem
from indexer.sources.open import open_source

ROWS = [
    {"image": "dress/1.jpg", "sku": "A", "price": "10", "maxi": "yes", "colour": "red"},
    {"image": "dress/2.jpg", "sku": "A", "price": "11", "maxi": "yes", "colour": "red"},  # contradicts the first
    {"image": "dress/1.jpg", "sku": "A", "price": "10", "maxi": "yes", "colour": "red"},  # the first again
    {"image": "gone.jpg", "sku": "B", "price": "12", "maxi": "no", "colour": "blue"},
    {"image": "gone.jpg", "sku": "C", "price": "12", "maxi": "no", "colour": "blue"},
    {"image": "", "sku": "D", "price": "1", "maxi": "no", "colour": ""},
    {"image": "../3.jpg", "sku": "D", "price": "1", "maxi": "no", "colour": ""},
    {"image": "skirt/3.png", "sku": "E", "price": "", "maxi": "", "colour": "blue"},
    {"image": "skirt/3.png", "sku": "F", "price": "5", "maxi": "no", "colour": "null"},
]


def photos(root: Path) -> Path:
    for name in ("dress/1.jpg", "dress/2.jpg", "skirt/3.png"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"")
    return root


def folder(root: Path) -> Path:
    root.mkdir()
    (photos(root) / "gone.jpg").symlink_to("nowhere")
    (root / "loop").symlink_to(root)
    return root


def table_csv(root: Path) -> Path:
    path = photos(root) / "products.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(ROWS[0]))
        writer.writeheader()
        writer.writerows(ROWS)
        stream.write('x.jpg,"G,1\nskirt/3.png,H,2,no,green\nshort,row\n')
    return path


def table_jsonl(root: Path) -> Path:
    path = photos(root) / "products.jsonl"
    rows = [{**row, "price": float(row["price"] or "nan"), "maxi": row["maxi"] == "yes"} for row in ROWS]
    path.write_text("\n".join([*map(json.dumps, rows), "{broken", "[]"]))
    return path


def table_parquet(root: Path) -> Path:
    path = photos(root) / "products.parquet"
    columns = {name: [row[name] for row in ROWS] for name in ROWS[0]}
    columns["price"] = [float(price or "nan") for price in columns["price"]]
    columns["maxi"] = [maxi == "yes" for maxi in columns["maxi"]]
    pq.write_table(pa.table(columns), path, row_group_size=2)
    return path


def photo_folder(root: Path) -> Path:
    return folder(root / "photos")


def picture(root: Path) -> Path:
    photos(root / "photos")
    (root / "photos" / "1.jpg").write_bytes(b"")
    return root / "photos" / "1.jpg"


TABLES = [table_csv, table_jsonl, table_parquet]
READERS = [photo_folder, picture, *TABLES, *DATASETS]
KINDS = {"text": str, "number": float, "boolean": bool}


@pytest.fixture(params=READERS, ids=lambda make: make.__name__)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return request.param(tmp_path)


@pytest.fixture
def source(place: Path) -> Source:
    return open_source(place)


def test_every_pass_gives_the_same_in_the_same_order(source: Source, place: Path) -> None:
    first = list(source)
    assert any(isinstance(item, SourceImage) for item in first)
    assert list(source) == first
    assert list(open_source(place)) == first


def test_two_passes_at_once_do_not_disturb_each_other(source: Source) -> None:
    alone = list(source)
    together = list(itertools.zip_longest(source, source))
    assert [one for one, _ in together] == alone
    assert [other for _, other in together] == alone


def test_the_length_is_what_comes(source: Source) -> None:
    assert len(source) == sum(isinstance(item, SourceImage) or item.fatal for item in source)


def test_it_streams(source: Source) -> None:
    assert inspect.isgenerator(iter(source))


def test_no_two_photos_or_losses_share_path_and_product(source: Source) -> None:
    keys = [(item.path, item.product) for item in source if isinstance(item, SourceImage) or item.fatal]
    assert len(set(keys)) == len(keys)


def test_photos_are_there_and_named_by_absolute_paths(source: Source) -> None:
    for item in source:
        if isinstance(item, SourceImage):
            assert item.file.is_file()
            assert Path(item.path).is_absolute()
            assert ".." not in Path(item.path).parts
            assert item.product
            if item.packed is None:
                assert Path(item.path) == item.file
            else:
                assert item.file in Path(item.path).parents
                assert isinstance(item.packed.read(DecodeLimits()), bytes)


def test_masks_have_a_key_and_pixels(source: Source) -> None:
    for item in source:
        if isinstance(item, SourceImage) and item.mask is not None and not isinstance(item.mask, Path):
            assert item.mask.key == item.mask.key
            mask = item.mask.mask(DecodeLimits())
            assert mask.ndim == 2 and mask.dtype == bool and mask.any()


def test_an_attribute_is_of_products_or_of_photos(source: Source) -> None:
    images = [item for item in source if isinstance(item, SourceImage)]
    shared = {name for item in images for name in item.attributes}
    assert not shared & {name for item in images for name in item.own}


def test_attributes_have_the_types_that_were_announced(source: Source) -> None:
    announced = dict(source.attribute_types)
    for item in source:
        for name, value in {**getattr(item, "attributes", {}), **getattr(item, "own", {})}.items():
            assert type(value) is KINDS[announced[name]]
    assert source.attribute_types == announced


def test_what_the_catalog_knows_is_taken_over(place: Path) -> None:
    known: dict[str, AttributeType] = {"category": "number", "price": "text", "elsewhere": "boolean"}
    source = open_source(place, known=known)
    assert "elsewhere" not in source.attribute_types
    for name, type in source.attribute_types.items():
        assert type == known.get(name, type)
    for item in source:
        for name, value in getattr(item, "attributes", {}).items():
            assert isinstance(value, KINDS[source.attribute_types[name]])


def test_a_product_never_contradicts_itself(source: Source) -> None:
    told: dict[tuple[str, str], object] = {}
    for item in source:
        if isinstance(item, SourceImage) and item.named:
            for name, value in item.attributes.items():
                assert told.setdefault((item.product, name), value) == value


def test_rows_say_where(source: Source, place: Path) -> None:
    for item in source:
        if place.name.startswith(("products.", "df.")):
            assert item.row.startswith(place.name)
        elif (place.parent if place.is_file() else place).name == "photos":
            assert item.row == ""
        else:
            assert item.row


def test_problems_say_why_in_words_that_can_be_stored(source: Source) -> None:
    for item in source:
        if isinstance(item, SourceProblem):
            assert 5 < len(item.reason) < 500
            "".join((item.path, item.row, item.reason, item.product)).encode()


def test_the_tables_agree_with_one_another(tmp_path: Path) -> None:
    seen = []
    for make in (table_csv, table_jsonl, table_parquet):
        source = open_source(make(tmp_path))
        found = [item for item in source if isinstance(item, SourceImage)]
        seen.append([(item.path, item.product) for item in found if item.product != "H"])  # H is in one table only
        assert source.attribute_types == {"price": "number", "maxi": "boolean", "colour": "text"}
    assert [product for _, product in seen[0]] == ["A", "A", "E", "F"]
    assert seen[0] == seen[1] == seen[2]


@pytest.mark.parametrize("make", TABLES, ids=lambda make: make.__name__)
def test_a_table_without_photos_names_its_columns(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    with pytest.raises(SourceError, match=r"names a column that is not there.*'sku'"):
        open_source(make(tmp_path), columns={"image": "foto"})


def test_memory_does_not_grow_with_the_rows_but_for_what_tells_repeats(tmp_path: Path) -> None:
    def peak(rows: int) -> int:
        path = photos(tmp_path) / "many.csv"
        with path.open("w") as stream:
            stream.write("image,sku,price,note\n")
            stream.writelines(f"dress/1.jpg,p{at},{at},{'words ' * 40}{at}\n" for at in range(rows))
        tracemalloc.start()
        try:
            assert sum(1 for _ in open_source(path)) == rows
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    few, many = peak(1_000), peak(3_000)
    assert (many - few) / 2_000 < 400  # bytes a row, of which each has some 260 characters
