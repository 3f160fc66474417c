"""One writer and many readers, each a process: a second writer is refused, readers see whole generations, at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from builders import make_store, new_image, spec, unit_rows
from reading import STEP, WEIGHT

from engine.batch import Batch, Counts
from engine.checks import check
from engine.compaction import compact
from engine.errors import CatalogBusyError
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


def add_batch(writer: Writer, number: int, run: int) -> None:
    """Eight regions whose vectors' first components add up to `WEIGHT`, all with the batch's number."""
    rows = np.zeros((STEP, 4), np.float32)
    rows[:, 1] = 1
    rows[0] = (WEIGHT, np.sqrt(1 - WEIGHT**2), 0, 0)
    products = [f"b{number}r{row}" for row in range(STEP)]
    batch = Batch(images=[new_image(name, {"vgg": row}) for name, row in zip(products, rows, strict=True)])
    batch.products = {name: {"batch": float(number)} for name in products}
    batch.attribute_types = {"batch": "number"}
    batch.counts = Counts(seen=STEP, indexed=STEP)
    writer.commit(batch, run, use_spaces(writer, [spec("vgg", 4)]))


def test_four_readers_see_whole_generations_while_fifty_batches_come(tmp_path: Path) -> None:
    store, stop = Store.create(tmp_path / "a.catalog"), tmp_path / "stop"
    with writing(store) as writer:
        run = writer.start_run("index", "test")
        add_batch(writer, 0, run)
        readers = [start(str(HERE / "reading.py"), str(store.root), str(stop)) for _ in range(4)]
        started = time.monotonic()
        for number in range(1, 51):
            add_batch(writer, number, run)
            if number % 20 == 0:
                compact(writer)
        wrote = time.monotonic() - started
    stop.touch()
    told = [json.loads(process.communicate(timeout=60)[0]) for process in readers]
    assert [process.returncode for process in readers] == [0, 0, 0, 0]
    for one in told:
        assert one["wrong"] == []
        assert one["regions"] == 51 * STEP
        assert one["generations"] > 5, told
        # A read takes milliseconds; a reader that waited for the writer would take as long as a good part of its work.
        assert one["slowest"] < max(1.0, wrote / 3), (told, wrote)
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
