"""`houndstooth cluster`: group the catalog."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from houndstooth.cli.counted import counted, three_places
from houndstooth.cli.options import catalog_option, table_or_json, where_option
from houndstooth.cli.shown import shown, table_text

if TYPE_CHECKING:
    from engine.clusters import ClusterRun


class ClusterCount(click.ParamType["int | str"]):
    """A whole number, or `auto`."""

    name = "integer|auto"

    def convert(
        self, value: Any, parameter: click.Parameter | None, context: click.Context | None
    ) -> int | Literal["auto"]:
        """The number, or "auto"."""
        if value == "auto":
            return "auto"
        try:
            return int(value)
        except ValueError:
            self.fail(f"'{value}' is neither a whole number nor auto", parameter, context)


@click.command("cluster")
@click.argument("space")
@catalog_option
@click.option("-k", "k", type=ClusterCount(), default="auto", show_default=True, help="How many clusters, or auto.")
@click.option(
    "--by",
    type=click.Choice(["silhouette", "stability"]),
    default="silhouette",
    show_default=True,
    help="How auto chooses.",
)
@where_option
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed gives the same clusters.")
@click.option("--name", help="What to call the run.  [default: made from the space and k]")
@click.option("--replace", is_flag=True, help="Take the place of the run of that name, given or made.")
@table_or_json
def command(
    space: str,
    catalog: Path,
    k: int | Literal["auto"],
    by: Literal["silhouette", "stability"],
    where: str,
    seed: int,
    name: str | None,
    replace: bool,
    output: str,
) -> None:
    """Group the catalog by k-means over SPACE (colour, palette, vgg, ...), and keep the run.

    \b
    houndstooth cluster colour -k 12 --where "category in ('dress', 'skirt')"
    houndstooth cluster vgg -k auto --by stability
    houndstooth export clusters colour --to clusters.html
    """  # fmt: skip
    from tqdm import tqdm

    from houndstooth.catalog import Catalog

    with tqdm(disable=not sys.stderr.isatty(), leave=False) as bar:

        def show(stage: str, done: int, total: int) -> None:
            bar.set_description_str(stage, refresh=False)
            bar.total, bar.n = total, done
            bar.refresh()

        run = Catalog(catalog).cluster(
            space, k, where=where, seed=seed, name=name, replace=replace, by=by, progress=show
        )
    click.echo(json.dumps(run_json(run)) if output == "json" else run_text(run))


def run_json(run: ClusterRun) -> dict[str, Any]:
    """A run as JSON types, without its centroids."""
    return {
        "id": run.id,
        "name": run.name,
        "space": run.space,
        "k": run.k,
        "where": run.where,
        "seed": run.seed,
        "rows": run.rows,
        "inertia": run.inertia,
        "silhouette": run.silhouette,
        "created": run.created,
        "parameters": dict(run.parameters),
        "clusters": [
            {"number": one.number, "name": one.name, "size": one.size, "medoid": one.medoid_product}
            for one in run.clusters
        ],
    }


def run_text(run: ClusterRun) -> str:
    """A run for people."""
    silhouette = "" if run.silhouette is None else f", silhouette {three_places(run.silhouette)}"
    sizes = f"{counted(run.rows, 'photo')} in {counted(run.k, 'cluster')}"
    said = f"{shown(run.name)}: {sizes} over {run.space}, inertia {run.inertia:.1f}{silhouette}"
    rows = [[one.number, one.name, one.size, one.medoid_product or "removed"] for one in run.clusters]
    return f"{said}\n\n{table_text(rows, ['', 'name', 'size', 'medoid'])}"
