"""How good a grouping is: silhouette, and adjusted mutual information between two groupings."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

_PIECE = 1024
Labels = NDArray[Any]


def silhouette(rows: NDArray[np.float32], labels: Labels) -> float | None:
    """Mean silhouette of rows (n, dim) under integer labels (n,), Euclidean, in [-1, 1]; higher is better.

    A row alone in its cluster counts 0. None when there are fewer than two clusters. Takes n * n distances: sample
    first. Source: Rousseeuw 1987, "Silhouettes: a graphical aid to the interpretation and validation of cluster
    analysis".
    """
    present, codes = np.unique(labels, return_inverse=True)
    if len(present) < 2:
        return None
    exact = rows.astype(np.float64)
    norms = np.einsum("ij,ij->i", exact, exact)
    member = np.zeros((len(rows), len(present)))
    member[np.arange(len(rows)), codes] = 1
    sizes = member.sum(axis=0)
    total = 0.0
    for start in range(0, len(rows), _PIECE):
        part = slice(start, start + _PIECE)
        squared = norms[part, None] - 2 * (exact[part] @ exact.T) + norms
        numbers = np.arange(len(rows))[part]
        squared[np.arange(len(numbers)), numbers] = 0
        sums = np.sqrt(np.maximum(squared, 0)) @ member
        total += float(_silhouettes(sums, codes[part], sizes).sum())
    return total / len(rows)


def _silhouettes(sums: NDArray[np.float64], codes: NDArray[np.intp], sizes: NDArray[np.float64]) -> NDArray[np.float64]:
    """From each row's summed distances to every cluster (n, k)."""
    rows = np.arange(len(codes))
    own_size = sizes[codes]
    inside = sums[rows, codes] / np.maximum(own_size - 1, 1)
    between = sums / sizes
    between[rows, codes] = np.inf
    outside = between.min(axis=1)
    larger = np.maximum(inside, outside)
    value = np.divide(outside - inside, larger, out=np.zeros_like(inside), where=larger > 0)
    return np.where(own_size > 1, value, 0.0)


def adjusted_mutual_information(a: Labels, b: Labels) -> float:
    """Agreement of two groupings (n,) of the same rows: 1 when equal, about 0 when unrelated, adjusted for chance.

    Normalised by the mean of the two entropies, with the exact expected information under random groupings of the
    same sizes. Source: Vinh, Epps and Bailey 2010, "Information theoretic measures for clusterings comparison".
    """
    if len(a) != len(b):
        raise ValueError(f"groupings of {len(a)} and {len(b)} rows cannot be compared")
    _, a_codes, a_sizes = np.unique(a, return_inverse=True, return_counts=True)
    _, b_codes, b_sizes = np.unique(b, return_inverse=True, return_counts=True)
    if len(a_sizes) == len(b_sizes) and len(a_sizes) in {0, 1, len(a)}:
        return 1.0
    information = _mutual_information(a_codes, b_codes, a_sizes, b_sizes)
    expected = _expected_information(a_sizes, b_sizes, len(a))
    normaliser = (_entropy(a_sizes) + _entropy(b_sizes)) / 2
    # Both differences can come out as rounding around 0; the sign of the lower one is what keeps the bound.
    lower = normaliser - expected
    lower = min(lower, -np.finfo(np.float64).eps) if lower < 0 else max(lower, np.finfo(np.float64).eps)
    return float((information - expected) / lower)


def _mutual_information(
    a: NDArray[np.intp], b: NDArray[np.intp], a_sizes: NDArray[np.int64], b_sizes: NDArray[np.int64]
) -> float:
    """In nats, of codes (n,) with the sizes of their groups."""
    cells, counts = np.unique(a.astype(np.int64) * len(b_sizes) + b, return_counts=True)
    shares = counts / len(a)
    rest = np.log(a_sizes[cells // len(b_sizes)]) + np.log(b_sizes[cells % len(b_sizes)]) - np.log(len(a))
    return max(0.0, float((shares * (np.log(counts) - rest)).sum()))


def _entropy(sizes: NDArray[np.int64]) -> float:
    shares = sizes / sizes.sum()
    return float(-(shares * np.log(shares)).sum())


def _expected_information(a_sizes: NDArray[np.int64], b_sizes: NDArray[np.int64], n: int) -> float:
    """Vinh et al. 2010, equation 24a: the overlap of two random groups is hypergeometric."""
    factorial = np.fromiter(map(math.lgamma, range(1, n + 2)), np.float64, n + 1)  # log of 0!, 1!, ..., n!
    expected = 0.0
    for size_a, size_b, times in _size_pairs(a_sizes, b_sizes):
        overlap = np.arange(max(1, size_a + size_b - n), min(size_a, size_b) + 1)
        probability = np.exp(
            factorial[size_a] + factorial[size_b] + factorial[n - size_a] + factorial[n - size_b]
            - factorial[n] - factorial[overlap] - factorial[size_a - overlap] - factorial[size_b - overlap]
            - factorial[n - size_a - size_b + overlap]
        )  # fmt: skip
        gain = overlap / n * (np.log(n) + np.log(overlap) - math.log(size_a) - math.log(size_b))
        expected += times * float((gain * probability).sum())
    return expected


def _size_pairs(a_sizes: NDArray[np.int64], b_sizes: NDArray[np.int64]) -> Iterator[tuple[int, int, int]]:
    """Pairs of group sizes with how often each comes: groups of one size have one expectation."""
    a_distinct, a_times = np.unique(a_sizes, return_counts=True)
    b_distinct, b_times = np.unique(b_sizes, return_counts=True)
    for size_a, times_a in zip(a_distinct.tolist(), a_times.tolist(), strict=True):
        for size_b, times_b in zip(b_distinct.tolist(), b_times.tolist(), strict=True):
            yield size_a, size_b, times_a * times_b
