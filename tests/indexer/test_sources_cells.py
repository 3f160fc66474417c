"""Cells, headers, boxes: what a value means, by tables of expectations."""

from __future__ import annotations

import datetime
import json
import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import SourceError
from indexer.sources.boxes import read_box
from indexer.sources.cells import MAX_TEXT, Misfit, Suspect, TypeGuess, as_text, fit, shown
from indexer.sources.headers import attribute_name, read_header


@pytest.mark.parametrize(
    ("value", "type", "expected"),
    [
        ("12.5", "number", 12.5),
        (" 7 ", "number", 7.0),
        ("-1e3", "number", -1000.0),
        (Decimal("1.5"), "number", 1.5),
        (3, "number", 3.0),
        ("yes", "boolean", True),
        ("F", "boolean", False),
        ("1", "boolean", True),
        (0, "boolean", False),
        (0.0, "boolean", False),
        (" red ", "text", "red"),
        (7.0, "text", "7"),
        (7.25, "text", "7.25"),
        (True, "text", "true"),
        (datetime.date(2024, 2, 29), "text", "2024-02-29"),
        ("none", "text", "none"),
    ],
)
def test_a_value_that_fits(value: object, type: str, expected: object) -> None:
    found = fit(value, type)
    assert found == expected
    assert isinstance(found, bool) == isinstance(expected, bool)


@pytest.mark.parametrize("value", [None, "", "  ", math.nan, "NaN", "null", "NULL", Decimal("nan")])
@pytest.mark.parametrize("type", ["text", "number", "boolean"])
def test_no_value(value: object, type: str) -> None:
    assert fit(value, type) is None


@pytest.mark.parametrize("value", ["n/a", "none", "-", "NA"])
def test_words_for_nothing_are_texts_only_where_texts_are(value: str) -> None:
    assert fit(value, "number") is None
    assert fit(value, "boolean") is None
    assert fit(value, "text") == value


@pytest.mark.parametrize(
    ("value", "type"),
    [
        ("cheap", "number"),
        ("1,5", "number"),
        ("$5", "number"),
        ("1_000", "number"),
        ("\u0661\u0662", "number"),  # digits of another script: float() takes them
        ("inf", "number"),
        ("1e999", "number"),
        (10**400, "number"),
        (True, "number"),
        ("2", "boolean"),
        ("maybe", "boolean"),
        ([1], "number"),
        ({"a": 1}, "text"),
        ([], "text"),
        (b"x", "text"),
        ("a\0b", "text"),
        ("\ud800", "text"),
        ("x" * (MAX_TEXT + 1), "text"),
    ],
)
def test_a_value_that_does_not_fit_says_why(value: object, type: str) -> None:
    found = fit(value, type)
    assert isinstance(found, Misfit)
    assert len(found.reason) < 200
    found.reason.encode()  # can be printed and stored


@pytest.mark.parametrize(
    ("values", "parse", "expected"),
    [
        (["1", "2.5", "", "nan"], True, "number"),
        (["0", "1", "1"], True, "number"),
        (["yes", "No", "T", ""], True, "boolean"),
        (["yes", "1"], True, "text"),
        (["red", "7"], True, "text"),
        (["7"] * 95 + ["?"] * 5, True, "number"),
        (["7"] * 94 + ["?"] * 6, True, "text"),
        (["7", "none", "-"], True, "number"),
        (["none", "none"], True, "text"),
        (["none", "plaid"], True, "text"),
        (["007", "008"], True, "text"),
        (["0", "0.5"], True, "number"),
        (["4006381333931"], True, "number"),
        (["12345678901234567"], True, "text"),
        (["", None, "null"], True, None),
        (["1", "2"], False, "text"),
        (["yes"], False, "text"),
        ([1, 2.5, None], False, "number"),
        ([True, False], False, "boolean"),
        ([True, 1], False, "text"),
        ([[1], [2]], False, "text"),
    ],
)
def test_type_of_a_column(values: list[object], parse: bool, expected: str | None) -> None:
    guess = TypeGuess(parse)
    for value in values:
        guess.add(value)
    assert guess.type == expected


