"""Dotted designs."""

from __future__ import annotations

import numpy as np

from indexer.patterns.designs.fields import SIDE, Drawing, Painter, blob, lattice, placed, ring, scatter


def regular(rng: np.random.Generator) -> Drawing:
    """Round dots of one size on a grid, mostly half-dropped."""
    columns = int(rng.integers(3, 7)) * 2
    radius, painter, inks = rng.uniform(0.12, 0.4) / columns, Painter(), int(rng.choice([1, 1, 1, 2]))
    for number, point in enumerate(lattice(columns, int(columns * rng.choice([0.5, 0.6, 1.0])), rng.random() < 0.75)):
        painter.polygon(placed(ring(24), point, radius), 1 + number % inks)
    return Drawing(painter.inks(), SIDE / columns * 1.2)


def pin_dots(rng: np.random.Generator) -> Drawing:
    """Tiny dots far apart."""
    columns = int(rng.integers(5, 9)) * 2
    painter = Painter()
    for point in lattice(columns, columns // 2 if rng.random() < 0.5 else columns, True):
        painter.polygon(placed(ring(12), point, rng.uniform(0.09, 0.14) / columns), 1)
    return Drawing(painter.inks(), SIDE / columns * 1.2)


def scattered(rng: np.random.Generator) -> Drawing:
    """Dots of one size thrown about, evenly far apart."""
    count = int(rng.integers(50, 140))
    apart, painter, inks = 0.75 / np.sqrt(count), Painter(), int(rng.integers(1, 4))
    radius = apart * rng.uniform(0.18, 0.4)
    for point in scatter(rng, count, apart):
        painter.polygon(placed(ring(20), point, radius), int(rng.integers(1, inks + 1)))
    return Drawing(painter.inks(), SIDE * apart * 1.3)


def mixed_sizes(rng: np.random.Generator) -> Drawing:
    """Dots large and small, side by side."""
    painter, inks = Painter(), int(rng.integers(1, 5))
    taken = np.empty((0, 3))
    for low, high, tries in ((0.05, 0.085, 60), (0.025, 0.05, 150), (0.008, 0.025, 300)):
        for x, y in rng.random((tries, 2)):
            radius = rng.uniform(low, high)
            gap = taken[:, :2] - (x, y)
            gap -= np.rint(gap)
            if len(taken) and (np.hypot(gap[:, 0], gap[:, 1]) < taken[:, 2] + radius + 0.012).any():
                continue
            taken = np.vstack([taken, (x, y, radius)])
            painter.polygon(placed(ring(24), np.array([x, y]), radius), int(rng.integers(1, inks + 1)))
    return Drawing(painter.inks(), SIDE * 0.12)


def brushed(rng: np.random.Generator) -> Drawing:
    """Uneven dots, as if dabbed with a brush, on a jittered grid."""
    columns = int(rng.integers(6, 12))
    painter, squash = Painter(), rng.uniform(0.6, 1.0)
    for point in lattice(columns, columns, True) + rng.normal(0, 0.1 / columns, (columns * columns, 2)):
        spot = blob(rng, rng.uniform(0.1, 0.3)) * (1, squash)
        painter.polygon(placed(spot, point, rng.uniform(0.16, 0.32) / columns, rng.uniform(-0.4, 0.4)), 1)
    return Drawing(painter.inks(), SIDE / columns)


def rings(rng: np.random.Generator) -> Drawing:
    """Circles with a hole, and a dot in some."""
    columns = int(rng.integers(3, 6)) * 2
    painter, radius, hole = Painter(), rng.uniform(0.25, 0.4) / columns, rng.uniform(0.5, 0.75)
    dotted = rng.random() < 0.5
    for point in lattice(columns, columns, rng.random() < 0.6):
        painter.polygon(placed(ring(28), point, radius), 1)
        painter.polygon(placed(ring(28), point, radius * hole), 0)
        if dotted:
            painter.polygon(placed(ring(16), point, radius * hole * 0.45), 2)
    return Drawing(painter.inks(), SIDE / columns)
