"""How well a map keeps what is near: trustworthiness, continuity, and neighbours kept.

Venna and Kaski 2006, "Local multidimensional scaling". A map is trustworthy where those that it shows side by side are
alike, and continuous where those that are alike are side by side; no map of many dimensions is wholly both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MEASURES = ("trustworthiness", "continuity", "neighbours_kept")
NEIGHBOURS = 12
"""The k of all three, as in scikit-learn's and openTSNE's examples of a dozen; less where there are few points."""
SAMPLE = 3_000
"""Maps of more points are judged on so many of them, drawn by the map's seed."""


@dataclass(frozen=True)
class MapQuality:
    """trustworthiness, continuity: in [0, 1], about 0.5 for a map drawn by lot, 1 is best.

    neighbours_kept: mean share of the k nearest in the space that are among the k nearest on the map, in [0, 1].
    neighbours: the k. sample: points judged, among themselves. seed: that drew them.
    """

    trustworthiness: float
    continuity: float
    neighbours_kept: float
    neighbours: int
    sample: int
    seed: int

    @property
    def measures(self) -> dict[str, float]:
        """The three by name, as the catalog keeps them."""
        return {name: getattr(self, name) for name in MEASURES}

    @property
    def judged(self) -> dict[str, int]:
        """On what they were measured, as the catalog keeps it."""
        return {"neighbours": self.neighbours, "rows": self.sample, "seed": self.seed}


def map_quality(
    rows: NDArray[np.float32],
    xy: NDArray[np.floating],
    seed: int = 0,
    neighbours: int = NEIGHBOURS,
    sample: int = SAMPLE,
) -> MapQuality | None:
    """The three measures of positions (n, 2) of unit rows (n, dim).

    None where they mean nothing: for fewer than 4 points, and where all lie at one place, on the map or in the space.
    """
    drawn = judged_rows(len(rows), seed, sample)
    rows, xy, count = rows[drawn], xy[drawn], len(drawn)
    k = min(neighbours, (count - 1) // 2)
    if k < 1 or count < 4 or not (_spreads(rows) and _spreads(xy)):
        return None
    points = np.asarray(xy, dtype=np.float64)
    in_space = _ranks(-(rows @ rows.T))
    apart = ((points[:, None, 0] - points[None, :, 0]) ** 2) + ((points[:, None, 1] - points[None, :, 1]) ** 2)
    on_map = _ranks(apart)
    return MapQuality(
        trustworthiness=_penalised(in_space, on_map, k),
        continuity=_penalised(on_map, in_space, k),
        neighbours_kept=float(((in_space <= k) & (on_map <= k)).sum()) / (count * k),
        neighbours=k,
        sample=count,
        seed=seed,
    )


def judged_rows(count: int, seed: int, sample: int = SAMPLE) -> NDArray[np.int64]:
    """Which of so many rows are judged, ascending: all, or as many as `sample` by lot."""
    if count <= sample:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, sample, replace=False))


def _spreads(points: NDArray[np.floating]) -> bool:
    """Whether the points differ by more than rounding does."""
    return bool(np.ptp(points, axis=0).max() > 1e-6 * max(1.0, float(np.abs(points).max())))


def _ranks(apart: NDArray[np.floating]) -> NDArray[np.int32]:
    """From distances (n, n), of each row its others' ranks from 1, nearest first; itself last."""
    count = len(apart)
    apart = apart.copy()
    np.fill_diagonal(apart, np.inf)
    order = np.argsort(apart, axis=1, kind="stable")
    ranks = np.empty((count, count), np.int32)
    np.put_along_axis(ranks, order, np.arange(1, count + 1, dtype=np.int32)[None], axis=1)
    return ranks


def _penalised(true: NDArray[np.int32], shown: NDArray[np.int32], k: int) -> float:
    """1 less the mean rank, beyond k, that the k nearest as shown truly have; scaled so that the worst is 0."""
    count = len(true)
    beyond = np.where(shown <= k, np.maximum(true - k, 0), 0).sum(dtype=np.int64)
    return float(1 - 2 * beyond / (count * k * (2 * count - 3 * k - 1)))
