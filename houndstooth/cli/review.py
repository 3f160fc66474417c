"""`houndstooth review`: what to look at next, and the answers back."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from houndstooth.cli.counted import counted
from houndstooth.cli.options import catalog_option, table_or_json
from houndstooth.cli.stages import stages

if TYPE_CHECKING:
    from houndstooth.review import Choice, Next, Taken
    from indexer.labels.review.stop import Verdict

STRATEGIES = ("uncertain-diverse", "uncertain", "random", "suspect")


def _names(context: click.Context, parameter: click.Parameter, value: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in value.split(",") if name.strip()))


@click.command("review")
@click.argument("name")
@catalog_option
@click.option(
    "--strategy",
    type=click.Choice(STRATEGIES),
    default="uncertain-diverse",
    show_default=True,
    help="Which photos: where the label is unsure and that differ, where it is unsure, any, or those whose given "
    "value is probably wrong.",
)
@click.option("-n", "count", type=click.IntRange(1), default=50, show_default=True, help="How many photos.")
@click.option(
    "--audit",
    type=click.FloatRange(0, 1),
    default=0.2,
    show_default=True,
    help="The share of them that only checks the label: drawn by lot, never learned from.",
)
@click.option("--classes", default="", callback=_names, metavar="A,B,...", help="What may be answered, if new.")
@click.option(
    "--spaces",
    default="",
    callback=_names,
    metavar="NAME,...",
    help="Spaces whose vectors are learned from.  [default: the label's own]",
)
@click.option("--to", type=click.Path(path_type=Path), help="Write the page here.  [default: review.html]")
@click.option(
    "--answers",
    type=click.Path(path_type=Path),
    help="Take these answers back (.csv .tsv .jsonl .parquet): keep them, train, tell every photo.",
)
@click.option(
    "--target",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.95,
    show_default=True,
    help="The accuracy that is to be proved, with 95 % confidence, before you may stop.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed asks the same.")
@table_or_json
def command(
    name: str,
    catalog: Path,
    strategy: str,
    count: int,
    audit: float,
    classes: tuple[str, ...],
    spaces: tuple[str, ...],
    to: Path | None,
    answers: Path | None,
    target: float,
    seed: int,
    output: str,
) -> None:
    """Write a page of the photos of label NAME that are best looked at next; take the answers back with --answers.

    The page works offline: a key answers, the answers stay in the browser until they are downloaded. Taken back they
    are given values of those photos, which beat what a table says and what is predicted; the label is trained again on
    all of them but the audit, and the audit says whether you may stop. With --to, --answers writes the next page too.

    \b
    houndstooth review category --catalog shop.catalog
    houndstooth review category --catalog shop.catalog --answers answers.csv
    houndstooth review season --classes summer,winter --to season.html
    houndstooth review category --strategy suspect -n 30
    """
    from engine.store import Store
    from houndstooth.review import ReviewOptions, next_photos, take_answers, write_page
    from indexer.labels.review.stop import StopRule

    store = Store.open(catalog)
    options = ReviewOptions(cast("Choice", strategy), count, seed, audit, classes, spaces)
    told: dict[str, Any] = {"label": name}
    if answers is not None:
        with stages() as show:
            taken = take_answers(store, name, answers, options, StopRule(target), show)
        told |= _taken_json(taken)
        if output == "table":
            _print_taken(taken, target)
    if answers is None or to is not None:
        page = to or Path("review.html")
        if page.suffix.lower() != ".html":
            raise click.UsageError(f"--to writes a page: end '{page.name}' in .html.")
        with stages() as show:
            following = next_photos(store, name, options, show)
        back = ["houndstooth", "review", name, "--catalog", str(catalog)]
        back += ["--classes", ",".join(classes)] if classes else []
        if following.asked:
            write_page(store, name, following, page, shlex.join([*back, "--answers", "answers.csv"]))
        told |= {"page": str(page) if following.asked else None, **_next_json(following)}
        if output == "table":
            _print_next(following, page)
    if output == "json":
        click.echo(json.dumps(told))


def _next_json(following: Next) -> dict[str, Any]:
    pool = following.pool
    return {
        "classes": list(pool.said),
        "without_answer": following.left,
        "nothing_to_ask": following.nothing or None,
        "photos": [
            {"image": pool.paths[one.row], "product": pool.products[one.row], "why": one.why,
             "predicted": one.predicted, "confidence": one.confidence, "given": one.said}
            for one in following.asked
        ],
    }  # fmt: skip


def _print_next(following: Next, page: Path) -> None:
    if following.nothing:
        click.echo(f"Nothing to ask: {following.nothing}. {page} was not written.")
        return
    reasons = [one.why for one in following.asked]
    parts = ", ".join(f"{reasons.count(why)} {_WHY[why]}" for why in dict.fromkeys(sorted(reasons)))
    click.echo(
        f"{counted(len(reasons), 'photo')} to look at: {parts}; {following.left} of {len(following.pool)} are open"
    )
    click.echo(f"Wrote {page}: open it in a browser, answer, download answers.csv")


_WHY = {
    "audit": "to check the label",
    "unsure": "where it is unsure",
    "random": "at random",
    "typical": "typical of their kinds",
    "suspect": "whose value is probably wrong",
}


def _taken_json(taken: Taken) -> dict[str, Any]:
    verdict = taken.verdict
    return {
        "answers": taken.answers,
        "changed": taken.changed,
        "by_class": taken.classes,
        "trained": None if taken.trained is None else dict(taken.trained.model.card),
        "not_trained": "nothing new to learn from" if taken.same else taken.untrained or None,
        "replaced": taken.replaced,
        "told": taken.told,
        "stop": None if verdict is None else {
            "stop": verdict.stop, "target": verdict.rule.target, "confidence": verdict.rule.confidence,
            "right": verdict.right, "audited": verdict.n, "lower": verdict.lower, "model": verdict.look,
            "needed": verdict.needed, "audit": taken.audit,
        },
    }  # fmt: skip


def _print_taken(taken: Taken, target: float) -> None:
    by_class = ", ".join(f"{label} {count}" for label, count in taken.classes.items())
    click.echo(f"{counted(taken.answers, 'answer')} kept, {taken.changed} of them new: {by_class}")
    if taken.same:
        click.echo("Nothing to learn: the label has learned from just these answers already")
    elif taken.trained is None:
        click.echo(f"Not trained yet: {taken.untrained}")
    else:
        card = taken.trained.model.card
        click.echo(
            f"Trained on {counted(card['photos']['labelled'], 'photo')}; right on {card['right']:.3f} of them when not "
            "learned from (they are no random sample: the audit tells what to expect)"
        )
        if not taken.replaced:
            click.echo(
                f"The label before stays: of {taken.compared} audit answers it has {taken.before_right} right, the new "
                f"one {taken.after_right}"
            )
    if taken.told:
        click.echo("Told every photo: " + ", ".join(f"{label} {count}" for label, count in sorted(taken.told.items())))
    click.echo(_stop_text(taken.verdict, taken.audit, target))


def _stop_text(verdict: Verdict | None, audit: int, target: float) -> str:
    if verdict is None:
        return "Go on: there is no label yet that the audit could judge, one that has not learned from its photos"
    right = f"{verdict.right} of {counted(verdict.n, 'audit answer')} right"
    if verdict.stop:
        return f"You may stop: {right}, accuracy at least {verdict.lower:.3f} with 95 % confidence, all looks counted"
    if verdict.n < verdict.needed:
        short = f"; the catalog's audit has only {counted(audit, 'photo')}" if audit < verdict.needed else ""
        return f"Go on: {right}; at least {verdict.needed}, all right, are needed to prove {target:g}{short}"
    return f"Go on: {right}, accuracy at least {verdict.lower:.3f} with 95 % confidence, not yet {target:g}"