@pytest.mark.parametrize(
    ("column", "values", "parse", "expected"),
    [
        ("", ["7", "8", "?"], True, "number"),  # one wrong cell does not make a small column text
        ("", ["7"] * 9 + ["?"], True, "number"),
        ("", ["7"] * 8 + ["?"] * 2, True, "text"),
        ("", ["7", "?"], True, "text"),
        ("", ["100", "101", "007"], True, "text"),
        ("Unit price", ["7", "8", "9", "?", "?"], True, "number"),
        ("unitPrice", ["7", "8", "?", "?"], True, "text"),
        ("price", ["79.5", "80"], False, "number"),
        ("stock", ["007", "012"], True, "number"),
        ("stock", ["yes", "no"], True, "boolean"),
        ("price band", ["1", "2", "3", "?", "?"], True, "text"),
        ("discount_code", ["1", "2", "3", "?", "?"], True, "text"),
        ("style_id", ["1001", "1002", "A7"], True, "text"),
        ("EAN", ["4006381333931"], True, "text"),
    ],
)
def test_type_of_a_column_by_its_name(column: str, values: list[object], parse: bool, expected: str) -> None:
    guess = TypeGuess(parse, column)
    for value in values:
        guess.add(value)
    assert guess.type == expected


@pytest.mark.parametrize(
    ("column", "values", "suspect"),
    [
        ("price", ["80", "$5", "$6"], Suspect("$5", 2, "number")),
        ("price", ["80", "$5", "6"], None),  # a number, then
        ("heel height", ["high", "low"], None),
        ("colour", ["80", "$5", "$6"], None),
        ("maxi", ["yes", "no", "Yes", "maybe"], Suspect("maybe", 4, "boolean")),
        ("maxi", ["yes"] * 95 + ["?", "to be measured"] + ["no"] * 3, Suspect("?", 96, "boolean")),
        ("maxi", ["yes"] * 9 + ["?"] * 2, None),
        ("maxi", ["yes", "no", "-"], None),  # booleans
        ("for", ["f", "f", "m"], None),
    ],
)
def test_texts_that_may_be_meant_otherwise(column: str, values: list[str], suspect: Suspect | None) -> None:
    guess = TypeGuess(True, column)
    for row, value in enumerate(values, start=1):
        guess.add(value, row)
    assert guess.suspect == suspect


def test_a_type_rests_on_the_first_thousand_values() -> None:
    guess = TypeGuess(parse=True)
    for value in [""] * 500 + ["1"] * 999:
        guess.add(value)
    assert not guess.done
    guess.add("2")
    assert guess.done
    for _ in range(5_000):
        guess.add("red")
    assert guess.type == "number"


@given(st.one_of(st.text(), st.integers(), st.floats(), st.booleans(), st.none(), st.decimals(), st.binary()))
def test_any_cell_gives_a_value_of_the_type_nothing_or_a_reason(value: object) -> None:
    kinds = {"text": str, "number": float, "boolean": bool}
    for type, kind in kinds.items():
        found = fit(value, type)
        assert found is None or isinstance(found, Misfit | kind)
        if isinstance(found, str):
            assert "\0" not in found
            assert found == found.strip()
            found.encode()
        if isinstance(found, float):
            assert math.isfinite(found)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1))
def test_texts_stay_as_they_are_but_for_spaces_around(text: str) -> None:
    assert as_text(text) == text.strip()


@given(st.text())
def test_what_is_shown_is_short_and_printable(text: str) -> None:
    told = shown(text)
    told.encode()
    assert "\n" not in told
    assert len(told) < 500


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["10,20,300,400"], (10, 20, 300, 400)),
        (["[10, 20, 300, 400]"], (10, 20, 300, 400)),
        (["10 20 300 400"], (10, 20, 300, 400)),
        (["10; 20; 300; 400"], (10, 20, 300, 400)),
        ([[10, 20, 300, 400]], (10, 20, 300, 400)),
        (["1", "2", "3", "4"], (1, 2, 3, 4)),
        ([1.5, 2.0, 3.0, 4.0], (1, 2, 4, 4)),  # 1.5 to 4.5 covers the pixels 1, 2, 3, 4
        ([-3, -2, 10, 10], (0, 0, 7, 8)),
        ([0, 0, 0.2, 0.2], (0, 0, 1, 1)),
        ([""], None),
        (["", None, "nan", ""], None),
    ],
)
def test_boxes(cells: list[object], expected: tuple[int, ...] | None) -> None:
    assert read_box(cells) == expected


@pytest.mark.parametrize(
    "cells",
    [
        *(["1,2,3"], ["1,2,3,4,5"], ["a,b,c,d"], ["1,2,0,4"], [[1, 2, 3, -4]], ["[1,2"], ["[[[["], [[1, 2, None, 4]]),
        *(["1", "", "3", "4"], ["1e300", "1", "1", "1"], [[-9, 0, 5, 5]], [{"x": 1}], ["9" * 10_000], [True]),
        ['{"a":1}'],
    ],
)
def test_what_is_no_box(cells: list[object]) -> None:
    assert isinstance(read_box(cells), Misfit)


