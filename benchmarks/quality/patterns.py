"""The pattern of cloth: does it find its own kind, in other colours, sizes and turns?

    python benchmarks/quality/patterns.py --data data --labels benchmarks/labels

Tables: photos of dresses worn, nine patterns with noisy labels, never learned from: 5-NN accuracy (each photo against
all others), recall@5, and NMI of k-means with k = 9; and what a classifier makes of all the ways joined that learns
these labels from four fifths of the photos. The two halves of one garment's patch, among those of the garments of
`clothing/test`: recall@1. Rendered designs, one of each generator that training never saw, in other colours, sizes and
turns: recall@5 and NMI, a class being one design. The named pattern against labels made by eye, of `clothing/test`.
Intervals are 95 %: bootstraps over photos (over senders where they are known); of NMI and of designs, the range of 5
seeds.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from dresses import read_dresses
from metrics import Interval, bootstrap, knn_correct
from numpy.typing import NDArray
from pattern_features import Describer, describers, unit

from indexer.patterns.cloths import Cloth, read_clothing
from indexer.patterns.designs import GENERATORS, HELD_OUT, draw
from indexer.patterns.views import Look, view
from indexer.picture import Picture

SEEDS = 5
VIEWS, SIDE = 16, 160
"""Views of each held-out design, and their pixels."""
WHOLE_DESIGN = Look(motif=(14.0, 44.0))
"""Motifs from a tenth to a quarter of the patch: a patch that shows two of them shows the design."""

Table = dict[str, dict[str, Interval]]


def grouping(rows: NDArray[np.float32], labels: NDArray[np.str_]) -> Interval:
    """Normalised mutual information of k-means with as many clusters as labels: mean and range of 5 seeds."""
    from sklearn.cluster import KMeans
    from sklearn.metrics import normalized_mutual_info_score

    count = len(np.unique(labels))
    if rows.shape[1] > len(rows):  # the same distances in as many dimensions as rows
        spread, axes = np.linalg.eigh(rows.astype(np.float64) @ rows.T)
        rows = (axes * np.sqrt(np.maximum(spread, 0))).astype(np.float32)
    found = [
        normalized_mutual_info_score(labels, KMeans(count, n_init=4, random_state=seed).fit_predict(rows))
        for seed in range(SEEDS)
    ]
    return Interval(float(np.mean(found)), float(min(found)), float(max(found)))


def neighbours(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cosine similarity of every row with every other; with itself -2, so that it comes last."""
    similar = rows @ rows.T
    np.fill_diagonal(similar, -2)
    return similar


def recall_at_5(similar: NDArray[np.float32], labels: NDArray[np.str_]) -> NDArray[np.float64]:
    """1 where one of the five nearest has the row's label."""
    near = np.argsort(-similar, axis=1, kind="stable")[:, :5]
    return (labels[near] == labels[:, None]).any(1).astype(np.float64)


def classes(pictures: Sequence[Picture], labels: NDArray[np.str_], asked: dict[str, Describer], seed: int) -> Table:
    """5-NN accuracy, recall@5 and NMI of each way to describe pictures, all leave-one-out."""
    table: Table = {}
    for name, describe in asked.items():
        rows = unit(describe(pictures))
        similar, one = neighbours(rows), np.arange(len(labels))
        table[name] = {
            "5-NN": bootstrap(knn_correct(similar, labels, labels), one, seed),
            "recall@5": bootstrap(recall_at_5(similar, labels), one, seed),
            "NMI": grouping(rows, labels),
        }
    return table


def taught(rows: NDArray[np.float32], labels: NDArray[np.str_], seed: int) -> Interval:
    """Accuracy of a classifier that learns these labels from four fifths of the rows, on the fifth, in turn.

    Multinomial regression on standardised numbers: how much the labels and the rows have in common at all.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    way = make_pipeline(StandardScaler(), LogisticRegression(C=1e-3, max_iter=1000))
    told = cross_val_predict(way, rows, labels, cv=StratifiedKFold(5, shuffle=True, random_state=seed))
    return bootstrap((told == labels).astype(np.float64), np.arange(len(labels)), seed)


def same_garment(cloths: Sequence[Cloth], asked: dict[str, Describer], seed: int) -> Table:
    """Recall@1 of one half of a garment's largest patch among the other halves of all garments."""
    first, second = zip(*(_halves(cloth.patches[0]) for cloth in cloths), strict=True)
    groups = np.array([cloth.group for cloth in cloths])
    table: Table = {}
    for name, describe in asked.items():
        similar = unit(describe(first)) @ unit(describe(second)).T
        right = (similar.argmax(1) == np.arange(len(cloths))).astype(np.float64)
        table[name] = {"recall@1": bootstrap(right, groups, seed)}
    return table


