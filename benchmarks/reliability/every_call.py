"""Every writer, killed or refused at each system call with which it changes a file.

    python benchmarks/reliability/every_call.py --kill
    python benchmarks/reliability/every_call.py --refuse
    python benchmarks/reliability/every_call.py --refuse --only index --each 50 --seed 3

--kill: SIGKILL before a call, or after half of a write. --refuse: the call fails (EIO, ENOSPC, EDQUOT, once or from
then on; a write that is cut short; a disk that is full), whoever made it: Python, SQLite, a library. The catalog must
then be one of the states that the undisturbed writer commits: the last that it knew of, or the one after; `check` must
find what it finds there undisturbed, nothing where nothing was broken before; neighbours must be those of brute force,
with an index and without; a refusal must be told in an error that says what to do; and the same work done again must
come to its end. --each: so many calls of each writer, evenly spread; --seed: from another first one. Prints a table.
"""

from __future__ import annotations

import argparse
import errno
import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # children are forked: no thread may be running here

import re
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from faults import Fault, arm, calls, disarm, with_faults

if TYPE_CHECKING:
    from history import Ended, State

ADVICE = re.compile(r"free some space|check the disk|make it writable|wait for|houndstooth (index|check|migrate)")
Way = tuple[Fault, int]
REFUSALS: tuple[Way, ...] = (
    (Fault.FAIL_ONCE, errno.EIO),
    (Fault.FULL, errno.ENOSPC),
    (Fault.SHORT, 0),
    (Fault.FAIL_ON, errno.EDQUOT),
    (Fault.FAIL_ONCE, errno.ENOSPC),
    (Fault.FAIL_ON, errno.EIO),
)
KILLS: tuple[Way, ...] = ((Fault.KILL, 0), (Fault.TORN, 0))
AGAIN = 3
"""After each third fault the work is done again, to its end."""


@dataclass
class Tally:
    """What was done to one writer. calls: that change files, undisturbed. refused: errors told."""

    calls: int = 0
    states: int = 0
    faults: int = 0
    refused: int = 0
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)


class Trial:
    """One writer's work in a folder, done over and over from the same catalog."""

    def __init__(self, name: str, folder: Path) -> None:
        from writers import WORKS, make_base

        self.work = WORKS[name]
        self.shop = make_base(folder)
        self.work.prepare(self.shop)
        self.root, self._kept, self._log = self.shop.store.root, folder / "kept", folder / "log"
        if self.root.exists():
            shutil.copytree(self.root, self._kept)
        self._searched: set[str] = set()

    def _do(self, at: int = 0, way: Way = (Fault.COUNT, 0), states: bool = False) -> Ended:
        """Run the work in a child, with a fault at the n-th call (from 1)."""
        from history import in_child

        def run() -> None:
            arm(self.root, at, *way)
            self.work.run(self.shop)

        def counted() -> int:
            found = calls()
            disarm()
            return found

        return in_child(run, self._log, counted, self.shop.store if states else None)

    def _fresh(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)
        if self._kept.exists():
            shutil.copytree(self._kept, self.root)

    @cached_property
    def undisturbed(self) -> Ended:
        """How the work ends by itself."""
        self._fresh()
        return self._do()

    @cached_property
    def history(self) -> tuple[State, ...]:
        """The states that it commits by itself, the one before it first."""
        self._fresh()
        return self._do(states=True).states

    def judge(self, at: int, way: Way, again: bool) -> tuple[list[str], bool]:
        """What is wrong after a fault at the n-th call, and whether the work was refused."""
        from history import state_of

        self._fresh()
        ended = self._do(at, way)
        killed = os.WIFSIGNALED(ended.status) and os.WTERMSIG(ended.status) == signal.SIGKILL
        wrong = []
        if (ended.status and not killed) or (way in KILLS and not killed and ended.calls >= at):
            wrong.append(f"the child ended with status {ended.status}")
        if ended.error and ("." in ended.error[0] or not ADVICE.search(ended.error[1])):
            wrong.append(f"it was told {ended.error[0]}: {ended.error[1]}")
        if way[0] in (Fault.FAIL_ONCE, Fault.FULL) and (left := [*self.root.rglob("*.tmp*")]):
            wrong.append(f"left behind: {left}")
        found = state_of(self.shop.store)
        wrong += self._place(found, ended, complete=not (killed or ended.error))
        wrong += self._search(found)
        if again:
            wrong += self._again(moved=found.digest != self.history[0].digest)
        return wrong, ended.error is not None

    def _place(self, found: State, ended: Ended, complete: bool) -> list[str]:
        """Whether the catalog is in the last known state of the history, or the one after."""
        known = self.history
        may = known[-1:] if complete else known if self.work.making else known[ended.commits : ended.commits + 2]
        if found in may:
            return []
        places = [place for place, state in enumerate(known) if state.digest == found.digest]
        said = f"the catalog is as after {places}" if places else "the catalog is in no state of the history"
        return [f"{ended.commits} commits were known, {said}, and check finds {found.findings}"]

    def _search(self, found: State) -> list[str]:
        """What is wrong with neighbours, once a state."""
        from neighbours import wrong_neighbours

        if found.digest in self._searched or found.findings:
            return []
        self._searched.add(found.digest)
        return wrong_neighbours(self.shop, self.work.loses)

    def _again(self, moved: bool) -> list[str]:
        """Do the work again, and what any writer does now and then: nothing is in the way, nothing stays behind."""
        from history import NONE, state_of
        from writers import sweep_all

        ended, wrong = self._do(), []
        if ended.error and not (moved and ended.error[0] in ("InputError", "SpaceError")):  # "no map ...": it was done
            wrong.append(f"done again, it ended with {ended.error}")
        sweep_all(self.shop)
        if left := [*self.root.rglob("*.tmp*"), *self.root.rglob("*-journal")]:
            wrong.append(f"done again, there is left {left}")
        state = state_of(self.shop.store)
        if state.digest == NONE or state.findings != self.history[-1].findings:
            wrong.append(f"done again, check finds {state.findings}")
        return wrong


