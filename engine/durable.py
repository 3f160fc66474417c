"""Files that are whole or not there: written beside their place, synced, read back, then renamed into it."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from engine.errors import CatalogCorruptError
from engine.refusals import refused

TMP = ".tmp"


@dataclass(frozen=True)
class PublishedFile:
    """A file named by its content. name: of the file in its folder. sha256: 64 hex digits. bytes: its size."""

    name: str
    sha256: str
    bytes: int


def publish(folder: Path, suffix: str, parts: Iterable[bytes | memoryview]) -> PublishedFile:
    """Write the parts as one file in the folder under the name of their SHA-256; it survives a crash from here on.

    Raises CatalogError when the disk refuses (full, read-only, gone) and CatalogCorruptError when what was read
    back is not what was written. Nothing but a `*.tmp` file, which `sweep` removes, is left behind by either.
    """
    tmp = folder / f"{uuid.uuid4().hex}{TMP}"
    digest, size = hashlib.sha256(), 0
    try:
        with tmp.open("wb") as file:
            for part in parts:
                file.write(part)
                digest.update(part)
                size += len(part) if isinstance(part, bytes) else part.nbytes
            file.flush()
            os.fsync(file.fileno())
        name = digest.hexdigest()[:32] + suffix
        if hash_file(tmp) != digest.hexdigest():
            raise CatalogCorruptError(f"{folder} gave back other bytes than were written to it: check the disk")
        tmp.rename(folder / name)
        sync_folder(folder)
    except OSError as error:
        with suppress(OSError):
            tmp.unlink()
        raise refused(f"cannot write to {folder}", error) from error
    return PublishedFile(name, digest.hexdigest(), size)


def hash_file(path: Path) -> str:
    """SHA-256 of the file's bytes, 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync_file(path: Path) -> None:
    """Make what was written to the file durable."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Make renames inside the folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
