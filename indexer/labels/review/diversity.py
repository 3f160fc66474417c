"""Rows that differ from one another: k-means++ seeding, in a space where unsure rows lie far out.

BADGE (Ash, Zhang, Krishnamurthy, Langford and Agarwal, ICLR 2020) seeds among the gradients that the last layer would
get if the model's own best guess were true: (chances - guess) x features, an outer product. A sure row has a short
gradient and lies near the origin; two unsure rows are apart when the photos differ or the doubts do. The product is
never made: inner products of outer products factor, <a (x) x, b (x) y> = <a, b> <x, y>.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Factored:
    """Rows left (x) right without the product made. left: float32 (n, c). right: float32 (n, d)."""

    left: NDArray[np.float32]
    right: NDArray[np.float32]

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.right)

    @property
    def lengths(self) -> NDArray[np.float64]:
        """Squared length of each row, float64 (n,)."""
        left, right = (np.einsum("nd,nd->n", part, part).astype(np.float64) for part in (self.left, self.right))
        return np.asarray(left * right)

    def distances(self, row: int, lengths: NDArray[np.float64]) -> NDArray[np.float64]:
        """Squared distance of every row to one, float64 (n,)."""
        inner = (self.left @ self.left[row]).astype(np.float64) * (self.right @ self.right[row])
        return np.asarray(np.maximum(lengths + lengths[row] - 2 * inner, 0))


def gradients(features: NDArray[np.float32], chances: NDArray[np.float32], several: bool = False) -> Factored:
    """The rows of BADGE: (chances - guess) and features with a 1 for the offset, unit length before it.

    features: float32 (n, d). chances: float32 (n, c); a guess is the likeliest class, or every label above a half.
    """
    left = np.array(chances, np.float32)
    if several or left.shape[1] == 1:
        left -= left > 0.5
    else:
        left[np.arange(len(left)), left.argmax(axis=1)] -= 1
    right = np.concatenate([unit(features), np.ones((len(features), 1), np.float32)], axis=1)
    return Factored(left, right)


def unit(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows of unit length; rows of zeros stay."""
    length = np.linalg.norm(features, axis=1, keepdims=True)
    return np.asarray(features / np.where(length > 0, length, 1), dtype=np.float32)


def seeds(
    rows: Factored,
    allowed: NDArray[np.int64],
    count: int,
    generator: np.random.Generator,
    first: int | None = None,
) -> NDArray[np.int64]:
    """k-means++ seeding (Arthur and Vassilvitskii 2007): rows drawn by squared distance to the nearest one before.

    allowed: row numbers to draw from. first: the row to begin with; without it one at random. Where all that is left
    coincides with what was drawn, the rest is random. Returns min(count, len(allowed)) different row numbers in the
    order drawn, int64.
    """
    count = min(count, len(allowed))
    lengths = rows.lengths
    nearest = np.full(len(allowed), np.inf)
    drawn: list[int] = []
    left = np.ones(len(allowed), np.bool_)
    while len(drawn) < count:
        place = _draw(nearest, left, generator)
        if not drawn and first is not None:
            place = int(np.flatnonzero(allowed == first)[0])
        drawn.append(int(allowed[place]))
        left[place] = False
        nearest = np.minimum(nearest, rows.distances(drawn[-1], lengths)[allowed])
    return np.array(drawn, dtype=np.int64)


def _draw(nearest: NDArray[np.float64], left: NDArray[np.bool_], generator: np.random.Generator) -> int:
    weights = np.where(left, nearest, 0)
    total = weights.sum()
    if not np.isfinite(total) or total <= 0:
        return int(generator.choice(np.flatnonzero(left)))
    return int(generator.choice(len(weights), p=weights / total))
