"""Checked designs: stripes that cross."""

from __future__ import annotations

import numpy as np

from indexer.patterns.designs.fields import SIDE, Drawing, Inks, band, grid, noise, off
from indexer.patterns.designs.stripes import sett_line


def gingham(rng: np.random.Generator) -> Drawing:
    """Even stripes both ways: ground, half tone and full tone."""
    u, v = grid()
    count = int(rng.integers(6, 14))
    duty = rng.uniform(0.42, 0.55)
    across, down = (band(t * np.float32(count), duty).astype(np.uint8) for t in (u, v))
    return Drawing(_mixed(across, down, rng), SIDE / count)


def buffalo(rng: np.random.Generator) -> Drawing:
    """Large squares of two colours, as of a lumberjack's shirt, mixed where they meet."""
    u, v = grid()
    count = int(rng.integers(3, 6))
    across, down = (band(t * np.float32(count), 0.5).astype(np.uint8) for t in (u, v))
    return Drawing(_mixed(across, down, rng), SIDE / count)


def _mixed(warp: Inks, weft: Inks, rng: np.random.Generator) -> Inks:
    """Threads of warp and weft in a fine twill, so that crossing colours mix; seen from afar an even blend."""
    thread = int(rng.choice([1, 1, 2, 4]))
    rows, columns = np.mgrid[0:SIDE, 0:SIDE] // thread
    return np.where((rows + columns) % 4 < 2, warp, weft)


def tartan(rng: np.random.Generator) -> Drawing:
    """One sett of many bands, the same both ways, in a twill."""
    bands, repeats = int(rng.integers(4, 8)), int(rng.integers(1, 4))
    line = sett_line(rng, bands, int(rng.integers(3, 6)), 0.1)[(np.arange(SIDE) * repeats) % SIDE]
    warp, weft = np.broadcast_arrays(line[None], line[:, None])
    return Drawing(_mixed(warp, weft, rng), SIDE / repeats / 2.5)


def madras(rng: np.random.Generator) -> Drawing:
    """Two different setts, one each way."""
    repeats = int(rng.integers(1, 4))
    inks = int(rng.integers(3, 7))
    place = (np.arange(SIDE) * repeats) % SIDE
    one, other = (sett_line(rng, int(rng.integers(3, 8)), inks)[place] for _ in range(2))
    warp, weft = np.broadcast_arrays(one[None], other[:, None])
    return Drawing(_mixed(warp, weft, rng), SIDE / repeats / 2.5)


def windowpane(rng: np.random.Generator) -> Drawing:
    """Thin lines that cross on a plain ground."""
    u, v = grid()
    count = int(rng.integers(4, 10))
    width = rng.uniform(0.04, 0.16)
    inks = (band(u * np.float32(count), width) | band(v * np.float32(count), width)).astype(np.uint8)
    if rng.random() < 0.5:
        shift, second = np.float32(rng.uniform(0.2, 0.5)), int(rng.integers(1, 3))
        inks[band(u * np.float32(count) + shift, width * 0.7) | band(v * np.float32(count) + shift, width * 0.7)] = (
            second
        )
    return Drawing(inks, SIDE / count)


def chessboard(rng: np.random.Generator) -> Drawing:
    """Squares in turn."""
    u, v = grid()
    count = int(rng.integers(4, 9))
    inks = band(u * np.float32(count), 0.5) ^ band(v * np.float32(count), 0.5)
    return Drawing(inks.astype(np.uint8), SIDE / count)


def glen(rng: np.random.Generator) -> Drawing:
    """Glen plaid: blocks of fine checks beside blocks of fine stripes, with a wide thin check over them."""
    repeats = int(rng.integers(2, 4))
    threads = 16 * int(rng.integers(2, 4))
    place = np.arange(SIDE) * repeats * threads // SIDE
    line = np.where((place % threads) < threads // 2, (place // 2) % 2, (place // 4) % 2).astype(np.uint8)
    rows, columns = np.meshgrid(place, place, indexing="ij")
    inks = np.where((rows + columns) % 4 < 2, line[None], line[:, None]).astype(np.uint8)
    if rng.random() < 0.6:
        u, v = grid()
        inks[band(u * np.float32(repeats), 0.03) | band(v * np.float32(repeats), 0.03)] = 2
    return Drawing(inks, SIDE / repeats / 2)


def painted(rng: np.random.Generator) -> Drawing:
    """A check drawn by hand: lines that wander and cross."""
    u, v = grid()
    count = int(rng.integers(4, 9))
    inks = np.zeros((SIDE, SIDE), np.uint8)
    for ink, t in enumerate((u, v)):
        wander = noise(rng, 5) * np.float32(0.05) + noise(rng, 40) * np.float32(0.02)
        inks[off(t * np.float32(count) + wander) < rng.uniform(0.05, 0.18)] = 1 + ink * int(rng.random() < 0.4)
    return Drawing(inks, SIDE / count)


def houndstooth(rng: np.random.Generator) -> Drawing:
    """Four dark and four light threads both ways in a 2/2 twill: broken checks with teeth."""
    count = int(2 ** rng.integers(2, 5))
    place = np.arange(SIDE) * count * 8 // SIDE
    rows, columns = np.meshgrid(place, place, indexing="ij")
    dark = (place // 4) % 2
    inks = np.where((rows + columns) % 4 < 2, dark[None], dark[:, None]).astype(np.uint8)
    return Drawing(inks, SIDE / count)
