"""Which photos are learned from and which are tested on: by group, stratified, the same for the same seed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from indexer.labels.examples import Labelled

DRAWS = 10
"""So many divisions are drawn and the best balanced is taken: of sizes and classes alone, never of a result."""
VALIDATION = 0.2
_FORM = re.compile(
    r"(?:(?P<repeats>\d+)\s*x\s*)?(?:(?P<train>\d+)/(?P<test>\d+)|(?P<folds>\d+)[- ]?(?:fold|cv))", re.IGNORECASE
)


@dataclass(frozen=True)
class Scheme:
    """How photos are divided.

    kind: hold-out (a share is tested), k-fold (each photo is tested once a repeat) or given (by the parts of what was
    labelled). share: of photos tested, in (0, 1), for hold-out. folds: for k-fold. repeats: so many divisions, each
    drawn anew. validation: share of the training side that is set aside to choose by (early stopping, regularisation,
    temperature, thresholds), never the test part.
    """

    kind: Literal["hold-out", "k-fold", "given"]
    share: float = 0.2
    folds: int = 5
    repeats: int = 1
    validation: float = VALIDATION

    def __post_init__(self) -> None:
        if not 0.01 <= self.share <= 0.95:
            raise InputError(f"A share of {self.share:g} cannot be tested on: take one between 0.01 and 0.95.")
        if not 2 <= self.folds <= 100:
            raise InputError(f"{self.folds} folds: take between 2 and 100.")
        if not 1 <= self.repeats <= 1000:
            raise InputError(f"{self.repeats} repeats: take between 1 and 1000.")
        if not 0.01 <= self.validation <= 0.5:
            raise InputError(f"A validation share of {self.validation:g}: take between 0.01 and 0.5.")
        if self.kind == "given" and self.repeats > 1:
            raise InputError("Parts that are given are one division: they cannot be repeated.")

    def __str__(self) -> str:
        times = f"{self.repeats} x " if self.repeats > 1 else ""
        if self.kind == "given":
            return "the given parts"
        if self.kind == "k-fold":
            return "5x2cv" if (self.folds, self.repeats) == (2, 5) else f"{times}{self.folds}-fold"
        return f"{times}{(1 - self.share) * 100:g}/{self.share * 100:g}"


def parse_scheme(text: str) -> Scheme:
    """A scheme from its name: `80/20`, `50/50`, `3x80/20` (repeated), `5-fold`, `3x5-fold`, `5x2cv` or `given`."""
    cleaned = text.strip().lower()
    if cleaned == "given":
        return Scheme("given")
    form = _FORM.fullmatch(cleaned)
    if form is None:
        raise InputError(
            f"{text!r} is no way to divide photos. Take 80/20 (or another share), 3x80/20 (repeated), 5-fold, "
            "3x5-fold, 5x2cv, or given (by the parts that come with the labels)."
        )
    repeats = int(form["repeats"] or 1)
    if form["folds"]:
        return Scheme("k-fold", folds=int(form["folds"]), repeats=repeats)
    train, test = int(form["train"]), int(form["test"])
    if not train or not test:
        raise InputError(f"{text!r}: both sides need a share, as in 80/20.")
    return Scheme("hold-out", share=test / (train + test), repeats=repeats)


@dataclass(frozen=True, eq=False)
class Split:
    """One division: int64 row numbers, ascending, no row in two of them. repeat and fold count from 0."""

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]
    repeat: int = 0
    fold: int = 0


def make_splits(labelled: Labelled, scheme: Scheme, seed: int = 0) -> tuple[Split, ...]:
    """All divisions of a scheme, in order of repeat and fold.

    No group is on two sides of a division (parts that are given are taken as they are: `crossing` counts). Classes have
    nearly the same shares everywhere. Raises InputError, with what to do, when a class or a group makes it impossible.
    """
    if scheme.kind == "given":
        return (_given(labelled, scheme, seed),)
    _check_classes(labelled)
    rows = np.arange(len(labelled.groups))
    made = []
    for repeat in range(scheme.repeats):
        generator = np.random.default_rng([seed, repeat])
        for fold, tested in enumerate(_tests(labelled, scheme, generator)):
            train, validation = _set_aside(labelled, rows[~tested], scheme.validation, generator)
            made.append(Split(train, validation, rows[tested], repeat, fold))
    for split in made:
        _check_sides(labelled, split, scheme)
    return tuple(made)


def crossing(labelled: Labelled, split: Split) -> NDArray[np.bool_]:
    """Which photos of the test side have their group on the training side too: bool (len(split.test),)."""
    learned = labelled.groups[np.concatenate([split.train, split.validation])]
    return np.isin(labelled.groups[split.test], learned)


def group_folds(
    groups: NDArray[np.int64], marks: NDArray[np.bool_], folds: int, generator: np.random.Generator
) -> NDArray[np.int64]:
    """Fold numbers, int64 (n,), that keep groups together and classes in proportion. marks: bool (n, c), classes.

    Groups go, large ones first and at random within a power of two, to the fold where the counts of their classes and
    of photos stay nearest to an equal share. This is the greedy rule of scikit-learn's StratifiedGroupKFold by another
    measure of balance; that one takes no photos with several labels. Of `DRAWS` divisions the best balanced is taken.
    """
    _, member = np.unique(groups, return_inverse=True)
    counted = np.concatenate([marks, np.ones((len(marks), 1), bool)], axis=1).astype(np.float64)
    wanted = np.maximum(counted.sum(0) / folds, 1)
    held = np.zeros((member.max(initial=-1) + 1, counted.shape[1]))
    np.add.at(held, member, counted / wanted)
    sizes = np.bincount(member)
    draws = [_greedy(held, sizes, folds, generator) for _ in range(DRAWS if len(held) <= 2000 else 2)]
    best = min(draws, key=lambda draw: _imbalance(draw, held, folds))
    return best[member]


def _greedy(
    held: NDArray[np.float64], sizes: NDArray[np.int64], folds: int, generator: np.random.Generator
) -> NDArray[np.int64]:
    """A fold of each group. held: (groups, classes + 1), counts over the count wanted in each fold."""
    order = generator.permutation(len(held))
    order = order[np.argsort(-np.floor(np.log2(sizes[order])), kind="stable")]
    ties = generator.random((len(held), folds)) * 1e-9
    full = np.zeros((folds, held.shape[1]))
    chosen = np.zeros(len(held), np.int64)
    for place, group in enumerate(order.tolist()):
        # Adding v to a fold that holds f moves the sum of (f - 1)^2 by v (v + 2 f - 2): only f differs between folds.
        fold = int((full @ held[group] + ties[place]).argmin())
        full[fold] += held[group]
        chosen[group] = fold
    return chosen


def _imbalance(folds_of: NDArray[np.int64], held: NDArray[np.float64], folds: int) -> float:
    full = np.zeros((folds, held.shape[1]))
    np.add.at(full, folds_of, held)
    # A fold that lacks a class altogether is worse than any uneven one.
    return float(((full - 1) ** 2).sum() + 100 * (full == 0).sum())


def _tests(labelled: Labelled, scheme: Scheme, generator: np.random.Generator) -> list[NDArray[np.bool_]]:
    """Which rows each division tests: folds, or of a hold-out as many small folds, drawn at random, as make its share.

    So every group is equally likely to be tested, whatever its size.
    """
    marks = _marks(labelled)
    if scheme.kind == "k-fold":
        folds = group_folds(labelled.groups, marks, scheme.folds, generator)
        return [folds == fold for fold in range(scheme.folds)]
    share = Fraction(scheme.share).limit_denominator(20)
    if not 0 < share < 1:
        share = Fraction(scheme.share).limit_denominator(100)
    folds = group_folds(labelled.groups, marks, share.denominator, generator)
    drawn = [generator.permutation(share.denominator)[: share.numerator] for _ in range(DRAWS)]
    return [min((np.isin(folds, some) for some in drawn), key=lambda tested: _lacking(marks, tested, scheme.share))]


def _lacking(marks: NDArray[np.bool_], tested: NDArray[np.bool_], share: float) -> tuple[int, float]:
    """How many classes a hold-out lacks on a side, then how far its size is from the share (in twentieths)."""
    missing = int((~marks[tested].any(0)).sum() + (~marks[~tested].any(0)).sum())
    return missing, abs(float(tested.mean()) - share) // 0.05


def _set_aside(
    labelled: Labelled, rows: NDArray[np.int64], share: float, generator: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The training rows without, and the validation rows with, about `share` of them; every class stays in training."""
    marks = _marks(labelled)[rows]
    parts = Fraction(share).limit_denominator(20)
    folds = group_folds(labelled.groups[rows], marks, parts.denominator, generator)
    drawn = [generator.permutation(parts.denominator)[: parts.numerator] for _ in range(DRAWS)]
    aside = min((np.isin(folds, some) for some in drawn), key=lambda some: _lacking(marks, some, share))
    return rows[~aside], rows[aside]


