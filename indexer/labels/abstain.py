"""Saying nothing rather than something wrong: a confidence to ask for, or a set of classes that holds the true one."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError, MissingDependencyError
from indexer.labels.predictions import Predictions

GRID = (0.9999, 0.999, 0.995, *(round(0.99 - step / 100, 2) for step in range(100)))
"""Confidences that are tried, from the strictest: fixed beforehand, so that trying them costs no guarantee."""


@dataclass(frozen=True)
class Threshold:
    """A confidence to ask for. precision: of the photos at or above it that it was chosen on; lower: its lower bound.

    answered: the share of photos at or above it. confidence is None when no threshold keeps the promise.
    """

    wanted: float
    level: float
    confidence: float | None
    precision: float | None
    lower: float | None
    answered: float


@dataclass(frozen=True)
class ConformalSets:
    """Sets of classes. least: a class whose chance is at least this is in the set; so is the likeliest, always.

    wanted: the share of photos whose true class is to be in their set.
    """

    wanted: float
    least: float

    def members(self, chances: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Whether each class is in each photo's set, bool (n, c)."""
        inside = chances >= self.least
        inside[np.arange(len(chances)), chances.argmax(1)] = True
        return np.asarray(inside, bool)


@dataclass(frozen=True)
class Abstention:
    """What a threshold and sets, both chosen on validation photos, did on the test photos.

    answered, precision: by the threshold (precision None where it answered nothing). covered: share of photos whose set
    held the true class; size: mean classes a set; single: share of sets of one class. The last three are None with
    several labels.
    """

    threshold: Threshold
    answered: float
    precision: float | None
    sets: ConformalSets | None
    covered: float | None
    size: float | None
    single: float | None


def precision_threshold(
    confidence: NDArray[np.floating],
    right: NDArray[np.bool_],
    wanted: float,
    groups: NDArray[np.int64] | None = None,
    level: float = 0.95,
) -> Threshold:
    """The lowest confidence from which on, at this level, the precision of new photos is at least what is wanted.

    confidence, right: (n,), of photos not trained on. Thresholds are tested from the strictest, by the Clopper-Pearson
    lower bound of the precision above them, until one fails: testing in a fixed order needs no correction for testing
    often (Angelopoulos et al., "Learn then test", 2021, fixed-sequence testing). With groups the photos count as many
    as they are worth by their design effect (Korn and Graubard, "Confidence intervals for proportions with small
    expected number of positive counts", 1998). Thresholds above which so few photos lie that even all right would not
    suffice are passed over.
    """
    if not 0 < wanted < 1 or not 0.5 < level < 1:
        raise InputError(f"a precision of {wanted:g} at the level {level:g}: both lie between 0 and 1")
    if len(confidence) != len(right) or not len(confidence):
        raise InputError("a threshold is chosen on photos whose confidence and truth are known: there are none")
    enough = ceil(np.log(1 - level) / np.log(wanted))
    best = Threshold(wanted, level, None, None, None, 0.0)
    for at in GRID:
        above = confidence >= at
        count = int(above.sum())
        if count < enough:
            continue
        share = float(right[above].mean())
        worth = count / _design_effect(right[above], None if groups is None else groups[above])
        lower = clopper_pearson_lower(share * worth, worth, level)
        if lower < wanted:
            break
        best = Threshold(wanted, level, at, share, lower, count / len(confidence))
    return best


def clopper_pearson_lower(right: float, count: float, level: float = 0.95) -> float:
    """The lower end of a one-sided exact interval of a share (Clopper and Pearson 1934); fractions are allowed."""
    try:
        from scipy.stats import beta
    except ImportError as error:
        raise MissingDependencyError(
            "SciPy is not installed: abstention needs the extra [train]: pip install 'houndstooth[train]'"
        ) from error
    return float(beta.ppf(1 - level, right, count - right + 1)) if right > 0 else 0.0


def conformal_sets(chances: NDArray[np.float32], targets: NDArray[np.int64], wanted: float = 0.95) -> ConformalSets:
    """Sets that hold the true class of at least the wanted share of new photos, on average over draws of these.

    The least ambiguous sets of split conformal prediction (Sadinle, Lei and Wasserman, "Least ambiguous set-valued
    classifiers with bounded error levels", JASA 2019): exact when photos are exchangeable. chances: float32 (n, c) of
    photos not trained on. Where n is too small for the promise, every class is in every set.
    """
    if not 0 < wanted < 1:
        raise InputError(f"a coverage of {wanted:g}: it lies between 0 and 1")
    if not len(targets):
        raise InputError("sets are chosen on photos whose truth is known: there are none")
    scores = np.sort(1 - chances[np.arange(len(targets)), targets].astype(np.float64))
    place = ceil((len(scores) + 1) * wanted)
    return ConformalSets(wanted, float(1 - scores[place - 1]) - 1e-7 if place <= len(scores) else 0.0)


def abstention(
    predictions: Predictions, validation: Predictions, precision: float = 0.95, coverage: float = 0.95
) -> Abstention:
    """A threshold and sets chosen on all validation photos, tried on the test photos.

    With several labels each label of a photo is answered by itself, and there are no sets.
    """
    if predictions.several:
        threshold = precision_threshold(*_labels(validation)[:2], precision, _labels(validation)[2])
        confidence, right, _ = _labels(predictions)
        return _tried(threshold, confidence, right, None, None)
    threshold = precision_threshold(validation.confidence, validation.correct, precision, validation.groups)
    sets = conformal_sets(validation.chances, np.asarray(validation.targets, np.int64), coverage)
    return _tried(threshold, predictions.confidence, predictions.correct, sets, predictions)


def _tried(
    threshold: Threshold,
    confidence: NDArray[np.floating],
    right: NDArray[np.bool_],
    sets: ConformalSets | None,
    predictions: Predictions | None,
) -> Abstention:
    above = confidence >= threshold.confidence if threshold.confidence is not None else np.zeros(len(right), bool)
    found = float(right[above].mean()) if above.any() else None
    if sets is None or predictions is None:
        return Abstention(threshold, float(above.mean()), found, None, None, None, None)
    inside = sets.members(predictions.chances)
    held = inside[np.arange(len(inside)), predictions.targets]
    sizes = inside.sum(1)
    return Abstention(
        threshold,
        float(above.mean()),
        found,
        sets,
        float(held.mean()),
        float(sizes.mean()),
        float((sizes == 1).mean()),
    )


def _labels(predictions: Predictions) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.int64]]:
    """Confidence, whether right, and group of each label of each photo."""
    width = len(predictions.classes)
    right = np.asarray(predictions.predicted == predictions.targets, bool).ravel()
    return predictions.confidence.ravel(), right, np.repeat(predictions.groups, width)


def _design_effect(right: NDArray[np.bool_], groups: NDArray[np.int64] | None) -> float:
    """How many times larger the variance of the share right is than that of independent photos; at least 1.

    Where all are alike it cannot be estimated: a group, whose photos may be one photo in several folds, counts as one.
    """
    if groups is None:
        return 1.0
    share = float(right.mean())
    _, member = np.unique(groups, return_inverse=True)
    count = int(member.max()) + 1
    if count < 2 or not 0 < share < 1:
        return len(right) / count
    residuals = np.bincount(member, weights=right - share)
    variance = count / (count - 1) * float((residuals**2).sum()) / len(right) ** 2
    return max(1.0, variance / (share * (1 - share) / len(right)))
