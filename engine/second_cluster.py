"""Points between two clusters: almost as near to another cluster's centre as to their own's."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BETWEEN = 0.1
"""A point is between two clusters when its simplified silhouette, (d2 - d1) / d2, is below this."""


def second_clusters(
    rows: NDArray[np.float32], centroids: NDArray[np.float32], numbers: NDArray[np.int32], between: float = BETWEEN
) -> NDArray[np.int32]:
    """The other cluster of each point, int32 (n,), 0 where its own is clearly nearer.

    rows: (n, dim). centroids: (k, dim), of clusters 1 to k. numbers: each point's own cluster (n,), 1 to k. Distances
    are Euclidean. Simplified silhouette: Hruschka et al. 2006.
    """
    if len(centroids) < 2 or not len(rows):
        return np.zeros(len(rows), np.int32)
    squares = (rows**2).sum(axis=1)[:, None] - 2 * rows @ centroids.T + (centroids**2).sum(axis=1)
    distances = np.sqrt(np.maximum(squares, 0))
    places = np.arange(len(rows))
    own = distances[places, numbers - 1]
    distances[places, numbers - 1] = np.inf
    other = distances.argmin(axis=1)
    nearest = distances[places, other]
    near = (nearest - own) < between * np.maximum(nearest, 1e-12)
    return np.where(near, other + 1, 0).astype(np.int32)
