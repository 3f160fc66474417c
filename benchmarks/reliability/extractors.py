"""Extractors besides `Colour` that take no time, and FAISS files for spaces of any size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from engine import indexes
from indexer.picture import Picture
from indexer.spaces.base import Extractor
from indexer.spaces.colour import Colour


class Mean(Extractor):
    """The mean colour: a second space."""

    name, dim = "mean", 3

    def extract(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        """Unit rows (n, 3)."""
        rows = np.array([picture.rgb.reshape(-1, 3).mean(axis=0) + 1 for picture in pictures], np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


class Turned(Colour):
    """Another version of the colour space."""

    def parameters(self) -> Mapping[str, object]:
        """Those of `Colour`, and that it is another."""
        return {**super().parameters(), "turned": 1}

    def extract(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        """As `Colour`, bins moved by one."""
        return np.roll(super().extract(pictures), 1, axis=1)


def keep_indexes() -> None:
    """From now on every space of this process has a FAISS file, however few its rows."""
    indexes.refresh_index.__defaults__ = (1, 0)
    indexes.refresh_indexes.__defaults__ = (1,)
