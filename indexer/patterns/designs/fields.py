"""What designs are made of: coordinates, noise and cells that repeat without a seam, and a painter of motifs.

A tile is a square of `SIDE` pixels that stands for one repeat of the cloth: its right edge meets its left, its bottom
its top. Coordinates u, v run from 0 to 1 over it, so a formula of integer frequency repeats without a seam.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

SIDE = 512
"""Pixels along a tile."""

Floats = NDArray[np.float32]
Inks = NDArray[np.uint8]
Points = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Drawing:
    """One repeat of a design without colours.

    inks: uint8 (SIDE, SIDE), which of up to eight inks a point has; 0 is the ground. motif: the size of what repeats,
    in pixels of the tile: how large the design is seen is told by it.
    """

    inks: Inks
    motif: float


@lru_cache(maxsize=1)
def grid() -> tuple[Floats, Floats]:
    """u (to the right) and v (down) of every pixel of a tile, each (SIDE, SIDE)."""
    line = (np.arange(SIDE, dtype=np.float32) + np.float32(0.5)) / np.float32(SIDE)
    return np.broadcast_to(line, (SIDE, SIDE)), np.broadcast_to(line[:, None], (SIDE, SIDE))


def off(t: Floats) -> Floats:
    """Distance of t to the nearest integer, 0 to 0.5: a triangle wave of period 1."""
    return np.abs(t - np.rint(t))


def band(t: Floats, duty: float) -> NDArray[np.bool_]:
    """Whether t modulo 1 lies in the `duty` around 0."""
    return off(t) < np.float32(duty / 2)


def noise(rng: np.random.Generator, cells: float, stretch: float = 1.0) -> Floats:
    """Smooth noise of mean 0 and spread 1 with about `cells` bumps down, `cells * stretch` across the tile."""
    down = np.fft.fftfreq(SIDE, 1 / SIDE)[:, None]
    across = np.fft.rfftfreq(SIDE, 1 / SIDE)[None]
    kept = np.exp(-0.5 * ((down / cells) ** 2 + (across / (cells * stretch)) ** 2))
    spectrum = (rng.standard_normal(kept.shape) + 1j * rng.standard_normal(kept.shape)) * kept
    spectrum[0, 0] = 0
    field = np.fft.irfft2(spectrum, (SIDE, SIDE))
    return (field / max(float(field.std()), 1e-9)).astype(np.float32)


def moved(inks: Inks, right: Floats, down: Floats) -> Inks:
    """The inks looked up so many pixels further: bends what was drawn straight."""
    rows, columns = np.mgrid[0:SIDE, 0:SIDE]
    return np.asarray(
        inks[(rows + np.rint(down).astype(np.intp)) % SIDE, (columns + np.rint(right).astype(np.intp)) % SIDE]
    )


def scatter(rng: np.random.Generator, count: int, apart: float) -> Points:
    """At most `count` points of the unit torus, (n, 2), no two closer than `apart` (dart throwing)."""
    points = rng.random((1, 2))
    for candidate in rng.random((count * 20, 2)):
        gap = points - candidate
        gap -= np.rint(gap)
        if (gap**2).sum(1).min() > apart**2:
            points = np.vstack([points, candidate])
            if len(points) == count:
                break
    return points


def lattice(columns: int, rows: int, half_drop: bool) -> Points:
    """Points of a grid on the unit torus, (columns * rows, 2); every second column half a row lower on request."""
    i, j = np.meshgrid(np.arange(columns), np.arange(rows))
    drop = 0.5 * (i % 2) if half_drop else 0.0
    return np.stack([(i + 0.5) / columns, (j + 0.25 + drop) / rows], -1).reshape(-1, 2)


def worley(points: Points, squash: float = 1.0) -> tuple[Floats, Floats, NDArray[np.int32]]:
    """Distance to the nearest point and to the second nearest, in tiles, and which is nearest, each (SIDE, SIDE).

    Worley, "A cellular texture basis function", SIGGRAPH 1996. squash: distances down count so much more. Points
    further than a few spacings are not asked: the far corner of a large hole may keep the value 1.
    """
    first, second = np.ones((2, SIDE, SIDE), np.float32)
    nearest = np.zeros((SIDE, SIDE), np.int32)
    reach = min(2.1 / np.sqrt(len(points)), 0.5)
    line = (np.arange(SIDE, dtype=np.float32) + np.float32(0.5)) / np.float32(SIDE)
    for number, x, y in _repeated(points, reach):
        rows, columns = _span(y, reach), _span(x, reach)
        across, down = line[columns] - np.float32(x), (line[rows] - np.float32(y)) * np.float32(squash)
        gap = np.sqrt(across * across + (down * down)[:, None])
        one, two = first[rows, columns], second[rows, columns]
        closer = gap < one
        np.minimum(two, np.maximum(one, gap), out=two)
        np.minimum(one, gap, out=one)
        nearest[rows, columns][closer] = number
    return first, second, nearest


def _repeated(points: Points, reach: float) -> Iterator[tuple[int, float, float]]:
    """Number and place of every point, and of its copies beyond an edge that reach into the tile."""
    for number, (x, y) in enumerate(points % 1):
        for dx in (-1, 0, 1):
            for dy in (-1, 0, 1):
                if -reach < x + dx < 1 + reach and -reach < y + dy < 1 + reach:
                    yield number, x + dx, y + dy


def _span(middle: float, reach: float) -> slice:
    return slice(max(0, int((middle - reach) * SIDE)), max(0, int((middle + reach) * SIDE) + 1))


class Painter:
    """Polygons on a tile that wrap around its edges."""

    def __init__(self) -> None:
        self.image = Image.new("L", (SIDE, SIDE), 0)
        self._pen = ImageDraw.Draw(self.image)

    def polygon(self, points: Points, ink: int) -> None:
        """Fill a polygon (n, 2), in tiles."""
        low, high = points.min(0), points.max(0)
        for dx in range(int(np.floor(-high[0])) + 1, int(np.ceil(1 - low[0]))):
            for dy in range(int(np.floor(-high[1])) + 1, int(np.ceil(1 - low[1]))):
                shifted = (points + np.array([dx, dy])) * SIDE
                self._pen.polygon([(float(x), float(y)) for x, y in shifted], fill=ink)

    def stroke(self, points: Points, width: float, ink: int) -> None:
        """A line through points (n, 2), `width` wide, both in tiles; tapered to nothing at its last point."""
        along = np.gradient(points, axis=0)
        normal = np.stack([-along[:, 1], along[:, 0]], 1) / np.maximum(np.linalg.norm(along, axis=1), 1e-9)[:, None]
        half = normal * (width / 2 * np.linspace(1, 0.25, len(points)))[:, None]
        self.polygon(np.concatenate([points + half, (points - half)[::-1]]), ink)

    def inks(self) -> Inks:
        """What was painted, uint8 (SIDE, SIDE)."""
        return np.array(self.image)


def placed(shape: Points, at: Points, size: float = 1.0, angle: float = 0.0) -> Points:
    """A shape (n, 2) about the origin, turned by `angle` radians, enlarged and moved."""
    c, s = np.cos(angle), np.sin(angle)
    return np.asarray(shape * size @ np.array([[c, s], [-s, c]]) + at)


def ring(corners: int, points: int = 1, inner: float = 1.0) -> Points:
    """A regular polygon of radius 1; with `inner` below 1 a star whose notches have that radius."""
    count = corners * (2 if inner < 1 else points)
    t = np.linspace(0, 2 * np.pi, count, endpoint=False) - np.pi / 2
    radius = np.where(np.arange(count) % 2 == 1, inner, 1.0) if inner < 1 else np.ones(count)
    return np.stack([radius * np.cos(t), radius * np.sin(t)], 1)


def blob(rng: np.random.Generator, rough: float, corners: int = 20) -> Points:
    """A round spot of radius about 1 with an uneven rim."""
    t = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    radius = 1 + sum(rough / k * np.sin(k * t + rng.uniform(0, 7)) for k in (2, 3, 4, 5))
    return np.stack([radius * np.cos(t), radius * np.sin(t)], 1)


def leaf(width: float, corners: int = 9) -> Points:
    """A pointed oval from the origin one long to the right, `width` to each side."""
    t = np.linspace(0, 1, corners)
    side = width * np.sin(np.pi * t**0.8)
    return np.concatenate([np.stack([t, side], 1), np.stack([t, -side], 1)[::-1][1:]])


def petal(width: float, notch: float, corners: int = 11) -> Points:
    """A rounded petal from the origin one long to the right, `width` to each side, with a notch at its tip."""
    t = np.linspace(0, 2 * np.pi, 2 * corners)
    body = 0.5 - 0.5 * np.cos(t)
    return np.stack([body - notch * np.exp(-((t - np.pi) ** 2) / 0.12), width * np.sin(t) * (0.35 + 0.65 * body)], 1)
