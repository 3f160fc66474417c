"""The migrations make exactly the schema that the program declares, keep the data, and say what to do."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine.database import Database
from engine.errors import CatalogNotFoundError, CatalogOutdatedError, CatalogTooNewError
from engine.migrate import migrate
from engine.schema import HEAD, metadata
from engine.store import Store


def _statements(path: Path) -> dict[str, set[str]]:
    """Each table's and index's SQL as a set of its lines: two writers order the constraints differently."""
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    connection.close()
    return {
        name: {re.sub(r"\s+", " ", line).strip(" ,\t") for line in sql.splitlines() if line.strip(" ,\t")}
        for name, sql in rows
        if name not in {"alembic_version", "sqlite_sequence"}
    }


def test_migrations_make_the_declared_schema(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "a.catalog")
    declared = tmp_path / "declared.db"
    engine = sa.create_engine(f"sqlite:///{declared}")
    metadata.create_all(engine)
    engine.dispose()
    assert _statements(store.database_path) == _statements(declared)


def test_the_newest_migration_is_head() -> None:
    versions = Path(__file__).parents[2] / "migrations" / "versions"
    assert max(path.name[:4] for path in versions.glob("[0-9]*.py")) == HEAD


def test_migrate_of_a_current_catalog_changes_nothing(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "a.catalog")
    done = migrate(store.root)
    assert (done.before, done.after, done.backup) == (HEAD, HEAD, None)


def test_migrate_says_where_no_catalog_is(tmp_path: Path) -> None:
    with pytest.raises(CatalogNotFoundError):
        migrate(tmp_path)


def test_older_and_newer_catalogs_say_what_to_do(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "a.catalog")
    for found, error, advice in [
        ("0000", CatalogOutdatedError, "houndstooth migrate"),
        ("9999", CatalogTooNewError, "upgrade"),
    ]:
        with Database(store.database_path).write() as connection:
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = ?", (found,))
        with pytest.raises(error, match=advice):
            Store.open(store.root)
