"""Every example in docs/filters.md does what the page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine.attributes import AttributeType
from engine.errors import FilterError
from engine.filters import parse_filter

PAGE = (Path(__file__).parents[2] / "docs" / "filters.md").read_text(encoding="utf-8")
KNOWN: dict[str, AttributeType] = {
    **dict.fromkeys(("category", "brand", "dominant_colour", "image"), "text"),
    **dict.fromkeys(("price", "width", "fabric weight"), "number"),
    **dict.fromkeys(("maxi", "on_sale"), "boolean"),
}


def fenced(language: str) -> list[str]:
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    return [line for block in blocks for line in block.splitlines()]


@pytest.mark.parametrize("where", fenced("sql"))
def test_examples_parse(where: str) -> None:
    parsed = parse_filter(where, KNOWN)
    assert parsed.names
    assert parse_filter(parsed.text, KNOWN) == parsed


@pytest.mark.parametrize("where", fenced("text"))
def test_what_is_said_to_be_refused_is(where: str) -> None:
    with pytest.raises(FilterError):
        parse_filter(where, KNOWN)


def test_the_page_has_examples_and_names_its_attributes() -> None:
    assert len(fenced("sql")) > 20
    assert len(fenced("text")) > 5
    for name in KNOWN:
        assert f"`{name}`" in PAGE
