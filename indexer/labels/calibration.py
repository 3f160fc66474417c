"""Are chances as right as they say? Reliability by bins, the expected calibration error, and temperature scaling."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from indexer.labels.heads import best_temperature, chances_of
from indexer.labels.predictions import Predictions

BINS = 10
_SMALLEST = 1e-7


@dataclass(frozen=True)
class Bin:
    """Photos whose confidence is above low and at most high. confidence: their mean; right: the share right.

    With several labels each label of a photo counts by itself. Both are 0 in an empty bin.
    """

    low: float
    high: float
    photos: int
    confidence: float
    right: float


@dataclass(frozen=True)
class Calibration:
    """Before and after temperature scaling. temperature: of the divisions, chosen on their validation parts."""

    before: tuple[Bin, ...]
    after: tuple[Bin, ...]
    error_before: float
    error_after: float
    temperatures: tuple[float, ...]


def reliability(predictions: Predictions, bins: int = BINS) -> tuple[Bin, ...]:
    """The bins of a reliability diagram, equally wide in confidence (Guo et al. 2017)."""
    confidence, right = _confident(predictions)
    place = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    photos = np.bincount(place, minlength=bins)
    shared = np.maximum(photos, 1)
    mean = np.bincount(place, weights=confidence, minlength=bins) / shared
    share = np.bincount(place, weights=right, minlength=bins) / shared
    return tuple(
        Bin(number / bins, (number + 1) / bins, int(photos[number]), float(mean[number]), float(share[number]))
        for number in range(bins)
    )


def calibration_error(bins: tuple[Bin, ...]) -> float:
    """The expected calibration error: the mean gap between confidence and share right, by photos, in [0, 1].

    Naeini, Cooper and Hauskrecht, "Obtaining well calibrated probabilities using Bayesian binning", AAAI 2015.
    """
    total = sum(one.photos for one in bins)
    if not total:
        raise InputError("no photo was tested: there is no calibration to measure")
    return sum(one.photos * abs(one.confidence - one.right) for one in bins) / total


def scaled(predictions: Predictions, temperature: float) -> Predictions:
    """The predictions with their logits divided by a temperature above 0; what is likeliest stays likeliest.

    Guo, Pleiss, Sun and Weinberger, "On calibration of modern neural networks", ICML 2017.
    """
    if not temperature > 0:
        raise InputError(f"a temperature is above 0, not {temperature:g}")
    logits = _logits(predictions) / np.float32(temperature)
    return replace(predictions, chances=chances_of(logits, predictions.several))


def fitted_temperature(validation: Predictions) -> float:
    """The temperature under which the truth of these photos is likeliest."""
    return best_temperature(_logits(validation), validation.targets, validation.several)


def calibrated(predictions: Predictions, validation: Predictions) -> tuple[Predictions, tuple[float, ...]]:
    """Predictions scaled, division by division, by the temperature of that division's validation part."""
    chances = predictions.chances.copy()
    found = []
    for fold in np.unique(predictions.folds).tolist():
        aside, here = validation.part(validation.folds == fold), predictions.folds == fold
        found.append(fitted_temperature(aside) if len(aside) else 1.0)
        chances[here] = scaled(predictions.part(here), found[-1]).chances
    return replace(predictions, chances=chances), tuple(found)


def calibration(predictions: Predictions, validation: Predictions, bins: int = BINS) -> Calibration:
    """Reliability before and after a temperature that the validation parts choose."""
    after, temperatures = calibrated(predictions, validation)
    first, second = reliability(predictions, bins), reliability(after, bins)
    return Calibration(first, second, calibration_error(first), calibration_error(second), temperatures)


def _logits(predictions: Predictions) -> NDArray[np.float32]:
    """Logits that give these chances, float32 (n, c)."""
    chances = np.clip(predictions.chances.astype(np.float64), _SMALLEST, 1 - _SMALLEST)
    logits = np.log(chances) - np.log1p(-chances) if predictions.several else np.log(chances)
    return logits.astype(np.float32)


def _confident(predictions: Predictions) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Confidence and whether it was right, of each photo or, with several labels, of each label of each photo."""
    confidence = predictions.confidence.astype(np.float64).ravel()
    right = np.asarray(predictions.predicted == predictions.targets, np.float64).ravel()
    return confidence, right
