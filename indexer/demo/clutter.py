"""Rooms with other things in them: a rail of clothes, shelves, a floor with objects, soft shapes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from indexer.demo.colours import NAMED, Rgb

Fill = tuple[int, int, int]
_CLOTH = [colour.rgb for colour in NAMED.values()]


def draw_clutter(rgb: Rgb, width: int, height: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """A busy picture, uint8 (height, width, 3), a little out of focus; rgb is the wall's or floor's tone."""
    scene: Callable[[ImageDraw.ImageDraw, Rgb, int, int, np.random.Generator], None]
    scene = (_rail, _shelves, _floor, _bokeh)[int(rng.integers(0, 4))]
    image = Image.new("RGB", (width, height), rgb)
    scene(ImageDraw.Draw(image), rgb, width, height, rng)
    blurred = image.filter(ImageFilter.GaussianBlur(rng.uniform(1.2, 3.0) * width / 480))
    return np.asarray(blurred)


def _tone(rgb: Rgb, factor: float) -> Fill:
    r, g, b = (int(np.clip(c * factor, 0, 255)) for c in rgb)
    return r, g, b


def _any(rng: np.random.Generator) -> Rgb:
    return _CLOTH[int(rng.integers(0, len(_CLOTH)))]


def _rail(pen: ImageDraw.ImageDraw, rgb: Rgb, width: int, height: int, rng: np.random.Generator) -> None:
    """A clothes rail: hangers, shoulders, folds; a skirting board and a floor below."""
    floor = height * rng.uniform(0.84, 0.92)
    pen.rectangle((0, floor, width, height), fill=_tone((150, 116, 84), rng.uniform(0.7, 1.2)))
    pen.rectangle((0, floor - 14, width, floor), fill=_tone(rgb, 1.06))
    bar = height * rng.uniform(0.05, 0.14)
    x = -width * 0.1
    while x < width * 1.05:
        wide, tall, tone = width * rng.uniform(0.1, 0.2), height * rng.uniform(0.4, 0.7), _any(rng)
        top = bar + height * 0.07
        pen.line([(x + wide / 2, bar), (x + wide / 2, top - 8)], fill=(90, 90, 94), width=3)
        body = [
            (x + wide * 0.42, top - 6),
            (x + wide * 0.58, top - 6),
            (x + wide, top + 26),
            (x + wide * 1.06, top + tall),
        ]
        pen.polygon([*body, (x - wide * 0.06, top + tall), (x, top + 26)], fill=tone)
        for i in range(4):
            at = x + wide * (0.12 + 0.22 * i)
            pen.line([(at, top + 40), (at + wide * 0.02, top + tall)], fill=_tone(tone, 0.8 if i % 2 else 0.9), width=4)
        x += wide * rng.uniform(0.75, 1.25)
    pen.line([(0, bar), (width, bar)], fill=(120, 120, 126), width=7)
    pen.line([(0, bar - 2), (width, bar - 2)], fill=(190, 190, 196), width=2)


def _shelves(pen: ImageDraw.ImageDraw, rgb: Rgb, width: int, height: int, rng: np.random.Generator) -> None:
    """Shelves of books, folded clothes and boxes."""
    rows = int(rng.integers(3, 6))
    wood = _tone((168, 128, 90), rng.uniform(0.7, 1.3))
    for row in range(rows + 1):
        shelf = height * (row + 0.85) / rows
        pen.rectangle((0, shelf - height / rows, width, shelf - height / rows + 16), fill=_tone(rgb, 0.82))
        x = rng.uniform(0, 20)
        while x < width:
            kind, tone = int(rng.integers(0, 4)), _any(rng)
            if kind == 0:  # books
                for _ in range(int(rng.integers(3, 8))):
                    wide, tall = rng.uniform(9, 20), height / rows * rng.uniform(0.5, 0.75)
                    tone = _any(rng)
                    pen.rectangle((x, shelf - tall, x + wide, shelf), fill=tone)
                    pen.rectangle((x, shelf - tall * 0.8, x + wide, shelf - tall * 0.74), fill=_tone(tone, 0.7))
                    x += wide + 1
            elif kind == 1:  # a pile of folded clothes
                wide, y = rng.uniform(60, 100), shelf
                for _ in range(int(rng.integers(3, 7))):
                    tall, tone = rng.uniform(9, 16), _any(rng)
                    pen.rounded_rectangle((x, y - tall, x + wide, y), radius=5, fill=tone)
                    pen.line([(x + 4, y - 2), (x + wide - 4, y - 2)], fill=_tone(tone, 0.7), width=2)
                    y -= tall
                x += wide
            elif kind == 2:  # a box or a vase
                wide, tall = rng.uniform(40, 80), height / rows * rng.uniform(0.3, 0.6)
                pen.rounded_rectangle((x, shelf - tall, x + wide, shelf), radius=int(rng.integers(1, 24)), fill=tone)
                pen.rectangle((x + wide * 0.7, shelf - tall * 0.9, x + wide * 0.82, shelf - 4), fill=_tone(tone, 0.85))
                x += wide
            x += rng.uniform(6, 30)
        pen.rectangle((0, shelf, width, shelf + 12), fill=wood)
        pen.rectangle((0, shelf + 12, width, shelf + 15), fill=_tone(wood, 0.6))


def _floor(pen: ImageDraw.ImageDraw, rgb: Rgb, width: int, height: int, rng: np.random.Generator) -> None:
    """Boards seen from above, a rug, shoes, a bag, a magazine, a plant's leaves."""
    wood = _tone((172, 132, 92), rng.uniform(0.7, 1.25))
    wide = width / rng.integers(5, 9)
    for i in range(int(width / wide) + 1):
        tone = _tone(wood, rng.normal(1.0, 0.05))
        pen.rectangle((i * wide, 0, (i + 1) * wide, height), fill=tone)
        pen.line([(i * wide, 0), (i * wide, height)], fill=_tone(wood, 0.66), width=2)
    tone = _any(rng)
    x, y, size = rng.uniform(0.0, 0.6) * width, rng.uniform(0.4, 0.8) * height, rng.uniform(0.3, 0.5) * width
    pen.ellipse((x, y, x + size * 1.3, y + size), fill=tone)
    pen.ellipse((x + 16, y + 14, x + size * 1.3 - 16, y + size - 14), outline=_tone(tone, 1.25), width=5)
    for _ in range(int(rng.integers(7, 12))):
        x, y = (rng.uniform(-0.05, 0.95) * width, rng.uniform(-0.02, 0.95) * height)
        tone, kind = _any(rng), int(rng.integers(0, 4))
        if kind == 0:  # a pair of shoes
            for dx in (0, 34):
                pen.ellipse((x + dx, y, x + dx + 28, y + 84), fill=tone)
                pen.ellipse((x + dx + 6, y + 38, x + dx + 22, y + 78), fill=_tone(tone, 0.55))
        elif kind == 1:  # a bag with a handle
            pen.arc((x + 22, y - 44, x + 78, y + 40), 180, 360, fill=_tone(tone, 0.7), width=7)
            pen.rounded_rectangle((x, y, x + 100, y + 78), radius=12, fill=tone)
            pen.line([(x, y + 26), (x + 100, y + 26)], fill=_tone(tone, 0.75), width=4)
        elif kind == 2:  # a magazine
            pen.polygon([(x, y), (x + 84, y + 14), (x + 66, y + 120), (x - 18, y + 106)], fill=(236, 236, 232))
            pen.polygon([(x + 8, y + 12), (x + 66, y + 22), (x + 58, y + 66), (x, y + 56)], fill=tone)
        else:  # leaves
            for angle in rng.uniform(0, 6.28, 7):
                dx, dy = 62 * np.cos(angle), 62 * np.sin(angle)
                leaf = [(x, y), (x + dx * 0.5 - dy * 0.2, y + dy * 0.5 + dx * 0.2), (x + dx, y + dy)]
                pen.polygon(
                    [*leaf, (x + dx * 0.5 + dy * 0.2, y + dy * 0.5 - dx * 0.2)],
                    fill=_tone((70, 128, 72), rng.uniform(0.7, 1.2)),
                )


def _bokeh(pen: ImageDraw.ImageDraw, rgb: Rgb, width: int, height: int, rng: np.random.Generator) -> None:
    """A street or a garden far out of focus: patches, then round lights."""
    for _ in range(22):
        x, y, size = rng.uniform(-0.2, 1) * width, rng.uniform(-0.2, 1) * height, rng.uniform(0.1, 0.4) * width
        tone = tuple(int(0.5 * a + 0.5 * b) for a, b in zip(_any(rng), rgb, strict=True))
        pen.rounded_rectangle((x, y, x + size, y + size * rng.uniform(0.6, 2.2)), radius=int(size * 0.3), fill=tone)
    for _ in range(26):
        x, y, size = rng.uniform(0, 1) * width, rng.uniform(0, 1) * height, rng.uniform(0.02, 0.09) * width
        tone = tuple(int(0.45 * a + 0.55 * 235) for a in _any(rng))
        pen.ellipse((x - size, y - size, x + size, y + size), fill=tone)
