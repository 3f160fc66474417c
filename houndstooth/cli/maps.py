"""`houndstooth maps`: the maps that are kept."""

from __future__ import annotations

import json
from pathlib import Path

import click

from houndstooth.cli.kept import is_alone, print_list
from houndstooth.cli.options import catalog_option, table_or_json


@click.group("maps", invoke_without_command=True)
@catalog_option
@table_or_json
@click.pass_context
def command(context: click.Context, catalog: Path, output: str) -> None:
    """List, show, rename and delete maps of `houndstooth map`; alone, list them.

    \b
    houndstooth maps
    houndstooth maps show vgg-tsne
    houndstooth export map vgg-tsne --to map.html
    """
    if is_alone(context, command):
        _print_list(catalog, output)


@command.command("list")
@catalog_option
@table_or_json
def list_command(catalog: Path, output: str) -> None:
    """List the maps.

    \b
    houndstooth maps list
    """
    _print_list(catalog, output)


def _print_list(catalog: Path, output: str) -> None:
    from houndstooth.catalog import Catalog
    from houndstooth.cli.map import MEASURES, map_json

    print_list(
        Catalog(catalog).maps(),
        output,
        map_json,
        ["", "name", "space", "method", "photos", *MEASURES.values(), "made", "where"],
        lambda one: (
            [one.id, one.name, one.space, one.method, one.rows]
            + [one.quality.get(key) for key in MEASURES]
            + [one.created, one.where]
        ),
        "No maps yet: `houndstooth map colour --to map.html` makes one.",
    )


@command.command("show")
@click.argument("map_name", metavar="MAP")
@catalog_option
@table_or_json
def show_command(map_name: str, catalog: Path, output: str) -> None:
    """Show one MAP: a name, a number, or a space for its newest.

    \b
    houndstooth maps show vgg-tsne
    """
    from engine.maps import open_map
    from engine.store import Store
    from houndstooth.cli.map import map_json, map_text

    found = open_map(Store.open(catalog), map_name)
    click.echo(json.dumps(map_json(found)) if output == "json" else map_text(found))


@command.command("rename")
@click.argument("map_name", metavar="MAP")
@click.argument("name")
@catalog_option
def rename_command(map_name: str, name: str, catalog: Path) -> None:
    """Give MAP another NAME.

    \b
    houndstooth maps rename vgg-tsne "spring at a glance"
    """
    from engine.maps import rename_map
    from engine.store import Store

    click.echo(f"It is called {rename_map(Store.open(catalog), map_name, name).name} now")


@command.command("delete")
@click.argument("map_name", metavar="MAP")
@catalog_option
def delete_command(map_name: str, catalog: Path) -> None:
    """Delete MAP; the photos stay.

    \b
    houndstooth maps delete vgg-tsne
    """
    from engine.maps import delete_map
    from engine.store import Store

    click.echo(f"Deleted {delete_map(Store.open(catalog), map_name).name}")
