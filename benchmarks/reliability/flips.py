"""One bit flipped, over and over, in every file of a catalog: which of them does `check` find?

    python benchmarks/reliability/flips.py --flips 400

A file of rows, an index, a model, a backup is known by its SHA-256, and catalog.db by its seal: every flip must be
found. While it is written to, and after a kill, catalog.db has no seal; then SQLite checks how its pages hang together
and that an index agrees with its table, but not every value: flips that are not found are told apart into those that
changed no row (unused bytes) and those that did, by table. Prints a table; exits with 1 when a flip was not found in a
file or in a sealed catalog.db, or when anything but an error of ours was raised.
"""

from __future__ import annotations

import argparse
import collections
import hashlib
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from writers import WORKS, make_base, sweep_all

from engine.batch import Batch, Counts, Entry, NewImage, NewRegion
from engine.checks import check
from engine.clusters import cluster
from engine.errors import HoundstoothError
from engine.indexes import refresh_index
from engine.maps import make_map
from engine.seal import break_seal
from engine.snapshot import Reader
from engine.store import Store
from engine.writer import writing

Rows = dict[str, list[str]]
SEED, PRODUCTS = 17, 1_000
RAISED: list[str] = []
"""Errors that are not ours: bugs."""
JPEG = b"\xff\xd8\xff\xd9"
WORDS = ("red", "long", "linen", "floral", "striped", "navy")


def flip(path: Path, bit: int) -> bytes:
    """Flip a bit of a file; what was in it."""
    before = path.read_bytes()
    data = bytearray(before)
    data[bit // 8] ^= 1 << (bit % 8)
    path.write_bytes(data)
    return before


def add_products(store: Store) -> None:
    """Products with attributes, so that most of catalog.db is values."""
    draw = np.random.default_rng(1)
    rows = draw.normal(size=(PRODUCTS, 3)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    batch = Batch(counts=Counts(seen=PRODUCTS, indexed=PRODUCTS))
    batch.attribute_types = {"price": "number", "maxi": "boolean", "title": "text", "brand": "text"}
    for number, row in enumerate(rows):
        name = f"sku-{number:06}"
        entry = Entry(f"/shop/photos/{name}.jpg", name, "indexed", bytes=1000, mtime_ns=1)
        regions = [NewRegion({"mean": row})]
        sha256 = hashlib.sha256(name.encode()).digest()
        batch.images.append(NewImage(entry, sha256, "", 480, 640, number, JPEG, regions))
        title = f"A {draw.choice(WORDS)} {draw.choice(WORDS)} number {number}"
        values = {"price": float(draw.integers(5, 200)), "maxi": bool(number % 3), "title": title}
        batch.products[name] = {**values, "brand": str(draw.choice(WORDS))}
    with writing(store) as writer:
        writer.commit(batch, writer.start_run("index", "flips"), Reader(store).snapshot().spaces)
        refresh_index(writer, "mean", 1)


def is_found(store: Store) -> bool:
    """Whether `check` finds something, or says that it cannot even look."""
    try:
        return not check(store).clean
    except HoundstoothError:
        return True
    except Exception as error:
        RAISED.append(f"{type(error).__name__}: {error}")
        return False


def rows_of(path: Path) -> Rows:
    """All rows by table, as far as they can be read."""
    found: Rows = {}
    with closing(sqlite3.connect(f"{path.as_uri()}?immutable=1", uri=True)) as connection:
        connection.text_factory = bytes
        tables = [row[0].decode() for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            found[table] = sorted(map(repr, connection.execute(f'SELECT * FROM "{table}"')))
    return found


def flip_files(store: Store, flips: int, draw: np.random.Generator) -> collections.Counter[tuple[str, bool]]:
    """(kind of file, found) -> how often, over the files besides catalog.db."""
    counted: collections.Counter[tuple[str, bool]] = collections.Counter()
    paths = sorted(path for folder in store.folders for path in folder.iterdir())
    for path in paths:
        for bit in _bits(path, max(1, flips // len(paths)), draw):
            before = flip(path, bit)
            counted[path.parent.name, is_found(store)] += 1
            path.write_bytes(before)
    return counted


def flip_database(store: Store, flips: int, draw: np.random.Generator) -> collections.Counter[str]:
    """What became of flips in catalog.db -> how often."""
    counted: collections.Counter[str] = collections.Counter()
    path, whole = store.database_path, rows_of(store.database_path)
    for bit in _bits(path, flips, draw):
        before = flip(path, bit)
        if is_found(store):
            counted["found"] += 1
        else:
            now = rows_of(path)
            changed = sorted(table for table in whole if now.get(table) != whole[table])
            counted[f"not found: {', '.join(changed)}" if changed else "not found: no row changed"] += 1
        path.write_bytes(before)
        for journal in path.parent.glob("catalog.db-*"):
            journal.unlink()
    return counted


def _bits(path: Path, count: int, draw: np.random.Generator) -> NDArray[np.int64]:
    return draw.integers(0, path.stat().st_size * 8, count)


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description="Flip bits in every file of a catalog and see what check finds.")
    parser.add_argument("--flips", type=int, default=400, help="so many in catalog.db, and as many in all others")
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    draw = np.random.default_rng(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        shop = make_base(Path(folder))
        add_products(shop.store)
        WORKS["migrate"].prepare(shop)
        WORKS["migrate"].run(shop)  # for a backup
        make_map(shop.store, "mean", "pca")
        cluster(shop.store, "mean", 5)
        sweep_all(shop)
        with shop.store.lock(), closing(sqlite3.connect(shop.store.database_path)) as connection:
            connection.execute("VACUUM")
        if not check(shop.store).clean:
            raise SystemExit("the catalog is not clean before anything was flipped")
        files = flip_files(shop.store, options.flips, draw)
        sealed = flip_database(shop.store, options.flips, draw)
        break_seal(shop.store.database_path)
        bare = flip_database(shop.store, options.flips, draw)
    for name in sorted({name for name, _ in files}):
        print(f"{name + '/':14}{files[name, True] + files[name, False]:6} flips, {files[name, True]} found")
    for title, outcomes in (("catalog.db", sealed), ("... unsealed", bare)):
        print(f"{title:14}{outcomes.total():6} flips, {outcomes['found']} found")
        for what, times in outcomes.most_common():
            print(f"{times:20} {what}")
    print(*(f"raised {said}" for said in RAISED), sep="\n")
    missed = sealed.total() - sealed["found"] + sum(times for (_, found), times in files.items() if not found)
    return int(bool(RAISED) or missed > 0)


if __name__ == "__main__":
    sys.exit(main())
