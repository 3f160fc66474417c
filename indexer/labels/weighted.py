"""The measures once more, for photos that count more or less: what a bootstrap asks thousands of times at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from indexer.labels.metrics import marked, marks
from indexer.labels.predictions import Predictions

Weights = NDArray[np.float64]
Weighted = Callable[[Weights], NDArray[np.float64]]
"""Weights of n photos, float64 (b, n), at least 0 -> a measure, float64 (b,); NaN where it is not defined."""


def weighted_measure(predictions: Predictions, name: str) -> Weighted:
    """A measure of `indexer.labels.metrics.measures` as a function of weights. With equal weights both agree."""
    if name in {"roc_auc", "pr_auc", "macro_map", "micro_map"}:
        return _area(predictions, name)
    truth, told = marks(predictions).astype(np.float64), marked(predictions).astype(np.float64)
    if name in {"accuracy", "subset_accuracy"}:
        return _mean_of(predictions.correct.astype(np.float64))
    if name == "hamming_accuracy":
        return _mean_of((truth == told).mean(1))
    if name == "balanced_accuracy":
        return lambda weights: _row_mean(_share(weights @ (truth * told), weights @ truth))
    if name == "macro_f1":
        return _macro_f1(truth, told, predictions.several)
    if name == "micro_f1":
        both, either = (truth * told).sum(1), (truth + told).sum(1)
        return lambda weights: _filled(_share(2 * (weights @ both), weights @ either))
    raise ValueError(f"no measure is called {name!r}")


def _area(predictions: Predictions, name: str) -> Weighted:
    truth, chances = marks(predictions).astype(np.float64), predictions.chances.astype(np.float64)
    width = truth.shape[1]
    if name == "micro_map":
        precision = average_precision(truth.ravel(), chances.ravel())
        return lambda weights: precision(np.repeat(weights, width, axis=1))
    area = roc_auc if name == "roc_auc" else average_precision
    numbers = [1] if width == 2 and not predictions.several else range(width)
    # A class that all photos or none are of has no area, and is left out here as it is there.
    mixed = [number for number in numbers if 0 < truth[:, number].sum() < len(truth)]
    single = [area(truth[:, number], chances[:, number]) for number in mixed]
    if not single:
        return lambda weights: np.full(len(weights), np.nan)
    return lambda weights: _row_mean(np.stack([one(weights) for one in single], axis=1))


def roc_auc(truth: Weights, chances: Weights) -> Weighted:
    """The area under the ROC curve: the share of pairs of a photo of the class and one not that are ranked right.

    truth: 1 or 0, (n,). Equal chances count half (Mann and Whitney 1947).
    """
    order, last = _ranked(chances)
    of_class = truth[order]

    def area(weights: Weights) -> NDArray[np.float64]:
        ordered = weights[:, order]
        positive, negative = ordered * of_class, ordered * (1 - of_class)
        above, beside = _tie_sums(negative, last)
        in_class = np.add.reduceat(positive, np.concatenate([[0], last[:-1] + 1]), axis=1)
        pairs = positive.sum(1) * negative.sum(1)
        wrong = (in_class * (above + beside / 2)).sum(1)
        return _share(pairs - wrong, pairs)

    return area


def average_precision(truth: Weights, chances: Weights) -> Weighted:
    """The area under the precision-recall curve by steps, as scikit-learn's average_precision_score has it."""
    order, last = _ranked(chances)
    of_class = truth[order]

    def area(weights: Weights) -> NDArray[np.float64]:
        ordered = weights[:, order]
        positive, everything = (ordered * of_class).cumsum(1)[:, last], ordered.cumsum(1)[:, last]
        steps = np.diff(positive, axis=1, prepend=0)
        precision = np.divide(positive, everything, out=np.zeros_like(positive), where=everything > 0)
        return _share((steps * precision).sum(1), positive[:, -1])

    return area


def _ranked(chances: Weights) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The places by falling chance, and where in that order each run of equal chances ends."""
    order = np.argsort(-chances, kind="stable")
    ordered = chances[order]
    return order, np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))


def _tie_sums(weights: Weights, last: NDArray[np.intp]) -> tuple[Weights, Weights]:
    """Of each run of equal chances: the weight ranked before it, and its own."""
    until = weights.cumsum(1)[:, last]
    own = np.diff(until, axis=1, prepend=0)
    return until - own, own


def _macro_f1(truth: Weights, told: Weights, several: bool) -> Weighted:
    def f1(weights: Weights) -> NDArray[np.float64]:
        either = weights @ (truth + told)
        of_class = _share(2 * (weights @ (truth * told)), either)
        # scikit-learn leaves out a class that neither occurs nor is predicted; with several labels it counts as 0.
        return _row_mean(_filled(of_class) if several else of_class)

    return f1


def _mean_of(values: Weights) -> Weighted:
    return lambda weights: _share(weights @ values, weights.sum(1))


def _share(part: Weights, whole: Weights) -> Weights:
    return np.divide(part, whole, out=np.full_like(part, np.nan), where=whole > 0)


def _filled(values: Weights) -> Weights:
    return np.asarray(np.nan_to_num(values, nan=0.0))


def _row_mean(values: Weights) -> Weights:
    """The mean of what is known in each row, NaN where nothing is."""
    known = ~np.isnan(values)
    return _share(np.where(known, values, 0).sum(1), known.sum(1).astype(np.float64))
