"""The `colour` space: which colours a garment has, and how much of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from indexer.picture import Picture
from indexer.spaces.base import Extractor
from indexer.spaces.histogram import BINS, SAMPLES, colour_counts

_bins = np.arange(BINS)
_COARSE = (_bins >> 12) << 6 | (_bins >> 7 & 7) << 3 | (_bins >> 2 & 7)
"""Of each bin of the 32x32x32 histogram its bin of the 8x8x8 one."""


class Colour(Extractor):
    """8x8x8 RGB histogram of the garment's pixels under the Hellinger map (square root, unit length): 512-D.

    Bin = (r >> 5) * 64 + (g >> 5) * 8 + (b >> 5). The inner product of two rows is the Bhattacharyya coefficient
    of their histograms (Arandjelović and Zisserman 2012, "Three things everyone should know to improve object
    retrieval", for the map): 1 for the same shares of the same colours, 0 when no colour is shared. Large pictures
    are sampled (`histogram.sampling_step`).
    """

    name = "colour"
    reads = "colour"
    dim = 512

    def extract(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        """Vectors of the pictures, float32 (n, 512), unit-length rows, every value >= 0."""
        vectors = np.empty((len(pictures), self.dim), np.float32)
        for row, picture in zip(vectors, pictures, strict=True):
            bins, counts = colour_counts(picture)
            coarse = np.bincount(_COARSE[bins], weights=counts, minlength=self.dim)
            row[:] = np.sqrt(coarse / counts.sum())
        return vectors

    def parameters(self) -> Mapping[str, object]:
        """From how many pixels on a picture is sampled."""
        return {"samples": SAMPLES}
