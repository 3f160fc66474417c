"""The `palette` space: how much of a garment has each of a few named colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from engine.attributes import AttributeType, AttributeValue
from engine.errors import SpaceError
from indexer.coarse import COARSE_SIDE
from indexer.colours import srgb_to_oklab
from indexer.patches.erode import MARGIN
from indexer.picture import Picture
from indexer.spaces.base import Extractor
from indexer.spaces.histogram import BINS, SAMPLES, bin_colours, colour_counts

OTHER = "other"
"""The name of what is too far from every name."""
LEAST_SHARE = 0.05
"""A smaller share of a colour is not told as an attribute: it is a button, a label or noise."""
CUT = 0.2
"""OKLab distance from which on a colour belongs to no name (black to white is 1)."""
CHROMA = 2.0
"""How much more a difference of hue or chroma counts than one of lightness, which light and folds change."""


def _attribute(name: str) -> str:
    """Of the share of a name, e.g. share_light_blue."""
    return f"share_{name.replace(' ', '_')}"


# Several anchors a name: cloth in light and shade, under warm and cool lamps, in its usual dyes.
NINETEEN: Mapping[str, str] = MappingProxyType(
    {
        "black": "000000 141414 262626 323234 383636 1b1b20 221c18",
        "white": "ffffff f2f2f2 e3e3e3 d6d6d6 fffaf0 f6f0ea e8eef5 f3ecf0 ece8f2 eef4ea dcd4d4 d0d6da dad4e0 ded8ce",
        "grey": "808080 4e4e4e 5a5a5e 6b6b6b 999999 b4b4b4 bcbcbc",
        "red": "e60000 c40d14 a01010 ff3b30 d92b2b b8323a 8b0000 d00418",
        "burgundy": "800020 5e0c1f 6e1a2a 45101a 8a1c35 744048",
        "pink": (
            "ff9ec4 ffc0cb ff69b4 ff1493 e75480 f4a6b5 d9808f c71585 f020f0 "
            "f8d4d8 f2c4c6 f7a6e2 a3828b c89ea4 c8a09c edbcc2 b89ab1"
        ),
        "orange": "ff8000 ff6a13 e86a10 ffa040 d2601a f28a4b",
        "brown": "7b4a25 5a3418 3d2616 8b5a2b 96643a a0724c 5f4738 3c2a20 776554 957a6b",
        "beige": "e0cda8 f0e4c8 d2b48c c8b08a e8d8c0 a99579 c6b190 eacba9",
        "yellow": "ffe000 fff04d ffd21f e6c200 fff59a d9b310",
        "olive": "6b6b23 808000 4b5320 8a8a4a 504827 3e3a20 504e35 6a6b54 868569",
        "green": (
            "109030 00b050 0b6b2b 0a4020 3cb043 7cc576 a5e0a0 62a070 2f5d3a 9acd32 10e030 546251 728772 8dae98 afd2b5"
        ),
        "teal": "008080 006064 0f4c4f 2a8c8c 4f9a9a 325456 516f71 698e90",
        "turquoise": "30d5c8 40e0d0 7fe0d8 5fd0d0 00c2d1 a8e6e0 8cbcb8 a0d7d6",
        "light blue": "a9cdec add8e6 87ceeb c3d9ee 8fb8de 6cbce8 839bb4 99b8d4 b6ccf0",
        "blue": (
            "0050d8 1f4fd0 2f6fd0 0000ff 2a5caa 4a7fc8 1e6fb8 4169e1 5b7fa8 0000a0 2038a8 1a4a80 2a98cc 576476 727d95"
        ),
        "navy": "0b1a4a 000080 1a2444 14213d 101a33 333d52 3c3e62 1c2336",
        "purple": "7a1fa0 800080 5b2a86 9b30d0 6a3d9a 4b0f5e 8a4fb0 7b4b94 5a3054 3e2444 4d3c58 695e72",
        "lilac": "c8a2e0 b799d6 d8c4ec a78bc4 8c809b aca1c3 d2bee3",
    }
)

SIX: Mapping[str, str] = MappingProxyType(
    {
        "black": "000000",
        "white": "ffffff",
        "red": "e70000",
        "yellow": "fffa00",
        "green": "00811f",
        "blue": "0044ff",
    }
)
_SETS: Mapping[str, Mapping[str, str]] = MappingProxyType({"default": NINETEEN, "six": SIX})
_DESCRIBES: dict[str, AttributeType] = {"dominant_colour": "text"}
_DESCRIBES |= {_attribute(name): "number" for name in NINETEEN}


class Palette(Extractor):
    """Shares of named colours under the Hellinger map (square root, unit length), the last column for `OTHER`.

    Each pixel belongs to the name of its nearest anchor in OKLab (Ottosson 2020), or to `OTHER` when that is
    further than the cut. The inner product of two rows is the Bhattacharyya coefficient of their shares. A vector
    depends on its own picture alone. Without a mask the background counts as if it were cloth. A pixel is named without
    its surroundings: white cloth in deep shade is "grey", and cloth of a very faint tint too.

    names: "default", nineteen names, or "six", the six of red, green, blue, black, white and yellow.
    """

    name = "palette"
    version = 3
    reads = "colour"
    sees = "coarse"
    weight = 0.5
    describes: ClassVar[Mapping[str, AttributeType]] = _DESCRIBES

    def __init__(self, names: Literal["default", "six"] = "default") -> None:
        if names not in _SETS:
            raise SpaceError(f"palette knows no set of names {names!r}: give one of {', '.join(map(repr, _SETS))}")
        self.names: tuple[str, ...] = (*_SETS[names], OTHER)
        """What the columns of a vector stand for."""
        self.dim = len(self.names)
        self._set = names
        self._attributes = [_attribute(name) for name in self.names]

    def extract(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        """Vectors of the pictures, float32 (n, dim), unit-length rows, every value >= 0."""
        named = _name_of_bin(self._set)
        vectors = np.empty((len(pictures), self.dim), np.float32)
        for row, picture in zip(vectors, pictures, strict=True):
            bins, counts = colour_counts(picture)
            shares = np.bincount(named[bins], weights=counts, minlength=self.dim)
            row[:] = np.sqrt(shares / counts.sum())
        return vectors

    def describe(self, vectors: NDArray[np.float32]) -> list[dict[str, tuple[AttributeValue, float]]]:
        """`dominant_colour`, its share as the confidence, and `share_NAME` of every name from `LEAST_SHARE` on.

        The dominant colour is `OTHER` when no name has as much as that.
        """
        shares = np.square(vectors, dtype=np.float64)
        largest = shares.argmax(axis=1).tolist()
        told: list[dict[str, tuple[AttributeValue, float]]] = [
            {"dominant_colour": (self.names[column], min(1.0, float(row[column])))}
            for row, column in zip(shares, largest, strict=True)
        ]
        rows, columns = np.nonzero(shares[:, :-1] >= LEAST_SHARE)
        of_row = zip(rows.tolist(), columns.tolist(), shares[rows, columns].round(4).tolist(), strict=True)
        for row, column, share in of_row:
            told[row][self._attributes[column]] = (share, 1.0)
        return told

    def parameters(self) -> Mapping[str, object]:
        """The anchors, the cut, the weight of chroma, the border left out of masks, and what pixels are counted."""
        counted = {"margin": MARGIN, "samples": SAMPLES, "coarse": COARSE_SIDE}
        return {"anchors": dict(_SETS[self._set]), "cut": CUT, "chroma": CHROMA, **counted}


@cache
def _name_of_bin(names: str) -> NDArray[np.intp]:
    """Of each bin of the 32x32x32 histogram the column of its name, (32768,)."""
    anchors = [(column, digits) for column, text in enumerate(_SETS[names].values()) for digits in text.split()]
    columns = np.array([column for column, _ in anchors] + [len(_SETS[names])], np.intp)
    colours = np.array([list(bytes.fromhex(digits)) for _, digits in anchors])
    scale = np.array([1, CHROMA, CHROMA], np.float32)
    bins, places = srgb_to_oklab(bin_colours(np.arange(BINS))) * scale, srgb_to_oklab(colours) * scale
    # Axis by axis and one anchor at a time: a command that asks by colours waits for this. The first of equals stays.
    light, green_red, blue_yellow = np.ascontiguousarray(bins.T)
    named, nearest = np.full(BINS, columns[-1]), np.full(BINS, np.inf)
    for column, place in zip(columns[:-1], places, strict=True):
        square = np.square(light - place[0]) + np.square(green_red - place[1]) + np.square(blue_yellow - place[2])
        closer = square < nearest
        named[closer], nearest[closer] = column, square[closer]
    named[nearest > CUT**2] = columns[-1]
    return named
