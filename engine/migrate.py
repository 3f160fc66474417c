"""Bringing an older catalog.db to the schema of this program, with a backup, or not at all."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import alembic.command
from alembic.config import Config
from sqlalchemy import Connection

import migrations
from engine.beside_sqlite import connection_counted
from engine.database import Database, remove_database, revision, sqlite_errors
from engine.durable import hash_file, sync_file, sync_folder
from engine.errors import CatalogCorruptError, CatalogNotFoundError, CatalogTooNewError
from engine.refusals import refused
from engine.schema import HEAD
from engine.store import BACKUP_DIGITS, Store, require_no_file


@dataclass(frozen=True)
class Migration:
    """What `migrate` did: revisions before and after, and the backup it made (None when nothing was to do)."""

    before: str
    after: str
    backup: Path | None


def migrate(root: Path) -> Migration:
    """Upgrade the catalog at `root` in one transaction, after a backup of catalog.db."""
    store = Store(root)
    require_no_file(root)
    if not store.database_path.is_file():
        raise CatalogNotFoundError(f"no catalog at {root}")
    with store.lock():
        database = Database(store.database_path, foreign_keys=False)
        with database.read() as connection:
            before = revision(connection)
        if before == HEAD:
            return Migration(before, before, None)
        if before > HEAD:
            raise CatalogTooNewError(f"{root} has schema {before}, newer than {HEAD}: upgrade Houndstooth instead")
        backup = _backup(store, before)
        upgrade(database)
        return Migration(before, HEAD, backup)


def upgrade(database: Database) -> None:
    """Run the missing migrations in one transaction and check every reference before it commits.

    The database must have been opened with foreign keys off: SQLite rebuilds a table by dropping the old one,
    which would cascade. Ids stay used: a rebuilt table would forget the highest, were it not told.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent).replace("%", "%%"))
    with database.write() as connection:
        config.attributes["connection"] = connection
        used = _used_ids(connection)
        alembic.command.upgrade(config, "head")
        for table, last in used.items():
            connection.exec_driver_sql(
                "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?",
                (last, table),
            )
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        if broken:
            raise CatalogCorruptError(
                f"after the migration {len(broken)} rows refer to nothing, e.g. in table {broken[0][0]}; "
                "nothing was changed"
            )


def _used_ids(connection: Connection) -> dict[str, int]:
    """The highest id that each table has ever given."""
    if not connection.exec_driver_sql("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'").all():
        return {}
    return {row[0]: row[1] for row in connection.exec_driver_sql("SELECT name, seq FROM sqlite_sequence")}


def _backup(store: Store, before: str) -> Path:
    """A copy of catalog.db, on the disk for good, its hash in its name."""
    tmp = store.backups / f"catalog-{before}.tmp"
    try:
        remove_database(tmp)  # left by a kill
        try:
            # SQLite's own copy, not the file system's: it holds what a write-ahead log or a hot journal still holds.
            with (
                sqlite_errors(tmp),
                connection_counted(store.database_path),
                closing(sqlite3.connect(store.database_path)) as source,
                closing(sqlite3.connect(tmp)) as target,
            ):
                source.backup(target)
            sync_file(tmp)
            path = store.backups / f"catalog-{before}-{hash_file(tmp)[:BACKUP_DIGITS]}.db"
            tmp.rename(path)
            sync_folder(store.backups)
        except BaseException:
            with suppress(OSError):
                remove_database(tmp)
            raise
    except OSError as error:
        raise refused(f"cannot write a backup to {store.backups}, nothing was migrated", error) from error
    return path
