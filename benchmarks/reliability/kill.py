"""SIGKILL at random points of indexing, removing and compacting; what must hold is checked after every kill.

    python benchmarks/reliability/kill.py --kills 1000 --seed 7

A child process changes photos, indexes them, removes some and compacts, over and over, and writes down what it did
after each commit returned. It is killed after a random delay, or by itself at a random step (an SQL statement that
changes something; the opening, sync or rename of a file). Then `check` must be clean; every acknowledged image must be
there, once, with the vector its photo has; a removal is whole or has not happened; at most one batch is there that was
not acknowledged; and at most two batches of extraction are lost. In the end an undisturbed run completes what is left,
and a second one finds nothing to do. Prints a summary; exits with 1 and the seed when something does not hold.

    python benchmarks/reliability/kill.py --every-step

kills one run, one removal and one compaction at each of their steps, from the same catalog.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # children are forked: no thread may be running here

import collections
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sqlalchemy import select

from engine import durable, schema
from engine.batch import Batch
from engine.checks import check
from engine.compaction import compact
from engine.database import Database
from engine.removal import remove
from engine.snapshot import Reader
from engine.store import Store
from engine.writer import Writer, writing
from indexer.bulk import IndexOptions, index
from indexer.picture import Picture
from indexer.sources.open import open_source
from indexer.spaces.colour import Colour

BATCH = 8
PHOTOS = 40
STEPS = {"index": 300, "remove": 20, "compact": 60}
"""What a child begins with, and about as many steps as that takes."""
Versions = dict[int, int]
"""Photo number -> which of its contents."""


def pixels(number: int, version: int) -> NDArray[np.uint8]:
    """A content; its first pixel names it."""
    made = np.random.default_rng([number, version]).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    made[0, 0] = (number, version // 256, version % 256)
    return made


class Noted(Colour):
    """The colour space; writes down what is extracted."""

    log: Callable[[str], None]

    def extract(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        """As `Colour`."""
        for picture in pictures:
            number, high, low = (int(value) for value in picture.rgb[0, 0])
            self.log(f"extracted {number} {high * 256 + low}")
        return super().extract(pictures)


@dataclass
class Shop:
    """Photos and their catalog."""

    root: Path
    store: Store = field(init=False)

    def __post_init__(self) -> None:
        (self.root / "photos").mkdir()
        for number in range(PHOTOS):
            self.write(number, 0)
        self.store = Store.create(self.root / "shop.catalog")

    def write(self, number: int, version: int) -> None:
        """Give a photo a content, at once."""
        tmp = self.root / "photo.tmp"
        Image.fromarray(pixels(number, version)).save(tmp, "PNG")
        tmp.rename(self.root / "photos" / f"{number:03}.png")

    def on_disk(self) -> Versions:
        """Contents of the photos."""
        first = {
            number: np.asarray(Image.open(self.root / "photos" / f"{number:03}.png"))[0, 0].astype(int)
            for number in range(PHOTOS)
        }
        return {number: int(pixel[1] * 256 + pixel[2]) for number, pixel in first.items()}


def numbers_of(paths: Sequence[str]) -> list[int]:
    """Photo numbers of their paths."""
    return [int(Path(path).stem) for path in paths]


# ---------------------------------------------------------------- the child


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
        def both(*args: Any) -> Any:
            tick()
            result = function(*args)
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


# ---------------------------------------------------------------- what must hold


def live_images(store: Store) -> tuple[Versions, list[str]]:
    """Contents in the catalog, and what is wrong: an image that is there twice, a vector that is not its photo's."""
    image, region = schema.image, schema.region
    snapshot = Reader(store).snapshot()
    with store.database.read() as connection:
        rows = connection.execute(
            select(image.c.path, image.c.sha256, region.c.id)
            .join(region, region.c.image_id == image.c.id)
            .where(image.c.removed.is_(None), region.c.removed.is_(None))
        ).all()
    wrong = [f"{path} is there {n} times" for path, n in collections.Counter(r.path for r in rows).items() if n > 1]
    found: Versions = {}
    stored = snapshot.vectors("colour")
    for row in rows:
        number = numbers_of([row.path])[0]
        version = _content(number, row.sha256)
        of_region = np.array([row.id], np.int64)
        if not stored.has(of_region).all():
            wrong.append(f"{row.path} has no vector")
        elif not np.array_equal(stored.gather(of_region)[0].astype(np.float16), vector_of(number, version)):
            wrong.append(f"{row.path} has another vector than its photo")
        found[number] = version
    return found, wrong


