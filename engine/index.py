"""VectorIndex: the only code that talks to FAISS.

An inverted file (IVF): rows are gathered around centroids, a query reads the nearest cells only. Rows are held as short
codes, so scores are approximate; `engine.shortlist` compares the best again with the rows themselves.

What FAISS does without saying so, and what is done about it here: float64 and wrong shapes fail without a message
(checked before); fewer rows than asked for come back as id -1 (kept, with score -inf); IDSelectorArray stops at the
first id out of range (a bitmap is used instead); a SearchParameters may not be shared by threads (made for each
search); native GPU indexes ignore selectors (every kind here is a CPU kind).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from engine.errors import CatalogCorruptError, SpaceError
from engine.vectors import SpaceVectors

Ids = NDArray[np.int64]

KINDS: Mapping[str, str] = MappingProxyType({"ivf-sq8": "SQ8", "ivf-rabitq": "RaBitQ"})
"""Kind -> FAISS's name of the code: a byte a dimension, or a bit (Gao and Long, "RaBitQ", SIGMOD 2024).

`indexes.kind_for` picks the first; the second is a quarter of its size and too rough, as the benchmark shows.
"""
CELLS = 4.0
"""Number of cells: this times the square root of the number of rows."""
TRAIN_ROWS_PER_CELL = 39  # fewer and FAISS warns of poor centroids
TRAIN_ROWS = 200_000
READ_BYTES = 1 << 20
NEAREST_CELLS = 256
"""Cells put in order at first: most searches read fewer."""


@dataclass(frozen=True, eq=False)
class Found:
    """The nearest of each query, best first. scores: float32 (q, k), ids: int64 (q, k); -inf and -1 where none is."""

    scores: NDArray[np.float32]
    ids: Ids


@dataclass(frozen=True, eq=False)
class Subset:
    """Ids that a search may answer with, made ready by `VectorIndex.subset` to be searched several times.

    size: how many of them the index holds. per_cell: int64 (cells,), how many in each cell. member: one bit an id.
    """

    size: int
    per_cell: NDArray[np.int64]
    member: NDArray[np.uint8]


class Walk:
    """One query's way through the cells, nearest first; `VectorIndex.walk` makes it.

    Where to stop is counted in allowed rows, not in cells, so that a filter whose rows lie far from the query is
    searched as well as any other.
    """

    def __init__(
        self, index: Any, query: NDArray[np.float32], cells: Ids, near: NDArray[np.float32], allowed: Subset, all_: bool
    ) -> None:
        self._index, self._query, self._allowed = index, query, allowed
        self._unordered = cells, near
        self._member = None if all_ else allowed.member
        self._read = 0  # cells
        self._put_in_order(NEAREST_CELLS)

    def _put_in_order(self, count: int) -> None:
        """The nearest `count` cells at least, where the rest may not be needed. More are the same, and then others."""
        cells, near = self._unordered
        if count < len(cells):
            # With all that are as near as the last, so that a longer order begins with this one.
            first = np.flatnonzero(near >= np.partition(near, len(near) - count)[len(near) - count])
            cells, near = cells[first], near[first]
        order = np.argsort(-near, kind="stable")
        self._cells, self._near = cells[order], near[order]
        self._rows = np.cumsum(self._allowed.per_cell[self._cells])

    @property
    def compared(self) -> int:
        """The allowed rows of the cells read so far."""
        return int(self._rows[self._read - 1]) if self._read else 0

    @property
    def ended(self) -> bool:
        """Whether every cell was read."""
        return self._read == len(self._unordered[0])

    def read(self, rows: int, k: int) -> tuple[NDArray[np.float32], Ids]:
        """Go on until at least `rows` allowed rows, or all, were compared since the start.

        The scores (m,) and ids (m,) of the best of the cells now read, best first; m <= k.
        """
        if len(self._cells) < len(self._unordered[0]) and self._rows[-1] < rows:
            self._put_in_order(len(self._unordered[0]))
        start, stop = self._read, min(int(np.searchsorted(self._rows, rows)) + 1, len(self._cells))
        if stop <= start or k < 1:
            return np.empty(0, np.float32), np.empty(0, np.int64)
        faiss = _faiss()
        depth = min(k, int(self._rows[stop - 1]) - self.compared)
        self._read = stop
        selector = None if self._member is None else faiss.IDSelectorBitmap(self._member)
        parameters = faiss.SearchParametersIVF(nprobe=stop - start, sel=selector)
        scores, ids = np.empty(depth, np.float32), np.empty(depth, np.int64)
        arrays = [faiss.swig_ptr(array) for array in (self._cells[start:stop], self._near[start:stop], scores, ids)]
        # FAISS's Python layer takes no parameters here.
        self._index.search_preassigned_c(1, faiss.swig_ptr(self._query), depth, *arrays, False, parameters)
        real = ids >= 0
        return scores[real], ids[real]


class VectorIndex:
    """Rows of one space by region id, searched by inner product. Safe to search from several threads at once."""

    def __init__(self, kind: str, index: Any) -> None:
        self.kind = kind
        self.dim = int(index.d)
        self._index = index
        # Given an array to fill: where pytorch-metric-learning was imported, FAISS returns torch tensors.
        self._centroids = np.empty((index.nlist, self.dim), np.float32)
        index.quantizer.reconstruct_n(0, index.nlist, self._centroids)
        self._read_cells()

    def _read_cells(self) -> None:
        faiss = _faiss()
        lists = self._index.invlists
        sizes = [lists.list_size(cell) for cell in range(self._index.nlist)]
        parts = [faiss.rev_swig_ptr(lists.get_ids(cell), size).copy() for cell, size in enumerate(sizes) if size]
        ids = np.concatenate([np.empty(0, np.int64), *parts])
        # Ids count up from 1, so a table with a place for every id stays small; -1: the id has no row here.
        self._cell_of = np.full(int(ids.max(initial=0)) + 1, -1, dtype=np.int32)
        self._cell_of[ids] = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
        self._rows = len(ids)

    @staticmethod
    def build(vectors: SpaceVectors, kind: str = "ivf-sq8", seed: int = 0, ids: Ids | None = None) -> VectorIndex:
        """An index of all rows, or of those of `ids`; at least one. The seed decides the centroids.

        Raises SpaceError for an unknown kind or no rows.
        """
        faiss = _faiss()
        wanted = vectors.ids if ids is None else ids
        if kind not in KINDS:
            raise SpaceError(f"there is no index kind '{kind}': it is one of {', '.join(KINDS)}")
        if not len(wanted):
            raise SpaceError("an index needs at least one row")
        cells = max(1, min(int(CELLS * math.sqrt(len(wanted))), len(wanted) // TRAIN_ROWS_PER_CELL))
        draw = np.random.default_rng(seed)
        size = min(len(wanted), TRAIN_ROWS, cells * TRAIN_ROWS_PER_CELL)
        sample = vectors.gather(np.sort(draw.choice(wanted, size, replace=False)))
        index = faiss.index_factory(vectors.dim, f"IVF{cells},{KINDS[kind]}", faiss.METRIC_INNER_PRODUCT)
        index.cp.seed, index.cp.niter, index.cp.spherical = seed + 1, 10, True
        index.cp.min_points_per_centroid = 1
        index.train(sample)
        for part, rows in vectors.chunks(wanted):
            index.add_with_ids(rows, part)
        return VectorIndex(kind, index)

    def add(self, ids: Ids, rows: NDArray[np.float32]) -> None:
        """Add rows (n, dim) under ids (n,) that are not here yet. Not while another thread searches."""
        rows = self._checked(rows)
        if len(ids) != len(rows) or len(np.unique(ids)) != len(ids) or self.covers(ids).any():
            raise SpaceError("an index takes each id once, with one row")
        if len(ids) and ids.min() < 0:
            raise SpaceError("ids in an index count up from 0")
        if len(ids):
            self._index.add_with_ids(rows, np.ascontiguousarray(ids, dtype=np.int64))
            self._read_cells()

    def ids(self) -> Ids:
        """The ids that have a row here, int64 (n,), ascending."""
        return np.flatnonzero(self._cell_of >= 0)

    def __len__(self) -> int:
        """Number of rows."""
        return self._rows

    def covers(self, ids: Ids) -> NDArray[np.bool_]:
        """Which of the ids (m,) have a row here, bool (m,)."""
        return self._cells(ids) >= 0

    def _cells(self, ids: Ids) -> NDArray[np.int32]:
        """The cell of each of the ids (m,), -1 where one has no row here."""
        if not len(ids) or (ids.min() >= 0 and ids.max() < len(self._cell_of)):
            return self._cell_of[ids]
        inside = (ids >= 0) & (ids < len(self._cell_of))
        return np.where(inside, self._cell_of[np.where(inside, ids, 0)], np.int32(-1))

    def subset(self, ids: Ids) -> Subset:
        """Those of the ids (m,) that have a row here, to be searched: milliseconds a million, so keep it."""
        cells = self._cells(ids)
        held = cells >= 0
        here = ids if held.all() else ids[held]
        per_cell = np.bincount(cells if here is ids else cells[held], minlength=len(self._centroids))
        member = np.zeros(len(self._cell_of), dtype=np.bool_)
        member[here] = True
        # As FAISS's IDSelectorBitmap reads it: the lowest bit of the first byte is id 0.
        return Subset(len(here), per_cell, np.packbits(member, bitorder="little"))

    def search(self, queries: NDArray[np.float32], k: int, allowed: Ids | Subset | None = None) -> Found:
        """The k nearest of each query (q, dim) among `allowed` (all rows when None; ids not here are passed over)."""
        queries = self._checked(queries)
        if not isinstance(allowed, Subset):
            allowed = self.subset(self.ids() if allowed is None else allowed)
        scores = np.full((len(queries), k), -np.inf, dtype=np.float32)
        ids = np.full((len(queries), k), -1, dtype=np.int64)
        for number, query in enumerate(queries):
            near, found = self.walk(query, allowed).read(allowed.size, k)
            scores[number, : len(near)], ids[number, : len(found)] = near, found
        return Found(scores, ids)

    def walk(self, query: NDArray[np.float32], allowed: Subset) -> Walk:
        """The cells that hold allowed rows, to be read one after the other, nearest to the query (dim,) first."""
        query = self._checked(query[None])[0]
        filled = np.flatnonzero(allowed.per_cell)
        near = self._centroids[filled] @ query if 4 * len(filled) < len(self._centroids) else self._centroids @ query
        near = near if len(near) == len(filled) else near[filled]
        return Walk(self._index, query, filled, near, allowed, allowed.size == len(self))

    def _checked(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        if rows.ndim != 2 or rows.shape[1] != self.dim or rows.dtype != np.float32:
            raise SpaceError(f"the index takes float32 rows of {self.dim}, got {rows.dtype} of shape {rows.shape}")
        return np.ascontiguousarray(rows)

    def to_bytes(self) -> bytes:
        """The whole index, in FAISS's own format."""
        faiss = _faiss()
        return bytes(faiss.serialize_index(self._index).data)

    @staticmethod
    def read(file: BinaryIO) -> VectorIndex:
        """The index that `to_bytes` wrote, read a piece at a time. Verify the file first: FAISS trusts it."""
        faiss = _faiss()
        try:
            index = faiss.read_index(faiss.PyCallbackIOReader(file.read, READ_BYTES))
        except RuntimeError as error:
            raise CatalogCorruptError("a FAISS file is cut short or altered: run `houndstooth check`") from error
        kinds = {faiss.IndexIVFScalarQuantizer: "ivf-sq8", faiss.IndexIVFRaBitQ: "ivf-rabitq"}
        if type(index) not in kinds:
            raise CatalogCorruptError(f"{type(index).__name__} is no index of ours: run `houndstooth check --repair`")
        return VectorIndex(kinds[type(index)], index)


