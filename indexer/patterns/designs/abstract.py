"""Camouflage, and graphic and abstract prints."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from indexer.patterns.designs.fields import (
    SIDE,
    Drawing,
    Painter,
    Points,
    blob,
    grid,
    moved,
    noise,
    placed,
    ring,
    scatter,
)


def woodland(rng: np.random.Generator) -> Drawing:
    """Blotches of three or four tones over each other, soldiers' cloth."""
    cells = rng.uniform(5, 10)
    inks = np.zeros((SIDE, SIDE), np.uint8)
    for ink in range(1, int(rng.integers(3, 5))):
        field = noise(rng, cells, rng.uniform(0.5, 1)) + noise(rng, cells * 3) * np.float32(0.3)
        inks[field > rng.uniform(0.3, 0.9)] = ink
    return Drawing(inks, SIDE / cells)


def digital(rng: np.random.Generator) -> Drawing:
    """Blotches of small squares, as of pixels."""
    cells, side = rng.uniform(5, 10), int(rng.choice([4, 8, 16]))
    inks = np.zeros((SIDE, SIDE), np.uint8)
    for ink in range(1, int(rng.integers(3, 5))):
        field = noise(rng, cells) + noise(rng, cells * 5) * np.float32(0.45)
        inks[np.kron(field[::side, ::side], np.ones((side, side), np.float32)) > rng.uniform(0.3, 0.9)] = ink
    return Drawing(inks, SIDE / cells)


def brushstrokes(rng: np.random.Generator) -> Drawing:
    """Broad dry strokes of a few colours."""
    painter, count, inks = Painter(), int(rng.integers(14, 60)), int(rng.integers(1, 5))
    length = 1.4 / np.sqrt(count)
    spread = float(rng.choice([0.3, 3]))
    for place in rng.random((count, 2)):
        t, bend = np.linspace(-0.5, 0.5, 8), rng.normal(0, 0.4)
        line = placed(np.stack([t, bend * (t * t - 0.1)], 1), place, length, rng.normal(0, spread))
        painter.stroke(line, length * rng.uniform(0.12, 0.4), int(rng.integers(1, inks + 1)))
    rough = noise(rng, 90) * np.float32(3)
    return Drawing(moved(painter.inks(), rough, noise(rng, 60) * np.float32(3)), SIDE * length * 0.7)


def splashes(rng: np.random.Generator) -> Drawing:
    """Blots of paint with drops around them."""
    painter, count, inks = Painter(), int(rng.integers(8, 24)), int(rng.integers(1, 6))
    apart = 0.8 / np.sqrt(count)
    for place in rng.random((count, 2)):
        ink, size = int(rng.integers(1, inks + 1)), apart * rng.uniform(0.15, 0.45)
        painter.polygon(placed(blob(rng, 0.6, 40), place, size), ink)
        for _ in range(int(rng.integers(4, 14))):
            turn, far = rng.uniform(0, 7), size * rng.uniform(1.1, 2.4)
            at = place + np.array([np.cos(turn), np.sin(turn)]) * far
            painter.polygon(placed(blob(rng, 0.2, 10), at, size * rng.uniform(0.04, 0.18)), ink)
    return Drawing(painter.inks(), SIDE * apart)


def marbled(rng: np.random.Generator) -> Drawing:
    """Colours drawn out through each other, as of marbled paper."""
    cells = rng.uniform(1.5, 3.5)
    field = noise(rng, cells) + np.float32(0.8) * noise(rng, cells * 2, rng.uniform(0.4, 2))
    inks = (np.floor(field * np.float32(rng.uniform(1.2, 2.5))).astype(int) % int(rng.integers(2, 6))).astype(np.uint8)
    return Drawing(moved(inks, noise(rng, 5) * 14, noise(rng, 5) * 14), SIDE / cells / 2)


def tie_dye(rng: np.random.Generator) -> Drawing:
    """Spirals or rings of dye that bleed into each other, by thinning drops."""
    u, v = grid()
    x, y = u - np.float32(0.5), v - np.float32(0.5)
    radius, turn = np.hypot(x, y), np.arctan2(y, x)
    arms = int(rng.integers(0, 4))
    phase = radius * np.float32(rng.uniform(4, 9)) + np.float32(arms) * turn / np.float32(2 * np.pi)
    phase += noise(rng, 8) * np.float32(0.15) + noise(rng, 40) * np.float32(0.08)
    inks = int(rng.integers(2, 5))
    bled = phase + (rng.random((SIDE, SIDE)).astype(np.float32) - np.float32(0.5)) * np.float32(0.6)
    return Drawing((np.floor(bled) % inks).astype(np.uint8), SIDE / 5)