@cache
def vector_of(number: int, version: int) -> NDArray[np.float16]:
    """What must be stored of a content."""
    return Colour().extract([Picture(pixels(number, version))])[0].astype(np.float16)


_CONTENTS: dict[bytes, int] = {}


def _content(number: int, sha256: bytes) -> int:
    """Which content of a photo has this hash."""
    import hashlib
    import io

    for version in range(65_536):
        if sha256 in _CONTENTS:
            return _CONTENTS[sha256]
        out = io.BytesIO()
        Image.fromarray(pixels(number, version)).save(out, "PNG")
        _CONTENTS[hashlib.sha256(out.getvalue()).digest()] = version
    raise AssertionError("no such content")


@dataclass(frozen=True)
class Outcome:
    """What one kill left. lost: pictures extracted in vain. unacknowledged: images published but not told."""

    live: Versions
    wrong: list[str]
    lost: int
    unacknowledged: int
    phase: str


@dataclass
class Told:
    """What a child wrote down, made into what the catalog must hold. extracted: by the run it was in, not published."""

    expected: Versions
    extracted: Versions = field(default_factory=dict)
    removing: list[int] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    phase: str = "start"

    def hear(self, line: str) -> None:
        """Take in one line."""
        self.phase, *rest = line.split()
        numbers = [int(number) for number in rest]
        match self.phase:
            case "index":
                self.extracted = {}
            case "extracted":
                if self.expected.get(numbers[0]) == numbers[1]:
                    self.wrong.append(f"photo {numbers[0]} was extracted again")
                self.extracted[numbers[0]] = numbers[1]
            case "committed":
                self.expected[numbers[0]] = self.extracted.pop(numbers[0])
            case "removing":
                self.removing = numbers
            case "removed":
                self.removing = []
                for number in numbers:
                    del self.expected[number]


def judge(shop: Shop, base: Versions, lines: Sequence[str]) -> Outcome:
    """Compare the catalog after a kill with what was there before and what the child wrote down."""
    told, disk = Told(dict(base)), shop.on_disk()
    for line in lines:
        told.hear(line)
    expected = told.expected
    live, wrong = live_images(shop.store)
    wrong += [*told.wrong, *(f"check: {found.subject}: {found.message}" for found in check(shop.store).findings)]
    if not set(told.removing) & live.keys():  # the removal was published, but not acknowledged: whole or not at all
        for number in told.removing:
            del expected[number]
    differ = {number for number in expected.keys() | live.keys() if expected.get(number) != live.get(number)}
    for number in differ:
        if live.get(number) != disk[number]:
            wrong.append(f"photo {number}: acknowledged as {expected.get(number)}, is {live.get(number)}")
    if len(differ) > BATCH:
        wrong.append(f"{len(differ)} images are there that were not acknowledged")
    lost = sum(live.get(number) != version for number, version in told.extracted.items())
    if lost > 2 * BATCH:
        wrong.append(f"{lost} extractions were lost, more than two batches")
    return Outcome(live, wrong, lost, len(differ), told.phase)


