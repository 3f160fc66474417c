"""How large a picture file may be, checked before its pixels are touched."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from engine.errors import InputError, PictureError


@dataclass(frozen=True)
class DecodeLimits:
    """The largest file that is decoded. megapixels: millions of pixels; megabytes: millions of bytes."""

    megapixels: float = 50
    megabytes: float = 40

    def __post_init__(self) -> None:
        if not (self.megapixels > 0 and self.megabytes > 0):
            raise InputError(f"size limits must be above 0, got {self.megapixels} megapixels, {self.megabytes} MB")

    def check_pixels(self, width: int, height: int) -> None:
        """Raise PictureError when a picture of this size, known from its header, is too large or has no pixels."""
        if width < 1 or height < 1:
            raise PictureError(f"its header says {width} x {height} pixels")
        if width * height > self.megapixels * 1e6:
            raise PictureError(
                f"{width} x {height} is {width * height / 1e6:.1f} megapixels, "
                f"over the limit of {self.megapixels:g} (--max-megapixels)"
            )

    def check_bytes(self, size: int) -> None:
        """Raise PictureError when a file of this many bytes is too large or empty."""
        if size == 0:
            raise PictureError("empty file")
        if size > self.megabytes * 1e6:
            raise PictureError(f"{size / 1e6:.1f} MB, over the limit of {self.megabytes:g} (--max-megabytes)")


DEFAULT_LIMITS = DecodeLimits()


_OPENED = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
"""A pipe is not waited for; line ends stay as they are. Windows has only the second, other systems only the first."""


def read_file(path: Path, limits: DecodeLimits = DEFAULT_LIMITS) -> bytes:
    """The file's bytes. PictureError when it is missing, unreadable, not a regular file, empty or over the limit."""
    return read_with_status(path, limits)[0]


def read_with_status(path: Path, limits: DecodeLimits = DEFAULT_LIMITS) -> tuple[bytes, os.stat_result]:
    """The file's bytes, and what the system told of it before they were read. PictureError as of `read_file`."""
    try:
        descriptor = os.open(path, _OPENED)
        try:
            status = os.fstat(descriptor)
            data = _read(descriptor, status, limits)
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        raise PictureError("no such file") from None
    except PermissionError:
        raise PictureError("no permission to read it") from None
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        raise PictureError(f"cannot be read: {getattr(error, 'strerror', None) or error}") from None
    limits.check_bytes(len(data))
    return data, status


def _read(descriptor: int, status: os.stat_result, limits: DecodeLimits) -> bytes:
    if stat.S_ISDIR(status.st_mode):
        raise PictureError("a folder, not a picture")
    if not stat.S_ISREG(status.st_mode):
        raise PictureError("not a regular file")
    limits.check_bytes(status.st_size)
    most = int(limits.megabytes * 1e6) + 1  # of a file that grows, one byte more than allowed is enough to tell
    data = os.read(descriptor, status.st_size + 1)
    while len(data) != status.st_size and (more := os.read(descriptor, max(0, most - len(data)))):
        data += more
    return data
