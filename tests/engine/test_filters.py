"""The filter language: what matches, on a table small enough to check by eye, and on hostile cells."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.attributes import AttributeType, Column
from engine.errors import FilterError
from engine.filters import Filter, masks, parse_filter

N = None
#      id  category    brand      price   low  maxi   sale   category.confidence
ROWS = [
    (1, "dress", "Élan", 80.0, 75.0, True, True, 0.75),
    (2, "dress", "elan", 79.5, 79.5, False, N, 0.5),
    (3, "skirt", "O'Neil", -5.0, N, N, False, N),
    (4, "Dress", "50% off", 0.0, 1.0, True, False, 0.25),
    (5, N, "a_b", N, 3.0, False, True, N),
    (6, "shirt", N, 1e6, 1e6, N, N, N),
    (7, "t-shirt", "dress", 12.25, 20.0, False, False, 1.0),
]
ALL = [1, 2, 3, 4, 5, 6, 7]
KNOWN: dict[str, AttributeType] = {
    "category": "text",
    "brand": "text",
    "price": "number",
    "low": "number",
    "maxi": "boolean",
    "sale": "boolean",
    "order": "text",
    "odd name": "number",
    "size.eu": "number",
    "is": "boolean",
}


def text_column(name: str, cells: list[str | None], confidence: list[float | None] | None = None) -> Column:
    words = sorted({cell for cell in cells if cell is not None})
    codes = np.array([-1 if cell is None else words.index(cell) for cell in cells], dtype=np.int32)
    held = np.empty(len(words), dtype=object)
    held[:] = words
    scores = None if confidence is None else np.array([math.nan if c is None else c for c in confidence], np.float64)
    return Column(name, "text", codes, held, scores)


def number_column(name: str, cells: list[float | None]) -> Column:
    return Column(name, "number", np.array([math.nan if cell is None else cell for cell in cells], dtype=np.float64))


def boolean_column(name: str, cells: list[bool | None]) -> Column:
    return Column(name, "boolean", np.array([-1 if cell is None else int(cell) for cell in cells], dtype=np.int8))


def small_table() -> dict[str, Column]:
    _, category, brand, price, low, maxi, sale, confidence = (list(cells) for cells in zip(*ROWS, strict=True))
    return {
        "category": text_column("category", category, confidence),
        "brand": text_column("brand", brand),
        "price": number_column("price", price),
        "low": number_column("low", low),
        "maxi": boolean_column("maxi", maxi),
        "sale": boolean_column("sale", sale),
        "order": text_column("order", category),
        "odd name": number_column("odd name", price),
        "size.eu": number_column("size.eu", price),
        "is": boolean_column("is", maxi),
    }


def ids(where: str) -> list[int]:
    mask = parse_filter(where, KNOWN).evaluate(small_table(), len(ROWS))
    assert mask.dtype == np.bool_
    assert mask.shape == (len(ROWS),)
    return [row[0] for row, hit in zip(ROWS, mask, strict=True) if hit]


QUERIES = [
    # text: by code point, case counts
    ("category = 'dress'", [1, 2]),
    ("category == 'dress'", [1, 2]),
    ("'dress' = category", [1, 2]),
    ("category != 'dress'", [3, 4, 6, 7]),
    ("category <> 'dress'", [3, 4, 6, 7]),
    ("not category = 'dress'", [3, 4, 6, 7]),
    ("category = 'trousers'", []),
    ("category != 'trousers'", [1, 2, 3, 4, 6, 7]),
    ("category < 'shirt'", [1, 2, 4]),
    ("category <= 'shirt'", [1, 2, 4, 6]),
    ("category > 'shirt'", [3, 7]),
    ("'shirt' < category", [3, 7]),
    ("category >= 'shirt'", [3, 6, 7]),
    ("category >= 'sh' and category < 'si'", [6]),
    ("brand = 'O''Neil'", [3]),
    ("category = ''", []),
    ("category = '日本'", []),
    # numbers
    ("price < 80", [2, 3, 4, 7]),
    ("price <= 80", [1, 2, 3, 4, 7]),
    ("80 > price", [2, 3, 4, 7]),
    ("price = -5", [3]),
    ("price = - 5.0", [3]),
    ("price > -.5e1 and price < +1e+1", [4]),
    ("price = 1E6", [6]),
    ("price != 80", [2, 3, 4, 6, 7]),
    ("not price < 80", [1, 6]),
    ("price = 12.25", [7]),
    ("price >= 79.50", [1, 2, 6]),
    # booleans
    ("maxi", [1, 4]),
    ("not maxi", [2, 5, 7]),
    ("maxi = true", [1, 4]),
    ("maxi = 1", [1, 4]),
    ("maxi = 0", [2, 5, 7]),
    ("maxi != true", [2, 5, 7]),
    ("maxi < true", [2, 5, 7]),
    ("maxi >= false", [1, 2, 4, 5, 7]),
    ("maxi > true", []),
    ("true", ALL),
    ("not true", []),
    ("false or maxi", [1, 4]),
    # is
    ("maxi is true", [1, 4]),
    ("maxi is not true", [2, 3, 5, 6, 7]),
    ("maxi is false", [2, 5, 7]),
    ("maxi is not false", [1, 3, 4, 6]),
    ("not maxi is true", [2, 3, 5, 6, 7]),
    ("maxi is null", [3, 6]),
    ("maxi is not null", [1, 2, 4, 5, 7]),
    ("price is null", [5]),
    ("category is not null", [1, 2, 3, 4, 6, 7]),
    ("(price < 80) is null", [5]),
    ("(price < 80) is not true", [1, 5, 6]),
    ("(price < 80) is false", [1, 6]),
    ("(maxi or sale) is null", [2, 3, 6]),
    ("(maxi and sale) is null", [6]),
    ("((maxi)) is null", [3, 6]),
    # two attributes
    ("price = low", [2, 6]),
    ("price > low", [1]),
    ("not price > low", [2, 4, 6, 7]),
    ("category < brand", [1, 2]),
    ("category = brand", []),
    ("brand != category", [1, 2, 3, 4, 7]),
    ("maxi = sale", [1, 7]),
    ("maxi != sale", [4, 5]),
    # in
    ("category in ('dress', 'skirt')", [1, 2, 3]),
    ("category not in ('dress', 'skirt')", [4, 6, 7]),
    ("not category in ('dress', 'skirt')", [4, 6, 7]),
    ("category in ('dress', null)", [1, 2]),
    ("category not in ('dress', null)", []),
    ("(category not in ('dress', null)) is null", [3, 4, 5, 6, 7]),
    ("category in (null)", []),
    ("category in ()", []),
    ("category not in ()", ALL),
    ("price in (80, -5, 0)", [1, 3, 4]),
    ("price not in (80, -5, 0)", [2, 6, 7]),
    ("price in (1, 2, 3, 4, 5, 6, 7, 8, 9, 80)", [1]),
    ("price not in (1, 2, 3, 4, 5, 6, 7, 8, 9, 80)", [2, 3, 4, 6, 7]),
    ("maxi in (true)", [1, 4]),
    ("maxi not in (1)", [2, 5, 7]),
    ("maxi in (0, 1)", [1, 2, 4, 5, 7]),
    # between
    ("price between 0 and 80", [1, 2, 4, 7]),
    ("price not between 0 and 80", [3, 6]),
    ("price between 80 and 0", []),
    ("price between low and 80", [1, 2]),
    ("12 between low and price", []),
    ("50 between price and low", []),
    ("80 between low and price", [1]),
    ("category between 'dress' and 'shirt' and maxi", [1]),
    # like: case counts for nothing from a to z
    ("category like 'DRESS'", [1, 2, 4]),
    ("category like '%shirt'", [6, 7]),
    ("category like 's%'", [3, 6]),
    ("category like '_h%'", [6]),
    ("category like '%s_'", [1, 2, 4]),
    ("category not like '%s%'", []),
    ("category like '%R%'", [1, 2, 3, 4, 6, 7]),
    ("brand like '50!% %' escape '!'", [4]),
    (r"brand like 'a\_b' escape '\'", [5]),
    (r"brand like 'a\_b'", []),
    ("brand like 'a!' escape '!'", []),
    ("brand like 'é%'", []),
    ("brand ilike 'é%'", [1]),
    ("brand ilike 'ELAN'", [2]),
    ("brand not ilike 'é%'", [2, 3, 4, 5, 7]),
    ("not brand like '%a%'", [3, 4, 7]),
    # and, or, not
    ("category = 'dress' and maxi", [1]),
    ("category = 'dress' or maxi", [1, 2, 4]),
    ("maxi or sale and price < 0", [1, 4]),
    ("(maxi or sale) and price < 1", [4]),
    ("not (maxi or sale)", [7]),
    ("not (maxi and sale)", [2, 3, 4, 5, 7]),
    ("not not maxi", [1, 4]),
    ("NOT Maxi AND Price<80", [2, 7]),
    ("category\n=\t'dress'", [1, 2]),
    # confidence
    ("category.confidence >= 0.5", [1, 2, 7]),
    ("category.confidence is null", [3, 5, 6]),
    ("category = 'dress' and category.confidence < .6", [2]),
    ("brand.confidence is null", ALL),
    ("brand.confidence > 0", []),
    ('"category"."confidence" = 1', [7]),
    ("category.confidence < price", [1, 2, 7]),
    # names
    ('"odd name" = 80', [1]),
    ("[odd name] = 80", [1]),
    ("`odd name` = 80", [1]),
    ("order = 'skirt'", [3]),
    ("ORDER = 'skirt'", [3]),
    ("size.eu = 80", [1]),
    ('"size.eu" = 80', [1]),
    ('"is" is true', [1, 4]),
    ('"is"', [1, 4]),
]


@pytest.mark.parametrize(("where", "expected"), QUERIES)
def test_query_table(where: str, expected: list[int]) -> None:
    assert ids(where) == expected


@pytest.mark.parametrize(("where", "expected"), QUERIES)
def test_canonical_text_means_the_same(where: str, expected: list[int]) -> None:
    canonical = parse_filter(where, KNOWN).text
    assert ids(canonical) == expected
    assert parse_filter(canonical, KNOWN).text == canonical


def test_names_are_the_columns_read() -> None:
    assert parse_filter('category.confidence > 0.5 and Price < 3 or "odd name" is null', KNOWN).names == {
        "category",
        "price",
        "odd name",
    }
    assert parse_filter("true", KNOWN).names == frozenset()


def test_only_the_names_are_asked_for() -> None:
    columns = {"maxi": small_table()["maxi"]}
    assert parse_filter("maxi", KNOWN).evaluate(columns, len(ROWS)).sum() == 2


def test_no_rows() -> None:
    empty = {
        "category": text_column("category", []),
        "price": number_column("price", []),
        "maxi": boolean_column("m", []),
    }
    where = "category like 'a%' and price in (1,2,3,4,5,6,7,8,9,10) or maxi or category.confidence < 1"
    assert parse_filter(where, KNOWN).evaluate(empty, 0).shape == (0,)


def test_all_missing() -> None:
    columns = {"category": text_column("category", [None, None]), "brand": text_column("brand", [None, None])}
    for where in (
        "category < 'a'",
        "category != 'a'",
        "category not like 'a'",
        "category not in ('a')",
        "category = brand",
    ):
        assert not parse_filter(where, KNOWN).evaluate(columns, 2).any()
    assert parse_filter("category is null", KNOWN).evaluate(columns, 2).all()


def test_evaluation_does_not_change_the_columns() -> None:
    columns = small_table()
    before = {name: column.values.copy() for name, column in columns.items()}
    for where, _ in QUERIES:
        parse_filter(where, KNOWN).evaluate(columns, len(ROWS))
    for name, column in columns.items():
        np.testing.assert_array_equal(column.values, before[name])


def test_a_filter_is_a_value() -> None:
    assert parse_filter("maxi  AND price<5", KNOWN) == parse_filter("maxi and price < 5.0", KNOWN)
    assert len({parse_filter("maxi", KNOWN), parse_filter("maxi = 1", KNOWN)}) == 1


def test_columns_that_changed_since_parsing() -> None:
    where: Filter = parse_filter("price < 5", KNOWN)
    with pytest.raises(FilterError, match="no longer has"):
        where.evaluate({}, 1)
    with pytest.raises(FilterError, match="as number, and it is text now"):
        where.evaluate({"price": text_column("price", ["a"])}, 1)
    with pytest.raises(ValueError, match="1 values for 2 rows"):
        where.evaluate({"price": number_column("price", [1.0])}, 2)


HOSTILE_CELLS = [
    "'",
    "''",
    '"',
    "\\",
    "\\'",
    "a\nb",
    "a\r\n\tb",
    "\0",
    "a\0",
    "a",
    "'; drop table products; --",
    "/* x */",
    "-- x",
    "{{ x }}",
    ":x ? $1 @a",
    "%",
    "_",
    "",
    " ",
    "日本語",
    "e\u0301",
    "é",
    "\u202e",
    "😀",
    "\U0010ffff",
    "x" * 100_000,
    "null",
    "true",
]


def test_hostile_cells_are_found_and_nothing_else() -> None:
    columns = {"category": text_column("category", list(HOSTILE_CELLS))}
    for place, cell in enumerate(HOSTILE_CELLS):
        if "\0" in cell or len(cell) > 9_000:
            continue
        escaped = cell.replace("'", "''")
        pattern = "".join("!" + c if c in "!%_" else c for c in escaped)
        for where in (
            f"category = '{escaped}'",
            f"category in ('{escaped}')",
            f"category like '{pattern}' escape '!'",
            f"category >= '{escaped}' and category <= '{escaped}'",
        ):
            mask = parse_filter(where, KNOWN).evaluate(columns, len(HOSTILE_CELLS))
            assert np.flatnonzero(mask).tolist() == [place], where


def test_null_characters_and_long_cells_in_patterns() -> None:
    columns = {"category": text_column("category", list(HOSTILE_CELLS))}
    one = parse_filter("category like 'a_'", KNOWN).evaluate(columns, len(HOSTILE_CELLS))
    assert [HOSTILE_CELLS[i] for i in np.flatnonzero(one)] == ["a\0"]
    lines = parse_filter("category like 'a_b' or category like 'a_%_b'", KNOWN).evaluate(columns, len(HOSTILE_CELLS))
    assert [HOSTILE_CELLS[i] for i in np.flatnonzero(lines)] == ["a\nb", "a\r\n\tb"]
    long = parse_filter("category like 'x%x%x%xx'", KNOWN).evaluate(columns, len(HOSTILE_CELLS))
    assert [len(HOSTILE_CELLS[i]) for i in np.flatnonzero(long)] == [100_000]


def test_a_hostile_name() -> None:
    names = ['a"b', "a;b", "drop table x", "select", "日本", "a--b"]
    known: dict[str, AttributeType] = dict.fromkeys(names, "number")
    columns = {name: number_column(name, [1.0, None]) for name in known}
    for name in known:
        doubled = name.replace('"', '""')
        parsed = parse_filter(f'"{doubled}" = 1', known)
        assert parsed.names == {name}
        assert parsed.evaluate(columns, 2).tolist() == [True, False]
        assert parse_filter(parsed.text, known) == parsed


def test_names_that_differ_by_case() -> None:
    known: dict[str, AttributeType] = {"Size": "number", "size": "text", "Colour": "text"}
    assert parse_filter("Size = 3", known).names == {"Size"}
    assert parse_filter("size = 'm'", known).names == {"size"}
    assert parse_filter("colour = 'm'", known).names == {"Colour"}
    with pytest.raises(FilterError, match="no attribute SIZE; did you mean"):
        parse_filter("SIZE = 3", known)


@pytest.mark.parametrize("span", [40, 400, 10**6])
@pytest.mark.parametrize("step", [1.0, 0.5])
def test_long_lists_of_numbers_find_what_a_set_finds(span: int, step: float) -> None:
    """Whole numbers of a small span take another way than fractions and wide spans."""
    draw = np.random.default_rng(span)
    values = np.concatenate(
        [draw.integers(-span, 2 * span, 500) * 0.5, [math.nan, math.inf, -math.inf, -0.0, 0.0, 1e300, -1e300, 0.25]]
    )
    listed = [*(draw.integers(0, span, 200) * step - 7).tolist(), 0.0]
    wanted = set(listed)
    inside = [value in wanted for value in values.tolist()]
    assert masks.one_of_numbers(values, listed, True).tolist() == inside
    outside = [not found and value == value for found, value in zip(inside, values.tolist(), strict=True)]  # noqa: PLR0124
    assert masks.one_of_numbers(values, listed, False).tolist() == outside
