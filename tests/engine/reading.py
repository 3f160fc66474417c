"""A reader in a process of its own, for test_many_processes: reads until a file appears, then tells what it saw.

    python reading.py CATALOG STOP_FILE

Prints one JSON object: reads, the generations' number, the slowest read in seconds, and what was wrong.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np

from engine.snapshot import Reader, Snapshot
from engine.store import Store

STEP = 8  # regions a batch
WEIGHT = 0.5  # what each batch adds to the sum of the vectors' first components: +0.5 for one row, 0 for the others


def wrong(snapshot: Snapshot) -> list[str]:
    """What a reader can tell of a generation that is not whole."""
    count = len(snapshot.region_ids)
    found = []
    if count % STEP:
        found.append(f"{count} regions")
    rows = snapshot.vectors("vgg").gather(snapshot.region_ids)
    if abs(float(rows[:, 0].sum()) - WEIGHT * count / STEP) > 1e-3:
        found.append(f"{count} regions whose vectors add up to {rows[:, 0].sum()}")
    column = snapshot.columns(["batch"])["batch"].values
    if count and not np.array_equal(np.sort(column), np.repeat(np.unique(column), STEP)):
        found.append("half a batch of attributes")
    return found


def main() -> None:
    """Read until told to stop."""
    reader, stop = Reader(Store.open(Path(sys.argv[1]))), Path(sys.argv[2])
    slowest, reads, generations, found = 0.0, 0, set(), []
    print("ready", flush=True)
    while True:
        last = stop.exists()
        started = time.monotonic()
        snapshot = reader.snapshot(lambda known: [name for name in known if name == "batch"])
        if "batch" in snapshot.attributes:
            found += wrong(snapshot)
        slowest = max(slowest, time.monotonic() - started)
        reads += 1
        generations.add(snapshot.generation)
        if last:
            break
    regions = len(snapshot.region_ids)
    told = {"reads": reads, "generations": len(generations), "slowest": slowest, "wrong": found, "regions": regions}
    print(json.dumps(told))


if __name__ == "__main__":
    main()
