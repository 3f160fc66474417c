"""Cuts a garment's spec into pieces with outlines, seams and folds."""

from __future__ import annotations

from collections.abc import Callable

from indexer.demo.spec import Garment
from indexer.demo.tailor.cut import Cut
from indexer.demo.tailor.dresses import cut_dress
from indexer.demo.tailor.legs import cut_shorts, cut_trousers
from indexer.demo.tailor.skirts import cut_skirt
from indexer.demo.tailor.tops import cut_shirt, cut_t_shirt

__all__ = ["Cut", "cut_garment"]

_TAILORS: dict[str, Callable[[Garment, float], Cut]] = {
    "dress": cut_dress,
    "skirt": cut_skirt,
    "shirt": cut_shirt,
    "t-shirt": cut_t_shirt,
    "trousers": cut_trousers,
    "shorts": cut_shorts,
}


def cut_garment(garment: Garment, arms: float = 0.0) -> Cut:
    """The pieces in cloth units, neck or waist near the origin. arms: radians that limbs are spread further."""
    return _TAILORS[garment.category](garment, arms)
