"""Decision trees as plain numbers, applied with NumPy alone: what a forest has learned, as the one layer of a head."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError

LEAF = -1


@dataclass(frozen=True, eq=False)
class Trees:
    """The nodes of all trees, each tree's in depth-first order: of a node that is no leaf the left child comes next.

    roots: int32 (t,), where each tree begins, ascending. feature: int16 (nodes,), whose value decides; LEAF for a leaf.
    threshold: float32 (nodes,): up to it one goes left. right: int32 (nodes,): the right child; of a leaf its row of
    `leaves`. leaves: float32 (l, c), shares of the classes, each row summing to 1. inputs: the number of features.
    """

    inputs: int
    roots: NDArray[np.int32]
    feature: NDArray[np.int16]
    threshold: NDArray[np.float32]
    right: NDArray[np.int32]
    leaves: NDArray[np.float32]

    def __post_init__(self) -> None:
        nodes = len(self.feature)
        inner = self.feature != LEAF
        places = np.arange(nodes)
        whole = (
            len(self.roots) > 0
            and self.leaves.ndim == 2
            and self.threshold.shape == self.right.shape == (nodes,)
            and bool((self.roots >= 0).all() and (self.roots < nodes).all())
            and bool((self.feature[inner] >= 0).all() and (self.feature[inner] < self.inputs).all())
            # Children come later, so that every way down ends.
            and bool((self.right[inner] > places[inner] + 1).all() and (self.right[inner] < nodes).all())
            and bool((self.right[~inner] >= 0).all() and (self.right[~inner] < len(self.leaves)).all())
            and bool(np.isfinite(self.threshold).all() and np.isfinite(self.leaves).all() and (self.leaves >= 0).all())
        )
        if not whole:
            raise InputError("the trees of a head are damaged")

    @property
    def shape(self) -> tuple[int, int]:
        """Features and classes."""
        return self.inputs, self.leaves.shape[1]

    def __call__(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logarithms of the trees' mean shares, float32 (n, inputs) -> (n, classes).

        One tree more counts that knows nothing, so that no class is ruled out.
        """
        total = np.full((len(rows), self.leaves.shape[1]), 1 / self.leaves.shape[1])
        place = np.arange(len(rows))
        for root in self.roots.tolist():
            node = np.full(len(rows), root, np.int64)
            feature = self.feature[node]
            while (feature != LEAF).any():
                left = rows[place, feature] <= self.threshold[node]  # of a leaf (-1, the last feature) it is not heard
                node = np.where(feature == LEAF, node, np.where(left, node + 1, self.right[node]))
                feature = self.feature[node]
            total += self.leaves[self.right[node]]
        return np.log(total / (len(self.roots) + 1)).astype(np.float32)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Everything by name."""
        return {
            "inputs": np.array([self.inputs], np.int32),
            "roots": self.roots,
            "feature": self.feature,
            "threshold": self.threshold,
            "right": self.right,
            "leaves": self.leaves,
        }

    @staticmethod
    def of_arrays(arrays: Mapping[str, NDArray[np.generic]]) -> Trees:
        """The trees that `arrays` told of. Raises InputError when it did not."""
        try:
            return Trees(
                int(arrays["inputs"].ravel()[0]),
                arrays["roots"].astype(np.int32),
                arrays["feature"].astype(np.int16),
                arrays["threshold"].astype(np.float32),
                arrays["right"].astype(np.int32),
                arrays["leaves"].astype(np.float32),
            )
        except (KeyError, IndexError, ValueError) as error:
            raise InputError(f"the trees of a head lack {error}") from error
