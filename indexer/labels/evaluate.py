"""Trains and tests a classifier over the divisions of a scheme, and gathers what it said of photos it had not seen."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from indexer.labels.examples import Labelled
from indexer.labels.predictions import Predictions, checked_chances
from indexer.labels.splits import Scheme, Split, crossing, make_splits

Rows = NDArray[np.int64]
Chances = Callable[[Rows], NDArray[np.floating]]
"""Chances of rows of what was labelled: float (n, c) in [0, 1], each row summing to 1 unless several."""
Fit = Callable[[Rows, Rows, int], Chances]
"""Learns from training rows, chooses by validation rows, draws by a seed: fit(train, validation, seed)."""
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class FoldScore:
    """One division's result. train, validation, test: photos. right: of the photos tested, [0, 1]. seconds: both steps.

    leaked: photos of the test side whose group was learned from.
    """

    repeat: int
    fold: int
    train: int
    validation: int
    test: int
    right: float
    leaked: int
    seconds: float


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What came of a scheme. predictions: of the test sides of all divisions, in order; validation: of the other sides.

    Rows of both are numbered by `folds`, the place of the division in `splits`.
    """

    labelled: Labelled
    scheme: Scheme
    seed: int
    splits: tuple[Split, ...]
    predictions: Predictions
    validation: Predictions
    scores: tuple[FoldScore, ...]

    @property
    def seconds(self) -> float:
        """Of training and testing, all divisions."""
        return sum(score.seconds for score in self.scores)


def evaluate(
    labelled: Labelled, fit: Fit, scheme: Scheme, seed: int = 0, progress: Progress | None = None
) -> Evaluation:
    """Fits and tests on every division of a scheme. The same seed divides and draws the same.

    progress: called with a text, the divisions done and their number. Raises InputError where a class or group makes
    the scheme impossible, or a classifier gives no chances.
    """
    say = progress or (lambda stage, done, total: None)
    splits = make_splits(labelled, scheme, seed)
    tested, chosen, scores = [], [], []
    for number, split in enumerate(splits):
        say(f"{labelled.attribute}: {scheme}", number, len(splits))
        began = time.perf_counter()
        chances = fit(split.train, split.validation, split_seed(seed, split))
        tested.append(_predictions(labelled, chances, split.test, number, crossing(labelled, split)))
        seconds = time.perf_counter() - began
        chosen.append(_predictions(labelled, chances, split.validation, number, np.zeros(len(split.validation), bool)))
        scores.append(_score(split, tested[-1], seconds))
    say(f"{labelled.attribute}: {scheme}", len(splits), len(splits))
    return Evaluation(labelled, scheme, seed, splits, joined(tested), joined(chosen), tuple(scores))


def split_seed(seed: int, split: Split) -> int:
    """A seed for the training of one division, in [0, 2^31)."""
    return int(np.random.SeedSequence([seed, split.repeat, split.fold]).generate_state(1)[0] >> 1)


def joined(parts: list[Predictions]) -> Predictions:
    """Predictions of several divisions in one. All must be of the same classes."""
    first = parts[0]
    if any((part.classes, part.several) != (first.classes, first.several) for part in parts):
        raise ValueError("predictions of different classes cannot be joined")
    return Predictions(
        first.attribute,
        first.classes,
        first.several,
        tuple(item for part in parts for item in part.items),
        np.concatenate([part.rows for part in parts]),
        np.concatenate([part.targets for part in parts]),
        np.concatenate([part.chances for part in parts]),
        np.concatenate([part.groups for part in parts]),
        np.concatenate([part.folds for part in parts]),
        np.concatenate([part.leaked for part in parts]),
    )


def _predictions(
    labelled: Labelled, chances: Chances, rows: Rows, number: int, leaked: NDArray[np.bool_]
) -> Predictions:
    given = checked_chances(chances(rows), len(rows), len(labelled.classes), labelled.several)
    return Predictions(
        labelled.attribute,
        labelled.classes,
        labelled.several,
        tuple(labelled.items[row] for row in rows.tolist()),
        rows,
        labelled.targets[rows],
        given,
        labelled.groups[rows],
        np.full(len(rows), number, np.int64),
        leaked,
    )


def _score(split: Split, tested: Predictions, seconds: float) -> FoldScore:
    right = float(tested.correct.mean())
    sides = len(split.train), len(split.validation), len(split.test)
    return FoldScore(split.repeat, split.fold, *sides, right, int(tested.leaked.sum()), seconds)
