"""How long whole commands take, from a cold process to the answer, beside what they cannot do without.

    python benchmarks/speed/cold_start.py [--products 40] [--repeats 15]
    python benchmarks/speed/cold_start.py --photos DIR      # a folder of your own, indexed by colour
    python benchmarks/speed/cold_start.py --photos DIR --catalog CATALOG    # ... as it is indexed there

Indexes first: a small drawn shop in all its spaces, or a folder of photos in one. Times are medians of processor time
(user and system) of whole processes, run turn about; ratios are to the floor: an interpreter that imports NumPy and
FAISS and opens the same SQLite file. Only the ratios within one run mean anything.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

from tabulate import tabulate

HOUNDSTOOTH = [sys.executable, "-m", "houndstooth"]
FLOOR = "floor: numpy, faiss, sqlite3"


def main() -> None:
    """Read the command line, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--products", type=int, default=40)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--catalog", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        catalog = asked.catalog or (
            index_photos(folder, asked.photos) if asked.photos else prepare(folder, asked.products)
        )
        photo = sorted((asked.photos or folder / "photos").rglob("*.jpg"))[0]
        where = "dominant_colour = 'navy'" if asked.photos else "category = 'dress' and price < 80"
        seconds = measure(commands(catalog, photo, where, folder), asked.repeats)
    floor = seconds[FLOOR]
    rows = [[name, f"{value:.3f}", f"{value / floor:.2f}"] for name, value in seconds.items()]
    print(tabulate(rows, ["process", "seconds", "of the floor"], disable_numparse=True))


def prepare(folder: Path, products: int) -> Path:
    """A shop drawn and indexed there; its catalog."""
    catalog = folder / "shop.catalog"
    for arguments in (
        ["demo", str(folder), "--products", str(products)],
        ["index", str(folder / "products.csv"), "-c", str(catalog)],
    ):
        subprocess.run([*HOUNDSTOOTH, *arguments], check=True, stdout=subprocess.DEVNULL)
    return catalog


def index_photos(folder: Path, photos: Path) -> Path:
    """The catalog of a folder's photos, by colour."""
    catalog = folder / "shop.catalog"
    arguments = ["index", str(photos), "-c", str(catalog), "--spaces", "colour"]
    subprocess.run([*HOUNDSTOOTH, *arguments], check=True, stdout=subprocess.DEVNULL)
    return catalog


def commands(catalog: Path, photo: Path, where: str, folder: Path) -> dict[str, list[str]]:
    """What is timed, by name."""
    like = ["-c", str(catalog)]
    with closing(sqlite3.connect(catalog / "catalog.db")) as connection:
        key = connection.execute("SELECT key FROM product WHERE removed IS NULL ORDER BY id LIMIT 1").fetchone()[0]
    opened = (
        f"import sqlite3; sqlite3.connect({str(catalog / 'catalog.db')!r}).execute('SELECT * FROM image').fetchall()"
    )
    filtered = ["--where", where]
    other = folder / "other.png"
    subprocess.run(
        [
            sys.executable,
            "-c",
            f"from PIL import Image; Image.open({str(photo)!r}).resize((300, 400)).save({str(other)!r})",
        ],
        check=True,
    )
    python = [sys.executable, "-c"]
    return {
        "python": [*python, "pass"],
        "python: import numpy": [*python, "import numpy"],
        "python: import sqlalchemy": [*python, "import sqlalchemy"],
        FLOOR: [*python, f"import numpy, faiss; {opened}"],
        "python: import houndstooth": [*python, "import houndstooth"],
        "houndstooth --help": [*HOUNDSTOOTH, "--help"],
        "houndstooth info": [*HOUNDSTOOTH, "info", *like],
        "houndstooth similar --id": [*HOUNDSTOOTH, "similar", "--id", key, *like],
        "houndstooth similar --id --where": [*HOUNDSTOOTH, "similar", "--id", key, *filtered, *like],
        "houndstooth similar --colour": [*HOUNDSTOOTH, "similar", "--colour", "navy", *like],
        "houndstooth similar PHOTO (colour)": [*HOUNDSTOOTH, "similar", str(other), "--using", "colour", *like],
        "houndstooth similar PHOTO": [*HOUNDSTOOTH, "similar", str(other), *like],
    }


def measure(processes: Mapping[str, Sequence[str]], repeats: int) -> dict[str, float]:
    """Median processor seconds of each, run turn about so that the machine's moods fall on all alike."""
    found: dict[str, list[float]] = {name: [] for name in processes}
    for turn in range(repeats + 1):
        for name, command in processes.items():
            spent = processor_seconds(command)
            if turn:  # the first turn warms the disk's cache
                found[name].append(spent)
    return {name: statistics.median(values) for name, values in found.items()}


def processor_seconds(command: Sequence[str]) -> float:
    """User and system time of a process that must succeed."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
