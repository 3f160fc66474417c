"""Garments by DeepLabV3+: each pixel's class, cleaned and put together to garments."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from indexer.garments.garment import Garment, GarmentFinder


class DeepLab(GarmentFinder):
    """One garment a class that is seen; a photo without a person shows one garment for each connected piece of cloth.

    weights: "shipped", or the path of a file that `python -m indexer.garments.training` wrote.
    device: "auto", "cpu" or "cuda".
    """

    name = "deeplab"

    def __init__(self, weights: str | Path = "shipped", device: str = "auto") -> None:
        raise NotImplementedError("the weights are being trained")

    def find(self, pictures: Sequence[NDArray[np.uint8]]) -> list[list[Garment]]:
        """The garments of each uint8 RGB picture (h, w, 3), the largest first; none where none is seen."""
        raise NotImplementedError
