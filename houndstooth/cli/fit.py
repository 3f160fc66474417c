"""`houndstooth fit`: a space made to measure."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

import click

from houndstooth.cli.options import catalog_option, table_or_json


@click.command("fit")
@click.argument("space")
@catalog_option
@click.option("--dim", type=int, default=256, show_default=True, help="Dimensions to keep.")
@click.option("--photos", type=int, default=2000, show_default=True, help="Fit on at most so many photos.")
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed chooses the same photos.")
@click.option("--undo", is_flag=True, help="Go back to the projection that comes with Houndstooth.")
@table_or_json
def command(space: str, catalog: Path, dim: int, photos: int, seed: int, undo: bool, output: str) -> None:
    """Fit the projection of SPACE (vgg) to the catalog's own photos, in place of the one that comes with Houndstooth.

    The next `houndstooth index` extracts that space again; until then it answers as before. Measure before you keep
    it: the projection that comes with Houndstooth was better than one fitted to groceries on groceries.

    \b
    houndstooth fit vgg --dim 128 && houndstooth index ~/photos
    houndstooth fit vgg --undo && houndstooth index ~/photos
    """
    from tqdm import tqdm

    from houndstooth.catalog import Catalog

    opened = Catalog(catalog)
    if undo:
        undone = opened.unfit(space)
        said = "Back to the shipped projection" if undone else "Nothing was fitted"
        click.echo(json.dumps({"space": space, "undone": undone}) if output == "json" else f"{said}{_NEXT * undone}")
        return
    with tqdm(unit=" photos", disable=not sys.stderr.isatty(), leave=False) as bar:

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        report = opened.fit(space, dim=dim, photos=photos, seed=seed, progress=show)
    if output == "json":
        click.echo(json.dumps(asdict(report)))
        return
    skipped = f" ({report.unreadable} more could not be read)" if report.unreadable else ""
    click.echo(f"Fitted {report.dim} dimensions of {space} on {report.photos} photos{skipped}{_NEXT}")


_NEXT = ": `houndstooth index` on the photos puts it to use"
