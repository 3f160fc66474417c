"""Named colours of the demo's cloth, with their exact sRGB values."""

from __future__ import annotations

from dataclasses import dataclass

from engine.errors import InputError

Rgb = tuple[int, int, int]


@dataclass(frozen=True)
class Colour:
    """A colour with the name that a shop would give it. rgb: sRGB, 0 to 255."""

    name: str
    rgb: Rgb


ELEVEN: tuple[Colour, ...] = (
    Colour("red", (200, 28, 38)),
    Colour("green", (34, 130, 58)),
    Colour("blue", (36, 84, 196)),
    Colour("black", (24, 24, 26)),
    Colour("white", (244, 244, 242)),
    Colour("yellow", (246, 212, 44)),
    Colour("grey", (128, 129, 131)),
    Colour("brown", (112, 70, 42)),
    Colour("pink", (242, 152, 184)),
    Colour("orange", (238, 124, 34)),
    Colour("purple", (112, 52, 152)),
)
"""The basic colour terms (Berlin and Kay, 1969): what tests of colour names use."""

OTHERS: tuple[Colour, ...] = (
    Colour("navy", (28, 36, 82)),
    Colour("beige", (216, 196, 164)),
    Colour("teal", (20, 122, 126)),
    Colour("burgundy", (114, 24, 46)),
    Colour("olive", (110, 112, 52)),
    Colour("cream", (246, 238, 216)),
    Colour("light blue", (156, 194, 228)),
    Colour("mint", (168, 220, 192)),
    Colour("lavender", (188, 172, 222)),
    Colour("coral", (246, 122, 104)),
    Colour("turquoise", (56, 186, 192)),
    Colour("mustard", (206, 158, 40)),
)

NAMED: dict[str, Colour] = {colour.name: colour for colour in ELEVEN + OTHERS}


def named(name: str) -> Colour:
    """The colour of that name; InputError lists the names when there is none."""
    if name not in NAMED:
        raise InputError(f"no colour is named {name!r}; the demo knows {', '.join(NAMED)}")
    return NAMED[name]


def luma(rgb: Rgb) -> float:
    """Rec. 601 luma of an sRGB triple, 0 to 255: how light it looks, roughly."""
    return 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2]
