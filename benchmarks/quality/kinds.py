"""Which of ten kinds a garment is: a linear head on a space's vectors, learned from photos, tested on other people's.

    python benchmarks/quality/kinds.py --data DATA
    python benchmarks/quality/kinds.py --data DATA --garments none --space vgg --format json

The test part of `clothing/`, whose senders are in no other, is only reported. The head learns from the other photos,
but for a fifth of the smaller senders, by which its strength and temperature are chosen
(`indexer.kinds.training.split`). Reported: accuracy over ten classes; that of dress, shirt and longsleeve by a head
of these three; Wilson's 95 % interval, which takes photos for independent, and a bootstrap over senders, which does not
and is rough: there are five. For `kind`, the network's own scores too, which learned from the same photos.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

import numpy as np
from metrics import bootstrap
from numpy.typing import NDArray

from indexer.decode import decode
from indexer.garments.find import open_step
from indexer.kinds.categories import CATEGORIES
from indexer.kinds.training.split import Example, examples
from indexer.kinds.weights import load_kind
from indexer.labels.examples import Labelled
from indexer.labels.fit import fit_head
from indexer.spaces.base import Extractor
from indexer.spaces.kind import SHIPPED
from indexer.spaces.registry import load

THREE = ("dress", "longsleeve", "shirt")
BATCH = 64


def vectors(space: Extractor, photos: list[Example], garments: str) -> NDArray[np.float32]:
    """The space's vectors of the photos' garments: float32 (n, dim)."""
    step, rows = open_step(garments), []
    for start in range(0, len(photos), BATCH):
        pictures = [decode(one.photo.read_bytes()) for one in photos[start : start + BATCH]]
        nothing = [None] * len(pictures)
        rows.append(space.extract([found[0].picture for found in step.regions(pictures, nothing, nothing)]))
    return np.concatenate(rows)


def labelled(photos: list[Example], classes: tuple[str, ...]) -> Labelled:
    """The photos with their categories, grouped by sender."""
    targets = np.array([classes.index(CATEGORIES[one.category]) for one in photos], np.int64)
    groups = np.unique([one.sender for one in photos], return_inverse=True)[1].astype(np.int64)
    items = tuple(one.photo.name for one in photos)
    parts = tuple(one.part for one in photos)
    return Labelled("category", classes, False, items, np.arange(len(photos)), targets, groups, parts)


def told(right: NDArray[np.bool_], senders: NDArray[np.str_], seed: int) -> dict[str, float]:
    """An accuracy with both intervals."""
    drawn, (low, high) = bootstrap(right.astype(float), senders, seed), wilson(int(right.sum()), len(right))
    return {
        "right": int(right.sum()), "photos": len(right), "accuracy": float(right.mean()), "wilson_low": low,
        "wilson_high": high, "senders": len(np.unique(senders)), "sender_low": drawn.low, "sender_high": drawn.high,
    }  # fmt: skip


def wilson(right: int, photos: int, z: float = 1.959964) -> tuple[float, float]:
    """Wilson's 95 % interval of a share (JASA 1927)."""
    share, spread = right / photos, z * z / photos
    middle = (share + spread / 2) / (1 + spread)
    half = z * np.sqrt(share * (1 - share) / photos + spread / photos / 4) / (1 + spread)
    return float(middle - half), float(middle + half)


def measure(data: Path, name: str, weights: str, garments: str, seed: int, keep: Path | None) -> dict[str, object]:
    """Accuracies of the space's linear heads on the test part."""
    space = load(name, {"weights": weights} if name == "kind" else {})
    photos = examples(data)
    file = keep / f"{name}-{space.fingerprint}-{garments}.npy" if keep else None
    if file and file.exists():
        rows = np.load(file)
    else:
        rows = vectors(space, photos, garments)
        if file:
            np.save(file, rows)
    found: dict[str, object] = {"space": name, "fingerprint": space.fingerprint, "garments": garments, "seed": seed}
    for title, classes in (("ten", CATEGORIES), ("three", THREE)):
        chosen = np.flatnonzero([CATEGORIES[one.category] in classes for one in photos])
        some = [photos[place] for place in chosen]
        known, features = labelled(some, classes), rows[chosen]
        head = fit_head("linear", features, known, known.rows_of("train"), known.rows_of("validation"), seed)
        for part in ("validation", "test"):
            at = known.rows_of(part)
            right = head.head.chances(features[at]).argmax(1) == known.targets[at]
            found[f"{title}, {part}"] = told(right, np.array([some[row].sender for row in at]), seed)
            if part == "test" and title == "ten":
                found["confusion"] = confusion(head.head.chances(features[at]).argmax(1), known.targets[at])
    if name == "kind":
        own = load_kind(SHIPPED if weights == "shipped" else Path(weights))
        for part in ("validation", "test"):
            at = np.flatnonzero([one.part == part for one in photos])
            right = own.chances(rows[at]).argmax(1) == np.array([photos[row].category for row in at])
            found[f"ten, {part}, the network's own scores"] = told(
                right, np.array([photos[r].sender for r in at]), seed
            )
    return found


def confusion(named: NDArray[np.int64], truth: NDArray[np.int64]) -> list[list[int]]:
    """Photos by true class (rows) and named class (columns)."""
    table = np.zeros((len(CATEGORIES), len(CATEGORIES)), int)
    np.add.at(table, (truth, named), 1)
    return table.tolist()


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    home = os.environ.get("HOUNDSTOOTH_DATA")
    parser.add_argument("--data", type=Path, default=home, required=not home, help="default: $HOUNDSTOOTH_DATA")
    parser.add_argument("--space", default="kind")
    parser.add_argument("--weights", default="shipped", help="of the kind space: another file")
    parser.add_argument("--garments", choices=("none", "deeplab"), default="deeplab", help="what is seen of a photo")
    parser.add_argument("--keep", type=Path, help="a folder in which vectors are kept from run to run")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--format", choices=("table", "json"), default="table")
    asked = parser.parse_args()
    begun = time.monotonic()
    found = measure(Path(asked.data), asked.space, asked.weights, asked.garments, asked.seed, asked.keep)
    if asked.format == "json":
        print(json.dumps(found))
        return
    for title, row in found.items():
        if isinstance(row, dict):
            print(
                f"{title:<44}{row['accuracy']:.3f} ({row['right']} of {row['photos']}; Wilson {row['wilson_low']:.3f} "
                f"to {row['wilson_high']:.3f}; {row['senders']} senders {row['sender_low']:.3f} to "
                f"{row['sender_high']:.3f})"
            )
    print(f"{asked.space}, garments {asked.garments}, seed {asked.seed}, {time.monotonic() - begun:.0f} s")


if __name__ == "__main__":
    main()
