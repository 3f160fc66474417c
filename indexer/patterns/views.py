"""Views of a design: the same pattern in other colours, another size and turn, on cloth that falls, photographed."""

from __future__ import annotations

import colorsys
import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from indexer.patterns.designs.fields import SIDE, Drawing, Floats

TONAL = ("plain", "knit", "denim", "lace")
"""Families whose inks are shades of one colour."""
_NATURAL = {
    "animal": ((0.07, 0.45, 0.85), (0.06, 0.6, 0.15), (0.08, 0.6, 0.5), (0.09, 0.5, 0.35)),
    "camouflage": ((0.2, 0.35, 0.55), (0.1, 0.5, 0.3), (0.25, 0.4, 0.3), (0.1, 0.2, 0.12)),
    "denim": ((0.6, 0.55, 0.35), (0.6, 0.4, 0.55), (0.6, 0.2, 0.8)),
}  # fmt: skip
"""Hue, saturation and value of the inks as they are most often seen."""


@dataclass(frozen=True)
class Look:
    """What may vary between views.

    motif: pixels of the view that a motif is wide, between these two. turn: largest rotation, radians. warp: largest
    displacement by folds, as a share of the view. photo: 0 draws the bare design, 1 adds folds, light, threads,
    noise, blur, loss of resolution and JPEG.
    """

    motif: tuple[float, float] = (9.0, 64.0)
    turn: float = np.pi
    warp: float = 0.06
    photo: float = 1.0


def view(
    drawing: Drawing, family: str, side: int, rng: np.random.Generator, look: Look | None = None
) -> NDArray[np.uint8]:
    """One view of a design: uint8 (side, side, 3). family: chooses the colours, one of FAMILIES."""
    chosen = look or Look()
    inks = int(drawing.inks.max()) + 1
    colours = palette(rng, family, inks)
    size = np.exp(rng.uniform(*np.log(chosen.motif)))
    zoom = float(drawing.motif / size)  # pixels of the tile a pixel of the view
    tile = _reduced(colours[drawing.inks], zoom)
    x, y, shade = _folded(side, rng, chosen)
    angle = _angle(rng, chosen.turn)
    c, s = np.float32(np.cos(angle) * zoom), np.float32(np.sin(angle) * zoom)
    squeeze = np.float32(rng.uniform(0.8, 1.0) if chosen.photo else 1)
    y = y * squeeze
    u = np.asarray((c * x - s * y) / SIDE + rng.random(), np.float32)
    v = np.asarray((s * x + c * y) / SIDE + rng.random(), np.float32)
    cloth = _look_up(tile, u, v)
    if chosen.photo == 0:
        return np.clip(np.rint(cloth), 0, 255).astype(np.uint8)
    return _photographed(cloth * shade[..., None], rng)


def palette(rng: np.random.Generator, family: str, inks: int) -> Floats:
    """Colours of the inks, float32 (inks, 3), 0 to 255; the ground and the first ink are always told apart."""
    if family in TONAL and rng.random() < (0.97 if family != "lace" else 0.6):
        return _tones(rng, family, inks)
    if family in _NATURAL and rng.random() < 0.5:
        natural = [_rgb(h + rng.normal(0, 0.02), s * rng.uniform(0.5, 1.3), v * rng.uniform(0.7, 1.2))
                   for h, s, v in _NATURAL[family]]  # fmt: skip
        extra = [natural[0]] * max(0, inks - len(natural))
        return np.array((natural + extra)[:inks], np.float32)
    for _ in range(20):
        colours = _scheme(rng, inks)
        if inks == 1 or np.abs(colours[0] - colours[1]).max() > 45:
            return colours
    colours[1 % inks] = 255 - colours[0]
    return colours


