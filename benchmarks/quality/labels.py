"""How well labels are told from stored vectors, on photos that were not learned from.

python benchmarks/quality/labels.py --data ../shared/data --work build/labels [--only maxi|outline|clothing]

outline: maxi on the space `outline`, the 1,200 dresses of dress-length/ in five folds by groups (copies and
near-duplicates on one side); and of the same predictions those of photos that were not looked at when that space and
its head were made (`unseen`). maxi: the same folds for other spaces, with the garments found and with the whole photos.
clothing: the three classes of system 4 and all ten, learned from the official training and validation parts and tested
on the official test part; near-duplicates between the parts are counted, and the figure without them is told beside.
Those parts taught the network of `kind`: its validation part looks better here than it is, its test part does not.
Vectors are kept in --work, so that a second run only fits heads. Nothing is chosen on what is reported: heads choose
their penalty on validation photos.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
from tabulate import tabulate

from houndstooth.cli.stages import stages
from houndstooth.training import Progress, TrainOptions, training_set
from indexer.labels.evaluate import evaluate
from indexer.labels.examples import Labelled
from indexer.labels.fit import head_fit
from indexer.labels.gather import TrainingSet
from indexer.labels.intervals import group_intervals, photo_interval
from indexer.labels.metrics import measures
from indexer.labels.predictions import Predictions
from indexer.labels.splits import parse_scheme

Row = dict[str, object]
THREE = ("dress", "shirt", "longsleeve")
"""System 4's dress, shirt and pullover."""
SPACES = ("kind", "vgg")


@click.command()
@click.option("--data", type=click.Path(path_type=Path, exists=True), required=True, help="The folder of real photos.")
@click.option("--work", type=click.Path(path_type=Path), default=Path("build/labels"), help="Where vectors are kept.")
@click.option("--only", type=click.Choice(["maxi", "outline", "clothing"]), help="One of them.")
@click.option("--json", "as_json", is_flag=True, help="A line of JSON a row.")
def main(data: Path, work: Path, only: str | None, as_json: bool) -> None:
    """Print the table."""
    data, work = data.absolute(), work.absolute()
    with stages() as show:
        rows = [
            *(outline(data, work, show) if only in (None, "outline") else ()),
            *(maxi(data, work, show) if only in (None, "maxi") else ()),
            *(clothing(data, work, show) if only in (None, "clothing") else ()),
        ]
    for row in rows if as_json else ():
        click.echo(json.dumps(row))
    if not as_json:
        click.echo(tabulate(rows, headers="keys", floatfmt=".3f"))


def outline(data: Path, work: Path, progress: Progress) -> Iterator[Row]:
    """Five folds by groups, all photos and those that chose nothing."""
    options = TrainOptions({"label": "length"}, spaces=("outline",), work=work / "maxi-outline")
    training = training_set("maxi", data / "dress-length" / "labels.csv", None, options, progress)
    labelled = training.labelled
    for kind in ("linear", "forest"):
        fit = head_fit(kind, training.features, labelled)
        tested = evaluate(labelled, fit, parse_scheme("5-fold"), 0, progress).predictions
        yield _told("maxi", "outline", kind, tested, "roc_auc")
        yield _told(
            "maxi", "outline, photos not looked at", kind, tested.part(unseen(labelled)[tested.rows]), "roc_auc"
        )


def unseen(labelled: Labelled) -> np.ndarray:
    """Photos that no choice about `outline` was made by, bool (n,): by a hash of names; never those of a group."""
    alone = np.bincount(labelled.groups)[labelled.groups] == 1
    return alone & np.array([hashlib.sha256(item.encode()).digest()[0] % 2 == 1 for item in labelled.items])


def maxi(data: Path, work: Path, progress: Progress) -> Iterator[Row]:
    """Five folds by groups, for the garment, for the whole photo, and for both joined."""
    seen = {}
    for garments in ("deeplab", "none"):
        options = TrainOptions({"label": "length"}, spaces=SPACES, garments=garments, work=work / f"maxi-{garments}")
        seen[garments] = training_set("maxi", data / "dress-length" / "labels.csv", None, options, progress)
    both = np.concatenate([seen["deeplab"].features, seen["none"].features], axis=1)
    views = {"garment": seen["deeplab"].features, "whole photo": seen["none"].features, "both": both}
    for view, features in views.items():
        for kind in ("linear", "dense"):
            yield _row(
                "maxi", f"{'+'.join(SPACES)}, {view}", kind, seen["none"].labelled, features, "5-fold", "roc_auc"
            )
    for space in SPACES:
        features = seen["none"].columns([space])
        yield _row("maxi", f"{space}, whole photo", "linear", seen["none"].labelled, features, "5-fold", "roc_auc")


def clothing(data: Path, work: Path, progress: Progress) -> Iterator[Row]:
    """The official split, three classes and ten, with and without photos that have a near-duplicate in training."""
    options = TrainOptions(spaces=SPACES, work=work / "clothing")
    training = training_set("category", data / "clothing", None, options, progress)
    for title, chosen in (("3 classes", THREE), ("10 classes", training.labelled.classes)):
        labelled, rows = only_classes(training, chosen)
        for spaces in (("kind",), ("vgg",), SPACES):
            features = training.columns(spaces)[rows]
            yield _row(f"clothing, {title}", "+".join(spaces), "linear", labelled, features, "given", "accuracy")


def only_classes(training: TrainingSet, classes: Sequence[str]) -> tuple[Labelled, np.ndarray]:
    """What is labelled with these classes, and its rows."""
    labelled = training.labelled
    number = {labelled.classes.index(name): place for place, name in enumerate(classes)}
    rows = np.flatnonzero(np.isin(labelled.targets, list(number)))
    part = replace(
        labelled,
        classes=tuple(classes),
        items=tuple(labelled.items[row] for row in rows.tolist()),
        regions=labelled.regions[rows],
        targets=np.array([number[int(one)] for one in labelled.targets[rows]], dtype=np.int64),
        groups=labelled.groups[rows],
        part=tuple(labelled.part[row] for row in rows.tolist()),
    )
    return part, rows


def _row(what: str, spaces: str, kind: str, labelled: Labelled, features: np.ndarray, scheme: str, measure: str) -> Row:
    tested = evaluate(labelled, head_fit(kind, features, labelled), parse_scheme(scheme), 0).predictions
    return _told(what, spaces, kind, tested, measure)


def _told(what: str, spaces: str, kind: str, tested: Predictions, measure: str) -> Row:
    value = measures(tested)[measure]
    interval = group_intervals(tested, [measure])[measure]
    clean = tested.part(~tested.leaked)
    return {
        "label": what,
        "vectors": spaces,
        "head": kind,
        "tested": len(tested),
        "measure": measure.replace("_", " "),
        "value": value,
        "from": interval.low if interval else None,
        "to": interval.high if interval else None,
        "near-duplicate in training": int(tested.leaked.sum()),
        "without them": measures(clean)[measure] if tested.leaked.any() else value,
        "accuracy": float(tested.correct.mean()),
        "Wilson": f"{photo_interval(tested).low:.3f} to {photo_interval(tested).high:.3f}",
    }


if __name__ == "__main__":
    main()
