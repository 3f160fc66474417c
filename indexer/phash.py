"""Perceptual hashes, and near-duplicates among them.

C. Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions", 2010, section 3.1 (DCT based). M.
Norouzi, A. Punjani, D. Fleet, "Fast Exact Search in Hamming Space with Multi-Index Hashing", TPAMI 2014.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from indexer.coarse import coarse_rgb
from indexer.picture import Picture

BLANK = 0
"""The hash of a picture without structure; it resembles nothing, not even another blank one."""

_SIDE = 32
_KEPT = 8
# Least of the largest coefficient. Plain pictures with noise of 12 levels and JPEG stay below 2; a shirt 2 levels
# darker than its background reaches 12, real photos 70.
_FAINTEST = 4.0
_ONE_THREAD = 2**18  # multiplications up to which OpenBLAS stays in the calling thread
_CANDIDATES = 2_000_000  # pairs looked at in one block: about 50 MB


_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""Grey of red, green and blue (ITU-R BT.601)."""


@lru_cache(maxsize=1024)
def _averaged_dct(pixels: int) -> NDArray[np.float32]:
    """Rows 1 to 8 of the orthonormal DCT-II of a line's 32 equal parts, float32 (8, pixels).

    A part is the mean of its pixels, those that it shares with a neighbour in proportion. Row 0, the mean, is left out.
    """
    k, n = np.arange(1, _KEPT + 1)[:, None], np.arange(_SIDE)[None, :]
    rows = np.sqrt(2 / _SIDE) * np.cos(np.pi * k * (2 * n + 1) / (2 * _SIDE))
    ends, pixel = np.arange(_SIDE + 1)[:, None] * pixels / _SIDE, np.arange(pixels)[None, :]
    covered = np.clip(np.minimum(ends[1:], pixel + 1) - np.maximum(ends[:-1], pixel), 0, None)
    averaged: NDArray[np.float32] = (rows @ (covered * _SIDE / pixels)).astype(np.float32)
    return averaged


@lru_cache(maxsize=1024)
def _grey_dct(pixels: int) -> NDArray[np.float32]:
    """The same of a line in colour, made grey on the way, to multiply from the right: float32 (3 * pixels, 8)."""
    return np.ascontiguousarray((_averaged_dct(pixels)[..., None] * _LUMA).reshape(_KEPT, -1).T)


