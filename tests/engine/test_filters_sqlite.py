"""Random filters on random tables must match the rows that SQLite says."""

from __future__ import annotations

import sqlite3

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.attributes import AttributeType, Column
from engine.filters import parse_filter
from engine.filters.like import like_matcher

TEXTS = ("category", "brand")
NUMBERS = ("price", "low", "category.confidence", "price.confidence")
BOOLEANS = ("maxi", "sale")
KNOWN: dict[str, AttributeType] = {
    **dict.fromkeys(TEXTS, "text"),
    **dict.fromkeys(("price", "low"), "number"),
    **dict.fromkeys(BOOLEANS, "boolean"),
}
OPERATORS = st.sampled_from(["=", "==", "!=", "<>", "<", "<=", ">", ">="])
# Few values, so that rows meet; letters whose case SQLite does and does not fold; the Kelvin sign, which lowers to k.
CELLS = st.text(alphabet="abBkKzZ%_'\\!éÉ日\U0001f600", max_size=4)
NUMERALS = st.one_of(
    st.integers(-3, 3).map(str),
    st.sampled_from(["0.5", ".5", "2.", "-0.25", "1e0", "25E-2", "+1", "- 2", "1e300", "0.1"]),
)
SCORES = st.sampled_from([None, 0.0, 0.25, 0.5, 0.1, 1.0])
ROW = st.fixed_dictionaries(
    {
        **dict.fromkeys(TEXTS, st.none() | CELLS),
        **dict.fromkeys(("price", "low"), st.none() | st.sampled_from([-2.0, -0.25, 0.0, 0.1, 0.5, 1.0, 2.0, 1e300])),
        **dict.fromkeys(BOOLEANS, st.none() | st.booleans()),
        **dict.fromkeys(("category.confidence", "price.confidence"), SCORES),
    }
)
Row = dict[str, str | float | bool | None]


def quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def listed(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(values | st.just("null"), max_size=12).map(lambda items: "(" + ", ".join(items) + ")")


def conditions_on(names: tuple[str, ...], values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Conditions on one type. `{name}` stands for a column, to be written in either dialect; values escape braces."""
    name = st.sampled_from(names).map(lambda n: "{" + n + "}")
    values = values.map(lambda v: v.replace("{", "{{").replace("}", "}}"))
    maybe = st.sampled_from(["", "not "])
    return st.one_of(
        st.tuples(name, OPERATORS, values | name).map(" ".join),
        st.tuples(values, OPERATORS, name).map(" ".join),
        st.tuples(name, maybe, listed(values)).map(lambda t: f"{t[0]} {t[1]}in {t[2]}"),
        st.tuples(name, maybe, values | name, values).map(lambda t: f"{t[0]} {t[1]}between {t[2]} and {t[3]}"),
        st.tuples(name, maybe).map(lambda t: f"{t[0]} is {t[1]}null"),
    )


LIKES = st.builds(
    lambda name, maybe, pattern, escape: f"{{{name}}} {maybe}like {quote(pattern)}{escape}",
    st.sampled_from(TEXTS),
    st.sampled_from(["", "not "]),
    st.text(alphabet="aBkK%%__!\\é", max_size=6),
    st.sampled_from(["", " escape '!'", " escape '\\'", " escape 'a'", " escape '%'", " escape '_'"]),
)
BARE = st.one_of(
    st.sampled_from(BOOLEANS).map(lambda n: "{" + n + "}"),
    st.sampled_from(["true", "false"]),
    st.builds(
        "{{{}}} is {}{}".format,
        st.sampled_from(BOOLEANS),
        st.sampled_from(["", "not "]),
        st.sampled_from(["true", "false"]),
    ),
)
LEAVES = st.one_of(
    conditions_on(TEXTS, CELLS.map(quote)),
    conditions_on(NUMBERS, NUMERALS),
    conditions_on(BOOLEANS, st.sampled_from(["true", "false", "0", "1"])),
    LIKES,
    BARE,
)
TEMPLATES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=4).map(" and ".join),
        st.lists(inner, min_size=2, max_size=4).map(" or ".join),
        inner.map("({})".format).map(lambda text: text),
        inner.map(lambda text: f"not {text}"),
        inner.map(lambda text: f"not ({text})"),
        st.tuples(inner, st.sampled_from(["", "not "]), st.sampled_from(["null", "true", "false"])).map(
            lambda t: f"({t[0]}) is {t[1]}{t[2]}"
        ),
    ),
    max_leaves=8,
)


def written(template: str, how: str) -> str:
    """The template with its columns written for us (`a.confidence`) or for SQLite (`"a.confidence"`)."""
    for name in (*TEXTS, *NUMBERS, *BOOLEANS):
        template = template.replace("{" + name + "}", f'"{name}"' if how == "sqlite" else name)
    return template.replace("{{", "{").replace("}}", "}")


def sqlite_ids(rows: list[Row], where: str) -> list[int]:
    names = (*TEXTS, *NUMBERS, *BOOLEANS)
    kinds = [*["text"] * len(TEXTS), *["real"] * len(NUMBERS), *["integer"] * len(BOOLEANS)]
    connection = sqlite3.connect(":memory:")
    columns = ", ".join(f'"{name}" {kind}' for name, kind in zip(names, kinds, strict=True))
    connection.execute(f"create table t (id integer primary key, {columns})")
    marks = ", ".join("?" * (len(names) + 1))
    connection.executemany(
        f"insert into t values ({marks})", [(i, *(row[name] for name in names)) for i, row in enumerate(rows)]
    )
    found = [row[0] for row in connection.execute(f"select id from t where {where} order by id")]
    connection.close()
    return found


def columns_of(rows: list[Row]) -> dict[str, Column]:
    columns = {}
    for name, kind in KNOWN.items():
        cells = [row[name] for row in rows]
        scores = None
        if f"{name}.confidence" in NUMBERS:
            held = [row[f"{name}.confidence"] for row in rows]
            scores = np.array([np.nan if score is None else score for score in held], dtype=np.float64)
        words = np.empty(0, dtype=object)
        if kind == "text":
            distinct = sorted({cell for cell in cells if cell is not None})
            words = np.empty(len(distinct), dtype=object)
            words[:] = distinct
            values = np.array([-1 if cell is None else distinct.index(cell) for cell in cells], dtype=np.int32)
        elif kind == "number":
            values = np.array([np.nan if cell is None else cell for cell in cells], dtype=np.float64)
        else:
            values = np.array([-1 if cell is None else int(cell) for cell in cells], dtype=np.int8)
        columns[name] = Column(name, kind, values, words, scores)
    return columns


@settings(max_examples=400, deadline=None)
@given(st.lists(ROW, max_size=12), TEMPLATES)
def test_matches_the_rows_that_sqlite_matches(rows: list[Row], template: str) -> None:
    parsed = parse_filter(written(template, "ours"), KNOWN)
    found = np.flatnonzero(parsed.evaluate(columns_of(rows), len(rows))).tolist()
    assert found == sqlite_ids(rows, written(template, "sqlite"))

    again = parse_filter(parsed.text, KNOWN)
    assert again.text == parsed.text
    assert np.flatnonzero(again.evaluate(columns_of(rows), len(rows))).tolist() == found


@pytest.mark.parametrize("chain", ["price = low is null", "price > 1 is not null", "not price = 1 is null"])
def test_chains_without_parentheses_mean_what_sqlite_says_or_are_refused(chain: str) -> None:
    from engine.errors import FilterError

    rows: list[Row] = [
        {**dict.fromkeys((*TEXTS, *NUMBERS, *BOOLEANS)), "price": price, "low": low}
        for price in (None, 1.0, 2.0)
        for low in (None, 1.0)
    ]
    try:
        mask = parse_filter(chain, KNOWN).evaluate(columns_of(rows), len(rows))
    except FilterError as error:  # older parsers read these otherwise, and then they are refused
        assert "^" in str(error)
        return
    assert np.flatnonzero(mask).tolist() == sqlite_ids(rows, chain)


def like_by_table(pattern: str, escape: str | None, text: str, fold: bool) -> bool:
    """LIKE by dynamic programming over every pair of prefixes."""
    units: list[tuple[str, str]] = []
    place = 0
    while place < len(pattern):
        if pattern[place] == escape:
            if place + 1 == len(pattern):
                return False
            units.append(("one", pattern[place + 1]))
            place += 2
            continue
        units.append({"%": ("run", ""), "_": ("any", "")}.get(pattern[place], ("one", pattern[place])))
        place += 1
    reach = [[False] * (len(text) + 1) for _ in range(len(units) + 1)]
    reach[0][0] = True
    for i, (kind, letter) in enumerate(units, 1):
        for j in range(len(text) + 1):
            if kind == "run":
                reach[i][j] = reach[i - 1][j] or (j > 0 and reach[i][j - 1])
            elif j > 0:
                same = letter == text[j - 1] or (fold and letter.lower() == text[j - 1].lower())
                reach[i][j] = reach[i - 1][j - 1] and (kind == "any" or same)
    return reach[len(units)][len(text)]


@settings(max_examples=200, deadline=None)
@given(
    st.text(alphabet="abAÉ%%_!\n.*(", max_size=8),
    st.none() | st.sampled_from("!a%_"),
    st.text(alphabet="abAéÉ!%\n.*(", max_size=8),
)
def test_ilike_against_a_table_of_prefixes(pattern: str, escape: str | None, text: str) -> None:
    assert like_matcher(pattern, escape, "ilike")(text) == like_by_table(pattern, escape, text, fold=True)
