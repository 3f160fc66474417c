"""t-SNE: near stays near (van der Maaten and Hinton 2008), by openTSNE and its own advice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.layouts.extras import cores, library, random_state
from engine.layouts.fewest import FEWEST
from engine.layouts.pca import pca_start
from engine.nearest import Neighbours, cross_nearest, nearest_neighbours

Rows = NDArray[np.float32]
Tell = Callable[[str, int, int], None]

PERPLEXITY = 30.0
LARGE = 100_000
"""Rows from which the advice for large sets is taken: a start from a sample, and exaggeration 4 all along."""
SAMPLE = 25_000
ROWS_PER_THREAD = 2_500
"""Fewer a thread and the threads mostly wait for each other, 750 times over."""
_START_SPREAD = 1e-4
_TOLD_EVERY = 25


@dataclass(frozen=True)
class TsneChoice:
    """How t-SNE runs. exaggeration: None for none after the early phase. sample: rows of the start, 0: PCA's.

    The learning rate is n / exaggeration of each phase: openTSNE's "auto", after Belkina et al. 2019.
    """

    perplexity: float
    exaggeration: float | None
    sample: int
    early_iterations: int = 250
    iterations: int = 500


def tsne_choice(rows: int, perplexity: float | None = None) -> TsneChoice:
    """The advice for so many rows, at least FEWEST.

    Perplexity 30, or a third of the other rows where there are few. From 100,000 rows on, the start is t-SNE of 25,000
    of them with perplexity n / 100 = 250, and exaggeration 4 keeps groups apart (openTSNE, "Embedding large data sets";
    Kobak and Berens 2019).
    """
    wanted = min(perplexity or PERPLEXITY, (rows - 1) / 3)
    return TsneChoice(wanted, 4.0, SAMPLE) if rows >= LARGE else TsneChoice(wanted, None, 0)


def tsne(
    rows: Rows,
    seed: int = 0,
    choice: TsneChoice | None = None,
    neighbours: Neighbours | None = None,
    tell: Tell = lambda stage, done, total: None,
) -> Rows:
    """Positions float32 (n, 2) of unit rows (n, dim), n >= FEWEST.

    neighbours: those of each row, when they are known: at least three times the perplexity. Distances are Euclidean,
    which on unit rows order as cosines do.
    """
    choice = choice or tsne_choice(len(rows))
    k = min(len(rows) - 1, int(3 * choice.perplexity))
    if neighbours is None or neighbours.indices.shape[1] < k:
        neighbours = nearest_neighbours(rows, k, seed, tell=lambda done, total: tell("comparing", done, total))
    affinities = _affinities(neighbours.first(k), choice.perplexity)
    start = _sampled_start(rows, seed, choice, tell) if choice.sample else pca_start(rows, seed, _START_SPREAD)
    embedding = _fit(affinities, start, seed, choice, tell)
    return np.asarray(embedding, dtype=np.float32)


def _fit(affinities: Any, start: NDArray[np.float64], seed: int, choice: TsneChoice, tell: Tell) -> NDArray[np.float64]:
    total, done = choice.early_iterations + choice.iterations, 0

    def step(iteration: int, error: float, embedding: Any) -> bool:
        tell("laying out", done + iteration, total)
        return False

    embedding = library("openTSNE", "t-SNE").TSNEEmbedding(
        start,
        affinities,
        negative_gradient_method="auto",
        n_jobs=tsne_threads(len(start)),
        random_state=random_state(seed),
        callbacks=[step],
        callbacks_every_iters=_TOLD_EVERY,
    )
    embedding = embedding.optimize(
        choice.early_iterations, exaggeration=max(12.0, choice.exaggeration or 0), momentum=0.8
    )
    done = choice.early_iterations
    embedding = embedding.optimize(choice.iterations, exaggeration=choice.exaggeration, momentum=0.8)
    return np.array(embedding, dtype=np.float64)


def tsne_threads(rows: int) -> int:
    """How many threads lay out so many rows."""
    return max(1, min(cores(), rows // ROWS_PER_THREAD))


def _affinities(neighbours: Neighbours, perplexity: float) -> Any:
    known = library("openTSNE.nearest_neighbors", "t-SNE").PrecomputedNeighbors(
        neighbours.indices, neighbours.distances.astype(np.float64)
    )
    return library("openTSNE.affinity", "t-SNE").PerplexityBasedNN(
        knn_index=known, perplexity=perplexity, n_jobs=tsne_threads(len(neighbours.indices))
    )


def _sampled_start(rows: Rows, seed: int, choice: TsneChoice, tell: Tell) -> NDArray[np.float64]:
    """t-SNE of a sample; every other row starts where the sample's nearest to it is."""
    drawn = np.sort(np.random.default_rng(seed).choice(len(rows), choice.sample, replace=False))
    sample = np.ascontiguousarray(rows[drawn])
    own = TsneChoice(max(PERPLEXITY, choice.sample / 100), None, 0, choice.early_iterations, choice.iterations)
    xy = tsne(sample, seed, own, tell=lambda stage, done, total: tell(f"a sample: {stage}", done, total))
    found = cross_nearest(rows, sample, 1, lambda done, total: tell("starting", done, total)).indices[:, 0]
    start = xy[found].astype(np.float64)
    start += np.random.default_rng(seed).normal(0.0, 1e-3 * start.std(), start.shape)
    return np.ascontiguousarray(start / start[:, 0].std() * _START_SPREAD)


def tsne_place(xy: Rows, rows: Rows, new: Rows, tell: Tell = lambda stage, done, total: None) -> Rows:
    """Positions (m, 2) of new unit rows (m, dim) on a t-SNE map xy (n, 2) of unit rows (n, dim), which stays as it is.

    openTSNE's `transform` with its own advice: perplexity 5, a start at the median of the 25 nearest, 250 gentle
    iterations against the map. The new do not see each other: each lands where it would alone.
    """
    tsne_module = library("openTSNE", "t-SNE")
    k = min(25, len(rows))
    near = cross_nearest(new, rows, k, lambda done, total: tell("comparing", done, total))
    start = np.ascontiguousarray(np.median(xy[near.indices].astype(np.float64), axis=1))
    if len(rows) < FEWEST:
        return start.astype(np.float32)
    used = min(15, k)
    weights = library("openTSNE.affinity", "t-SNE").joint_probabilities_nn(
        near.indices[:, :used],
        near.distances[:, :used].astype(np.float64),
        [used / 3],
        symmetrize=False,
        normalization="point-wise",
        n_reference_samples=len(rows),
        n_jobs=1,
    )
    nothing = library("scipy.sparse", "t-SNE").csr_matrix((len(rows), len(rows)))  # the map's own points are not moved
    unmoved = library("openTSNE.affinity", "t-SNE").PrecomputedAffinities(nothing, normalize=False)
    middle = (xy.max(axis=0) + xy.min(axis=0)).astype(np.float64) / 2
    reference = tsne_module.TSNEEmbedding(
        np.ascontiguousarray(xy - middle), unmoved, negative_gradient_method="bh", n_jobs=1
    )
    partial = tsne_module.tsne.PartialTSNEEmbedding(
        start - middle, reference, weights, negative_gradient_method="bh", n_jobs=1
    )
    partial = partial.optimize(250, learning_rate=0.1, exaggeration=1.5, momentum=0.8, max_grad_norm=0.25)
    return np.asarray(np.array(partial) + middle, dtype=np.float32)