def _across(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The lowest frequencies of each line, float32 (h, 8).

    Some lines at a time, which OpenBLAS takes for too few to wake threads for: hashing threads fill the cores.
    """
    height, width = rgb.shape[:2]
    lines, rows = rgb.reshape(height, -1), max(1, _ONE_THREAD // (_KEPT * 3 * width))
    across = np.empty((height, _KEPT), np.float32)
    for start in range(0, height, rows):
        part = slice(start, start + rows)
        np.matmul(lines[part].astype(np.float32), _grey_dct(width), out=across[part])
    return across


def phash(picture: Picture) -> int:
    """The picture's 64-bit DCT hash, 0 to 2**64 - 1: few bits differ between copies of a photo.

    The coarse picture in grey, averaged over 32x32 equal areas (the mask is not looked at), DCT-II, the 8x8 lowest
    frequencies without the mean's row and column, a bit for each above their median, the first the most significant.
    BLANK when no coefficient reaches _FAINTEST.
    """
    rgb = coarse_rgb(picture)
    coefficients = (_averaged_dct(len(rgb)) @ _across(rgb)).ravel()  # averaging, grey and DCT are linear
    if np.abs(coefficients).max() < _FAINTEST:
        return BLANK
    low, high = np.sort(coefficients)[31:33]  # of the 64, the two about their median
    return int.from_bytes(np.packbits(coefficients > (low + high) / 2).tobytes())


def near_duplicates(
    hashes: NDArray[np.uint64], new: NDArray[np.uint64], radius: int = 4, crowd: int = 100
) -> NDArray[np.int64]:
    """All pairs (row of hashes, row of new) at most `radius` bits apart, int64 (k, 2), sorted by new, then by hashes.

    hashes: uint64 (n,). new: uint64 (m,). For duplicates within one array give it twice and keep pairs with first <
    second.

    Exact, by the pigeonhole principle: of radius + 1 bands of bits, two such hashes share one whole. Two kinds of rows
    would make the answer quadratic and say nothing: BLANK hashes are paired with nothing, and where more than `crowd`
    rows of `hashes` have one and the same hash, only the first `crowd` of them are paired. Memory is bounded by the
    answer and O(n + m), not by n * m.
    """
    if not 0 <= radius <= 15:
        raise InputError(f"radius must be 0 to 15 bits, got {radius}")
    known, asked = _Distinct.of(hashes), _Distinct.of(new)
    known = _Distinct(known.values, known.rows, known.starts, np.minimum(known.counts, crowd))
    if not len(known.values) or not len(asked.values):
        return np.empty((0, 2), dtype=np.int64)
    pairs = np.concatenate([_in_band(known.values, asked.values, band, radius) for band in range(radius + 1)])
    first, second = _expand(known, asked, pairs)
    order = np.lexsort((first, second))
    return np.stack([first[order], second[order]], axis=1)


@dataclass(frozen=True, eq=False)
class _Distinct:
    """Distinct hashes but BLANK, uint64 (u,), sorted; value i is at rows[starts[i] : starts[i] + counts[i]]."""

    values: NDArray[np.uint64]
    rows: NDArray[np.int64]
    starts: NDArray[np.int64]
    counts: NDArray[np.int64]

    @classmethod
    def of(cls, hashes: NDArray[np.uint64]) -> _Distinct:
        rows = np.flatnonzero(hashes != BLANK)
        rows = rows[np.argsort(hashes[rows], kind="stable")]
        values, starts, counts = np.unique(hashes[rows], return_index=True, return_counts=True)
        return cls(values, rows, starts, counts)


def _in_band(known: NDArray[np.uint64], asked: NDArray[np.uint64], band: int, radius: int) -> NDArray[np.int64]:
    """Pairs (of known, of asked) within the radius that agree in this band and in none before it, int64 (k, 2)."""
    order = np.argsort(_band_of(known, band, radius), kind="stable")
    keys = _band_of(known, band, radius)[order]
    wanted = _band_of(asked, band, radius)
    left = np.searchsorted(keys, wanted, side="left")
    counts = np.searchsorted(keys, wanted, side="right") - left
    found = []
    for start, stop in _blocks(counts):
        j, offset = _repeat(counts[start:stop])
        i, j = order[left[start + j] + offset], start + j
        differing = known[i] ^ asked[j]
        near = np.bitwise_count(differing) <= radius
        i, j, differing = i[near], j[near], differing[near]
        for earlier in range(band):  # found there already
            fresh = _band_of(differing, earlier, radius) != 0
            i, j, differing = i[fresh], j[fresh], differing[fresh]
        found.append(np.stack([i, j], axis=1))
    return np.concatenate(found) if found else np.empty((0, 2), dtype=np.int64)


def _band_of(hashes: NDArray[np.uint64], band: int, radius: int) -> NDArray[np.uint64]:
    """The bits of one of radius + 1 bands that share out the 64 bits, as numbers."""
    start, stop = band * 64 // (radius + 1), (band + 1) * 64 // (radius + 1)
    if stop - start == 64:
        return hashes
    return (hashes >> np.uint64(start)) & np.uint64((1 << (stop - start)) - 1)


def _blocks(counts: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Ranges of rows whose counts sum to at most _CANDIDATES, or of one row."""
    ends = np.cumsum(counts)
    start = 0
    while start < len(counts):
        done = int(ends[start - 1]) if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, done + _CANDIDATES, side="right")))
        yield start, stop
        start = stop


def _repeat(counts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For counts (2, 0, 3): rows (0, 0, 2, 2, 2) and offsets (0, 1, 0, 1, 2)."""
    rows = np.repeat(np.arange(len(counts)), counts)
    return rows, np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)


def _expand(
    known: _Distinct, asked: _Distinct, pairs: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of both arrays for pairs of distinct hashes: every row of the one with every row of the other."""
    i, j = pairs[:, 0], pairs[:, 1]
    pair, offset = _repeat(known.counts[i] * asked.counts[j])
    i, j = i[pair], j[pair]
    width = asked.counts[j]
    return known.rows[known.starts[i] + offset // width], asked.rows[asked.starts[j] + offset % width]
