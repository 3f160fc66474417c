"""`houndstooth remove`: out of the catalog, never off the disk."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from houndstooth.cli.counted import counted
from houndstooth.cli.options import catalog_option, table_or_json, where_option
from houndstooth.cli.shown import shown

SHOWN = 5


@click.command("remove")
@catalog_option
@where_option
@click.option("--id", "ids", multiple=True, metavar="PRODUCT", help="This product. May be repeated.")
@click.option("--missing", is_flag=True, help="Photos whose file is no longer there.")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask; it asks only in a terminal.")
@table_or_json
def command(
    catalog: Path, where: str, ids: tuple[str, ...], missing: bool, dry_run: bool, yes: bool, output: str
) -> None:
    """Take products or photos out of the catalog; the photos on disk are not touched.

    Several conditions together mean all of them. Searches leave the removed out at once. A photo whose file is still
    there comes back with the next `houndstooth index` of its folder or table: move the file, or take out its row.

    \b
    houndstooth remove --id 1163
    houndstooth remove --where "season = 'ss24' and price < 5" --dry-run
    houndstooth remove --missing
    """
    from houndstooth.catalog import Catalog

    opened = Catalog(catalog)
    plan = opened.plan_removal(where=where, products=ids, missing=missing)
    if output == "table":
        photos = counted(plan.images_before, "photo")
        click.echo(f"{len(plan.image_ids)} of {photos}, {counted(plan.products, 'product')}")
        for path in plan.paths[:SHOWN]:
            click.echo(f"  {shown(path)}")
        if len(plan.paths) > SHOWN:
            click.echo(f"  ... and {len(plan.paths) - SHOWN} more")
    if plan.image_ids and not dry_run:
        # Half the photos missing at once is more often a disk that is not there than a clearance.
        suspicious = missing and len(plan.image_ids) * 2 > plan.images_before
        if not yes and (suspicious or (sys.stdin.isatty() and output == "table")):
            if not sys.stdin.isatty():
                raise click.UsageError("More than half of the photos are missing: is a disk away? If not, add --yes.")
            if not click.confirm("Remove them from the catalog?"):
                click.echo("Nothing was removed.")
                return
        products = opened.remove(plan)
        if output == "table":
            click.echo(f"Removed {counted(len(plan.image_ids), 'photo')}, {counted(products, 'product')}")
    if output == "json":
        told = {
            "images": len(plan.image_ids),
            "products": plan.products,
            "removed": bool(plan.image_ids) and not dry_run,
            "paths": plan.paths,
        }
        click.echo(json.dumps(told))
