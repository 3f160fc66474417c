"""Whether an index agrees with the vectors that it was made from: what each function yields is wrong, for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from engine.errors import CatalogCorruptError
from engine.index import VectorIndex
from engine.indexes import BEHIND
from engine.shards import open_vectors

Ids = NDArray[np.int64]

SAMPLE = 64
"""Rows of an index that are compared with the vectors, drawn by a fixed seed."""
TOLERANCE = MappingProxyType({"ivf-sq8": 0.03, "ivf-rabitq": 0.3})
"""Kind -> how far from 1 an index may score a row with that row itself, for the rounding of its codes."""
OFF = 0.1
"""Share of the sample that may be further off: rows beyond the range that the codes were trained on."""


def unknown_rows(index: VectorIndex, last: int) -> Iterator[str]:
    """Rows may have been compacted away since, however many, but each was once. last: the last region id ever given."""
    unknown = int((index.ids() > last).sum())
    if unknown:
        yield f"{unknown} of its {len(index)} rows were never in the catalog"


def missing_rows(index: VectorIndex, live: Ids) -> Iterator[str]:
    """Rows may be newer than the index, which searches make up for, but no more than indexing leaves.

    Not to be asked when the last indexing was broken off: the next one brings the index up to date. A removal that was
    broken off makes the rows fewer that are live, and the share of them that the index lacks may be any.
    """
    missing = int((~index.covers(live)).sum())
    if missing > BEHIND * max(len(live), len(index) + missing):
        yield f"{missing} of {len(live)} rows are not in it"


def other_rows(index: VectorIndex, have: Ids, shards: Sequence[Path]) -> Iterator[str]:
    """What the index holds of a row is that row: searched for among itself alone, it scores nearly 1.

    have: ids in those of the shards that are sound.
    """
    there = np.intersect1d(index.ids(), have)
    ids = np.sort(np.random.default_rng(0).choice(there, min(SAMPLE, len(there)), replace=False))
    off = 0
    for number, row in _rows(ids, shards):
        score = index.search(row[None], 1, np.array([number])).scores[0, 0]
        off += not abs(score - 1) <= TOLERANCE[index.kind]  # NaN fails this too
    if off > OFF * len(ids):
        yield f"of {len(ids)} rows looked at, {off} are other vectors in it"


def _rows(ids: Ids, shards: Sequence[Path]) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Each of the ids (m,), ascending, with its row, float32 (dim,)."""
    for path in shards:
        with suppress(CatalogCorruptError):  # a broken one holds none of the ids
            shard = open_vectors(path)
            for number, place in zip(*np.intersect1d(ids, shard.ids, return_indices=True)[::2], strict=True):
                yield int(number), shard.vectors[place].astype(np.float32)
