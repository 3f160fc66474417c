"""Error messages say what is wrong, where, and what to do."""

from __future__ import annotations

import subprocess
import sys

import pytest

from engine.attributes import AttributeType
from engine.errors import FilterError
from engine.filters import parse_filter

KNOWN: dict[str, AttributeType] = {
    "category": "text",
    "brand": "text",
    "price": "number",
    "maxi": "boolean",
    "odd name": "number",
}

# The filter, what is under the carets, and what the message says.
MESSAGES = [
    ("catgory = 'dress'", "catgory", ["no attribute catgory", "did you mean category?\n"]),
    ("maxi and prize < 5", "prize", ["did you mean price?\n"]),
    ("odd_name < 5", "odd_name", ['did you mean "odd name"?']),
    ("zzz = 5", "zzz", ["no attribute zzz\n", "known: brand (text)", "maxi (boolean)", '"odd name" (number)']),
    ('category = "dress"', '"dress"', ["no attribute dress", "single quotes: 'dress'"]),
    ("category = dress", "dress", ["single quotes: 'dress'"]),
    ("category in (dress, 'skirt')", "dress", ["single quotes: 'dress'"]),
    ("category in ('skirt', \"o's\")", '"o\'s"', ["single quotes: 'o''s'"]),
    ("cat.confidence > 1", "cat.confidence", ["did you mean category.confidence?"]),
    ("category.score > 1", "category.score", ["category has a .confidence and nothing else"]),
    ("price = 'cheap'", "'cheap'", ["price is a number, and 'cheap' is not"]),
    ("maxi and price < '80'", "'80'", ["price is a number", "without quotes"]),
    ("category = 5", "5", ["category is text", "write '5' in single quotes"]),
    ("brand < 15", "15", ["brand was read as text", "--type brand=number in a new catalog, or under another name"]),
    ("category in ('a', 5)", "5", ["category is text"]),
    ("maxi = 'true'", "'true'", ["maxi is a boolean", "without quotes"]),
    ("maxi = 2", "2", ["maxi is a boolean"]),
    ("price = true", "true", ["price is a number, and true is not"]),
    ("category = price", "category = price", ["category is text and price is a number", "one type"]),
    ("price like '5%'", "price", ["price is a number, and like is for text"]),
    ("price = null", "null", ["write `price is null`"]),
    ("maxi and price", "price", ["price is a number: compare it", "price < 80"]),
    ("maxi or category", "category", ["category is text: compare it", "category = 'dress'"]),
    ("price < 80 maxi", "maxi", ["cannot be read from here"]),
    ("price < 80 or or maxi", "or", ["cannot be read from here"]),
    ("maxi and price <", "<", ["ends where a name or value should follow"]),
    ("(maxi and (price < 5)", "(", ["never closed"]),
    ("maxi) and price < 5", ")", ["never opened"]),
    ("maxi and category = 'dress", "'", ["never closed", "single quotes"]),
    ("lower(category) = 'a'", "lower", ["not supported in a filter: lower (functions)", "A filter compares"]),
    ("price * 2 > 5", "*", ["not supported in a filter: * (arithmetic)"]),
    ("price in (select 1)", "select", ["not supported in a filter: select (subqueries)"]),
    ("maxi; drop table x", ";", ["more than one statement"]),
    ("price = :low", ":", ["parameters", "write the value itself"]),
    ("maxi -- yes", "--", ["comments"]),
    ("category = '--' /* no */", "/*", ["comments"]),
    ("price is 5", "is", ["write = or != instead of is"]),
    ("price is not 5", "is", ["write = or != instead of is"]),
    ("maxi and maxi is", "is", ["after `is` stands null"]),
    ("maxi not", "not", ["is `and` or `or` missing?"]),
    ("price not = 5", "not", ["`not` stands before a condition"]),
    ("category is distinct from brand", "distinct", ["write = or !="]),
    ("maxi && maxi", "&&", ["write `and`"]),
    ("price = 1e999", "1e999", ["too large"]),
    ("price = 1e", "1e", ["1e is not a number"]),
    ("price in 5", "5", ["list of values in parentheses"]),
    ("price in (5, price)", "price", ["values only"]),
    ("price in (5,)", ",", ["a value is missing"]),
    ("1 = 1", "1 = 1", ["one side of a comparison must be an attribute"]),
    ("maxi = (price < 5)", "price < 5", ["join conditions with and, or"]),
]


@pytest.mark.parametrize(("where", "marked", "said"), MESSAGES)
def test_message(where: str, marked: str, said: list[str]) -> None:
    with pytest.raises(FilterError) as caught:
        parse_filter(where, KNOWN)
    message = str(caught.value)
    for part in said:
        assert part in message
    shown, carets = message.split("\n")[-2:]
    assert shown.strip() == where
    start, end = carets.index("^"), len(carets)
    assert set(carets[start:]) == {"^"}
    assert shown[start:end] == marked


def test_only_the_line_and_its_neighbourhood_are_shown() -> None:
    with pytest.raises(FilterError) as caught:
        parse_filter("maxi\nand prise < 5\nand maxi", KNOWN)
    assert str(caught.value).split("\n")[-2:] == ["  and prise < 5", "      ^^^^^"]
    long = "maxi and " * 40 + "prise < 5" + " and maxi" * 40
    with pytest.raises(FilterError) as caught:
        parse_filter(long, KNOWN)
    shown, carets = str(caught.value).split("\n")[-2:]
    assert len(shown) < 120
    assert shown[carets.index("^") : len(carets)] == "prise"
    assert shown.strip()[0] == shown[-1] == "…"


def test_carets_stand_under_wide_letters_and_escapes_are_not_printed() -> None:
    with pytest.raises(FilterError) as caught:
        parse_filter("category = '日本\x1b[31m' and prise < 5", KNOWN)
    shown, carets = str(caught.value).split("\n")[-2:]
    assert "\x1b" not in str(caught.value)
    assert carets.index("^") == shown.index("prise") + 2  # two letters take two columns each


def test_long_lists_of_names_are_cut() -> None:
    known: dict[str, AttributeType] = {f"attribute{n:03}": "number" for n in range(200)}
    with pytest.raises(FilterError, match="and 170 more") as caught:
        parse_filter("nothing = 5", known)
    assert len(str(caught.value)) < 1_200
    with pytest.raises(FilterError, match="did you mean attribute150"):
        parse_filter("atribute150 = 5", known)


def test_shares_of_colours_are_one_entry_and_a_near_name_leaves_the_list_out() -> None:
    known: dict[str, AttributeType] = {"share_navy": "number", "share_red": "number", "share_note": "text", **KNOWN}
    with pytest.raises(FilterError) as caught:
        parse_filter("zzz = 5", known)
    listed = 'known: brand (text), category (text), maxi (boolean), "odd name" (number), price (number), '
    assert f"{listed}share_COLOUR (number), share_note (text)\n" in str(caught.value)
    with pytest.raises(FilterError, match="did you mean share_navy") as caught:
        parse_filter("share_nav > 0.5", known)
    assert "known:" not in str(caught.value)


def test_no_attributes_at_all() -> None:
    with pytest.raises(FilterError, match="the catalog has no attributes"):
        parse_filter("price < 5", {})


def test_the_parser_loads_when_first_used() -> None:
    code = (
        "import sys, engine.filters as f; assert 'sqlglot' not in sys.modules;"
        "f.parse_filter('a', {'a': 'boolean'}); assert 'sqlglot' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
