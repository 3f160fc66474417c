"""A file that something else shortens while a reader has it mapped: an error for who asks next, no killed process."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from builders import make_store, unit_rows

from engine.checks import check
from engine.query import Query
from engine.removal import remove
from engine.search import search
from engine.snapshot import Reader

ROOT = Path(__file__).parents[2]
no_windows = pytest.mark.skipif(sys.platform == "win32", reason="Windows lets nobody shorten a file that is mapped")
ROWS, DIM = 4_000, 64  # many pages: reading past the end of a shortened file would be a SIGBUS

CHILD = """
import os, sys
from pathlib import Path
from builders import unit_rows
from engine.errors import CatalogCorruptError
from engine.query import Query
from engine.search import search
from engine.snapshot import Reader
from engine.store import Store
from engine.thumbnails import Thumbnails

store = Store.open(sys.argv[1])
reader, pictures = Reader(store), Thumbnails(store)
query = Query({"vgg": unit_rows(1, 64)[0]})
assert len(search(reader, query).hits) == 10 and pictures.get(3990)
for path in (*store.vectors.iterdir(), *store.thumbnails.iterdir()):
    os.truncate(path, 300)
for ask in (lambda: search(reader, query), lambda: pictures.get(3990)):
    try:
        ask()
    except CatalogCorruptError as error:
        print(error)
"""


COMPACTION = """
import os, sys
from engine import compaction
from engine.errors import CatalogCorruptError
from engine.store import Store
from engine.writer import writing

store = Store.open(sys.argv[1])
opened = compaction.open_vectors

def cut(path, seen=set()):  # the second opening is the one that copies; verified in between
    file = opened(path)
    if path in seen:
        os.truncate(path, 300)
    seen.add(path)
    return file

compaction.open_vectors = cut
with writing(store) as writer:
    try:
        compaction.compact(writer, everything=True)
    except CatalogCorruptError as error:
        print(error)
"""


JOB = """
import os, sys
from engine.clusters import cluster
from engine.errors import CatalogCorruptError
from engine.maps import make_map
from engine.snapshot import Reader
from engine.store import Store

store = Store.open(sys.argv[1])
reader = Reader(store)

def cut(*told):
    for path in store.vectors.iterdir():
        os.truncate(path, 300)

def pieces():
    for ids, rows in reader.snapshot().vectors("vgg").chunks(rows=500):
        cut()

jobs = {
    "cluster": lambda: cluster(reader, "vgg", 5, progress=cut),
    "map": lambda: make_map(reader, "vgg", "pca", progress=cut),
    "pieces": pieces,
}
try:
    jobs[sys.argv[2]]()
except CatalogCorruptError as error:
    print(error)
"""


def run(code: str, *arguments: str) -> list[str]:
    """The lines that a process prints, which must end well."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, (done.returncode, done.stderr)
    return done.stdout.splitlines()


@no_windows
def test_a_file_cut_short_under_a_reader_is_an_error(tmp_path: Path) -> None:
    store = make_store(tmp_path / "a.catalog", {"vgg": unit_rows(ROWS, DIM)})
    vectors, thumbnails = run(CHILD, str(store.root))
    for line, folder in ((vectors, "vectors"), (thumbnails, "thumbnails")):
        assert folder in line and "cut short while it was open: run `houndstooth check`" in line
    assert len(check(store).findings) == len(list(store.vectors.iterdir())) + len(list(store.thumbnails.iterdir())) + 2


@no_windows
@pytest.mark.parametrize("job", ["cluster", "map", "pieces"])
def test_a_file_cut_short_under_a_long_job_is_an_error(tmp_path: Path, job: str) -> None:
    store = make_store(tmp_path / "a.catalog", {"vgg": unit_rows(ROWS, DIM)})
    (line,) = run(JOB, str(store.root), job)
    assert "vectors" in line and "cut short while it was open: run `houndstooth check`" in line


@no_windows
def test_a_file_cut_short_under_compaction_gets_no_hash_that_vouches_for_it(tmp_path: Path) -> None:
    store = make_store(tmp_path / "a.catalog", {"vgg": unit_rows(ROWS, DIM)})
    remove(store, (1, 2, 3, 4), "four")
    (line,) = run(COMPACTION, str(store.root))
    assert "vectors" in line and "cut short while it was open: run `houndstooth check`" in line
    assert any("vectors" in finding.part or "vectors" in finding.subject for finding in check(store).findings)


@pytest.mark.parametrize("how", ["replaced", "deleted"])
def test_a_file_replaced_or_deleted_under_a_reader_goes_on_answering(tmp_path: Path, how: str) -> None:
    """The mapping keeps what it maps; this is how our own compaction takes files away."""
    store = make_store(tmp_path / "a.catalog", {"vgg": unit_rows(100, DIM)})
    reader, query = Reader(store), Query({"vgg": unit_rows(1, DIM)[0]})
    before = [(hit.product, hit.score) for hit in search(reader, query).hits]
    for path in list(store.vectors.iterdir()):
        if how == "replaced":
            shutil.copy(path, tmp_path / "new")
            os.truncate(tmp_path / "new", 10)
            (tmp_path / "new").replace(path)
        else:
            path.unlink()
    assert [(hit.product, hit.score) for hit in search(reader, query).hits] == before
