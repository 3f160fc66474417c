"""The coarse view of a picture: what its colours are counted on, and thumbnails and perceptual hashes are made of.

Of a JPEG it was decoded at that size, always, also where networks look at all of the pixels besides: a photo's colours
are the same whatever else it is indexed in. Of anything else it is made here, by averaging areas.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from indexer.picture import Picture

if TYPE_CHECKING:
    from PIL import Image

COARSE_SIDE = 180
"""The least long side of a coarse picture, of what is not smaller itself; the most is twice as much."""


def coarse_scale(width: int, height: int) -> tuple[int, int]:
    """How a picture of this size becomes coarse: at so many eighths (1, 2, 3, 4 or 8), then reduced so many times.

    The fewest eighths that leave a long side of COARSE_SIDE, and the largest whole number that still does. Between 4
    and 8 libjpeg-turbo has nothing that is faster than all of the pixels.
    """
    long = max(width, height)
    eighths = next((count for count in (1, 2, 3, 4) if math.ceil(long * count / 8) >= COARSE_SIDE), 8)
    return eighths, max(1, math.ceil(long * eighths / 8) // COARSE_SIDE)


def coarse_rgb(picture: Picture) -> NDArray[np.uint8]:
    """The picture at the coarse size, uint8 (h, w, 3); its mask is not looked at."""
    if picture.coarse is not None:
        return picture.coarse
    size = _size(picture)
    return picture.rgb if size is None else np.asarray(_reduced(picture.rgb, size))


def coarse_view(picture: Picture) -> tuple[NDArray[np.uint8], NDArray[np.bool_] | None]:
    """The picture at the coarse size, uint8 (h, w, 3), and its mask there, bool (h, w).

    None: the picture has no mask, or an empty one. A coarse pixel belongs when at least half of its area does; of a
    garment too thin for that, those that most of it lies in. Unless the picture was decoded coarse, pixels outside the
    mask have no part in the colours of those inside.
    """
    if picture.mask is None or not picture.mask.any():
        return coarse_rgb(picture), None
    if picture.coarse is not None:
        mask = _mask(picture.mask, picture.coarse.shape[:2])
        return (picture.coarse, mask) if mask.any() else (picture.rgb, picture.mask)
    size = _size(picture)
    if size is None:
        return picture.rgb, picture.mask
    mask = _mask(picture.mask, (size[1], size[0]))
    if not mask.any():
        return picture.rgb, picture.mask
    rgba = np.dstack([picture.rgb, picture.mask.astype(np.uint8) * 255])  # Pillow weights RGBA by alpha
    return np.ascontiguousarray(np.asarray(_reduced(rgba, size))[..., :3]), mask


def _size(picture: Picture) -> tuple[int, int] | None:
    """The (width, height) of the coarse picture; None where that is the picture's own."""
    height, width = picture.rgb.shape[:2]
    eighths, factor = coarse_scale(width, height)
    if (eighths, factor) == (8, 1):
        return None
    return math.ceil(width * eighths / 8 / factor), math.ceil(height * eighths / 8 / factor)


def _reduced(pixels: NDArray[np.uint8], size: tuple[int, int]) -> Image.Image:
    from PIL import Image  # searches by colours come here too, and need none of it

    return Image.fromarray(pixels).resize(size, Image.Resampling.BOX)


def _mask(mask: NDArray[np.bool_], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """The mask at (height, width); all False only where it is too small to leave a trace."""
    if mask.shape == shape:
        return mask
    share = np.asarray(_reduced(mask.astype(np.uint8) * 255, (shape[1], shape[0])))
    return share >= min(128, max(1, int(share.max())))
