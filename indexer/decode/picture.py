"""Bytes to `Picture`: limits, kind, pixels, working size, colours, upright."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

from engine.errors import PictureError
from indexer.coarse import coarse_scale
from indexer.decode.geometry import Box, clip_box, stored_box, turn_upright, upright_size, working_size
from indexer.decode.jpeg import JpegHeader, decode_jpeg, read_header
from indexer.decode.kinds import damage, kind_of
from indexer.decode.limits import DEFAULT_LIMITS, DecodeLimits, read_file
from indexer.decode.profiles import to_srgb
from indexer.decode.quiet import quiet_pillow
from indexer.decode.still import Still, load_still
from indexer.picture import Picture

_OPAQUE = 128


def decode(
    data: bytes, limits: DecodeLimits = DEFAULT_LIMITS, box: Box | None = None, *, coarse_only: bool = False
) -> Picture:
    """The picture in a file's bytes, or in a box of it, upright, in sRGB, at the working size.

    box: x, y, width, height in pixels of the upright photo, clipped to it; cut out before the picture is reduced,
    so that a small box is as sharp as its photo. Of animations and files of several pages, the first.

    Of a JPEG, `Picture.coarse` is decoded too. coarse_only: for those who look at nothing else: `Picture.rgb` of a JPEG
    is that one as well, and the working size is not decoded.

    Alpha becomes `Picture.mask`: True where it is at least 128 at the working size, None when that is everywhere.
    Under the mask colours are free of what lay beneath transparent pixels; outside it they are as the file has
    them. A picture without any opaque pixel is refused: there is nothing to compare.

    Raises PictureError, with a short reason for people, and nothing else, whatever the bytes. The size limits are
    checked from the header, before pixels are decoded. Truncated files are refused, unless all that is read of them
    is there: a GIF cut after its first frame passes.
    """
    limits.check_bytes(len(data))
    kind = kind_of(data)
    try:
        if kind == "JPEG":
            return _from_jpeg(data, limits, box, coarse_only)
        with quiet_pillow():
            return _from_still(load_still(data, kind, limits), box)
    except Exception as error:  # hostile files reach every corner of the libraries, which raise what they like
        raise damage(kind, error) from None


def read_picture(path: Path, limits: DecodeLimits = DEFAULT_LIMITS, box: Box | None = None) -> Picture:
    """`decode` of the file at `path`; PictureError also when there is none or it cannot be read."""
    return decode(read_file(path, limits), limits, box)


def _from_jpeg(data: bytes, limits: DecodeLimits, box: Box | None, coarse_only: bool) -> Picture:
    header = read_header(data)
    limits.check_pixels(header.width, header.height)
    try:
        simplejpeg.decode_jpeg_header(data, strict=False)
    except ValueError:  # sampling that TurboJPEG's interface has no name for; libjpeg itself reads it
        with quiet_pillow():
            still = load_still(data, "JPEG", limits)
            return _from_still(still, box)
    source = upright_size((header.width, header.height), header.orientation)
    region = clip_box(box, source)
    where = stored_box(region, source, header.orientation)
    eighths, factor = coarse_scale(region[2], region[3])
    if eighths == 8:  # all pixels, and few: the working size is no other
        rgb = coarse = _working(data, header, region, where)
    else:
        coarse = _finish(_coarse(decode_jpeg(data, header, eighths), where, eighths, factor), header)
        rgb = coarse if coarse_only else _working(data, header, region, where)
    return Picture(rgb, None, source, coarse=coarse)


def _coarse(pixels: NDArray[np.uint8], where: Box, eighths: int, factor: int) -> NDArray[np.uint8]:
    """The box `where` of the stored photo, whose pixels these are at so many eighths, reduced `factor` times."""
    x, y, w, h = where
    pixels = pixels[y * eighths // 8 : -(-(y + h) * eighths // 8), x * eighths // 8 : -(-(x + w) * eighths // 8)]
    return pixels if factor == 1 else np.asarray(_image(pixels).reduce(factor))


def _working(data: bytes, header: JpegHeader, region: Box, where: Box) -> NDArray[np.uint8]:
    """The region of the upright photo, which lies at `where` in the stored one, at the working size."""
    factor, target = working_size(region[2], region[3])
    pixels = decode_jpeg(data, header, 8 // factor)
    x, y, w, h = where
    width, height = upright_size(target, header.orientation)  # swapping twice is swapping back
    if (width, height) == (-(-w // factor), -(-h // factor)):
        pixels = pixels[y // factor : y // factor + height, x // factor : x // factor + width]
    else:
        corners = (x / factor, y / factor, (x + w) / factor, (y + h) / factor)
        pixels = np.asarray(_image(pixels).resize((width, height), Image.Resampling.HAMMING, box=corners))
    return _finish(pixels, header)


def _image(pixels: NDArray[np.uint8]) -> Image.Image:
    """RGB (h, w, 3) or CMYK (h, w, 4)."""
    height, width = pixels.shape[:2]
    if pixels.shape[2] == 3:
        return Image.fromarray(pixels)
    return Image.frombytes("CMYK", (width, height), np.ascontiguousarray(pixels).tobytes())


def _finish(pixels: NDArray[np.uint8], header: JpegHeader) -> NDArray[np.uint8]:
    return turn_upright(to_srgb(pixels, header.profile), header.orientation)


def _from_still(still: Still, box: Box | None) -> Picture:
    source = upright_size(still.colours.size, still.orientation)
    region = clip_box(box, source)
    factor, target = working_size(region[2], region[3])
    where = stored_box(region, source, still.orientation)
    size = upright_size(target, still.orientation)

    def small(image: Image.Image) -> NDArray[np.uint8]:
        return turn_upright(np.asarray(_shrink(image, where, factor, size)), still.orientation)

    rgb = turn_upright(
        to_srgb(np.asarray(_shrink(still.colours, where, factor, size)), still.profile), still.orientation
    )
    if still.alpha is None:
        return Picture(rgb, None, source)
    mask = small(still.alpha) >= _OPAQUE
    if not mask.any():
        here = "" if box is None else " in its box"
        faint = np.asarray(still.alpha.crop((where[0], where[1], where[0] + where[2], where[1] + where[3]))).any()
        why = f"no opaque pixel{here} (alpha is below {_OPAQUE} everywhere)"
        raise PictureError(why if faint else f"fully transparent{here}")
    if mask.all():
        return Picture(rgb, None, source)
    if factor > 1 or size != (where[2], where[3]):
        rgb = np.where(mask[..., None], _unmixed(still, where, factor, size), rgb)
    return Picture(rgb, mask, source)


def _unmixed(still: Still, where: Box, factor: int, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Colours reduced with each pixel's say in proportion to its alpha (Pillow premultiplies RGBA itself)."""
    rgba = still.colours.convert("RGBA")
    rgba.putalpha(still.alpha)  # type: ignore[arg-type]
    colours = np.asarray(_shrink(rgba, where, factor, size))[..., :3]
    return turn_upright(to_srgb(np.ascontiguousarray(colours), still.profile), still.orientation)


def _shrink(image: Image.Image, where: Box, factor: int, size: tuple[int, int]) -> Image.Image:
    x, y, w, h = where
    corners = (x, y, x + w, y + h)
    if factor > 1:
        image = image.reduce(factor, corners)
    elif (w, h) != image.size:
        image = image.resize((w, h), Image.Resampling.NEAREST, box=corners)  # `crop` has its own, fixed size limit
    if image.size == size:
        return image
    exact = (0, 0, min(w / factor, image.width), min(h / factor, image.height))  # the last column may be a part of one
    return image.resize(size, Image.Resampling.HAMMING, box=exact)
