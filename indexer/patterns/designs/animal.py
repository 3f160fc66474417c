"""The coats of animals."""

from __future__ import annotations

import numpy as np

from indexer.patterns.designs.fields import (
    SIDE,
    Drawing,
    Floats,
    Painter,
    blob,
    grid,
    lattice,
    moved,
    noise,
    placed,
    scatter,
    worley,
)


def leopard(rng: np.random.Generator) -> Drawing:
    """Rosettes: broken rims around a darker middle, and solid spots between."""
    count = int(rng.integers(40, 110))
    apart = 0.78 / np.sqrt(count)
    near, _, who = worley(scatter(rng, count, apart), rng.uniform(0.75, 1.3))
    radius = near / np.float32(apart) + noise(rng, 45) * np.float32(0.07) + noise(rng, 14) * np.float32(0.05)
    size = rng.uniform(0.3, 0.5, count).astype(np.float32)[who % count]
    inks = np.zeros((SIDE, SIDE), np.uint8)
    inks[radius < size] = 2
    rim = np.abs(radius - size) < np.float32(rng.uniform(0.07, 0.13))
    inks[rim & (noise(rng, 1.3 / apart) > rng.uniform(-0.9, -0.2))] = 1
    small = rng.random(count)[who % count] < rng.uniform(0.1, 0.35)
    inks[small & (radius < size * 0.55)] = 1
    return Drawing(inks, SIDE * apart)


def cheetah(rng: np.random.Generator) -> Drawing:
    """Solid spots, uneven and close."""
    count = int(rng.integers(60, 160))
    apart, painter = 0.78 / np.sqrt(count), Painter()
    squash = rng.uniform(0.55, 1.0)
    for place in scatter(rng, count, apart):
        spot = blob(rng, 0.35, 14) * (1, squash)
        painter.polygon(placed(spot, place, apart * rng.uniform(0.28, 0.56), rng.normal(0, 0.5)), 1)
    return Drawing(painter.inks(), SIDE * apart)


def coat(rng: np.random.Generator, cells: float, stretch: float, steps: int = 12) -> Floats:
    """A field whose sign draws a coat: short-range activation against longer-range inhibition, iterated from noise.

    Young, "A local activator-inhibitor model of vertebrate skin patterns", 1984. stretch below 1 draws stripes down,
    above 1 across.
    """
    down, across = np.fft.fftfreq(SIDE, 1 / SIDE)[:, None], np.fft.rfftfreq(SIDE, 1 / SIDE)[None]
    radius = np.hypot(down / cells, across / (cells * stretch))
    kernel = np.exp(-0.5 * (radius / 1.1) ** 2) - np.exp(-0.5 * (radius / 0.75) ** 2)
    state = noise(rng, cells * 1.5, stretch)
    for _ in range(steps):
        filtered = np.fft.irfft2(np.fft.rfft2(np.tanh(state * 2)) * kernel, (SIDE, SIDE))
        state = (filtered / max(float(filtered.std()), 1e-9)).astype(np.float32)
    return state


def zebra(rng: np.random.Generator) -> Drawing:
    """Stripes that fork, taper and end."""
    cells = rng.uniform(7, 14)
    field = coat(rng, cells, rng.uniform(0.3, 0.6)) + noise(rng, 4) * np.float32(rng.uniform(0, 0.35))
    return Drawing((field > rng.uniform(-0.25, 0.35)).astype(np.uint8), SIDE / cells * 1.3)


def tiger(rng: np.random.Generator) -> Drawing:
    """Thin pointed stripes apart from each other, on two tones."""
    cells = rng.uniform(7, 12)
    field = coat(rng, cells, 0.35, 8) + noise(rng, cells / 2) * np.float32(0.5)
    inks = (field > rng.uniform(0.5, 0.9)).astype(np.uint8)
    inks[(inks == 0) & (noise(rng, 2.5) > 0.4)] = 2
    return Drawing(inks, SIDE / cells * 1.3)


def snake(rng: np.random.Generator) -> Drawing:
    """Small scales in rows over large diamonds."""
    columns = int(rng.integers(14, 26)) // 2 * 2
    near, second, who = worley(lattice(columns, columns, True), rng.uniform(0.6, 0.9))
    edge = (second - near) * np.float32(columns) < np.float32(rng.uniform(0.1, 0.25))
    u, v = grid()
    wide = int(rng.integers(1, 4))
    tone = np.cos(2 * np.pi * wide * u) + np.cos(2 * np.pi * wide * v) + noise(rng, 12) * np.float32(0.55)
    ink_of = np.digitize(tone.reshape(-1)[_first_place(who, columns * columns)], np.sort(rng.uniform(-1.4, 1.4, 2)))
    inks = (1 + ink_of).astype(np.uint8)[who]
    inks[edge] = 0
    return Drawing(inks, SIDE / columns * 2)


def _first_place(who: np.ndarray, count: int) -> np.ndarray:
    """For each of `count` cells a pixel, by flat index, that belongs to it (0 where none does)."""
    place = np.zeros(count, np.intp)
    place[who.reshape(-1)[::-1]] = np.arange(who.size)[::-1]
    return place


def python(rng: np.random.Generator) -> Drawing:
    """A snake's blotches: dark saddles with a light rim on scales."""
    cells = rng.uniform(4, 8)
    field = coat(rng, cells, rng.uniform(0.7, 1.3), 6)
    inks = np.digitize(field, (rng.uniform(-0.4, 0), rng.uniform(0.3, 0.6), 1.0)).astype(np.uint8)
    columns = int(rng.integers(24, 44)) // 2 * 2
    near, second, _ = worley(lattice(columns, columns, True), 0.8)
    inks[(second - near) * np.float32(columns) < 0.12] = 0
    return Drawing(inks, SIDE / cells)


def cow(rng: np.random.Generator) -> Drawing:
    """Few large smooth patches."""
    cells = rng.uniform(3, 6)
    field = noise(rng, cells) + noise(rng, cells * 4) * np.float32(0.12)
    return Drawing((field > rng.uniform(0.1, 0.6)).astype(np.uint8), SIDE / cells)


def giraffe(rng: np.random.Generator) -> Drawing:
    """Patches with straight sides, a narrow light net between them."""
    count = int(rng.integers(25, 70))
    near, second, _ = worley(scatter(rng, count, 0.7 / np.sqrt(count)))
    gap = (second - near) * np.float32(np.sqrt(count)) + noise(rng, 30) * np.float32(0.04)
    return Drawing((gap > rng.uniform(0.12, 0.25)).astype(np.uint8), SIDE / np.sqrt(count))


def spotted_coat(rng: np.random.Generator) -> Drawing:
    """Spots that grow together here and there, as on a dalmatian or a hyena."""
    cells = rng.uniform(8, 16)
    field = coat(rng, cells, rng.uniform(0.8, 1.2), 8) + noise(rng, cells / 2) * np.float32(0.3)
    bent = moved((field > rng.uniform(0.5, 0.9)).astype(np.uint8), noise(rng, 30) * 2, noise(rng, 30) * 2)
    return Drawing(bent, SIDE / cells * 1.2)
