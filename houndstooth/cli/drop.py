"""`houndstooth drop`: a space out of the catalog."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from houndstooth.cli.options import catalog_option


@click.command("drop")
@click.argument("space")
@catalog_option
@click.option("--yes", "-y", is_flag=True, help="Do not ask; it asks only in a terminal.")
def command(space: str, catalog: Path, yes: bool) -> None:
    """Take SPACE out of the catalog: its vectors, its index, and the attributes that it told of the photos.

    Photos, products and other spaces stay. `houndstooth index --spaces SPACE` makes it anew. Needed when the package
    that a space came from is gone, since indexing goes on in every space of the catalog. The last space stays.

    \b
    houndstooth drop efficientnet_lite0
    houndstooth drop palette --yes --catalog shop.catalog
    """
    from houndstooth.catalog import Catalog

    opened = Catalog(catalog)
    if not yes and sys.stdin.isatty() and not click.confirm(f"Take the vectors of {space} out of the catalog?"):
        click.echo("Nothing was dropped.")
        return
    opened.drop(space)
    click.echo(f"Dropped {space}: the catalog has {', '.join(one.name for one in opened.info().spaces)}")
    if left := [label.name for label in opened.labels() if space in label.spaces]:
        click.echo(
            f"No longer told of new photos, until {space} is there again or they are trained anew: "
            f"{', '.join(left)} (`houndstooth labels`)"
        )
