"""`houndstooth export`: clusters, maps and vectors as files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from houndstooth.cli.counted import counted
from houndstooth.cli.options import catalog_option, where_option

if TYPE_CHECKING:
    from engine.export import Exported


@click.group("export")
def command() -> None:
    """Write clusters, maps or vectors as tables, pages, or folders of pictures.

    \b
    houndstooth export clusters colour --to clusters.csv
    houndstooth export map vgg-tsne --to map.parquet
    houndstooth export vectors vgg --to v.npy
    """


@command.command("clusters")
@click.argument("run", metavar="SPACE|RUN")
@catalog_option
@click.option("--to", type=click.Path(path_type=Path), required=True, help=".csv .jsonl .parquet .html, or a folder.")
@click.option("--copy", is_flag=True, help="Put copies of the photos into the folder, not links to them.")
def clusters_command(run: str, catalog: Path, to: Path, copy: bool) -> None:
    """Write a grouping: the run of this name or number, or the newest over this space.

    Tables have a row a photo: product, image, cluster, cluster_name, distance, outlier, medoid, and every attribute. A
    page shows each cluster's most typical photo first. A folder gets one folder a cluster.

    \b
    houndstooth export clusters colour --to clusters.csv
    houndstooth export clusters colour-k12 --to clusters.html
    houndstooth export clusters colour --to sorted/ --copy
    """
    from engine.clusters import open_run
    from houndstooth.catalog import Catalog

    require_folder(to, copy)
    opened = Catalog(catalog)
    _say(opened.export(open_run(opened.store, run), to, copies=copy), "photo")


@command.command("map")
@click.argument("map_name", metavar="SPACE|MAP")
@catalog_option
@click.option(
    "--to",
    type=click.Path(path_type=Path),
    required=True,
    help="A table: .parquet .csv .jsonl .json; a page: .html; a picture: .png .svg.",
)
@click.option("--colour-by", "--color-by", metavar="ATTRIBUTE|cluster:RUN", help="Colour a page or a picture by this.")
@click.option("--dark", is_flag=True, help="A dark ground for .png and .svg.")
def map_command(map_name: str, catalog: Path, to: Path, colour_by: str | None, dark: bool) -> None:
    """Write a map: the one of this name or number, or the newest over this space.

    Tables have a row a photo: product, image, projection_x, projection_y, placed, and every attribute; Embedding Atlas
    opens the .parquet as it is.

    \b
    houndstooth export map vgg-tsne --to map.parquet
    houndstooth export map vgg --to map.html
    houndstooth export map colour-grid --colour-by dominant_colour --to colours.png
    """
    from engine.export.maps import MAP_TABLES
    from engine.maps import open_map
    from houndstooth.catalog import Catalog
    from houndstooth.cli.map import drawn_text, progress_bar
    from houndstooth.map_drawing import DRAWN

    if to.suffix.lower() not in (*DRAWN, *MAP_TABLES):
        suffixes = ", ".join((*MAP_TABLES, *DRAWN))
        raise click.UsageError(f"cannot write a map to '{to.name}': end the name in {suffixes}.")
    opened = Catalog(catalog)
    found = open_map(opened.store, map_name)
    if to.suffix.lower() not in DRAWN:
        if colour_by or dark:
            raise click.UsageError(f"--colour-by and --dark are for {', '.join(DRAWN)}.")
        _say(opened.export(found, to), "photo")
        return
    with progress_bar() as show:
        drawn = opened.draw_map(found, to, colour_by=colour_by, dark=dark, progress=show)
    click.echo(f"Wrote {drawn_text(drawn)}")


@command.command("vectors")
@click.argument("space")
@catalog_option
@click.option("--to", type=click.Path(path_type=Path), required=True, help="A .npy file; its table comes beside it.")
@where_option
def vectors_command(space: str, catalog: Path, to: Path, where: str) -> None:
    """Write the vectors of SPACE to v.npy, float32, and v.parquet: product, image and attributes row by row.

    \b
    houndstooth export vectors vgg --to v.npy
    houndstooth export vectors colour --to dresses.npy --where "category = 'dress'"
    """
    from houndstooth.catalog import Catalog

    _say(Catalog(catalog).export(space, to, where=where), "vector")


def require_folder(to: Path | None, copy: bool) -> None:
    """Raise UsageError for --copy without a folder to copy into."""
    if copy and (to is None or (to.suffix and not to.is_dir())):
        raise click.UsageError("--copy is for a folder: name one with --to.")


def written(done: Exported) -> str:
    """Where it was written and, of a folder, as what: "by-colour (154 links)"."""
    extra = [
        said
        for count, said in [
            (done.linked, counted(done.linked, "link")),
            (done.copied, counted(done.copied, "copy", "copies")),
            (done.thumbnails, f"{counted(done.thumbnails, 'thumbnail')} where a photo is gone or cannot be linked to"),
            (done.dropped, f"{done.dropped} removed since and left out"),
        ]
        if count
    ]
    told = f" ({', '.join(extra)})" if extra else ""
    return f"{' and '.join(map(str, done.paths))}{told}"


def _say(done: Exported, what: str) -> None:
    click.echo(f"Wrote {counted(done.rows, what)} to {written(done)}")
