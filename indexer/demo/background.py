"""What is behind the garment: plain, graded, a surface, or a room with things in it."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from indexer.demo.clutter import draw_clutter
from indexer.demo.colours import NAMED, Rgb
from indexer.demo.spec import Background

_F = np.float32


def draw_background(background: Background, width: int, height: int) -> NDArray[np.uint8]:
    """The picture without a garment, uint8 (height, width, 3); a plain one is exactly its rgb everywhere."""
    rng = np.random.default_rng([background.seed, 21])
    if background.kind == "plain":
        return np.full((height, width, 3), background.rgb, dtype=np.uint8)
    if background.kind == "gradient":
        return _gradient(background.rgb, width, height, rng)
    if background.kind == "textured":
        return _textured(background.rgb, width, height, rng)
    return draw_clutter(background.rgb, width, height, rng)


def _gradient(rgb: Rgb, width: int, height: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """A studio's paper: lighter in the middle, or bending from wall to floor."""
    y, x = np.mgrid[0:height:4, 0:width:4].astype(np.float32)
    if rng.random() < 0.5:
        radius = np.hypot(x / _F(width) - _F(rng.uniform(0.35, 0.65)), y / _F(height) - _F(rng.uniform(0.3, 0.6)))
        light = _F(1.06) - _F(0.32) * np.minimum(radius, _F(1.0))
    else:
        bend = _F(height * rng.uniform(0.7, 0.85))
        light = _F(1.02) - _F(0.14) / (_F(1) + np.exp((bend - y) / _F(height * 0.05))) - _F(0.05) * y / _F(height)
    coarse = np.clip(light[..., None] * np.array(rgb, dtype=np.float32), 0, 255).astype(np.uint8)
    image = Image.fromarray(coarse).resize((coarse.shape[1] * 4, coarse.shape[0] * 4), Image.Resampling.BICUBIC)
    return np.asarray(image)[:height, :width]


def _textured(rgb: Rgb, width: int, height: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    kind = int(rng.integers(0, 4))
    if kind == 0:
        return boards(width, height, rng)
    if kind == 1:
        return _bricks(rgb, width, height, rng)
    base = np.empty((height, width, 3), dtype=np.float32)
    base[:] = rgb
    fine = grain(height, width, int(rng.integers(0, 1 << 20)))
    if kind == 2:  # linen: threads along and across
        rows, columns = rng.normal(0, 5, height).astype(np.float32), rng.normal(0, 5, width).astype(np.float32)
        return _whole(base + (rows[:, None] + columns[None, :] + fine * _F(3.5))[..., None])
    cloud = _cloud(width, height, rng)  # plaster or concrete
    return _whole(base + (cloud * _F(9) + fine * _F(3))[..., None])


def boards(width: int, height: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Floor boards with grain and joints."""
    tone = np.array(
        [(176, 134, 92), (150, 108, 72), (198, 168, 130), (120, 88, 62), (205, 196, 184)][int(rng.integers(0, 5))]
    )
    count = int(rng.integers(5, 10))
    upright = rng.random() < 0.5
    along, across = (height, width) if upright else (width, height)
    edges = np.linspace(0, across, count + 1).astype(int)
    streak = rng.standard_normal((across, max(2, along // 48))).astype(np.float32)
    lines = np.asarray(Image.fromarray(streak).resize((along, across), Image.Resampling.BICUBIC))
    light = lines * _F(0.035)
    for low, high in pairwise(edges):
        light[low:high] += _F(rng.normal(0, 0.06))
        light[low : low + 2] -= _F(0.32)
        joint = int(rng.integers(0, along))
        light[low:high, joint : joint + 2] -= _F(0.28)
    if upright:
        light = light.T
    return _whole((_F(1) + light)[..., None] * tone.astype(np.float32))


def _bricks(rgb: Rgb, width: int, height: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """A painted brick wall or tiles."""
    image = Image.new("RGB", (width, height), tuple(int(0.82 * c) for c in rgb))
    pen = ImageDraw.Draw(image)
    rows = int(rng.integers(9, 16))
    tall = height / rows
    wide = tall * (2.6 if rng.random() < 0.6 else 1.0)
    for row in range(rows + 1):
        start = -wide / 2 if row % 2 and wide > tall else 0.0
        for column in range(int(width / wide) + 2):
            x, y = start + column * wide, row * tall
            light = rng.normal(0.97, 0.03)
            tone = tuple(int(np.clip(c * light, 0, 255)) for c in rgb)
            pen.rectangle((x + 1.5, y + 1.5, x + wide - 1.5, y + tall - 1.5), fill=tone)
    image = image.filter(ImageFilter.GaussianBlur(0.9))
    fine = grain(height, width, int(rng.integers(0, 1 << 20)))
    return _whole(np.asarray(image, dtype=np.float32) + (fine * _F(3))[..., None])


def _cloud(width: int, height: int, rng: np.random.Generator) -> NDArray[np.float32]:
    total = np.zeros((height, width), dtype=np.float32)
    for cells, size in ((4, 1.0), (12, 0.6), (40, 0.35)):
        grid = rng.standard_normal((cells * height // width + 2, cells + 2)).astype(np.float32)
        total += np.asarray(Image.fromarray(grid).resize((width, height), Image.Resampling.BICUBIC)) * _F(size)
    return total


@lru_cache(maxsize=1)
def _grain_tile() -> NDArray[np.float32]:
    return np.random.default_rng(5).standard_normal((1024, 1024)).astype(np.float32)


def grain(height: int, width: int, seed: int) -> NDArray[np.float32]:
    """White noise of unit spread, float32 (height, width): a window of one tile, so that it costs nothing."""
    tile = _grain_tile()
    top, left = seed * 7919 % 1024, seed * 104729 % 1024
    if top + height <= 1024 and left + width <= 1024:
        return tile[top : top + height, left : left + width]
    rows, columns = (np.arange(height) + top) % 1024, (np.arange(width) + left) % 1024
    return tile[rows[:, None], columns[None, :]]


def _whole(rgb: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.clip(rgb, 0, 255).astype(np.uint8)


WALLS: tuple[Rgb, ...] = (
    (238, 236, 232),
    (214, 218, 222),
    (226, 214, 200),
    (190, 200, 196),
    (206, 190, 194),
    NAMED["grey"].rgb,
)
"""Tones for walls and paper."""
