"""`houndstooth labels`: the labels of a catalog."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from houndstooth.cli.counted import counted
from houndstooth.cli.options import catalog_option, table_or_json
from houndstooth.cli.shown import shown


@click.command("labels")
@catalog_option
@table_or_json
def command(catalog: Path, output: str) -> None:
    """List the labels of the catalog: what they tell, from which spaces, how good they were, and of how many photos.

    \b
    houndstooth labels --catalog shop.catalog
    houndstooth labels --format json
    """
    from engine.store import Store
    from houndstooth.labels import list_labels

    lines = list_labels(Store.open(catalog))
    if output == "json":
        click.echo(json.dumps([asdict(line) for line in lines]))
        return
    if not lines:
        click.echo("No labels yet: `houndstooth train NAME --from labels.csv` makes one")
    for line in lines:
        right = line.card.get("right")
        judged = f", right {right:.3f} of {line.card.get('tested')} ({line.card.get('scheme')})" if right else ""
        click.echo(f"{line.name}: {line.state}")
        click.echo(
            f"  {line.head} head on {', '.join(line.spaces)}, {counted(len(line.classes), 'class', 'classes')}{judged}"
        )
        for name, values in line.values.items():
            click.echo(f"  {name}: " + shown(", ".join(f"{value} {count}" for value, count in values.items())))
