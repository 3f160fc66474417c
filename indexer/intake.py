"""One file on its way in: read once, hashed, decoded, masked. Runs in the decoding threads."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from engine.errors import PictureError
from indexer.decode import DecodeLimits, decode, read_file
from indexer.masks import apply_mask
from indexer.phash import phash
from indexer.picture import Picture
from indexer.sources.base import SourceImage
from indexer.thumbnail import BACKGROUND, thumbnail


@dataclass(frozen=True)
class FileState:
    """What tells that a file is as it was, without reading it."""

    bytes: int
    mtime_ns: int

    @staticmethod
    def of(path: Path) -> FileState:
        """Raises PictureError when there is no such file."""
        try:
            found = path.stat()
        except (OSError, ValueError) as error:
            raise PictureError(f"cannot be read: {getattr(error, 'strerror', None) or error}") from error
        return FileState(found.st_size, found.st_mtime_ns)


@dataclass(frozen=True, eq=False)
class Intake:
    """A file that was read. picture, phash and thumbnail are there unless its content was the one expected."""

    state: FileState
    sha256: bytes
    picture: Picture | None = None
    phash: int = 0
    thumbnail: bytes = b""


def given_hash(item: SourceImage) -> str:
    """Names what the source says of the photo besides its pixels, 16 hex digits; "" when it says nothing."""
    if item.mask is None and item.box is None:
        return ""
    told = f"{item.box}|"
    if item.mask is not None:
        try:
            told += hashlib.sha256(item.mask.read_bytes()).hexdigest()
        except OSError:
            told += "missing"
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def _read_mask(path: Path, limits: DecodeLimits) -> bytes:
    try:
        return read_file(path, limits)
    except PictureError as error:
        raise PictureError(f"the mask: {error}") from None


def take_in(
    item: SourceImage, limits: DecodeLimits, expected: bytes | None = None, thumbnail_side: int = 192
) -> Intake | PictureError:
    """Read a file; decode it unless its SHA-256 is the expected one. A file that cannot be read is an answer here."""
    try:
        state = FileState.of(item.file)
        data = read_file(item.file, limits)
        sha256 = hashlib.sha256(data).digest()
        if sha256 == expected:
            return Intake(state, sha256)
        picture = decode(data, limits, box=item.box)
        small = thumbnail(picture, thumbnail_side, background=BACKGROUND)
        if item.mask is not None:
            picture = apply_mask(picture, _read_mask(item.mask, limits), item.box, limits)
        return Intake(state, sha256, picture, phash(replace(picture, mask=None)), small)
    except PictureError as error:
        return error
