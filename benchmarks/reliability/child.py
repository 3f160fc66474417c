"""The process that is killed: it works on a catalog and writes down what it did."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from extractors import keep_indexes
from numpy.typing import NDArray
from shop_of_numbers import BATCH, PHOTOS, Shop, numbers_of
from sqlalchemy import select

from engine import durable, schema
from engine.batch import Batch
from engine.compaction import compact
from engine.database import Database
from engine.removal import remove
from engine.writer import Writer, writing
from indexer.bulk import IndexOptions, index
from indexer.picture import Picture
from indexer.sources.open import open_source
from indexer.spaces.colour import Colour


class Noted(Colour):
    """The colour space; writes down what is extracted."""

    log: Callable[[str], None]

    def extract(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        """As `Colour`."""
        for picture in pictures:
            number, high, low = (int(value) for value in picture.rgb[0, 0])
            self.log(f"extracted {number} {high * 256 + low}")
        return super().extract(pictures)


def work(shop: Shop, log: Callable[[str], None], seed: int, first: str, rounds: int | None = None) -> None:
    """Index, remove, compact and change photos, in a random order, until killed or for a number of rounds."""
    draw = np.random.default_rng(seed)
    _acknowledge(log)
    what, done = first, 0
    while rounds is None or done < rounds:
        done += 1
        if what == "index":
            log("index")
            run_index(shop, log)
        elif what == "remove":
            _remove_some(shop, log, draw)
        elif what == "compact":
            log("compact")
            with writing(shop.store) as writer:
                compact(writer, everything=bool(draw.random() < 0.5), grace=0.0)
            log("compacted")
        else:
            versions = shop.on_disk()
            for number in draw.choice(PHOTOS, PHOTOS // 4, replace=False):
                shop.write(int(number), versions[int(number)] + 1)
        what = draw.choice(["index", "remove", "compact", "change"], p=[0.4, 0.25, 0.2, 0.15])


def run_index(shop: Shop, log: Callable[[str], None]) -> Any:
    """One run over the folder."""
    keep_indexes()
    extractor = Noted()
    extractor.log = log
    return index(shop.store, open_source(shop.root / "photos"), {"colour": extractor}, IndexOptions(batch_rows=BATCH))


def _acknowledge(log: Callable[[str], None]) -> None:
    commit = Writer.commit

    def committed(self: Writer, batch: Batch, run_id: int, spaces: Any) -> int:
        changed = commit(self, batch, run_id, spaces)
        for number in numbers_of([new.entry.path for new in batch.images]):
            log(f"committed {number}")
        return changed

    Writer.commit = committed  # type: ignore[method-assign]


def _remove_some(shop: Shop, log: Callable[[str], None], draw: np.random.Generator) -> None:
    image = schema.image
    with shop.store.database.read() as connection:
        live = connection.execute(select(image.c.id, image.c.path).where(image.c.removed.is_(None))).all()
    if not live:
        return
    chosen = [live[place] for place in draw.choice(len(live), min(len(live), int(draw.integers(1, 25))), replace=False)]
    named = " ".join(map(str, numbers_of([row.path for row in chosen])))
    log(f"removing {named}")
    remove(shop.store, [row.id for row in chosen], "some")
    log(f"removed {named}")


def die_at(step: int) -> None:
    """Kill this process at its n-th SQL statement that changes something, or opening, sync or rename of a file."""
    left = [step]

    def statement(text: str) -> None:
        if not text.startswith(("SELECT", "PRAGMA")):
            tick()

    def tick() -> None:
        left[0] -= 1
        if left[0] <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def ticking(function: Callable[..., Any]) -> Callable[..., Any]:
        def both(*args: Any, **named: Any) -> Any:
            tick()
            result = function(*args, **named)
            tick()
            return result

        return both

    connect = Database._connect

    def traced(self: Database) -> sqlite3.Connection:
        connection = connect(self)
        connection.set_trace_callback(statement)
        return connection

    Database._connect = traced  # type: ignore[method-assign]
    durable.os.fsync = ticking(os.fsync)  # type: ignore[assignment]
    Path.rename = ticking(Path.rename)  # type: ignore[method-assign]
    Path.open = ticking(Path.open)  # type: ignore[method-assign, assignment]


def fork(shop: Shop, log_path: Path, run: Callable[[Callable[[str], None]], None]) -> int:
    """Start a child that runs with a log; its process id."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        descriptor = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
        run(lambda line: void(os.write(descriptor, f"{line}\n".encode())))
        code = 0
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        os._exit(code)


def void(_: object) -> None:
    """Forget a value."""
