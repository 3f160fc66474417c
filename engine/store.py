"""The catalog's folder on disk: where things are, how it is made, opened, locked."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from sqlalchemy import insert

from engine.database import Database, newest_generation, remove_database, require_head, use_journal
from engine.durable import sync_folder
from engine.errors import CatalogBusyError, CatalogError, CatalogNotFoundError
from engine.refusals import refused
from engine.schema import catalog
from engine.seal import break_seal, put_seal

BACKUP_DIGITS = 16
"""Hex digits of a backup's SHA-256 in its name, catalog-REVISION-DIGITS.db."""


def program() -> str:
    """This program's name and version."""
    from importlib.metadata import version  # takes a while, and is asked for once a catalog

    return f"houndstooth {version('houndstooth')}"


def now() -> str:
    """The time in UTC, ISO 8601, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True)
class Store:
    """A catalog's folder. Holds no open file; threads may share one."""

    root: Path

    @property
    def database_path(self) -> Path:
        """The record of everything: SQLite."""
        return self.root / "catalog.db"

    @property
    def vectors(self) -> Path:
        """Immutable shards of vectors: with catalog.db, the truth."""
        return self.root / "vectors"

    @property
    def thumbnails(self) -> Path:
        """Immutable shards of small JPEGs, derived from the photos."""
        return self.root / "thumbnails"

    @property
    def indexes(self) -> Path:
        """FAISS files, derived from the vectors."""
        return self.root / "indexes"

    @property
    def models(self) -> Path:
        """What was fitted to this catalog's own photos, such as a projection."""
        return self.root / "models"

    @property
    def backups(self) -> Path:
        """Copies of catalog.db made before a migration."""
        return self.root / "backups"

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders in the catalog's own."""
        return (self.vectors, self.thumbnails, self.indexes, self.models, self.backups)

    @cached_property
    def database(self) -> Database:
        """Transactions on catalog.db. Kept: statements that were compiled once are not compiled again."""
        return Database(self.database_path)

    @staticmethod
    def open(root: Path | str) -> Store:
        """The catalog at `root`.

        Raises CatalogNotFoundError, CatalogOutdatedError, CatalogTooNewError, CatalogCorruptError, or CatalogError for
        a file.
        """
        store = Store(Path(root))
        require_no_file(store.root)
        if not store.database_path.is_file():
            raise CatalogNotFoundError(
                f"no catalog at {store.root}: name one with --catalog or $HOUNDSTOOTH_CATALOG, "
                f"or make it with `houndstooth index PHOTOS --catalog {store.root}`"
            )
        with store.database.read() as connection:
            require_head(connection, store.root)
        return store

    @staticmethod
    def create(root: Path | str) -> Store:
        """The catalog at `root`, made if it is not there. A kill on the way leaves nothing that opens."""
        store = Store(Path(root))
        require_no_file(store.root)
        if store.database_path.is_file():
            return Store.open(root)
        ours = {folder.name for folder in store.folders}
        if store.root.exists():
            strangers = [
                entry.name
                for entry in store.root.iterdir()
                if entry.name not in ours and not entry.name.startswith(("catalog.db", "write.lock"))
            ]
            if strangers:
                raise CatalogError(
                    f"{store.root} is no catalog and holds other files ({', '.join(sorted(strangers)[:3])}, ...): "
                    "name a new folder for the catalog"
                )
        try:
            store.root.mkdir(parents=True, exist_ok=True)
            with store.lock():
                if not store.database_path.is_file():
                    _make_database(store.database_path)
        except OSError as error:
            raise refused(f"cannot make a catalog at {store.root}", error) from error
        return store

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Be the one writer. The operating system frees the lock when the process ends, however it ends."""
        from filelock import FileLock, Timeout  # readers never lock

        lock_path = self.root / "write.lock"
        lock = FileLock(lock_path)
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise CatalogBusyError(
                f"another process is writing to {self.root}: wait for it to finish, or stop it"
            ) from error
        except OSError as error:
            raise refused(f"cannot write to {self.root}", error) from error
        try:
            held = lock_path.stat()
            self._begin()
            try:
                yield
            finally:
                if lock_path.is_file() and os.path.samestat(held, lock_path.stat()):
                    put_seal(self.database_path)
                else:  # deleted by hand: another may be writing too
                    break_seal(self.database_path)
        finally:
            lock.release()

    def _begin(self) -> None:
        """Makes the folders that are not there: copying a catalog may have left out those that were empty."""
        try:
            for folder in self.folders:
                folder.mkdir(exist_ok=True)
            break_seal(self.database_path)
        except OSError as error:
            raise refused(f"cannot write to {self.root}", error) from error

    def generation(self) -> int:
        """The newest generation: it grows by one with every change."""
        with self.database.read() as connection:
            return newest_generation(connection)


def require_no_file(root: Path) -> None:
    """Raise CatalogError where a catalog's folder is named and a file is."""
    if root.is_file():
        raise CatalogError(f"{root} is a file, not a catalog's folder")


def _make_database(path: Path) -> None:
    from engine.migrate import upgrade  # Alembic takes a while to load

    tmp = path.with_name("catalog.db.tmp")
    remove_database(tmp)  # left by a kill
    try:
        tmp.touch()
        upgrade(Database(tmp, foreign_keys=False))
        with Database(tmp).write() as connection:
            connection.execute(
                insert(catalog).values(id=1, uuid=uuid.uuid4().hex, generation=0, created=now(), program=program())
            )
        use_journal(tmp)
        tmp.rename(path)
        sync_folder(path.parent)
    except BaseException:
        with suppress(OSError):
            remove_database(tmp)
        raise
