"""Colours as numbers and as words: OKLab, and the texts that ask for colours."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import QueryError

Rgb = tuple[int, int, int]
"""An sRGB colour, each channel 0 to 255."""
ColourShares = tuple[tuple[Rgb, float], ...]
"""Colours and how much of each; the shares are above 0 and sum to 1."""

# Björn Ottosson 2020, "A perceptual color space for image processing" (https://bottosson.github.io/posts/oklab/):
# linear sRGB to cone responses, and their cube roots to lightness, green-red and blue-yellow.
_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
_FROM_LAB = np.linalg.inv(_TO_LAB)
_FROM_LMS = np.linalg.inv(_TO_LMS)


def srgb_to_oklab(rgb: NDArray[Any]) -> NDArray[np.float32]:
    """OKLab of sRGB colours: (..., 3) in 0 to 255, any number type, to float32 (..., 3): L in [0, 1], a, b."""
    encoded = np.asarray(rgb, np.float64) / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    lab: NDArray[np.float32] = (np.cbrt(linear @ _TO_LMS.T) @ _TO_LAB.T).astype(np.float32)
    return lab


def oklab_to_srgb(lab: NDArray[Any]) -> NDArray[np.uint8]:
    """The way back: (..., 3) to uint8 (..., 3); a colour outside sRGB is clipped channel by channel."""
    linear = (np.asarray(lab, np.float64) @ _FROM_LAB.T) ** 3 @ _FROM_LMS.T
    linear = np.clip(linear, 0, 1)
    encoded = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    rgb: NDArray[np.uint8] = np.rint(encoded * 255).astype(np.uint8)
    return rgb


def _rgb(digits: str) -> Rgb:
    return int(digits[0:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)


NAMED_COLOURS: Mapping[str, Rgb] = MappingProxyType(
    {
        name: _rgb(digits)
        for name, digits in {
            "aqua": "40d0d0",
            "beige": "e0cda8",
            "black": "1e1e20",
            "blue": "2450b8",
            "brown": "74492e",
            "burgundy": "6e1428",
            "camel": "c19a6b",
            "charcoal": "4a4e52",
            "coral": "ff7256",
            "cream": "f6ecd2",
            "crimson": "b80f2e",
            "cyan": "10c8dc",
            "fuchsia": "e0219a",
            "gold": "d9ae1e",
            "gray": "808080",
            "green": "14913c",
            "grey": "808080",
            "indigo": "3f2a8c",
            "ivory": "faf6e6",
            "khaki": "9a9060",
            "lavender": "cbb8ea",
            "light blue": "a9cdec",
            "light green": "9ad79a",
            "light grey": "c4c4c4",
            "lilac": "c3a3dc",
            "lime": "9ad82c",
            "magenta": "d81c9c",
            "maroon": "701424",
            "mint": "a8e2c4",
            "mustard": "cfa21a",
            "navy": "1c2a4c",
            "olive": "6b6a2a",
            "orange": "f9801c",
            "peach": "fcc4a0",
            "pink": "f7a1bd",
            "purple": "76309c",
            "red": "d02630",
            "rose": "e0708c",
            "royal blue": "2a4fc8",
            "rust": "a5481c",
            "salmon": "f58a78",
            "sand": "d6c098",
            "silver": "c0c2c5",
            "sky blue": "86c2ea",
            "tan": "cfae84",
            "teal": "0c7c80",
            "turquoise": "38ccc4",
            "violet": "8436c4",
            "white": "ececea",
            "wine": "66142c",
            "yellow": "fbdc14",
        }.items()
    }
)
"""Names that a search by colours understands, and the colour each stands for: cloth of that name in a good photo."""

_HEX = re.compile(r"#?([0-9a-f]{6}|[0-9a-f]{3})")


def parse_colours(text: str) -> ColourShares:
    """The colours and shares that a text asks for, e.g. "#1a1a2e:60,#ffffff:40", "navy:3, white" or "f80".

    Comma-separated `colour[:weight]`; a colour is three or six hex digits, with or without "#", or one of
    `NAMED_COLOURS` in any case. A colour without a weight has the mean of the weights given, 1 when there are none.
    Shares keep the order of the text; a colour given twice gets both its shares.
    Raises QueryError that names the part it cannot read and the names nearest to it.
    """
    parts = [part.strip() for part in text.split(",")]
    if not any(parts):
        raise QueryError('no colours given: write them like "#1a1a2e:60,#ffffff:40" or "navy:60,white:40"')
    weights: dict[Rgb, float] = {}
    parsed = [_parse_part(part) for part in parts]
    given = [weight for _, weight in parsed if weight is not None]
    default = sum(given) / len(given) if given else 1.0
    for rgb, weight in parsed:
        weights[rgb] = weights.get(rgb, 0.0) + (default if weight is None else weight)
    total = sum(weights.values())
    return tuple((rgb, weight / total) for rgb, weight in weights.items())


def _parse_part(part: str) -> tuple[Rgb, float | None]:
    colour, colon, weight_text = part.partition(":")
    rgb = _parse_colour(colour, part)
    if not colon:
        return rgb, None
    try:
        weight = float(weight_text.strip().removesuffix("%"))
    except ValueError:
        weight = math.nan
    if not 0 < weight < math.inf:
        raise QueryError(f'the weight in "{part}" must be a number above 0, as in "{colour.strip()}:60"')
    return rgb, weight


def _parse_colour(colour: str, part: str) -> Rgb:
    word = " ".join(colour.lower().replace("_", " ").split())
    if word in NAMED_COLOURS:
        return NAMED_COLOURS[word]
    match = _HEX.fullmatch(word)
    if match:
        digits = match[1] if len(match[1]) == 6 else "".join(2 * digit for digit in match[1])
        return _rgb(digits)
    where = f'"{part}"' if part else "an empty part between commas"
    if not word or word.startswith("#"):
        raise QueryError(f'{where} is no colour: write 3 or 6 hex digits, like "#1a1a2e", or a name, like "navy"')
    near = difflib.get_close_matches(word, NAMED_COLOURS, n=3, cutoff=0.6)
    hint = f"nearest: {', '.join(near)}" if near else f"known: {', '.join(NAMED_COLOURS)}"
    raise QueryError(f'{where} is no colour: neither hex digits, like "#1a1a2e", nor a known name ({hint})')
