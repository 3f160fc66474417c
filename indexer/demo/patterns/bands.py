"""Anti-aliased periodic edges that woven and printed patterns are made of."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def clamp(x: Floats) -> Floats:
    """x limited to [0, 1]."""
    return np.clip(x, np.float32(0), np.float32(1))


def band(t: Floats, duty: float, soft: float) -> Floats:
    """1 where t modulo 1 lies in [0, duty), 0 elsewhere, with edges `soft` wide in t's unit; period exactly 1."""
    from_centre = np.abs(t - np.float32(duty / 2) - np.rint(t - np.float32(duty / 2)))
    return clamp((np.float32(duty / 2) - from_centre) / np.float32(max(soft, 1e-4)) + np.float32(0.5))


def inside(distance: Floats, soft: float) -> Floats:
    """1 where a signed distance is negative, with an edge `soft` wide."""
    return clamp(np.float32(0.5) - distance / np.float32(max(soft, 1e-4)))


def triangle(t: Floats) -> Floats:
    """Triangle wave of period 1 between 0 (at integers) and 1 (half way)."""
    return np.float32(2) * np.abs(t - np.rint(t))


def layers(coverings: list[Floats], count: int) -> list[Floats]:
    """Shares of `count` colours, summing to 1, of coverings painted one over the other on the ground.

    coverings: each in [0, 1]; the i-th is of colour 1 + i, and starts again at colour 1 when colours run out.
    """
    shares = [np.ones_like(coverings[0])] + [np.zeros_like(coverings[0]) for _ in range(count - 1)]
    for i, covering in enumerate(coverings):
        kept = np.float32(1) - covering
        shares = [share * kept for share in shares]
        shares[1 + i % (count - 1)] += covering
    return shares
