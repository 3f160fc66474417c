"""From a filter's text to the ids of what matches, in a catalog of a million products: warm, cold, and through SQLite.

    python benchmarks/speed/filter_columns.py                       # draws and writes the catalog first
    python benchmarks/speed/filter_columns.py --catalog DIR         # keeps it there, and uses it again

"new" is what a server pays for a text it has not seen before on attributes that it has: parsing, evaluating, ids;
"again" the same text once more. "SQLite" is the same filter in the statement that a person would write, on an open
connection with its pages in memory; both give the same ids. "cold" is what a process pays once a generation: the
snapshot, then each column as the first filter that names it comes. Times are of the processor, medians; only ratios
within one run mean anything.
"""

from __future__ import annotations

import argparse
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from tabulate import tabulate

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.speed.big_catalog import make_catalog
from engine.matches import snapshot_for
from engine.snapshot import Reader
from engine.store import Store

PRODUCT = "product_id IN (SELECT product_id FROM product_value JOIN attribute ON attribute.id = attribute_id WHERE {})"
MAXI = (
    "coalesce((SELECT number FROM product_value WHERE product_id = image.product_id AND attribute_id = :maxi),"
    " (SELECT number FROM region_value WHERE region_id = region.id AND attribute_id = :maxi)) = 1"
)
FILTERS = {
    "category = 'dress' and maxi": PRODUCT.format("name = 'category' AND text = 'dress'") + " AND " + MAXI,
    "category in ('skirt', 'coat') and price < 30": PRODUCT.format("name = 'category' AND text IN ('skirt', 'coat')")
    + " AND " + PRODUCT.format("name = 'price' AND number < 30"),
    "price between 20 and 25": PRODUCT.format("name = 'price' AND number BETWEEN 20 AND 25"),
    "chance < 0.001": PRODUCT.format("name = 'chance' AND number < 0.001"),
}  # fmt: skip
SQL = "SELECT region.id FROM region JOIN image ON image.id = image_id WHERE region.removed IS NULL AND {} ORDER BY 1"


def spent(what: Callable[[], Any]) -> tuple[float, Any]:
    """Processor seconds, and what came of it."""
    started = time.process_time()
    found = what()
    return time.process_time() - started, found


def by_columns(reader: Reader, where: str) -> np.ndarray:
    """Ids of the live regions that match, ascending."""
    snapshot, condition = snapshot_for(reader, where)
    assert condition is not None
    mask = condition.evaluate(snapshot.columns(condition.names), len(snapshot.region_ids))
    return snapshot.region_ids[mask]


def cold_rows(store: Store) -> tuple[Reader, list[list[str]]]:
    """A new reader with every column, and what each step took."""
    reader = Reader(store)
    seconds, snapshot = spent(reader.snapshot)
    rows = [["snapshot: ids of regions, images, products", f"{seconds:.2f}"]]
    for name in snapshot.attributes:
        seconds, _ = spent(lambda name=name: reader.snapshot(lambda known: [name]))
        rows.append([f"column {name} ({snapshot.attributes[name]})", f"{seconds:.2f}"])
    return reader, rows


def warm_rows(reader: Reader, repeats: int) -> list[list[str]]:
    """A line a filter."""
    rows = []
    with closing(sqlite3.connect(reader.store.database_path)) as connection:
        connection.execute("PRAGMA cache_size = -1000000")
        maxi = connection.execute("SELECT id FROM attribute WHERE name = 'maxi'").fetchone()[0]
        for where, condition in FILTERS.items():
            new, again, theirs = [], [], []
            for turn in range(repeats + 1):
                unseen = where + " " * (turn + 1)  # parsed anew
                new.append(spent(lambda unseen=unseen: by_columns(reader, unseen))[0])
                seconds, ids = spent(lambda unseen=unseen: by_columns(reader, unseen))
                again.append(seconds)
                text = SQL.format(condition)
                seconds, found = spent(lambda text=text: connection.execute(text, {"maxi": maxi}).fetchall())
                theirs.append(seconds)
                if not np.array_equal(ids, np.array(found, np.int64).reshape(-1)):
                    raise SystemExit(f"{where}: columns and SQLite differ")
            first, second, sql = (
                statistics.median(taken[1:]) for taken in (new, again, theirs)
            )  # after a turn to warm up
            milliseconds = [f"{first * 1e3:.1f}", f"{second * 1e3:.1f}", f"{sql * 1e3:.0f}"]
            rows.append([where, f"{len(ids):,}", *milliseconds, f"{sql / first:.0f}"])
    return rows


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--catalog", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        store = make_catalog(asked.catalog or Path(scratch) / "million.catalog", asked.rows, asked.dim)
        reader, cold = cold_rows(store)
        print(tabulate(cold, [f"cold, {asked.rows:,} products", "seconds"], "pipe", disable_numparse=True), "\n")
        columns = ["filter", "matches", "new, ms", "again, ms", "SQLite, ms", "SQLite / new"]
        print(tabulate(warm_rows(reader, asked.repeats), columns, "pipe", disable_numparse=True))


if __name__ == "__main__":
    main()
