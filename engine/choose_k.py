"""How many clusters: candidates tried on a sample, judged by silhouette or by stability."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.kmeans import assign, distinct_rows, fit, in_pieces
from engine.validity import adjusted_mutual_information, silhouette

By = Literal["silhouette", "stability"]
CANDIDATES = (2, 3, 4, 5, 6, 8, 10, 12, 15, 19, 24, 30)
STARTS = 2
PAIRS = 5
"""Pairs of subsamples that one stability is the mean of."""
SHARE = 0.8
"""Of the sample's rows in each subsample."""


@dataclass(frozen=True)
class Candidate:
    """One k with its score (higher is better); error: the score's standard error, 0 for silhouettes."""

    k: int
    score: float
    error: float


def choose_k(
    rows: NDArray[np.float32], by: By, seed: int, tick: Callable[[int, int], None] = lambda done, total: None
) -> tuple[int, list[Candidate]]:
    """The best number of clusters for a sample of rows (n, dim), and the score of every candidate.

    "silhouette": the highest mean silhouette, the smaller k when equal. "stability": the largest k whose stability is
    within one standard error of the highest. Fewer than three different rows leave nothing to judge: their number.
    tick: called with candidates done and in all.
    """
    different = distinct_rows(rows, CANDIDATES[-1] + 1)
    candidates = [k for k in CANDIDATES if k < different]
    if not candidates:
        return different, []
    scores = []
    for done, k in enumerate(candidates, start=1):
        scores.append(_silhouette(rows, k, seed) if by == "silhouette" else stability(rows, k, seed))
        tick(done, len(candidates))
    best = max(scores, key=lambda candidate: candidate.score)
    if by == "stability":
        best = [candidate for candidate in scores if candidate.score >= best.score - best.error - 1e-9][-1]
    return best.k, scores


def _silhouette(rows: NDArray[np.float32], k: int, seed: int) -> Candidate:
    found = assign(in_pieces(rows, k), fit(rows, k, seed, STARTS).centroids)
    return Candidate(k, silhouette(rows, found.labels) or 0.0, 0.0)


def stability(rows: NDArray[np.float32], k: int, seed: int) -> Candidate:
    """How much clusterings of overlapping random parts of the rows (n, dim) agree where they overlap, at most 1.

    The mean adjusted mutual information over pairs of parts. Sources: Ben-Hur, Elisseeff and Guyon 2002, "A stability
    based method for discovering structure in clustered data"; von Luxburg 2010, "Clustering stability: an overview".
    """
    size = max(k + 1, round(SHARE * len(rows)))
    parts = []
    for generator in np.random.default_rng(seed).spawn(PAIRS + 1):
        chosen = np.sort(generator.choice(len(rows), min(size, len(rows)), replace=False))
        if distinct_rows(rows[chosen], k) < k:
            continue
        found = assign(in_pieces(rows[chosen], k), fit(rows[chosen], k, seed, STARTS).centroids)
        labels = np.full(len(rows), -1, np.int32)
        labels[chosen] = found.labels
        parts.append(labels)
    agreements = []
    for first, second in pairwise(parts):
        both = (first >= 0) & (second >= 0)
        agreements.append(adjusted_mutual_information(first[both], second[both]))
    if not agreements:
        return Candidate(k, 0.0, 0.0)
    error = float(np.std(agreements, ddof=1)) / len(agreements) ** 0.5 if len(agreements) > 1 else 0.0
    return Candidate(k, float(np.mean(agreements)), error)
