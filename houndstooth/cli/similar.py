"""`houndstooth similar`: the main question."""

from __future__ import annotations

import json
import sys
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, cast

import click

from engine.errors import HoundstoothError
from houndstooth.cli.counted import counted
from houndstooth.cli.export import require_folder, written
from houndstooth.cli.options import catalog_option, using_option, where_option
from houndstooth.cli.shown import short, shown, shown_path, table_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.query import Group, Query, Results
    from houndstooth.asking import Ask
    from houndstooth.catalog import Catalog

USUAL = ("category", "price", "brand", "dominant_colour")
"""Attributes that the table shows first, and how many it shows."""
LINES_AT_ONCE = 64
"""Questions of a file that are answered together."""


@click.command("similar")
@click.argument("photos", nargs=-1, type=click.Path())
@catalog_option
@click.option("--id", "ids", multiple=True, metavar="PRODUCT", help="Like this product. May be repeated.")
@click.option(
    "--colour",
    "--color",
    "colours",
    default="",
    metavar="COLOURS",
    help='Of these colours and shares: "#1a1a2e:60,#ffffff:40" or "navy,white".',
)
@click.option(
    "--mask",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A picture of what counts in the photo asked with: opaque, or not black, where the garment is.",
)
@click.option("--not", "unlike", multiple=True, metavar="PHOTO|id:PRODUCT", help="Unlike this. May be repeated.")
@using_option
@where_option
@click.option("-k", "k", type=int, default=10, show_default=True, help="How many hits.")
@click.option("--offset", type=int, default=0, show_default=True, help="How many hits to leave out before them.")
@click.option("--min-score", type=float, help="Leave out hits below this score (1 is identical).")
@click.option(
    "--group",
    type=click.Choice(["product", "image"]),
    default="product",
    show_default=True,
    help="One hit a product, or one an image.",
)
@click.option("--explain", is_flag=True, help="Show why: scores per space, dominant colours, what was searched.")
@click.option(
    "--format",
    "output",
    type=click.Choice(["table", "json", "csv", "paths"]),
    default="table",
    show_default=True,
    help="How to print.",
)
@click.option("--html", type=click.Path(path_type=Path), help="Write a page of thumbnails here as well.")
@click.option(
    "--to",
    type=click.Path(path_type=Path),
    help="Write the hits here as well: .csv .jsonl .parquet .html, or a folder of links to the photos.",
)
@click.option("--copy", is_flag=True, help="Put copies of the photos into the folder, not links to them.")
@click.option(
    "--batch",
    type=click.Path(path_type=Path, allow_dash=True),
    help="Answer many: a photo or id:PRODUCT a line (- for standard input); prints one JSON object a line.",
)
def command(
    photos: tuple[str, ...],
    catalog: Path,
    ids: tuple[str, ...],
    colours: str,
    mask: Path | None,
    unlike: tuple[str, ...],
    using: dict[str, float] | None,
    where: str,
    k: int,
    offset: int,
    min_score: float | None,
    group: str,
    explain: bool,
    output: str,
    html: Path | None,
    to: Path | None,
    copy: bool,
    batch: Path | None,
) -> None:
    """Find the products most like PHOTOS, products (--id) or colours (--colour).

    Several examples are combined; --not pushes away. Filters are SQL WHERE conditions over the catalog's attributes.

    \b
    houndstooth similar dress.jpg -k 10 --where "category = 'dress' and price < 80"
    houndstooth similar dress.jpg --mask dress-mask.png
    houndstooth similar --id 1163 --using vgg=2,colour=1 --explain --format json
    houndstooth similar --colour "#1a1a2e:60,#ffffff:40" --html hits.html
    houndstooth similar dress.jpg -k 100 --to hits.csv
    houndstooth similar front.jpg back.jpg --not id:1200
    houndstooth similar --batch queries.txt -k 5 > answers.jsonl
    """  # fmt: skip
    from houndstooth.asking import PRODUCT_PREFIX, Ask
    from houndstooth.catalog import Catalog

    if batch is not None and (photos or ids or colours or mask or html or to):
        left_out = "photos, --id, --colour, --mask, --html and --to"
        raise click.UsageError(f"--batch brings its own questions: leave out {left_out}.")
    if html is not None and html.suffix.lower() != ".html":
        raise click.UsageError(f"--html writes a page: end '{html.name}' in .html.")
    if batch is not None and output in ("csv", "paths"):
        raise click.UsageError(f"--batch prints JSON, an object a line: leave out --format {output}.")
    require_folder(to, copy)
    examples = (*photos, *(PRODUCT_PREFIX + product for product in ids))
    ask = Ask(examples, unlike, colours, using, where, k, offset, min_score, cast("Group", group), mask)
    opened = Catalog(catalog)
    if batch is not None:
        _answer_all(opened, ask, batch, explain)
        return
    results = opened.ask(ask)
    for file in dict.fromkeys(filter(None, (html, to))):
        done = opened.export(results, file, copies=copy and file == to, ask=ask)
        click.echo(f"Wrote {written(done)}", err=True)
    _print(opened, ask, results, explain, output)


