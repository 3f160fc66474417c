"""Hostile cells all the way: from a table's cell into a catalog, through filters, and out into tables, as they were."""

from __future__ import annotations

import csv
import datetime
import json
import math
import operator
import tempfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from builders import make_store, unit_rows
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from engine.attributes import AttributeType, AttributeValue
from engine.checks import check
from engine.errors import FilterError
from engine.export.hits import hit_table
from engine.export.tables import write_csv, write_jsonl, write_parquet
from engine.query import Query, Results
from engine.search import search
from engine.snapshot import Reader
from indexer.sources.cells import fit

TYPES: dict[str, AttributeType] = {"title": "text", "price": "number", "maxi": "boolean"}
HOSTILE = [
    "=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(1)", "\t=1", "a\rb", "a\nb", "a\r\nb", '"', "a,b", "'; drop table t--",
    "\u202ecod\u202c", "\u200b", "\ufeffx", "\x1b[31mred", "\x7f", "\x85", "\u2028", "e\u0301", "é", "Ⅷ", "ß", "ẞ", "İ",
    "null ", "NaN", "true", "0", "-0.0", "1e309", "%", "_", "\\", "{{7*7}}", "<script>", "x" * 300, "\0", "\ud800",
]  # fmt: skip
TEXTS = st.sampled_from(HOSTILE) | st.text(max_size=12)
NUMBERS = (
    st.floats() | st.integers(-(10**30), 10**30) | st.sampled_from(["1e308", "-1e-320", "1_0", "0x10", "٣", "inf"])
)
DATES = st.dates() | st.datetimes()
ROWS = st.lists(
    st.fixed_dictionaries(
        {"title": st.none() | TEXTS | DATES, "price": st.none() | NUMBERS, "maxi": st.none() | st.booleans()}
    ),
    min_size=1,
    max_size=8,
)
Product = dict[str, AttributeValue]


def kept(row: dict[str, object]) -> Product:
    """What a table's row gives a product: cells that fit their type."""
    fitted = {name: fit(row[name], kind) for name, kind in TYPES.items()}
    return {name: value for name, value in fitted.items() if isinstance(value, str | float | bool)}


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def answer(reader: Reader, where: str) -> tuple[Results, set[str]]:
    results = search(reader, Query({"vgg": unit_rows(1, 4)[0]}, where=where, k=50))
    return results, {hit.product for hit in results.hits}


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@example(rows=[{"title": text, "price": number, "maxi": None} for number, text in enumerate(HOSTILE)])
@given(rows=ROWS)
def test_what_comes_in_is_found_and_comes_out(rows: list[dict[str, object]]) -> None:
    products = {f"p{number}": kept(row) for number, row in enumerate(rows)}
    with tempfile.TemporaryDirectory() as folder:
        vectors = {"vgg": unit_rows(len(rows), 4)}
        store = make_store(Path(folder) / "a.catalog", vectors, list(products.values()), TYPES)
        assert check(store).clean
        reader = Reader(store)
        for product in products.values():
            filters_agree(reader, products, product)
        tables_agree(search(reader, Query({"vgg": unit_rows(1, 4)[0]}, k=50)), products, Path(folder))


def filters_agree(reader: Reader, products: dict[str, Product], asked: Product) -> None:
    """Every comparison with the values of one product against plain Python."""
    for name, value in asked.items():
        written = quoted(value) if isinstance(value, str) else str(value).lower()
        signs = {"=": operator.eq, "!=": operator.ne, "<": operator.lt, ">=": operator.ge}
        for sign, compare in signs.items():
            where = f"{name} {sign} {written}"
            expected = {key for key, one in products.items() if name in one and compare(one[name], value)}
            assert answer(reader, where)[1] == expected, where
    for name in TYPES:
        missing = {key for key, one in products.items() if name not in one}
        assert answer(reader, f"{name} is null")[1] == missing


def tables_agree(results: Results, products: dict[str, Product], folder: Path) -> None:
    """Texts as they were, in every kind of table; true and false, and nothing for nothing."""
    table = hit_table(results)
    write_csv(table, folder / "t.csv")
    with (folder / "t.csv").open(encoding="utf-8", newline="") as file:
        read = list(csv.DictReader(file, strict=True))
    assert [row["product"] for row in read] == [hit.product for hit in results.hits]
    write_jsonl(table, folder / "t.jsonl")
    lines = [json.loads(line) for line in (folder / "t.jsonl").read_bytes().decode().split("\n") if line]
    write_parquet(table, folder / "t.parquet")
    parquet = pq.read_table(folder / "t.parquet").to_pylist()
    assert len(read) == len(lines) == len(parquet) == len(products)
    for in_csv, in_json, in_parquet in zip(read, lines, parquet, strict=True):
        for name, value in products[in_csv["product"]].items():
            assert in_json[name] == in_parquet[name] == value
            if isinstance(value, bool):
                assert in_csv[name] == str(value).lower()
            elif isinstance(value, str):
                assert in_csv[name] == value
            else:
                assert math.isclose(float(in_csv[name]), value, rel_tol=0)
        for name in TYPES.keys() - products[in_csv["product"]].keys():
            assert not in_csv.get(name) and in_json.get(name) is None and in_parquet.get(name) is None


def test_a_value_that_no_catalog_can_hold_matches_nothing_or_is_refused(tmp_path: Path) -> None:
    store = make_store(tmp_path / "a.catalog", {"vgg": unit_rows(2, 4)}, [{"title": "a"}] * 2, {"title": "text"})
    for value in ("a\0b", "x" * 20_000):
        with pytest.raises(FilterError):
            answer(Reader(store), f"title = {quoted(value)}")
    assert answer(Reader(store), f"title = {quoted(chr(0xD800))}")[1] == set()


def test_dates_are_texts_that_sort() -> None:
    assert fit(datetime.date(2024, 2, 29), "text") == "2024-02-29"
    assert isinstance(fit(datetime.date(2024, 2, 29), "number"), type(fit("x", "number")))
