"""Colours as sRGB: embedded ICC profiles and CMYK.

What is decided here:
- An RGB profile that names itself sRGB, and no profile at all, are taken as sRGB: nothing is done.
- Any other RGB profile (Display P3 of phones, Adobe RGB) is converted to sRGB, relative colorimetric with black-point
  compensation, after the picture was reduced, so that it costs a millisecond or two.
- CMYK is converted by its profile when it has one, else as (1 - ink)(1 - black).
- Grey profiles, and PNG's gAMA and cHRM chunks, are ignored, as is a profile that cannot be used: colours a little
  off are better than no picture.
"""

from __future__ import annotations

import io
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from indexer.decode.quiet import quiet_pillow

if TYPE_CHECKING:
    from PIL.ImageCms import ImageCmsTransform

_LARGEST_PROFILE = 4_000_000  # bytes; printing profiles are about 0.5 to 2 MB
_SRGB_NAMES = (b"sRGB", "sRGB".encode("utf-16-be"))


def to_srgb(pixels: NDArray[np.uint8], profile: bytes | None) -> NDArray[np.uint8]:
    """RGB (h, w, 3), or CMYK (h, w, 4) with 255 for full ink, as sRGB uint8 (h, w, 3)."""
    mode = "RGB" if pixels.shape[2] == 3 else "CMYK"
    transform = _transform_for(profile, mode)
    if transform is None and mode == "RGB":
        return pixels
    image = Image.fromarray(pixels, mode) if mode == "RGB" else _cmyk_image(pixels)
    if transform is not None:
        return np.asarray(transform.apply(image))
    return np.asarray(image.convert("RGB"))


def _cmyk_image(pixels: NDArray[np.uint8]) -> Image.Image:
    height, width = pixels.shape[:2]
    return Image.frombytes("CMYK", (width, height), np.ascontiguousarray(pixels).tobytes())


def _transform_for(profile: bytes | None, mode: str) -> ImageCmsTransform | None:
    wanted = {"RGB": b"RGB ", "CMYK": b"CMYK"}[mode]
    if not profile or len(profile) > _LARGEST_PROFILE or profile[16:20] != wanted:
        return None
    if mode == "RGB" and any(name in profile for name in _SRGB_NAMES):
        return None
    return _transform(profile, mode)


@lru_cache(maxsize=16)
def _transform(profile: bytes, mode: str) -> ImageCmsTransform | None:
    """The conversion to sRGB, kept because the photos of one camera share a profile; None if it is unusable."""
    from PIL import ImageCms

    try:
        with quiet_pillow():
            return ImageCms.buildTransform(
                ImageCms.ImageCmsProfile(io.BytesIO(profile)),
                ImageCms.createProfile("sRGB"),
                mode,
                "RGB",
                renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
                flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
            )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
