"""Printed patterns of scattered motifs: floral, leopard and paisley.

Motifs are polygons painted on a torus, so one tile repeats without a seam; a point of cloth looks
its colours up in the tile.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from indexer.demo.patterns.bands import Floats

_SUPER = 3  # painted this many times finer than the tile

Points = NDArray[np.float64]


class _Torus:
    """An index image on which polygons wrap around; colour i is painted as i."""

    def __init__(self, side: int) -> None:
        self.side = side * _SUPER
        self.image = Image.new("L", (self.side, self.side), 0)
        self.pen = ImageDraw.Draw(self.image)

    def polygon(self, points: Points, colour: int) -> None:
        """points: (n, 2) in tiles."""
        low, high = points.min(axis=0), points.max(axis=0)
        for dx in range(int(np.floor(-high[0])) + 1, int(np.ceil(1 - low[0]))):
            for dy in range(int(np.floor(-high[1])) + 1, int(np.ceil(1 - low[1]))):
                moved = (points + np.array([dx, dy])) * self.side
                self.pen.polygon([(float(x), float(y)) for x, y in moved], fill=colour)

    def shares(self, colours: Sequence[int], count: int) -> Floats:
        """Share of each of `count` colours, (side, side, count), summing to 1; ink i is colours[i]."""
        index = np.array(colours, dtype=np.uint8)[np.asarray(self.image)]
        parts = []
        for colour in range(count):
            part = Image.fromarray(np.where(index == colour, 255, 0).astype(np.uint8)).reduce(_SUPER)
            parts.append(np.asarray(part, dtype=np.float32))
        shares = np.stack(parts, axis=-1)
        return np.asarray(shares / shares.sum(axis=-1, keepdims=True), dtype=np.float32)


def floral(u: Floats, v: Floats, count: int, variation: int, soft: float) -> list[Floats]:
    """Flowers of four to seven petals with a heart, leaves on stems, and buds between them."""
    return _look_up(u, v, _tile(_paint_floral, _side(soft), count, variation))


def leopard(u: Floats, v: Floats, count: int, variation: int, soft: float) -> list[Floats]:
    """Rosettes: two or three dark arcs around a warm middle, with solid spots between them."""
    return _look_up(u, v, _tile(_paint_leopard, _side(soft), count, variation))


def paisley(u: Floats, v: Floats, count: int, variation: int, soft: float) -> list[Floats]:
    """Bent drops (boteh) with a rim, an inner drop and a seed, among small dots."""
    return _look_up(u, v, _tile(_paint_paisley, _side(soft), count, variation))


def _side(soft: float) -> int:
    """Tile side in pixels whose pixel is about as large as the picture's: a power of two."""
    return int(np.clip(2 ** np.round(np.log2(1.1 / max(soft, 1e-4))), 64, 512))


@lru_cache(maxsize=16)
def _tile(paint: Callable[[_Torus, np.random.Generator], None], side: int, count: int, variation: int) -> Floats:
    torus = _Torus(side)
    paint(torus, np.random.default_rng([variation, 11]))
    return torus.shares(_INKS[paint][min(count, 4)], count)


def _look_up(u: Floats, v: Floats, tile: Floats) -> list[Floats]:
    """Bilinear look-up of the tile at u, v on the torus."""
    side = tile.shape[0]
    x, y = u * np.float32(side) - np.float32(0.5), v * np.float32(side) - np.float32(0.5)
    left, top = np.floor(x), np.floor(y)
    fx, fy = x - left, y - top
    i, j = left.astype(np.int32) & (side - 1), top.astype(np.int32) & (side - 1)
    i1, j1 = (i + 1) & (side - 1), (j + 1) & (side - 1)
    flat = tile.reshape(side * side, -1)
    weights = ((1 - fx) * (1 - fy), fx * (1 - fy), (1 - fx) * fy, fx * fy)
    places = (j * side + i, j * side + i1, j1 * side + i, j1 * side + i1)
    total = sum(flat[place] * weight[..., None] for place, weight in zip(places, weights, strict=True))
    return [np.ascontiguousarray(total[..., colour]) for colour in range(flat.shape[1])]