def disturb(name: str, folder: Path, ways: tuple[Way, ...], each: int | None, seed: int) -> Tally:
    """Disturb one writer at so many of its calls, evenly spread; None: at all."""
    started, trial = time.monotonic(), Trial(name, folder)
    tally = Tally(trial.undisturbed.calls, len(trial.history))
    if trial.undisturbed.error or trial.undisturbed.status or len({state.digest for state in trial.history}) < 2:
        tally.wrong.append(f"undisturbed: {trial.undisturbed}, {len(trial.history)} states")
    if not trial.work.loses:
        tally.wrong += [f"undisturbed, check finds {found}" for state in trial.history for found in state.findings]
    stride = max(1, tally.calls // each) if each else 1
    for number, at in enumerate(range(1 + seed % stride, tally.calls + 1, stride), seed):
        way = ways[number % len(ways)]
        wrong, refused = trial.judge(at, way, again=number % AGAIN == 0)
        tally.faults, tally.refused = tally.faults + 1, tally.refused + refused
        told = f"call {at}, {way[0].name} {errno.errorcode.get(way[1], '')}"
        tally.wrong += [f"{told}: {one}" for one in wrong]
    tally.seconds = time.monotonic() - started
    return tally


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description="Kill or refuse every writer at each call that changes a file.")
    how = parser.add_mutually_exclusive_group(required=True)
    how.add_argument("--kill", action="store_true")
    how.add_argument("--refuse", action="store_true")
    parser.add_argument("--each", type=int, default=None, help="so many calls of each writer; default: all")
    parser.add_argument("--seed", type=int, default=0, help="which call is the first, and which fault it meets")
    parser.add_argument("--only", action="append", help="a writer; default: all")
    parser.add_argument("--folder", type=Path, default=None, help="where to work; default: the system's temporary one")
    options = parser.parse_args()
    with_faults()
    from writers import WORKS

    failed, faults, seconds = False, 0, 0.0
    print(f"{'writer':28}{'calls':>7}{'states':>8}{'faults':>8}{'refused':>9}{'seconds':>9}")
    for name in options.only or WORKS:
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            ways = KILLS if options.kill else REFUSALS
            tally = disturb(name, Path(folder), ways, options.each, options.seed)
        counted = f"{tally.calls:7}{tally.states:8}{tally.faults:8}{tally.refused:9}{tally.seconds:9.1f}"
        print(f"{name:28}{counted}", *(f"  {one}" for one in tally.wrong), sep="\n" if tally.wrong else "", flush=True)
        failed |= bool(tally.wrong)
        faults, seconds = faults + tally.faults, seconds + tally.seconds
    from neighbours import SEARCHES

    print(f"searches equal to brute force: {dict(SEARCHES)}")
    failed |= not SEARCHES["through an index"] and not options.only
    print(f"{faults} {'kills' if options.kill else 'refusals'} in {seconds:.0f} s")
    print("FAILED" if failed else "all held")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
