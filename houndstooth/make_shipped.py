"""Fits the labels that come with Houndstooth, and writes their files and cards.

python -m houndstooth.make_shipped --data ../shared/data --work build/labels --to indexer/weights

category: the ten classes of clothing/ (CC0), on the `kind` space: the scores that its network was trained with, or a
linear head fitted on the same photos, whichever is better on the photos that the network was validated on; those choose
the temperature too, and it is judged on the official test part. maxi: rendered dresses of known length (indexer.demo)
and street dresses of garment-masks/ (Apache 2.0) whose length their pixel masks tell (indexer.labels.worn_lengths), on
the `outline` space; judged by 5 folds of those, and as it is on dress-length/, which it never learns from. What is
computed is kept in --work, so that a second run goes on.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from engine.durable import hash_file
from engine.errors import InputError
from houndstooth.cli.stages import stages
from houndstooth.training import Progress, TrainOptions, training_set
from indexer.kinds.categories import CATEGORIES
from indexer.kinds.training.split import examples
from indexer.kinds.weights import load_kind
from indexer.labels.examples import PARTS
from indexer.labels.fit import fit_head
from indexer.labels.gather import TrainingSet
from indexer.labels.heads import Head, best_temperature, layers_of, log_loss
from indexer.labels.intervals import group_intervals
from indexer.labels.metrics import measures
from indexer.labels.model_file import LabelModel
from indexer.labels.predictions import Predictions
from indexer.labels.train import card_metrics, card_thresholds, train_head
from indexer.labels.worn_lengths import worn_lengths
from indexer.spaces.kind import SHIPPED

COMMAND = "python -m houndstooth.make_shipped --data ../shared/data --to indexer/weights"
SEED = 0
THREE = ("dress", "shirt", "longsleeve")
MAXI_SPACES, MAXI_TREES = ("outline",), 25
"""By what is learned from alone: a forest taught by street photos tells rendered ones best, and the other way round. So
few trees, because the file is to stay small."""
DRAWN, DRAWN_SEED = 400, 1_000_000
"""Dresses that are drawn, and the seed of the first one: far from the demo shops'."""


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
@click.option("--drawn", type=click.IntRange(10), default=DRAWN, show_default=True, help="Dresses to draw for maxi.")
def main(data: Path, to: Path, work: Path, only: str | None, drawn: int) -> None:
    """Fit the labels that come with Houndstooth."""
    data, work = data.absolute(), work.absolute()
    with stages() as show:
        if only != "maxi":
            model, figures = make_category(data, work, show)
            _write(model, to, "clothing/ (CC0), the training part", figures)
        if only != "category":
            model, figures = make_maxi(data, work, drawn, show)
            _write(model, to, "dresses rendered by indexer.demo, and garment-masks/ (Apache-2.0)", figures)


def make_category(data: Path, work: Path, progress: Progress) -> tuple[LabelModel, dict[str, Any]]:
    """The ten classes of clothing/, learned and chosen by as the network of `kind` was."""
    table = work / "category.csv"
    _parts(table, data)
    options = TrainOptions(spaces=("kind",), work=work / "clothing")
    training = training_set("category", table, None, options, progress)
    labelled = training.labelled
    if labelled.classes != CATEGORIES:
        raise InputError(f"clothing/ has the classes {', '.join(labelled.classes)}, and the network {CATEGORIES}")
    train, aside = labelled.rows_of("train"), labelled.rows_of("validation")
    progress("category: heads", 0, 1)
    again = fit_head("linear", training.features, labelled, train, aside, SEED)
    heads = {"the network's own scores": (own_scores(training, aside), {}), "fitted anew": (again.head, again.chosen)}
    losses = {
        name: log_loss(
            head.scores(training.features[aside]) / np.float32(head.temperature), labelled.targets[aside], False
        )
        for name, (head, _) in heads.items()
    }
    name = min(losses, key=lambda one: losses[one])
    head, chosen = heads[name]
    said = outside_predictions(LabelModel("category", CATEGORIES, False, training.spaces, head), training)
    tested, validation = said.part(labelled.rows_of("test")), said.part(aside)
    card = {
        "seed": SEED,
        "scheme": "the given parts",
        "photos": {part: len(labelled.rows_of(part)) for part in PARTS},
        "tested": len(tested),
        "right": round(float(tested.correct.mean()), 4),
        "chosen": {
            "head": name,
            "loss": {one: round(loss, 4) for one, loss in losses.items()},
            **chosen,
            "temperature": round(head.temperature, 4),
        },
        "metrics": card_metrics(tested, SEED),
        "thresholds": card_thresholds(tested, validation),
    }
    figures = {
        "the test part": told_measures(tested),
        f"its photos of {', '.join(THREE)}, told apart from each other": told_measures(among(tested, THREE)),
        "the validation part, by which the head and its temperature were chosen": told_measures(validation),
    }
    return LabelModel("category", CATEGORIES, False, training.spaces, head, card), figures


def own_scores(training: TrainingSet, aside: NDArray[np.int64]) -> Head:
    """The scores that the network of `kind` was trained with as a head, calibrated on the rows set aside."""
    network = load_kind(SHIPPED)
    layers = layers_of([(network.scores_weight.T, network.scores_bias)])
    width = layers[0].weight.shape[0]
    head = Head("linear", False, np.zeros(width, np.float32), np.ones(width, np.float32), layers)
    scores = head.scores(training.features[aside])
    return head.with_temperature(best_temperature(scores, training.labelled.targets[aside], False))


