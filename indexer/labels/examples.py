"""What a label is trained on: photos, what people said of them, and which of them belong on one side of a split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError

PARTS = ("train", "validation", "test")
"""Names of given splits; "" for a photo that none was given for."""
BOOLEAN = ("false", "true")
"""The classes of a boolean label, in the order of their numbers."""


@dataclass(frozen=True, eq=False)
class Labelled:
    """Photos with their labels, row by row.

    classes: names in the order of their numbers, at least two (one, when several). several: whether a photo may have
    several labels. items: the photos as the person named them, (n,). regions: int64 (n,), the catalog's regions whose
    vectors are the features. targets: int64 (n,) class numbers, or bool (n, c) when several. groups: int64 (n,): photos
    of one group (a product, sender, post, or near-duplicates) are never on two sides of a split. part: (n,), each of
    PARTS or "".
    """

    attribute: str
    classes: tuple[str, ...]
    several: bool
    items: tuple[str, ...]
    regions: NDArray[np.int64]
    targets: NDArray[np.int64] | NDArray[np.bool_]
    groups: NDArray[np.int64]
    part: tuple[str, ...]

    def __post_init__(self) -> None:
        rows = len(self.items)
        shape = (rows, len(self.classes)) if self.several else (rows,)
        if self.targets.shape != shape or self.groups.shape != (rows,) or self.regions.shape != (rows,):
            raise ValueError(f"targets must be {shape}, groups and regions {(rows,)}")
        if len(self.part) != rows:
            raise ValueError(f"part has {len(self.part)} rows, not {rows}")
        if len(self.classes) < (1 if self.several else 2):
            raise InputError(
                f"'{self.attribute}' has only the class {', '.join(self.classes) or 'none'}: a label tells at least "
                "two apart, so photos of each are needed"
            )

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.items)

    @property
    def boolean(self) -> bool:
        """Whether the attribute is true or false."""
        return not self.several and self.classes == BOOLEAN

    @property
    def given_parts(self) -> bool:
        """Whether every photo has its part, and there is one to train on and one to test on."""
        return "" not in self.part and {"train", "test"} <= set(self.part)

    def rows_of(self, *parts: str) -> NDArray[np.int64]:
        """Rows whose part is one of these, ascending."""
        return np.flatnonzero(np.isin(np.array(self.part, dtype=object), parts)).astype(np.int64)

    def counts(self) -> NDArray[np.int64]:
        """Photos of each class, int64 (c,)."""
        if self.several:
            return np.asarray(self.targets.sum(axis=0), dtype=np.int64)
        return np.bincount(self.targets, minlength=len(self.classes)).astype(np.int64)

    def take(self, rows: NDArray[np.int64]) -> Labelled:
        """These rows, in this order."""
        chosen: Sequence[int] = rows.tolist()
        return Labelled(
            self.attribute,
            self.classes,
            self.several,
            tuple(self.items[row] for row in chosen),
            self.regions[rows],
            self.targets[rows],
            self.groups[rows],
            tuple(self.part[row] for row in chosen),
        )
