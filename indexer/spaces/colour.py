"""The `colour` space: which colours a garment has, and how much of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from indexer.coarse import COARSE_SIDE
from indexer.patches.erode import MARGIN
from indexer.picture import Picture
from indexer.spaces.base import Extractor
from indexer.spaces.histogram import SAMPLES, colour_counts

POWER = 0.35
"""Shares are raised to this. 0.5 would be the Hellinger map: below it, small shares have more of a say."""


class Colour(Extractor):
    """8x8x8 RGB histogram of the garment's pixels, its shares raised to 0.35, unit length: 512-D.

    Bin = r * 64 + g * 8 + b, each channel in eight steps. A pixel counts in the two nearest bins of each channel, more
    in the nearer (trilinear interpolation, as in Dalal and Triggs 2005, "Histograms of oriented gradients for human
    detection"), so that a little more light moves a colour by a little, and not to another bin at once. For the power
    see Arandjelović and Zisserman 2012, "Three things everyone should know to improve object retrieval", and
    docs/quality.md. The inner product of two rows is 1 for the same shares of the same colours, 0 when no colour is
    near one of the other's. Counted is the coarse picture, of a mask without its border (`histogram`).
    """

    name = "colour"
    version = 3
    reads = "colour"
    sees = "coarse"
    dim = 512

    def extract(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        """Vectors of the pictures, float32 (n, 512), unit-length rows, every value >= 0."""
        vectors = np.empty((len(pictures), self.dim), np.float32)
        for row, picture in zip(vectors, pictures, strict=True):
            raised = _histogram(*colour_counts(picture)) ** POWER
            row[:] = raised / np.linalg.norm(raised)
        return vectors

    def parameters(self) -> Mapping[str, object]:
        """The power, the border left out of masks, how coarse pictures are made, and how they are sampled."""
        return {"power": POWER, "margin": MARGIN, "samples": SAMPLES, "coarse": COARSE_SIDE}


_place = np.clip((np.arange(32) + 0.5) / 4 - 0.5, 0, 7)
_LOWER = np.minimum(_place.astype(np.int64), 6)
"""Of each of 32 levels of a channel the lower of its two bins of eight; the other is the next."""
_SHARES = np.stack([_LOWER + 1 - _place, _place - _LOWER])
"""How much a level counts in the lower bin and in the next, (2, 32); columns sum to 1."""
_RED_GREEN = (_SHARES[:, None, :, None] * _SHARES[None, :, None, :]).reshape(4, 1024)
"""The same of a pair of red and green levels, in the four pairs of their bins."""
_LOWEST = (_LOWER[:, None] * 64 + _LOWER * 8).ravel()
"""The lower bins of a pair of red and green levels, with blue's first, (1024,)."""
_STEPS = np.array([[[0], [1]], [[8], [9]], [[64], [65]], [[72], [73]]])
"""From the lower bins to the eight that a colour counts in, (4, 2, 1): pairs of red and green, then blue."""


def _histogram(bins: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Shares of the 512 bins, summing to 1, from the occupied bins (m,) of the 32x32x32 histogram and their counts."""
    pairs, blue = bins >> 5, bins & 31
    shares = (_RED_GREEN.take(pairs, axis=1) * (counts / counts.sum()))[:, None] * _SHARES.take(blue, axis=1)
    places = _LOWEST.take(pairs) + _LOWER.take(blue) + _STEPS
    return np.asarray(np.bincount(places.ravel(), weights=shares.ravel(), minlength=512), np.float64)
