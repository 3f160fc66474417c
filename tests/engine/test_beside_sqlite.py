"""Hashing catalog.db while it is read or written: SQLite's locks stay those of whoever holds them."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from builders import make_store, unit_rows

from engine import schema
from engine.seal import is_altered, put_seal
from engine.snapshot import Reader
from engine.store import Store

OTHER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=0.1, isolation_level=None)
try:
    connection.execute(sys.argv[2]).fetchall()
    print("done")
except sqlite3.OperationalError as error:
    print(error)
"""
WRITE = "UPDATE catalog SET program = 'another'"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return make_store(tmp_path / "a.catalog", {"vgg": unit_rows(20, 4)})


def other(store: Store, statement: str) -> str:
    """What a process says that does this."""
    command = [sys.executable, "-c", OTHER, str(store.database_path), statement]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize("kept", [False, True])
def test_a_read_stays_locked_against_writers_of_other_processes(store: Store, kept: bool) -> None:
    with (Reader(store) if kept else store.database).read() as connection:
        before = connection.execute(schema.catalog.select()).one()
        assert "locked" in other(store, WRITE)
        assert not is_altered(store.database_path)
        put_seal(store.database_path)
        assert "locked" in other(store, WRITE)
        assert connection.execute(schema.catalog.select()).one() == before
    assert other(store, WRITE) == "done"
    assert is_altered(store.database_path)


def test_a_transaction_is_not_rolled_back_by_a_reader_of_another_process(store: Store) -> None:
    with store.database.write() as connection:
        connection.exec_driver_sql("UPDATE catalog SET program = 'ours'")
        is_altered(store.database_path)
        assert other(store, "SELECT count(*) FROM image") == "done"
    with closing(sqlite3.connect(store.database_path)) as connection:
        assert connection.execute("SELECT program FROM catalog").fetchall() == [("ours",)]
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_what_was_opened_is_closed_with_the_last_connection(store: Store) -> None:
    def descriptors() -> int:
        return sum(path.exists() and path.samefile(store.database_path) for path in Path("/proc/self/fd").iterdir())

    if not Path("/proc/self/fd").is_dir():
        pytest.skip("counts open files in /proc")
    is_altered(store.database_path)
    assert descriptors() == 0
    with store.database.read(), store.database.read():
        held = descriptors()
        is_altered(store.database_path)
        assert descriptors() == held + 1
    assert descriptors() == 0
