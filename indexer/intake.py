"""One file on its way in: read once, hashed, decoded, masked. Runs in the decoding threads."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from engine.errors import PictureError
from indexer.coarse import coarse_view
from indexer.decode import DecodeLimits, decode, read_file, read_with_status
from indexer.file_state import FileState
from indexer.masks import apply_mask
from indexer.phash import phash
from indexer.picture import Picture
from indexer.remote.photo import RemotePhoto
from indexer.sources.base import SourceImage
from indexer.thumbnail import BACKGROUND, thumbnail


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
    if item.mask is None and item.box is None and not item.own:
        return ""
    told = f"{item.box}|"
    if item.own:  # they are written with the photo's regions, so other ones make another photo
        told = f"{sorted(item.own.items())}|{told}"
    if item.mask is not None and not isinstance(item.mask, Path):
        told += item.mask.key
    elif item.mask is not None:
        try:
            told += hashlib.sha256(item.mask.read_bytes()).hexdigest()
        except OSError:
            told += "missing"
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def state_of(item: SourceImage) -> FileState | None:
    """What tells that the photo is as it was; None where only reading it can. PictureError where it is not there."""
    return item.packed.listed if isinstance(item.packed, RemotePhoto) else FileState.of(item.file)


def photo_bytes(item: SourceImage, limits: DecodeLimits) -> bytes:
    """The photo as it lies on disk, or in what it is packed in. PictureError when it cannot be had."""
    return read_file(item.file, limits) if item.packed is None else item.packed.read(limits)


def _read(item: SourceImage, limits: DecodeLimits) -> tuple[bytes, FileState]:
    """The photo's bytes, and the state that it was in before they were read."""
    if item.packed is None:
        data, status = read_with_status(item.file, limits)
        return data, FileState.of_status(status)
    state = state_of(item)
    data = item.packed.read(limits)
    return data, state or FileState(len(data), 0)


def masked(picture: Picture, item: SourceImage, limits: DecodeLimits) -> Picture:
    """The decoded photo with the mask that its source gives. PictureError when that cannot be used."""
    if item.mask is None:
        return picture
    if not isinstance(item.mask, Path):
        return apply_mask(picture, item.mask.mask(limits), item.box, limits)
    try:
        data = read_file(item.mask, limits)
    except PictureError as error:
        raise PictureError(f"the mask: {error}") from None
    return apply_mask(picture, data, item.box, limits)


def _made_coarse(picture: Picture) -> Picture:
    """The picture with nothing but its coarse view: many are held at a time."""
    if picture.rgb is picture.coarse and picture.mask is None:
        return picture
    rgb, mask = coarse_view(picture)
    return replace(picture, rgb=rgb, mask=mask, coarse=rgb)


def take_in(
    item: SourceImage, limits: DecodeLimits, expected: bytes | None = None, *, coarse_only: bool = False
) -> Intake | PictureError:
    """Read a file; decode it unless its SHA-256 is the expected one. A file that cannot be read is an answer here.

    coarse_only: nothing that comes looks at more than the coarse picture, unless a mask is to be laid on it.
    """
    try:
        data, state = _read(item, limits)
        sha256 = hashlib.sha256(data).digest()
        if sha256 == expected:
            return Intake(state, sha256)
        picture = decode(data, limits, box=item.box, coarse_only=coarse_only and item.mask is None)
        small = thumbnail(picture, background=BACKGROUND)
        bits, picture = phash(picture), masked(picture, item, limits)
        return Intake(state, sha256, _made_coarse(picture) if coarse_only else picture, bits, small)
    except PictureError as error:
        return error
