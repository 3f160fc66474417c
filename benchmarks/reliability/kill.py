"""SIGKILL at random points of indexing, removing and compacting; what must hold is checked after every kill.

    python benchmarks/reliability/kill.py --kills 1000 --seed 7

A child process changes photos, indexes them, removes some and compacts, over and over, and writes down what it did
after each commit returned. It is killed after a random delay, or by itself at a random step (an SQL statement that
changes something; the opening, sync or rename of a file). Then `check` must be clean; every acknowledged image must be
there, once, with the vector its photo has; neighbours must be those of brute force, without an index and with a
FAISS file; a removal is whole or has not happened; at most one batch is there that was
not acknowledged; and at most two batches of extraction are lost. In the end an undisturbed run completes what is left,
and a second one finds nothing to do. Prints a summary; exits with 1 and the seed when something does not hold.

    python benchmarks/reliability/kill.py --every-step

kills one run, one removal and one compaction at each of their steps, from the same catalog.
"""

from __future__ import annotations

import argparse
import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # children are forked: no thread may be running here
os.environ["OMP_NUM_THREADS"] = "1"

import collections
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from child import die_at, fork, run_index, void, work
from neighbours import SEARCHES, wrong_neighbours
from shop_of_numbers import BATCH, PHOTOS, Shop, Versions
from sqlalchemy import select
from verdict import Outcome, judge, live_images

from engine import schema
from engine.checks import check
from engine.removal import remove

STEPS = {"index": 300, "remove": 20, "compact": 60}
"""What a child begins with, and about as many steps as that takes."""


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
    return [*wrong, *(found.message for found in check(shop.store).findings), *wrong_neighbours(shop)]


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
    if not SEARCHES["through an index"]:
        wrong.append("no search went through an index")
    for what in wrong:
        print(what)
    print(f"kills {sum(phases.values())} in {time.monotonic() - started:.0f} s")
    print(f"last thing told before a kill: {dict(phases.most_common())}")
    print(f"extractions lost by one kill: at most {most_lost} (two batches: {2 * BATCH})")
    print(f"searches equal to brute force: {dict(SEARCHES)}")
    print(f"images published but not acknowledged: at most {most_unacknowledged} (a batch: {BATCH})")
    print("FAILED" if wrong else "all held")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
