"""The vectors of one space: many shards, seen as one table sorted by region id."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.errors import SpaceError
from engine.shards import VectorShard

CHUNK_ROWS = 16_384


class SpaceVectors:
    """Rows of one space by region id. Removed regions' rows are in it until their shards are compacted.

    ids: int64 (n,), ascending. dim: length of a row.
    """

    def __init__(self, dim: int, shards: Sequence[VectorShard]) -> None:
        self.dim = dim
        self._shards = [shard.vectors for shard in shards]
        ids = np.concatenate([shard.ids for shard in shards]) if shards else np.empty(0, np.int64)
        sizes = [len(shard.ids) for shard in shards]
        number = np.repeat(np.arange(len(shards), dtype=np.int32), sizes)
        row = np.concatenate([np.arange(size, dtype=np.int32) for size in sizes]) if sizes else np.empty(0, np.int32)
        if not np.all(ids[1:] > ids[:-1]):
            order = np.argsort(ids, kind="stable")
            ids, number, row = ids[order], number[order], row[order]
        self.ids: NDArray[np.int64] = ids
        self._number, self._row = number, row

    def __len__(self) -> int:
        """Number of rows, removed regions' included."""
        return len(self.ids)

    def has(self, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of the ids (m,) have a row here, bool (m,)."""
        if not len(self.ids):
            return np.zeros(len(ids), dtype=np.bool_)
        place = np.minimum(np.searchsorted(self.ids, ids), len(self.ids) - 1)
        return np.asarray(self.ids[place] == ids)

    def gather(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """The rows of these ids (m,) in their order, float32 (m, dim). Raises SpaceError when one has no row."""
        if not self.has(ids).all():
            raise SpaceError(f"{int((~self.has(ids)).sum())} of {len(ids)} regions have no vector in this space")
        rows = np.empty((len(ids), self.dim), dtype=np.float32)
        place = np.searchsorted(self.ids, ids)
        number, row = self._number[place], self._row[place]
        for shard in np.unique(number):
            here = np.flatnonzero(number == shard)
            wanted = row[here]
            rows[here] = self._shards[shard][wanted]
        return rows

    def chunks(
        self, ids: NDArray[np.int64] | None = None, rows: int = CHUNK_ROWS
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """All rows, or those of `ids`, a piece at a time: (ids (c,), float32 (c, dim)), c <= rows."""
        wanted = self.ids if ids is None else ids
        for start in range(0, len(wanted), rows):
            part = wanted[start : start + rows]
            yield part, self.gather(part)
