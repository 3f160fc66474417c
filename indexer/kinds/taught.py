"""Which photos the shipped network of `kind` knows: those it learned its categories from, or was chosen by.

A label that is judged on such photos with vectors of `kind` looks better than it is: the network has made them easy.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from indexer.phash import near_duplicates
from indexer.vgg.weights import verified

PHOTOS = Path(__file__).parent.parent / "weights" / "kind_photos.npy"
"""Their perceptual hashes, uint64, ascending, as `python -m indexer.kinds.training.photos` wrote them."""
BITS = 4
"""A photo whose hash differs in at most so many of 64 bits is taken to be one of them, saved anew or not."""


def taught_photos(hashes: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Whether the shipped network knows each of the photos with these perceptual hashes: bool (n,).

    Raises InputError when the list is missing or damaged.
    """
    verified(PHOTOS)
    known = np.zeros(len(hashes), np.bool_)
    known[near_duplicates(np.load(PHOTOS), hashes, BITS)[:, 1]] = True
    return known
