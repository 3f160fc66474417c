"""How good vectors of photographed cloth are, while training: on garments it does not learn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from indexer.patches.patches import Patch
from indexer.patterns.cloths import Cloth
from indexer.patterns.outline import outline_squares
from indexer.patterns.squares import BESIDE_OUTLINE, SQUARES, garment_vectors, squares

LEAST, MOST = 4, 60
"""Garments a pattern needs among the validation photos to be asked for, and how many of it are asked."""


@dataclass(frozen=True, eq=False)
class Watched:
    """The squares of some garments.

    squares: uint8 (n, side, side, 3). of: (n,), the garment of each. pattern: (garments,), "" where nobody knows.
    group: (garments,), neighbours in one group are not counted. outline: (n,), whether a square shows an outline; None
    where none does.
    """

    squares: NDArray[np.uint8]
    of: NDArray[np.intp]
    pattern: NDArray[np.str_]
    group: NDArray[np.str_]
    outline: NDArray[np.bool_] | None = None

    def score(self, vectors: NDArray[np.float32]) -> float:
        """How often the five nearest garments of other groups name the pattern, every pattern counted alike and none
        with more than MOST garments; where too few are known, how often a garment's two squares find each other."""
        names, counts = np.unique(self.pattern[self.pattern != ""], return_counts=True)
        asked = names[counts >= LEAST]
        if len(asked) < 2:
            return self.same_garment(vectors)
        return float(np.mean([right.mean() for right in self.right_by_pattern(vectors, asked).values()]))

    def right_by_pattern(self, vectors: NDArray[np.float32], asked: NDArray[np.str_]) -> dict[str, NDArray[np.bool_]]:
        """For each pattern, whether the vote of the five nearest was right for each of its garments."""
        places = [np.flatnonzero(self.pattern == name) for name in asked]
        kept = np.concatenate(
            [place[np.linspace(0, len(place) - 1, min(len(place), MOST)).astype(int)] for place in places]
        )
        rows, pattern, group = self.means(vectors)[kept], self.pattern[kept], self.group[kept]
        rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        similar = rows @ rows.T
        similar[group[:, None] == group[None]] = -2
        right = np.array([_vote(pattern, row) for row in similar]) == pattern
        return {name: right[pattern == name] for name in asked}

    def means(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """The unit vector of each garment, (garments, d), of those of its squares."""
        outline = np.zeros(len(self.of), np.bool_) if self.outline is None else self.outline
        return garment_vectors(vectors, self.of, outline, len(self.pattern))

    def same_garment(self, vectors: NDArray[np.float32]) -> float:
        """How often a garment's first square is nearer to its last than to the last of any other."""
        of = self.of
        if self.outline is not None:
            vectors, of = vectors[~self.outline], of[~self.outline]
        first = np.flatnonzero(np.r_[True, np.diff(of) != 0])
        last = np.r_[first[1:], len(of)] - 1
        two = last > first
        if not two.any():
            return 0.0
        similar = vectors[first[two]] @ vectors[last[two]].T
        return float((similar.argmax(1) == np.arange(len(similar))).mean())


def _vote(pattern: NDArray[np.str_], similar: NDArray[np.float32]) -> str:
    near = np.argsort(-similar, kind="stable")[:5]
    names, places = np.unique(pattern[near], return_inverse=True)
    counts, sums = np.bincount(places), np.bincount(places, weights=similar[near].astype(np.float64))
    return str(names[np.lexsort((-sums, -counts))[0]])


def watch(cloths: Sequence[Cloth]) -> Watched:
    """The squares of these garments, as the space takes them."""
    cut = [_squares(cloth) for cloth in cloths]
    whole = [outline_squares(cloth.outline) if cloth.outline else [] for cloth in cloths]
    both = [[*patches, *outline] for patches, outline in zip(cut, whole, strict=True)]
    return Watched(
        np.stack([square for several in both for square in several]),
        np.repeat(np.arange(len(both)), [len(several) for several in both]),
        np.array([cloth.pattern or "" for cloth in cloths]),
        np.array([cloth.group for cloth in cloths]),
        np.array([n >= len(c) for c, several in zip(cut, both, strict=True) for n in range(len(several))]),
    )


def _squares(cloth: Cloth) -> list[NDArray[np.uint8]]:
    found = []
    for rgb in cloth.patches[:2]:
        found += squares(rgb, [Patch(0, 0, rgb.shape[1], rgb.shape[0], 1.0, 0.0)])
    return found[: SQUARES if cloth.outline is None else BESIDE_OUTLINE]
