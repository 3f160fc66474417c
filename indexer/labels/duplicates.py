"""Which labelled photos belong together: copies, near-duplicates, and what people say belongs together.

Photos of one group never stand on two sides of a split: a head that has seen a photo would be tested on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from indexer.phash import BLANK, near_duplicates

HASH_BITS = 4
"""Photos whose perceptual hashes differ in at most so many of 64 bits are near-duplicates."""
NEAR_BITS, NEAR_COSINE = 10, 0.9
"""So are photos whose hashes differ in at most so many, when their vectors are so near."""
COPY_COSINE = 0.97
"""And those whose vectors are so near, whatever their hashes: a photo cut or turned a little otherwise."""
_BLOCK = 1_024


@dataclass(frozen=True, eq=False)
class Duplicates:
    """What was found. copies: photos whose content another one has. near: pairs of near-duplicates (rows), copies
    among them, int64 (m, 2).
    """

    copies: int
    near: NDArray[np.int64]

    @property
    def photos(self) -> int:
        """Photos that have one."""
        return len(np.unique(self.near))

    def crossing(self, part: Sequence[str]) -> dict[tuple[str, str], int]:
        """Given parts (of two photos that are near-duplicates) -> photos of the second that have one in the first.

        ("train", "test") -> 5: five photos of the test part have a near-duplicate in the training part.
        """
        found: dict[tuple[str, str], set[int]] = {}
        for one, other in self.near.tolist():
            for first, second in ((one, other), (other, one)):
                if part[first] and part[second] and part[first] != part[second]:
                    found.setdefault((part[first], part[second]), set()).add(second)
        return {parts: len(rows) for parts, rows in sorted(found.items())}


def find_duplicates(
    contents: Sequence[bytes], hashes: NDArray[np.uint64], vectors: NDArray[np.float32] | None
) -> Duplicates:
    """Copies and near-duplicates among n photos.

    contents: each file's SHA-256. hashes: uint64 (n,), perceptual. vectors: float32 (n, d) of one space, unit rows, NaN
    where a photo has none; None: by the hashes alone.
    """
    _, first, same = np.unique(np.array(contents, dtype="S32"), return_index=True, return_inverse=True)
    copies = np.flatnonzero(first[same] != np.arange(len(contents)))
    pairs = [np.stack([first[same][copies], copies], axis=1)]
    close = near_duplicates(hashes, hashes, HASH_BITS)
    pairs.append(close[close[:, 0] < close[:, 1]])
    if vectors is not None and len(vectors):
        pairs.append(_near_vectors(hashes, vectors))
    near = np.unique(np.sort(np.concatenate(pairs).astype(np.int64), axis=1), axis=0)
    return Duplicates(len(copies), near)


def _near_vectors(hashes: NDArray[np.uint64], vectors: NDArray[np.float32]) -> NDArray[np.int64]:
    """Pairs (first < second) that are near by their vectors, some by their hashes too, int64 (m, 2)."""
    rows = np.flatnonzero(~np.isnan(vectors).any(axis=1))
    own, bits = vectors[rows], hashes[rows]
    found = []
    for start in range(0, len(rows), _BLOCK):
        like = own[start : start + _BLOCK] @ own.T
        one, other = np.nonzero(like > NEAR_COSINE)
        keep = one + start < other
        one, other = one[keep], other[keep]
        differing = np.bitwise_count(bits[one + start] ^ bits[other])
        blank = (bits[one + start] == BLANK) | (bits[other] == BLANK)
        near = (like[one, other] > COPY_COSINE) | ((differing <= NEAR_BITS) & ~blank)
        found.append(np.stack([rows[one[near] + start], rows[other[near]]], axis=1))
    return np.concatenate(found) if found else np.empty((0, 2), dtype=np.int64)


def group_rows(count: int, pairs: NDArray[np.int64], said: Sequence[Iterable[str]]) -> NDArray[np.int64]:
    """Groups of rows, int64 (count,), numbered from 0 in the order of their first rows.

    pairs: int64 (m, 2), rows that belong together. said: for each row names of groups; rows that share one belong
    together, and so on.
    """
    parent = list(range(count))

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    def join(one: int, other: int) -> None:
        first, second = sorted((root(one), root(other)))
        parent[second] = first

    for one, other in pairs.tolist():
        join(one, other)
    seen: dict[str, int] = {}
    for row, names in enumerate(said):
        for name in names:
            join(row, seen.setdefault(name, row))
    number: dict[int, int] = {}
    return np.array([number.setdefault(root(row), len(number)) for row in range(count)], dtype=np.int64)
