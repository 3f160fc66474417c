"""A catalog of more files than a process may have open: more are allowed as they are needed, or the error says how."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from builders import add_products, unit_rows

from engine.store import Store

ROOT = Path(__file__).parents[2]
SHARDS, DIM = 90, 4
no_windows = pytest.mark.skipif(sys.platform == "win32", reason="Windows does not count files that are mapped")

CHILD = """
import resource, sys
soft, hard = int(sys.argv[2]), int(sys.argv[3])
_, most = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, min(hard, most)))
from builders import unit_rows
from engine.compaction import compact
from engine.errors import CatalogError
from engine.query import Query
from engine.search import search
from engine.snapshot import Reader
from engine.store import Store
from engine.thumbnails import Thumbnails
from engine.writer import writing

store = Store.open(sys.argv[1])
try:
    reader, pictures = Reader(store), Thumbnails(store)
    found = search(reader, Query({"vgg": unit_rows(1, 4)[0]}, k=1000))
    assert all(pictures.many([hit.image_id for hit in found.hits]))
    with writing(store) as writer:
        compact(writer)
    print(len(found.hits), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
except CatalogError as error:
    print(error)
"""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store.create(tmp_path / "shop.catalog")
    add_products(made, {"vgg": unit_rows(SHARDS, DIM)}, batch_rows=1)
    assert len(list(made.vectors.iterdir())) == len(list(made.thumbnails.iterdir())) == SHARDS
    return made


def run(store: Store, soft: int, hard: int) -> str:
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(store.root), str(soft), str(hard)],
        capture_output=True, text=True, check=False, env={"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@no_windows
def test_more_files_are_allowed_as_they_are_needed(store: Store) -> None:
    assert run(store, 64, 4_096) == f"{SHARDS} 1024\n"
    assert run(store, 1_024, 4_096) == f"{SHARDS} 1024\n"  # enough: left as it is


@no_windows
def test_where_no_more_are_allowed_the_error_says_what_to_do(store: Store) -> None:
    said = run(store, 64, 64)
    assert "Too many open files" in said and "ulimit -n" in said
