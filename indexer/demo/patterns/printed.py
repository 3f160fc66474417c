"""Printed patterns with a formula: polka dots, geometric figures, zebra. Arguments and results as in `woven`."""

from __future__ import annotations

import numpy as np

from indexer.demo.patterns.bands import Floats, band, inside, layers, triangle


def polka_dots(u: Floats, v: Floats, count: int, variation: int, soft: float) -> list[Floats]:
    """Round dots at the corners and the middle of every repeat, large or small; a third colour takes the middle."""
    radius = (0.2, 0.14, 0.26)[variation % 3]
    corner = np.hypot(u - np.rint(u), v - np.rint(v)) - np.float32(radius)
    half = np.float32(0.5)
    middle = np.hypot(u - half - np.rint(u - half), v - half - np.rint(v - half)) - np.float32(radius)
    return layers([inside(corner, soft), inside(middle, soft)], count)


def geometric(u: Floats, v: Floats, count: int, variation: int, soft: float) -> list[Floats]:
    """Argyle, triangles, nested squares, overlapping rings or a cube lattice."""
    return (_argyle, _triangles, _squares, _rings, _lattice)[variation % 5](u, v, count, soft)


def _argyle(u: Floats, v: Floats, count: int, soft: float) -> list[Floats]:
    diamond = triangle(u) + triangle(v) - np.float32(1.1)
    half = np.float32(0.5)
    line = np.minimum(_off(u + v - half), _off(u - v - half))
    return layers([inside(-diamond, 4 * soft), inside(line - np.float32(0.022), 1.5 * soft)], count)


def _off(t: Floats) -> Floats:
    """Distance of t to the nearest integer."""
    return np.abs(t - np.rint(t))


def _triangles(u: Floats, v: Floats, count: int, soft: float) -> list[Floats]:
    two = np.float32(2)
    low = two * v - np.floor(two * v)
    figure = low - triangle(u + np.float32(0.5) * (np.floor(two * v) % two))
    edge = inside(figure + np.float32(0.06), 4 * soft)
    row = np.floor(two * v) % two
    return layers([edge * row, edge * (np.float32(1) - row)], count)


def _squares(u: Floats, v: Floats, count: int, soft: float) -> list[Floats]:
    ring = np.maximum(triangle(u), triangle(v))
    outer = inside(ring - np.float32(0.78), 2 * soft) * inside(np.float32(0.56) - ring, 2 * soft)
    return layers([outer, inside(ring - np.float32(0.3), 2 * soft)], count)


def _rings(u: Floats, v: Floats, count: int, soft: float) -> list[Floats]:
    half = np.float32(0.5)
    shapes = []
    for du in (np.float32(0), half):
        a, b = u - du, v - du
        radius = np.hypot(a - np.rint(a), b - np.rint(b))
        shapes.append(inside(np.abs(radius - np.float32(0.36)) - np.float32(0.045), soft))
    return layers(shapes, count)


def _lattice(u: Floats, v: Floats, count: int, soft: float) -> list[Floats]:
    # Tumbling blocks: rhombi of a hexagonal lattice squeezed into a square repeat.
    two = np.float32(2)
    row = np.floor(two * v)
    x = u + np.float32(0.5) * (row % two)
    y = two * v - row
    peak = np.float32(0.5) * triangle(x)
    top = inside(y - np.float32(0.5) + peak, 2.5 * soft)
    left = band(x, 0.5, soft) * (np.float32(1) - top)
    return layers([left, top], count) if count > 2 else layers([np.maximum(left, np.float32(0.45) * top)], count)


def zebra(u: Floats, v: Floats, count: int, variation: int, soft: float) -> list[Floats]:
    """Bent stripes that swell, taper and fork.

    Two waves of seven and eight stripes a repeat: where they meet out of step, a stripe forks or ends. Their common
    bend and width wander with a few long waves, all of period 1.
    """
    rng = np.random.default_rng([variation, 7])
    turn = np.float32(2 * np.pi)
    bend = np.zeros_like(u)
    width = np.zeros_like(u)
    for _ in range(5):
        a, b = rng.integers(-3, 4), rng.integers(-2, 3)
        wave = np.sin(turn * (np.float32(a) * u + np.float32(b) * v + np.float32(rng.random())))
        bend += np.float32(rng.uniform(0.1, 0.3)) * wave
        width += np.float32(rng.uniform(0.05, 0.18)) * wave
    lean = np.float32(rng.choice((-1, 1)))
    first = np.cos(turn * (np.float32(7) * v + bend))
    second = np.cos(turn * (np.float32(8) * v + lean * u + bend + np.float32(rng.random())))
    stripe = np.float32(0.62) * first + np.float32(0.5) * second + width
    return layers([inside(stripe + np.float32(0.14), 24 * soft)], count)
