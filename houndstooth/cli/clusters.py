"""`houndstooth clusters`: the groupings that are kept."""

from __future__ import annotations

import json
from pathlib import Path

import click

from houndstooth.cli.counted import counted, three_places
from houndstooth.cli.kept import is_alone, print_list
from houndstooth.cli.options import catalog_option, table_or_json


@click.group("clusters", invoke_without_command=True)
@catalog_option
@table_or_json
@click.pass_context
def command(context: click.Context, catalog: Path, output: str) -> None:
    """List, show, compare, rename and delete runs of `houndstooth cluster`; alone, list them.

    \b
    houndstooth clusters
    houndstooth clusters show colour-k12
    houndstooth clusters compare colour-k12 vgg-k12
    """
    if is_alone(context, command):
        _print_list(catalog, output)


@command.command("list")
@catalog_option
@table_or_json
def list_command(catalog: Path, output: str) -> None:
    """List the runs.

    \b
    houndstooth clusters list
    """
    _print_list(catalog, output)


def _print_list(catalog: Path, output: str) -> None:
    from houndstooth.catalog import Catalog
    from houndstooth.cli.cluster import run_json

    print_list(
        Catalog(catalog).clusters(),
        output,
        run_json,
        ["", "name", "space", "k", "photos", "silhouette", "made", "where"],
        lambda one: [
            one.id,
            one.name,
            one.space,
            one.k,
            one.rows,
            one.silhouette,
            one.created,
            one.where,
        ],
        "No runs yet: `houndstooth cluster colour` makes one.",
    )


@command.command("show")
@click.argument("run")
@catalog_option
@table_or_json
def show_command(run: str, catalog: Path, output: str) -> None:
    """Show one RUN: a name, a number, or a space for its newest.

    \b
    houndstooth clusters show colour-k12
    houndstooth clusters show colour --format json
    """
    from engine.clusters import open_run
    from engine.store import Store
    from houndstooth.cli.cluster import run_json, run_text

    found = open_run(Store.open(catalog), run)
    click.echo(json.dumps(run_json(found)) if output == "json" else run_text(found))


@command.command("compare")
@click.argument("first")
@click.argument("second")
@catalog_option
@table_or_json
def compare_command(first: str, second: str, catalog: Path, output: str) -> None:
    """Compare two runs on the photos in both: adjusted mutual information, 1 the same, about 0 by chance.

    \b
    houndstooth clusters compare colour-k12 vgg-k12
    """
    from engine.clusters import agreement, open_run
    from engine.store import Store

    store = Store.open(catalog)
    found = agreement(store, open_run(store, first), open_run(store, second))
    if output == "json":
        click.echo(
            json.dumps(
                {
                    "adjusted_mutual_information": found.adjusted_mutual_information,
                    "shared": found.shared,
                    "only_first": found.only_first,
                    "only_second": found.only_second,
                }
            )
        )
    else:
        click.echo(
            f"adjusted mutual information {three_places(found.adjusted_mutual_information)} "
            f"over {counted(found.shared, 'photo')} "
            f"({found.only_first} only in {first}, {found.only_second} only in {second})"
        )


@command.command("rename")
@click.argument("run")
@click.argument("name")
@catalog_option
def rename_command(run: str, name: str, catalog: Path) -> None:
    """Give RUN another NAME.

    \b
    houndstooth clusters rename colour-k12 "spring by colour"
    """
    from engine.clusters import rename_run
    from engine.store import Store

    click.echo(f"It is called {rename_run(Store.open(catalog), run, name).name} now")


@command.command("delete")
@click.argument("run")
@catalog_option
def delete_command(run: str, catalog: Path) -> None:
    """Delete RUN; the photos stay.

    \b
    houndstooth clusters delete colour-k12
    """
    from engine.clusters import delete_run
    from engine.store import Store

    click.echo(f"Deleted {delete_run(Store.open(catalog), run).name}")
