"""Reading the bytes of catalog.db beside SQLite, in a process that may have it open.

POSIX drops every lock that a process holds on a file as soon as it closes any descriptor of it, those of SQLite's own
connections too: a writer of another process would then commit in the middle of a read, or roll back a live transaction
(https://www.sqlite.org/howtocorrupt.html, 2.2). So what is opened here is closed when no connection of ours is open.
"""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

_guard = threading.Lock()
_connections: Counter[Path] = Counter()
_waiting: dict[Path, list[BinaryIO]] = {}


@contextmanager
def connection_counted(path: Path) -> Iterator[None]:
    """Around the life of every connection to the database."""
    key = path.resolve()
    with _guard:
        _connections[key] += 1
    try:
        yield
    finally:
        with _guard:
            _connections[key] -= 1
            if not _connections[key]:
                del _connections[key]
                for file in _waiting.pop(key, ()):
                    file.close()


def hash_database(path: Path) -> str:
    """SHA-256 of the file's bytes, 64 hex digits; SQLite's locks stay. Raises OSError."""
    key = path.resolve()
    file = key.open("rb")
    try:
        return hashlib.file_digest(file, "sha256").hexdigest()
    finally:
        with _guard:
            if key in _connections:
                _waiting.setdefault(key, []).append(file)
            else:
                file.close()
