"""`houndstooth compact`: what indexing does when it is due, now."""

from __future__ import annotations

from pathlib import Path

import click

from houndstooth.cli.options import catalog_option


@click.command("compact")
@catalog_option
def command(catalog: Path) -> None:
    """Merge small files, drop the rows of what was removed, and sweep files that nothing names.

    Indexing and removing do this by themselves when it is due. Files that another process may still read stay for an
    hour.

    \b
    houndstooth compact --catalog shop.catalog
    """
    from houndstooth.catalog import Catalog

    done = Catalog(catalog).compact()
    click.echo(
        f"{done.merged} files rewritten as {done.made}, {done.cleared} removed rows cleared, "
        f"{done.swept} old files swept ({done.freed / 1e6:.1f} MB)"
    )