def _scatter(rng: np.random.Generator, count: int, apart: float) -> Points:
    """At most `count` points on the unit torus, no two closer than `apart` (dart throwing)."""
    points = np.empty((0, 2))
    for _ in range(count * 30):
        point = rng.random(2)
        off = points - point
        off -= np.rint(off)
        if len(points) == 0 or (off**2).sum(axis=1).min() > apart**2:
            points = np.vstack([points, point])
            if len(points) == count:
                break
    return points


def _turn(points: Points, angle: float, at: Points, size: float = 1.0) -> Points:
    c, s = np.cos(angle), np.sin(angle)
    return np.asarray(points * size @ np.array([[c, s], [-s, c]]) + at)


def _leaf(length: float, width: float, n: int = 9) -> Points:
    """A pointed oval from the origin along x."""
    t = np.linspace(0, 1, n)
    side = width * np.sin(np.pi * t**0.8)
    return np.concatenate([np.stack([length * t, side], 1), np.stack([length * t, -side], 1)[::-1][1:]])


def _petal(length: float, width: float, notch: float, n: int = 11) -> Points:
    """A rounded petal from the origin along x, with a notch at its tip."""
    t = np.linspace(0, 2 * np.pi, 2 * n)
    x = length * (0.5 - 0.5 * np.cos(t))
    x = x - notch * length * np.exp(-((t - np.pi) ** 2) / 0.12)
    y = width * np.sin(t) * (0.35 + 0.65 * (0.5 - 0.5 * np.cos(t)))
    return np.stack([x, y], 1)


def _blob(rng: np.random.Generator, radius: float, rough: float, n: int = 16) -> Points:
    """A round spot with an uneven rim."""
    t = np.linspace(0, 2 * np.pi, n, endpoint=False)
    r = radius * (1 + sum(rough / k * np.sin(k * t + rng.uniform(0, 7)) for k in (2, 3, 4)))
    return np.stack([r * np.cos(t), r * np.sin(t)], 1)


def _paint_floral(torus: _Torus, rng: np.random.Generator) -> None:
    # Colours: 1 petals, 2 leaves, 3 hearts and buds.
    sparse = rng.random() < 0.4
    places = _scatter(rng, 9 if sparse else 16, 0.27 if sparse else 0.19)
    petals = int(rng.integers(4, 8))
    notch = rng.uniform(0, 0.35)
    for place in places:
        for _ in range(2 if sparse else 3):
            angle = rng.uniform(0, 2 * np.pi)
            torus.polygon(_turn(_leaf(rng.uniform(0.14, 0.2), 0.028), angle, place), 2)
    for place in places:
        size = rng.uniform(0.075, 0.12)
        start = rng.uniform(0, 7)
        for i in range(petals):
            angle = start + 2 * np.pi * i / petals
            wide = 1.15 * np.pi / petals
            torus.polygon(_turn(_petal(size, size * min(wide, 0.55), notch), angle, place), 1)
        torus.polygon(_turn(_blob(rng, size * 0.3, 0.1), 0, place), 3)
    for place in _scatter(rng, 22, 0.12):
        off = places - place
        off -= np.rint(off)
        if (off**2).sum(axis=1).min() > 0.13**2:
            torus.polygon(_turn(_petal(0.04, 0.018, 0.0), rng.uniform(0, 7), place), 3)


