"""`houndstooth sources`: what `houndstooth index` reads."""

from __future__ import annotations

import json

import click

from houndstooth.cli.options import table_or_json


@click.command("sources")
@click.argument("place", required=False)
@table_or_json
def command(place: str | None, output: str) -> None:
    """List the kinds of sources that can be indexed; with PLACE, say which of them it is.

    `houndstooth index` looks which kind a folder or file is; --source NAME says it instead.

    \b
    houndstooth sources
    houndstooth sources ~/deepfashion/In-shop
    houndstooth sources --format json
    """  # fmt: skip
    from engine.errors import SourceError
    from indexer.sources.formats import FORMATS
    from indexer.sources.open import find_source_format

    if place is not None:
        found = find_source_format(place)
        if found is None:
            raise SourceError(f"{place}: not a source Houndstooth reads: `houndstooth sources` lists all")
        click.echo(json.dumps({"place": str(place), "source": found.name}) if output == "json" else found.name)
        return
    if output == "json":
        listed = [
            {"name": one.name, "reads": one.reads, "detected": one.shape, "example": one.example} for one in FORMATS
        ]
        click.echo(json.dumps(listed, indent=2))
        return
    for one in FORMATS:
        click.echo(f"{one.name}\n  {one.reads}\n  known by: {one.shape}\n  $ {one.example}")