NEIGHBOUR_CELLS = 32
"""Cells that `approximate_neighbours` reads for each row."""


def approximate_neighbours(
    rows: NDArray[np.float32], k: int, seed: int, tell: Callable[[int, int], None] = lambda done, total: None
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The k rows of largest inner product with each of the rows (n, dim), itself included, largest first.

    int64 (n, k), -1 where too few were read, and the products, float32 (n, k). By an inverted file of the rows
    themselves, so that only who is found is approximate; the seed decides its centroids.
    """
    faiss = _faiss()
    cells = max(1, min(int(CELLS * math.sqrt(len(rows))), len(rows) // TRAIN_ROWS_PER_CELL))
    index = faiss.index_factory(rows.shape[1], f"IVF{cells},Flat", faiss.METRIC_INNER_PRODUCT)
    index.cp.seed, index.cp.niter, index.cp.spherical = seed % (1 << 31) + 1, 10, True
    index.cp.min_points_per_centroid = 1
    size = min(len(rows), TRAIN_ROWS, cells * TRAIN_ROWS_PER_CELL)
    index.train(rows[np.sort(np.random.default_rng(seed).choice(len(rows), size, replace=False))])
    index.add(rows)
    index.nprobe = min(NEIGHBOUR_CELLS, cells)
    found, scores = np.empty((len(rows), k), np.int64), np.empty((len(rows), k), np.float32)
    for start in range(0, len(rows), 4096):
        scores[start : start + 4096], found[start : start + 4096] = index.search(rows[start : start + 4096], k)
        tell(min(start + 4096, len(rows)), len(rows))
    return found, scores


def _faiss() -> Any:
    import faiss  # takes a while to load; its stubs leave out what its Python layer adds

    return faiss