def _given(labelled: Labelled, scheme: Scheme, seed: int) -> Split:
    part = np.array(labelled.part, dtype=object)
    unknown = sorted({str(name) for name in part.tolist()} - {"train", "validation", "test"})
    if unknown:
        said = "no part" if unknown == [""] else f"parts {', '.join(repr(name) for name in unknown)}"
        raise InputError(
            f"Photos with {said}: when the parts are given, every photo needs one of train, validation and test. "
            "Or take another scheme, such as 80/20."
        )
    rows = np.arange(len(part))
    train, validation, test = (rows[part == name] for name in ("train", "validation", "test"))
    if not len(train) or not len(test):
        raise InputError("The given parts need photos in both train and test.")
    if not len(validation):
        train, validation = _set_aside(labelled, train, scheme.validation, np.random.default_rng([seed, 0]))
    split = Split(train, validation, test)
    _check_sides(labelled, split, scheme)
    return split


def _marks(labelled: Labelled) -> NDArray[np.bool_]:
    if labelled.several:
        return np.asarray(labelled.targets, bool)
    marks: NDArray[np.bool_] = np.asarray(labelled.targets)[:, None] == np.arange(len(labelled.classes))
    return marks


def _check_classes(labelled: Labelled) -> None:
    """Every class needs photos of two groups, or it cannot be learned and tested."""
    marks = _marks(labelled)
    for name, mine in zip(labelled.classes, marks.T, strict=True):
        found = len(np.unique(labelled.groups[mine]))
        if found == 0:
            raise InputError(f"No photo is labelled {name!r}: leave that class out.")
        if found == 1:
            raise InputError(
                f"All {int(mine.sum())} photos labelled {name!r} are of one group (one product, sender or post, or "
                "copies of one photo): they cannot be learned from and tested on. Add photos of others, or leave the "
                "class out."
            )


def _check_sides(labelled: Labelled, split: Split, scheme: Scheme) -> None:
    """Every class is learned; every class is tested, but for folds of a k-fold, which are judged together."""
    marks = _marks(labelled)
    for side, rows in (("learned from", split.train), ("tested on", split.test)):
        if scheme.kind == "k-fold" and side == "tested on" and scheme.folds > 2:
            continue
        for name, mine in zip(labelled.classes, marks[rows].T, strict=True):
            if not mine.any():
                raise InputError(
                    f"No photo labelled {name!r} would be {side} under {scheme}: its "
                    f"{int(marks[:, labelled.classes.index(name)].sum())} photos are of too few groups. "
                    "Add photos of others, leave the class out, or take fewer folds."
                )
    if not len(split.validation):
        raise InputError(
            f"Under {scheme} no photos are left to choose by: there are too few groups. Add photos of others."
        )
