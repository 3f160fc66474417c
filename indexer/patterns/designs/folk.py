"""Ikat, bands of tribal figures, and paisley."""

from __future__ import annotations

import numpy as np

from indexer.patterns.designs.fields import (
    SIDE,
    Drawing,
    Floats,
    Inks,
    Painter,
    Points,
    band,
    blob,
    grid,
    lattice,
    noise,
    off,
    petal,
    placed,
    ring,
    scatter,
)


def _feathered(inks: Inks, rng: np.random.Generator) -> Inks:
    """Each warp thread slips along by chance before weaving, neighbours together: the edges of ikat."""
    thread = int(rng.integers(2, 6))
    slip = np.repeat(rng.normal(0, rng.uniform(4, 11), SIDE // thread + 1), thread)[:SIDE]
    bundle = np.repeat(rng.normal(0, rng.uniform(3, 9), SIDE // (thread * 6) + 1), thread * 6)[:SIDE]
    down = (slip + bundle)[None] + noise(rng, 40, 6) * np.float32(rng.uniform(1, 5))
    columns = np.broadcast_to(np.arange(SIDE)[None], (SIDE, SIDE))
    rows = (np.arange(SIDE)[:, None] + np.rint(down).astype(np.intp)) % SIDE
    return inks[rows, columns]


def _levels(field: Floats, rng: np.random.Generator, inks: int) -> Inks:
    """A field cut into as many bands, neighbours in different inks."""
    cuts = np.sort(rng.uniform(0.08, 0.92, inks + int(rng.integers(0, 2))))
    return (np.digitize(field, np.quantile(field[::8, ::8], cuts)) % (inks + 1)).astype(np.uint8)


def ikat_diamonds(rng: np.random.Generator) -> Drawing:
    """Nested diamonds with feathered edges."""
    u, v = grid()
    across, down = int(rng.integers(2, 6)), int(rng.integers(1, 5))
    field = off(u * np.float32(across)) + off(v * np.float32(down)) * np.float32(rng.uniform(0.8, 1.2))
    return Drawing(_feathered(_levels(field, rng, int(rng.integers(1, 5))), rng), SIDE / max(across, down))


def ikat_zigzag(rng: np.random.Generator) -> Drawing:
    """Zigzags with feathered edges."""
    u, v = grid()
    across, down = int(rng.integers(2, 6)), int(rng.integers(2, 6))
    field = (v * np.float32(down) + off(u * np.float32(across)) * np.float32(rng.uniform(0.6, 2))) % 1
    return Drawing(_feathered(_levels(field, rng, int(rng.integers(1, 5))), rng), SIDE / max(across, down))


def ikat_ogees(rng: np.random.Generator) -> Drawing:
    """Pointed ovals, one within another, with feathered edges."""
    u, v = grid()
    across, down = int(rng.integers(2, 5)), int(rng.integers(1, 4))
    wave = np.cos(2 * np.pi * across * u) * np.float32(rng.uniform(0.8, 1.4)) + np.cos(2 * np.pi * down * v)
    field = np.abs(wave) if rng.random() < 0.5 else wave
    return Drawing(_feathered(_levels(field, rng, int(rng.integers(2, 5))), rng), SIDE / max(across, down))


def ikat_drops(rng: np.random.Generator) -> Drawing:
    """Long drops and dashes along the threads, feathered."""
    painter, columns = Painter(), int(rng.integers(4, 8))
    for number, point in enumerate(lattice(columns, max(2, columns // 2), True)):
        for ink, size in enumerate(np.linspace(0.45, 0.12, int(rng.integers(1, 4)))):
            painter.polygon(placed(ring(20) * (1, rng.uniform(1.4, 2)), point, size / columns), 1 + (ink + number) % 3)
    return Drawing(_feathered(painter.inks(), rng), SIDE / columns)


def _tribal_band(rng: np.random.Generator, inks: Inks, top: int, height: int, colours: int) -> None:
    """One band of figures painted into rows of a tile."""
    part = inks[top : top + height]
    rows = len(part)
    if rows == 0:
        return
    x = (np.arange(SIDE, dtype=np.float32)[None] + np.float32(0.5)) / SIDE
    y = (np.arange(rows, dtype=np.float32)[:, None] + np.float32(0.5)) / height
    ground, ink = (int(value) for value in rng.choice(colours + 1, 2, replace=False))
    count = max(1, round(SIDE / height * rng.choice([0.5, 1.0, 1.0, 2.0])))
    t = np.asarray(x * count, np.float32)
    saw = 2 * off(t)
    kind = int(rng.integers(0, 9))
    part[:] = ground
    if kind == 0:
        figure = np.abs(y - np.float32(0.2) - np.float32(0.6) * saw) < rng.uniform(0.1, 0.2)
    elif kind == 1:
        figure = y > saw
    elif kind == 2:
        figure = saw + np.abs(2 * y - 1) < rng.uniform(0.6, 1.0)
    elif kind == 3:
        edge = saw + np.abs(2 * y - 1)
        figure = (edge < 1) & ((edge < 0.35) | (edge > 0.65))
    elif kind == 4:
        figure = np.floor(saw * 4) / 4 + np.floor(np.abs(2 * y - 1) * 4) / 4 < 0.85
    elif kind == 5:
        figure = (np.abs(t % 1 - 0.5) < 0.3) & (np.abs(y - 0.5) < 0.3)
    elif kind == 6:
        figure = np.hypot(off(t), (y - np.float32(0.5)) * height * count / SIDE) < rng.uniform(0.2, 0.4)
    elif kind == 7:
        figure = (np.floor(t * 2) % 2 == 0) ^ (y > 0.5)
    else:
        figure = np.abs(y - 0.5) < rng.uniform(0.15, 0.5) + 0 * x
    part[np.broadcast_to(figure, part.shape)] = ink
    if kind in (1, 2, 4) and rng.random() < 0.5:
        inner = saw + np.abs(2 * y - 1) < 0.3
        part[np.broadcast_to(inner, part.shape)] = int(rng.integers(0, colours + 1))


def tribal_bands(rng: np.random.Generator) -> Drawing:
    """Bands of zigzags, triangles, diamonds and steps, one under another, between lines."""
    inks, colours = np.zeros((SIDE, SIDE), np.uint8), int(rng.integers(1, 6))
    top, heights = 0, []
    while top < SIDE:
        height = int(rng.choice([10, 18, 44, 64, 90]))
        _tribal_band(rng, inks, top, height, colours)
        line = int(rng.integers(0, 8))
        inks[top + height : top + height + line] = int(rng.integers(0, colours + 1))
        top += height + line
        heights.append(height)
    return Drawing(inks, float(np.mean([height for height in heights if height > 30] or [64])))


def kilim(rng: np.random.Generator) -> Drawing:
    """Stepped diamonds within each other, as of a woven rug."""
    u, v = grid()
    across, down = int(rng.integers(1, 5)), int(rng.integers(1, 5))
    steps = int(rng.integers(10, 22))
    x = np.floor(off(u * np.float32(across)) * 2 * steps) / steps
    y = np.floor(off(v * np.float32(down)) * 2 * steps) / steps
    inks = _levels((x + y * np.float32(rng.choice([0.5, 1.0, 2.0]))).astype(np.float32), rng, int(rng.integers(2, 6)))
    if rng.random() < 0.5:
        place = np.arange(SIDE) * 64 // SIDE
        inks[(place[:, None] + place[None]) % 8 == 0] = 0
    return Drawing(inks, SIDE / max(across, down))


def aztec(rng: np.random.Generator) -> Drawing:
    """Rows of figures on a coarse grid, mirrored left and right."""
    cells = int(rng.integers(16, 40))
    half = np.zeros((cells, cells // 2), np.uint8)
    colours = int(rng.integers(1, 5))
    row = 0
    while row < cells:
        height = int(rng.integers(2, 8))
        slope, start, ink = rng.choice([-2, -1, 1, 2]), rng.integers(0, cells // 2), int(rng.integers(1, colours + 1))
        period = int(rng.choice([4, 6, 8, cells // 2]))
        for y in range(min(height, cells - row)):
            x = (np.arange(cells // 2) + start + slope * y) % period
            half[row + y, x < period // 2] = ink
        row += height + int(rng.integers(0, 3))
    cell = np.concatenate([half, half[:, ::-1]], 1)
    if rng.random() < 0.5:
        cell = np.concatenate([cell, cell[::-1]])
    across = np.arange(SIDE) * cell.shape[1] // SIDE
    down = np.arange(SIDE) * cell.shape[0] // SIDE
    return Drawing(cell[np.ix_(down, across)], SIDE / 5)


def medallions(rng: np.random.Generator) -> Drawing:
    """Round ornaments of rings, petals and dots, set in rows, as on Indian or African prints."""
    columns = int(rng.integers(2, 5))
    painter = Painter()
    parts = [
        (float(size), int(rng.integers(0, 4)), int(rng.choice([6, 8, 12, 16]))) for size in np.linspace(0.5, 0.1, 6)
    ]
    inks = rng.permutation(6) + 1
    for point in lattice(columns, columns, rng.random() < 0.5):
        for number, (size, kind, count) in enumerate(parts):
            ink = int(inks[number])
            if kind == 0:
                painter.polygon(placed(ring(32), point, size / columns), ink)
            elif kind == 1:
                painter.polygon(placed(ring(count, inner=0.75), point, size / columns), ink)
            else:
                for turn in np.linspace(0, 2 * np.pi, count, endpoint=False):
                    at = point + np.array([np.cos(turn), np.sin(turn)]) * size / columns * 0.8
                    shape = petal(0.35, 0) * 0.6 - (0.3, 0) if kind == 2 else ring(10) * 0.3
                    painter.polygon(placed(shape, at, size / columns * 0.6, turn), ink)
    return Drawing(painter.inks(), SIDE / columns / 1.5)


def _drop(corners: int = 36) -> Points:
    """A boteh: a round body whose tip curls to one side, about 1 long."""
    t = np.linspace(0, 1, corners)
    spine = np.stack([0.55 * np.sin(1.9 * t**1.3) * t, -1.05 * t + 0.28 * t**3], 1)
    across = np.stack([-np.gradient(spine[:, 1]), np.gradient(spine[:, 0])], 1)
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    width = (0.42 * np.sqrt(1 - t) * (1 - 0.25 * t))[:, None]
    arc = np.linspace(0, np.pi, 18)[:, None]
    one, other = spine + across * width, spine - across * width
    bottom = spine[0] + np.cos(arc) * (other[0] - spine[0]) + np.sin(arc) * np.array([0.0, 0.42])
    return np.asarray(np.concatenate([one, other[::-1], bottom]) + np.array([0, 0.3]))


def paisley(rng: np.random.Generator) -> Drawing:
    """Bent drops with inner drops, beads and seeds, among small flowers."""
    count = int(rng.integers(7, 26))
    apart, painter, shape = 0.8 / np.sqrt(count), Painter(), _drop()
    facing, spread = rng.uniform(0, 7), float(rng.choice([0.3, 3]))
    nested = np.linspace(1, 0.3, int(rng.integers(2, 6)))
    beads, places = rng.random() < 0.7, scatter(rng, count, apart)
    for number, place in enumerate(places):
        size, angle = apart * rng.uniform(0.58, 0.85), facing + np.pi * (number % 2) + rng.normal(0, spread)
        flip = np.array([-1.0 if number % 2 else 1.0, 1.0])
        if beads:
            for bead in placed(shape * flip * 1.18, place, size, angle)[::4]:
                painter.polygon(placed(ring(8), bead, size * 0.055), 3)
        for depth, scale in enumerate(nested):
            painter.polygon(placed(shape * flip * scale + (0, 0.12 * (1 - scale)), place, size, angle), 1 + depth % 4)
        heart = placed(np.array([[0.0, 0.3]]), place, size, angle)[0]
        for turn in np.linspace(0, 2 * np.pi, 6)[:5]:
            painter.polygon(placed(petal(0.4, 0), heart, size * 0.17, turn), 5)
    for place in scatter(rng, count * 4, apart * 0.4):
        gap = places - place
        gap -= np.rint(gap)
        if (gap**2).sum(1).min() > (0.62 * apart) ** 2:
            for turn in np.linspace(0, 2 * np.pi, 6)[:5]:
                painter.polygon(placed(petal(0.4, 0), place, apart * 0.1, turn), 1 + int(rng.integers(0, 4)))
    return Drawing(painter.inks(), SIDE * apart)


def bandana(rng: np.random.Generator) -> Drawing:
    """Drops and dots in rows, white on one colour, as on a neckerchief."""
    columns = int(rng.integers(3, 6))
    painter, shape = Painter(), _drop()
    for number, point in enumerate(lattice(columns, columns, True)):
        angle = (0, np.pi / 2, np.pi, 3 * np.pi / 2)[number % 4]
        for scale, ink in ((1, 1), (0.78, 0), (0.56, 1), (0.3, 0)):
            painter.polygon(placed(shape * scale, point, 0.36 / columns, angle), ink)
        for turn in np.linspace(0, 2 * np.pi, 9)[:8]:
            at = point + np.array([np.cos(turn), np.sin(turn)]) * 0.52 / columns
            painter.polygon(placed(blob(rng, 0.05, 10), at, 0.045 / columns), 1)
    return Drawing(painter.inks(), SIDE / columns)


def batik(rng: np.random.Generator) -> Drawing:
    """Wax-resist cloth: figures with cracks through them."""
    u, v = grid()
    count = int(rng.integers(3, 7))
    field = np.cos(2 * np.pi * count * u) * np.cos(2 * np.pi * count * v) + noise(rng, 8) * np.float32(0.15)
    inks = np.digitize(field, np.sort(rng.uniform(-0.7, 0.7, 2))).astype(np.uint8)
    inks[np.abs(noise(rng, 18)) < 0.05] = 3
    inks[band(u * np.float32(count) + v * np.float32(count), 0.04)] = 3
    return Drawing(inks, SIDE / count)
