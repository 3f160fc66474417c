"""Augmented copies of training photos, made in memory when they are needed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from indexer.kinds.training.augment import framed, lit


def augmented(pictures: NDArray[np.uint8], seed: tuple[int, ...]) -> NDArray[np.uint8]:
    """Each picture of uint8 (n, side, side, 3) flipped, turned, shifted, zoomed, and in another light, by a seed."""
    made = []
    for number, picture in enumerate(pictures):
        rng = np.random.default_rng([*seed, number])
        made.append(np.asarray(lit(framed(Image.fromarray(np.asarray(picture)), len(picture), rng), rng)))
    return np.stack(made)
