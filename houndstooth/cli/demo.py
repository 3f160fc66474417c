"""`houndstooth demo`: a shop to try things on."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from houndstooth.cli.counted import counted


@click.command("demo")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--products", type=click.IntRange(1), default=600, show_default=True, help="How many products to draw.")
@click.option("--seed", type=int, default=0, show_default=True, help="Another seed, another shop.")
def command(folder: Path, products: int, seed: int) -> None:
    """Draw a demo shop into FOLDER: photos of garments, their masks, and products.csv with prices and brands.

    Everything is drawn by Houndstooth itself: the pictures are yours to use as you like.

    \b
    houndstooth demo demo/
    houndstooth index demo/products.csv --catalog demo/shop.catalog
    """
    from tqdm import tqdm

    from indexer.demo import write_demo

    with tqdm(total=products, unit=" products", disable=not sys.stderr.isatty()) as bar:

        def show(done: int) -> None:
            bar.update(done - bar.n)

        summary = write_demo(folder, products=products, seed=seed, progress=show)
    photos, drawn = counted(summary.photos, "photo"), counted(summary.products, "product")
    click.echo(f"Drew {photos} of {drawn}: {folder / 'products.csv'}")