def stars(rng: np.random.Generator) -> Drawing:
    """Stars strewn or in rows."""
    count = int(rng.integers(20, 80))
    apart, painter, corners = 0.78 / np.sqrt(count), Painter(), int(rng.choice([4, 5, 5, 6]))
    upright, inner = rng.random() < 0.5, rng.uniform(0.38, 0.55)
    for place in scatter(rng, count, apart):
        angle = 0.0 if upright else rng.uniform(0, 7)
        painter.polygon(placed(ring(corners, inner=inner), place, apart * rng.uniform(0.28, 0.46), angle), 1)
    return Drawing(painter.inks(), SIDE * apart)


def _heart() -> Points:
    t = np.linspace(0, 2 * np.pi, 30, endpoint=False)
    down = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    return np.stack([16 * np.sin(t) ** 3, -down], 1) / 16


def hearts(rng: np.random.Generator) -> Drawing:
    """Hearts strewn about."""
    count = int(rng.integers(16, 70))
    apart, painter, inks = 0.78 / np.sqrt(count), Painter(), int(rng.integers(1, 4))
    upright = rng.random() < 0.5
    for place in scatter(rng, count, apart):
        angle = rng.normal(0, 0.1) if upright else rng.uniform(0, 7)
        painter.polygon(placed(_heart(), place, apart * rng.uniform(0.32, 0.6), angle), int(rng.integers(1, inks + 1)))
    return Drawing(painter.inks(), SIDE * apart)


def conversational(rng: np.random.Generator) -> Drawing:
    """One small drawing strewn over the cloth: a bird, a cherry, a cat, an anchor, a bow, lips."""
    count = int(rng.integers(16, 60))
    apart, painter = 0.78 / np.sqrt(count), Painter()
    figure = [(blob(rng, 0.3, 16) * (1, rng.uniform(0.4, 1)), np.zeros(2), 1)]
    for _ in range(int(rng.integers(2, 6))):
        shape = ring(int(rng.choice([3, 3, 4, 16]))) * (rng.uniform(0.2, 0.6), rng.uniform(0.15, 0.5))
        turn = rng.uniform(0, 7)
        at = np.array([np.cos(turn), np.sin(turn)]) * rng.uniform(0.3, 1)
        figure.append((placed(shape, at, 1, turn), at, int(rng.integers(1, 4))))
    spread = float(rng.choice([0.2, 3]))
    for place in scatter(rng, count, apart):
        size, angle = apart * 0.4, rng.normal(0, spread)
        flip = np.array([rng.choice([-1, 1]), 1])
        for shape, _, ink in figure:
            painter.polygon(placed(shape * flip, place, size, angle), ink)
    return Drawing(painter.inks(), SIDE * apart)


def lettering(rng: np.random.Generator) -> Drawing:
    """Lines of characters, of strokes on a small grid."""
    painter, rows = Painter(), int(rng.integers(4, 10))
    size = 1 / rows
    corners = np.array([[0, 0], [1, 0], [0, 1], [1, 1], [0, 2], [1, 2]]) * (0.45, 0.4)
    alphabet = [rng.permutation(6)[: rng.integers(3, 6)] for _ in range(12)]
    for row in range(rows):
        x = rng.uniform(0, size)
        while x < 1 - size * 0.4:
            if rng.random() < 0.85:
                letter = corners[alphabet[int(rng.integers(0, 12))]] * size * 0.75 + (x, (row + 0.2) / rows)
                for a, b in pairwise(letter):
                    painter.polygon(np.stack([a, b, b + size * 0.1, a + size * 0.1]), 1)
            x += size * 0.55
    return Drawing(painter.inks(), SIDE * size)


def colour_blocks(rng: np.random.Generator) -> Drawing:
    """Few large curved fields of colour."""
    cells = rng.uniform(1.5, 3)
    field = noise(rng, cells)
    inks = np.digitize(field, np.sort(rng.uniform(-1.2, 1.2, int(rng.integers(1, 4))))).astype(np.uint8)
    return Drawing(inks, SIDE / cells / 1.5)
