"""`houndstooth map`: see the whole catalog at a glance."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from houndstooth.cli.counted import counted, three_places
from houndstooth.cli.options import catalog_option, table_or_json, where_option
from houndstooth.cli.shown import shown, table_text

if TYPE_CHECKING:
    from engine.maps import Method, Progress, StoredMap
    from houndstooth.map_drawing import DrawnMap
    from houndstooth.map_new_photos import PlacedPhotos

METHODS = ("tsne", "pca", "umap", "grid")
MEASURES = {"trustworthiness": "trustworthiness", "continuity": "continuity", "neighbours_kept": "neighbours kept"}


class Aspect(click.ParamType["float"]):
    """Width / height as 3:4 or 0.75."""

    name = "width:height"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> float:
        """The quotient."""
        if isinstance(value, float):
            return value
        wide, _, high = str(value).partition(":")
        try:
            return float(wide) / float(high or 1)
        except (ValueError, ZeroDivisionError):
            self.fail(f"'{value}' is not a shape: write 3:4, or 0.75", parameter, context)


@click.command("map")
@click.argument("space")
@catalog_option
@click.option("--method", type=click.Choice(METHODS), help="How to lay out.  [default: tsne]")
@where_option
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed gives the same map.")
@click.option("--name", help="What to call the map.  [default: made from the space and method]")
@click.option("--replace", is_flag=True, help="Take the place of the map of that name, given or made.")
@click.option("--columns", type=int, help="Of the grid.  [default: about as wide as high]")
@click.option("--aspect", type=Aspect(), help="Of the grid's cells, width:height.  [default: 3:4]")
@click.option("--by", default="", metavar="ATTRIBUTE", help="Sort the grid's columns by this.")
@click.option("--colour-by", "--color-by", metavar="ATTRIBUTE|cluster:RUN", help="Colour by this.")
@click.option("--to", type=click.Path(path_type=Path), help="Draw it here: .html, .png or .svg.")
@click.option("--dark", is_flag=True, help="A dark ground for .png and .svg; a page has both.")
@click.option(
    "--place",
    type=click.Path(path_type=Path),
    metavar="FOLDER|PHOTO",
    help="Find the places of these photos on the map SPACE (its name, or the newest of a space); they are not indexed.",
)
@click.option("--place-new", is_flag=True, help="Put onto the map SPACE what was indexed since; nothing on it moves.")
@table_or_json
def command(
    space: str,
    catalog: Path,
    method: Method | None,
    where: str,
    seed: int,
    name: str | None,
    replace: bool,
    columns: int | None,
    aspect: float | None,
    by: str,
    colour_by: str | None,
    to: Path | None,
    dark: bool,
    place: Path | None,
    place_new: bool,
    output: str,
) -> None:
    """Lay out the catalog by SPACE (colour, palette, vgg, pattern) so that what is alike is near, and keep the map.

    t-SNE keeps neighbours best; PCA keeps distances and is quick; UMAP (extra [umap]) draws groups tighter; the grid
    gives every picture a cell of its own. Needs the extra [maps]: pip install 'houndstooth[maps]'.

    \b
    houndstooth map vgg --to map.html
    houndstooth map colour --method grid --colour-by dominant_colour --to colours.png
    houndstooth map colour --method grid --by price --aspect 3:4 --to by-price.png
    houndstooth map vgg --where "category = 'dress'" --colour-by cluster:vgg-k12 --to dresses.html
    houndstooth map pattern --place new_photos/ --to placed.png
    houndstooth map pattern --place-new --to map.html
    """  # fmt: skip
    from engine.maps import open_map
    from houndstooth.catalog import Catalog
    from houndstooth.map_colours import check_colour_by
    from houndstooth.map_drawing import check_drawn

    made = [method, where, name, columns, aspect, by, replace or None]
    if (place is not None or place_new) and any(made):
        raise click.UsageError("--place and --place-new use a map that is there: leave out what makes one.")
    if place is not None and place_new:
        raise click.UsageError("--place is for photos that are not in the catalog, --place-new for those that are.")
    if (colour_by or dark) and to is None:
        raise click.UsageError("--colour-by and --dark are for what is drawn: say where with --to.")
    if to is not None:
        check_drawn(to, place is not None)
    opened = Catalog(catalog)
    if colour_by:
        check_colour_by(opened.reader, colour_by)
    new: PlacedPhotos | None = None
    with progress_bar() as show:
        if place is not None:
            stored = open_map(opened.store, space)
            new = opened.place(stored, place, progress=show)
            said, told = placed_text(stored, new), {"map": map_json(stored), **placed_json(new)}
        elif place_new:
            stored, count = opened.place_new(open_map(opened.store, space), progress=show)
            why = "" if count else " (all that the space has and the map's filter lets through is on it)"
            said = f"{counted(count, 'photo')} placed{why}; {map_text(stored)}"
            told = {"map": map_json(stored), "placed": count}
        else:
            stored = opened.map(
                space, method or "tsne", where=where, seed=seed, name=name, replace=replace, columns=columns,
                aspect=aspect, by=by, progress=show,
            )  # fmt: skip
            said, told = map_text(stored), map_json(stored)
        drawn = opened.draw_map(stored, to, colour_by=colour_by, dark=dark, new=new, progress=show) if to else None
    if output == "json":
        click.echo(json.dumps({**told, "files": [str(path) for path in drawn.paths] if drawn else []}))
        return
    click.echo(said)
    if drawn:
        click.echo(f"Drew {drawn_text(drawn, len(new.photos) if new else 0)}")


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """A bar on a terminal: called with a stage, what is done of it and how much there is."""
    from tqdm import tqdm

    with tqdm(disable=not sys.stderr.isatty(), leave=False) as bar:

        def show(stage: str, done: int, total: int) -> None:
            bar.set_description_str(stage, refresh=False)
            bar.total, bar.n = total, done
            bar.refresh()

        yield show


def drawn_text(drawn: DrawnMap, new: int = 0) -> str:
    """What is on a page or picture, and where it is. new: photos that are not the catalog's."""
    extra = [
        text
        for count, text in [
            (drawn.dots, f"{drawn.dots} as dots for want of room"),
            (drawn.dropped, f"{drawn.dropped} removed since and left out"),
        ]
        if count
    ]
    told = f" ({', '.join(extra)})" if extra else ""
    beside = f" and {counted(new, 'new one')}" if new else ""
    return f"{counted(drawn.photos, 'photo')}{beside} to {' and '.join(map(str, drawn.paths))}{told}"


