"""A photo's card, the same on every page: picture, colours, name and id, what is known of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from engine.attributes import AttributeValue
from engine.pages.render import data_uri, number
from engine.pages.swatches import swatch

SHARE = "share_"
"""Attributes share_NAME say how much of a photo has the colour NAME."""
DOMINANT = "dominant_colour"
NAME = "name"
_FACTS = ("category", "price")
_FIRST = ("pattern", "brand")
_DETAILS = 3
_LONGEST = 80


@dataclass(frozen=True)
class Segment:
    """A part of a colour strip. colour: #rrggbb. share: in (0, 1]."""

    name: str
    colour: str
    share: float


@dataclass(frozen=True)
class Card:
    """A photo as a page shows it.

    name: what its product is called, "" where only the id is known. picture: a data URI. colour: the dominant colour's
    name. facts: category and price, short. details: label and value of a few other attributes. strip: its colours.
    """

    product: str
    name: str
    image: str
    picture: str | None
    alt: str
    colour: str | None
    facts: tuple[str, ...]
    details: tuple[tuple[str, str], ...]
    strip: tuple[Segment, ...]


def card(product: str, image: str, picture: bytes | None, attributes: Mapping[str, AttributeValue]) -> Card:
    """A card of a photo (JPEG bytes, or None) and its attributes."""
    dominant, called = attributes.get(DOMINANT), attributes.get(NAME)
    colour = dominant if isinstance(dominant, str) and dominant else None
    name = _short(called) if isinstance(called, str) and called.strip() != product else ""
    facts = tuple(text for fact in _FACTS if (text := _fact(fact, attributes.get(fact))))
    said = ", ".join(text for text in (name, product, colour, *facts) if text)
    details = _details(attributes, {colour, *facts})
    return Card(product, name, image, data_uri(picture), said, colour, facts, details, _strip(attributes))


def _fact(name: str, value: AttributeValue | None) -> str:
    """An attribute in a word or two: texts by value, numbers with the name; "" when there is nothing to say."""
    if isinstance(value, str):
        return _short(value)
    return "" if value is None or isinstance(value, bool) else f"{name} {number(value)}"


def _details(attributes: Mapping[str, AttributeValue], known: Collection[str | None]) -> tuple[tuple[str, str], ...]:
    """Label and value of at most three attributes that the card does not say elsewhere; what is not so comes last."""
    names = [name for name in _FIRST if name in attributes]
    names += sorted(name for name in attributes if name not in (*_FIRST, *_FACTS, DOMINANT, NAME))
    names.sort(key=lambda name: attributes[name] is False)
    told = []
    for name in names:
        text = _value(attributes[name])
        if text and text not in known and not name.startswith(SHARE):
            told.append((name.replace("_", " "), text))
    return tuple(told[:_DETAILS])


def _value(value: AttributeValue) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _short(value) if isinstance(value, str) else number(value)


def _short(text: str) -> str:
    """A text to show: a list such as "cream|navy" with spaces, where a line may break; cut at 80 characters."""
    spaced = " | ".join(part.strip() for part in text.split("|")).strip()
    return spaced if len(spaced) <= _LONGEST else f"{spaced[: _LONGEST - 1].rstrip()}…"


def _strip(attributes: Mapping[str, AttributeValue]) -> tuple[Segment, ...]:
    """The colours whose share is known, largest first, 1 at most in all."""
    found = []
    for name, value in attributes.items():
        colour = swatch(name.removeprefix(SHARE)) if name.startswith(SHARE) else None
        if colour and isinstance(value, float) and not isinstance(value, bool) and 0 < value <= 1:
            found.append(Segment(name.removeprefix(SHARE).replace("_", " "), colour, value))
    return tuple(sorted(found, key=lambda segment: (-segment.share, segment.name))[:8])
