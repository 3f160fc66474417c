"""Migrating a catalog with data: a chain of migrations longer than the program's own, run on a real catalog."""

from __future__ import annotations

import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from builders import make_store, unit_rows

import migrations
from engine import database, migrate, schema
from engine.checks import check
from engine.compaction import compact
from engine.errors import CatalogBusyError, CatalogCorruptError, CatalogOutdatedError
from engine.removal import remove
from engine.snapshot import Reader
from engine.store import Store
from engine.writer import writing

HEADER = f"""
import sqlalchemy as sa
from alembic import op
revision = "9001"
down_revision = "{schema.HEAD}"
def upgrade():
"""

REBUILD = """
    # A batch rebuilds the table: the old one is dropped while the rows of others refer to it.
    kept = sa.Table("image", sa.MetaData(), autoload_with=op.get_bind(), sqlite_autoincrement=True)
    with op.batch_alter_table("image", copy_from=kept, recreate="always") as batch:
        batch.add_column(sa.Column("photographer", sa.Text(), nullable=False, server_default="nobody"))
    op.add_column("product", sa.Column("note", sa.Text()))
"""
DANGLING = """
    op.add_column("product", sa.Column("note", sa.Text()))
    op.execute("UPDATE image SET product_id = 12345 WHERE id = 4")
"""
FAILING = """
    op.add_column("product", sa.Column("note", sa.Text()))
    op.execute("DELETE FROM region_value")
    raise RuntimeError("half way")
"""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A catalog in which the last ids have been given and cleared."""
    given = [{"price": float(row), "brand": f"b{row}"} for row in range(6)]
    made = make_store(tmp_path / "a.catalog", {"vgg": unit_rows(6, 4)}, given, {"price": "number", "brand": "text"})
    remove(made, [5, 6], "the last")
    with writing(made) as writer:
        compact(writer, everything=True, grace=0)
    return made


def newer_program(monkeypatch: pytest.MonkeyPatch, folder: Path, body: str) -> None:
    """Become a program whose migrations go one further."""
    chain = folder / "migrations"
    shutil.copytree(Path(migrations.__file__).parent, chain)
    (chain / "versions" / "9001_more.py").write_text(HEADER + body)
    monkeypatch.setattr(migrations, "__file__", str(chain / "__init__.py"))
    monkeypatch.setattr(migrate, "HEAD", "9001")
    monkeypatch.setattr(database, "HEAD", "9001")


def rows(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Everything in the database."""
    with closing(sqlite3.connect(path)) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: sorted(connection.execute(f"SELECT * FROM {name}"), key=repr) for name in names}


def test_an_older_catalog_is_brought_up_to_date_with_all_its_data(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rows(store.database_path)
    vectors = Reader(store).snapshot().vectors("vgg").gather(Reader(store).snapshot().region_ids)
    newer_program(monkeypatch, tmp_path, REBUILD)
    with pytest.raises(CatalogOutdatedError, match="houndstooth migrate"):
        Store.open(store.root)
    done = migrate.migrate(store.root)
    assert (done.before, done.after) == (schema.HEAD, "9001")
    assert done.backup is not None
    assert rows(done.backup) == before
    after = rows(store.database_path)
    assert after.pop("alembic_version") == [("9001",)]
    for name, kept in before.items():
        if name == "image":
            assert [row[:-1] for row in after[name]] == kept
            assert {row[-1] for row in after[name]} == {"nobody"}
        elif name == "product":
            assert [row[:-1] for row in after[name]] == kept
        elif name == "sqlite_sequence":
            assert set(kept) <= set(after[name])  # ids 5 and 6 were used, and stay so
        elif name != "alembic_version":
            assert after[name] == kept
    opened = Store.open(store.root)
    assert check(opened).clean
    snapshot = Reader(opened).snapshot()
    assert (snapshot.vectors("vgg").gather(snapshot.region_ids) == vectors).all()
    assert migrate.migrate(store.root).backup is None


@pytest.mark.parametrize(("body", "error"), [(DANGLING, CatalogCorruptError), (FAILING, RuntimeError)])
def test_a_migration_that_fails_leaves_everything_as_it_was(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, error: type[Exception]
) -> None:
    before = rows(store.database_path)
    with monkeypatch.context() as patch:
        newer_program(patch, tmp_path, body)
        with pytest.raises(error):
            migrate.migrate(store.root)
        assert rows(store.database_path) == before
        made = [path.name for path in store.backups.iterdir()]
        assert len(made) == 1 and re.fullmatch(f"catalog-{schema.HEAD}-[0-9a-f]{{16}}[.]db", made[0])
    assert check(Store.open(store.root)).clean


def test_migrating_waits_for_no_writer(store: Store) -> None:
    with writing(store), pytest.raises(CatalogBusyError):
        migrate.migrate(store.root)
