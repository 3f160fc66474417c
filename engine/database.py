"""catalog.db: connections with the settings that the rest relies on."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Hashable, Iterator
from contextlib import closing, contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import Any, cast
from weakref import finalize

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine, Select, create_engine, select
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import NullPool, Pool, QueuePool

from engine.beside_sqlite import connection_counted, identity
from engine.errors import (
    CatalogBusyError,
    CatalogCorruptError,
    CatalogError,
    CatalogOutdatedError,
    CatalogTooNewError,
)
from engine.refusals import refused_by_sqlite
from engine.schema import HEAD, catalog

BUSY_SECONDS = 60.0
WRITE_SECONDS = 600.0
KEPT_KIB = 2048
"""What a kept connection remembers of the database."""
WAL_IS_SAFE = sqlite3.sqlite_version_info >= (3, 51, 3)
"""Before 3.51.3 a reset of the write-ahead log can corrupt the database: the rollback journal is used instead."""


class Database:
    """Transactions on catalog.db; a connection each, so that threads and processes never share one."""

    def __init__(self, path: Path, *, foreign_keys: bool = True) -> None:
        self.path = path
        self._foreign_keys = foreign_keys
        self._engine = self.engine(NullPool)

    def engine(self, pool: type[Pool]) -> Engine:
        """What connects to the database, and does with connections that were used what the pool says."""

        def connect() -> sqlite3.Connection:  # tests of refusing disks put another `_connect` into the class
            return self._connect()

        return create_engine("sqlite://", creator=connect, poolclass=pool)

    def _connect(self) -> sqlite3.Connection:
        # isolation_level=None: sqlite3 begins and commits nothing by itself; BEGIN and COMMIT are said below.
        connection = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?mode=rw",
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,  # who lets go of a kept one may be another than who used it
            uri=True,
        )
        try:
            connection.execute(f"PRAGMA foreign_keys = {'ON' if self._foreign_keys else 'OFF'}")
            connection.execute("PRAGMA synchronous = EXTRA")  # syncs the folder too, once the journal is deleted
            connection.execute("PRAGMA cache_size = -65536")
        except UnicodeDecodeError as error:  # SQLite's complaint of a broken schema quotes bytes of it
            connection.close()
            raise sqlite3.DatabaseError("malformed database schema") from error
        return connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent view of the database."""
        with _transaction(self.path, self._engine, "BEGIN") as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction: all of it is there afterwards, or none of it when the block raises.

        It waits longer than a read does, so that a reader that takes its time does not end a night's indexing.
        """
        with _transaction(self.path, self._engine, "BEGIN IMMEDIATE", patience=WRITE_SECONDS) as connection:
            yield connection


class KeptConnection:
    """Short reads, one after the other, on a connection that stays open between them.

    To open one takes several times as long as to read a few rows: SQLite reads the whole schema. Between reads it holds
    no lock. One that would, of a database with a write-ahead log, is not kept (`engine.beside_sqlite` says why).
    """

    def __init__(self, database: Database) -> None:
        self._path = database.path
        self._engine = database.engine(QueuePool)
        self._opened: tuple[int, Hashable] | None = None  # the process, and the file that has the path's name
        finalize(self, self._engine.dispose)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent view of the database: of the file that is there now, should another have taken its place."""
        opened = (os.getpid(), identity(self._path))
        if opened != self._opened:
            # A connection is not to be used across a fork, nor closed where that might write.
            self._engine.dispose(close=self._opened is None or self._opened[0] == opened[0])
            self._opened = opened
        with _transaction(self._path, self._engine, "BEGIN") as connection:
            keep = False
            try:
                if "journal" not in connection.info:
                    connection.exec_driver_sql(f"PRAGMA cache_size = -{KEPT_KIB}")
                    connection.info["journal"] = connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()
                yield connection
                keep = connection.info["journal"] != "wal"
            finally:
                if not keep:
                    connection.detach()


