"""`houndstooth prepare`: datasets made ready to train on."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

import click

from houndstooth.cli.counted import counted
from houndstooth.cli.options import table_or_json

if TYPE_CHECKING:
    from indexer.prepare_in_shop import Prepared


@click.group("prepare")
def command() -> None:
    """Make public datasets ready to train on.

    \b
    houndstooth prepare in-shop ~/deepfashion/In-shop --to ~/in-shop-pairs
    """  # fmt: skip


@command.command("in-shop")
@click.argument("place", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--to", required=True, type=click.Path(path_type=Path), help="The folder to write to.")
@click.option(
    "--mapping",
    type=click.Choice(["actual", "readme", "both"]),
    default="actual",
    show_default=True,
    help="What the colours of masks mean: what they are in the files, what the dataset's readme says, or one of each.",
)
@click.option("--links", is_flag=True, help="Hard links in the place of copies of the photos.")
@table_or_json
def in_shop(place: Path, to: Path, mapping: str, links: bool, output: str) -> None:
    """Pair the photos of DeepFashion In-Shop in DIR with their colour masks, flat, as label ids.

    Writes photos/, masks/ (or masks-readme/), labels.csv, pairs.csv and unknown.csv. Colours that no table knows become
    background and are counted. Run it again at any time: only what is missing or changed is made. Exits with 1 when
    pairs failed.

    \b
    houndstooth prepare in-shop ~/deepfashion/In-shop --to ~/in-shop-pairs
    houndstooth prepare in-shop ~/deepfashion/In-shop --to ~/pairs --mapping both --links
    """  # fmt: skip
    from indexer.prepare_in_shop import prepare

    chosen = cast(Literal["actual", "readme", "both"], mapping)
    with _stopping() as stopped, _bar() as progress:
        done = prepare(place, to, chosen, links, progress=progress, stopped=stopped)
    _print(done, to, output)
    if done.interrupted:
        click.echo("Stopped early: run the same command again to go on.", err=True)
        raise SystemExit(130)
    if done.failed:
        raise SystemExit(1)


def _print(done: Prepared, to: Path, output: str) -> None:
    unknown = {"#{:02x}{:02x}{:02x}".format(*colour): count for colour, count in done.unknown.items()}
    if output == "json":
        told = {
            "to": str(to), "pairs": done.pairs, "made": done.made, "unpaired": done.unpaired,
            "failed": [{"pair": pair, "reason": reason} for pair, reason in done.failed],
            "unknown_colours": unknown, "interrupted": done.interrupted,
        }  # fmt: skip
        click.echo(json.dumps(told))
        return
    click.echo(f"{counted(done.pairs, 'pair')} in {to}, {done.made} made now; {done.unpaired} photos have no mask")
    if unknown:
        pixels = counted(sum(unknown.values()), "pixel")
        click.echo(f"{pixels} of {counted(len(unknown), 'unknown colour')}, taken for background: {to / 'unknown.csv'}")
    for pair, reason in done.failed[:5]:
        click.echo(f"  failed: {pair}: {reason}", err=True)
    if len(done.failed) > 5:
        click.echo(f"  ... and {len(done.failed) - 5} more", err=True)


@contextmanager
def _stopping() -> Iterator[Callable[[], bool]]:
    """The first Ctrl-C lets the pairs that were begun be finished."""
    asked: list[int] = []

    def handle(number: int, frame: object) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)

    before = signal.signal(signal.SIGINT, handle)
    try:
        yield lambda: bool(asked)
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _bar() -> Iterator[Callable[[int, int], None]]:
    from tqdm import tqdm

    with tqdm(unit=" pairs", disable=not sys.stderr.isatty()) as bar:

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield show
