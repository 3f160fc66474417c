"""Striped designs."""

from __future__ import annotations

import numpy as np

from indexer.patterns.designs.fields import SIDE, Drawing, Inks, band, grid, noise


def even(rng: np.random.Generator) -> Drawing:
    """Two colours in turn, as wide as each other or nearly."""
    u, _ = grid()
    count = int(rng.integers(5, 12))
    return Drawing(band(u * np.float32(count), rng.uniform(0.35, 0.6)).astype(np.uint8), SIDE / count)


def pin(rng: np.random.Generator) -> Drawing:
    """Thin lines far apart, single or in pairs."""
    u, _ = grid()
    count = int(rng.integers(7, 14))
    t = u * np.float32(count)
    inks = band(t, rng.uniform(0.06, 0.18)).astype(np.uint8)
    if rng.random() < 0.4:
        inks[band(t + np.float32(rng.uniform(0.15, 0.3)), 0.07)] = int(rng.integers(1, 3))
    return Drawing(inks, SIDE / count)


def breton(rng: np.random.Generator) -> Drawing:
    """Bands about a third as wide as the ground between them."""
    u, _ = grid()
    count = int(rng.integers(5, 11))
    return Drawing(band(u * np.float32(count), rng.uniform(0.2, 0.34)).astype(np.uint8), SIDE / count)


def sett_line(rng: np.random.Generator, bands: int, inks: int, narrow: float = 0.2) -> Inks:
    """Inks of a row of bands of random width, symmetric half the time: uint8 (SIDE,)."""
    widths = rng.uniform(narrow, 1, bands) ** 2
    colours = [0]
    while len(colours) < bands:
        colours.append(int(rng.choice([ink for ink in range(inks) if ink != colours[-1]])))
    if rng.random() < 0.5:
        widths, colours = np.concatenate([widths, widths[::-1]]), colours + colours[::-1]
    ends = np.cumsum(widths) / widths.sum() * SIDE
    return np.asarray(
        np.array(colours, np.uint8)[np.searchsorted(ends, np.arange(SIDE), side="right").clip(0, len(colours) - 1)]
    )


def multi(rng: np.random.Generator) -> Drawing:
    """Bands of many colours and widths."""
    bands, repeats = int(rng.integers(4, 10)), int(rng.integers(1, 5))
    line = sett_line(rng, bands, int(rng.integers(3, 7)))[(np.arange(SIDE) * repeats) % SIDE]
    return Drawing(np.broadcast_to(line, (SIDE, SIDE)).copy(), 2 * SIDE / (bands * repeats))


def ticking(rng: np.random.Generator) -> Drawing:
    """A band with thin lines at its sides."""
    u, _ = grid()
    count = int(rng.integers(4, 9))
    t = u * np.float32(count)
    inks = band(t, rng.uniform(0.15, 0.35)).astype(np.uint8)
    gap = rng.uniform(0.24, 0.34)
    for side in (-gap, gap):
        inks[band(t + np.float32(side), 0.05)] = 2 if rng.random() < 0.3 else 1
    return Drawing(inks, SIDE / count)


def sketched(rng: np.random.Generator) -> Drawing:
    """Stripes painted by hand: their edges wander and their width too."""
    u, _ = grid()
    count = int(rng.integers(5, 11))
    edge = noise(rng, 14, 0.3) * np.float32(0.05) + noise(rng, 60) * np.float32(0.02)
    swell = noise(rng, 4, 0.5) * np.float32(rng.uniform(0, 0.05))
    from_middle = np.abs((u * np.float32(count) + swell) % 1 - np.float32(0.5))
    return Drawing((from_middle + edge < rng.uniform(0.14, 0.27)).astype(np.uint8), SIDE / count)


def ombre(rng: np.random.Generator) -> Drawing:
    """Bands that fade into the ground, by thinning threads."""
    u, _ = grid()
    count = int(rng.integers(3, 7))
    thread = rng.random(SIDE).astype(np.float32)[None]
    fade = (u * np.float32(count)) % 1
    return Drawing((fade > thread * np.float32(rng.uniform(0.6, 1.0))).astype(np.uint8), SIDE / count)


def wavy(rng: np.random.Generator) -> Drawing:
    """Stripes that run in waves."""
    u, v = grid()
    count, waves = int(rng.integers(6, 11)), int(rng.integers(2, 5))
    height = np.float32(rng.uniform(0.25, 0.6) / waves * count / 4)
    bend = height * np.sin(np.float32(2 * np.pi * waves) * v)
    return Drawing(band(u * np.float32(count) + bend, rng.uniform(0.3, 0.55)).astype(np.uint8), SIDE / count)
