"""The `outline` space: how a garment is cut, and how far down the photo and its wearer it reaches."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from indexer.garments.classes import CLASSES
from indexer.picture import Picture
from indexer.spaces.base import Extractor

STEPS = 24
"""Heights at which the garment's width is taken, and bands that the photo is cut into, from top to bottom."""
SEEN = (("background",), ("person",), ("top", "outer", "dress", "skirt"), ("trousers",), ("footwear",))
"""Classes whose shares of each band are taken, some together: a finder takes a dress for a top and a skirt at times."""
PLACING = 10
BOUND = STEPS + PLACING + STEPS
"""The numbers' squares never sum to more: each lies in [0, 1], and the shares of a band sum to 1 at most."""


class Outline(Extractor):
    """155 numbers: the garment's widths from top to bottom, where it lies, and what the photo shows beside it.

    Whether a dress ends at the knee or the ground is told by what is seen below its hem. Where no finder said what the
    photo shows, all that is not the garment is background; without a mask the whole picture is the garment.

    The numbers are put on a sphere by one more, the root of what their squares lack of BOUND, so that unit vectors keep
    all of them: distances between rows are those between the numbers. It has no say in searches that name no spaces.
    """

    name = "outline"
    reads = "shape"
    weight = 0.0
    dim = STEPS + PLACING + STEPS * len(SEEN) + 1

    def extract(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        """Unit-length float32 (n, 155) of n >= 1 pictures."""
        numbers = np.stack([measured(picture) for picture in pictures])
        rest = np.sqrt(np.maximum(BOUND - np.square(numbers).sum(axis=1, keepdims=True), 0))
        return np.asarray(np.concatenate([numbers, rest], axis=1) / np.sqrt(BOUND), np.float32)


def measured(picture: Picture) -> NDArray[np.float64]:
    """The numbers of a picture before they are put on a sphere: (154,), each in [0, 1].

    STEPS widths of the garment over the longer side of its bounding box; its top, bottom, left, right, height and width
    as shares of the picture, its height over its height and width, the picture's over its own, its share of the picture
    and of its bounding box; and for each of SEEN its share of STEPS bands of the photo.
    """
    height, width = picture.rgb.shape[:2]
    mask = picture.mask if picture.mask is not None and picture.mask.any() else np.ones((height, width), np.bool_)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    tall, wide = bottom - top, right - left
    widths = mask[top:bottom].sum(axis=1) / max(tall, wide)
    area = np.count_nonzero(mask)
    placing = (
        top / height, bottom / height, left / width, right / width, tall / height, wide / width,
        tall / (tall + wide), height / (height + width), area / mask.size, area / (tall * wide),
    )  # fmt: skip
    return np.concatenate([_resampled(widths), placing, _bands(picture, mask).ravel()])


def _resampled(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """A row of numbers as STEPS, linear between them."""
    places = np.linspace(0, len(values) - 1, STEPS)
    return np.asarray(np.interp(places, np.arange(len(values)), values))


def _bands(picture: Picture, mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """What the photo shows from top to bottom: float64 (classes of SEEN, STEPS), shares in [0, 1]."""
    if picture.scene is None:
        garment = _means(mask[None].astype(np.float64))[0]
        nothing = np.zeros(STEPS)
        return np.stack([1 - garment, nothing, garment, nothing, nothing])
    return _means(
        np.stack([np.isin(picture.scene, [CLASSES.index(name) for name in names]) for names in SEEN]).astype(np.float64)
    )


def _means(planes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means of STEPS bands of each plane (n, h, w), float64 (n, STEPS); rows are shared out to bands by overlap."""
    height = planes.shape[1]
    sums = np.concatenate([np.zeros((len(planes), 1)), planes.mean(axis=2).cumsum(axis=1)], axis=1)
    edges = np.linspace(0, height, STEPS + 1)
    below = np.stack([np.interp(edges, np.arange(height + 1), row) for row in sums])
    return np.asarray(np.clip(np.diff(below, axis=1) * (STEPS / height), 0, 1))
