"""`houndstooth label`: a label told of every photo of a catalog."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from houndstooth.cli.counted import counted
from houndstooth.cli.options import catalog_option, table_or_json
from houndstooth.cli.shown import shown

if TYPE_CHECKING:
    from indexer.labels.apply import Applied


@click.command("label")
@click.argument("name")
@catalog_option
@click.option(
    "--model",
    type=click.Path(path_type=Path),
    help="The file of a label.  [default: the catalog's own; else the one that comes with Houndstooth]",
)
@click.option(
    "--confidence",
    type=click.FloatRange(0, 1),
    metavar="CHANCE",
    help="Leave photos without a value whose likeliest one has a smaller chance.",
)
@click.option(
    "--threshold-for-precision",
    "precision",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    metavar="SHARE",
    help="Instead: tell only values of which, by the photos that the label was judged on, so large a share is right.",
)
@click.option("--forget", is_flag=True, help="Take the label and all that it predicted out of the catalog instead.")
@table_or_json
def command(
    name: str,
    catalog: Path,
    model: Path | None,
    confidence: float | None,
    precision: float | None,
    forget: bool,
    output: str,
) -> None:
    """Tell the label NAME of every photo, from its stored vectors; photos indexed later are told it as they come.

    What a table or folder says of a product stays and comes first. Ctrl-C keeps what was told: run it again to go on.

    \b
    houndstooth label maxi --catalog shop.catalog
    houndstooth label maxi --confidence 0.8
    houndstooth label maxi --threshold-for-precision 0.95
    houndstooth label season --model season.safetensors
    houndstooth similar dress.jpg --where "maxi and maxi.confidence > 0.9"
    """
    from engine.store import Store
    from houndstooth.cli.index import stopping
    from houndstooth.labels import apply, choose, label_name
    from houndstooth.labels import forget as forget_label

    store = Store.open(catalog)
    name = label_name(name)
    if forget:
        if model is not None or confidence is not None or precision is not None:
            raise click.UsageError("--forget takes no other option")
        forget_label(store, name)
        click.echo(json.dumps({"label": name, "forgotten": True}) if output == "json" else f"Label {name} is forgotten")
        return
    if confidence is not None and precision is not None:
        raise click.UsageError("--threshold-for-precision chooses the --confidence: give one of the two")
    choose(store, name, model, confidence, precision)
    with stopping() as stop, _bar() as show:
        applied = apply(store, name, show, lambda: stop.stopped)
    _print(applied, output)
    if not applied.done:
        click.echo("Stopped early: run the same command again to go on.", err=True)
        raise SystemExit(130)


@contextmanager
def _bar() -> Iterator[Callable[[int, int], None]]:
    from tqdm import tqdm

    with tqdm(disable=not sys.stderr.isatty(), leave=False, unit=" regions") as bar:

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield show


def _print(applied: Applied, output: str) -> None:
    if output == "json":
        told = {
            "label": applied.attribute,
            "regions": applied.regions,
            "values": {name: dict(values) for name, values in applied.values.items()},
            "unsure": applied.unsure,
            "without_vectors": applied.without,
            "done": applied.done,
        }
        click.echo(json.dumps(told))
        return
    for name, values in applied.values.items():
        said = shown(", ".join(f"{value} {count}" for value, count in values.items())) or "nothing"
        click.echo(f"{name}: {said}, of {counted(applied.regions, 'region')}")
    if applied.unsure:
        click.echo(f"{counted(applied.unsure, 'value')} below the wanted confidence left out")
    if applied.without:
        click.echo(f"{counted(applied.without, 'region')} without a vector to tell it from")
