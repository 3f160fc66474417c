"""Putting spaces on one scale: how far the cosines of random pairs spread.

In one space random photos may lie within 0.1 of each other's cosine and in another within 0.3; added as they are, the
second would decide alone. Dividing by the spread gives equal weights an equal say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select, update

from engine import schema
from engine.snapshot import Reader, Snapshot

if TYPE_CHECKING:
    from engine.writer import Writer

SAMPLE_ROWS = 2_000
PAIRS = 20_000
GROWTH = 2.0
"""Measured anew when a space has this many times the rows it had."""
LEAST_SPREAD = 1e-4
"""Below it all rows are alike and dividing by the spread would only magnify rounding."""


def measure(snapshot: Snapshot, name: str, seed: int = 0) -> tuple[float, float] | None:
    """Mean and standard deviation of the cosine of random pairs of live rows; None when all rows are alike, or one."""
    vectors = snapshot.vectors(name)
    ids = snapshot.region_ids[vectors.has(snapshot.region_ids)]
    draw = np.random.default_rng(seed)
    if len(ids) > SAMPLE_ROWS:
        ids = np.sort(draw.choice(ids, SAMPLE_ROWS, replace=False))
    rows = vectors.gather(ids)
    one, other = np.triu_indices(len(rows), 1) if len(rows) ** 2 < 2 * PAIRS else _pairs(len(rows), draw)
    if not len(one):
        return None
    pieces = np.array_split(np.arange(len(one)), 16)  # a piece of rows at a time, to bound memory
    cosines = np.concatenate([np.vecdot(rows[one[piece]], rows[other[piece]]) for piece in pieces])
    mean, spread = float(cosines.mean(dtype=np.float64)), float(cosines.std(dtype=np.float64))
    return (mean, spread) if spread > LEAST_SPREAD else None


def _pairs(rows: int, draw: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    one = draw.integers(0, rows, PAIRS)
    return one, (one + draw.integers(1, rows, PAIRS)) % rows  # never a row with itself


def spread_of(snapshot: Snapshot, name: str) -> float:
    """The spread kept with the space; measured now where none is kept yet, 1 where there is nothing to measure."""
    kept = snapshot.space(name).pair_spread
    if kept is not None and kept > LEAST_SPREAD:
        return kept
    found = measure(snapshot, name)
    return found[1] if found else 1.0


def mean_of(snapshot: Snapshot, name: str) -> float:
    """The mean cosine of random pairs kept with the space; measured now where none is kept, 0 where none can be."""
    kept = snapshot.space(name).pair_mean
    if kept is not None:
        return kept
    found = measure(snapshot, name)
    return found[0] if found else 0.0


def update_scales(writer: Writer) -> list[str]:
    """Measure the spaces that need it (none kept, or rows doubled since) and keep the figures; their names."""
    snapshot = Reader(writer.store).snapshot()
    space = schema.space
    with writer.database.read() as connection:
        kept = {row.id: row.pair_rows for row in connection.execute(select(space.c.id, space.c.pair_rows))}
    found = {}
    for name, there in snapshot.spaces.items():
        rows = int(snapshot.vectors(name).has(snapshot.region_ids).sum())
        before = kept[there.id]
        if before is not None and rows < GROWTH * before:
            continue
        measured = measure(snapshot, name)
        if measured is not None:
            found[name] = {"pair_mean": measured[0], "pair_spread": measured[1], "pair_rows": rows}
    if found:
        with writer.change() as connection:
            for name, figures in found.items():
                connection.execute(update(space).where(space.c.id == snapshot.spaces[name].id).values(**figures))
    return sorted(found)
