"""Photos to begin with, when there is no model to be unsure: typical ones of different kinds.

Few labels are best spent on what is typical (Hacohen, Dekel and Weinshall, ICML 2022, whose measure of it is a density;
here it is the middle of a cluster): the pool is grouped by k-means into as many clusters as there are photos known and
wanted, and the photo nearest to the middle is taken of each cluster that holds none known, large clusters first.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.kmeans import assign, fit, in_pieces
from indexer.labels.review.diversity import unit

FIT_ROWS = 20_000
"""Rows of the sample that clusters are fitted on."""


def typical(
    features: NDArray[np.float32], allowed: NDArray[np.int64], count: int, seed: int, known: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Row numbers of min(count, len(allowed)) photos, int64, each once; deterministic by the seed.

    features: float32 (n, d). allowed: rows to choose from. known: rows with an answer. Where clusters do not suffice,
    because rows coincide, the rest is drawn at random.
    """
    generator = np.random.default_rng(seed)
    count = min(count, len(allowed))
    if not count:
        return np.empty(0, np.int64)
    rows = unit(features)
    there = np.concatenate([allowed, known]).astype(np.int64)
    sample = rows[there[generator.permutation(len(there))[:FIT_ROWS]]]
    k = min(count + len(known), len(np.unique(sample, axis=0)), len(sample) // 2 + 1)
    centroids = fit(sample, k, seed, 1).centroids
    found = assign(in_pieces(rows[there], k), centroids)
    taken = np.zeros(k, np.bool_)
    taken[found.labels[len(allowed) :]] = True
    mine, squared = found.labels[: len(allowed)], found.squared[: len(allowed)]
    chosen = []
    for cluster in np.argsort(-found.counts, kind="stable").tolist():
        members = np.flatnonzero(mine == cluster)
        if len(members) and not taken[cluster]:
            chosen.append(int(members[squared[members].argmin()]))
    rest = generator.permutation(np.setdiff1d(np.arange(len(allowed)), chosen))
    return np.asarray(allowed[np.concatenate([np.array(chosen, np.int64), rest])[:count]], dtype=np.int64)
