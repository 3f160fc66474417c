"""Category retrieval on real photos: does a garment find its own kind?

    python benchmarks/quality/retrieval.py --photos clothing --spaces vgg,colour,vgg+colour
    python benchmarks/quality/retrieval.py --photos clothing --garments deeplab

Gallery: the photos of `train`; queries: those of `test`, whose senders appear in no other part. Intervals are 95 %
bootstraps over the queries' senders (honest, but rough where there are few) or, on request, over single queries. A `+`
fuses spaces: the sum of their similarities, each on the scale of random pairs of the gallery (minus their mean, over
their spread).
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from metrics import Interval, average_precision, bootstrap, knn_correct, precision_at_1
from numpy.typing import NDArray

from indexer.decode import decode
from indexer.garments.find import open_step
from indexer.spaces.base import Extractor
from indexer.spaces.registry import load

MEASURES: dict[str, Callable[..., NDArray[np.float64]]] = {
    "P@1": precision_at_1,
    "5-NN": knn_correct,
    "mAP": average_precision,
}
BATCH = 64


@dataclass(frozen=True)
class Photos:
    """The photos of one part: file, label and sender of each."""

    files: list[Path]
    labels: NDArray[np.str_]
    senders: NDArray[np.str_]


def read_part(root: Path, part: str) -> Photos:
    """The photos of `root/part/<label>/`, in the order of their paths, with senders from `root/senders.csv`."""
    files = sorted(f for f in (root / part).rglob("*") if f.is_file())
    with (root / "senders.csv").open(newline="") as stream:
        senders = {row["path"]: row["sender_id"] for row in csv.DictReader(stream)}
    names = [f.relative_to(root).as_posix() for f in files]
    return Photos(files, np.array([f.parent.name for f in files]), np.array([senders[name] for name in names]))


def vectors(spaces: dict[str, Extractor], files: list[Path], garments: str) -> dict[str, NDArray[np.float32]]:
    """Each space's vectors of the photos' garments, every photo decoded once: name -> float32 (n, dim)."""
    step = open_step(garments)
    rows: dict[str, list[NDArray[np.float32]]] = {name: [] for name in spaces}
    for start in range(0, len(files), BATCH):
        photos = [decode(file.read_bytes()) for file in files[start : start + BATCH]]
        nothing = [None] * len(photos)  # told neither category nor box
        pictures = [regions[0].picture for regions in step.regions(photos, nothing, nothing)]
        for name, space in spaces.items():
            rows[name].append(space.extract(pictures))
    return {name: np.concatenate(parts) for name, parts in rows.items()}


def similarities(
    name: str, gallery: dict[str, NDArray[np.float32]], queries: dict[str, NDArray[np.float32]], seed: int
) -> NDArray[np.float32]:
    """Similarity of every query to every gallery row under one space, or several joined by "+"."""
    parts = name.split("+")
    if len(parts) == 1:
        return queries[name] @ gallery[name].T
    total = np.zeros((len(queries[parts[0]]), len(gallery[parts[0]])), np.float32)
    for part in parts:
        mean, spread = random_pairs(gallery[part], seed)
        total += (queries[part] @ gallery[part].T - mean) / spread
    return total


def random_pairs(rows: NDArray[np.float32], seed: int, pairs: int = 20_000) -> tuple[float, float]:
    """Mean and standard deviation of the similarity of random pairs of different rows."""
    random = np.random.default_rng(seed)
    one = random.integers(0, len(rows), pairs)
    other = (one + random.integers(1, len(rows), pairs)) % len(rows)
    similar = np.einsum("nd,nd->n", rows[one], rows[other])
    return float(similar.mean()), float(similar.std())


def measure(root: Path, names: list[str], garments: str, by: str, seed: int) -> dict[str, dict[str, Interval]]:
    """Every measure of every space or fusion: name -> measure -> interval."""
    spaces = {part: load(part) for part in sorted({part for name in names for part in name.split("+")})}
    gallery, queries = read_part(root, "train"), read_part(root, "test")
    held, asked = vectors(spaces, gallery.files, garments), vectors(spaces, queries.files, garments)
    drawn = queries.senders if by == "sender" else np.arange(len(queries.files))
    found = {}
    for name in names:
        similar = similarities(name, held, asked, seed)
        found[name] = {
            title: bootstrap(values(similar, gallery.labels, queries.labels), drawn, seed)
            for title, values in MEASURES.items()
        }
    return found


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    home = os.environ.get("HOUNDSTOOTH_DATA")
    parser.add_argument(
        "--photos",
        type=Path,
        default=Path(home, "clothing") if home else None,
        required=not home,
        help="folder with train/, test/ and senders.csv (docs/data.md); default: $HOUNDSTOOTH_DATA/clothing",
    )
    parser.add_argument("--spaces", default="vgg,colour,palette,vgg+colour", help="names, `+` to fuse")
    parser.add_argument("--garments", choices=("none", "deeplab"), default="none", help="what is compared of a photo")
    parser.add_argument("--by", choices=("sender", "photo"), default="sender", help="what the bootstrap draws")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--format", choices=("table", "json"), default="table")
    asked = parser.parse_args()
    begun = time.monotonic()
    found = measure(asked.photos, asked.spaces.split(","), asked.garments, asked.by, asked.seed)
    if asked.format == "json":
        told = {name: {title: asdict(value) for title, value in row.items()} for name, row in found.items()}
        print(json.dumps({"seed": asked.seed, "by": asked.by, "garments": asked.garments, "spaces": told}))
        return
    print(f"{'space':<24}" + "".join(f"{title:>24}" for title in MEASURES))
    for name, row in found.items():
        cells = (f"{value.mean:.3f} ({value.low:.3f} to {value.high:.3f})" for value in row.values())
        print(f"{name:<24}" + "".join(f"{cell:>24}" for cell in cells))
    shown = f"gallery train, queries test, garments {asked.garments}, intervals by {asked.by}, seed {asked.seed}"
    print(f"{shown}, {time.monotonic() - begun:.0f} s")


if __name__ == "__main__":
    main()