def among(tested: Predictions, classes: Sequence[str]) -> Predictions:
    """The photos of some of the classes, as if there were no others."""
    places = [tested.classes.index(name) for name in classes]
    part = tested.part(np.isin(tested.targets, places))
    chances = part.chances[:, places]
    number = np.zeros(len(tested.classes), np.int64)
    number[places] = np.arange(len(places))
    return replace(
        part,
        classes=tuple(classes),
        chances=chances / chances.sum(axis=1, keepdims=True),
        targets=number[np.asarray(part.targets, np.int64)],
    )


def _parts(table: Path, data: Path) -> None:
    """A table of all photos with the parts that the network was trained, chosen and tested by."""
    rows = [(one.photo, CATEGORIES[one.category], one.part, one.sender) for one in examples(data)]
    table.parent.mkdir(parents=True, exist_ok=True)
    with table.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("image", "label", "split", "sender"), *rows])


def make_maxi(data: Path, work: Path, drawn: int, progress: Progress) -> tuple[LabelModel, dict[str, Any]]:
    """Rendered and street dresses; and what it is worth on dress-length/."""
    table = work / "maxi.csv"
    table.parent.mkdir(parents=True, exist_ok=True)
    _lengths(table, data, work / "rendered", drawn)
    options = TrainOptions(spaces=MAXI_SPACES, work=work / "maxi")
    trained = train_head(
        training_set("maxi", table, None, options, progress),
        "forest",
        "5-fold",
        SEED,
        progress=progress,
        trees=MAXI_TREES,
    )
    other = TrainOptions(spaces=MAXI_SPACES, work=work / "dress-length", columns={"label": "length"})
    outside = training_set("maxi", data / "dress-length" / "labels.csv", None, other, progress)
    figures = {
        f"judged by {trained.evaluation.scheme}": told_measures(trained.evaluation.predictions),
        "dress-length/, which it never learned from": told_measures(outside_predictions(trained.model, outside)),
    }
    return trained.model, figures


def _lengths(table: Path, data: Path, folder: Path, drawn: int) -> None:
    """A table of dresses and whether they are maxi: rendered ones, and those of the street."""
    from indexer.demo.render import render
    from indexer.demo.sample import random_garment, random_shot

    folder.mkdir(parents=True, exist_ok=True)
    rows: list[tuple[Path, bool]] = []
    for number in range(drawn):
        dress = random_garment(DRAWN_SEED + number, "dress")
        photo = folder / f"{number}.jpg"
        if not photo.is_file():
            part = photo.with_suffix(".part")
            part.write_bytes(render(dress, random_shot(DRAWN_SEED + number, 0)).jpeg())
            part.replace(photo)
        rows.append((photo, dress.maxi))
    rows += worn_lengths(data / "garment-masks")
    with table.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("image", "maxi"), *((photo, str(maxi).lower()) for photo, maxi in rows)])


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


def _write(model: LabelModel, to: Path, learned: str, figures: Mapping[str, Any]) -> None:
    """The file, its card for people, and its line in SHA256SUMS."""
    name = f"label_{model.attribute}"
    told = {**model.card, "data": learned, "figures": dict(figures), "command": COMMAND}
    model = LabelModel(model.attribute, model.classes, model.several, model.spaces, model.head, told)
    file = to / f"{name}.safetensors"
    model.save(file)
    sha256, sums = hash_file(file), to / "SHA256SUMS"
    lines = sums.read_text(encoding="utf-8").splitlines() if sums.is_file() else []
    kept = [line for line in lines if not line.endswith(f"  {file.name}")]
    kept = sorted([*kept, f"{sha256}  {file.name}"], key=lambda line: line.split("  ")[1])
    sums.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")
    (to / f"{name}.md").write_text(_card(model, told, sha256, file.stat().st_size), encoding="utf-8")
    click.echo(json.dumps({"file": str(file), "figures": dict(figures)}))


def _card(model: LabelModel, told: Mapping[str, Any], sha256: str, size: int) -> str:
    spaces = ", ".join(f"`{one.name}` ({one.fingerprint})" for one in model.spaces)
    lines = [
        f"# Model card: the label `{model.attribute}`",
        "",
        f"A {model.head.kind} head on the vectors of {spaces}; classes: {', '.join(model.classes)}.",
        "",
        f"- File: `label_{model.attribute}.safetensors`, {size:,} bytes, SHA-256 `{sha256}`",
        f"- Learned from: {told['data']}",
        *([f"- Photos: {json.dumps(told['photos'])}"] if "photos" in told else []),
        f"- Seed {told['seed']}; chosen on validation photos: {json.dumps(told['chosen'])}",
        f"- Command: `{COMMAND}`",
        "- Licence: Apache-2.0, as Houndstooth's",
        "",
    ]
    for title, figures in told["figures"].items():
        lines += [f"## {title[0].upper()}{title[1:]}", "", f"{figures['photos']} photos; 95 % intervals by groups.", ""]
        lines += ["| measure | value | from | to |", "|---|---|---|---|"]
        for name, values in figures.items():
            if isinstance(values, list):
                cells = [*(f"{one:.3f}" for one in values), *[""] * (3 - len(values))]
                lines.append(f"| {name.replace('_', ' ')} | {' | '.join(cells)} |")
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