def _answer_all(catalog: Catalog, ask: Ask, batch: Path, explain: bool) -> None:
    """One JSON object a line; a line that cannot be answered becomes {"query": ..., "error": ...}."""
    from dataclasses import replace

    at_once = 1 if str(batch) == "-" else LINES_AT_ONCE  # another program may wait for each answer
    failed = 0
    with _questions(batch) as lines:
        asked = (replace(ask, examples=(line.strip(),)) for line in lines if line.strip())
        while part := list(islice(asked, at_once)):
            for one, answer in zip(part, _answers(catalog, part), strict=True):
                if isinstance(answer, HoundstoothError):
                    failed += 1
                    told = {"query": one.to_json(), "error": str(answer)}
                else:
                    told = _told(catalog, one, answer, explain)
                click.echo(json.dumps(told))
    if failed:
        click.echo(f"{counted(failed, 'line')} could not be answered", err=True)
        raise SystemExit(2)


def _answers(catalog: Catalog, asked: Sequence[Ask]) -> list[Results | HoundstoothError]:
    """What each gets, or why it cannot be answered; searched together."""
    from engine.errors import InputError, SpaceError
    from engine.values import is_storable

    failed: dict[int, HoundstoothError] = {}
    queries: dict[int, Query] = {}
    for place, ask in enumerate(asked):
        try:
            if not is_storable(str(ask.examples[0])):
                raise InputError("the line is not UTF-8 text")
            queries[place] = catalog.query(ask)
        except (InputError, SpaceError) as error:
            failed[place] = error
    try:
        found = dict(zip(queries, catalog.search(list(queries.values())), strict=True))
    except (InputError, SpaceError) as error:  # of the filter or the spaces, which all have
        return [failed.get(place, error) for place in range(len(asked))]
    return [failed[place] if place in failed else found[place] for place in range(len(asked))]


def _questions(batch: Path) -> TextIO:
    """The file, or standard input, to read by line. Bytes that are no UTF-8 pass, so that only their line fails."""
    from engine.errors import InputError

    try:
        return cast("TextIO", click.open_file(str(batch), encoding="utf-8-sig", errors="surrogateescape"))
    except OSError as error:
        raise InputError(f"cannot read questions from {batch}: {error.strerror or error}") from error


def _told(catalog: Catalog, ask: Ask, results: Results, explain: bool) -> dict[str, Any]:
    told = results.to_json(ask.to_json())
    if explain:
        told["explanation"] = catalog.explain(ask, results)
    return told


def _print(catalog: Catalog, ask: Ask, results: Results, explain: bool, output: str) -> None:
    if output == "json":
        click.echo(json.dumps(_told(catalog, ask, results, explain)))
    elif output == "paths":
        for hit in results.hits:
            click.echo(hit.image)
    elif output == "csv":
        from engine.export.hits import hit_table
        from engine.export.tables import csv_rows, csv_writer

        csv_writer(sys.stdout).writerows(csv_rows(hit_table(results)))
    else:
        _print_table(catalog, ask, results, explain)


def _print_table(catalog: Catalog, ask: Ask, results: Results, explain: bool) -> None:
    from houndstooth.why_none import why_none

    if not results.hits:
        click.echo(f"No hits: {shown(why_none(catalog.reader, results))}.")
        return
    spaces = list(results.query.vectors) if explain else []
    told = _columns(results)
    header = ["rank", "product", "score", *spaces, *(name.replace("_", " ") for name in told), "image"]
    rows = [
        [
            str(hit.rank),
            hit.product,
            f"{hit.score:.3f}",
            *(f"{hit.scores[name]:.3f}" if name in hit.scores else "" for name in spaces),
            *(short(hit.attributes.get(name)) for name in told),
            shown_path(hit.image),
        ]
        for hit in results.hits
    ]
    click.echo(table_text(rows, header))
    if explain:
        click.echo("")
        for line in catalog.explain(ask, results)["text"]:
            click.echo(shown(line))


def _columns(results: Results) -> list[str]:
    """Attributes to show: the usual ones that any hit has, then others, those that were given first; four at most."""
    there = dict.fromkeys(name for hit in results.hits for name in hit.attributes if not name.startswith("share_"))
    usual = [name for name in USUAL if name in there]
    told = {name for hit in results.hits for name in hit.confidences}
    others = sorted((name for name in there if name not in usual), key=lambda name: name in told)
    return [*usual, *others][: len(USUAL)]
