"""The colours of a coarse picture at five bits a channel, counted once and shared by every space that reads colour."""

from __future__ import annotations

import math
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from indexer.coarse import coarse_view
from indexer.patches.erode import erode, margin_of
from indexer.picture import Picture

BINS = 32 * 32 * 32
SAMPLES = 8192
"""From about so many pixels on, a picture is sampled rather than counted whole."""
LEAST_LEFT = 0.5
"""A mask is counted without its border unless less than this share of it would be left: lace, straps, a thin frame."""

ColourCounts = tuple[NDArray[np.int64], NDArray[np.int64]]

_counted: WeakKeyDictionary[Picture, ColourCounts] = WeakKeyDictionary()


def colour_counts(picture: Picture) -> ColourCounts:
    """Occupied bins (m,) ascending and their counts (m,) of the 32x32x32 RGB histogram of a picture's inner pixels.

    bin = (r >> 3) * 1024 + (g >> 3) * 32 + (b >> 3). Inner: of the coarse view (`indexer.coarse`), all without a mask,
    else `inner_mask`. Of n pixels every `sampling_step(n, width)`-th in reading order is counted, the first included:
    all of them below 2 * SAMPLES. The answer is kept as long as the picture lives, so that the second space to ask does
    not count again; do not write to a picture between the two.
    """
    counts = _counted.get(picture)
    if counts is None:
        counts = _counted[picture] = _count(picture)
    return counts


def sampling_step(pixels: int, width: int) -> int:
    """Every how manieth pixel is counted: about `pixels / SAMPLES`, and without a common factor with the width.

    With a common factor the samples would stand in the same columns of every row, and miss or favour a stripe.
    """
    step = max(1, pixels // SAMPLES)
    while math.gcd(step, width) > 1:
        step += 1
    return step


def inner_mask(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """A mask (h, w) without its border, which is half skin and background however well it is drawn.

    The border is `indexer.patches.erode.margin_of` wide. Where less than LEAST_LEFT would be left: the mask as it is.
    """
    inner = erode(mask, margin_of(mask))
    return inner if np.count_nonzero(inner) >= LEAST_LEFT * np.count_nonzero(mask) else mask


def bin_colours(bins: NDArray[np.int64]) -> NDArray[np.float64]:
    """The RGB colour in the middle of each bin, (n,) -> float64 (n, 3) in 0 to 255; bins 0 and 31 reach the ends."""
    return np.stack([bins >> 10, bins >> 5 & 31, bins & 31], axis=-1) * 255 / 31


def _count(picture: Picture) -> ColourCounts:
    levels = np.ascontiguousarray(_sample(picture).T) >> 3  # a row a channel, each to be read in one go
    bins = levels[0].astype(np.uint16)
    for channel in levels[1:]:
        bins <<= 5
        bins |= channel
    histogram = np.bincount(bins, minlength=BINS)
    occupied = np.flatnonzero(histogram != 0)  # of booleans: ten times as fast as of integers
    return occupied, histogram[occupied]


def _sample(picture: Picture) -> NDArray[np.uint8]:
    """Every step-th of the pixels that count, without making the whole of them."""
    rgb, mask = coarse_view(picture)
    flat, width = rgb.reshape(-1, 3), rgb.shape[1]
    if mask is None:
        return flat[:: sampling_step(len(flat), width)]
    inside = np.flatnonzero(inner_mask(mask))
    return flat.take(inside[:: sampling_step(len(inside), width)], axis=0)
