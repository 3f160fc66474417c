"""How far a measure may be from the truth: intervals for photos on their own, for photos in groups, and the old way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError, MissingDependencyError
from indexer.labels.metrics import measure_names
from indexer.labels.predictions import Predictions
from indexer.labels.weighted import weighted_measure

LEVEL = 0.95
ROUNDS = 1000
_BLOCK_NUMBERS = 2_000_000
WHY_WOBBLE_MISLEADS = (
    "Mean ± t·s over epochs tells how much accuracy wobbles from epoch to epoch on the same test photos. It does "
    "not know how many photos were tested, so it neither narrows with ten times as many nor widens with a tenth; and s "
    "is not divided by √n, so it is no interval of the mean either."
)


@dataclass(frozen=True)
class Interval:
    """The ends of an interval at a level. method: how it was made, in words."""

    low: float
    high: float
    level: float = LEVEL
    method: str = ""


def wilson(right: float, count: float, level: float = LEVEL) -> Interval:
    """Wilson's score interval of a share. right: of count photos, fractions allowed, as with photos tested repeatedly.

    For photos independent of each other. Wilson, "Probable inference, the law of succession, and statistical
    inference", JASA 1927; for whole numbers it is scipy's binomtest(...).proportion_ci(method="wilson").
    """
    if not 0 <= right <= count or count <= 0:
        raise InputError(f"{right:g} right of {count:g}: an interval needs photos, and no more right than there are")
    z = NormalDist().inv_cdf(0.5 + level / 2)
    share, spread = right / count, z * z / count
    centre = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * sqrt(max(share * (1 - share) / count + spread / (4 * count), 0))
    return Interval(max(centre - half, 0.0), min(centre + half, 1.0), level, "Wilson, photos independent")


def photo_interval(predictions: Predictions, level: float = LEVEL) -> Interval:
    """Wilson's interval of the share right. A photo tested in several repeats is one, right as often as it was."""
    _, photo = np.unique(predictions.rows, return_inverse=True)
    each = np.bincount(photo, weights=predictions.correct) / np.bincount(photo)
    return wilson(float(each.sum()), len(each), level)


def group_intervals(
    predictions: Predictions,
    names: Sequence[str] = (),
    rounds: int = ROUNDS,
    seed: int = 0,
    level: float = LEVEL,
    method: str = "logit-t",
) -> dict[str, Interval | None]:
    """Intervals of measures by the cluster bootstrap: whole groups are drawn with replacement, the same for each name.

    names: of `indexer.labels.metrics.measures`; () for all there are. None where a measure is not defined, or there are
    fewer than two groups. method: see `bootstrap_interval`.
    """
    wanted = tuple(names) or measure_names(predictions)
    _, member = np.unique(predictions.groups, return_inverse=True)
    count = int(member.max()) + 1
    if count < 2:
        return dict.fromkeys(wanted)
    measures = {name: weighted_measure(predictions, name) for name in wanted}
    draws: dict[str, list[NDArray[np.float64]]] = {name: [] for name in wanted}
    generator = np.random.default_rng(seed)
    # Micro mAP ranks every label of every photo.
    block = max(1, _BLOCK_NUMBERS // (len(member) * (len(predictions.classes) if predictions.several else 1)))
    for start in range(0, rounds, block):
        weights = drawn_groups(count, min(block, rounds - start), generator)[:, member]
        for name, measure in measures.items():
            draws[name].append(measure(weights))
    whole = np.ones((1, len(member)))
    return {
        name: bootstrap_interval(float(measure(whole)[0]), np.concatenate(draws[name]), count, level, method)
        for name, measure in measures.items()
    }


def drawn_groups(count: int, rounds: int, generator: np.random.Generator) -> NDArray[np.float64]:
    """How often each of `count` groups is in each draw of as many with replacement, float64 (rounds, count)."""
    drawn = generator.integers(0, count, (rounds, count)) + np.arange(rounds)[:, None] * count
    return np.bincount(drawn.ravel(), minlength=rounds * count).reshape(rounds, count).astype(np.float64)


def group_interval(values: NDArray[np.floating], groups: NDArray[np.int64], rounds: int = ROUNDS, seed: int = 0,
                   level: float = LEVEL, method: str = "logit-t") -> Interval | None:  # fmt: skip
    """The cluster bootstrap of the mean of values (n,) in [0, 1], such as right or wrong; None below two groups."""
    _, member = np.unique(groups, return_inverse=True)
    sums, sizes = np.bincount(member, weights=values), np.bincount(member)
    count = len(sizes)
    if count < 2:
        return None
    times = drawn_groups(count, rounds, np.random.default_rng(seed))
    return bootstrap_interval(float(np.mean(values)), times @ sums / (times @ sizes), count, level, method)


def bootstrap_interval(
    value: float, draws: NDArray[np.float64], groups: int, level: float = LEVEL, method: str = "logit-t"
) -> Interval | None:
    """An interval from a measure in [0, 1], its values under draws of whole groups (NaN: undefined), and their number.

    logit-t: value's logit -+ t (groups - 1 degrees of freedom) times the bootstrap's standard error, carried to the
    logit by its slope: it stays in [0, 1] and leans as a share near 1 does. Chosen by simulation
    (benchmarks/quality/interval_coverage.py): percentiles fell to 90 % coverage with few groups or a value near 1.
    percentile: the draws' own percentiles. Where no draw differs, Wilson's with the groups for photos.
    Davison and Hinkley, "Bootstrap Methods and their Application", 1997, sections 3.8 and 5.2.
    """
    known = draws[~np.isnan(draws)]
    if np.isnan(value) or len(known) < 2:
        return None
    ends = (0.5 - level / 2, 0.5 + level / 2)
    if method == "percentile":
        low, high = np.quantile(known, ends)
        return Interval(float(low), float(high), level, "cluster bootstrap, percentile")
    error = float(known.std(ddof=1)) * sqrt(groups / (groups - 1))
    if error < 1e-12 or not 0 < value < 1:
        made = wilson(value * groups, groups, level)
        return Interval(made.low, made.high, level, "Wilson, groups independent: all are alike")
    logit, step = np.log(value / (1 - value)), _student_quantile(ends[1], groups - 1) * error / (value * (1 - value))
    low, high = 1 / (1 + np.exp(-np.clip(np.array([logit - step, logit + step]), -40, 40)))
    return Interval(float(low), float(high), level, "cluster bootstrap, t on the logit")


def epoch_wobble(accuracies: Sequence[float], level: float = LEVEL) -> Interval:
    """The old interval of accuracies by epoch: mean -+ t s, with n - 1 degrees of freedom. `WHY_WOBBLE_MISLEADS`.

    Not cut to [0, 1]: that it leaves it is part of what is wrong. Raises InputError for fewer than two epochs.
    """
    if len(accuracies) < 2:
        raise InputError("the range over epochs needs at least two of them")
    values = np.asarray(accuracies, np.float64)
    half = _student_quantile(0.5 + level / 2, len(values) - 1) * float(values.std(ddof=1))
    return Interval(float(values.mean()) - half, float(values.mean()) + half, level, "mean ± t·s over epochs")


def _student_quantile(share: float, freedom: int) -> float:
    try:
        from scipy.stats import t
    except ImportError as error:
        raise MissingDependencyError(
            "SciPy is not installed: intervals need the extra [train]: pip install 'houndstooth[train]'"
        ) from error
    return float(t.ppf(share, freedom))
