"""UMAP: near stays near, groups drawn tighter (McInnes, Healy and Melville 2018). The extra [umap]."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from engine.layouts.extras import library, random_state
from engine.layouts.pca import pca_start
from engine.nearest import EXACT_ROWS, Neighbours, nearest_neighbours

Rows = NDArray[np.float32]
Tell = Callable[[str, int, int], None]

NEIGHBOURS = 15
MIN_DISTANCE = 0.1


def umap_layout(
    rows: Rows,
    seed: int = 0,
    neighbours: Neighbours | None = None,
    epochs: int | None = None,
    tell: Tell = lambda stage, done, total: None,
) -> Rows:
    """Positions float32 (n, 2) of unit rows (n, dim), n >= FEWEST; umap-learn with its own defaults on cosines.

    neighbours: at least 14 of each row, where they are known; else all pairs are compared, and above EXACT_ROWS rows
    umap-learn finds them by its own descent. epochs: None for umap-learn's own choice. The start is PCA's: at least as
    good as the spectral one (Kobak and Linderman 2021), and there for every n. A seed makes umap-learn use one thread.
    """
    umap = library("umap", "UMAP", extra="umap")
    k = min(NEIGHBOURS, len(rows) - 1)
    if neighbours is None and len(rows) <= EXACT_ROWS:
        neighbours = nearest_neighbours(rows, k, seed, tell=lambda done, total: tell("comparing", done, total))
    tell("laying out", 0, 1)
    with warnings.catch_warnings():
        # That it cannot transform without an index of its own: new photos are placed by their neighbours.
        warnings.filterwarnings("ignore", category=UserWarning, module="umap")
        fitted = umap.UMAP(
            n_neighbors=k,
            min_dist=MIN_DISTANCE,
            metric="cosine",
            n_epochs=epochs,
            init=pca_start(rows, seed, 5.0).astype(np.float32),
            precomputed_knn=(None, None, None) if neighbours is None else _known(neighbours.first(k - 1)),
            random_state=random_state(seed),
            n_jobs=1,
        ).fit_transform(rows)
    tell("laying out", 1, 1)
    return np.asarray(fitted, dtype=np.float32)


def _known(near: Neighbours) -> tuple[NDArray[np.int32], Rows, None]:
    """Neighbours as umap-learn takes them: each row the first of its own, distances 1 - cosine."""
    own = np.arange(len(near.indices), dtype=np.int64)[:, None]
    indices = np.hstack([own, near.indices]).astype(np.int32)
    return indices, np.hstack([np.zeros_like(own, np.float32), near.distances**2 / 2]), None
