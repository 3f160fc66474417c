"""How cloth falls: a height field of folds, its shading, and how far it shifts the pattern."""

from __future__ import annotations

import numpy as np
from PIL import Image

from indexer.demo.patterns.bands import Floats
from indexer.demo.tailor.cut import Cut, Fan, Ridge

_F = np.float32


def fold_heights(cut: Cut, x: Floats, y: Floats, amount: float, rng: np.random.Generator) -> Floats:
    """Heights in cloth units at cloth points x, y (float32, one shape). amount: 0 pressed to 1 rumpled."""
    height = np.zeros_like(x)
    for fan in cut.fans:
        height += _fan(fan, x, y, rng) * _F(0.55 + 0.75 * amount)
    for ridge in cut.ridges:
        height += _ridge(ridge, x, y, rng) * _F(0.25 + 1.0 * amount)
    for cells, size in ((5, 0.014), (11, 0.0045)):
        height += _noise(x.shape, cells, rng) * _F(size * amount)
    return height


def _fan(fan: Fan, x: Floats, y: Floats, rng: np.random.Generator) -> Floats:
    depth = np.clip((y - _F(fan.top)) / _F(fan.bottom - fan.top), 0, 1)
    half = _F(fan.half_top) + _F(fan.half_bottom - fan.half_top) * depth
    middle = _F(fan.middle_top) + _F(fan.middle_bottom - fan.middle_top) * depth
    s = (x - middle) / half
    if fan.pleat:
        t = (s + _F(1)) * _F(fan.count / 2)
        saw = t - np.floor(t)
        return np.asarray(_F(fan.height) * np.minimum(saw, _F(4) * (_F(1) - saw)) * (_F(0.35) + _F(0.65) * depth))
    wander = _F(rng.uniform(-0.8, 0.8)) * depth
    arc = _F(np.pi * fan.count) * s + _F(fan.phase) + wander
    wave = np.cos(arc) + _F(0.35) * np.cos(_F(0.5) * arc + _F(rng.uniform(0, 6))) * depth
    grown = depth * depth * (_F(3) - _F(2) * depth)
    return np.asarray(_F(fan.height) * wave * (_F(0.12) + _F(0.88) * grown) * (y > _F(fan.top)))


def _ridge(ridge: Ridge, x: Floats, y: Floats, rng: np.random.Generator) -> Floats:
    dx, dy = x - _F(ridge.x + rng.normal(0, 0.012)), y - _F(ridge.y + rng.normal(0, 0.016))
    angle = ridge.angle + rng.normal(0, 0.15)
    c, s = _F(np.cos(angle)), _F(np.sin(angle))
    along, across = (c * dx + s * dy) / _F(ridge.length), (c * dy - s * dx) / _F(ridge.width)
    across = across + _F(rng.normal(0, 0.5)) * along * along  # a fold is seldom straight
    return _F(ridge.height * rng.uniform(0.5, 1.4)) * np.exp(-along * along - across * across)


def _noise(shape: tuple[int, ...], cells: int, rng: np.random.Generator) -> Floats:
    """Smooth random heights, about -1 to 1, with `cells` bumps along the shorter side."""
    rows, columns = shape
    size = min(rows, columns) / cells
    grid = rng.standard_normal((max(2, round(rows / size)), max(2, round(columns / size)))).astype(np.float32)
    return np.asarray(Image.fromarray(grid).resize((columns, rows), Image.Resampling.BICUBIC)) * _F(0.5)


def slopes(height: Floats, step: float) -> tuple[Floats, Floats]:
    """Slope along x and along y of heights whose grid is `step` cloth units wide."""
    down, right = np.gradient(height, step)
    return np.asarray(right, dtype=np.float32), np.asarray(down, dtype=np.float32)
