"""Active learning on real photos: how many labels each way of choosing needs, and how many wrong labels are found.

    houndstooth index photos.csv --root $HOUNDSTOOTH_DATA/clothing --catalog clothing.catalog --spaces vgg,pattern
    python benchmarks/quality/active.py --catalog clothing.catalog

photos.csv lists the photos of `clothing/` in its column `image`, and nothing of what they show (`--list` writes it): in
a folder the names of sub-folders would be read as categories, which help to find the garment. Labels come from the
paths. Pool: the train part. Accuracy: on the test part, never looked at to choose anything. Every
seed begins with 50 photos and goes on by 50, to 600, then by 100; after each step the linear head is fitted as
`houndstooth review` does, a fifth of the labels set aside to choose its strength and temperature. A way is there at the
first number of labels from which two steps in a row reach 95 % of the accuracy of the head fitted on the whole pool.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.columns import column_values
from engine.snapshot import Reader
from engine.store import Store
from indexer.labels.evaluate import evaluate
from indexer.labels.examples import Labelled
from indexer.labels.features import features_of
from indexer.labels.fit import fit_head, head_fit
from indexer.labels.heads import Head, moments, standardised
from indexer.labels.review.strategies import STRATEGIES, Strategy, choose
from indexer.labels.review.suspect import Ranking, suspects
from indexer.labels.splits import parse_scheme

SIZES = (*range(50, 601, 50), *range(700, 2001, 100))
GOAL = 0.95
NOISE = 0.05


@dataclass(frozen=True, eq=False)
class Photos:
    """Photos of one part: features float32 (n, d), targets int64 (n,), senders as groups."""

    features: NDArray[np.float32]
    targets: NDArray[np.int64]
    groups: NDArray[np.int64]
    items: tuple[str, ...]
    classes: tuple[str, ...]

    def labelled(self, rows: NDArray[np.int64] | None = None) -> Labelled:
        """As the heads want it; each photo its own group, as a review's products are."""
        rows = np.arange(len(self.items), dtype=np.int64) if rows is None else rows
        return Labelled(
            "category", self.classes, False, tuple(self.items[row] for row in rows.tolist()), rows,
            self.targets[rows], rows.copy(), ("",) * len(rows),
        )  # fmt: skip


def read_photos(store: Store, spaces: Sequence[str]) -> dict[str, Photos]:
    """The parts of a catalog of clothing/, by name, from its stored vectors and the paths of its photos."""
    snapshot = Reader(store).snapshot(lambda known: ["image"])
    rows = np.unique(snapshot.image_ids, return_index=True)[1]
    paths = [Path(str(path)) for path in column_values(snapshot.columns(["image"])["image"], rows)]
    features = features_of(snapshot, [snapshot.space(name) for name in spaces], snapshot.region_ids[rows])
    root = paths[0].parents[2]
    with (root / "senders.csv").open(newline="") as stream:
        senders = {row["path"]: row["sender_id"] for row in csv.DictReader(stream)}
    numbers = {name: number for number, name in enumerate(sorted(set(senders.values())))}
    classes = tuple(sorted({path.parts[-2] for path in paths}))
    found = {}
    for part in ("train", "validation", "test"):
        mine = [row for row, path in enumerate(paths) if path.parts[-3] == part]
        found[part] = Photos(
            features[mine],
            np.array([classes.index(paths[row].parts[-2]) for row in mine], dtype=np.int64),
            np.array([numbers[senders[paths[row].relative_to(root).as_posix()]] for row in mine], dtype=np.int64),
            tuple(str(paths[row]) for row in mine),
            classes,
        )
    return found


