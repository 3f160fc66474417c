"""Every kind of file but JPEG, through exactly one Pillow plugin each.

Pillow never guesses the kind, and never starts another program.
"""

from __future__ import annotations

import importlib
import io
import zlib
from dataclasses import dataclass

import numpy as np
from PIL import Image, features

from engine.errors import PictureError
from indexer.decode.geometry import exif_orientation
from indexer.decode.limits import DecodeLimits
from indexer.decode.quiet import silence_libtiff

_PLUGINS = {
    "JPEG": ("PIL.JpegImagePlugin", "JpegImageFile"),
    "PNG": ("PIL.PngImagePlugin", "PngImageFile"),
    "WebP": ("PIL.WebPImagePlugin", "WebPImageFile"),
    "GIF": ("PIL.GifImagePlugin", "GifImageFile"),
    "BMP": ("PIL.BmpImagePlugin", "BmpImageFile"),
    "TIFF": ("PIL.TiffImagePlugin", "TiffImageFile"),
    "AVIF": ("PIL.AvifImagePlugin", "AvifImageFile"),
}
_SIXTEEN_BIT = ("I;16", "I;16L", "I;16B", "I;16N")


@dataclass(frozen=True, eq=False)
class Still:
    """A loaded picture as stored. colours: mode RGB or CMYK; alpha: mode L, or None; orientation: EXIF, 1 to 8."""

    colours: Image.Image
    alpha: Image.Image | None
    orientation: int
    profile: bytes | None


def load_still(data: bytes, kind: str, limits: DecodeLimits) -> Still:
    """Load the first frame or page, after its size was checked. Any exception of the libraries may come out of here."""
    image = load_image(data, kind, limits)
    # Pillow has turned TIFF upright already, and dropped the tag from what it reports.
    orientation = 1 if kind == "TIFF" else exif_orientation(image.info.get("exif"))
    colours, alpha = _flatten(image)
    return Still(colours, alpha, orientation, image.info.get("icc_profile"))


def load_image(data: bytes, kind: str, limits: DecodeLimits) -> Image.Image:
    """The first frame or page with its own mode, all pixels loaded."""
    _check_whole(data, kind)
    image = _open(data, kind)
    limits.check_pixels(*image.size)
    image.load()
    limits.check_pixels(*image.size)  # the size that was promised is the size that came
    return image


def _open(data: bytes, kind: str) -> Image.Image:
    """Read the header only. The plugin's class is used because `Image.open` has its own, fixed size limits."""
    if kind == "HEIC":
        return _open_heic(io.BytesIO(data))
    if kind == "AVIF" and not features.check("avif"):
        raise PictureError("AVIF, which this Pillow cannot read: pip install --upgrade pillow")
    if kind == "TIFF":
        silence_libtiff()
    module, name = _PLUGINS[kind]
    image: Image.Image = getattr(importlib.import_module(module), name)(io.BytesIO(data))
    return image


def _open_heic(file: io.BytesIO) -> Image.Image:
    try:
        from pillow_heif import HeifImageFile  # type: ignore[import-not-found]
    except ImportError:
        raise PictureError("HEIC, which needs one more library: pip install pillow-heif") from None
    image: Image.Image = HeifImageFile(file)
    return image


def _check_whole(data: bytes, kind: str) -> None:
    """Find cut or damaged files that Pillow would read in part without a word."""
    if kind == "PNG":
        _check_png(data)
    elif kind == "WebP" and int.from_bytes(data[4:8], "little") + 8 > len(data):
        raise PictureError("truncated WebP")


def _check_png(data: bytes) -> None:
    """Walk the chunks to IEND and check the sums of those that make the pixels, which Pillow skips."""
    at, view = 8, memoryview(data)
    while at + 12 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        name = data[at + 4 : at + 8]
        if end > len(data):
            break
        if name in (b"IHDR", b"PLTE", b"tRNS", b"IDAT") and zlib.crc32(view[at + 4 : end - 4]) != int.from_bytes(
            data[end - 4 : end], "big"
        ):
            raise PictureError(f"damaged PNG: wrong checksum in {name.decode()}")
        if name == b"IEND":
            return
        at = end
    raise PictureError("truncated PNG")


def _flatten(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Colours (RGB or CMYK) and alpha (L or None) of any mode."""
    if image.mode in _SIXTEEN_BIT:
        return _flatten_16_bit(image)
    if image.mode == "CMYK":
        return image, None
    if image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or image.has_transparency_data:
        rgba = image.convert("RGBA")
        return rgba.convert("RGB"), rgba.getchannel("A")
    if image.mode in ("1", "L", "P", "RGB", "RGBX", "YCbCr", "HSV"):
        return image.convert("RGB"), None
    raise PictureError(f"pixels of kind {image.mode} are not read: save it as 8-bit RGB")


def _flatten_16_bit(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """16-bit grey: its high bytes, as Pillow does for 16-bit colour."""
    values = np.asarray(image)
    grey = Image.fromarray((values >> 8).astype(np.uint8)).convert("RGB")
    clear = image.info.get("transparency")
    if not isinstance(clear, int):
        return grey, None
    return grey, Image.fromarray(np.where(values == clear, 0, 255).astype(np.uint8))
