"""What a classifier said of photos that it was not trained on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError


@dataclass(frozen=True, eq=False)
class Predictions:
    """Chances of n photos for c classes, with the truth beside them.

    attribute: what was predicted. several: whether a photo may have several classes at once. items: the photos' names.
    rows: int64 (n,), the photo's place in what was labelled; a photo appears once a repeat. targets: int64 (n,) class
    numbers, or bool (n, c) when several. chances: float32 (n, c) in [0, 1]; each row sums to 1 unless several.
    groups: int64 (n,), photos of one group never stood on two sides of a split that was drawn. folds: int64 (n,), its
    number. leaked: bool (n,), photos whose group was learned from all the same, as parts that were given may have it.
    """

    attribute: str
    classes: tuple[str, ...]
    several: bool
    items: tuple[str, ...]
    rows: NDArray[np.int64]
    targets: NDArray[np.int64] | NDArray[np.bool_]
    chances: NDArray[np.float32]
    groups: NDArray[np.int64]
    folds: NDArray[np.int64]
    leaked: NDArray[np.bool_]

    def __post_init__(self) -> None:
        count, width = len(self.items), len(self.classes)
        targets = (count, width) if self.several else (count,)
        if self.targets.shape != targets or self.chances.shape != (count, width):
            raise ValueError(f"targets {self.targets.shape} or chances {self.chances.shape} do not fit {count} photos")
        if any(len(column) != count for column in (self.rows, self.groups, self.folds, self.leaked)):
            raise ValueError(f"rows, groups, folds and leaked must have {count} entries")

    def __len__(self) -> int:
        return len(self.items)

    @property
    def predicted(self) -> NDArray[np.int64] | NDArray[np.bool_]:
        """The likeliest class, int64 (n,), the first of equals; with several, bool (n, c): the chances above 0.5."""
        if self.several:
            return self.chances > 0.5
        return np.asarray(self.chances.argmax(1), np.int64)

    @property
    def confidence(self) -> NDArray[np.float32]:
        """The chance of what was predicted, float32 (n,); with several, (n, c): of each label's presence or absence."""
        if self.several:
            return np.maximum(self.chances, 1 - self.chances)
        return np.asarray(self.chances.max(1, initial=0.0), np.float32)

    @property
    def correct(self) -> NDArray[np.bool_]:
        """Whether what was predicted is true, bool (n,); with several, whether all labels of the photo are."""
        if self.several:
            whole: NDArray[np.bool_] = (self.predicted == self.targets).all(1)
            return whole
        return np.asarray(self.predicted == self.targets)

    def part(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> Predictions:
        """Those of some places: bool (n,) or int64 places."""
        places = np.flatnonzero(which) if which.dtype == bool else which
        return replace(
            self,
            items=tuple(self.items[place] for place in places.tolist()),
            rows=self.rows[places],
            targets=self.targets[places],
            chances=self.chances[places],
            groups=self.groups[places],
            folds=self.folds[places],
            leaked=self.leaked[places],
        )

    def told(self, place: int) -> str:
        """What was predicted of a photo, in words."""
        if not self.several:
            return self.classes[int(self.predicted[place])]
        return _names(self.classes, self.predicted[place])

    def truth(self, place: int) -> str:
        """What is true of a photo, in words."""
        if not self.several:
            return self.classes[int(self.targets[place])]
        return _names(self.classes, self.targets[place])


def _names(classes: tuple[str, ...], present: NDArray[np.bool_]) -> str:
    return ", ".join(name for name, there in zip(classes, present.tolist(), strict=True) if there) or "none"


def checked_chances(chances: NDArray[np.floating], count: int, width: int, several: bool) -> NDArray[np.float32]:
    """Chances as a classifier gave them, or an InputError that says what is wrong with them."""
    given = np.asarray(chances, np.float32)
    if given.shape != (count, width):
        raise InputError(f"The classifier gave chances of shape {given.shape} for {count} photos and {width} classes.")
    if not np.isfinite(given).all() or given.min(initial=0) < -1e-4 or given.max(initial=0) > 1 + 1e-4:
        raise InputError("The classifier gave chances outside 0 to 1: its training may have diverged.")
    if not several and count and np.abs(given.sum(1) - 1).max() > 1e-2:
        raise InputError("The classifier's chances of a photo do not sum to 1.")
    return np.clip(given, 0, 1)
