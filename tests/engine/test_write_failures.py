"""A disk that refuses: at every step of a commit the catalog stays as it was, says why, and goes on afterwards."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders import add_products, make_store, new_image, unit_rows

from engine import durable
from engine.batch import Batch, Counts
from engine.checks import check
from engine.compaction import compact
from engine.database import Database
from engine.errors import CatalogCorruptError, CatalogError
from engine.removal import remove
from engine.snapshot import Reader
from engine.store import Store
from engine.writer import writing


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return make_store(tmp_path / "a.catalog", {"vgg": unit_rows(6, 4), "colour": unit_rows(6, 8, seed=1)})


ROWS = {"vgg": unit_rows(5, 4, seed=2), "colour": unit_rows(5, 8, seed=3)}


def add(store: Store) -> None:
    """One batch: two shards of vectors, one of thumbnails, one transaction."""
    with writing(store) as writer:
        spaces = dict(Reader(store).snapshot().spaces)
        run = writer.start_run("index", "test")
        images = [new_image(f"n{row}", {name: rows[row] for name, rows in ROWS.items()}) for row in range(5)]
        batch = Batch(images=images, counts=Counts(seen=5, indexed=5))
        batch.products = {f"n{row}": {"price": float(row)} for row in range(5)}
        batch.attribute_types = {"price": "number"}
        writer.commit(batch, run, spaces)


def state(store: Store) -> tuple[list[int], bytes, int]:
    """What a reader sees: ids, vectors, generation."""
    snapshot = Reader(store).snapshot()
    tables = [snapshot.vectors(name) for name in snapshot.spaces]
    vectors = [table.gather(table.ids).tobytes() for table in tables]
    return snapshot.region_ids.tolist(), b"".join(vectors), snapshot.generation


class Failing:
    """A function that fails on its n-th call, and works on all others."""

    def __init__(self, function: Callable[..., Any], call: int, number: int) -> None:
        self.function, self.left, self.number = function, call, number

    def __call__(self, *args: Any, **named: Any) -> Any:
        self.left -= 1
        if self.left == 0:
            raise OSError(self.number, os.strerror(self.number))
        return self.function(*args, **named)

    def __get__(self, instance: Any, owner: Any) -> Callable[..., Any]:
        return lambda *args, **named: self(instance, *args, **named)


FUNCTIONS: dict[str, tuple[Any, str, int]] = {
    "open": (Path, "open", 3),  # for writing, then to read back, of three files
    "sync": (os, "fsync", 6),
    "rename": (Path, "rename", 3),
    "read back": (durable, "hash_file", 3),
    "sync folder": (durable, "sync_folder", 3),
}


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("what", FUNCTIONS)
def test_a_refusal_while_files_are_written_changes_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch, what: str, number: int
) -> None:
    owner, name, calls = FUNCTIONS[what]
    before = state(store)
    for call in range(1, calls + 1):
        with monkeypatch.context() as patch:
            failing = Failing(getattr(owner, name), call, number)
            patch.setattr(owner, name, failing)
            with pytest.raises(CatalogError, match=f"cannot write to .*{os.strerror(number)}"):
                add(store)
            assert failing.left <= 0
        assert state(store) == before
        assert check(store).clean
        assert not list(store.root.rglob("*.tmp")), "space on a full disk"
    add(store)
    assert len(state(store)[0]) == 11
    assert check(store).clean


class Torn:
    """A file whose n-th write is refused after half of it."""

    def __init__(self, file: Any) -> None:
        self.file = file

    def __enter__(self) -> Torn:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def write(self, part: bytes) -> None:
        self.file.write(part[: len(part) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _same(file: Any) -> Any:
    return file


def test_a_write_that_stops_half_way_changes_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    before, opened = state(store), Path.open
    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", lambda path, mode="r": (Torn if "w" in mode else _same)(opened(path, mode)))
        with pytest.raises(CatalogError, match="No space left"):
            add(store)
    assert state(store) == before
    assert check(store).clean


def test_bytes_that_come_back_wrong_are_noticed(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    before = state(store)
    with monkeypatch.context() as patch:
        patch.setattr(durable, "hash_file", lambda path: "0" * 64)
        with pytest.raises(CatalogCorruptError, match="check the disk"):
            add(store)
    assert state(store) == before
    add(store)
    with writing(store) as writer:
        compact(writer)
    assert not list(store.root.rglob("*.tmp"))
    assert check(store).clean


def limited(pages: int) -> Callable[[Database], Any]:
    connect = Database._connect

    def opened(self: Database) -> Any:
        connection = connect(self)
        used = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {used + pages}")
        return connection

    return opened


def grow(store: Store, count: int) -> Batch:
    """A batch that needs new pages in every table."""
    rows = unit_rows(count, 4, seed=9)
    images = [new_image(f"long/{row}/{'x' * 300}", {"vgg": rows[row]}) for row in range(count)]
    return Batch(images=images, counts=Counts(seen=count, indexed=count))


def test_a_full_disk_in_the_transaction_changes_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite itself refuses: from the first page it needs to the last."""
    before = state(store)
    spaces = dict(Reader(store).snapshot().spaces)
    batch = grow(store, 60)
    failed = 0
    for pages in range(0, 200, 3):
        with monkeypatch.context() as patch:
            patch.setattr(Database, "_connect", limited(pages))
            with writing(store) as writer:
                try:
                    writer.commit(batch, 1, spaces)
                    break
                except CatalogError as error:
                    assert "full" in str(error)
                    failed += 1
        assert state(store) == before
        assert check(store).clean
    assert failed >= 5
    assert len(state(store)[0]) == 66
    assert check(store).clean


