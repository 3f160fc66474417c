"""`houndstooth index`: photos into a catalog."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from houndstooth.cli.counted import counted
from houndstooth.cli.options import catalog_option, column_option, parse_pairs, root_option, table_or_json
from houndstooth.cli.shown import shown

if TYPE_CHECKING:
    from engine.attributes import AttributeType
    from engine.batch import Counts
    from houndstooth.catalog import Catalog
    from indexer.bulk import IndexReport, Progress, StopRequest
    from indexer.remote.permission import Remote
    from indexer.sources.base import Source

ALLOW_REMOTE, ALLOW_PRIVATE = "HOUNDSTOOTH_ALLOW_REMOTE", "HOUNDSTOOTH_ALLOW_PRIVATE"
ABOVE_0 = click.FloatRange(min=0, min_open=True)
TYPES = ("text", "number", "boolean")


def _types(context: click.Context, parameter: click.Parameter, value: tuple[str, ...]) -> dict[str, str]:
    types = parse_pairs(context, parameter, value)
    for name, kind in types.items():
        if kind not in TYPES:
            raise click.BadParameter(f"'{kind}' in '{name}={kind}' is none of the types {', '.join(TYPES)}")
    return types


def _options(context: click.Context, parameter: click.Parameter, value: tuple[str, ...]) -> dict[str, dict[str, str]]:
    options: dict[str, dict[str, str]] = {}
    for name, chosen in parse_pairs(context, parameter, value).items():
        space, dot, option = name.partition(".")
        if not (space and dot and option):
            raise click.BadParameter(f"'{name}={chosen}' names no option of a space: write SPACE.OPTION=VALUE")
        options.setdefault(space, {})[option] = chosen
    return options


@click.command("index")
@click.argument("source")
@catalog_option
@root_option
@click.option(
    "--source",
    "format_name",
    metavar="NAME",
    help="What SOURCE is: a name that `houndstooth sources` lists.  [default: found out by looking]",
)
@column_option
@click.option(
    "--type",
    "types",
    multiple=True,
    callback=_types,
    metavar="COLUMN=TYPE",
    help="A column's type: text, number or boolean. May be repeated.",
)
@click.option(
    "--spaces",
    default="",
    metavar="NAME,...",
    help="Spaces to index in, besides those the catalog has.  "
    "[default for a new catalog: colour,palette,vgg,pattern,kind,outline]",
)
@click.option(
    "--set",
    "options",
    multiple=True,
    callback=_options,
    metavar="SPACE.OPTION=VALUE",
    help="How a space or the garment finder is made, e.g. vgg.weights=FILE (or torchvision), vgg.device=cuda, "
    "palette.names=six, garments.device=cuda. "
    "The catalog keeps what changes vectors. May be repeated.",
)
@click.option(
    "--garments",
    type=click.Choice(["deeplab", "maskrcnn", "given", "none"]),
    help="What is compared of a photo: the garment that a network finds in it (maskrcnn: every garment; give "
    "--set garments.weights=FILE), the mask that comes with the photo, or all of it. A given mask is used as it is in "
    "all but none. Kept with the catalog.  [default for a new catalog: deeplab]",
)
@click.option(
    "--as",
    "entrance",
    type=click.Choice(["photos", "patches"]),
    default="photos",
    show_default=True,
    help="What the pictures are: photos, or patches of cloth, all of which is compared.",
)
@click.option(
    "--allow-remote",
    is_flag=True,
    help="Read photos at http(s) addresses and in buckets (s3://, gs://, az://), in a table or as SOURCE. "
    f"[default: ${ALLOW_REMOTE}]",
)
@click.option(
    "--allow-private",
    is_flag=True,
    help=f"With --allow-remote, also from addresses of private networks and this machine.  [default: ${ALLOW_PRIVATE}]",
)
@click.option("--max-megapixels", type=ABOVE_0, help="Larger photos fail.  [default: 50]")
@click.option("--max-megabytes", type=ABOVE_0, help="Larger files fail.  [default: 40]")
@click.option("--recheck", is_flag=True, help="Read every file, even those whose size and time are as they were.")
@click.option("--strict", is_flag=True, help="Exit with 1 when any file failed.")
@table_or_json
def command(
    source: str,
    catalog: Path,
    root: Path | None,
    format_name: str | None,
    columns: dict[str, str],
    types: dict[str, str],
    spaces: str,
    options: dict[str, dict[str, str]],
    garments: str | None,
    entrance: str,
    allow_remote: bool,
    allow_private: bool,
    max_megapixels: float | None,
    max_megabytes: float | None,
    recheck: bool,
    strict: bool,
    output: str,
) -> None:
    """Index SOURCE: a folder of photos, a photo, a table (.csv .tsv .jsonl .parquet), an archive or a public dataset.

    In a folder, the name of the folder that a photo lies in becomes its category. In a table, the columns image and
    product are found by their usual names; every other column becomes an attribute to filter by.

    Run it again at any time: only what is new or changed is read. Ctrl-C finishes the batch and keeps it. Exits with 1
    when there were files and none could be used.

    \b
    houndstooth index ~/photos --catalog shop.catalog
    houndstooth index products.csv --root ~/photos --type price=number
    houndstooth index ~/photos --garments given
    houndstooth index ~/deepfashion/In-shop --garments given
    houndstooth index ~/patches --as patches --spaces pattern,colour
    houndstooth index ~/photos --set palette.names=six --set vgg.weights=vgg16.safetensors
    houndstooth index products.parquet --column image=foto --format json
    houndstooth index s3://shop/photos --allow-remote
    """  # fmt: skip
    from engine.models import garment_recipe
    from houndstooth.catalog import Catalog
    from indexer.sources.open import open_source

    if entrance == "patches":
        if garments not in (None, "none"):
            raise click.UsageError("a patch is all cloth: leave --garments out with --as patches")
        garments = "none"
    kinds = cast("dict[str, AttributeType]", types)
    named = [name.strip() for name in spaces.split(",") if name.strip()]
    opened = Catalog(catalog) if (catalog / "catalog.db").is_file() else None
    known = opened.own_attributes() if opened else None
    before = garment_recipe(opened.store)[0] if opened else ""
    remote = _permission(allow_remote, allow_private)
    reader = open_source(source, root, source=format_name, columns=columns, types=kinds, known=known, remote=remote)
    if opened is None:
        _look_first(reader, named, options, garments)
        opened = Catalog(catalog, create=True)
    with stopping() as stop, _progress(reader) as progress:
        report = opened.index(
            reader,
            spaces=named,
            options=options,
            max_megapixels=max_megapixels,
            max_megabytes=max_megabytes,
            recheck=recheck,
            garments=garments,
            remote=remote,
            progress=progress,
            stop=stop,
        )
    _print(opened, report, output, whole=garments == "none")
    if before and garments not in (None, before):
        click.echo(
            f"Garments: {garments} from now on, no longer {before}: the catalog's other photos are extracted again "
            f"when they are indexed (--garments {before} goes back)",
            err=True,
        )
    if report.interrupted:
        click.echo("Stopped early: run the same command again to go on.", err=True)
        raise SystemExit(130)
    counts = report.counts
    none_usable = counts.seen > 0 and not (counts.indexed or counts.unchanged or counts.duplicate)
    if none_usable or not counts.reconciled or (strict and counts.failed):
        raise SystemExit(1)


def _permission(allow_remote: bool, allow_private: bool) -> Remote | None:
    """To read photos at addresses; None for what the environment says."""
    from indexer.remote.permission import Remote

    if allow_private and not allow_remote and Remote.of_environment() is None:
        raise click.UsageError("--allow-private says which addresses may be read: give --allow-remote as well")
    told = Remote.of_environment()
    return Remote(private=allow_private or (told is not None and told.private)) if allow_remote or told else None


def _look_first(
    reader: Source, named: list[str], options: Mapping[str, Mapping[str, str]], garments: str | None
) -> None:
    """All that can be wrong besides the source is looked at first, so that a slip makes no catalog."""
    from engine.errors import SpaceError
    from engine.models import GARMENTS
    from houndstooth.attribute_types import require_types
    from houndstooth.extractors import DEFAULT_SPACES, require_runnable
    from houndstooth.garments import DEFAULT
    from indexer.garments.find import open_step
    from indexer.spaces.registry import load

    options = dict(options)
    open_step(garments or DEFAULT, options.pop(GARMENTS, None))
    made = {name: load(name, options.get(name)) for name in named or DEFAULT_SPACES}
    if strangers := options.keys() - made.keys():
        raise SpaceError(f"--set for '{strangers.pop()}', which is not indexed: the spaces are {', '.join(made)}")
    require_types(reader.attribute_types, {}, {name: type(one) for name, one in made.items()})
    require_runnable({name: made[name] for name in options})


STANDARD_ERROR = 2


@contextmanager
def stopping() -> Iterator[StopRequest]:
    """The first Ctrl-C (or SIGTERM) asks the run to end after its batch; a second one ends it at once.

    At once means as a kill would: what was published is whole, and threads that are writing get no half-handled
    interrupt to trip over.
    """
    from indexer.bulk import StopRequest

    stop = StopRequest()

    def handle(number: int, frame: object) -> None:
        # By the descriptor: a stream that is being written at this moment refuses a second writer of its own thread.
        if stop.stopped:
            os.write(STANDARD_ERROR, b"Stopped.\n")
            os._exit(130)
        stop.stop()
        os.write(STANDARD_ERROR, b"\nFinishing the batch. Press Ctrl-C again to stop at once.\n")

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _progress(source: Source) -> Iterator[Progress]:
    """A bar with rate, time left and failures; silent when standard error is not a terminal."""
    from tqdm import tqdm

    quiet = not sys.stderr.isatty()
    with tqdm(total=None if quiet else len(source), unit=" photos", disable=quiet, smoothing=0.1) as bar:

        def show(counts: Counts) -> None:
            bar.update(counts.seen - bar.n)
            if counts.failed:
                bar.set_postfix(failed=counts.failed)

        yield show


def _print(catalog: Catalog, report: IndexReport, output: str, whole: bool) -> None:
    """whole: whether all of each photo was to be compared, so that a missing mask is nothing to tell."""
    from engine.ledger import failures
    from indexer.near import near_duplicates

    counts = report.counts
    near = near_duplicates(catalog.store, since_run=report.run_id)
    failed = failures(catalog.store, run_id=report.run_id, limit=5)
    if output == "json":
        told = {
            "catalog": str(catalog.path),
            "seen": counts.seen,
            "indexed": counts.indexed,
            "unchanged": counts.unchanged,
            "duplicate": counts.duplicate,
            "failed": counts.failed,
            "problems": counts.problems,
            "products_changed": report.changed_products,
            "near_duplicates": len(near),
            "unmasked": report.unmasked,
            "refused": dict(report.refused),
            "reconciled": counts.reconciled,
            "interrupted": report.interrupted,
            "waiting": dict(report.waiting),
            "seconds": round(report.seconds, 3),
        }
        click.echo(json.dumps(told))
        return
    click.echo(
        f"{counted(counts.seen, 'file')} seen: {counts.indexed} indexed, {counts.unchanged} unchanged, "
        f"{counts.duplicate} duplicate, {counts.failed} failed ({report.seconds:.1f} s)"
    )
    if not counts.reconciled:
        click.echo("These totals do not add up: please report it.", err=True)
    if report.changed_products:
        click.echo(f"{counted(report.changed_products, 'product')} got new attribute values")
    if counts.problems:
        click.echo(
            f"{counted(counts.problems, 'problem')} that cost no photo: `houndstooth info --problems` lists them"
        )
    for space, lacking in report.waiting.items():
        more = "1 more photo has" if lacking == 1 else f"{lacking} more photos have"
        click.echo(f"{space} answers as it did before until {more} it: index their folders too")
    if report.unmasked and not whole:
        whose = "its colours include" if report.unmasked == 1 else "their colours include"
        have = "has no garment mask" if report.unmasked == 1 else "have no garment mask"
        listed = "`houndstooth info --unmasked` lists them"
        click.echo(f"{counted(report.unmasked, 'photo')} {have}, so {whose} the background: {listed}")
    for space, refused in report.refused.items():
        click.echo(f"{counted(refused, 'photo')} without a vector in {space}: `houndstooth info --refused` says why")
    if near:
        pairs = counted(len(near), "pair looks", "pairs look")
        click.echo(f"{pairs} nearly the same: `houndstooth info --near-duplicates` lists them")
    for line in failed:
        click.echo(f"  failed: {shown(line.path)}: {shown(line.reason)}", err=True)
    if counts.failed > len(failed):
        click.echo(f"  ... `houndstooth info --failures` lists all {counts.failed}", err=True)
