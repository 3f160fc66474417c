"""Measures of retrieval, one number a query. A gallery photo is right when it shows what the query shows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

KS = (1, 10, 20, 50)
CURVE = 50
"""Ranks of the CMC curve."""


def first_ranks(right: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The rank, from 1, of the first that is right. right: bool (q, n), nearest first, at least one True a row."""
    return np.asarray(right.argmax(1) + 1, dtype=np.int64)


def recall_at(ranks: NDArray[np.int64], k: int) -> NDArray[np.float64]:
    """1 where one of the first k is right, else 0: the recall@k of instance retrieval, and the CMC at rank k."""
    return np.asarray(ranks <= k, dtype=np.float64)


def average_precision(right: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The mean, over all that are right, of the precision at the rank of each: (q,)."""
    precision = right.cumsum(1) / np.arange(1, right.shape[1] + 1)
    return np.asarray((precision * right).sum(1) / right.sum(1))


def average_precision_at_r(right: NDArray[np.bool_]) -> NDArray[np.float64]:
    """As `average_precision`, only the first R ranks counted, R being how many are right.

    Musgrave, Belongie and Lim, "A Metric Learning Reality Check", ECCV 2020.
    """
    count = right.sum(1, keepdims=True)
    ranks = np.arange(1, right.shape[1] + 1)
    precision = right.cumsum(1) / ranks
    return np.asarray((precision * (right & (ranks <= count))).sum(1) / count[:, 0])


def r_precision(right: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The share of the first R that are right, R being how many are right in all."""
    count = right.sum(1, keepdims=True)
    inside = np.arange(1, right.shape[1] + 1) <= count
    return np.asarray((right & inside).sum(1) / count[:, 0])


def measure(right: NDArray[np.bool_]) -> dict[str, NDArray[np.float64]]:
    """All measures by name, each float64 (q,). right: as in `first_ranks`."""
    ranks = first_ranks(right)
    return {
        **{f"recall@{k}": recall_at(ranks, k) for k in KS},
        "mAP": average_precision(right),
        "mAP@R": average_precision_at_r(right),
        "R-precision": r_precision(right),
    }