def one_kill(shop: Shop, base: Versions, seed: int, longest: float) -> Outcome:
    """Start a child, have it killed, look at what is left. Odd seeds: at a step; even: after a delay in seconds."""
    draw = np.random.default_rng(seed)
    log_path = shop.root / "log"
    log_path.unlink(missing_ok=True)
    first = list(STEPS)[seed // 2 % len(STEPS)]
    step = int(draw.integers(1, STEPS[first])) if seed % 2 else None

    def run(log: Callable[[str], None]) -> None:
        if step is not None:
            die_at(step)
        work(shop, log, seed, first)

    child = fork(shop, log_path, run)
    if step is None:
        time.sleep(float(draw.uniform(0, longest)))
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    outcome = judge(shop, base, _lines(shop))
    if not (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL):
        outcome.wrong.append(f"the child ended by itself, status {status}")
    return outcome


def every_step(shop: Shop, stride: int) -> tuple[list[str], dict[str, int]]:
    """Kill one run, removal and compaction at each `stride`-th of their steps; what is wrong, and how many kills."""
    run_index(shop, void)
    with shop.store.database.read() as connection:
        images = connection.execute(select(schema.image.c.id).order_by(schema.image.c.id).limit(12)).scalars().all()
    remove(shop.store, list(images), "some")
    for number in range(20, 26):
        shop.write(number, 1)
    kept = shop.root / "kept"
    shutil.copytree(shop.store.root, kept)
    base, wrong = live_images(shop.store)
    steps = {}
    for what in STEPS:
        status, step = 1, 0
        while status and not wrong:
            step += stride
            shutil.rmtree(shop.store.root)
            shutil.copytree(kept, shop.store.root)
            child = fork(shop, shop.root / "log", partial(_work_until, shop, step, what))
            status = os.waitpid(child, 0)[1]
            wrong = [f"{what}, step {step}: {found}" for found in judge(shop, base, _lines(shop)).wrong]
            if status and not os.WIFSIGNALED(status):
                wrong.append(f"{what}, step {step}: the child ended by itself, status {status}")
        steps[what] = step // stride
    return wrong or complete(shop), steps


def _work_until(shop: Shop, step: int, what: str, log: Callable[[str], None]) -> None:
    die_at(step)
    work(shop, log, 0, what, rounds=1)


def _lines(shop: Shop) -> list[str]:
    path = shop.root / "log"
    return path.read_text().splitlines() if path.exists() else []


def measure_round(shop: Shop, seed: int) -> float:
    """Seconds of one round of work, undisturbed."""
    started = time.monotonic()
    child = fork(shop, shop.root / "log", lambda log: work(shop, log, seed, "index", rounds=8))
    if os.waitpid(child, 0)[1]:
        raise SystemExit("a run that nobody disturbed failed")
    return (time.monotonic() - started) / 8


def complete(shop: Shop) -> list[str]:
    """Let a run come to its end, and another: what is wrong afterwards."""
    for expected in (None, PHOTOS):
        report = run_index(shop, lambda line: None)
        if not report.counts.reconciled or (expected and report.counts.unchanged != expected):
            return [f"the last runs ended with {report.counts}"]
    live, wrong = live_images(shop.store)
    if live != shop.on_disk():
        wrong.append("the catalog is not what the folder is")
    return [*wrong, *(found.message for found in check(shop.store).findings)]


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description="Kill the indexer at random points and check what is left.")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=None, help="where to work; default: the system's temporary one")
    parser.add_argument("--every-step", action="store_true", help="kill at each step of one run, removal, compaction")
    parser.add_argument("--stride", type=int, default=1, help="with --every-step: each n-th step")
    options = parser.parse_args()
    if options.every_step:
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            wrong, steps = every_step(Shop(Path(folder)), options.stride)
        print(*wrong, f"killed at every step: {steps}", "FAILED" if wrong else "all held", sep="\n")
        return 1 if wrong else 0
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        shop = Shop(Path(folder))
        round_seconds = measure_round(shop, options.seed)
        base, wrong = live_images(shop.store)
        phases: collections.Counter[str] = collections.Counter()
        started = time.monotonic()
        most_lost = most_unacknowledged = 0
        for number in range(options.kills):
            seed = options.seed * 1_000_000 + number
            outcome = one_kill(shop, base, seed, longest=3 * round_seconds)
            base = outcome.live
            phases[outcome.phase] += 1
            most_lost = max(most_lost, outcome.lost)
            most_unacknowledged = max(most_unacknowledged, outcome.unacknowledged)
            wrong.extend(f"kill {number} (seed {seed}): {what}" for what in outcome.wrong)
            if wrong:
                break
        wrong = wrong or complete(shop)
    for what in wrong:
        print(what)
    print(f"kills {sum(phases.values())} in {time.monotonic() - started:.0f} s")
    print(f"last thing told before a kill: {dict(phases.most_common())}")
    print(f"extractions lost by one kill: at most {most_lost} (two batches: {2 * BATCH})")
    print(f"images published but not acknowledged: at most {most_unacknowledged} (a batch: {BATCH})")
    print("FAILED" if wrong else "all held")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
