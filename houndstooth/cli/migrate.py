"""`houndstooth migrate`: an older catalog for this program."""

from __future__ import annotations

from pathlib import Path

import click

from houndstooth.cli.options import catalog_option


@click.command("migrate")
@catalog_option
def command(catalog: Path) -> None:
    """Bring a catalog made by an older Houndstooth up to date: a backup first, then all of it or nothing.

    \b
    houndstooth migrate --catalog shop.catalog
    """
    from engine.migrate import migrate

    done = migrate(catalog)
    if done.backup is None:
        click.echo(f"{catalog} is up to date (schema {done.after})")
    else:
        click.echo(f"{catalog} went from schema {done.before} to {done.after}; the old database is {done.backup}")
