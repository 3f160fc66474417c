"""Principal components: the plane in which the rows spread most (Pearson 1901). Linear, quick, and keeps far apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.layouts.extras import library, random_state

Rows = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Plane:
    """mean: float32 (dim,). axes: float32 (2, dim), orthonormal, or 0 where the rows spread in fewer directions.

    share: of the variance that each axis shows, float64 (2,).
    """

    mean: Rows
    axes: Rows
    share: NDArray[np.float64]

    def project(self, rows: Rows) -> Rows:
        """Positions (n, 2) of rows (n, dim)."""
        return np.asarray((rows - self.mean) @ self.axes.T, dtype=np.float32)

    def model(self) -> Rows:
        """Mean and axes in one array (3, dim)."""
        return np.vstack([self.mean, self.axes])

    @staticmethod
    def from_model(model: Rows) -> Plane:
        """The plane that `model` wrote; its shares are not in there and 0."""
        return Plane(model[0], model[1:], np.zeros(2))


def pca_plane(rows: Rows, seed: int = 0) -> Plane:
    """The plane of the first two principal components of rows (n, dim), n >= 1; scikit-learn's PCA.

    An axis points so that its largest component is positive: the same rows give the same picture.
    """
    fit = library("sklearn.decomposition", "a map").PCA
    mean = rows.mean(axis=0, dtype=np.float64).astype(np.float32)
    axes, share = np.zeros((2, rows.shape[1]), np.float32), np.zeros(2)
    directions = min(2, len(rows) - 1, rows.shape[1])
    if directions > 0 and np.ptp(rows, axis=0).any():
        fitted = fit(n_components=directions, random_state=random_state(seed)).fit(rows)
        found = fitted.components_
        signs = np.sign(found[np.arange(directions), np.abs(found).argmax(axis=1)])
        shown = fitted.explained_variance_ratio_
        kept = shown > 1e-12
        axes[:directions][kept] = (found * signs[:, None])[kept]
        share[:directions] = np.where(kept, shown, 0.0)
    return Plane(mean, axes, share)


def pca_start(rows: Rows, seed: int, spread: float) -> NDArray[np.float64]:
    """The two components as a start for other layouts: the first has this standard deviation; float64 (n, 2).

    A little noise (1 % of the spread) keeps equal rows apart, for methods that only move what differs.
    """
    found = pca_plane(rows, seed).project(rows).astype(np.float64)
    wide = float(found[:, 0].std())
    noise = np.random.default_rng(seed).normal(0.0, 0.01, found.shape)
    return np.ascontiguousarray((found / wide if wide > 0 else found) * spread + noise * spread)
