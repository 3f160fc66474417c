"""From examples to one vector a space: several photos, some of them of what is not wanted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.errors import QueryError
from engine.snapshot import Snapshot

NEGATIVE_SHARE = 0.5
"""How strongly negative examples push away, the positives pulling with 1."""
LEAST_LENGTH = 1e-3
"""Shorter than this, the positives and negatives cancelled out and the direction left is rounding."""


def combine(positives: NDArray[np.float32], negatives: NDArray[np.float32]) -> NDArray[np.float32]:
    """One unit vector (dim,) from unit rows (p, dim), p >= 1, and (n, dim), n >= 0.

    The mean of the positives less half the mean of the negatives (J. J. Rocchio, "Relevance feedback in information
    retrieval", 1971). Raises QueryError when there is no positive or they cancel out.
    """
    if not len(positives):
        raise QueryError("a search needs at least one example of what is wanted")
    wanted = positives.mean(axis=0, dtype=np.float64)
    if len(negatives):
        if negatives.shape[1] != positives.shape[1]:
            raise QueryError(f"examples have {positives.shape[1]} and {negatives.shape[1]} numbers: use one space")
        wanted = wanted - NEGATIVE_SHARE * negatives.mean(axis=0, dtype=np.float64)
    length = float(np.linalg.norm(wanted))
    if not length > LEAST_LENGTH:  # NaN fails this too
        raise QueryError("the examples cancel each other out: leave one away")
    return np.asarray(wanted / length, dtype=np.float32)


def vectors_of_product(snapshot: Snapshot, product_id: int, space: str) -> NDArray[np.float32]:
    """One row an image of the product, float32 (m, dim), ascending region id; m may be 0.

    Of an image with several garments the first that has a row counts: the product's own comes first.
    """
    vectors = snapshot.vectors(space)
    its = snapshot.product_ids == product_id
    ids, images = snapshot.region_ids[its], snapshot.image_ids[its]
    has = vectors.has(ids)
    _, first = np.unique(images[has], return_index=True)
    return vectors.gather(np.sort(ids[has][first]))