def _scheme(rng: np.random.Generator, inks: int) -> Floats:
    """Ground and inks: light on dark, dark on light, tones of one hue, neighbours of a hue, or any colours."""
    kind, hue = rng.integers(0, 6), rng.random()
    ground_light = rng.random() < 0.5
    colours = []
    for ink in range(inks):
        light = ground_light if ink == 0 else not ground_light
        if kind == 0:  # black or white and others
            value, saturation = (rng.uniform(0.85, 1), rng.uniform(0, 0.1)) if light else (rng.uniform(0.05, 0.2), 0.2)
            colours.append(_rgb(rng.random(), saturation, value) if ink < 2 else _rgb(rng.random(), rng.random(), 0.75))
        elif kind in (1, 2):  # tones of one hue, or of neighbours
            spread = 0.02 if kind == 1 else 0.12
            value = rng.uniform(0.7, 1) if light else rng.uniform(0.15, 0.6)
            colours.append(_rgb(hue + rng.normal(0, spread), rng.uniform(0.05, 0.9), value))
        elif kind == 3:  # white or cream ground, colours on it; or the reverse
            neutral = (ink == 0) == ground_light
            colours.append(_rgb(0.12, rng.uniform(0, 0.15), rng.uniform(0.85, 1)) if neutral
                           else _rgb(rng.random(), rng.uniform(0.3, 1), rng.uniform(0.3, 0.95)))  # fmt: skip
        elif kind == 4:  # dark ground
            colours.append(_rgb(rng.random(), rng.uniform(0, 1), rng.uniform(0.05, 0.3)) if ink == 0
                           else _rgb(rng.random(), rng.uniform(0.1, 1), rng.uniform(0.4, 1)))  # fmt: skip
        else:
            colours.append(_rgb(rng.random(), rng.random(), rng.uniform(0.1, 1)))
    return np.array(colours, np.float32)


def _tones(rng: np.random.Generator, family: str, inks: int) -> Floats:
    """Shades of one colour; holes of lace may show something else."""
    if family == "denim":
        ground = _rgb(rng.normal(0.6, 0.02), rng.uniform(0.1, 0.75), rng.uniform(0.15, 0.8))
    else:
        ground = _rgb(rng.random(), rng.random() ** 1.5, rng.uniform(0.08, 1))
    reach = {"plain": 0.12, "knit": 0.45, "denim": 0.4, "lace": 0.5}[family] * rng.uniform(0.15, 1)
    darker = rng.random() < 0.7
    steps = np.linspace(0, reach, inks) if inks > 1 else np.zeros(1)
    base = np.array(ground)
    to = np.zeros(3) if darker else np.full(3, 255.0)
    return np.array([base + (to - base) * step for step in steps], np.float32)


def _rgb(hue: float, saturation: float, value: float) -> tuple[float, float, float]:
    r, g, b = colorsys.hsv_to_rgb(hue % 1, min(max(saturation, 0), 1), min(max(value, 0), 1))
    return r * 255, g * 255, b * 255


def _angle(rng: np.random.Generator, turn: float) -> float:
    """Cloth is cut along its threads more often than not: half the views are upright or lie on their side."""
    if turn < 1:
        return float(rng.uniform(-turn, turn))
    if rng.random() < 0.5:
        return float(rng.integers(0, 4) * np.pi / 2 + rng.normal(0, 0.08))
    return float(rng.uniform(-turn, turn))


def _reduced(tile: Floats, zoom: float) -> Floats:
    """The tile averaged over squares of up to a view's pixel."""
    by = int(2 ** np.clip(np.floor(np.log2(max(zoom, 1)) + 0.35), 0, 6))
    if by == 1:
        return tile
    side = SIDE // by
    return np.asarray(tile.reshape(side, by, side, by, 3).mean((1, 3)), np.float32)


def _look_up(tile: Floats, u: Floats, v: Floats) -> Floats:
    """Bilinear look-up at u, v (in tiles) on the torus."""
    side = len(tile)
    x, y = u * np.float32(side) - np.float32(0.5), v * np.float32(side) - np.float32(0.5)
    left, top = np.floor(x), np.floor(y)
    fx, fy = (x - left)[..., None], (y - top)[..., None]
    i, j = left.astype(np.int32) % side, top.astype(np.int32) % side
    i1, j1 = (i + 1) % side, (j + 1) % side
    upper = tile[j, i] * (1 - fx) + tile[j, i1] * fx
    lower = tile[j1, i] * (1 - fx) + tile[j1, i1] * fx
    return np.asarray(upper * (1 - fy) + lower * fy, np.float32)


