"""DeepFashion In-Shop's masks: a picture beside each photo, with a colour for each class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from indexer.decode.limits import DEFAULT_LIMITS, DecodeLimits
from indexer.garments.classes import CLASSES, GARMENTS
from indexer.garments.garment import Garment
from indexer.garments.instances.kinds import DEEPFASHION
from indexer.masks import open_mask

Mapped = Literal["actual", "readme"]
Rgb = tuple[int, int, int]

NAMES: Final = ("background", *DEEPFASHION)
"""Names of the labels, in the order of their numbers."""

COLOURS: Final[dict[Rgb, tuple[str, str]]] = {
    (0, 0, 0): ("background", "background"),
    (255, 250, 250): ("top", "top"),
    (250, 235, 215): ("skirt", "skirt"),
    (70, 130, 180): ("leggings", "leggings"),
    (16, 78, 139): ("face", "dress"),
    (255, 250, 205): ("dress", "outer"),
    (255, 140, 0): ("bag", "pants"),
    (50, 205, 50): ("neckwear", "bag"),
    (220, 220, 220): ("outer", "neckwear"),
    (255, 0, 0): ("hair", "headwear"),
    (127, 255, 212): ("headwear", "eyeglass"),
    (0, 100, 0): ("eyeglass", "belt"),
    (255, 255, 0): ("belt", "footwear"),
    (211, 211, 211): ("pants", "hair"),
    (144, 238, 144): ("skin", "skin"),
    (245, 222, 179): ("footwear", "face"),
}
"""Colour -> what it marks in the files, and what the data set's readme says that it marks."""


@dataclass(frozen=True, eq=False)
class ColourMask:
    """labels: uint8 (h, w), numbers of NAMES, 0 where the colour is unknown. unknown: colour -> pixels that have it."""

    labels: NDArray[np.uint8]
    unknown: Mapping[Rgb, int]

    def classes(self) -> NDArray[np.uint8]:
        """uint8 (h, w), numbers of `indexer.garments.classes.CLASSES`."""
        table = [CLASSES.index(DEEPFASHION.get(name, name)) for name in NAMES]
        return np.array(table, dtype=np.uint8)[self.labels]

    def garments(self) -> list[Garment]:
        """The garments, one a label, the largest first; sure, since they are given."""
        counts = np.bincount(self.labels.ravel(), minlength=len(NAMES))
        order = sorted(np.flatnonzero(counts).tolist(), key=lambda label: -int(counts[label]))
        kinds = [(label, DEEPFASHION.get(NAMES[label], "")) for label in order]
        return [Garment(kind, self.labels == label, 1.0) for label, kind in kinds if kind in GARMENTS]


def segment_file(photo: Path) -> Path | None:
    """The colour mask beside a photo: `01_1_front_segment.png`, else `01_1_front.png`; None where there is neither."""
    beside = (photo.with_name(f"{photo.stem}_segment.png"), photo.with_suffix(".png"))
    return next((file for file in beside if file != photo and file.is_file()), None)


def read_colour_mask(data: bytes, mapping: Mapped = "actual", limits: DecodeLimits = DEFAULT_LIMITS) -> ColourMask:
    """A colour mask file (its first three channels) at its own size.

    mapping: "actual" is what the files hold; "readme" what the data set's readme says, for files that keep to it.
    Raises PictureError when the file cannot be read, InputError for another mapping.
    """
    if mapping not in ("actual", "readme"):
        raise InputError(f"colours are mapped as 'actual' or 'readme', not {mapping!r}")
    with open_mask(data, limits) as (image, _):
        rgb = np.asarray(image.convert("RGB"))
    return _labelled(rgb, 0 if mapping == "actual" else 1)


_HASH = 0x9E3779B1
"""A multiplier under which the sixteen colours fall into different places of a table; see `_table`."""
_PLACES = 1 << 10


def _places(codes: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The places of colours, uint32 0xRRGGBB (n,), in a table: Fibonacci hashing (Knuth, TAOCP 3, 6.4)."""
    hashed: NDArray[np.uint32] = (codes * np.uint32(_HASH)) >> np.uint32(22)
    return hashed


@cache
def _table(column: int) -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
    """By place, a colour's code and its label; elsewhere a code that no colour has. One look-up a pixel then."""
    codes = np.array([red << 16 | green << 8 | blue for red, green, blue in COLOURS], dtype=np.uint32)
    held = np.full(_PLACES, 0xFFFFFFFF, dtype=np.uint32)
    labels = np.zeros(_PLACES, dtype=np.uint8)
    places = _places(codes)
    if len(set(places.tolist())) < len(codes):
        raise AssertionError("two colours share a place: take another multiplier")
    held[places] = codes
    labels[places] = [NAMES.index(names[column]) for names in COLOURS.values()]
    return held, labels


def _labelled(rgb: NDArray[np.uint8], column: int) -> ColourMask:
    held, labels = _table(column)
    pixels = rgb[..., 0].astype(np.uint32) << 16
    pixels |= rgb[..., 1].astype(np.uint32) << 8
    pixels |= rgb[..., 2]
    places = _places(pixels.astype(np.uint32, copy=False))
    known = held[places] == pixels
    found = labels[places]
    if known.all():
        return ColourMask(found, {})
    others, counts = np.unique(pixels[~known], return_counts=True)
    unknown = {
        (code >> 16, code >> 8 & 255, code & 255): count
        for code, count in zip(others.tolist(), counts.tolist(), strict=True)
    }
    return ColourMask(np.where(known, found, 0).astype(np.uint8), unknown)
