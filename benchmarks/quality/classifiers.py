"""Which network tells dress, shirt and longsleeve apart, and from how many photos? The old classifier's table, rebuilt.

    python benchmarks/quality/classifiers.py --data $HOUNDSTOOTH_DATA --work classifiers/
    python benchmarks/quality/classifiers.py --data $HOUNDSTOOTH_DATA --work classifiers/ --only efficientnet-lite0

A basic CNN, VGG16, ResNet50 and EfficientNet-Lite0 on all photos of three classes of `clothing/`, divided 80/20 and
50/50 with three seeds. One person's photos, and near-duplicates, stay on one side; copies are augmented on the training
side only; a fifth of that side is set aside to stop and choose by. Backbones are frozen under a dense head, or with
--blocks their last blocks are trained. Every training is kept in --work, so that an interrupted run goes on there, and
a second one only prints. Intervals (95 %) draw whole people; "epochs" is the interval that was once reported, from the
accuracies of the three seeds in place of epochs: mean -+ t s.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from indexer.decode import decode
from indexer.labels.duplicates import find_duplicates, group_rows
from indexer.labels.evaluate import Fit, evaluate
from indexer.labels.examples import Labelled
from indexer.labels.intervals import epoch_wobble, group_intervals, photo_interval
from indexer.labels.metrics import measures
from indexer.labels.networks.backbones import BACKBONES
from indexer.labels.networks.fit import network_fit
from indexer.labels.networks.recipe import Recipe
from indexer.labels.splits import parse_scheme
from indexer.phash import phash

CLASSES = ("dress", "longsleeve", "shirt")
SCHEMES = ("80/20", "50/50")
EPOCHS = {"basic-cnn": 5}
"""At most, where it is not 10: a network that learns from nothing takes an hour of two cores for each."""
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Line:
    """A row of the table: shares in [0, 1], intervals as (low, high). weights: where the network's came from."""

    backbone: str
    weights: str
    scheme: str
    seeds: int
    trained_on: int
    tested: int
    accuracy: float
    by_people: tuple[float, float]
    by_photos: tuple[float, float]
    old: tuple[float, float] | None
    macro_f1: float
    roc_auc: float


