"""Retrieval measures, one number a query, and their mean with a bootstrap interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Interval:
    """A mean and its 95 % interval."""

    mean: float
    low: float
    high: float


def ranked(similarities: NDArray[np.floating]) -> NDArray[np.intp]:
    """Gallery rows of each query, nearest first, equal similarities in row order: (queries, gallery)."""
    return np.argsort(-similarities, axis=1, kind="stable")


def precision_at_1(similarities: NDArray[np.floating], gallery: NDArray, queries: NDArray) -> NDArray[np.float64]:
    """1 where the nearest gallery row has the query's label, else 0: (queries,)."""
    return (gallery[similarities.argmax(1)] == queries).astype(np.float64)


def knn_correct(
    similarities: NDArray[np.floating], gallery: NDArray, queries: NDArray, k: int = 5
) -> NDArray[np.float64]:
    """1 where the majority label of the k nearest is the query's; equal counts go to the larger summed similarity."""
    nearest = ranked(similarities)[:, :k]
    correct = np.zeros(len(queries))
    for row, neighbours in enumerate(nearest):
        labels, places = np.unique(gallery[neighbours], return_inverse=True)
        counts = np.bincount(places)
        sums = np.bincount(places, weights=similarities[row, neighbours].astype(np.float64))
        correct[row] = labels[np.lexsort((-sums, -counts))[0]] == queries[row]
    return correct


def average_precision(similarities: NDArray[np.floating], gallery: NDArray, queries: NDArray) -> NDArray[np.float64]:
    """Mean precision at the rank of every gallery row of the query's label; 0 where there is none: (queries,)."""
    hits = gallery[ranked(similarities)] == queries[:, None]
    precision = hits.cumsum(1) / np.arange(1, len(gallery) + 1)
    return (precision * hits).sum(1) / np.maximum(hits.sum(1), 1)


def bootstrap(values: NDArray[np.floating], clusters: NDArray, seed: int = 0, rounds: int = 2000) -> Interval:
    """The mean of values (n,) with a 95 % percentile interval over whole clusters (n,) drawn with replacement.

    Values of one cluster (one person's photos) are not independent; drawing them together keeps the interval honest
    (Davison and Hinkley, "Bootstrap Methods and their Application", 1997, section 3.8).
    """
    _, member = np.unique(clusters, return_inverse=True)
    sums, sizes = np.bincount(member, weights=values), np.bincount(member)
    drawn = np.random.default_rng(seed).integers(0, len(sizes), (rounds, len(sizes)))
    means = sums[drawn].sum(1) / sizes[drawn].sum(1)
    low, high = np.percentile(means, [2.5, 97.5])
    return Interval(float(values.mean()), float(low), float(high))
