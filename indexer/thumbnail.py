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


def thumbnail(picture: Picture, side: int = THUMBNAIL_SIDE, background: tuple[int, int, int] | None = None) -> bytes:
    """The whole picture, uncropped, as JPEG bytes with a long side of `side` pixels, or its own if that is less.

    background: an RGB colour to paint outside the mask (white suits cut-outs, whose transparent pixels often hide
    black); None shows the picture as it is.
    """
    rgb = picture.rgb
    if background is not None and picture.mask is not None:
        rgb = np.where(picture.mask[..., None], rgb, np.array(background, dtype=np.uint8))
    height, width = rgb.shape[:2]
    scale = side / max(width, height)
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        rgb = np.asarray(Image.fromarray(rgb).resize(size, Image.Resampling.HAMMING, reducing_gap=1.0))
    encoded: bytes = simplejpeg.encode_jpeg(np.ascontiguousarray(rgb), quality=_QUALITY, colorsubsampling="420")
    return encoded