@given(st.lists(st.floats(-2e6, 2e6) | st.integers(-10, 10), min_size=4, max_size=4))
def test_a_box_covers_what_was_given_and_lies_on_the_photo(numbers: list[float]) -> None:
    found = read_box(numbers)
    assert found == read_box([numbers]) == read_box([json.dumps(numbers)])
    if isinstance(found, Misfit):
        return
    x, y, width, height = found
    assert x >= 0 and y >= 0 and width >= 1 and height >= 1
    assert x <= max(0, numbers[0]) and x + width >= numbers[0] + numbers[2]
    assert y <= max(0, numbers[1]) and y + height >= numbers[1] + numbers[3]


@pytest.mark.parametrize(
    ("columns", "image", "product"),
    [
        (["image"], "image", None),
        (["Product ID", "IMAGE-PATH"], "IMAGE-PATH", "Product ID"),
        (["sku", "file name"], "file name", "sku"),
        (["id", "product", "image"], "image", "product"),
        (["product", "product_id", "photo"], "photo", "product_id"),
        (["path", "image"], "image", None),
        (["ImagePath", "itemId"], "ImagePath", "itemId"),
        (["image-uri", "article"], "image-uri", "article"),
    ],
)
def test_columns_are_recognised(columns: list[str], image: str, product: str | None) -> None:
    header = read_header(columns, {})
    assert (header.image, header.product) == (image, product)


def test_every_other_column_is_an_attribute() -> None:
    header = read_header(["image", "Sleeve Length", "baseColour", "path", "mask", "bbox", "x", "", "confidence"], {})
    assert header.attributes == {
        "sleeve_length": "Sleeve Length",
        "base_colour": "baseColour",
        "path": "path",
        "x": "x",
    }
    assert header.mask == "mask"
    assert header.box == ("bbox",)
    assert len(header.left_out) == 2
    assert "own_confidence" in header.left_out[0]
    assert "without a name" in header.left_out[1]


def test_four_columns_are_a_box() -> None:
    assert read_header(["image", "h", "w", "y", "x"], {}).box == ("x", "y", "w", "h")
    assert read_header(["image", "height", "width", "y", "x"], {}).box == ("x", "y", "width", "height")
    given = {"x": "left", "y": "top", "width": "wide", "height": "high"}
    assert read_header(["image", "left", "top", "wide", "high"], given).box == ("left", "top", "wide", "high")
    header = read_header(["image", "x", "y", "width"], {})
    assert header.box == ()
    assert set(header.attributes) == {"x", "y"}


def test_columns_given_by_the_caller_come_first() -> None:
    columns = ["image", "Foto", "Artikel", "width"]
    header = read_header(columns, {"image": "foto", "product": "Artikel", "own_width": "width", "old": "image"})
    assert (header.image, header.product) == ("Foto", "Artikel")
    assert header.attributes == {"own_width": "width", "old": "image"}
    assert header.left_out == ()


def test_two_columns_of_one_name_keep_the_first() -> None:
    header = read_header(["image", "Price", "price "], {})
    assert header.attributes == {"price": "Price"}
    assert "is the attribute price already" in header.left_out[0]


def test_a_table_without_photos_says_what_to_do() -> None:
    with pytest.raises(SourceError, match=r"'sku', 'foto'.*Understood are: image, .*columns="):
        read_header(["sku", "foto"], {})
    with pytest.raises(
        SourceError, match=r"The roles are image, product, mask, box: picture=foto names an attribute\."
    ):
        read_header(["sku", "foto"], {"picture": "foto"})


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"image": "foto"}, "names a column that is not there"),
        ({"confidence": "sure"}, "cannot be an attribute's name"),
        ({"width": "sure"}, "a box needs"),
        ({"--": "sure"}, "cannot be an attribute's name"),
    ],
)
def test_a_wrong_choice_of_columns(given: dict[str, str], reason: str) -> None:
    with pytest.raises(SourceError, match=reason):
        read_header(["image", "sure"], given)


@given(st.text())
def test_an_attribute_name_is_one_word(column: str) -> None:
    name = attribute_name(column)
    assert name == attribute_name(name)
    assert not name or name.replace("_", "a").isalnum()
