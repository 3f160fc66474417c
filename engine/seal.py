"""A seal on catalog.db: the hash of the file as its last writer left it, since SQLite keeps no checksum of its pages.

A writer breaks the seal before it changes anything and makes a new one when it is done. A catalog whose writer was
killed has none until the next writer ends: nothing is said of its bytes until then.
"""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from pathlib import Path

from engine.beside_sqlite import hash_database
from engine.durable import TMP, sync_folder

_log = logging.getLogger(__name__)


def _seal_of(database: Path) -> Path:
    return database.with_name(f"{database.name}.seal")


def break_seal(database: Path) -> None:
    """Remove the seal, before the first write. Raises OSError."""
    seal = _seal_of(database)
    if seal.exists():
        seal.unlink()
        sync_folder(seal.parent)  # before any page is written


def put_seal(database: Path) -> None:
    """Seal the database as it is. The caller is its only writer. A disk that refuses leaves it without a seal."""
    seal = _seal_of(database)
    tmp = seal.with_name(seal.name + TMP)
    try:
        if not database.is_file() or any(_unfinished(database)):
            return
        with tmp.open("w") as file:
            file.write(hash_database(database))
            file.flush()
            os.fsync(file.fileno())
        tmp.rename(seal)
        sync_folder(seal.parent)
    except OSError as error:
        _log.warning("%s has no seal, so that `check` cannot tell a changed byte of it: %s", database, error)
        with suppress(OSError):
            tmp.unlink()


def is_altered(database: Path) -> bool:
    """Whether the database is sealed and holds other bytes than its last writer left. Raises OSError."""
    seal = _seal_of(database)
    try:
        said = seal.read_bytes()
        if hash_database(database).encode() == said:
            return False
        return seal.read_bytes() == said  # else a writer has begun since
    except FileNotFoundError:
        return False


def _unfinished(database: Path) -> list[Path]:
    """Journals that the next reader would still write into the database."""
    beside = (database.with_name(f"{database.name}{end}") for end in ("-journal", "-wal"))
    return [path for path in beside if path.is_file() and path.stat().st_size]
