"""The vectors of one space: many shards, seen as one table sorted by region id."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import SpaceError
from engine.shards import VectorShard

CHUNK_ROWS = 16_384
_HALF_BITS = np.int32(-0x70002000)  # of a float32: the sign, and the 15 bits that a float16 fills after a shift by 13
_HALF_SCALE = np.float32(2.0**112)  # the exponent of a float32 is biased by 127, that of a float16 by 15


class SpaceVectors:
    """Rows of one space by region id. Removed regions' rows are in it until their shards are compacted.

    ids: int64 (n,), ascending. dim: length of a row.
    """

    def __init__(self, dim: int, shards: Sequence[VectorShard]) -> None:
        self.dim = dim
        self._shards = shards
        for shard in shards:
            shard.require_whole()
        ids = np.concatenate([shard.ids for shard in shards]) if shards else np.empty(0, np.int64)
        sizes = [len(shard.ids) for shard in shards]
        number = np.repeat(np.arange(len(shards), dtype=np.int32), sizes)
        row = np.concatenate([np.arange(size, dtype=np.int32) for size in sizes]) if sizes else np.empty(0, np.int32)
        if not np.all(ids[1:] > ids[:-1]):
            order = np.argsort(ids, kind="stable")
            ids, number, row = ids[order], number[order], row[order]
        self.ids: NDArray[np.int64] = ids
        self._number, self._row = number, row
        # Ids count up from 1, so a table with a place for every id stays small; -1: the id has no row here.
        self._place_of = np.full(int(ids[-1]) + 1 if len(ids) else 1, -1, dtype=np.int32)
        self._place_of[ids] = np.arange(len(ids), dtype=np.int32)

    def __len__(self) -> int:
        """Number of rows, removed regions' included."""
        return len(self.ids)

    def has(self, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of the ids (m,) have a row here, bool (m,)."""
        return self._places(ids) >= 0

    def _places(self, ids: NDArray[np.int64]) -> NDArray[np.int32]:
        if not len(ids) or (ids.min() >= 0 and ids.max() < len(self._place_of)):
            return self._place_of[ids]
        inside = (ids >= 0) & (ids < len(self._place_of))
        return np.where(inside, self._place_of[np.where(inside, ids, 0)], np.int32(-1))

    def gather(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """The rows of these ids (m,) in their order, float32 (m, dim).

        Raises SpaceError when one has no row, CatalogCorruptError when a file that has one was cut short.
        """
        place = self._places(ids)
        if len(place) and place.min() < 0:
            raise SpaceError(f"{int((place < 0).sum())} of {len(ids)} regions have no vector in this space")
        rows = np.empty((len(ids), self.dim), dtype=np.float32)
        for start in range(0, len(ids), CHUNK_ROWS):
            part = place[start : start + CHUNK_ROWS]
            _widen(self._halves(self._number[part], self._row[part]), rows[start : start + CHUNK_ROWS])
        return rows

    def _halves(self, number: NDArray[np.int32], row: NDArray[np.int32]) -> NDArray[np.float16]:
        """Rows (m, dim), m > 0, by shard and row; not copied where they are a run of one shard."""
        if number[0] == number[-1] and np.all(number == number[0]):
            return self._of_shard(int(number[0]), row)
        found = np.empty((len(number), self.dim), dtype=np.float16)
        order = None
        if not np.all(number[1:] >= number[:-1]):
            order = np.argsort(number, kind="stable")
            number, row = number[order], row[order]
        ends = [*(np.flatnonzero(number[1:] != number[:-1]) + 1).tolist(), len(number)]
        start = 0
        for end in ends:
            part = slice(start, end) if order is None else order[start:end]
            found[part] = self._of_shard(int(number[start]), row[start:end])
            start = end
        return found

    def _of_shard(self, number: int, row: NDArray[np.int32]) -> NDArray[np.float16]:
        shard = self._shards[number]
        shard.require_whole()
        found: NDArray[np.float16] = shard.vectors[_as_slice(row)]
        return found

    def chunks(
        self, ids: NDArray[np.int64] | None = None, rows: int = CHUNK_ROWS
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """All rows, or those of `ids`, a piece at a time: (ids (c,), float32 (c, dim)), c <= rows."""
        wanted = self.ids if ids is None else ids
        for start in range(0, len(wanted), rows):
            part = wanted[start : start + rows]
            yield part, self.gather(part)


def _as_slice(places: NDArray[Any]) -> slice | NDArray[Any]:
    """The same places (m,) as a slice where they are a run, so that nothing is copied to get at them."""
    first, last = int(places[0]), int(places[-1])
    if last - first == len(places) - 1 and np.all(places[1:] > places[:-1]):
        return slice(first, last + 1)
    return places


def _widen(halves: NDArray[np.float16], out: NDArray[np.float32]) -> None:
    """float16 (n, dim) to float32 `out` (n, dim), exactly; some six times as fast as NumPy's own conversion.

    The bits of a float16 are shifted to where a float32 has them, and the exponent's other bias is multiplied away.
    Holds for all finite numbers; rows have unit length, so there are no others. After F. Giesen, "half_to_float_fast5",
    2012 (https://gist.github.com/rygorous/2144712).
    """
    bits = out.view(np.int32)
    bits[...] = halves.view("<i2")
    np.left_shift(bits, 13, out=bits)
    np.bitwise_and(bits, _HALF_BITS, out=bits)
    np.multiply(out, _HALF_SCALE, out=out)
