"""A reader's connection stays open between searches, holds nothing up, and is of the file that is there now."""

from __future__ import annotations

import gc
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from builders import add_products, make_store, unit_rows

from engine.database import Database
from engine.query import Query
from engine.search import search
from engine.snapshot import Reader
from engine.store import Store

QUERY = Query({"vgg": unit_rows(1, 4)[0]})
ROOT = Path(__file__).parents[2]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return make_store(tmp_path / "a.catalog", {"vgg": unit_rows(20, 4)})


@pytest.fixture
def connects(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Grows with every connection that is made."""
    made: list[Path] = []
    connect = Database._connect

    def counted(self: Database) -> sqlite3.Connection:
        made.append(self.path)
        return connect(self)

    monkeypatch.setattr(Database, "_connect", counted)
    return made


def descriptors(store: Store) -> int:
    """How many this process has of the database."""
    if not Path("/proc/self/fd").is_dir():
        pytest.skip("counts open files in /proc")
    return sum(path.exists() and path.samefile(store.database_path) for path in Path("/proc/self/fd").iterdir())


def test_searches_share_a_connection_and_the_reader_closes_it(store: Store, connects: list[Path]) -> None:
    reader = Reader(store)
    search(reader, QUERY)
    before = len(connects)
    for _ in range(5):
        assert len(search(reader, QUERY).hits) == 10
    assert len(connects) == before
    assert descriptors(store) == 1
    del reader
    gc.collect()
    assert descriptors(store) == 0


def test_between_reads_others_may_lock_the_whole_database(store: Store) -> None:
    reader = Reader(store)
    before = search(reader, QUERY)
    with closing(sqlite3.connect(store.database_path, timeout=0, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        other.execute("ROLLBACK")
    add_products(store, {"vgg": QUERY.vectors["vgg"][None]}, first=20)
    after = search(reader, QUERY)
    assert (after.matched, after.hits[0].score) == (21, pytest.approx(1, abs=1e-3))
    assert after.generation > before.generation


def test_a_database_put_in_its_place_is_read(store: Store) -> None:
    """As a backup is restored: the old file lives on as long as it is open."""
    reader = Reader(store)
    shutil.copy(store.database_path, store.root / "backup")
    add_products(store, {"vgg": unit_rows(5, 4, 1)}, first=20)
    assert search(reader, QUERY).matched == 25
    (store.root / "backup").replace(store.database_path)
    assert search(reader, QUERY).matched == 20


def test_with_a_write_ahead_log_none_is_kept(store: Store, connects: list[Path]) -> None:
    """Such a connection holds a lock all its life, which closing another descriptor of the file would drop."""
    with closing(sqlite3.connect(store.database_path)) as connection:
        assert connection.execute("PRAGMA journal_mode = WAL").fetchone() == ("wal",)
    reader = Reader(store)
    for _ in range(3):
        before = len(connects)
        assert search(reader, QUERY).matched == 20
        assert len(connects) > before
        assert descriptors(store) == 0


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
def test_after_an_error_none_is_kept_and_nothing_stays_locked(store: Store, error: type[BaseException]) -> None:
    reader = Reader(store)
    search(reader, QUERY)

    def fail() -> None:
        with reader.read() as connection:
            connection.exec_driver_sql("SELECT count(*) FROM image").all()
            raise error

    with pytest.raises(error):
        fail()
    assert descriptors(store) == 0
    with store.database.write() as connection:
        connection.exec_driver_sql("UPDATE catalog SET program = 'another'")
    assert search(reader, QUERY).matched == 20


FORK = """
import os, sys
from builders import unit_rows
from engine.query import Query
from engine.search import search
from engine.snapshot import Reader
from engine.store import Store

store = Store.open(sys.argv[1])
reader, query = Reader(store), Query({"vgg": unit_rows(1, 4)[0]})
def held():
    with reader.read() as connection:
        return connection.connection.driver_connection
ours = held()
assert ours is held()
child = os.fork()
if not child:
    theirs = held()
    assert theirs is held() and search(reader, query).matched == 20
    os._exit(0 if theirs is not ours else 9)
assert os.waitpid(child, 0)[1] == 0
assert ours is held() and search(reader, query).matched == 20
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_process_has_a_connection_of_its_own(store: Store) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORK, str(store.root)],
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_reader_made_in_one_thread_is_used_and_let_go_in_another(store: Store) -> None:
    held = [Reader(store)]
    search(held[0], QUERY)

    def use() -> int:
        return search(held[0], QUERY).matched

    def let_go() -> None:
        held.clear()
        gc.collect()

    tasks: list[Callable[[], object]] = [use, let_go]
    with ThreadPoolExecutor(1) as pool:
        assert [pool.submit(task).result() for task in tasks] == [20, None]
    assert descriptors(store) == 0


def test_a_catalog_made_anew_in_its_place_is_another_one_though_it_counts_as_far(store: Store) -> None:
    reader = Reader(store)
    before, after = unit_rows(20, 4), unit_rows(20, 4, seed=1)
    assert search(reader, Query({"vgg": before[3]}, k=1)).hits[0].product == "p3"
    generation = store.generation()
    shutil.rmtree(store.root)
    assert make_store(store.root, {"vgg": after}).generation() == generation
    (hit,) = search(reader, Query({"vgg": after[3]}, k=1)).hits
    assert hit.product == "p3"
    assert hit.score == pytest.approx(1, abs=1e-3)
