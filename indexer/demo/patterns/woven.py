"""Patterns of coloured threads: stripes, plaid, chevron and houndstooth.

Every function takes cloth coordinates u, v (float32 arrays of one shape, in repeats; the pattern has period 1 in each),
the number of colours, a variation and the width of a pixel in repeats, and gives each colour's share of every
point: a list of `count` float32 arrays that sum to 1.
"""

from __future__ import annotations

import numpy as np

from indexer.demo.patterns.bands import Floats, band, layers, triangle

_SETTS = (
    # (start, width, colour) of the stripes of one repeat, over a ground of colour 0, painted in order
    ((0.0, 0.36, 1), (0.60, 0.05, 2), (0.77, 0.05, 2), (0.16, 0.04, 3)),
    ((0.0, 0.30, 1), (0.40, 0.08, 2), (0.54, 0.03, 3), (0.88, 0.03, 3)),
    ((0.1, 0.18, 1), (0.34, 0.18, 1), (0.70, 0.06, 2), (0.30, 0.02, 3)),
)


def stripes(u: Floats, v: Floats, count: int, variation: int, soft: float) -> list[Floats]:
    """Stripes along u, of colour 1: nearly even, pin, Breton or awning; a third colour adds thinner ones between."""
    duty = (0.46, 0.16, 0.34, 0.4)[variation % 4]
    second = 0.08 + 0.1 * (variation % 3)
    between = np.float32((1 + duty - second) / 2)
    bands = [band(v, duty, soft), band(v - between, second, soft)]
    return layers(bands[: count - 1], count)


def plaid(u: Floats, v: Floats, count: int, variation: int, soft: float) -> list[Floats]:
    """Checks of crossing threads: gingham, windowpane, or tartan, which is one sett both ways in an even twill."""
    kind = variation % 5
    if kind == 0:
        sett: tuple[tuple[float, float, int], ...] = ((0.0, 0.44, 1), (0.69, 0.06, 2))[: count - 1]
    elif kind == 1:
        sett = ((0.0, 0.07, 1), (0.5, 0.03, 2))
    else:
        sett = _SETTS[kind - 2]
    along, across = _threads(u, sett, count, soft), _threads(v, sett, count, soft)
    # The twill itself shows only where a thread is wider than a pixel; further away the two colours mix evenly.
    shown = np.float32(np.clip(1.2 - 24 * soft, 0, 0.7))
    twill = np.float32(0.5) + shown * (band((u + v) * np.float32(24), 0.5, 24 * soft) - np.float32(0.5))
    return [a * twill + b * (np.float32(1) - twill) for a, b in zip(along, across, strict=True)]


def _threads(t: Floats, sett: tuple[tuple[float, float, int], ...], count: int, soft: float) -> list[Floats]:
    """Shares of the colours of threads in one direction, at position t."""
    shares = [np.ones_like(t)] + [np.zeros_like(t) for _ in range(count - 1)]
    for start, width, colour in sett:
        covering = band(t - np.float32(start), width, soft)
        shares = [share * (np.float32(1) - covering) for share in shares]
        shares[1 + (colour - 1) % (count - 1)] += covering
    return shares


def chevron(u: Floats, v: Floats, count: int, variation: int, soft: float) -> list[Floats]:
    """Zigzag bands that run along u; the variation sets how steep, and a thin second line."""
    steep = (0.5, 0.8, 0.3)[variation % 3]
    t = v + np.float32(steep) * triangle(u)
    soft = soft * float(np.hypot(1, 2 * steep))
    if count > 2 or variation % 2:
        return layers([band(t, 0.32, soft), band(t - np.float32(0.48), 0.12, soft)], count)
    return layers([band(t, 0.46, soft)], count)


def houndstooth(u: Floats, v: Floats, count: int, variation: int, soft: float) -> list[Floats]:
    """Broken check of a 2/2 twill: four dark and four light threads both ways, eight to the repeat.

    Where warp and weft differ, the twill's diagonal says which is on top; that draws the teeth. Ground and figure cover
    half the cloth each, and half a repeat along u and v together swaps them.
    """
    warp, weft = band(u, 0.5, soft), band(v, 0.5, soft)
    sign = np.float32(1 if variation % 2 == 0 else -1)
    over = band((u + sign * v) * np.float32(2), 0.5, 2 * 1.4 * soft)
    return layers([warp * over + weft * (np.float32(1) - over)], count)
