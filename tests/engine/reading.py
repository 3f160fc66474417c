"""A reader in a process of its own, for test_many_processes: reads until a file appears, then tells what it saw.

    python reading.py CATALOG STOP_FILE

Each answer must be of one generation, and what brute force finds among the vectors of that generation. Which batches
were in it, the writer told before it published (`live_batches`); what vectors they have, a formula says (`rows_of`).
Prints one JSON object: reads, the generations' number, searches, the slowest read in seconds, and what was wrong.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from engine import shortlist
from engine.query import Query
from engine.search import search
from engine.snapshot import Reader, Snapshot
from engine.store import Store

STEP, DIM = 8, 16  # regions a batch, numbers a vector
K = 10
SMALL = {"DEPTH": 2, "SIZE": 2, "LARGEST": 1, "FURTHER": 10**9}  # of engine.shortlist: few rows, then all cells


def rows_of(batch: int) -> NDArray[np.float32]:
    """The vectors of a batch, float32 (STEP, DIM), of unit length."""
    made = np.random.default_rng([3, batch]).normal(size=(STEP, DIM)).astype(np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def live_batches(root: Path, generation: int) -> list[int]:
    """The batches of which a generation consists, as the writer told before it published it."""
    found: list[int] = json.loads((root / "generations" / f"{generation}.json").read_text())
    return found


def tell_generation(root: Path, generation: int, live: list[int]) -> None:
    """The writer's word."""
    path = root / "generations" / f"{generation}.json"
    path.with_suffix(".tmp").write_text(json.dumps(live))
    path.with_suffix(".tmp").rename(path)


def wrong_snapshot(snapshot: Snapshot, live: list[int]) -> list[str]:
    """What a reader can tell of a generation that is not whole."""
    column = snapshot.columns(["batch"])["batch"].values
    if sorted(column.tolist()) != sorted(float(batch) for batch in live for _ in range(STEP)):
        return [f"generation {snapshot.generation}: batches {sorted(set(column.tolist()))}, not {live}"]
    return []


def wrong_answer(reader: Reader, root: Path, asked: NDArray[np.float32], exact_rows: int) -> tuple[list[str], bool]:
    """What is wrong with one answer, and whether it came through an index."""
    results = search(reader, Query({"vgg": asked}, k=K), exact_rows)
    live = live_batches(root, results.generation)
    told = f"generation {results.generation}, {'exact' if results.exact else 'through the index'}"
    if results.matched != len(live) * STEP:
        return [f"{told}: {results.matched} products matched, not {len(live) * STEP}"], not results.exact
    products = [f"b{batch}r{row}" for batch in live for row in range(STEP)]
    rows = np.concatenate([rows_of(batch) for batch in live]).astype(np.float16).astype(np.float64)
    cosines = rows @ asked.astype(np.float64) / np.linalg.norm(rows, axis=1)
    best = np.argsort(-cosines)[:K]
    said = [(hit.product, hit.score) for hit in results.hits]
    if [product for product, _ in said] != [products[place] for place in best] or not np.allclose(
        [score for _, score in said], cosines[best], atol=1e-5
    ):
        return [f"{told}: {said}, by brute force {[(products[p], cosines[p]) for p in best]}"], not results.exact
    return [], not results.exact


def main() -> None:
    """Read until told to stop."""
    root, stop = Path(sys.argv[1]), Path(sys.argv[2])
    reader = Reader(Store.open(root))
    slowest, reads, searches, indexed, generations, found = 0.0, 0, 0, 0, set(), []
    draw = np.random.default_rng()
    print("ready", flush=True)
    while True:
        last = stop.exists()
        started = time.monotonic()
        snapshot = reader.snapshot(lambda known: ["batch"])
        slowest = max(slowest, time.monotonic() - started)
        found += wrong_snapshot(snapshot, live_batches(root, snapshot.generation))
        asked = rows_of(int(draw.integers(0, 60)))[0]
        for exact_rows in (1_000_000, 0):
            with patch.multiple(shortlist, **SMALL):
                wrong, through = wrong_answer(reader, root, asked, exact_rows)
            found, searches, indexed = found + wrong, searches + 1, indexed + through
        reads += 1
        generations.add(snapshot.generation)
        if last:
            break
    told = {"reads": reads, "generations": len(generations), "slowest": slowest, "wrong": found[:3]}
    print(json.dumps({**told, "searches": searches, "indexed": indexed, "regions": len(snapshot.region_ids)}))


if __name__ == "__main__":
    main()
