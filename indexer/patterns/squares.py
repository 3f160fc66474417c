"""From patches of cloth to the squares that the network sees."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from indexer.patches.patches import Patch
from indexer.patterns.network import SIDE

PATCHES = 2
"""Patches of a garment that are looked at."""
SQUARES = 3
"""Squares of a garment's patches at most."""
BESIDE_OUTLINE = 2
"""And where squares of its outline are looked at too: a third told labelled garments apart no better."""
_LONG = 1.15
"""A patch this many times as long as it is wide gives two squares, one from each end."""


def squares(rgb: NDArray[np.uint8], patches: Sequence[Patch], most: int = SQUARES) -> list[NDArray[np.uint8]]:
    """At most `most` squares of the patches, the largest first, each uint8 (SIDE, SIDE, 3), antialiased.

    Large ones see more of a pattern than small ones: both ends of the largest patch and the middle of the second told
    the patterns of labelled training garments apart better than three middles, or smaller parts of one.
    """
    image = Image.fromarray(rgb)
    boxes = [box for patch in patches for box in _boxes(patch)][:most]
    return [np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BILINEAR, box=box)) for box in boxes]


def _boxes(patch: Patch) -> list[tuple[int, int, int, int]]:
    """Left, top, right, bottom of one square in the middle of a patch, or of two at its ends."""
    side = min(patch.width, patch.height)
    across, down = patch.width - side, patch.height - side
    if max(patch.width, patch.height) < _LONG * side:
        places = [(patch.x + across // 2, patch.y + down // 2)]
    else:
        places = [(patch.x, patch.y), (patch.x + across, patch.y + down)]
    return [(x, y, x + side, y + side) for x, y in places]


def garment_vectors(
    found: NDArray[np.float32], of: NDArray[np.integer], outline: NDArray[np.bool_], garments: int
) -> NDArray[np.float32]:
    """Unit vectors of garments, (garments, d), from those of their squares: what the patches say and what the outline
    says count alike, however many squares each has.

    found: (n, d), of squares. of: (n,), the garment of each. outline: (n,), whether it shows an outline.
    """
    rows = unit(found)
    sums = []
    for kind in (False, True):
        total = np.zeros((garments, found.shape[1]), np.float32)
        np.add.at(total, of[outline == kind], rows[outline == kind])
        sums.append(unit(total))
    return unit(sums[0] + sums[1])


def unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows at unit length; zeros stay."""
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12), np.float32)