def _folded(side: int, rng: np.random.Generator, look: Look) -> tuple[Floats, Floats, Floats]:
    """Where on flat cloth each pixel looks, in pixels from the middle, and the light on it, each (side, side)."""
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) - np.float32(side / 2)
    shade = np.ones((side, side), np.float32)
    if look.photo == 0:
        return x, y, shade
    right, down = np.zeros_like(x), np.zeros_like(x)
    light, strength = rng.uniform(0, 2 * np.pi), rng.uniform(0.02, 0.3)
    main = rng.uniform(0, np.pi)
    for _ in range(int(rng.integers(1, 5))):
        angle = main + rng.normal(0, 0.35)
        wave = np.float32(2 * np.pi * rng.uniform(0.4, 3.5) / side)
        across = x * np.float32(np.cos(angle)) + y * np.float32(np.sin(angle))
        along = y * np.float32(np.cos(angle)) - x * np.float32(np.sin(angle))
        phase = wave * across + np.float32(rng.uniform(0, 7)) + np.sin(along * wave * np.float32(0.4)) * np.float32(0.7)
        slope = np.sin(phase)
        slope = np.sign(slope) * np.abs(slope) ** np.float32(rng.uniform(0.7, 3))
        reach = np.float32(rng.uniform(0, look.warp) * side / 2)
        right += slope * reach * np.float32(np.cos(angle))
        down += slope * reach * np.float32(np.sin(angle))
        shade += slope * np.float32(strength * np.cos(angle - light) * 0.8)
    ramp = (x * np.float32(np.cos(light)) + y * np.float32(np.sin(light))) / np.float32(side)
    shade += ramp * np.float32(rng.uniform(0, 0.4))
    return x + right, y + down, np.clip(shade, 0.35, 1.35)


def _photographed(cloth: Floats, rng: np.random.Generator) -> NDArray[np.uint8]:
    """What light, threads, lens, sensor and file make of cloth."""
    side = len(cloth)
    if rng.random() < 0.5:
        threads = rng.normal(0, 1, (2, side)).astype(np.float32)
        cloth = cloth * (1 + np.float32(rng.uniform(0, 0.05)) * (threads[0][None, :, None] + threads[1][:, None, None]))
    cloth = cloth * np.float32(rng.uniform(0.65, 1.15)) * rng.normal(1, 0.05, 3).astype(np.float32)
    black = np.float32(rng.uniform(0, 30))  # haze, and what dark cloth still reflects
    cloth = cloth * (1 - black / 255) + black
    image = Image.fromarray(np.clip(cloth, 0, 255).astype(np.uint8))
    return degraded(image, rng)


def degraded(image: Image.Image, rng: np.random.Generator, least: float = 0.28) -> NDArray[np.uint8]:
    """A square picture through a worse lens, sensor and file: uint8 of the same size.

    Small photos give patches of 32 pixels and up; those are enlarged to what the network reads. least: the share of
    its width that is left at least.
    """
    side = image.width
    if rng.random() < 0.4:
        image = image.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.2, 1.3))))
    small = round(side * float(np.clip(np.exp(rng.uniform(np.log(least), np.log(1.4))), 0, 1)))
    if small < side:
        image = image.resize((small, small), Image.Resampling.BOX if rng.random() < 0.3 else Image.Resampling.BILINEAR)
    if rng.random() < 0.7:
        grain = rng.normal(0, rng.uniform(0, 9), (small, small, 1)) + rng.normal(
            0, rng.uniform(0, 4), (small, small, 3)
        )
        image = Image.fromarray(np.clip(np.asarray(image) + grain, 0, 255).astype(np.uint8))
    if rng.random() < 0.7:
        stream = io.BytesIO()
        image.save(stream, "JPEG", quality=int(rng.integers(35, 95)))
        image = Image.open(stream)
    if small < side:
        image = image.resize(
            (side, side), Image.Resampling.BICUBIC if rng.random() < 0.5 else Image.Resampling.BILINEAR
        )
    return np.asarray(image.convert("RGB"))