@contextmanager
def _transaction(path: Path, engine: Engine, begin: str, patience: float = 0) -> Iterator[Connection]:
    try:
        with connection_counted(path), engine.connect() as connection:
            if patience:
                connection.exec_driver_sql(f"PRAGMA busy_timeout = {patience * 1000:.0f}")
            connection.exec_driver_sql(begin)
            try:
                yield connection
            except BaseException:
                with suppress(DatabaseError):  # SQLite itself rolls back when the disk is full
                    connection.exec_driver_sql("ROLLBACK")
                raise
            connection.exec_driver_sql("COMMIT")
    except (DatabaseError, sqlite3.DatabaseError) as error:
        translated = _translated(error.orig if isinstance(error, DatabaseError) else error, path)
        if translated is None:
            raise
        raise translated from error


def stream(connection: Connection, statement: Select[*tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """Rows as plain tuples, straight from SQLite: for a million of them, in a third of the time of SQLAlchemy's rows.

    Values in the statement are numbers of ours, never what a user wrote: they are written into its text.
    """
    text = str(statement.compile(connection.engine, compile_kwargs={"literal_binds": True}))
    raw = cast(sqlite3.Connection, connection.connection.driver_connection)
    return raw.execute(text)


def stream_numbers(connection: Connection, statement: Select[*tuple[Any, ...]]) -> NDArray[np.int64]:
    """Rows of whole numbers, as `stream` has them: int64 (n, columns).

    Raises CatalogCorruptError where something else lies in their place: SQLite's columns hold what they are given.
    """
    try:
        found = np.fromiter(chain.from_iterable(stream(connection, statement)), dtype=np.int64)
    except (TypeError, ValueError) as error:
        names = ", ".join(column.name for column in statement.selected_columns)
        raise CatalogCorruptError(f"{names}: not all are whole numbers ({error}): run `houndstooth check`") from error
    return found.reshape(-1, len(statement.selected_columns))


@contextmanager
def sqlite_errors(path: Path) -> Iterator[None]:
    """What the state of the disk does wrong to a bare connection within, in our words."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        translated = _translated(error, path)
        if translated is None:
            raise
        raise translated from error


def _translated(error: BaseException | None, path: Path) -> CatalogError | None:
    """What the state of the disk did wrong, in our words; None for what the program did wrong."""
    said = str(error)
    if "malformed" in said or "not a database" in said:
        return CatalogCorruptError(f"{path} is damaged ({said}): restore it from a backup, or index the photos anew")
    if not isinstance(error, sqlite3.OperationalError):
        return None
    if "locked" in said or "busy" in said:
        return CatalogBusyError(f"{path} stayed locked by another process: wait for it to end, or stop it")
    return refused_by_sqlite(f"cannot use {path}", said)


def use_journal(path: Path) -> None:
    """Set the journal mode, which the file keeps."""
    with sqlite_errors(path), closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as connection:
        connection.execute(f"PRAGMA journal_mode = {'WAL' if WAL_IS_SAFE else 'DELETE'}")


def remove_database(path: Path) -> None:
    """Delete a database that nobody uses, with its journals."""
    for left in path.parent.glob(f"{path.name}*"):
        left.unlink()


def revision(connection: Connection) -> str:
    """The schema revision of the database. Raises CatalogCorruptError when it has none."""
    found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalars().all()
    if len(found) != 1:
        raise CatalogCorruptError(f"the database must say one schema revision, it says {found or 'none'}")
    return str(found[0])


_GENERATION = select(catalog.c.generation)
_VERSION = select(catalog.c.uuid, catalog.c.generation)


def newest_generation(connection: Connection) -> int:
    """It grows by one with every change of the catalog."""
    return int(connection.execute(_GENERATION).scalar_one())


def newest_version(connection: Connection) -> tuple[str, int]:
    """Which catalog this is, and its generation: another one made in its place counts its generations from 0 too."""
    uuid, generation = connection.execute(_VERSION).one()
    return str(uuid), int(generation)


def require_head(connection: Connection, path: Path) -> None:
    """Raise unless the database has the schema that this program reads and writes."""
    found = revision(connection)
    if found > HEAD:
        raise CatalogTooNewError(
            f"{path} was made by a newer Houndstooth (schema {found}, this program knows {HEAD}): "
            "upgrade with `pip install --upgrade houndstooth`"
        )
    if found < HEAD:
        raise CatalogOutdatedError(
            f"{path} was made by an older Houndstooth (schema {found}, this program needs {HEAD}): "
            f"run `houndstooth migrate --catalog {path}` (it makes a backup first)"
        )
