"""Geometric designs: figures with straight sides or compasses, repeated."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from indexer.patterns.designs.fields import (
    SIDE,
    Drawing,
    Floats,
    Painter,
    band,
    grid,
    lattice,
    noise,
    off,
    placed,
    ring,
    scatter,
    worley,
)


def chevron(rng: np.random.Generator) -> Drawing:
    """Zigzag bands."""
    u, v = grid()
    across, down = int(rng.integers(3, 8)), int(rng.integers(4, 9))
    t = v * np.float32(down) + np.float32(rng.uniform(0.7, 2.2)) * off(u * np.float32(across))
    inks = band(t, rng.uniform(0.2, 0.55)).astype(np.uint8)
    if rng.random() < 0.4:
        inks[band(t + np.float32(0.5), rng.uniform(0.06, 0.2))] = 2
    return Drawing(inks, SIDE / max(across, down))


def triangles(rng: np.random.Generator) -> Drawing:
    """Triangles in rows, of one to four colours, touching or apart."""
    columns, rows = int(rng.integers(4, 9)), int(rng.integers(4, 9))
    painter, inks, size = Painter(), int(rng.integers(1, 5)), rng.uniform(0.6, 1.0)
    for point in lattice(columns, rows, False) + ((0.5 / columns, 0) if rng.random() < 0.5 else (0, 0)):
        corners = np.array([[-0.5 / columns, 0.5 / rows], [0.5 / columns, 0.5 / rows], [0, -0.5 / rows]]) * size
        painter.polygon(corners + point, int(rng.integers(1, inks + 1)))
        if inks > 2:
            other = np.array([[0.5 / columns, -0.5 / rows]]) + corners * -1
            painter.polygon(other + point - (0, -0.5 / rows) * np.array(1.0), int(rng.integers(0, inks + 1)))
    return Drawing(painter.inks(), SIDE / columns)


def harlequin(rng: np.random.Generator) -> Drawing:
    """Diamonds edge to edge, of two or more colours."""
    u, v = grid()
    across, down = int(rng.integers(3, 8)), int(rng.integers(2, 6))
    one, other = u * np.float32(across) + v * np.float32(down), u * np.float32(across) - v * np.float32(down)
    inks = ((np.floor(one) + np.floor(other)) % 2).astype(np.uint8)
    if rng.random() < 0.6:
        line = np.minimum(off(one + np.float32(0.5)), off(other + np.float32(0.5)))
        inks[line < rng.uniform(0.02, 0.06)] = 2
    return Drawing(inks, SIDE / max(across, down))


def argyle(rng: np.random.Generator) -> Drawing:
    """Diamonds apart from each other in columns, crossed by thin slanting lines."""
    u, v = grid()
    across = int(rng.integers(3, 7))
    down = max(2, round(across * 0.65))
    half = np.float32(0.5)
    diamond = off(u * np.float32(across)) + off(v * np.float32(down))
    column = (np.floor(u * np.float32(across) + half) % 2).astype(np.uint8) if across % 2 == 0 else 0
    inks = np.where(diamond < rng.uniform(0.4, 0.48), 1 + column, 0).astype(np.uint8)
    one, other = u * np.float32(across) + v * np.float32(down), u * np.float32(across) - v * np.float32(down)
    inks[np.minimum(off(one), off(other)) < rng.uniform(0.015, 0.03)] = 3
    return Drawing(inks, SIDE / across)


def outlines(rng: np.random.Generator) -> Drawing:
    """Nested outlines of a regular figure on a grid."""
    columns, corners = int(rng.integers(3, 7)) * 2, int(rng.choice([3, 4, 4, 6, 8]))
    painter, turn = Painter(), float(rng.choice([0, np.pi / 4, np.pi / corners]))
    sizes = np.linspace(rng.uniform(0.45, 0.6), 0.1, int(rng.integers(2, 6)))
    for point in lattice(columns, columns, rng.random() < 0.7):
        for number, size in enumerate(sizes):
            painter.polygon(placed(ring(corners), point, size / columns, turn), (number + 1) % 2)
    return Drawing(painter.inks(), SIDE / columns * 1.2)


def hexagons(rng: np.random.Generator) -> Drawing:
    """A honeycomb, its cells of one or several colours."""
    columns = int(rng.integers(3, 7)) * 2
    near, second, who = worley(lattice(columns, max(2, round(columns / 1.1547)), True), 1.0)
    inks_of = rng.integers(1, int(rng.integers(2, 6)), columns * columns * 2).astype(np.uint8)
    edge = (second - near) * np.float32(columns) < rng.uniform(0.08, 0.3)
    return Drawing(np.where(edge, 0, inks_of[who]).astype(np.uint8), SIDE / columns)


def greek_key(rng: np.random.Generator) -> Drawing:
    """Meanders: lines that turn inwards at right angles."""
    cell = np.array(
        [[1, 1, 1, 1, 1, 1, 1, 0], [1, 0, 0, 0, 0, 0, 1, 0], [1, 0, 1, 1, 1, 0, 1, 0], [1, 0, 1, 0, 1, 0, 1, 0],
         [1, 0, 0, 0, 1, 0, 1, 0], [1, 1, 1, 1, 1, 0, 1, 1], [0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0]],
        np.uint8,
    )  # fmt: skip
    if rng.random() < 0.5:
        cell = np.block([[cell, cell[::-1]], [cell[:, ::-1], cell[::-1, ::-1]]])
    count = int(rng.integers(3, 7)) if len(cell) == 8 else int(rng.integers(2, 4))
    place = np.arange(SIDE) * count * len(cell) // SIDE % len(cell)
    return Drawing(cell[np.ix_(place, place)], SIDE / count)


def truchet(rng: np.random.Generator) -> Drawing:
    """Quarter circles in squares turned at random: winding bands."""
    count = int(rng.integers(5, 11))
    u, v = grid()
    x, y = u * np.float32(count), v * np.float32(count)
    turned = rng.random((count, count)) < 0.5
    flip = turned[np.floor(y).astype(int) % count, np.floor(x).astype(int) % count]
    x, y = x % 1, y % 1
    x = np.where(flip, 1 - x, x)
    arc = np.minimum(np.abs(np.hypot(x, y) - 0.5), np.abs(np.hypot(1 - x, 1 - y) - 0.5))
    return Drawing((arc < rng.uniform(0.06, 0.2)).astype(np.uint8), SIDE / count)


def interlaced(rng: np.random.Generator) -> Drawing:
    """Circles that overlap into petals (shippo), as lines or filled."""
    u, v = grid()
    count = int(rng.integers(3, 8))
    filled, width = rng.random() < 0.4, rng.uniform(0.03, 0.07)
    inks = np.zeros((SIDE, SIDE), np.uint8)
    cover = np.zeros((SIDE, SIDE), np.uint8)
    for shift in (0.0, 0.5):
        radius = np.hypot(
            off(u * np.float32(count) + np.float32(shift)), off(v * np.float32(count) + np.float32(shift))
        )
        cover += radius < 0.5
        inks[np.abs(radius - np.float32(0.5)) < width] = 1
    return Drawing((cover >= 2).astype(np.uint8) if filled else inks, SIDE / count)


def scales(rng: np.random.Generator) -> Drawing:
    """Rows of half circles, each over the row above, with arcs inside (seigaiha)."""
    columns = int(rng.integers(4, 9))
    painter, arcs = Painter(), int(rng.integers(2, 5))
    for row in range(columns * 2):
        for column in range(columns):
            at = np.array([(column + 0.5 * (row % 2)) / columns, (row + 0.5) / columns / 2])
            for number, size in enumerate(np.linspace(0.5, 0.12, arcs * 2)):
                painter.polygon(placed(ring(32), at, size / columns), (number + 1) % 2)
    return Drawing(painter.inks(), SIDE / columns)


def cubes(rng: np.random.Generator) -> Drawing:
    """Tumbling blocks: three rhombi that look like a cube."""
    columns = int(rng.integers(4, 9))
    rows = max(2, round(columns / 3**0.5 / 2) * 2)
    painter = Painter()
    hexagon = placed(ring(6), np.zeros(2)) * (1 / 3**0.5, 0.5 * 4 / 3 * 1.0)
    for row in range(rows * 2):
        for column in range(columns):
            at = np.array([(column + 0.5 * (row % 2)) / columns, (row + 0.5) / (rows * 2)])
            size = np.array([1 / columns, 1 / (rows * 2)])
            for number in range(3):
                a, b, c = (hexagon[(2 * number + k) % 6] for k in (0, 1, 2))
                painter.polygon(np.array([[0.0, 0.0], a, b, c]) * size + at, number)
    return Drawing(painter.inks(), SIDE / columns)


def mosaic(rng: np.random.Generator) -> Drawing:
    """Small pieces with straight sides in many colours."""
    count = int(rng.integers(40, 160))
    near, second, who = worley(rng.random((count, 2)))
    inks = rng.integers(1, int(rng.integers(4, 8)), count).astype(np.uint8)[who]
    if rng.random() < 0.5:
        inks[(second - near) * np.float32(np.sqrt(count)) < 0.1] = 0
    return Drawing(inks, SIDE / np.sqrt(count))


def trellis(rng: np.random.Generator) -> Drawing:
    """A lattice of rounded four-leaved frames (Moroccan trellis)."""
    u, v = grid()
    count = int(rng.integers(3, 7))
    one, other = np.cos(2 * np.pi * count * u), np.cos(2 * np.pi * count * v)
    field = one + other + np.float32(rng.uniform(-0.5, 0.5)) * one * other
    inks = (np.abs(field) < rng.uniform(0.2, 0.5)).astype(np.uint8)
    if rng.random() < 0.5:
        inks[field > 1.4] = 2
    return Drawing(inks, SIDE / count)


def herringbone(rng: np.random.Generator) -> Drawing:
    """Short slanting bars, column against column."""
    u, v = grid()
    columns, bars = int(rng.integers(3, 7)) * 2, int(rng.integers(12, 26))
    lean = np.where(np.floor(u * columns) % 2 == 0, 1, -1) * ((u * np.float32(columns)) % 1)
    return Drawing(
        band(v * np.float32(bars) + lean * np.float32(rng.uniform(1, 2.5)), 0.5).astype(np.uint8), SIDE / columns
    )


def blocks(rng: np.random.Generator) -> Drawing:
    """Rectangles of chance sizes in a few colours, as of a quilt or a Mondrian."""
    inks = np.zeros((SIDE, SIDE), np.uint8)
    colours, gap = int(rng.integers(3, 7)), int(rng.integers(0, 7))
    todo = [(0, 0, SIDE, SIDE)]
    while todo:
        x, y, w, h = todo.pop()
        if max(w, h) > SIDE / 4 or (max(w, h) > SIDE / 9 and rng.random() < 0.6):
            share = rng.uniform(0.3, 0.7)
            if w > h:
                cut = int(w * share)
                todo += [(x, y, cut, h), (x + cut, y, w - cut, h)]
            else:
                cut = int(h * share)
                todo += [(x, y, w, cut), (x, y + cut, w, h - cut)]
        else:
            inks[y + gap : y + h, x + gap : x + w] = int(rng.integers(1, colours + 1))
    return Drawing(inks, SIDE / 6)


def memphis(rng: np.random.Generator) -> Drawing:
    """Triangles, rings, bars and zigzags strewn about."""
    count = int(rng.integers(25, 60))
    apart, painter, inks = 0.75 / np.sqrt(count), Painter(), int(rng.integers(2, 6))
    for place in scatter(rng, count, apart):
        ink, angle, size = int(rng.integers(1, inks + 1)), rng.uniform(0, 7), apart * rng.uniform(0.25, 0.42)
        kind = rng.integers(0, 4)
        if kind == 0:
            painter.polygon(placed(ring(int(rng.integers(3, 5))), place, size, angle), ink)
        elif kind == 1:
            painter.polygon(placed(ring(24), place, size), ink)
            painter.polygon(placed(ring(24), place, size * 0.6), 0)
        elif kind == 2:
            painter.polygon(placed(ring(4) * (1.2, 0.25), place, size, angle), ink)
        else:
            zigzag = np.stack([np.linspace(-1, 1, 7), 0.35 * (-1.0) ** np.arange(7)], 1)
            for a, b in pairwise(zigzag):
                painter.stroke(placed(np.stack([a, (a + b) / 2, b]), place, size, angle), size * 0.3, ink)
    return Drawing(painter.inks(), SIDE * apart)


def pinwheels(rng: np.random.Generator) -> Drawing:
    """Squares cut into triangles, turned in turn, as of a quilt."""
    u, v = grid()
    count = int(rng.integers(2, 5)) * 2
    x, y = u * np.float32(count), v * np.float32(count)
    cells = rng.integers(0, 4, (2, 2))
    turn: Floats = cells[np.floor(y).astype(int) % 2, np.floor(x).astype(int) % 2]
    x, y = x % 1 - np.float32(0.5), y % 1 - np.float32(0.5)
    side = np.select([turn == 0, turn == 1, turn == 2], [x + y, x - y, -x - y], y - x)
    inks = (side > 0).astype(np.uint8)
    if rng.random() < 0.5:
        inks[(side > 0) & (noise(rng, 2) > 0)] = 2
    return Drawing(inks, SIDE / count)
