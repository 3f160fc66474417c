"""`houndstooth check`: is the catalog whole?"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

import click

from houndstooth.cli.options import catalog_option, table_or_json


@click.command("check")
@catalog_option
@click.option("--repair", is_flag=True, help="Rebuild what is derived; mark lost vectors to be indexed again.")
@table_or_json
def command(catalog: Path, repair: bool, output: str) -> None:
    """Verify every hash, count and reference, and the agreement of indexes and vectors. Exit 1 when something is wrong.

    --repair takes broken files out of use, builds FAISS files and thumbnails anew, and marks photos whose vectors are
    lost; the next `houndstooth index` extracts those again. It never touches what is sound.

    \b
    houndstooth check
    houndstooth check --repair && houndstooth index ~/photos
    """
    from tqdm import tqdm

    from houndstooth.catalog import Catalog

    opened = Catalog(catalog)
    with tqdm(unit=" files", disable=not sys.stderr.isatty(), leave=False) as bar:

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        report = opened.check(progress=show)
    told = {
        "clean": report.clean,
        "files": report.shards,
        "rows": report.rows,
        "findings": [asdict(finding) for finding in report.findings],
    }
    if output == "table":
        for finding in report.findings:
            click.echo(f"{finding.part}: {finding.subject}: {finding.message}")
        state = "all is well" if report.clean else f"{len(report.findings)} things are wrong"
        click.echo(f"{report.shards} files and {report.rows} rows checked: {state}")
    if repair and not report.clean:
        done = opened.repair(report)
        told["repair"] = asdict(done)
        if output == "table":
            click.echo(f"Took {done.retired} files out of use")
            click.echo(f"Made {done.thumbnails} thumbnails and {done.indexes} indexes anew")
            if done.reindex:
                click.echo(f"{done.reindex} photos lost vectors: run `houndstooth index` on them again")
            for space in done.unfitted:
                click.echo(
                    f"Space {space} lost its own projection or weights: `houndstooth index` takes those that come with "
                    "it, unless you run `houndstooth fit` first or give --set"
                )
            if done.without_thumbnail:
                click.echo(f"{done.without_thumbnail} photos could not be read for a thumbnail")
    if output == "json":
        click.echo(json.dumps(told))
    if not report.clean and not (repair and opened.check().clean):
        raise SystemExit(1)
