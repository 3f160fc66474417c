"""`houndstooth evaluate`: how well the catalog answers, on what its data marks."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from houndstooth.cli.counted import counted
from houndstooth.cli.options import catalog_option, table_or_json, using_option
from houndstooth.cli.shown import shown

if TYPE_CHECKING:
    from engine.retrieval.report import Figures, RetrievalReport


@click.group("evaluate")
def command() -> None:
    """Measure how well the catalog answers.

    \b
    houndstooth evaluate retrieval --catalog inshop.catalog
    """  # fmt: skip


@command.command("retrieval")
@catalog_option
@using_option
@click.option(
    "--query", default="", metavar="FILTER", help="Which photos ask.  [default: is_query, or split = 'query']"
)
@click.option(
    "--gallery", default="", metavar="FILTER", help="Which photos answer.  [default: is_gallery, or split = 'gallery']"
)
@click.option(
    "--same", default="product", show_default=True, metavar="ATTRIBUTE", help="What photos of one thing share."
)
@click.option("--per", metavar="ATTRIBUTE", help="Tell the results apart by this, '' for nothing.  [default: category]")
@click.option("--to", type=click.Path(path_type=Path), help="Also write a page (.html), with the worst queries.")
@click.option("--worst", type=click.IntRange(0, 1000), default=30, show_default=True, help="Worst queries on the page.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the intervals.")
@table_or_json
def retrieval(
    catalog: Path,
    using: Mapping[str, float] | None,
    query: str,
    gallery: str,
    same: str,
    per: str | None,
    to: Path | None,
    worst: int,
    seed: int,
    output: str,
) -> None:
    """Ask with every query photo: does the gallery's photo of the same product come first?

    Datasets that mark query and gallery (In-Shop, DeepFashion2, tables of Open Metric Learning) need no filters.
    Recall@k is the share of queries with a right photo among the first k; mAP, mAP@R and R-precision look at all right
    photos. Intervals are 95 % bootstraps over products. Queries that the gallery has nothing for are left out and
    counted.

    \b
    houndstooth evaluate retrieval --catalog inshop.catalog
    houndstooth evaluate retrieval --using vgg=2,colour --to report.html
    houndstooth evaluate retrieval --query "worn" --gallery "not worn" --same pair --format json
    """  # fmt: skip
    from engine.errors import InputError
    from engine.export.place import new_file, require_parent
    from engine.retrieval import Question, evaluate_retrieval
    from houndstooth.catalog import Catalog

    if to is not None and to.suffix.lower() != ".html":
        raise InputError(f"{to}: the report is a page: give it a name that ends in .html")
    if to is not None:
        require_parent(to)
    opened = Catalog(catalog)
    question = Question(using or {}, query, gallery, same, per, worst if to else 0, seed)
    with _bar() as progress:
        report = evaluate_retrieval(opened.reader, question, progress)
    if to is not None:
        from engine.pages.retrieval import retrieval_page

        with new_file(to) as path:
            path.write_text(retrieval_page(opened.store, report), encoding="utf-8")
    if output == "json":
        click.echo(json.dumps(report.to_json()))
        return
    _print(report)
    if to is not None:
        click.echo(f"\n{to}: the figures and {counted(len(report.worst), 'worst query', 'worst queries')}")


def _print(report: RetrievalReport) -> None:
    asked = report.question
    spaces = " + ".join(
        f"{weight:g} {name}" if len(asked.weights) > 1 else name for name, weight in asked.weights.items()
    )
    click.echo(
        f"{counted(report.whole.queries, 'query', 'queries')} of {counted(report.whole.products, asked.same)} "
        f"against {counted(report.gallery, 'photo')}, compared by {spaces}"
    )
    if report.unanswerable:
        click.echo(f"{counted(report.unanswerable, 'query', 'queries')} left out: the gallery has no photo of the same")
    click.echo("")
    for name, one in report.whole.measures.items():
        click.echo(f"{name:<12} {one.mean:6.3f}   {one.low:.3f} to {one.high:.3f}")
    if len(report.groups) > 1:
        click.echo("")
        _print_groups(asked.per or "", report.groups)


def _print_groups(per: str, groups: Mapping[str, Figures]) -> None:
    width = max(len(per), *(min(len(name), 30) for name in groups))
    names = list(next(iter(groups.values())).measures)
    click.echo(f"{per:<{width}} {'queries':>8}" + "".join(f"{name:>12}" for name in names))
    for name, one in groups.items():
        cells = "".join(f"{value.mean:>12.3f}" for value in one.measures.values())
        click.echo(f"{shown(name[:30]):<{width}} {one.queries:>8}{cells}")


@contextmanager
def _bar() -> Iterator[Callable[[int, int], None]]:
    from tqdm import tqdm

    with tqdm(unit=" queries", disable=not sys.stderr.isatty()) as bar:

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield show
