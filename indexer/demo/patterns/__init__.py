"""Procedural textile patterns in cloth coordinates, and patches of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from indexer.demo.colours import Colour, Rgb
from indexer.demo.patterns.bands import Floats
from indexer.demo.patterns.motifs import floral, leopard, paisley
from indexer.demo.patterns.printed import geometric, polka_dots, zebra
from indexer.demo.patterns.woven import chevron, houndstooth, plaid, stripes
from indexer.demo.spec import PATTERNS, Pattern

__all__ = [
    "MOTIFS_A_REPEAT",
    "cloth_rgb",
    "pattern_shares",
    "render_patch",
    "repeat_length",
]

Generator = Callable[[Floats, Floats, int, int, float], list[Floats]]


def animal(u: Floats, v: Floats, count: int, variation: int, soft: float) -> list[Floats]:
    """Leopard for an even variation, zebra for an odd one."""
    return (zebra if variation % 2 else leopard)(u, v, count, variation, soft)


_GENERATORS: dict[str, Generator] = {
    "stripes": stripes,
    "plaid": plaid,
    "polka dots": polka_dots,
    "floral": floral,
    "chevron": chevron,
    "houndstooth": houndstooth,
    "animal": animal,
    "paisley": paisley,
    "geometric": geometric,
}

MOTIFS_A_REPEAT: dict[str, int] = {"plaid": 2, "floral": 4, "animal": 6, "paisley": 4}
"""How many motifs wide one repeat is where it is not 1: a pattern's scale is the size of a motif."""


def repeat_length(pattern: Pattern) -> float:
    """Length of one repeat in the unit of the pattern's scale."""
    return pattern.scale * MOTIFS_A_REPEAT.get(pattern.name, 1)


def pattern_shares(pattern: Pattern, x: Floats, y: Floats, count: int, pixel: float) -> list[Floats]:
    """Each colour's share at points of the cloth: `count` float32 arrays shaped as x, in [0, 1], summing to 1.

    x, y: float32, in the unit of `pattern.scale`. pixel: a pixel's width in that unit; edges are that soft.
    Turned by -rotation, the result has period `repeat_length(pattern)` along both axes.
    """
    if pattern.name == "plain":
        return [np.ones_like(x)] + [np.zeros_like(x) for _ in range(count - 1)]
    repeat = repeat_length(pattern)
    c, s = np.float32(np.cos(pattern.rotation) / repeat), np.float32(np.sin(pattern.rotation) / repeat)
    u = c * x + s * y + np.float32(pattern.phase[0])
    v = c * y - s * x + np.float32(pattern.phase[1])
    return _GENERATORS[pattern.name](u, v, count, pattern.variation, pixel / repeat)


def cloth_rgb(shares: Sequence[Floats], colours: Sequence[Rgb]) -> Floats:
    """Mixed colour of every point, float32 (..., 3), 0 to 255."""
    rgb = np.zeros((*shares[0].shape, 3), dtype=np.float32)
    for share, colour in zip(shares, colours, strict=True):
        for channel in range(3):
            rgb[..., channel] += share * np.float32(colour[channel])
    return rgb


def render_patch(
    pattern: str,
    colours: Sequence[Colour],
    size: int = 128,
    scale: float = 24.0,
    rotation: float = 0.0,
    seed: int = 0,
) -> NDArray[np.uint8]:
    """A flat square of cloth, uint8 (size, size, 3).

    pattern: one of PATTERNS. scale: a motif's size in pixels. rotation: radians. seed: its variation
    and phase.
    Same arguments, same pixels. InputError for an unknown pattern or too few colours.
    """
    if pattern not in PATTERNS:
        raise InputError(f"no pattern {pattern!r}; the demo draws {', '.join(PATTERNS)}")
    if size < 1 or scale <= 0:
        raise InputError(f"size and scale must be positive, got {size} and {scale}")
    if len(colours) < (1 if pattern == "plain" else 2):
        raise InputError(f"{pattern} needs more than {len(colours)} colours")
    rng = np.random.default_rng([seed, 3])
    spec = Pattern(pattern, scale, rotation, (float(rng.random()), float(rng.random())), seed)
    y, x = np.mgrid[0:size, 0:size].astype(np.float32)
    shares = pattern_shares(spec, x, y, len(colours), 1.0)
    return np.rint(cloth_rgb(shares, [colour.rgb for colour in colours])).astype(np.uint8)
