"""One writer and many readers, each a process: a second writer is refused, readers see whole generations, at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from builders import make_store, new_image, spec, unit_rows
from reading import DIM, STEP, rows_of, tell_generation
from sqlalchemy import Connection

from engine.batch import Batch, Counts
from engine.checks import check
from engine.compaction import compact
from engine.errors import CatalogBusyError
from engine.indexes import refresh_index
from engine.snapshot import Reader
from engine.spaces import use_spaces
from engine.store import Store
from engine.writer import Writer, writing

HERE = Path(__file__).parent
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(HERE.parents[1]), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def start(*arguments: str) -> subprocess.Popen[str]:
    """A Python process that has said that it is ready."""
    process = subprocess.Popen(
        [sys.executable, *arguments], env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def add_batch(writer: Writer, number: int, run: int, live: list[int], instead: list[int]) -> None:
    """Eight regions, all with the batch's number, in the place of the batches `instead`."""
    products = [f"b{number}r{row}" for row in range(STEP)]
    images = [new_image(name, {"vgg": row}) for name, row in zip(products, rows_of(number), strict=True)]
    batch = Batch(images=images, counts=Counts(seen=STEP, indexed=STEP), attribute_types={"batch": "number"})
    batch.products = {name: {"batch": float(number)} for name in products}
    if instead:
        snapshot = Reader(writer.store).snapshot(lambda known: ["batch"])
        gone = np.isin(snapshot.columns(["batch"])["batch"].values, instead)
        batch.buried = snapshot.image_ids[gone].tolist()
    spaces = use_spaces(writer, [spec("vgg", DIM)])
    live[:] = [*(one for one in live if one not in instead), number]
    tell_generation(writer.store.root, writer.generation + 1, live)
    writer.commit(batch, run, spaces)


@contextmanager
def told(writer: Writer, live: list[int]) -> Iterator[None]:
    """Tell of each generation within that it consists of these batches."""
    change = writer.change

    @contextmanager
    def telling() -> Iterator[Connection]:
        tell_generation(writer.store.root, writer.generation + 1, live)
        with change() as connection:
            yield connection

    with patch.object(writer, "change", telling):
        yield


def test_four_readers_answer_from_whole_generations_while_fifty_batches_come_and_some_go(tmp_path: Path) -> None:
    store, stop = Store.create(tmp_path / "a.catalog"), tmp_path / "stop"
    (store.root / "generations").mkdir()
    live: list[int] = []
    with writing(store) as writer:
        run = writer.start_run("index", "test")
        add_batch(writer, 0, run, live, [])
        readers = [start(str(HERE / "reading.py"), str(store.root), str(stop)) for _ in range(4)]
        started = time.monotonic()
        for number in range(1, 51):
            add_batch(writer, number, run, live, [number - 3] if number % 4 == 0 else [])
            if number % 10 == 0:
                with told(writer, live):
                    compact(writer)
                    refresh_index(writer, "vgg", flat_rows=1)
        wrote = time.monotonic() - started
    stop.touch()
    heard = [json.loads(process.communicate(timeout=60)[0]) for process in readers]
    assert [process.returncode for process in readers] == [0, 0, 0, 0]
    for one in heard:
        assert one["wrong"] == []
        assert one["regions"] == len(live) * STEP == 39 * STEP
        assert one["generations"] > 5 and one["searches"] > 10 and one["indexed"] > 0, heard
        # A read takes milliseconds; a reader that waited for the writer would take as long as a good part of its work.
        assert one["slowest"] < max(1.0, wrote / 3), (heard, wrote)
    assert check(store).clean


HOLD = """
import sys
from pathlib import Path
from engine.store import Store
from engine.writer import writing
with writing(Store(Path(sys.argv[1]))):
    print("ready", flush=True)
    sys.stdin.readline()
"""


@pytest.mark.parametrize("killed", [False, True])
def test_a_second_writer_is_refused_at_once_until_the_first_ends_or_dies(tmp_path: Path, killed: bool) -> None:
    store = make_store(tmp_path / "a.catalog", {"vgg": unit_rows(3, 4)})
    holder = start("-c", HOLD, str(store.root))
    started = time.monotonic()
    with pytest.raises(CatalogBusyError, match="another process is writing"), writing(store):
        pass
    assert time.monotonic() - started < 1
    assert len(Reader(store).snapshot().region_ids) == 3  # readers do not mind
    if killed:
        holder.kill()
    holder.communicate("\n", timeout=30)
    with writing(store) as writer:
        compact(writer)
    assert check(store).clean


CONTEND = """
import sys, time
from pathlib import Path
sys.path[:0] = ["tests"]
from builders import new_image, spec, unit_rows
from engine.batch import Batch, Counts
from engine.errors import CatalogBusyError
from engine.spaces import use_spaces
from engine.store import Store
from engine.writer import writing
store, own = Store(Path(sys.argv[1])), sys.argv[2]
print("ready", flush=True)
sys.stdin.readline()
refused = 0
for number, row in enumerate(unit_rows(8, 4, seed=int(own))):
    while True:
        try:
            with writing(store) as writer:
                spaces = use_spaces(writer, [spec("vgg", 4)])
                run = writer.start_run("index", own)
                image = new_image(f"w{own}n{number}", {"vgg": row})
                writer.commit(Batch(images=[image], counts=Counts(seen=1, indexed=1)), run, spaces)
                writer.finish_run(run)
            break
        except CatalogBusyError as error:
            assert "another process is writing" in str(error), error
            refused += 1
            time.sleep(0.005)
print(refused, flush=True)
"""


def test_four_writers_at_once_lose_nothing_and_each_refusal_is_clear(tmp_path: Path) -> None:
    store = make_store(tmp_path / "a.catalog", {"vgg": unit_rows(3, 4)})
    writers = [start("-c", CONTEND, str(store.root), str(own)) for own in range(4)]
    before = store.generation()
    for process in writers:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    refused = [int(process.communicate(timeout=120)[0]) for process in writers]
    assert [process.returncode for process in writers] == [0, 0, 0, 0]
    assert sum(refused) > 0, "they never met"
    assert len(Reader(store).snapshot().region_ids) == 3 + 4 * 8
    assert store.generation() == before + 4 * 8  # each batch moved it once
    assert check(store).clean


def test_a_writer_whose_lock_was_deleted_cannot_publish_over_another(tmp_path: Path) -> None:
    """The lock is a file that anybody may delete; the generation that each commit compares and swaps is not."""
    store = make_store(tmp_path / "a.catalog", {"vgg": unit_rows(3, 4)})
    with writing(store) as first:
        (store.root / "write.lock").unlink()
        with writing(store) as second, second.change():
            pass
        with pytest.raises(CatalogBusyError, match="changed by another writer"), first.change():
            pass
    assert check(store).clean
