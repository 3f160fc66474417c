"""Masks given with a photo: a picture file whose opaque, or non-zero, pixels are the garment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.errors import PictureError
from indexer.decode.geometry import Box, clip_box, exif_orientation, turn_upright
from indexer.decode.kinds import damage, kind_of
from indexer.decode.limits import DEFAULT_LIMITS, DecodeLimits
from indexer.decode.quiet import quiet_pillow
from indexer.decode.still import load_image
from indexer.picture import Picture


def apply_mask(
    picture: Picture, mask: bytes | NDArray[np.bool_], box: Box | None = None, limits: DecodeLimits = DEFAULT_LIMITS
) -> Picture:
    """The picture with only the mask's pixels as the garment, and of those only what its own alpha left.

    picture: from `indexer.decode.decode`, with the same box. mask: of the whole upright photo, at its size or
    uniformly scaled: a picture file's bytes, or bool (h, w). A pixel of the picture belongs when at least half of the
    mask's area over it does.

    PictureError: the mask cannot be read, has another shape than the photo, or leaves nothing.
    """
    given = read_mask(mask, limits) if isinstance(mask, bytes) else mask
    garment = _fit(given, picture, box)
    if not garment.any():
        raise PictureError("the mask is empty" if box is None else "the mask is empty in its box")
    if picture.mask is not None:
        garment &= picture.mask
        if not garment.any():
            raise PictureError("the mask covers only transparent pixels")
    return replace(picture, mask=None if garment.all() else garment)


def read_mask(data: bytes, limits: DecodeLimits = DEFAULT_LIMITS) -> NDArray[np.bool_]:
    """A mask file as bool (h, w), upright, at its own size; PictureError when it cannot be read.

    By kind: alpha that is not opaque everywhere: at least 128. Palette: index other than 0. Grey and colour: any
    channel other than 0; in a JPEG at least 128, because compression leaves traces of 1 and 2 around every edge.
    """
    with open_mask(data, limits) as (image, kind):
        mask = _garment(image, 128 if kind == "JPEG" else 1)
        orientation = 1 if kind == "TIFF" else exif_orientation(image.info.get("exif"))
    return turn_upright(mask, orientation).astype(bool)


@contextmanager
def open_mask(data: bytes, limits: DecodeLimits) -> Iterator[tuple[Image.Image, str]]:
    """The image of a mask file, and its kind; PictureError for whatever goes wrong with it inside the `with`."""
    try:
        limits.check_bytes(len(data))
        kind = kind_of(data)
    except PictureError as error:
        raise PictureError(f"the mask: {error}") from None
    try:
        with quiet_pillow():
            yield load_image(data, kind, limits), kind
    except Exception as error:  # as in `decode`: whatever a hostile file makes the libraries raise
        raise PictureError(f"the mask: {damage(kind, error)}") from None


def _garment(image: Image.Image, least: int) -> NDArray[np.uint8]:
    """uint8 (h, w), 1 for the garment."""
    if image.mode in ("LA", "PA", "RGBA"):
        alpha = np.asarray(image.getchannel("A"))
        if alpha.min() < 255:
            return (alpha >= 128).astype(np.uint8)
        image = image.convert({"LA": "L", "PA": "P", "RGBA": "RGB"}[image.mode])
    values: NDArray[Any] = np.asarray(image)
    if values.dtype.kind not in "bui":
        raise PictureError(f"pixels of kind {image.mode} are not read as a mask: save it as an 8-bit PNG")
    inside = values if values.dtype.kind == "b" else values >= least
    garment: NDArray[np.uint8] = np.asarray(inside.any(axis=2) if values.ndim == 3 else inside, dtype=np.uint8)
    return garment


def _fit(mask: NDArray[np.bool_], picture: Picture, box: Box | None) -> NDArray[np.bool_]:
    """The mask over the picture's pixels, bool (h, w)."""
    width, height = picture.source_size
    mask_height, mask_width = mask.shape
    if abs(mask_width - mask_height * width / height) > 1 and abs(mask_height - mask_width * height / width) > 1:
        raise PictureError(f"the mask is {mask_width} x {mask_height}, the photo is {width} x {height}")
    x, y, w, h = clip_box(box, picture.source_size)
    across, down = mask_width / width, mask_height / height
    corners = (x * across, y * down, min((x + w) * across, mask_width), min((y + h) * down, mask_height))
    image = Image.fromarray(mask.astype(np.uint8) * 255)
    size = (picture.rgb.shape[1], picture.rgb.shape[0])
    # A box filter is the share of the area when the mask shrinks, and the nearest pixel when it grows.
    return np.asarray(image.resize(size, Image.Resampling.BOX, box=corners)) >= 128
