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
"""Squares of a garment at most."""
_LONG = 1.15
"""A patch this many times as long as it is wide gives two squares, one from each end."""


def squares(rgb: NDArray[np.uint8], patches: Sequence[Patch]) -> list[NDArray[np.uint8]]:
    """At most SQUARES squares of the patches, the largest first, each uint8 (SIDE, SIDE, 3), antialiased.

    Large ones see more of a pattern than small ones: both ends of the largest patch and the middle of the second told
    the patterns of labelled training garments apart better than three middles, or smaller parts of one.
    """
    image = Image.fromarray(rgb)
    boxes = [box for patch in patches for box in _boxes(patch)][:SQUARES]
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
