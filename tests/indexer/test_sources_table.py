"""The table reader: what each row gives, and what it says of the rows that give nothing."""

from __future__ import annotations

import csv
import datetime
import io
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import SourceError
from indexer.sources import rows_delimited
from indexer.sources.base import SourceImage, SourceProblem
from indexer.sources.cells import shown
from indexer.sources.open import open_source
from indexer.sources.rows_delimited import sniff

PHOTOS = ("a.jpg", "b.jpg", "dress/c.jpg", "dress/d.png")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A folder with four photos; readers open none of them."""
    for name in PHOTOS:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    return tmp_path


@pytest.fixture
def table(shop: Path) -> Callable[..., Path]:
    def write(text: str | bytes, name: str = "products.csv") -> Path:
        path = shop / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def images(source: object) -> list[SourceImage]:
    return [item for item in source if isinstance(item, SourceImage)]


def problems(source: object) -> list[tuple[str, str, bool]]:
    return [(item.row, item.reason, item.fatal) for item in source if isinstance(item, SourceProblem)]


def test_a_plain_table(table: Callable[..., Path], shop: Path) -> None:
    path = table(
        "image,product_id,Price,On sale,colour\na.jpg,007,19.50,yes,red\ndress/c.jpg,007,,,\nb.jpg,8,3,no,blue\n"
    )
    source = open_source(path)
    assert source.attribute_types == {"price": "number", "on_sale": "boolean", "colour": "text"}
    assert list(source) == [
        SourceImage(
            file=shop / "a.jpg",
            path=f"{shop}/a.jpg",
            product="007",
            attributes={"price": 19.5, "on_sale": True, "colour": "red"},
            row="products.csv line 2",
            named=True,
        ),
        SourceImage(shop / "dress/c.jpg", f"{shop}/dress/c.jpg", "007", {}, row="products.csv line 3", named=True),
        SourceImage(
            file=shop / "b.jpg",
            path=f"{shop}/b.jpg",
            product="8",
            attributes={"price": 3.0, "on_sale": False, "colour": "blue"},
            row="products.csv line 4",
            named=True,
        ),
    ]
    assert len(source) == 3
    assert source.name == str(path)


def test_the_root_is_where_relative_paths_start(table: Callable[..., Path], shop: Path, tmp_path: Path) -> None:
    path = table("image\nc.jpg\n")
    assert problems(open_source(path))[0][1] == f"photo not found: {shop}/c.jpg"
    (found,) = images(open_source(path, root=shop / "dress"))
    assert (found.path, found.product, found.named) == (f"{shop}/dress/c.jpg", "c", False)


def test_without_a_product_column_the_photo_names_it(table: Callable[..., Path], shop: Path) -> None:
    source = open_source(table(f"image\ndress/c.jpg\n./dress/../a.jpg\n{shop}/b.jpg\ndress\\d.png\n"))
    assert [(found.product, found.named) for found in images(source)] == [
        ("dress/c", False),
        ("a", False),
        ("b", False),
        ("dress/d", False),
    ]
    tree = {found.path: found.product for found in images(open_source(shop))}
    assert {found.path: found.product for found in images(source)} == tree  # a folder and a table agree


def test_an_empty_product_cell_is_said(table: Callable[..., Path]) -> None:
    source = open_source(table("image,sku\na.jpg,\nb.jpg,7\n"))
    assert [(found.product, found.named) for found in images(source)] == [("a", False), ("7", True)]
    assert problems(source) == [
        ("products.csv line 2", "column sku: empty; the product is named after its photo", False)
    ]


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("", "column image is empty"),
        ("null", "column image is empty"),
        ("../a.jpg", "leads out of"),
        ("dress/../../x.jpg", "leads out of"),
        ("..\\a.jpg", "leads out of"),
        ("https://shop.example/a.jpg", "is an address"),
        ("s3://bucket/a.jpg", "is an address"),
        ("no.jpg", "photo not found: "),
        ("/nowhere/a.jpg", "photo not found: /nowhere/a.jpg"),
        ("dress", "photo is not a file: "),
        (".", "photo is not a file: "),
        ("a.jpg/b.jpg", "photo not found: "),
        ("x" * 300 + ".jpg", "photo cannot be read (File name too long): "),
        ("x" * 5000, "is too long for a path"),
        ("a\0.jpg", "cannot be stored"),
    ],
)
def test_a_row_without_a_photo_costs_that_row_only(table: Callable[..., Path], cell: str, reason: str) -> None:
    source = open_source(table(f"image,sku\na.jpg,1\n{cell},2\nb.jpg,3\n"))
    assert [found.product for found in images(source)] == ["1", "3"]
    ((row, told, fatal),) = problems(source)
    assert row == "products.csv line 3"
    assert reason in told
    assert fatal
    assert len(source) == 3


def test_cells_that_do_not_fit_are_reported_by_row_and_column(table: Callable[..., Path]) -> None:
    rows = "\n".join(f"a{at}.jpg,{at}" for at in range(40))
    source = open_source(table(f"image,Price\n{rows}\na.jpg,cheap\nb.jpg,7\n"))
    assert source.attribute_types == {"price": "number"}
    assert [(found.product, dict(found.attributes)) for found in images(source)] == [("a", {}), ("b", {"price": 7.0})]
    said = (
        "column Price: 'cheap' is not a number; in a new catalog, --type price=text reads the column as text"  # way out
    )
    assert ("products.csv line 42", said, False) in problems(source)
    known = open_source(table(f"image,Price\n{rows}\na.jpg,cheap\n"), known={"price": "number"})
    assert ("products.csv line 42", "column Price: 'cheap' is not a number", False) in problems(known)


def test_a_small_table_keeps_its_numbers(table: Callable[..., Path]) -> None:
    source = open_source(table("image,price\na.jpg,cheap\nb.jpg,7\ndress/c.jpg,8\n"))
    assert source.attribute_types == {"price": "number"}
    assert [dict(found.attributes) for found in images(source)] == [{}, {"price": 7.0}, {"price": 8.0}]


def test_a_price_that_is_text_is_reported_once(table: Callable[..., Path]) -> None:
    path = table("image,List price,note\na.jpg,$5,5$\nb.jpg,$6,6$\ndress/c.jpg,7,7\n")
    source = open_source(path)
    assert source.attribute_types == {"list_price": "text", "note": "text"}
    said = (
        "column List price was read as text: '$5' in line 2 is not a number as 1299.5 is; "
        "in a new catalog, --type list_price=number reads the numbers and leaves other cells out"
    )
    assert problems(source) == [("products.csv", said, False)]
    assert open_source(path, types={"list_price": "number"}).attribute_types["list_price"] == "number"
    for settled in (open_source(path, types={"list_price": "text"}), open_source(path, known={"list_price": "text"})):
        assert problems(settled) == []


def test_a_column_of_yes_and_no_that_one_cell_makes_text_is_reported_once(table: Callable[..., Path]) -> None:
    path = table("image,Maxi\na.jpg,yes\nb.jpg,no\ndress/c.jpg,maybe\n")
    said = (
        "column Maxi was read as text: 'maybe' in line 4 is not true or false; "
        "in a new catalog, --type maxi=boolean reads the booleans and leaves other cells out"
    )
    assert problems(open_source(path)) == [("products.csv", said, False)]
    meant = open_source(path, types={"maxi": "boolean"})
    assert [dict(found.attributes) for found in images(meant)] == [{"maxi": True}, {"maxi": False}, {}]
    assert problems(open_source(path, types={"maxi": "text"})) == []


def test_types_by_option_then_catalog_then_values(table: Callable[..., Path]) -> None:
    path = table("image,size,Maxi,code\na.jpg,7,1,5\nb.jpg,8,0,x\n")
    assert open_source(path).attribute_types == {"size": "number", "maxi": "number", "code": "text"}
    known = {"maxi": "boolean", "code": "number", "other": "text"}
    source = open_source(path, known=known, types={"Size": "text"})
    assert source.attribute_types == {"size": "text", "maxi": "boolean", "code": "number"}
    assert [dict(found.attributes) for found in images(source)] == [
        {"size": "7", "maxi": True, "code": 5.0},
        {"size": "8", "maxi": False},
    ]
    assert open_source(path, known=known, types={"code": "text"}).attribute_types["code"] == "text"
    with pytest.raises(SourceError, match=r"'sise'.*There are: size, maxi, code"):
        open_source(path, types={"sise": "text"})
    with pytest.raises(SourceError, match="one of text, number, boolean"):
        open_source(path, types={"size": "integer"})


def test_columns_by_option(table: Callable[..., Path]) -> None:
    path = table("Foto,Artikel,width\na.jpg,7,3\n")
    with pytest.raises(SourceError, match="no column names the photos"):
        open_source(path)
    source = open_source(path, columns={"image": "foto", "product": "Artikel", "own_width": "width"})
    (found,) = source
    assert (found.product, found.attributes) == ("7", {"own_width": 3.0})


def test_a_reserved_name_is_reported_once_with_a_way_out(table: Callable[..., Path]) -> None:
    source = open_source(table("image,region,confidence\na.jpg,north,1\nb.jpg,south,2\n"))
    assert [dict(found.attributes) for found in images(source)] == [{}, {}]
    told = problems(source)
    assert [(row, fatal) for row, _, fatal in told] == [("products.csv", False)] * 2
    assert "columns={'own_region': 'region'}" in told[0][1]


def test_rows_of_another_width(table: Callable[..., Path]) -> None:
    source = open_source(table('image,price\na.jpg\nb.jpg,1,2\n\n,\ndress/c.jpg,"1\n2",3\ndress/d.png,4\n'))
    assert [(found.product, found.row) for found in images(source)] == [("dress/d", "products.csv line 8")]
    assert problems(source) == [
        ("products.csv line 2", "1 cell under a header of 2", True),
        ("products.csv line 3", "3 cells under a header of 2", True),
        ("products.csv line 6", "3 cells under a header of 2 (it runs to line 7)", True),
    ]
    assert len(source) == 4


def test_line_numbers_are_physical(table: Callable[..., Path]) -> None:
    for end in ("\n", "\r\n", "\r"):
        text = '\nimage,note\n\na.jpg,"one\ntwo\n\nthree"\n  \nb.jpg,\x0b\u2028x\ndress/c.jpg,"a ""quoted"" word"\n'
        source = open_source(table(text.replace("\n", end)))
        assert [found.row.rsplit(maxsplit=1)[1] for found in images(source)] == ["4", "9", "10"]
        assert images(source)[0].attributes["note"] == f"one{end}two{end}{end}three"
        assert images(source)[2].attributes["note"] == 'a "quoted" word'


@pytest.mark.parametrize(
    ("bad", "lost"),
    [
        ('a.jpg,"never closed,1', 1),
        ('a.jpg,"closed" by chance,1', 1),
        ('a.jpg,"one,1\nb.jpg,"two,1', 2),
    ],
)
def test_a_stray_quote_costs_its_own_row_only(table: Callable[..., Path], bad: str, lost: int) -> None:
    source = open_source(table(f'image,note,price\n{bad}\ndress/c.jpg,"fine, this",2\ndress/d.png,ok,3\n'))
    assert [(found.product, found.attributes["price"]) for found in images(source)] == [("dress/c", 2), ("dress/d", 3)]
    told = problems(source)
    assert [row for row, _, _ in told] == [f"products.csv line {2 + at}" for at in range(lost)]
    assert all("quote" in reason and fatal for _, reason, fatal in told)
    assert images(source)[0].row == f"products.csv line {2 + lost}"


def test_a_quote_left_open_far_from_the_end(table: Callable[..., Path]) -> None:
    rows = "".join(f"x{at}.jpg,1\n" for at in range(5_000))
    source = open_source(table(f'image,price\na.jpg,"1\n{rows}b.jpg,2\n'))
    assert len(source) == 5_002
    assert [(found.product, found.row) for found in images(source)] == [("b", "products.csv line 5003")]


def test_a_line_too_long_is_skipped(table: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows_delimited, "MAX_LINE", 1_000)
    source = open_source(table(f"image,note\na.jpg,{'x' * 2_500}\nb.jpg,{'y' * 900}\ndress/c.jpg,\n"))
    assert [(found.product, found.row) for found in images(source)] == [
        ("b", "products.csv line 3"),
        ("dress/c", "products.csv line 4"),
    ]
    assert problems(source) == [("products.csv line 2", "a line of more than 1,000 characters", True)]


def test_a_huge_cell_is_dropped_and_the_photo_stays(table: Callable[..., Path]) -> None:
    for name, text in (
        ("t.csv", f"image,note\na.jpg,{'x' * 1_000_000}\n"),
        ("t.jsonl", json.dumps({"image": "a.jpg", "note": "x" * 1_000_000})),
    ):
        source = open_source(table(text, name))
        assert [dict(found.attributes) for found in images(source)] == [{}]
        assert "1,000,000 characters are more than" in problems(source)[0][1]


def test_a_photo_twice_and_a_product_that_contradicts_itself(table: Callable[..., Path]) -> None:
    text = "image,sku,colour,price\na.jpg,1,red,5\nb.jpg,1,blue,5\n./a.jpg,1,red,5\na.jpg,2,,6\n"
    source = open_source(table(f"{text}dress/c.jpg,1,green,\ndress/d.png,2,black,6\n"))
    assert [(found.file.name, found.product, dict(found.attributes)) for found in images(source)] == [
        ("a.jpg", "1", {"colour": "red", "price": 5.0}),
        ("b.jpg", "1", {"price": 5.0}),
        ("a.jpg", "2", {"price": 6.0}),
        ("c.jpg", "1", {}),
        ("d.png", "2", {"colour": "black", "price": 6.0}),
    ]
    differs = "column colour: differs from an earlier row of product '1'; the first value stays"
    told = problems(source)
    assert told[0] == ("products.csv line 3", differs, False)
    assert told[1][0] == "products.csv line 4"
    assert told[1][1].startswith("repeats line 2: product '1', photo ")
    assert told[1][2]
    assert told[2] == ("products.csv line 6", differs, False)
    assert problems(source) == told  # nothing is remembered from one pass to the next


def test_masks_and_boxes(table: Callable[..., Path], shop: Path) -> None:
    text = 'image,mask,bbox\na.jpg,dress/d.png,"1,2,3,4"\nb.jpg,no.png,nonsense\ndress/c.jpg,,\n'
    source = open_source(table(text))
    assert [(found.mask, found.box) for found in images(source)] == [
        (shop / "dress/d.png", (1, 2, 3, 4)),
        (None, None),
        (None, None),
    ]
    first, second = problems(source)
    assert first[1] == f"column mask: mask not found: {shop}/no.png; the whole photo is used"
    assert second[1].startswith("column bbox: 'nonsense' is not a box")
    assert not first[2] and not second[2]


def test_a_box_in_four_columns(table: Callable[..., Path]) -> None:
    source = open_source(table("image,x,y,width,height\na.jpg,1,2,3,4\nb.jpg,1,,3,4\n"))
    assert [found.box for found in images(source)] == [(1, 2, 3, 4), None]
    assert source.attribute_types == {}
    assert problems(source)[0][1].startswith("column x, y, width, height: ")


@pytest.mark.parametrize(
    ("encoding", "told"),
    [("utf-8", 0), ("utf-8-sig", 0), ("utf-16", 0), ("cp1252", 1)],
)
def test_encodings(table: Callable[..., Path], encoding: str, told: int) -> None:
    source = open_source(table("image,label\na.jpg,crème – brûlée\n".encode(encoding)))
    assert [found.attributes["label"] for found in images(source)] == ["crème – brûlée"]
    assert len(problems(source)) == told
    assert all("read as Windows-1252" in reason and not fatal for _, reason, fatal in problems(source))


def test_bytes_that_are_no_text_at_all(table: Callable[..., Path]) -> None:
    source = open_source(table(b"image,label\na.jpg,\x81\x8d\n"))
    assert [found.attributes["label"] for found in images(source)] == ["\ufffd\ufffd"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("others", [False, True])
def test_delimiters_are_found(table: Callable[..., Path], delimiter: str, others: bool) -> None:
    noise = "a, b; c | d\te, f" if others else "plain"
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter)
    writer.writerow(["sku", "title", "image", "price"])
    writer.writerows([[str(at), noise, name, "1,5;2"] for at, name in enumerate(PHOTOS)])
    for name in ("t.csv", "t.tsv"):
        source = open_source(table(stream.getvalue(), name))
        assert [found.product for found in images(source)] == ["0", "1", "2", "3"]
        assert images(source)[0].attributes == {"title": noise, "price": "1,5;2"}


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("image\na;b.jpg\n", ","),
        ("foto;preis\na.jpg;1,5\nb.jpg;2,5\n", ";"),
        ("foto,preis\na.jpg,1;5\nb.jpg,2;5\n", ","),
        ("image;note\na.jpg;one, two, three\nb.jpg;four\n", ";"),
        ('image|note\na.jpg|"x|y"\n', "|"),
        ("", ","),
        ('"', ","),
    ],
)
def test_sniffing(text: str, delimiter: str) -> None:
    assert sniff(text) == delimiter


def test_a_delimiter_by_option(table: Callable[..., Path]) -> None:
    path = table("image:price\na.jpg:5\n")
    assert images(open_source(path, delimiter=":"))[0].attributes == {"price": 5.0}
    with pytest.raises(SourceError, match="must be one character"):
        open_source(path, delimiter="::")


def test_columns_of_the_same_name(table: Callable[..., Path]) -> None:
    source = open_source(table("image,image,tag,tag,,\na.jpg,b.jpg,red,blue,,\n"))
    (found,) = images(source)
    assert found.path.endswith("a.jpg")
    assert found.attributes == {"image_2": "b.jpg", "tag": "red", "tag_2": "blue"}


def test_json_lines(table: Callable[..., Path], shop: Path) -> None:
    lines = [
        '\ufeff{"image": "a.jpg", "id": 7, "price": 5, "maxi": true, "size": "38"}',
        "",
        '{"image": "b.jpg", "id": 8.0, "price": "cheap", "maxi": null, "tags": ["x"], "late": 1}',
        '{"image": "dress/c.jpg", "id": "007", "price": NaN, "maxi": "yes", "size": {"eu": 38}}',
        "[1, 2]",
        "{broken",
        '{"image": "dress/d.png", "price": 1e999, "size": 40, "box": [1, 2, 3, 4], "tags": "\\ud800"}',
        "[" * 100_000,
        '{"image": "a.jpg", "price": ' + "9" * 5_000 + "}",
        '"caf\u00e9"',
        '{"id": 3}',
    ]
    path = table(b"\n".join([*(line.encode() for line in lines), b'{"image": "\xff"}']), "p.jsonl")
    source = open_source(path, types={"price": "number", "maxi": "boolean"})
    assert source.attribute_types == {
        "price": "number",
        "maxi": "boolean",
        "size": "text",
        "tags": "text",
        "late": "number",
    }
    assert [(found.product, dict(found.attributes), found.row) for found in images(source)] == [
        ("7", {"price": 5.0, "maxi": True, "size": "38"}, "p.jsonl line 1"),
        ("8", {"late": 1.0}, "p.jsonl line 3"),
        ("007", {"maxi": True}, "p.jsonl line 4"),
        ("dress/d", {"size": "40"}, "p.jsonl line 7"),
    ]
    assert images(source)[3].box == (1, 2, 3, 4)
    told = [(row.removeprefix("p.jsonl line "), reason[:24], fatal) for row, reason, fatal in problems(source)]
    assert told == [
        ("3", "column price: 'cheap' is", False),
        ("3", "column tags: a list is n", False),
        ("4", "column size: an object i", False),
        ("5", "'[1, 2]' is not an objec", True),
        ("6", "not JSON: Expecting prop", True),
        ("7", "column id: empty; the pr", False),
        ("7", "column price: 'inf' is n", False),
        ("7", "column tags: '\\ud800' ho", False),
        ("8", "nested too deep", True),
        ("9", "not JSON: Exceeds the li", True),
        ("10", "'\"café\"' is not an objec", True),
        ("11", "column image is empty: t", True),
        ("12", "not UTF-8", True),
    ]
    assert len(source) == 11


def test_json_with_a_key_for_every_row(table: Callable[..., Path]) -> None:
    lines = "\n".join(json.dumps({"image": "a.jpg", f"k{at}": 1}) for at in range(2_000))
    with pytest.raises(SourceError, match="more than 1,000 columns"):
        open_source(table(lines, "p.ndjson"))


def test_parquet(shop: Path) -> None:
    columns = {
        "Image": pa.array(["a.jpg", "b.jpg", "dress/c.jpg", None]),
        "item_id": pa.array([7.0, 8.0, None, 9.5]),
        "price": pa.array([1.5, float("nan"), 3, 4], pa.float32()),
        "stock": pa.array([1, None, 3, 4], pa.int64()),
        "maxi": pa.array([True, False, None, True]),
        "brand": pa.array(["x", "y", "x", None]).dictionary_encode(),
        "cost": pa.array([Decimal("1.25"), None, None, None]),
        "day": pa.array([datetime.date(2024, 2, 29), None, None, None]),
        "at": pa.array([datetime.datetime(2024, 2, 29, 12, 30), None, None, None], pa.timestamp("ns")),
        "box": pa.array([[1, 2, 3, 4], None, [1, 2], None]),
        "tags": pa.array([["x"], None, None, None]),
        "raw": pa.array([b"x", None, None, None]),
        "nothing": pa.nulls(4),
        "code": pa.array(["007", "1", "2", "3"]),
    }
    path = shop / "p.parquet"
    pq.write_table(pa.table(columns), path, row_group_size=2)
    source = open_source(path)
    assert source.attribute_types == {
        **dict.fromkeys(["price", "stock", "cost"], "number"),
        "maxi": "boolean",
        **dict.fromkeys(["brand", "day", "at", "code"], "text"),
    }
    first, second, third = images(source)
    assert first.attributes == {
        "price": 1.5,
        "stock": 1.0,
        "maxi": True,
        "brand": "x",
        "cost": 1.25,
        "day": "2024-02-29",
        "at": "2024-02-29 12:30:00.000000000",
        "code": "007",
    }
    assert (first.product, first.box, first.row) == ("7", (1, 2, 3, 4), "p.parquet row 1")
    assert second.attributes == {"maxi": False, "brand": "y", "code": "1"}
    assert (third.product, third.named, third.box) == ("dress/c", False, None)
    assert [(row, reason[:22], fatal) for row, reason, fatal in problems(source)] == [
        ("p.parquet", "column tags is left ou", False),
        ("p.parquet", "column raw is left out", False),
        ("p.parquet row 3", "column item_id: empty;", False),
        ("p.parquet row 3", "column box: '[1, 2]' i", False),
        ("p.parquet row 4", "column Image is empty:", True),
    ]
    assert len(source) == 4


def test_parquet_that_is_none(table: Callable[..., Path], shop: Path) -> None:
    with pytest.raises(SourceError, match="not a Parquet file"):
        open_source(table("image\na.jpg\n", "p.parquet"))
    pq.write_table(pa.table({"image": [{"bytes": b"x", "path": "a.jpg"}]}), shop / "q.parquet")
    with pytest.raises(SourceError, match="save the photos as files"):
        open_source(shop / "q.parquet")


def test_parquet_damaged_in_the_middle(shop: Path) -> None:
    path = shop / "p.parquet"
    pq.write_table(pa.table({"image": [f"{at}.jpg" for at in range(10_000)]}), path, compression="zstd")
    whole = bytearray(path.read_bytes())
    whole[1_000:1_400] = bytes(400)
    path.write_bytes(whole)
    with pytest.raises(SourceError, match="cannot be read after row"):
        list(open_source(path))


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("t.csv", "", "is empty"),
        ("t.csv", "\n\n", "is empty"),
        ("t.csv", "image,price\n", "has no rows"),
        ("t.csv", "sku,price\n1,2\n", "no column names the photos.*'sku', 'price'"),
        ("t.csv", '"image,price\na.jpg,1\n', "the header, cannot be read"),
        ("t.jsonl", "", "has no rows"),
        ("t.jsonl", "[]\n", r"Line 1: '\[\]' is not an object"),
        (
            "t.jsonl",
            '\n{"image": \n"a.jpg"}\n',
            r"t\.jsonl: no line is a JSON object.*Line 2: not JSON: Expecting value at",
        ),
        ("t.jsonl", "{}\n", "no column names the photos.*no columns"),
        ("t.xlsx", "x", r"reads a folder of photos, a single photo, or a table: \.csv, \.tsv, \.jsonl"),
        ("t", "x", "not a source"),
    ],
)
def test_a_table_that_cannot_be_read_at_all(table: Callable[..., Path], name: str, text: str, reason: str) -> None:
    with pytest.raises(SourceError, match=reason):
        open_source(table(text, name))


def test_what_cannot_be_opened(shop: Path) -> None:
    with pytest.raises(SourceError, match="there is no such folder or file"):
        open_source(shop / "nowhere.csv")
    with pytest.raises(SourceError, match="is not a path"):
        open_source("a\0b")
    with pytest.raises(SourceError, match="is not a path"):
        open_source("~nobody-is-called-this/photos")
    with pytest.raises(SourceError, match="for tables"):
        open_source(shop, root=shop)
    (shop / "t.csv").write_text("image\na.jpg\n")
    with pytest.raises(SourceError, match="the root must be the folder"):
        open_source(shop / "t.csv", root=shop / "a.jpg")


PRINTABLE_TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(st.sampled_from(PHOTOS), PRINTABLE_TEXT, PRINTABLE_TEXT), min_size=1, max_size=8))
def test_what_a_csv_writer_writes_is_read_back(shop: Path, rows: list[tuple[str, str, str]]) -> None:
    path = shop / "t.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["image", "sku", "note"])
        writer.writerows([name, f"p{at}", f"n{note}"] for at, (name, _, note) in enumerate(rows))
    source = open_source(path, types={"note": "text"}, delimiter=",")
    expected = [(f"{shop}/{name}", f"p{at}", f"n{note}".strip()) for at, (name, _, note) in enumerate(rows)]
    found = [(item.path, item.product, item.attributes.get("note", "")) for item in images(source)]
    empty = {"nan", "null"}
    assert found == [(path, sku, "" if note.lower() in empty else note) for path, sku, note in expected]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.one_of(
        st.binary(max_size=300),
        st.lists(st.sampled_from([b"a.jpg", b",", b'"', b"\n", b"\r", b"x", b"\0", b"\xff", b";", b"../"])).map(
            b"".join
        ),
    ),
    suffix=st.sampled_from([".csv", ".tsv", ".jsonl"]),
)
def test_hostile_tables_never_crash_and_always_add_up(shop: Path, body: bytes, suffix: str) -> None:
    path = shop / f"hostile{suffix}"
    path.write_bytes(
        b'{"image": "a.jpg", "price": 1}\n' + body if suffix == ".jsonl" else b"image,price\na.jpg,1\n" + body
    )
    source = open_source(path)
    items = list(source)
    assert len(source) == sum(isinstance(item, SourceImage) or item.fatal for item in items)
    for item in items:
        (item.path + item.row + getattr(item, "reason", "")).encode()
        assert isinstance(item, SourceProblem) or item.path in {f"{shop}/{name}" for name in PHOTOS}


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cells=st.dictionaries(
        st.text(max_size=8),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
            max_leaves=6,
        ),
        max_size=6,
    )
)
def test_hostile_json_cells(shop: Path, cells: dict[str, object]) -> None:
    path = shop / "hostile.jsonl"
    path.write_text(json.dumps({"image": "a.jpg", **cells}) + "\n")
    source = open_source(path)
    for item in source:
        (item.path + item.row + item.product + getattr(item, "reason", "")).encode()
        for name, value in getattr(item, "attributes", {}).items():
            assert type(value) is {"text": str, "number": float, "boolean": bool}[source.attribute_types[name]]
            assert not isinstance(value, str) or "\0" not in value


def test_messages_stay_short(table: Callable[..., Path]) -> None:
    long = "x" * 50_000
    source = open_source(table(f"image,price\n{long},1\na.jpg,{long}\n"), types={"price": "number"})
    assert all(len(reason) < 300 for _, reason, _ in problems(source))
    assert shown(long).endswith("...")
