"""JPEG through libjpeg-turbo (simplejpeg), strictly: a warning about missing or damaged data is a failure.

`cv2.imread` and Pillow pass over such warnings. The harmless ones (stray bytes between segments, an odd JFIF
version, odd scan parameters of a sequential file) are mended in the bytes and the file is decoded again, still
strictly: libjpeg-turbo keeps only the first warning, so going on after a harmless one could hide a serious one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import simplejpeg
from numpy.typing import NDArray

from engine.errors import PictureError
from indexer.decode.geometry import exif_orientation

_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_BARE = frozenset(range(0xD0, 0xD9)) | {0x01}  # markers without a length
_SOS, _EOI = 0xDA, 0xD9
_MARKER_IN_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_HARMLESS = re.compile(r"extraneous bytes before marker|JFIF revision|Invalid SOS parameters")
_MOST_SCANS = 200  # real progressive files have about ten; thousands are a way to burn a processor


@dataclass(frozen=True)
class JpegHeader:
    """What a JPEG says before its first scan. width and height are as stored, before turning upright."""

    width: int
    height: int
    channels: int
    orientation: int
    profile: bytes | None


def read_header(data: bytes) -> JpegHeader:
    """Size, orientation and ICC profile of a JPEG; PictureError when it has none or is of a kind not read."""
    frame: tuple[int, int, int] | None = None
    exif: bytes | None = None
    profile: list[bytes] = []
    segments = _segments(data)
    for marker, start, end in segments:
        if marker in _FRAMES and end - start >= 6:
            _check_frame(data, marker, data[start])
            frame = (
                int.from_bytes(data[start + 3 : start + 5], "big"),
                int.from_bytes(data[start + 1 : start + 3], "big"),
                data[start + 5],
            )
        elif marker == 0xE1 and exif is None and data[start : start + 6] == b"Exif\0\0":
            exif = data[start:end]
        elif marker == 0xE2 and data[start : start + 12] == b"ICC_PROFILE\0":
            profile.append(data[start + 12 : end])
    if frame is None or segments[-1][0] != _SOS:
        raise PictureError("truncated JPEG")
    # Each part of a profile starts with its number and the count of parts.
    joined = b"".join(part[2:] for part in sorted(profile, key=lambda part: part[:1])) or None
    return JpegHeader(*frame, orientation=exif_orientation(exif), profile=joined)


def decode_jpeg(data: bytes, header: JpegHeader, eighths: int) -> NDArray[np.uint8]:
    """Stored pixels at so many eighths of the size, uint8 (h, w, 3) RGB or (h, w, 4) CMYK with 255 for full ink.

    h and w are rounded up. eighths: 1 to 8; libjpeg-turbo is quickest at 1, 2, 4 and, for all pixels, 8.
    """
    try:
        return _strict(data, header, eighths)
    except ValueError as error:
        if not _HARMLESS.search(str(error)):
            raise PictureError(_reason(error)) from None
    try:
        return _strict(_mended(data), header, eighths)
    except ValueError as error:
        raise PictureError(_reason(error)) from None


def _strict(data: bytes, header: JpegHeader, eighths: int) -> NDArray[np.uint8]:
    pixels: NDArray[np.uint8] = simplejpeg.decode_jpeg(
        data,
        colorspace="CMYK" if header.channels == 4 else "RGB",
        min_height=-(-header.height * eighths // 8),
        min_width=-(-header.width * eighths // 8),
        strict=True,
    )
    return 255 - pixels if header.channels == 4 else pixels  # every program that writes CMYK JPEG inverts it


def _reason(error: ValueError) -> str:
    text = str(error)
    if "Premature end of JPEG" in text:
        return "truncated JPEG"
    return f"damaged JPEG: {text.removeprefix('Corrupt JPEG data: ')[:100]}"


def _check_frame(data: bytes, marker: int, precision: int) -> None:
    if precision != 8 or marker in (0xC3, 0xC7, 0xCB, 0xCF):
        raise PictureError("a lossless or 12-bit JPEG: save it as an ordinary one")
    if marker in (0xC2, 0xC6, 0xCA) and data.count(b"\xff\xda") > _MOST_SCANS:
        raise PictureError(f"a JPEG of more than {_MOST_SCANS} scans")


def _segments(data: bytes) -> list[tuple[int, int, int]]:
    """(marker, start, end of its content) of every segment up to and with the first scan's header."""
    found: list[tuple[int, int, int]] = []
    at = 2
    while True:
        at = data.find(b"\xff", at)
        if at < 0 or at + 4 > len(data):
            return found
        marker = data[at + 1]
        if marker in (0xFF, 0x00):
            at += 1
        elif marker in _BARE:
            at += 2
        else:
            length = int.from_bytes(data[at + 2 : at + 4], "big")
            if marker == _EOI or length < 2 or at + 2 + length > len(data):
                return found
            found.append((marker, at + 4, at + 2 + length))
            if marker == _SOS:
                return found
            at += 2 + length


def _mended(data: bytes) -> bytes:
    """The same JPEG without stray bytes between segments, as JFIF 1.1, with scan parameters that fit its frame."""
    parts = [b"\xff\xd8"]
    at, sequential = 2, True
    while True:
        at = data.find(b"\xff", at)
        if at < 0 or at + 2 > len(data):
            return b"".join(parts)  # no end: libjpeg says so
        marker = data[at + 1]
        if marker == _EOI:
            return b"".join([*parts, b"\xff\xd9"])
        if marker in (0xFF, 0x00) or marker in _BARE:
            at += 1 if marker in (0xFF, 0x00) else 2
            continue
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        segment = data[at:end]
        if marker in _FRAMES:
            sequential = marker in (0xC0, 0xC1)
        elif marker == 0xE0 and segment[4:9] == b"JFIF\0":
            segment = segment[:9] + b"\x01\x01" + segment[11:]
        elif marker == _SOS:
            if sequential:
                segment = segment[:-3] + b"\x00\x3f\x00"
            after = _MARKER_IN_SCAN.search(data, end)
            end = after.start() if after else len(data)
            segment += data[at + len(segment) : end]
        parts.append(segment)
        at = max(end, at + 2)
