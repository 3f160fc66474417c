"""Fits the labels that come with Houndstooth, and writes their files and cards.

python -m houndstooth.make_shipped --data ../shared/data --work build/labels --to indexer/weights

category: the ten classes of clothing/ (CC0), on the `kind` space; learned from its training and validation parts,
judged on its test part. maxi: rendered dresses of known length (indexer.demo) and street dresses of garment-masks/
(Apache 2.0) whose length their pixel masks tell (indexer.labels.worn_lengths); judged by 5 folds of those, and as it is
on dress-length/, which it never learns from. What is computed is kept in --work, so that a second run goes on.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import numpy as np

from engine.durable import hash_file
from houndstooth.cli.train import stages
from houndstooth.training import Progress, TrainOptions, training_set
from indexer.labels.evaluate import Evaluation
from indexer.labels.gather import TrainingSet
from indexer.labels.intervals import group_intervals
from indexer.labels.metrics import measures
from indexer.labels.model_file import LabelModel
from indexer.labels.predictions import Predictions
from indexer.labels.train import Trained, train_head
from indexer.labels.worn_lengths import worn_lengths

SEED = 0
MAXI_SPACES = ("kind", "vgg")
DRAWN = 600
"""Products of the demo that are drawn; the dresses among them are learned from."""


@click.command()
@click.option("--data", type=click.Path(path_type=Path, exists=True), required=True, help="The folder of real photos.")
@click.option("--to", type=click.Path(path_type=Path), required=True, help="Where the files and cards go.")
@click.option(
    "--work",
    type=click.Path(path_type=Path),
    default=Path("build/labels"),
    show_default=True,
    help="What is computed once.",
)
@click.option("--only", type=click.Choice(["category", "maxi"]), help="Make one of them.")
@click.option("--drawn", type=click.IntRange(10), default=DRAWN, show_default=True, help="Products to draw for maxi.")
def main(data: Path, to: Path, work: Path, only: str | None, drawn: int) -> None:
    """Fit the labels that come with Houndstooth."""
    data, work = data.absolute(), work.absolute()
    with stages() as show:
        if only != "maxi":
            trained = make_category(data, work, show)
            _write(trained, to, {"data": "clothing/ (CC0): its training and validation parts"}, show_told(trained))
        if only != "category":
            trained, outside = make_maxi(data, work, drawn, show)
            _write(
                trained,
                to,
                {"data": "dresses rendered by indexer.demo, and garment-masks/ (Apache-2.0)"},
                {**show_told(trained), "dress-length, never learned from": outside},
            )


def make_category(data: Path, work: Path, progress: Progress) -> Trained:
    """The ten classes of clothing/, on its own parts."""
    options = TrainOptions(spaces=("kind",), work=work / "clothing")
    training = training_set("category", data / "clothing", None, options, progress)
    return train_head(training, "linear", "given", SEED, progress=progress)


def make_maxi(data: Path, work: Path, drawn: int, progress: Progress) -> tuple[Trained, dict[str, Any]]:
    """Rendered and street dresses; and what it is worth on dress-length/."""
    table = work / "maxi.csv"
    _lengths(table, data, work / f"demo-{drawn}", drawn)
    options = TrainOptions(spaces=MAXI_SPACES, work=work / "maxi")
    trained = train_head(
        training_set("maxi", table, None, options, progress), "linear", "5-fold", SEED, progress=progress
    )
    other = TrainOptions(spaces=MAXI_SPACES, work=work / "dress-length", columns={"label": "length"})
    outside = training_set("maxi", data / "dress-length" / "labels.csv", None, other, progress)
    return trained, told_measures(outside_predictions(trained.model, outside))


def _lengths(table: Path, data: Path, demo: Path, drawn: int) -> None:
    """A table of dresses and whether they are maxi: rendered ones, and those of the street."""
    from indexer.demo import write_demo

    if not (demo / "products.csv").is_file():
        write_demo(demo, products=drawn, seed=SEED)
    with (demo / "products.csv").open(encoding="utf-8", newline="") as file:
        rows = [
            (demo / row["image"], row["maxi"], row["product"])
            for row in csv.DictReader(file)
            if row["category"] == "dress"
        ]
    rows += [(photo, str(maxi).lower(), "") for photo, maxi in worn_lengths(data / "garment-masks")]
    table.parent.mkdir(parents=True, exist_ok=True)
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["image", "maxi", "group"])
        writer.writerows(rows)


def outside_predictions(model: LabelModel, training: TrainingSet) -> Predictions:
    """What a label says of photos that it never learned from."""
    labelled = training.labelled
    rows = np.arange(len(labelled), dtype=np.int64)
    return Predictions(
        labelled.attribute,
        labelled.classes,
        labelled.several,
        labelled.items,
        rows,
        labelled.targets,
        model.head.chances(training.features),
        labelled.groups,
        np.zeros(len(labelled), np.int64),
        np.zeros(len(labelled), np.bool_),
    )


def told_measures(predictions: Predictions) -> dict[str, Any]:
    """Measures with their 95 % intervals by groups, as JSON types."""
    intervals = group_intervals(predictions, seed=SEED)
    told: dict[str, Any] = {"photos": len(predictions)}
    for name, value in measures(predictions).items():
        interval = intervals.get(name)
        if value is not None:
            told[name] = [round(value, 4), *([round(interval.low, 4), round(interval.high, 4)] if interval else [])]
    return told


def show_told(trained: Trained) -> dict[str, Any]:
    """The figures of a label's own judging."""
    evaluation: Evaluation = trained.evaluation
    return {f"judged by {evaluation.scheme}": told_measures(evaluation.predictions)}