def _halves(patch: NDArray[np.uint8]) -> tuple[Picture, Picture]:
    """Two disjoint pictures: the patch cut across its longer side."""
    along = patch if patch.shape[0] >= patch.shape[1] else patch.transpose(1, 0, 2)
    halves = along[: len(along) // 2], along[len(along) // 2 :]
    one, other = (half if along is patch else half.transpose(1, 0, 2) for half in halves)
    return Picture(np.ascontiguousarray(one)), Picture(np.ascontiguousarray(other))


def unseen(seed: int) -> tuple[list[Picture], NDArray[np.str_]]:
    """Views of one design of each generator that was not trained on, and its name."""
    pictures = []
    for name in HELD_OUT:
        drawing, rng = draw(name, 900_000 + seed), np.random.default_rng([seed, *name.encode()])
        for _ in range(VIEWS):
            pictures.append(Picture(view(drawing, GENERATORS[name].family, SIDE, rng, WHOLE_DESIGN)))
    return pictures, np.repeat(HELD_OUT, VIEWS)


def over_seeds(asked: dict[str, Describer]) -> Table:
    """The held-out designs of 5 seeds: mean and range over the seeds."""
    several = [classes(*unseen(seed), asked, seed) for seed in range(SEEDS)]
    table: Table = {}
    for name in asked:
        table[name] = {}
        for title in several[0][name]:
            means = [one[name][title].mean for one in several]
            table[name][title] = Interval(float(np.mean(means)), min(means), max(means))
    return table


def named(cloths: Sequence[Cloth], seed: int) -> tuple[dict[str, Interval], list[dict[str, object]]]:
    """How often the named pattern is the label made by eye: over all garments, by confidence, and for each pattern."""
    from indexer.spaces.pattern import Pattern

    space = Pattern()
    told = space.describe(space.extract([_largest(cloth) for cloth in cloths]))
    guess, sure = (np.array([row["pattern"][place] for row in told]) for place in (0, 1))
    seen, groups = np.array([cloth.pattern for cloth in cloths]), np.array([cloth.group for cloth in cloths])
    right = (guess == seen).astype(np.float64)
    table = {"all": bootstrap(right, groups, seed)}
    for least in (0.5, 0.7, 0.9):
        if (sure >= least).sum() > 5:
            title = f"confidence from {least} ({(sure >= least).mean():.0%})"
            table[title] = bootstrap(right[sure >= least], groups[sure >= least], seed)
    rows: list[dict[str, object]] = [
        {"pattern": name, "seen": int((seen == name).sum()), "named": int((guess == name).sum()),
         "right": int(((guess == name) & (seen == name)).sum())}
        for name in np.unique(np.r_[seen, guess])
    ]  # fmt: skip
    return table, rows


def _largest(cloth: Cloth) -> Picture:
    return Picture(np.ascontiguousarray(cloth.patches[0]))


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    home = os.environ.get("HOUNDSTOOTH_DATA")
    parser.add_argument("--data", type=Path, default=Path(home) if home else None, required=not home)
    parser.add_argument("--labels", type=Path, default=Path(__file__).parent.parent / "labels")
    parser.add_argument("--masks", choices=("border", "deeplab", "none"), default="deeplab", help="of the dresses worn")
    parser.add_argument("--only", default="", help="describe with these alone, names joined by commas")
    parser.add_argument("--tables", default="dresses,garment,designs,named")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--format", choices=("table", "json"), default="table")
    asked = parser.parse_args()
    begun = time.monotonic()
    ways = describers()
    ways = {name: way for name, way in ways.items() if not asked.only or name in asked.only.split(",")}
    found: dict[str, object] = {}
    tables = asked.tables.split(",")
    if "dresses" in tables:
        dresses = read_dresses(asked.data / "dress-patterns", asked.masks)
        pictures, labels = [d.picture for d in dresses], np.array([d.pattern for d in dresses])
        found["dresses"] = classes(pictures, labels, ways, asked.seed)
        joined = np.concatenate([unit(way(pictures)) for way in ways.values()], axis=1)
        found["dresses, the labels taught, all of these ways joined"] = {
            "": {"accuracy": taught(joined, labels, asked.seed)}
        }
    if "garment" in tables:
        told = asked.labels / "pattern_clothing.csv"
        cloths = read_clothing(asked.data, told, ("test",))
        found["garment"] = same_garment(cloths, ways, asked.seed)
        printed = [c for c in cloths if c.pattern not in (None, "plain", "denim", "knit")]
        found["garment with a pattern"] = same_garment(printed, ways, asked.seed)
    if "designs" in tables:
        found["designs"] = over_seeds(ways)
    if "named" in tables:
        told = [c for c in read_clothing(asked.data, asked.labels / "pattern_clothing.csv", ("test",)) if c.pattern]
        found["named"] = dict(zip(("accuracy", "patterns"), named(told, asked.seed), strict=True))
    if asked.format == "json":
        print(json.dumps(found, default=asdict))
        return
    for title, table in found.items():
        print(f"\n{title}")
        _print(table)
    print(f"\nmasks {asked.masks}, seed {asked.seed}, {time.monotonic() - begun:.0f} s")


def _print(table: object) -> None:
    if "accuracy" in table:
        for name, value in table["accuracy"].items():
            print(f"  {name:<36}{value.mean:.3f} ({value.low:.3f} to {value.high:.3f})")
        for row in table["patterns"]:
            print("  " + "  ".join(f"{key} {value}" for key, value in row.items()))
        return
    for name, row in table.items():
        cells = "".join(f"{title:>10} {v.mean:.3f} ({v.low:.3f} to {v.high:.3f})" for title, v in row.items())
        print(f"  {name:<34}{cells}")


if __name__ == "__main__":
    main()
