"""Names that data sets give to garments, and the kind each is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from engine.errors import InputError
from indexer.garments.classes import FOLDER_KINDS, GARMENTS

MODANET: Final[dict[str, str]] = {
    "bag": "bag", "belt": "accessory", "boots": "footwear", "footwear": "footwear", "outer": "outer", "dress": "dress",
    "sunglasses": "accessory", "pants": "trousers", "top": "top", "shorts": "trousers", "skirt": "skirt",
    "headwear": "accessory", "scarf/tie": "accessory",
}  # fmt: skip
"""The 13 classes of ModaNet (Zheng et al., ACM Multimedia 2018) in the order of their ids, from 1."""

DEEPFASHION: Final[dict[str, str]] = {
    "top": "top", "skirt": "skirt", "leggings": "trousers", "dress": "dress", "outer": "outer", "pants": "trousers",
    "bag": "bag", "neckwear": "accessory", "headwear": "accessory", "eyeglass": "accessory", "belt": "accessory",
    "footwear": "footwear", "hair": "person", "skin": "person", "face": "person",
}  # fmt: skip
"""The 15 classes of DeepFashion In-Shop's masks (Liu et al., CVPR 2016)."""

NONE = "none"
"""The kind of a class that is no garment: it is left out."""

_KNOWN: Final[dict[str, str]] = {
    **FOLDER_KINDS,
    **DEEPFASHION,
    **MODANET,
    **{name: name for name in GARMENTS},
    "person": NONE,
    "hair": NONE,
    "skin": NONE,
    "face": NONE,
}


def kinds_of(names: Iterable[str], told: Mapping[str, str]) -> dict[str, str]:
    """The kind of each class, in order; those of kind "none" are left out.

    told: kinds that the caller gives, which go before those known here. Names are compared in lower case.
    Raises InputError for a class of no known kind, for a kind that there is none of, and when no class is left.
    """
    for name, kind in told.items():
        if kind not in (*GARMENTS, NONE):
            raise InputError(f"the kind of {name!r} must be one of {', '.join(GARMENTS)} or {NONE}, not {kind!r}")
    known = {**_KNOWN, **{name.lower(): kind for name, kind in told.items()}}
    found = {name: known.get(name.lower(), "") for name in names}
    unknown = [name for name, kind in found.items() if not kind]
    if unknown:
        raise InputError(
            f"of which kind is {unknown[0]!r}? Tell it as --kind '{unknown[0]}=KIND', one of {', '.join(GARMENTS)}, "
            f"or {NONE} to leave it out; not known are {', '.join(unknown)}"
        )
    kept = {name: kind for name, kind in found.items() if kind != NONE}
    if not kept:
        raise InputError("the file has no class that is a garment")
    return kept
