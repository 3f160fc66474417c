"""Is one classifier better than another, or luckier? Tests on the same divisions of the same photos."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError, MissingDependencyError
from indexer.labels.evaluate import Evaluation
from indexer.labels.intervals import LEVEL, ROUNDS, Interval, drawn_groups


@dataclass(frozen=True)
class PairedTest:
    """A test whether two classifiers are right equally often. difference: share right of the first less the second's.

    p: the chance of a statistic so large, were they equally good.
    """

    name: str
    difference: float
    statistic: float
    p: float


@dataclass(frozen=True)
class Difference:
    """The share right of one less another's on the same photos, with its interval over groups (None below two)."""

    value: float
    interval: Interval | None


def five_by_two(first: Evaluation, second: Evaluation) -> tuple[PairedTest, PairedTest]:
    """Dietterich's paired t test over 5x2cv, and Alpaydin's F, which asks all ten differences, not the first alone.

    Dietterich, "Approximate statistical tests for comparing supervised classification learning algorithms", Neural
    Computation 1998; Alpaydin, "Combined 5x2 cv F test", Neural Computation 1999. Both evaluations must be 5x2cv with
    one seed over the same photos.
    """
    _same(first, second)
    if (first.scheme.kind, first.scheme.folds, first.scheme.repeats) != ("k-fold", 2, 5):
        raise InputError(f"Dietterich's test needs 5x2cv, and these were made by {first.scheme}")
    accuracies = [np.array([score.right for score in one.scores]).reshape(5, 2) for one in (first, second)]
    return five_by_two_tests(accuracies[0] - accuracies[1])


def five_by_two_tests(differences: NDArray[np.float64]) -> tuple[PairedTest, PairedTest]:
    """Both tests from the differences in accuracy, (5, 2): repeats by folds."""
    if differences.shape != (5, 2):
        raise InputError(f"5x2cv has five repeats of two folds, not {differences.shape}")
    try:
        from scipy.stats import f, t
    except ImportError as error:
        raise MissingDependencyError(
            "SciPy is not installed: comparing needs the extra [train]: pip install 'houndstooth[train]'"
        ) from error
    mean = float(differences.mean())
    variances = ((differences - differences.mean(1, keepdims=True)) ** 2).sum(1)
    spread = float(variances.sum())
    if spread == 0:
        same = 1.0 if not differences.any() else 0.0
        value = 0.0 if same else float("inf")
        names = "5x2cv paired t", "5x2cv combined F"
        return PairedTest(names[0], mean, value, same), PairedTest(names[1], mean, value, same)
    student = float(differences[0, 0] / np.sqrt(spread / 5))
    ratio = float((differences**2).sum() / (2 * spread))
    return (
        PairedTest("5x2cv paired t", mean, student, float(2 * t.sf(abs(student), 5))),
        PairedTest("5x2cv combined F", mean, ratio, float(f.sf(ratio, 10, 5))),
    )


def paired_difference(
    first: Evaluation, second: Evaluation, rounds: int = ROUNDS, seed: int = 0, level: float = LEVEL
) -> Difference:
    """How much more often the first is right on the same photos, by the cluster bootstrap of the difference.

    The interval is the difference -+ t (groups - 1 degrees of freedom) times the bootstrap's standard error. It tells
    of new photos, not of training anew on others: for that, `five_by_two`.
    """
    _same(first, second)
    gained = first.predictions.correct.astype(np.float64) - second.predictions.correct
    _, member = np.unique(first.predictions.groups, return_inverse=True)
    sums, sizes = np.bincount(member, weights=gained), np.bincount(member)
    value, count = float(gained.mean()), len(sizes)
    if count < 2:
        return Difference(value, None)
    from scipy.stats import t

    times = drawn_groups(count, rounds, np.random.default_rng(seed))
    error = float((times @ sums / (times @ sizes)).std(ddof=1)) * np.sqrt(count / (count - 1))
    half = float(t.ppf(0.5 + level / 2, count - 1)) * error
    ends = max(value - half, -1.0), min(value + half, 1.0)
    return Difference(value, Interval(float(ends[0]), float(ends[1]), level, "cluster bootstrap of the difference"))


def _same(first: Evaluation, second: Evaluation) -> None:
    one, other = first.predictions, second.predictions
    if (
        not (np.array_equal(one.rows, other.rows) and np.array_equal(one.folds, other.folds))
        or one.items != other.items
    ):
        raise InputError(
            "two classifiers are compared on the same divisions of the same photos: take one scheme and seed"
        )
