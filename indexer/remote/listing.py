"""What lies under a prefix of a bucket."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engine.errors import SourceError
from indexer.file_state import FileState
from indexer.remote.address import Address
from indexer.remote.connect import file_system
from indexer.remote.permission import Remote

_MARKS = ("ETag", "etag", "md5Hash", "LastModified", "last_modified", "updated", "mtime", "created")
"""What the drivers of s3, gs, az and memory tell of an object, the surest first."""


@dataclass(frozen=True)
class Listed:
    """An object of a bucket. inside: its key after the prefix. state: None where the listing tells too little."""

    address: Address
    inside: str
    state: FileState | None


def list_objects(prefix: Address, remote: Remote) -> Iterator[Listed]:
    """The objects under a prefix, by name, folder by folder; names of one folder and those above it are in memory.

    Raises SourceError where it cannot be listed, MissingDependencyError without the driver.
    """
    system = file_system(prefix.protocol, remote)
    root = system._strip_protocol(prefix.full).strip("/")
    waiting = [iter(_entries(system, root, prefix))]
    while waiting:
        entry = next(waiting[-1], None)
        if entry is None:
            waiting.pop()
            continue
        name = str(entry["name"])
        if entry.get("type") == "directory":
            if name.strip("/") != root and len(waiting) < 100:  # a store may list a folder in itself
                waiting.append(iter(_entries(system, name, prefix)))
        elif inside := name.strip("/").removeprefix(root).strip("/") or name.rpartition("/")[2]:
            full = f"{prefix.protocol}://{name.lstrip('/')}"
            yield Listed(Address(full, full, prefix.protocol), inside, _state(entry))


def _entries(system: Any, folder: str, prefix: Address) -> list[Mapping[str, Any]]:
    try:
        return sorted(system.ls(folder, detail=True), key=lambda one: str(one["name"]))
    except FileNotFoundError:
        raise SourceError(f"{prefix.stored}: nothing there, or no permission to list it") from None
    except Exception as error:  # drivers raise what they like, and their words may hold credentials
        raise SourceError(f"{prefix.stored}: cannot be listed ({type(error).__name__})") from None


def _state(entry: Mapping[str, Any]) -> FileState | None:
    mark = next((str(entry[name]) for name in _MARKS if entry.get(name)), None)
    if mark is None or not isinstance(entry.get("size"), int):
        return None
    number = int.from_bytes(hashlib.sha256(mark.encode()).digest()[:8], "big") >> 1  # fits what SQLite holds
    return FileState(entry["size"], number)
