"""Colours as a picture, so that a search by colours asks the same extractors as a search by photo."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import NormalDist
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from indexer.colours import ColourShares, Rgb, oklab_to_srgb, srgb_to_oklab
from indexer.picture import Picture

LIGHT = 0.1
"""Spread (one standard deviation) of light on cloth, as a factor on all of OKLab: light scales L, a and b alike."""
CHROMA = 0.02
"""Spread of a and of b in OKLab, of dyes, lamps and cameras."""
COLOUR_QUERY_WEIGHTS: Mapping[str, float] = MappingProxyType({"palette": 1.0, "colour": 2.0})
"""The say of each space in a search by colours.

All three were chosen by `python benchmarks/quality/colours.py --tune`, on real masked garments (precision@10), with
version 2 of the spaces. For one colour the histogram alone is best by 0.02 (0.89 to 0.87), for two contrasting colours
both together by 0.01 (0.74 to 0.73). Without any spread both together find 0.76 and 0.41.
"""

_LIGHTS, _CHROMAS = 9, 4
_PARTS = 100


def swatch(colours: ColourShares) -> Picture:
    """A picture of these colours in these shares (to one part in a hundred, at least one each), as if of cloth.

    Each row of pixels is one part: its colour under a fixed spread of light and chroma. Same colours, same pixels.
    colours: at least one; shares above 0 that sum to 1, as `parse_colours` gives them.
    """
    parts = _apportion([share for _, share in colours])
    clouds = np.stack([_cloth(rgb) for rgb, _ in colours])
    return Picture(np.repeat(clouds, parts, axis=0))


def _cloth(rgb: Rgb) -> NDArray[np.uint8]:
    """The colour in 9 lights by 4 by 4 chromas, uint8 (144, 3): few enough for `histogram` to count them all."""
    light = 1 + LIGHT * _normal_quantiles(_LIGHTS)
    chroma = CHROMA * _normal_quantiles(_CHROMAS)
    factor, a, b = np.meshgrid(light, chroma, chroma, indexing="ij")
    place = srgb_to_oklab(np.array(rgb))
    return oklab_to_srgb(np.stack([place[0] * factor, place[1] * factor + a, place[2] * factor + b], -1).reshape(-1, 3))


def _normal_quantiles(n: int) -> NDArray[np.float64]:
    return np.array([NormalDist().inv_cdf((i + 0.5) / n) for i in range(n)], np.float64)


def _apportion(shares: list[float]) -> NDArray[np.int64]:
    """Whole parts, `_PARTS` in all unless the least of one each makes it more, by largest remainders."""
    exact = np.array(shares) * _PARTS
    parts = np.floor(exact).astype(np.int64)
    left = _PARTS - int(parts.sum())
    parts[np.argsort(parts - exact, kind="stable")[:left]] += 1
    apportioned: NDArray[np.int64] = np.maximum(parts, 1)
    return apportioned
