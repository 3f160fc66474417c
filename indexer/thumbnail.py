"""Small pictures of the catalog's photos, so that pages and maps need no originals."""

from __future__ import annotations

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

from indexer.picture import Picture

THUMBNAIL_SIDE = 270
"""What the coarse picture of most photos does not exceed, so that it need not be resampled."""
BACKGROUND = (255, 255, 255)
"""What the catalog's thumbnails show where a photo is transparent."""
_QUALITY = 80
_SMALLEST = 2 / 3
"""A picture is reduced by a whole number where that leaves this share of the side asked for: twice as fast."""


def thumbnail(picture: Picture, side: int = THUMBNAIL_SIDE, background: tuple[int, int, int] | None = None) -> bytes:
    """The whole picture, uncropped, as JPEG bytes, its long side `side` pixels or up to a third less.

    One that is not larger keeps its size. Where it is large enough and there is nothing to paint, the coarse picture
    (`indexer.coarse`) is shown. background: an RGB colour to paint outside the mask (white suits cut-outs,
    whose transparent pixels often hide black); None shows the picture as it is.
    """
    rgb = picture.rgb
    if background is not None and picture.mask is not None:
        rgb = np.where(picture.mask[..., None], rgb, np.array(background, dtype=np.uint8))
    elif picture.coarse is not None and max(picture.coarse.shape) >= _SMALLEST * side:
        rgb = picture.coarse
    if max(rgb.shape) > side:
        rgb = _reduced(Image.fromarray(rgb), side)
    encoded: bytes = simplejpeg.encode_jpeg(np.ascontiguousarray(rgb), quality=_QUALITY, colorsubsampling="420")
    return encoded


def _reduced(image: Image.Image, side: int) -> NDArray[np.uint8]:
    long = max(image.size)
    factor = -(-long // side)
    if long >= _SMALLEST * side * factor:
        return np.asarray(image.reduce(factor))
    size = (max(1, round(image.width * side / long)), max(1, round(image.height * side / long)))
    return np.asarray(image.resize(size, Image.Resampling.HAMMING, reducing_gap=1.0))
