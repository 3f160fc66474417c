"""Photos that are members of archives: how the bytes of each are had, from several threads at once."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from engine.errors import PictureError

if TYPE_CHECKING:
    from indexer.decode.limits import DecodeLimits

ZIP_FAULTS: Final = (zipfile.BadZipFile, EOFError, zlib.error, OSError, NotImplementedError, RuntimeError)
"""What zipfile raises for archives that are damaged, encrypted, or packed in a way that it does not know."""


@dataclass(frozen=True)
class TarMember:
    """A member of a tar that is not compressed: where its bytes begin, and how many they are."""

    archive: Path
    start: int
    size: int

    def read(self, limits: DecodeLimits) -> bytes:
        """The bytes, from the file."""
        limits.check_bytes(self.size)
        try:
            with self.archive.open("rb") as stream:
                stream.seek(self.start)
                found = stream.read(self.size)
        except OSError as error:
            raise PictureError(f"cannot be read: {error.strerror}") from None
        if len(found) < self.size:
            raise PictureError("the archive is cut")
        return found


@dataclass(frozen=True, eq=False)
class HeldMember:
    """A member of a compressed tar, held in memory since it was passed: such an archive has one order only."""

    data: bytes
    size: int

    def __eq__(self, other: object) -> bool:
        return isinstance(other, HeldMember) and (self.data, self.size) == (other.data, other.size)

    def __hash__(self) -> int:
        return hash(self.data)

    def read(self, limits: DecodeLimits) -> bytes:
        """The bytes; PictureError when they were more than is held."""
        limits.check_bytes(self.size)
        if len(self.data) < self.size:
            raise PictureError("the member is larger than what is read from a compressed archive")
        return self.data


@dataclass(frozen=True)
class ZipMember:
    """A member of a zip by its name."""

    archive: Path
    name: str
    size: int

    def read(self, limits: DecodeLimits) -> bytes:
        """The bytes, unpacked; never more than the archive's list says, whatever the packed stream holds."""
        limits.check_bytes(self.size)
        try:
            with zipfile.ZipFile(self.archive) as archive, archive.open(self.name) as stream:
                found = stream.read(self.size + 1)
        except (*ZIP_FAULTS, KeyError) as error:
            raise PictureError(f"cannot be read from the archive: {error}") from None
        if len(found) != self.size:
            raise PictureError("the archive's list says another size than the member has")
        return found
