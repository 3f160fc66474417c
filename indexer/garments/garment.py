"""A garment found in a picture, and what finds garments."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Garment:
    """One garment in a picture.

    kind: its class, one of `indexer.garments.classes.GARMENTS`. mask: bool (h, w) of the picture, at least one True.
    confidence: in [0, 1], how sure the finder is that these pixels are a garment of this kind. scene: what the whole
    picture shows, as `indexer.picture.Picture` has it; None of a finder that does not tell.
    """

    kind: str
    mask: NDArray[np.bool_]
    confidence: float
    scene: NDArray[np.uint8] | None = None

    @property
    def box(self) -> tuple[int, int, int, int]:
        """(x, y, width, height) of the mask, pixels of the picture."""
        rows, columns = np.flatnonzero(self.mask.any(1)), np.flatnonzero(self.mask.any(0))
        x, y = int(columns[0]), int(rows[0])
        return x, y, int(columns[-1]) + 1 - x, int(rows[-1]) + 1 - y


class GarmentFinder(ABC):
    """Finds the garments of pictures."""

    name: ClassVar[str]
    several: ClassVar[bool] = False
    """Whether each garment found is a region of its own; else only the product's is one."""
    files: ClassVar[Mapping[str, Collection[str]]] = {}
    """Options of the constructor that may be the path of a file, with the words that stand for no path."""
    transient: ClassVar[Collection[str]] = ()
    """Options of the constructor that change no mask, such as a device: a catalog does not record them."""
    fingerprint: str
    """16 hex digits that name code, weights and options: masks of two fingerprints may differ."""

    @abstractmethod
    def find(self, pictures: Sequence[NDArray[np.uint8]]) -> list[list[Garment]]:
        """The garments of each uint8 RGB picture (h, w, 3), the largest first; none where none is seen."""