def map_json(stored: StoredMap) -> dict[str, Any]:
    """A map as JSON types, without its points."""
    return {
        "id": stored.id,
        "name": stored.name,
        "space": stored.space,
        "method": stored.method,
        "where": stored.where,
        "seed": stored.seed,
        "rows": stored.rows,
        "columns": stored.cell[0] if stored.cell else None,
        "lines": stored.cell[1] if stored.cell else None,
        "quality": dict(stored.quality),
        "created": stored.created,
        "parameters": dict(stored.parameters),
    }


def map_text(stored: StoredMap) -> str:
    """A map for people."""
    grid = f", {stored.cell[0]} x {stored.cell[1]} cells" if stored.cell else ""
    known = {what: stored.quality[key] for key, what in MEASURES.items() if key in stored.quality}
    said = ", ".join(f"{what} {three_places(value)}" for what, value in known.items())
    said = said or "not measured: fewer than 4 photos, or all of them alike"
    judged = stored.parameters.get("judged", {})
    of = f" (of the {judged['neighbours']} nearest, among {counted(judged['rows'], 'photo')})" if judged else ""
    photos = counted(stored.rows, "photo")
    return f"{shown(stored.name)}: {photos} over {stored.space} by {stored.method}{grid}\n{said}{of}".strip()


def placed_json(new: PlacedPhotos) -> dict[str, Any]:
    """Placed photos as JSON types."""
    return {
        "placed": [
            {"photo": one.path, "x": one.x, "y": one.y, "product": one.product, "image": one.image, "score": one.score}
            for one in new.photos
        ],
        "failed": [{"photo": path, "reason": reason} for path, reason in new.failed],
    }


def placed_text(stored: StoredMap, new: PlacedPhotos) -> str:
    """Placed photos for people."""
    rows = [[Path(one.path).name, one.x, one.y, one.product, one.score] for one in new.photos]
    failed = "".join(f"\nnot placed: {shown(path)}: {shown(reason)}" for path, reason in new.failed)
    header = ["photo", "x", "y", "most like", "score"]
    return f"{counted(len(rows), 'photo')} on {shown(stored.name)}\n\n{table_text(rows, header)}{failed}"