def _paint_leopard(torus: _Torus, rng: np.random.Generator) -> None:
    # Colours: 1 dark arcs and spots, 2 the rosette's middle.
    places = _scatter(rng, 38, 0.125)
    for place in places:
        size, turn = rng.uniform(0.042, 0.06), rng.uniform(0, 7)
        squash = np.array([1.0, rng.uniform(0.7, 0.95)])
        torus.polygon(_turn(_blob(rng, size, 0.22) * squash, turn, place), 2)
        pieces = int(rng.integers(2, 5))
        for i in range(pieces):
            width = 2 * np.pi / pieces
            start, stop = i * width + rng.uniform(0.1, 0.35), (i + 1) * width - rng.uniform(0.05, 0.3)
            t = np.linspace(start, stop, 8)
            thick = size * rng.uniform(0.2, 0.42) * np.sin(np.linspace(0.25, np.pi - 0.25, 8)) ** 0.6
            outer = np.stack([np.cos(t), np.sin(t)], 1) * (size * 1.05 + thick)[:, None]
            inner = np.stack([np.cos(t), np.sin(t)], 1) * (size * 0.92 - thick * 0.5)[:, None]
            wobble = rng.normal(0, size * 0.06, (16, 2))
            torus.polygon(_turn((np.concatenate([outer, inner[::-1]]) + wobble) * squash, turn, place), 1)
    for place in _scatter(rng, 90, 0.05):
        off = places - place
        off -= np.rint(off)
        if (off**2).sum(axis=1).min() > 0.088**2:
            torus.polygon(_turn(_blob(rng, rng.uniform(0.01, 0.018), 0.3), 0, place), 1)


def _drop(n: int = 40) -> Points:
    """A boteh: a round body of radius about 0.4 whose tip curls to one side."""
    t = np.linspace(0, 1, n)
    spine_x = 0.55 * np.sin(1.9 * t**1.3) * t
    spine_y = -1.05 * t + 0.28 * t**3
    width = 0.42 * np.sqrt(np.clip(1 - t, 0, 1)) * (1 - 0.25 * t)
    normal = np.stack([-np.gradient(spine_y), np.gradient(spine_x)], 1)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    spine = np.stack([spine_x, spine_y], 1)
    arc = np.linspace(0, np.pi, 20)
    side = spine + normal * width[:, None]
    other = spine - normal * width[:, None]
    b = other[0] - spine[0]
    down = np.array([0.0, 0.42])
    bottom = spine[0] + np.cos(arc)[:, None] * b + np.sin(arc)[:, None] * down
    return np.asarray(np.concatenate([side, other[::-1], bottom]) + np.array([0.0, 0.3]))


def _paint_paisley(torus: _Torus, rng: np.random.Generator) -> None:
    # Colours: 1 rim, 2 body, 3 seed and dots.
    places = _scatter(rng, 14, 0.24)
    shape = _drop()
    facing = rng.uniform(0, 7)
    for n, place in enumerate(places):
        size = rng.uniform(0.13, 0.155)
        angle = facing + (np.pi if n % 2 else 0) + rng.normal(0, 0.35)
        flip = np.array([-1.0 if n % 2 else 1.0, 1.0])
        # A row of beads outside the rim, then rim, body, an inner rim and a flower-like seed.
        rim = _turn(shape * flip * 1.16, angle, place, size)
        for bead in rim[::4]:
            torus.polygon(_turn(_blob(rng, 0.0095, 0.0, 8), 0, bead), 3)
        for scale, colour in ((1.0, 1), (0.82, 2), (0.6, 3), (0.46, 1)):
            torus.polygon(_turn(shape * flip * scale + (0.0, 0.12 * (1 - scale)), angle, place, size), colour)
        heart = _turn(np.array([[0.0, 0.34]]), angle, place, size)[0]
        for i in range(5):
            torus.polygon(_turn(_petal(0.026, 0.011, 0), 2 * np.pi * i / 5, heart), 2)
    for place in _scatter(rng, 60, 0.07):
        off = places - place
        off -= np.rint(off)
        if (off**2).sum(axis=1).min() > 0.165**2:
            for i in range(4):
                torus.polygon(_turn(_petal(0.022, 0.009, 0), np.pi / 2 * i, place), 1 + (i % 2) * 2)


# With fewer colours than a motif has parts, its inner parts show the ground again, so that it keeps its drawing.
_INKS: dict[Callable[[_Torus, np.random.Generator], None], dict[int, tuple[int, ...]]] = {
    _paint_floral: {2: (0, 1, 1, 0), 3: (0, 1, 2, 2), 4: (0, 1, 2, 3)},
    _paint_leopard: {2: (0, 1, 0, 0), 3: (0, 1, 2, 0), 4: (0, 1, 2, 3)},
    _paint_paisley: {2: (0, 1, 0, 1), 3: (0, 1, 2, 1), 4: (0, 1, 2, 3)},
}
