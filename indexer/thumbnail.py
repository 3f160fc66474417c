"""Small pictures of the catalog's photos, so that pages and maps need no originals."""

from __future__ import annotations

import numpy as np
import simplejpeg
from PIL import Image

from indexer.picture import Picture

THUMBNAIL_SIDE = 192
BACKGROUND = (255, 255, 255)
"""What the catalog's thumbnails show where a photo is transparent."""
_QUALITY = 80
_SMALLEST = 0.75
"""A picture is reduced by a whole number where that leaves this share of the side asked for: twice as fast."""


def thumbnail(picture: Picture, side: int = THUMBNAIL_SIDE, background: tuple[int, int, int] | None = None) -> bytes:
    """The whole picture, uncropped, as JPEG bytes, its long side `side` pixels or up to a quarter less.

    One that is not larger keeps its size. background: an RGB colour to paint outside the mask (white suits cut-outs,
    whose transparent pixels often hide black); None shows the picture as it is.
    """
    rgb = picture.rgb
    if background is not None and picture.mask is not None:
        rgb = np.where(picture.mask[..., None], rgb, np.array(background, dtype=np.uint8))
    return thumbnail_of(Image.fromarray(rgb), side)


def thumbnail_of(image: Image.Image, side: int = THUMBNAIL_SIDE) -> bytes:
    """`thumbnail` of an RGB image."""
    long = max(image.size)
    if long > side:
        factor = -(-long // side)
        if long >= _SMALLEST * side * factor:
            image = image.reduce(factor)
        else:
            size = (max(1, round(image.width * side / long)), max(1, round(image.height * side / long)))
            image = image.resize(size, Image.Resampling.HAMMING, reducing_gap=1.0)
    encoded: bytes = simplejpeg.encode_jpeg(np.asarray(image), quality=_QUALITY, colorsubsampling="420")
    return encoded
