"""What `houndstooth train NAME` prints of the label that it made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from houndstooth.cli.counted import counted
from houndstooth.cli.shown import shown

if TYPE_CHECKING:
    from houndstooth.labels import Confidence
    from indexer.labels.train import Trained


def _shown(confidence: Confidence) -> str:
    if isinstance(confidence, float | int):
        return f"{confidence:g}"
    return ", ".join(f"{least:g} ({label})" for label, least in confidence.items())


def print_trained(
    name: str, trained: Trained, catalog: Path | None, to: Path | None, confidence: Confidence, output: str
) -> None:
    """The label's photos, measures with their ends, what could not be used, and where it was kept."""
    from indexer.labels.metrics import TITLES

    training, labelled = trained.training, trained.training.labelled
    card = trained.model.card
    if output == "json":
        click.echo(
            json.dumps({
                "label": name,
                "classes": list(labelled.classes),
                "spaces": [space.name for space in trained.model.spaces],
                "card": card,
                "problems": list(training.problems),
                "catalog": str(catalog) if catalog else None,
                "confidence": confidence,
                "file": str(to) if to else None,
            })
        )  # fmt: skip
        return
    photos = card["photos"]
    by_class = ", ".join(f"{label} {count}" for label, count in photos["by_class"].items())
    click.echo(f"{counted(len(labelled), 'photo')} labelled: {shown(by_class)}")
    for problem in training.problems[:5]:
        click.echo(f"  not used: {shown(problem)}", err=True)
    if len(training.problems) > 5:
        click.echo(f"  ... and {len(training.problems) - 5} more", err=True)
    near = training.duplicates
    if len(near.near):
        click.echo(
            f"{counted(near.photos, 'photo has', 'photos have')} a copy or near-duplicate ({near.copies} copies): "
            "kept on one side of every split"
        )
        for (one, other), count in near.crossing(labelled.part).items():
            click.echo(f"  {counted(count, 'photo')} of {other} with one in {one}, as the parts were given")
    scores = trained.evaluation.scores
    sides = f"{scores[0].train} to learn from, {scores[0].validation} to choose by, {scores[0].test} to test on"
    click.echo(f"Judged by {trained.evaluation.scheme}: {sides}" + (" in the first fold" if len(scores) > 1 else ""))
    tested = len(set(trained.evaluation.predictions.rows.tolist()))
    times = "" if tested == card["tested"] else f", {card['tested']} times in all"
    click.echo(f"{counted(tested, 'photo')} tested on{times}, none learned from; 95 % intervals by groups:")
    for measure, found in card["metrics"].items():
        ends = f"  {found['low']:.3f} to {found['high']:.3f}" if "low" in found else ""
        click.echo(f"  {TITLES[measure]:<18} {found['value']:.3f}{ends}")
    for space, known in card.get("tested_that_a_space_was_taught_by", {}).items():
        others = "" if known["right_of_others"] is None else f"; of the others {known['right_of_others']:.3f} are right"
        click.echo(
            f"Warning: the network of '{space}' was taught by {counted(known['tested'], 'photo')} of those tested on, "
            f"and looks better on them than it is{others}",
            err=True,
        )
    if to is not None:
        click.echo(f"Wrote {to}: `houndstooth label {name} --model {to}` puts it in a catalog")
    if catalog is not None:
        click.echo(f"Kept in {catalog}: `houndstooth label {name} --catalog {catalog}` tells its photos")
    elif to is None:
        click.echo("Kept nowhere: name a --catalog, or a file with --to")
    if confidence:
        click.echo(
            f"Values told with less than a confidence of {_shown(confidence)} stay left out, as they were: choose anew "
            f"with `houndstooth label {name} --confidence`, or --threshold-for-precision"
        )