def _write(trained: Trained, to: Path, card: Mapping[str, Any], figures: Mapping[str, Any]) -> None:
    """The file, its card for people, and its line in SHA256SUMS."""
    model = trained.model
    name = f"label_{model.attribute}"
    told = {**model.card, **card, "figures": dict(figures), "command": "python -m houndstooth.make_shipped"}
    model = LabelModel(model.attribute, model.classes, model.several, model.spaces, model.head, told)
    file = to / f"{name}.safetensors"
    model.save(file)
    sha256 = hash_file(file)
    sums = to / "SHA256SUMS"
    lines = (
        [line for line in sums.read_text().splitlines() if not line.endswith(f"  {file.name}")]
        if sums.is_file()
        else []
    )
    sums.write_text(
        "".join(f"{line}\n" for line in sorted([*lines, f"{sha256}  {file.name}"], key=lambda one: one[66:]))
    )
    (to / f"{name}.md").write_text(_card(model, told, sha256, file.stat().st_size), encoding="utf-8")
    print(json.dumps({"file": str(file), "figures": dict(figures)}), file=sys.stdout)  # noqa: T201


def _card(model: LabelModel, told: Mapping[str, Any], sha256: str, size: int) -> str:
    spaces = ", ".join(f"`{one.name}` ({one.fingerprint})" for one in model.spaces)
    photos = told["photos"]
    lines = [
        f"# The label `{model.attribute}`",
        "",
        f"A {model.head.kind} head on the vectors of {spaces}; classes: {', '.join(model.classes)}.",
        "",
        f"- File: `label_{model.attribute}.safetensors`, {size:,} bytes, SHA-256 `{sha256}`",
        f"- Learned from: {told['data']}; {photos['learned_from']} photos, labelled in all: "
        f"{json.dumps(photos['by_class'])}",
        f"- Copies {photos['copies']}, near-duplicate pairs {photos['near_duplicate_pairs']}: kept on one side of "
        "every split that is drawn",
        f"- Seed {told['seed']}; chosen on the validation part: {json.dumps(told['chosen'])}",
        "- Command: `python -m houndstooth.make_shipped --data ../shared/data --to indexer/weights`",
        "- Licence: Apache-2.0, as Houndstooth's",
        "",
    ]
    for title, figures in told["figures"].items():
        lines += [f"## {title[0].upper()}{title[1:]}", "", f"{figures['photos']} photos; 95 % intervals by groups.", ""]
        lines += ["| measure | value | from | to |", "|---|---|---|---|"]
        for name, values in figures.items():
            if isinstance(values, list):
                lines.append(f"| {name.replace('_', ' ')} | " + " | ".join(f"{one:.3f}" for one in values) + " |")
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
