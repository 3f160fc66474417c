"""A photo's card, the same on every page: picture, colours, name, what is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.attributes import AttributeValue
from engine.pages.render import data_uri, number
from engine.pages.swatches import swatch

SHARE = "share_"
"""Attributes share_NAME say how much of a photo has the colour NAME."""
DOMINANT = "dominant_colour"
_FIRST = ("category", "brand", "price")
_FACTS = 6


@dataclass(frozen=True)
class Segment:
    """A part of a colour strip. colour: #rrggbb. share: in (0, 1]."""

    name: str
    colour: str
    share: float


@dataclass(frozen=True)
class Card:
    """picture: a data URI. colour: the dominant colour's name. facts: short texts. strip: the photo's colours."""

    product: str
    image: str
    picture: str | None
    alt: str
    colour: str | None
    facts: tuple[str, ...]
    strip: tuple[Segment, ...]


def card(product: str, image: str, picture: bytes | None, attributes: Mapping[str, AttributeValue]) -> Card:
    """A card of a photo (JPEG bytes, or None) and its attributes."""
    dominant = attributes.get(DOMINANT)
    colour = dominant if isinstance(dominant, str) and dominant else None
    facts = tuple(text for name, value in _ordered(attributes) if (text := _fact(name, value)))[:_FACTS]
    said = ", ".join(text for text in (product, colour, *facts[:2]) if text)
    return Card(product, image, data_uri(picture), said, colour, facts, _strip(attributes))


def _ordered(attributes: Mapping[str, AttributeValue]) -> list[tuple[str, AttributeValue]]:
    names = [name for name in _FIRST if name in attributes]
    names += sorted(name for name in attributes if name not in _FIRST and name != DOMINANT and name[:6] != SHARE)
    return [(name, attributes[name]) for name in names]


def _fact(name: str, value: AttributeValue) -> str:
    """How an attribute is said in a word or two; "" when it says nothing.

    Texts are said by value, true by the name, false not at all.
    """
    label = name.replace("_", " ")
    if isinstance(value, bool):
        return label if value else ""
    if isinstance(value, str):
        return value[:80]
    return f"{label} {number(value)}"


def _strip(attributes: Mapping[str, AttributeValue]) -> tuple[Segment, ...]:
    """The colours whose share is known, largest first, 1 at most in all."""
    found = []
    for name, value in attributes.items():
        colour = swatch(name.removeprefix(SHARE)) if name.startswith(SHARE) else None
        if colour and isinstance(value, float) and not isinstance(value, bool) and 0 < value <= 1:
            found.append(Segment(name.removeprefix(SHARE).replace("_", " "), colour, value))
    return tuple(sorted(found, key=lambda segment: (-segment.share, segment.name))[:8])