def fit(pool: Photos, rows: NDArray[np.int64], seed: int) -> Head:
    """The linear head on some rows, its strength and temperature chosen on a fifth of them."""
    order = np.random.default_rng([seed, 7]).permutation(rows)
    aside, learned = np.sort(order[: len(rows) // 5]), np.sort(order[len(rows) // 5 :])
    return fit_head("linear", pool.features, pool.labelled(), learned, aside, seed, refit=True).head


def accuracy(head: Head, photos: Photos) -> float:
    """Share of photos whose likeliest class is theirs."""
    return float((head.chances(photos.features).argmax(axis=1) == photos.targets).mean())


def curve(pool: Photos, tested: Photos, strategy: Strategy, seed: int, wanted: float) -> dict[int, float]:
    """Labels -> accuracy, until two steps in a row reach what is wanted."""
    mean, scale = moments(pool.features)
    known, chances = np.empty(0, np.int64), None
    found: dict[int, float] = {}
    for size in SIZES:
        inputs = standardised(pool.features, mean, scale)
        chosen = choose(strategy, inputs, chances, known, size - len(known), seed * 1000 + size)
        known = np.concatenate([known, chosen])
        head = fit(pool, known, seed)
        chances, found[size] = head.chances(pool.features), accuracy(head, tested)
        if needed(found, wanted) is not None:
            break
    return found


def needed(found: dict[int, float], wanted: float) -> int | None:
    """The first number of labels from which two steps in a row reach what is wanted; None where there is none."""
    sizes = sorted(found)
    there = [one for one, after in pairwise(sizes) if min(found[one], found[after]) >= wanted]
    return there[0] if there else None


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Mean with the 95 % interval of Student's t over seeds."""
    from scipy.stats import t

    each = np.array(values, dtype=np.float64)
    half = float(t.ppf(0.975, len(each) - 1) * each.std(ddof=1) / np.sqrt(len(each))) if len(each) > 1 else np.nan
    return float(each.mean()), float(each.mean() - half), float(each.mean() + half)


def labels_needed(parts: dict[str, Photos], judged: str, seeds: int) -> dict[str, object]:
    """Labels needed by each strategy and seed, with accuracies at some sizes."""
    pool, tested = parts["train"], parts[judged]
    whole = accuracy(fit(pool, np.arange(len(pool.items), dtype=np.int64), 0), tested)
    print(f"whole pool: {len(pool.items)} labels, accuracy {whole:.4f} on {len(tested.items)} photos of {judged}; "
          f"wanted {GOAL * whole:.4f}", flush=True)  # fmt: skip
    told: dict[str, object] = {"whole": whole, "wanted": GOAL * whole, "pool": len(pool.items), "judged": judged}
    runs: dict[str, list[dict[int, float]]] = {}
    for strategy in STRATEGIES:
        runs[strategy] = [curve(pool, tested, strategy, seed, GOAL * whole) for seed in range(seeds)]
        counts = [needed(one, GOAL * whole) or SIZES[-1] for one in runs[strategy]]
        told[strategy] = {"needed": counts, "curves": runs[strategy]}
        print(f"{strategy:18} {span(counts, 0)}  {counts}", flush=True)
    compare(runs)
    return told


def compare(runs: dict[str, list[dict[int, float]]]) -> None:
    """Against random choice, seed by seed: labels saved are in the counts; here accuracies at the sizes all reached."""
    common = sorted(set.intersection(*(set(one) for curves in runs.values() for one in curves)))
    print(f"mean accuracy over {common[0]} to {common[-1]} labels, and more than at random")
    for strategy, curves in runs.items():
        own = [float(np.mean([one[size] for size in common])) for one in curves]
        base = [float(np.mean([one[size] for size in common])) for one in runs["random"]]
        more = span([a - b for a, b in zip(own, base, strict=True)], 3)
        at = " ".join(f"{size}:{np.mean([one[size] for one in curves]):.3f}" for size in common)
        print(f"{strategy:18} {span(own, 3)}  {more}  {at}", flush=True)


def span(values: Sequence[float], places: int) -> str:
    """Mean with its interval, as text."""
    mean, low, high = interval(values)
    return f"{mean:.{places}f} ({low:.{places}f} to {high:.{places}f})"


def wrong_labels(pool: Photos, seeds: int) -> dict[str, object]:
    """How many of labels made wrong at random (5 %) the list of suspects holds, by 5-fold cross-validation."""
    told: dict[str, object] = {}
    for ranking in ("margin", "self-confidence"):
        told[ranking] = [_found(pool, seed, ranking) for seed in range(seeds)]
    clean = _list(pool, pool.targets, 0, "margin")
    told["clean"] = len(clean)
    print(f"with the labels as they are: {len(clean)} of {len(pool.items)} are suspects")
    for ranking in ("margin", "self-confidence"):
        rows = told[ranking]
        assert isinstance(rows, list)
        for name in ("suspects", "recall", "precision", "precision_at_wrong"):
            print(f"{ranking:16} {name:20} {span([row[name] for row in rows], 3)}")
    return told


def _list(pool: Photos, labels: NDArray[np.int64], seed: int, ranking: Ranking) -> NDArray[np.int64]:
    labelled = Photos(pool.features, labels, pool.groups, pool.items, pool.classes).labelled()
    said = evaluate(labelled, head_fit("linear", pool.features, labelled), parse_scheme("5-fold"), seed).predictions
    return said.rows[suspects(said.chances, said.targets.astype(np.int64), ranking).rows]


def _found(pool: Photos, seed: int, ranking: Ranking) -> dict[str, float]:
    generator = np.random.default_rng(seed)
    wrong = generator.permutation(len(pool.items))[: round(NOISE * len(pool.items))]
    labels = pool.targets.copy()
    labels[wrong] = (labels[wrong] + generator.integers(1, len(pool.classes), len(wrong))) % len(pool.classes)
    listed = _list(pool, labels, seed, ranking)
    hits = np.isin(listed, wrong)
    return {
        "suspects": float(len(listed)),
        "recall": float(hits.sum() / len(wrong)),
        "precision": float(hits.mean()),
        "precision_at_wrong": float(hits[: len(wrong)].sum() / len(wrong)),
    }


def write_list(root: Path, to: Path) -> None:
    """A table of the photos of clothing/ that says nothing of what they show."""
    files = [file for part in ("train", "validation", "test") for file in sorted((root / part).rglob("*.jpg"))]
    with to.open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["image", "product"])
        rows.writerows([file.relative_to(root).as_posix(), file.stem] for file in files)


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--catalog", type=Path, help="a catalog of clothing/, indexed as above")
    parser.add_argument("--list", type=Path, nargs=2, metavar=("CLOTHING", "CSV"), help="only write photos.csv")
    parser.add_argument("--spaces", default="vgg,pattern", help="spaces whose vectors, joined, are the features")
    parser.add_argument("--part", choices=["test", "validation"], default="test", help="where accuracy is measured")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", choices=["labels", "suspects"], help="one of the two measurements")
    parser.add_argument("--to", type=Path, help="write all figures here, JSON")
    told = parser.parse_args()
    if told.list:
        write_list(*told.list)
        return
    if told.catalog is None:
        parser.error("--catalog is missing")
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # of strengths that do not converge: what is set aside judges them
    parts = read_photos(Store.open(told.catalog), told.spaces.split(","))
    figures: dict[str, object] = {}
    if told.only != "suspects":
        figures["labels"] = labels_needed(parts, told.part, told.seeds)
    if told.only != "labels":
        figures["suspects"] = wrong_labels(parts["train"], told.seeds)
    if told.to:
        told.to.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
