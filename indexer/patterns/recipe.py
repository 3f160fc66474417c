"""What training is told: how it goes, and what is learned from."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from indexer.patterns.features import Features


@dataclass(frozen=True)
class LossWeights:
    """How much each loss counts.

    item: views of one design or garment against others. family: one pattern against others. name: naming the pattern.
    """

    item: float = 1.0
    family: float = 1.0
    name: float = 0.3


@dataclass(frozen=True)
class Recipe:
    """How training goes.

    drawn, real, views: items of each kind in a batch, and views of each. head_steps: of the projection alone.
    fine_steps: with the upper blocks. every: steps between two looks at the validation pictures. head_rate, fine_rate:
    of Adam, falling to nothing by half a cosine. drop: share of the channels hidden from the projection, each step.
    """

    drawn: int = 40
    real: int = 40
    views: int = 3
    head_steps: int = 200
    fine_steps: int = 0
    every: int = 50
    head_rate: float = 1e-3
    fine_rate: float = 5e-5
    drop: float = 0.2
    decay: float = 1e-4
    losses: LossWeights = field(default_factory=LossWeights)


@dataclass(frozen=True, eq=False)
class Lesson:
    """What is learned from.

    item (n,): int64, the design or garment. family (n,): int64, the pattern to be named, -1 where nobody knows it.
    near (n,): int64, the pattern to be near, -1 where that is not known. kind (n,): the generator that drew it, "" for
    a photographed one. features: of the same n pictures.
    """

    item: NDArray[np.int64]
    family: NDArray[np.int64]
    near: NDArray[np.int64]
    kind: NDArray[np.str_]
    features: Features
