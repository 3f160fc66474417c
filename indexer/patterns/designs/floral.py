"""Flowers and leaves."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from indexer.patterns.designs.fields import SIDE, Drawing, Painter, Points, blob, leaf, petal, placed, ring, scatter


def _leaves(rng: np.random.Generator, painter: Painter, at: Points, size: float, ink: int, count: int) -> None:
    for _ in range(count):
        painter.polygon(placed(leaf(rng.uniform(0.15, 0.3)), at, size * rng.uniform(0.7, 1.3), rng.uniform(0, 7)), ink)


def _flower(rng: np.random.Generator, painter: Painter, at: Points, size: float, petals: int, notch: float) -> None:
    start, width = rng.uniform(0, 7), min(1.2 * np.pi / petals, 0.6)
    ink = int(rng.choice([1, 1, 4]))
    for i in range(petals):
        painter.polygon(placed(petal(width, notch), at, size, start + 2 * np.pi * i / petals), ink)
    painter.polygon(placed(blob(rng, 0.1), at, size * 0.28), 3)


def daisies(rng: np.random.Generator) -> Drawing:
    """Flowers of four to nine petals with a heart, on leaves."""
    count = int(rng.integers(12, 36))
    apart, painter, petals, notch = 0.8 / np.sqrt(count), Painter(), int(rng.integers(4, 10)), rng.uniform(0, 0.3)
    places, leaves = scatter(rng, count, apart), int(rng.integers(0, 4))
    for place in places:
        _leaves(rng, painter, place, apart * 0.7, 2, leaves)
    for place in places:
        _flower(rng, painter, place, apart * rng.uniform(0.4, 0.85), petals, notch)
    return Drawing(painter.inks(), SIDE * apart)


def ditsy(rng: np.random.Generator) -> Drawing:
    """Tiny flowers and sprigs, strewn."""
    count = int(rng.integers(60, 150))
    apart, painter, petals = 0.75 / np.sqrt(count), Painter(), int(rng.integers(4, 7))
    for place in scatter(rng, count, apart):
        if rng.random() < 0.65:
            _leaves(rng, painter, place, apart * 0.5, 2, int(rng.integers(1, 3)))
            _flower(rng, painter, place, apart * rng.uniform(0.28, 0.6), petals, 0.05)
        else:
            _leaves(rng, painter, place, apart * 0.5, int(rng.integers(1, 4)), 2)
    return Drawing(painter.inks(), SIDE * apart * 1.2)


def roses(rng: np.random.Generator) -> Drawing:
    """Full blooms: rings of petals within each other, in three tones, with buds and leaves."""
    count = int(rng.integers(6, 20))
    apart, painter = 0.8 / np.sqrt(count), Painter()
    places = scatter(rng, count, apart)
    for place in places:
        _leaves(rng, painter, place, apart * 0.75, 5, int(rng.integers(2, 6)))
    for place in places:
        size = apart * rng.uniform(0.45, 0.75)
        for depth, radius in enumerate(np.linspace(1, 0.15, 6)):
            petals = max(3, 7 - depth)
            for i in range(petals):
                at = placed(np.array([[radius * 0.55, 0.0]]), place, size, depth * 0.9 + 2 * np.pi * i / petals)[0]
                painter.polygon(placed(blob(rng, 0.15, 14), at, size * radius * 0.5), 1 + (depth + i % 2) % 3)
        painter.polygon(placed(blob(rng, 0.2, 10), place, size * 0.1), 4)
    for place in scatter(rng, count, apart * 0.9):
        gap = places - place
        gap -= np.rint(gap)
        if (gap**2).sum(1).min() > (0.62 * apart) ** 2:
            painter.polygon(placed(blob(rng, 0.2), place, apart * 0.13), 1)
    return Drawing(painter.inks(), SIDE * apart)


def tropical(rng: np.random.Generator) -> Drawing:
    """Palm fronds and broad leaves, one over another."""
    painter, count = Painter(), int(rng.integers(10, 24))
    apart = 0.7 / np.sqrt(count)
    for number, place in enumerate(scatter(rng, count, apart)):
        angle, size, ink = rng.uniform(0, 7), apart * rng.uniform(1.0, 1.8), 1 + number % 3
        if rng.random() < 0.6:
            for t in np.linspace(0.05, 1, 9):
                foot = placed(np.array([[t, 0.12 * t * t]]), place, size, angle)[0]
                for lean in (0.9, -0.9):
                    painter.polygon(placed(leaf(0.11), foot, size * 0.6 * (1.15 - t), angle + lean), ink)
        else:
            painter.polygon(placed(leaf(rng.uniform(0.25, 0.4)), place, size, angle), ink)
            painter.stroke(placed(np.array([[0.0, 0], [0.5, 0.02], [0.95, 0]]), place, size, angle), size * 0.05, 4)
    return Drawing(painter.inks(), SIDE * apart)


def leaves(rng: np.random.Generator) -> Drawing:
    """Leaves alone, of one shape, strewn or in one direction."""
    count = int(rng.integers(30, 110))
    apart, painter, width = 0.75 / np.sqrt(count), Painter(), rng.uniform(0.12, 0.35)
    straight, inks = rng.random() < 0.4, int(rng.integers(1, 4))
    for place in scatter(rng, count, apart):
        angle = rng.normal(0, 0.25) if straight else rng.uniform(0, 7)
        painter.polygon(
            placed(leaf(width), place, apart * rng.uniform(0.8, 1.6), angle), int(rng.integers(1, inks + 1))
        )
    return Drawing(painter.inks(), SIDE * apart)


def vines(rng: np.random.Generator) -> Drawing:
    """Stems that wind down the cloth with leaves and blossoms at their sides."""
    painter, stems = Painter(), int(rng.integers(2, 6))
    sway, turns = rng.uniform(0.15, 0.35) / stems, int(rng.integers(1, 3))
    petals, step = int(rng.integers(4, 7)), 0.3 / stems
    for stem in range(stems):
        v = np.linspace(0, 1, 60)
        shift = rng.random()
        line = np.stack([(stem + 0.5) / stems + sway * np.sin(2 * np.pi * (turns * v + shift)), v], 1)
        for one, two in pairwise(line):
            painter.stroke(np.stack([one, (one + two) / 2, two]), 0.025 / stems, 2)
        for place in np.arange(0, 1, step):
            at = np.array([np.interp(place, v, line[:, 0]), place])
            side = rng.choice([-1, 1])
            _leaves(rng, painter, at, step * 0.9, 2, 1)
            bud = at + np.array([side * step * 0.5, 0])
            if rng.random() < 0.7:
                _flower(rng, painter, bud, step * rng.uniform(0.4, 0.65), petals, 0.1)
            else:
                painter.polygon(placed(blob(rng, 0.1, 12), bud, step * 0.15), 3)
    return Drawing(painter.inks(), SIDE * step * 1.5)


def outlined(rng: np.random.Generator) -> Drawing:
    """Flowers drawn in lines only."""
    count = int(rng.integers(10, 30))
    apart, painter, petals = 0.8 / np.sqrt(count), Painter(), int(rng.integers(4, 8))
    for place in scatter(rng, count, apart):
        size, start = apart * rng.uniform(0.45, 0.75), rng.uniform(0, 7)
        for grow, ink in ((1.0, 1), (0.84, 0)):
            for i in range(petals):
                turn = start + 2 * np.pi * i / petals
                painter.polygon(placed(petal(0.5 * grow, 0.1), place, size * grow, turn), ink)
        for i in range(petals):
            turn = start + 2 * np.pi * i / petals
            tip = placed(np.array([[0.15, 0.0], [0.4, 0.02], [0.65, 0.0]]), place, size, turn)
            painter.stroke(tip, size * 0.06, 1)
        painter.polygon(placed(ring(14), place, size * 0.16), 1)
    return Drawing(painter.inks(), SIDE * apart)


def watercolour(rng: np.random.Generator) -> Drawing:
    """Loose blooms of overlapping blots in many tones."""
    count = int(rng.integers(8, 24))
    apart, painter = 0.7 / np.sqrt(count), Painter()
    for place in scatter(rng, count, apart):
        tone = int(rng.integers(1, 4))
        _leaves(rng, painter, place, apart * 0.7, int(rng.integers(4, 6)), int(rng.integers(0, 4)))
        for _ in range(int(rng.integers(6, 12))):
            at = place + rng.normal(0, apart * 0.26, 2)
            ink = tone if rng.random() < 0.7 else int(rng.integers(1, 4))
            painter.polygon(placed(blob(rng, 0.35), at, apart * rng.uniform(0.15, 0.38)), ink)
        painter.polygon(placed(blob(rng, 0.3), place, apart * 0.08), 6)
    return Drawing(painter.inks(), SIDE * apart)


def tulips(rng: np.random.Generator) -> Drawing:
    """Cups on stems with two long leaves, all upright or turned about."""
    count = int(rng.integers(14, 36))
    apart, painter, upright = 0.8 / np.sqrt(count), Painter(), rng.random() < 0.5
    cup = np.array(
        [[-0.5, 0.1], [-0.55, -0.6], [-0.2, -0.25], [0, -0.7], [0.2, -0.25], [0.55, -0.6], [0.5, 0.1], [0, 0.4]]
    )
    for place in scatter(rng, count, apart):
        angle, size = (rng.normal(0, 0.15) if upright else rng.uniform(0, 7)), apart * rng.uniform(0.38, 0.6)
        painter.stroke(placed(np.array([[0.0, 0.2], [0.05, 0.8], [0.0, 1.4]]), place, size, angle), size * 0.12, 2)
        for side in (-0.7, 0.7):
            foot = placed(np.array([[0.0, 1.3]]), place, size, angle)[0]
            painter.polygon(placed(leaf(0.16), foot, size * 1.1, angle - np.pi / 2 + side), 2)
        painter.polygon(placed(cup, place, size, angle), 1 + int(rng.random() < 0.3) * 2)
    return Drawing(painter.inks(), SIDE * apart)
