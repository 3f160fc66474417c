"""A photo that is in a catalog, read again by the path under which the catalog keeps it.

Thumbnails that are made anew, exports of originals and fits look at photos long after the source that named them.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from engine.errors import PictureError, SourceError
from engine.known import KnownImage
from engine.photos import holder, is_address
from indexer.decode import DecodeLimits, read_file
from indexer.decode.limits import DEFAULT_LIMITS
from indexer.file_state import FileState
from indexer.sources.base import PackedPhoto


def read_stored(path: str, limits: DecodeLimits = DEFAULT_LIMITS) -> bytes:
    """The bytes of a photo: of a file, of a member of an archive or database, or from an address.

    Addresses are read where the environment permits it (`Remote.of_environment`). Raises PictureError.
    """
    if is_address(path):
        return _at_address(path, limits)
    file = Path(path)
    inside = holder(file)
    if inside is None:
        return read_file(file, limits)
    return reopen(inside, file.relative_to(inside).as_posix()).read(limits)


def is_as_it_was(known: KnownImage) -> bool | None:
    """Whether the photo of an image still has the image's content; None where it cannot be read.

    One at an address is taken for as it was: nothing is asked over a network for the sake of another photo.
    """
    if is_address(known.path):
        return True
    try:
        state = FileState.of(Path(known.path))
        if (state.bytes, state.mtime_ns) == (known.size, known.mtime_ns):
            return True
        return hashlib.sha256(read_stored(known.path)).digest() == known.sha256
    except PictureError:
        return None


def reopen(holding: Path, inside: str) -> PackedPhoto:
    """The photo in an archive, an LMDB or an idx file, by what follows that file in its path. Raises PictureError."""
    name = holding.name.lower()
    if name.endswith((".mdb", ".lmdb")):
        from indexer.sources import paperdoll

        return paperdoll.reopen(holding, inside)
    if name.endswith(("-ubyte", "-ubyte.gz")):
        from indexer.sources import fashion_mnist

        return fashion_mnist.reopen(holding, inside)
    from indexer.sources import archive

    return archive.reopen(holding, inside)


def _at_address(path: str, limits: DecodeLimits) -> bytes:
    from indexer.remote import Remote, fetch, parse_address
    from indexer.remote.permission import ASK

    remote = Remote.of_environment()
    if remote is None:
        raise PictureError(f"at an address: {ASK}")
    try:
        return fetch(parse_address(path), remote, limits)
    except SourceError as error:
        raise PictureError(str(error)) from None
