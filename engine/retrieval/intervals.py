"""Means with intervals that are honest about queries that are not independent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ROUNDS = 2_000
_NUMBERS = 2_000_000  # drawn at a time


@dataclass(frozen=True)
class Interval:
    """A mean and its 95 % interval."""

    mean: float
    low: float
    high: float


def bootstrap(
    values: NDArray[np.float64], clusters: NDArray[np.int64], seed: int = 0, rounds: int = ROUNDS
) -> list[Interval]:
    """The means of values (n, m), each with a 95 % percentile interval over whole clusters (n,), drawn again and again.

    Photos of one product are alike; drawing them together keeps the interval honest (Davison and Hinkley, "Bootstrap
    Methods and their Application", 1997, section 3.8). n >= 1.
    """
    _, member = np.unique(clusters, return_inverse=True)
    sizes = np.bincount(member)
    sums = np.stack([np.bincount(member, weights=column) for column in values.T], axis=1)
    draw = np.random.default_rng(seed)
    at_once = max(1, _NUMBERS // (len(sizes) * values.shape[1]))
    means = []
    for start in range(0, rounds, at_once):
        drawn = draw.integers(0, len(sizes), (min(at_once, rounds - start), len(sizes)))
        means.append(sums[drawn].sum(1) / sizes[drawn].sum(1)[:, None])
    low, high = np.percentile(np.concatenate(means), [2.5, 97.5], axis=0)
    return [Interval(*map(float, three)) for three in zip(values.mean(0), low, high, strict=True)]