def photos_of(data: Path, work: Path, most: int) -> tuple[Labelled, list[Path], int]:
    """Photos of the three classes, grouped by sender and near-duplicates; and how many pairs of those there are.

    most: photos a class at most, 0 for all; those of the first senders by a hash.
    """
    root = data / "clothing"
    with (root / "senders.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["label"] in CLASSES]
    if most:
        rows.sort(key=lambda row: hashlib.sha256(row["sender_id"].encode()).hexdigest())
        rows = [row for name in CLASSES for row in [one for one in rows if one["label"] == name][:most]]
    rows.sort(key=lambda row: row["path"])
    files = [root / row["path"] for row in rows]
    hashes, contents = _hashes(files, work / f"hashes-{len(files)}.npz")
    near = find_duplicates(contents, hashes, None).near
    groups = group_rows(len(rows), near, [[row["sender_id"]] for row in rows])
    targets = np.array([CLASSES.index(row["label"]) for row in rows], np.int64)
    labelled = Labelled(
        "garment",
        CLASSES,
        False,
        tuple(row["path"] for row in rows),
        np.arange(len(rows), dtype=np.int64),
        targets,
        groups,
        ("",) * len(rows),
    )
    return labelled, files, len(near)


def _hashes(files: list[Path], kept: Path) -> tuple[NDArray[np.uint64], list[bytes]]:
    if not kept.exists():
        found = [(phash(decode(file.read_bytes())), _sha(file)) for file in tqdm(files, disable=None)]
        np.savez(
            kept, hashes=np.array([one for one, _ in found], np.uint64), contents=np.array([two for _, two in found])
        )
    with np.load(kept) as arrays:
        return arrays["hashes"], [bytes.fromhex(one) for one in arrays["contents"].tolist()]


def _sha(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def kept_fit(fit: Fit, told: str, work: Path) -> Fit:
    """The same fit, whose chances are kept in a folder by what they were made of."""

    def learn(train: Rows, validation: Rows, seed: int) -> Callable[[Rows], NDArray[np.floating]]:
        made: list[Callable[[Rows], NDArray[np.floating]]] = []

        def chances(rows: Rows) -> NDArray[np.floating]:
            key = hashlib.sha256(told.encode() + b"".join(one.tobytes() for one in (train, validation, rows)))
            key.update(str(seed).encode())
            file = work / f"chances-{key.hexdigest()[:20]}.npy"
            if not file.exists():
                if not made:
                    made.append(fit(train, validation, seed))
                half = file.with_suffix(".part.npy")
                np.save(half, made[0](rows))
                half.rename(file)
            found: NDArray[np.floating] = np.load(file)
            return found

        return chances

    return learn


def line(backbone: str, scheme: str, photos: tuple[Labelled, list[Path]], work: Path, how: argparse.Namespace) -> Line:
    """Train and test one network under one scheme."""
    labelled, files = photos
    blocks = min(how.blocks, BACKBONES[backbone].blocks)
    recipe = Recipe(blocks=blocks, side=how.side, copies=how.copies, epochs=how.epochs or EPOCHS.get(backbone, 10))
    with tqdm(disable=None, leave=False) as bar:

        def show(stage: str, done: int, total: int) -> None:
            bar.set_description(f"{scheme} {stage}")
            bar.total, bar.n = total, done
            bar.refresh()

        fit = network_fit(backbone, files, labelled, work, None, recipe, show)
        told = f"{backbone}|{fit.weights}|{recipe}|{'|'.join(labelled.items)}"
        found = evaluate(labelled, kept_fit(fit, told, work), parse_scheme(f"{how.seeds}x{scheme}"), 0)
    told_right = measures(found.predictions)
    people, alone = group_intervals(found.predictions, ["accuracy"])["accuracy"], photo_interval(found.predictions)
    old = epoch_wobble([score.right for score in found.scores]) if how.seeds > 1 else None
    assert people is not None
    return Line(
        backbone,
        fit.weights,
        scheme,
        how.seeds,
        round(float(np.mean([score.train + score.validation for score in found.scores]))),
        len(found.predictions),
        told_right["accuracy"] or 0.0,
        (people.low, people.high),
        (alone.low, alone.high),
        (old.low, old.high) if old else None,
        told_right["macro_f1"] or 0.0,
        told_right["roc_auc"] or 0.0,
    )


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True, help="folder for what is computed once")
    parser.add_argument("--only", choices=tuple(BACKBONES), action="append", help="of these networks alone")
    parser.add_argument("--seeds", type=int, default=3, help="divisions of each scheme")
    parser.add_argument("--epochs", type=int, help="at most, of the networks that are trained; else 10, of basic-cnn 5")
    parser.add_argument("--blocks", type=int, default=0, help="last blocks of a backbone that are trained too")
    parser.add_argument("--copies", type=int, default=0, help="augmented copies that a frozen backbone's head sees")
    parser.add_argument("--side", type=int, default=0, help="of the squares that are read; 0: each network's own")
    parser.add_argument("--most", type=int, default=0, help="photos a class at most; 0: all")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    how = parser.parse_args()
    how.work.mkdir(parents=True, exist_ok=True)
    labelled, files, near = photos_of(how.data, how.work, how.most)
    made = [
        line(backbone, scheme, (labelled, files), how.work, how)
        for backbone in (how.only or tuple(BACKBONES))
        for scheme in SCHEMES
    ]
    if how.format == "json":
        print(json.dumps([asdict(one) for one in made], indent=1))
        return
    print(f"{len(labelled):,} photos in {len(np.unique(labelled.groups))} groups, {near} pairs of near-duplicates\n")
    print("| network | weights | division | right | by people | by photos | mean ± t·s | macro F1 | ROC AUC |")
    print("|---|---|---|---|---|---|---|---|---|")
    for one in made:
        cells = [f"{low:.3f} to {high:.3f}" for low, high in (one.by_people, one.by_photos)]
        cells.append(f"{one.old[0]:.3f} to {one.old[1]:.3f}" if one.old else "")
        scores = f"{one.macro_f1:.3f} | {one.roc_auc:.3f}"
        print(
            f"| {one.backbone} | {one.weights} | {one.scheme} | {one.accuracy:.3f} | {' | '.join(cells)} | {scores} |"
        )


if __name__ == "__main__":
    main()
