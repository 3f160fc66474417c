"""Cloth without a print, told by its threads: plain, knit, denim, lace.

Plain cloth has one ink or nearly; its tones are lighter and darker threads, which views draw in shades of one colour.
"""

from __future__ import annotations

import numpy as np

from indexer.patterns.designs.fields import (
    SIDE,
    Drawing,
    Painter,
    band,
    blob,
    grid,
    lattice,
    noise,
    off,
    placed,
    ring,
    scatter,
)


def smooth(rng: np.random.Generator) -> Drawing:
    """Nothing to see."""
    return Drawing(np.zeros((SIDE, SIDE), np.uint8), SIDE / rng.uniform(3, 6))


def weave(rng: np.random.Generator) -> Drawing:
    """Warp over weft, coarse enough to be seen."""
    threads = int(rng.integers(24, 64))
    u, v = grid()
    over = np.cos(2 * np.pi * threads * u) * np.cos(2 * np.pi * threads * v) + noise(rng, 30, 4) * np.float32(0.3)
    return Drawing((over > 0).astype(np.uint8), SIDE / threads * 2)


def slub(rng: np.random.Generator) -> Drawing:
    """Threads of uneven thickness, as linen or melange."""
    field = noise(rng, 6, 12) + noise(rng, 72, 1 / 12) + noise(rng, 80) * np.float32(rng.uniform(0.2, 1))
    return Drawing(np.digitize(field, (-0.8, 0.9)).astype(np.uint8), SIDE / 16)


def corduroy(rng: np.random.Generator) -> Drawing:
    """Ribs of pile."""
    u, _ = grid()
    ribs = int(rng.integers(20, 44))
    return Drawing(
        (off(u * np.float32(ribs)) + noise(rng, 60) * np.float32(0.05) > 0.3).astype(np.uint8), SIDE / ribs * 2
    )


def stockinette(rng: np.random.Generator) -> Drawing:
    """Columns of V-shaped stitches."""
    u, v = grid()
    columns = int(rng.integers(8, 20))
    t = v * np.float32(columns) - np.float32(1.1) * off(u * np.float32(columns))
    edge = off(u * np.float32(columns) + np.float32(0.5)) > 0.44
    wander = noise(rng, 20) * np.float32(0.05)
    return Drawing((edge | band(t + wander, rng.uniform(0.2, 0.4))).astype(np.uint8), SIDE / columns)


def rib(rng: np.random.Generator) -> Drawing:
    """Knit ribs: columns of stitches up and columns down."""
    u, v = grid()
    columns = int(rng.integers(6, 16))
    t = u * np.float32(columns)
    stitch = band(v * np.float32(columns * 2.0) + np.float32(2) * off(t * 2), 0.3)
    return Drawing(np.where(band(t, 0.35), 2, stitch.astype(np.uint8)).astype(np.uint8), SIDE / columns)


def cable(rng: np.random.Generator) -> Drawing:
    """Knit cables: strands that twist around each other between purl columns."""
    u, v = grid()
    columns, turns = int(rng.integers(3, 6)), int(rng.integers(3, 7))
    x = (u * np.float32(columns)) % 1 - np.float32(0.5)
    inks = np.zeros((SIDE, SIDE), np.uint8)
    for phase in (0, 0.5):
        middle = np.float32(0.16) * np.sin(2 * np.pi * (np.float32(turns) * v + np.float32(phase)))
        strand = np.abs(x - middle)
        front = np.cos(2 * np.pi * (np.float32(turns) * v + np.float32(phase))) > -0.3
        inks[(strand < 0.13) & front] = 2
        inks[(np.abs(strand - 0.13) < 0.025) & front] = 1
    inks[(np.abs(x) > 0.38) & band(v * np.float32(turns * 8), 0.5)] = 1
    return Drawing(inks, SIDE / columns)


def denim(rng: np.random.Generator) -> Drawing:
    """A steep twill of dyed and undyed threads, worn pale here and there."""
    u, v = grid()
    threads = int(rng.integers(40, 80))
    twill = band(u * np.float32(threads) + v * np.float32(threads // 2), 0.35)
    worn = noise(rng, 2.5) * np.float32(0.5) + noise(rng, 90, 0.3) * np.float32(0.7)
    return Drawing((twill.astype(np.uint8) + (worn > rng.uniform(0.2, 0.9))).astype(np.uint8), SIDE / threads * 3)


def lace_flowers(rng: np.random.Generator) -> Drawing:
    """Solid flowers and leaves on a net of holes."""
    inks = _net(rng)
    painter, count = Painter(), int(rng.integers(8, 24))
    apart = 0.78 / np.sqrt(count)
    for place in scatter(rng, count, apart):
        petals = int(rng.integers(5, 9))
        for turn in np.linspace(0, 2 * np.pi, petals, endpoint=False):
            at = place + np.array([np.cos(turn), np.sin(turn)]) * apart * 0.28
            painter.polygon(placed(blob(rng, 0.1, 12), at, apart * 0.17), 1)
            painter.polygon(placed(ring(8), at, apart * 0.06), 2)
    flowers = painter.inks()
    return Drawing(np.where(flowers == 1, 0, np.where(flowers == 2, 1, inks)).astype(np.uint8), SIDE * apart)


def _net(rng: np.random.Generator) -> np.ndarray:
    """Holes (1) of a fine net (0)."""
    u, v = grid()
    count = int(rng.integers(28, 52))
    one = off(u * np.float32(count) + v * np.float32(count))
    other = off(u * np.float32(count) - v * np.float32(count))
    return (np.minimum(one, other) > rng.uniform(0.12, 0.2)).astype(np.uint8)


def eyelet(rng: np.random.Generator) -> Drawing:
    """Round holes set in flowers, with stitched rims (broderie anglaise)."""
    columns = int(rng.integers(3, 7))
    painter, petals = Painter(), int(rng.integers(4, 8))
    for point in lattice(columns, columns, True):
        for turn in np.linspace(0, 2 * np.pi, petals, endpoint=False):
            at = point + np.array([np.cos(turn), np.sin(turn)]) * 0.24 / columns
            painter.polygon(placed(ring(14), at, 0.1 / columns), 2)
            painter.polygon(placed(ring(14), at, 0.07 / columns), 1)
        painter.polygon(placed(ring(14), point, 0.08 / columns), 1)
    for point in lattice(columns, columns, False):
        painter.polygon(placed(ring(10), point + np.array([0, 0.5 / columns]), 0.05 / columns), 1)
    return Drawing(painter.inks(), SIDE / columns)


def guipure(rng: np.random.Generator) -> Drawing:
    """Heavy lace: rings and petals joined by bars, large holes between."""
    columns = int(rng.integers(3, 7))
    painter = Painter()
    painter.image.paste(1, (0, 0, SIDE, SIDE))
    spokes = int(rng.choice([6, 8]))
    for point in lattice(columns, columns, rng.random() < 0.5):
        for turn in np.linspace(0, 2 * np.pi, spokes, endpoint=False):
            far = point + np.array([np.cos(turn), np.sin(turn)]) * 0.55 / columns
            painter.stroke(np.stack([point, (point + far) / 2, far]), 0.06 / columns, 0)
            at = (point + far) / 2
            painter.polygon(placed(ring(14), at, 0.14 / columns), 0)
            painter.polygon(placed(ring(10), at, 0.06 / columns), 1)
        painter.polygon(placed(ring(18), point, 0.16 / columns), 0)
    return Drawing(painter.inks(), SIDE / columns)
