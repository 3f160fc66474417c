"""How much more would more labels help? The share right by the number of photos learned from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from indexer.labels.evaluate import Fit, Progress, split_seed
from indexer.labels.examples import Labelled
from indexer.labels.intervals import group_interval
from indexer.labels.predictions import checked_chances
from indexer.labels.splits import Scheme, Split, make_splits

SHARES = (0.1, 0.2, 0.4, 0.7, 1.0)
REPEATS = 3


@dataclass(frozen=True)
class CurvePoint:
    """The share right of test photos, mean of the repeats, after learning from so many photos (a mean, too).

    photos: learned from and chosen by. low, high: of the interval over groups. each: the repeats' own shares.
    """

    photos: float
    right: float
    low: float
    high: float
    each: tuple[float, ...]


def learning_curve(
    labelled: Labelled,
    fit: Fit,
    seed: int = 0,
    shares: Sequence[float] = SHARES,
    repeats: int = REPEATS,
    progress: Progress | None = None,
) -> tuple[CurvePoint, ...]:
    """A point for each share of the training side (its validation part shrinks with it), ascending.

    Whole groups are drawn; what a share has, larger ones have too; each has every class from the start. Tested on the
    test part where parts were given, else on a fifth drawn anew in each repeat.
    """
    if not shares or any(not 0 < share <= 1 for share in shares):
        raise InputError("a learning curve needs shares above 0 and at most 1")
    say = progress or (lambda stage, done, total: None)
    splits = _splits(labelled, repeats, seed)
    order = sorted(shares)
    tested: list[list[tuple[int, NDArray[np.bool_], NDArray[np.int64]]]] = [[] for _ in order]
    for number, split in enumerate(splits):
        draw = np.random.default_rng([seed, number, 1])
        train, validation = (nested(labelled, rows, order, draw) for rows in (split.train, split.validation))
        for place, (learned, aside) in enumerate(zip(train, validation, strict=True)):
            say("learning curve", number * len(order) + place, len(splits) * len(order))
            chances = fit(learned, aside, split_seed(seed, split))
            right = _right(labelled, chances, split)
            tested[place].append((len(learned) + len(aside), right, labelled.groups[split.test]))
    say("learning curve", len(splits) * len(order), len(splits) * len(order))
    return tuple(_point(found) for found in tested)


def nested(
    labelled: Labelled, rows: NDArray[np.int64], shares: Sequence[float], generator: np.random.Generator
) -> list[NDArray[np.int64]]:
    """Subsets of rows, each holding the one before: whole groups in a random order, first one for each class.

    shares: ascending, in (0, 1]; a subset has at least its share of the rows.
    """
    names, member = np.unique(labelled.groups[rows], return_inverse=True)
    order = generator.permutation(len(names))
    rank = np.empty(len(names), np.int64)
    rank[order] = np.arange(len(names))
    first: list[int] = []
    for number in range(len(labelled.classes)):
        column = labelled.targets[rows]
        own = member[column[:, number] if labelled.several else column == number]
        if len(own):
            first.append(int(own[rank[own].argmin()]))
    order = np.array([*dict.fromkeys(first), *(group for group in order.tolist() if group not in set(first))])
    reached = np.bincount(member, minlength=len(names))[order].cumsum()
    least = len(dict.fromkeys(first))
    made = []
    for share in shares:
        groups = max(least, int(np.searchsorted(reached, share * len(rows) - 1e-9)) + 1)
        made.append(rows[np.isin(member, order[:groups])])
    return made


def _splits(labelled: Labelled, repeats: int, seed: int) -> tuple[Split, ...]:
    if not labelled.given_parts:
        return make_splits(labelled, Scheme("hold-out", share=0.2, repeats=repeats), seed)
    given = make_splits(labelled, Scheme("given"), seed)[0]
    return tuple(Split(given.train, given.validation, given.test, repeat) for repeat in range(repeats))


def _right(
    labelled: Labelled, chances: Callable[[NDArray[np.int64]], NDArray[np.floating]], split: Split
) -> NDArray[np.bool_]:
    given = checked_chances(chances(split.test), len(split.test), len(labelled.classes), labelled.several)
    truth = labelled.targets[split.test]
    right = ((given > 0.5) == truth).all(1) if labelled.several else given.argmax(1) == truth
    return np.asarray(right, bool)


def _point(found: list[tuple[int, NDArray[np.bool_], NDArray[np.int64]]]) -> CurvePoint:
    each = tuple(float(right.mean()) for _, right, _ in found)
    mean = float(np.mean(each))
    right = np.concatenate([right for _, right, _ in found]).astype(np.float64)
    interval = group_interval(right, np.concatenate([groups for _, _, groups in found]))
    low, high = (interval.low, interval.high) if interval else (mean, mean)
    return CurvePoint(float(np.mean([photos for photos, _, _ in found])), mean, low, high, each)
