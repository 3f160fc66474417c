"""The ways in which COCO tells a mask: polygons, or run lengths (`Rle`)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from indexer.coco.polygons import rasterise
from indexer.coco.rle import Rle


@dataclass(frozen=True, eq=False)
class Polygons:
    """The union of rings, each float64 (n, 2) x, y in pixels, n >= 3, on a picture of width x height pixels."""

    width: int
    height: int
    rings: tuple[NDArray[np.float64], ...]

    def mask(self) -> NDArray[np.bool_]:
        """bool (h, w); see `rasterise` for holes."""
        return rasterise(self.rings, self.width, self.height)


Shape = Polygons | Rle
