"""Reading the bytes of catalog.db beside SQLite, in a process that may have it open.

POSIX drops every lock that a process holds on a file as soon as it closes any descriptor of it, those of SQLite's own
connections too: a writer of another process would then commit in the middle of a read, or roll back a live transaction
(https://www.sqlite.org/howtocorrupt.html, 2.2). So what is opened here is closed when no connection of ours may
hold one.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

_guard = threading.Lock()
_connections: Counter[Hashable] = Counter()
_waiting: dict[Hashable, list[BinaryIO]] = {}


def identity(path: Path) -> Hashable:
    """Which file this is, whatever its name; None where there is none."""
    try:
        return _identity(path.stat())
    except OSError:
        return None


def _identity(file: os.stat_result) -> Hashable:
    return file.st_dev, file.st_ino


@contextmanager
def connection_counted(path: Path) -> Iterator[None]:
    """Around all in which a connection to the database may hold a lock."""
    key = identity(path)
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
    file = path.open("rb")
    key = _identity(os.fstat(file.fileno()))
    try:
        return hashlib.file_digest(file, "sha256").hexdigest()
    finally:
        with _guard:
            if key in _connections:
                _waiting.setdefault(key, []).append(file)
            else:
                file.close()
