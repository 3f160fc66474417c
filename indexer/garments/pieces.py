"""Pieces of one class on a map of places, and which of them are parts of one garment."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from indexer.garments.classes import GARMENTS

Chances = NDArray[np.float32]

PART = 0.08
"""Pieces below this share of their class's largest are dropped."""
SAME_COLOUR = 30.0
"""Greatest difference of the mean red, green or blue, of 255, of pieces that may be one garment. From validation."""
ONE_GARMENT: Final = frozenset(
    frozenset(pair)
    for pair in (("top", "dress"), ("outer", "dress"), ("top", "outer"), ("dress", "skirt"), ("trousers", "skirt"))
)
"""Classes that the network gives to two parts of one garment."""


def components(values: NDArray[np.generic]) -> NDArray[np.int64]:
    """Numbers of the pieces of equal value that hang together over edges: int64 (rows, columns), any numbers.

    Every place takes the least number among itself and its equal neighbours, then that place's own number, until
    nothing changes: a few rounds, as numbers travel twice as far each time.
    """
    rows, columns = values.shape
    labels = np.arange(rows * columns).reshape(rows, columns)
    down, across = values[1:] == values[:-1], values[:, 1:] == values[:, :-1]
    while True:
        before = labels.copy()
        for a, b, linked in ((labels[1:], labels[:-1], down), (labels[:, 1:], labels[:, :-1], across)):
            least = np.minimum(a, b)
            np.minimum(a, least, out=a, where=linked)
            np.minimum(b, least, out=b, where=linked)
        # What a piece's first place has learnt reaches every place that names it.
        flat = labels.ravel()
        np.minimum.at(flat, before.ravel(), flat.copy())
        labels = flat[flat].reshape(rows, columns)
        if (labels == before).all():
            return labels


def joined(winners: NDArray[np.int64], garments: Chances, colours: Chances, speck: float) -> NDArray[np.int64]:
    """The class of every place after pieces were joined to neighbours: specks to the one they touch most, and pieces
    of `ONE_GARMENT` of one colour to each other, nearest colours first, the more certain class for both.

    winners: channel of the likeliest garment, -1 for none, (rows, columns). garments: float32 (8, rows, columns), its
    chances. colours: float32 (rows, columns, 3). speck: share of the frame.
    """
    pieces = _dense(components(winners))
    count = int(pieces.max()) + 1
    flat = pieces.ravel()
    kinds = np.zeros(count, np.int64)
    kinds[flat] = winners.ravel()
    areas = np.bincount(flat, minlength=count).astype(np.float64)
    borders = _borders(pieces, kinds)
    if borders:
        masses = np.stack([np.bincount(flat, plane.ravel(), count) for plane in garments], 1).astype(float)
        sums = np.stack([np.bincount(flat, plane.ravel(), count) for plane in np.moveaxis(colours, 2, 0)], 1).astype(
            float
        )
        kinds = _Joining(kinds, areas, masses, sums, borders).done(speck * winners.size)
    wanted = kinds[pieces]
    return np.where(wanted < 0, garments.argmax(0), wanted)


def _dense(pieces: NDArray[np.int64]) -> NDArray[np.int64]:
    """The same pieces numbered 0, 1, 2, ..."""
    present = np.zeros(pieces.size, np.int64)
    present[pieces.ravel()] = 1
    return (present.cumsum() - 1)[pieces]


def _borders(pieces: NDArray[np.int64], kinds: NDArray[np.int64]) -> dict[tuple[int, int], int]:
    """How many places of garments on both sides touch, by pair of pieces, the lower number first."""
    count = len(kinds)
    codes = []
    for a, b in ((pieces[1:], pieces[:-1]), (pieces[:, 1:], pieces[:, :-1])):
        apart = a != b
        one, other = a[apart], b[apart]
        both = (kinds[one] >= 0) & (kinds[other] >= 0)
        codes.append(np.minimum(one, other)[both] * count + np.maximum(one, other)[both])
    found, lengths = np.unique(np.concatenate(codes), return_counts=True)
    return {divmod(code, count): length for code, length in zip(found.tolist(), lengths.tolist(), strict=True)}


class _Joining:
    """Pieces that become one, pair by pair; sums of both are those of the one."""

    def __init__(
        self,
        kinds: NDArray[np.int64],
        areas: NDArray[np.float64],
        masses: NDArray[np.float64],
        colours: NDArray[np.float64],
        borders: dict[tuple[int, int], int],
    ) -> None:
        self._kinds, self._areas, self._masses, self._colours = kinds, areas, masses, colours
        self._near: dict[int, dict[int, int]] = {piece: {} for piece in range(len(kinds))}
        for (a, b), length in borders.items():
            self._near[a][b] = self._near[b][a] = length
        self._into = np.arange(len(kinds))

    def done(self, speck: float) -> NDArray[np.int64]:
        """The class of every piece; pieces of `speck` places or fewer are specks."""
        self._join_specks(speck)
        while (pair := self._alike()) is not None:
            self._join(*pair)
        return self._kinds[self._into]

    def _join_specks(self, least: float) -> None:
        """Each piece too small to stand, the smallest first, to the one it touches most."""
        largest = np.zeros(len(GARMENTS) + 1)
        np.maximum.at(largest, self._kinds, self._areas)  # kind -1, no garment, is the last
        small = np.flatnonzero(self._areas <= np.maximum(least, PART * largest[self._kinds]))
        for piece in small[np.argsort(self._areas[small], kind="stable")].tolist():
            if near := self._near[piece]:
                self._join(max(near, key=lambda other: (near[other], -other)), piece)

    def _alike(self) -> tuple[int, int] | None:
        """The pair of one garment's classes whose colours are nearest, the one with the surer class first."""
        nearest, found = SAME_COLOUR, None
        for a, near in self._near.items():
            for b in near:
                if a < b and frozenset((GARMENTS[self._kinds[a]], GARMENTS[self._kinds[b]])) in ONE_GARMENT:
                    means = self._colours[a] / self._areas[a] - self._colours[b] / self._areas[b]
                    apart = float(np.abs(means).max())
                    if apart < nearest:
                        nearest, found = apart, (a, b)
        if found is None:
            return None
        a, b = found
        mass = self._masses[a] + self._masses[b]
        return (a, b) if mass[self._kinds[a]] >= mass[self._kinds[b]] else (b, a)

    def _join(self, kept: int, gone: int) -> None:
        for sums in (self._areas, self._masses, self._colours):
            sums[kept] += sums[gone]
        self._into[self._into == gone] = kept
        for other, length in self._near.pop(gone).items():
            del self._near[other][gone]
            if other != kept:
                self._near[kept][other] = self._near[other][kept] = self._near[kept].get(other, 0) + length
