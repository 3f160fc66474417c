"""Labels that are probably wrong, by confident learning (Northcutt, Jiang and Chuang, JAIR 2021).

A photo is confidently of a class when its chance of that class is at least what photos labelled so have on average. A
photo that is confidently of another class than its label counts as an off-diagonal entry of the confident joint, and is
a suspect. The chances must be out of sample: of a model that did not learn from the photo.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Ranking = Literal["margin", "self-confidence"]


@dataclass(frozen=True, eq=False)
class Suspects:
    """rows: int64 (m,), the likeliest wrong first. better: int64 (m,), the class each is confidently of.

    score: float64 (m,), how little the model believes the label: low is suspicious. joint: int64 (c, c), the confident
    joint, [label, class confidently of]; what is off its diagonal are the suspects.
    """

    rows: NDArray[np.int64]
    better: NDArray[np.int64]
    score: NDArray[np.float64]
    joint: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.rows)


def suspects(chances: NDArray[np.float32], labels: NDArray[np.int64], ranking: Ranking = "margin") -> Suspects:
    """Rows whose label is probably wrong.

    chances: float32 (n, c), out of sample. labels: int64 (n,). ranking: margin, the chance of the label minus that of
    the likeliest other class; or self-confidence, the chance of the label alone. A row that is confidently of several
    classes counts for the likeliest of them. A class that nothing is labelled is never suspected.
    """
    given = np.asarray(chances, np.float64)
    count, width = given.shape
    mine = given[np.arange(count), labels]
    confident = _confidently_of(given, labels)
    counted = confident >= 0
    joint = np.zeros((width, width), np.int64)
    np.add.at(joint, (labels[counted], confident[counted]), 1)
    found = np.flatnonzero(counted & (confident != labels))
    score = mine[found]
    if ranking == "margin":
        score = score - _best_other(given[found], labels[found])
    order = np.argsort(score, kind="stable")
    return Suspects(found[order].astype(np.int64), confident[found][order], score[order], joint)


def thresholds(chances: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """The mean chance of a class among the rows labelled so, float64 (c,); infinite for a class without rows."""
    width = chances.shape[1]
    counts = np.bincount(labels, minlength=width)
    sums = np.bincount(labels, weights=chances[np.arange(len(labels)), labels], minlength=width)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.inf)


def _confidently_of(chances: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """The likeliest class among those whose threshold a row reaches, int64 (n,); -1 where it reaches none."""
    reached = chances >= thresholds(chances, labels) - 1e-9
    likeliest = np.where(reached, chances, -1).argmax(axis=1)
    return np.where(reached.any(axis=1), likeliest, -1).astype(np.int64)


def _best_other(chances: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    others = chances.copy()
    others[np.arange(len(labels)), labels] = -1
    return np.asarray(others.max(axis=1, initial=-1))