CHILD = """
import resource, signal, sys
sys.path[:0] = ["tests", "."]
import test_write_failures as case
from engine.database import Database
from engine.errors import CatalogError
from engine.snapshot import Reader
from engine.store import Store
from engine.writer import writing
from pathlib import Path
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = Store(Path(sys.argv[1]))
spaces = dict(Reader(store).snapshot().spaces)
batch = case.grow(store, 60)
at = store.database_path.stat().st_size
for limit in range(at - 40_000, at + 4_000_000, 40_960):
    before = case.state(store)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        with writing(store) as writer:
            writer.commit(batch, 1, spaces)
        print("written")
        break
    except CatalogError as error:
        print("refused", error)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert case.state(store) == before
    assert case.check(store).clean
assert case.check(store).clean
"""


def test_a_file_that_may_not_grow_changes_nothing(store: Store) -> None:
    """The operating system refuses SQLite's own writes (file size limit), in another process."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(store.root)],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert lines[-1] == "written"
    assert len(lines) > 2
    assert all(line.startswith(("refused cannot use", "refused cannot write")) for line in lines[:-1]), lines


@pytest.mark.parametrize("what", ["remove", "compact"])
def test_a_refused_removal_or_compaction_changes_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    remove(store, [1, 2, 3], "half")
    before = state(store)

    def refuse(self: Database) -> Any:
        connection = connect(self)
        connection.execute("PRAGMA query_only = ON")  # every write fails, reading goes on
        return connection

    connect = Database._connect
    with monkeypatch.context() as patch:
        patch.setattr(Database, "_connect", refuse)
        with pytest.raises(CatalogError, match="cannot use"), writing(store) as writer:
            if what == "compact":
                compact(writer, everything=True)
            else:
                with writer.change():
                    pass
    assert state(store) == before
    assert check(store).clean
    with writing(store) as writer:
        compact(writer, everything=True, grace=0)
    assert state(store)[0] == before[0]
    assert check(store).clean


def test_a_folder_that_is_no_longer_there_is_made_again(store: Store) -> None:
    (store.indexes).rmdir()
    (store.backups).rmdir()
    add_products(store, {"vgg": np.ascontiguousarray(ROWS["vgg"])}, first=50)
    assert check(store).clean


def test_a_catalog_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(CatalogError, match="cannot make a catalog"):
        Store.create(tmp_path / "file" / "a.catalog")


def test_a_file_that_cannot_be_deleted_is_left_for_the_next_time(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    remove(store, [1, 2, 3], "half")
    with writing(store) as writer, monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", Failing(Path.unlink, 1, errno.EIO))
        compact(writer, everything=True, grace=0)
    assert "cannot delete" in caplog.text and check(store).clean
    files = len(list(store.root.rglob("*.*")))
    with writing(store) as writer:
        assert compact(writer, grace=0).swept == 1
    assert len(list(store.root.rglob("*.*"))) == files - 1
