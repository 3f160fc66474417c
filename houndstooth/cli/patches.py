"""`houndstooth patches`: rectangles of cloth cut out of photos."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from houndstooth.cli.counted import counted
from houndstooth.cli.options import column_option, root_option, table_or_json
from houndstooth.cli.shown import shown

if TYPE_CHECKING:
    from indexer.patches.make import PatchReport, Progress
    from indexer.sources.base import Source

SHOWN = 5
"""How many refused and failed photos are told of each."""


@click.command("patches")
@click.argument("photos", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PHOTO...")
@click.option("--to", type=click.Path(path_type=Path, file_okay=False), required=True, help="The folder to write to.")
@click.option(
    "--garments",
    "choice",
    type=click.Choice(["deeplab", "maskrcnn", "given", "none"]),
    default="deeplab",
    show_default=True,
    help="Where the cloth is: what a network finds (maskrcnn: every garment), the mask that comes with the photo (its "
    "alpha, or a table's mask column), or all of the photo. A given mask is used as it is in all but none.",
)
@root_option
@column_option
@click.option("--weights", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="The finder's weights.")
@click.option("--most", type=click.IntRange(min=1), default=3, show_default=True, help="Patches a garment, at most.")
@click.option(
    "--least-side", type=click.IntRange(min=8), default=32, show_default=True, help="Smaller patches are refused (px)."
)
@click.option("--largest-side", type=click.IntRange(min=8), help="Cut larger patches into several (px).")
@click.option(
    "--enhance",
    default="off",
    show_default=True,
    metavar="off|x4plus|animevideov3|FILE.pth",
    help="Enlarge small patches four times by Real-ESRGAN. It invents texture: see docs/quality.md.",
)
@click.option(
    "--enhance-below",
    type=click.IntRange(min=1),
    default=64,
    show_default=True,
    help="Which patches are small: their shorter side (px).",
)
@table_or_json
def command(
    photos: tuple[Path, ...],
    to: Path,
    choice: str,
    root: Path | None,
    columns: dict[str, str],
    weights: Path | None,
    most: int,
    least_side: int,
    largest_side: int | None,
    enhance: str,
    enhance_below: int,
    output: str,
) -> None:
    """Cut patches of cloth out of each PHOTO, or the photos of a folder or table, and write them to a folder.

    A patch is the largest rectangle inside the garment, at the photo's own resolution; further ones do not overlap it.
    The folder gets a PNG a patch, in a sub-folder a category, and patches.csv: where each patch lies, its sharpness
    and share inside the garment, and why a photo has none. Index them with `houndstooth index FOLDER --as patches`.

    Run it again at any time: only what is new or changed is read. Exits with 1 when there were photos and none gave a
    patch.

    \b
    houndstooth patches ~/photos --to patches/
    houndstooth patches products.csv --to patches/ --garments given --largest-side 256
    houndstooth patches table.csv --root ~/photos --column image=foto --to patches/
    houndstooth patches ~/thumbnails --to patches/ --enhance x4plus
    """  # fmt: skip
    from indexer.garments.find import open_step
    from indexer.patches.enhance import open_enhancer
    from indexer.patches.make import PatchOptions, make_patches
    from indexer.sources.open import open_source

    if largest_side is not None and largest_side < least_side:
        raise click.UsageError(f"--largest-side {largest_side} is less than --least-side {least_side}")
    sources = [open_source(photo, root, columns=columns) for photo in photos]
    step = open_step(choice, {"weights": str(weights)} if weights else None)
    options = PatchOptions(step, most, least_side, largest_side, open_enhancer(enhance), enhance_below)
    with _progress(sources) as progress:
        report = make_patches(sources, to, options, progress)
    _print(report, to, output)
    if not report.reconciled or (report.photos and not (report.cut or report.unchanged)):
        raise SystemExit(1)


@contextmanager
def _progress(sources: Sequence[Source]) -> Iterator[Progress]:
    """A bar with rate and time left; silent when standard error is not a terminal."""
    from tqdm import tqdm

    quiet = not sys.stderr.isatty()
    total = None if quiet else sum(map(len, sources))
    with tqdm(total=total, unit=" photos", disable=quiet, smoothing=0.1) as bar:
        yield lambda done: bar.update(done - bar.n) and None


def _print(report: PatchReport, to: Path, output: str) -> None:
    if output == "json":
        told = {
            "folder": str(to),
            "photos": report.photos,
            "cut": report.cut,
            "unchanged": report.unchanged,
            "refused": len(report.refused),
            "failed": len(report.failed),
            "patches": report.patches,
            "enhanced": report.enhanced,
            "problems": report.problems,
            "reconciled": report.reconciled,
            "reasons": [{"photo": photo, "reason": reason} for photo, reason in (*report.refused, *report.failed)],
            "seconds": round(report.seconds, 3),
        }
        click.echo(json.dumps(told))
        return
    click.echo(
        f"{counted(report.photos, 'photo')}: {report.cut} cut, {report.unchanged} unchanged, "
        f"{len(report.refused)} refused, {len(report.failed)} failed ({report.seconds:.1f} s)"
    )
    enlarged = f", {report.enhanced} of them enlarged" if report.enhanced else ""
    click.echo(f"{counted(report.patches, 'patch', 'patches')} written to {to}{enlarged}")
    if not report.reconciled:
        click.echo("These totals do not add up: please report it.", err=True)
    if report.problems:
        click.echo(f"{counted(report.problems, 'problem')} that cost no photo", err=True)
    for what, those in (("refused", report.refused), ("failed", report.failed)):
        for photo, reason in those[:SHOWN]:
            click.echo(f"  {what}: {shown(photo)}: {shown(reason)}", err=True)
        if len(those) > SHOWN:
            click.echo(f"  ... {to / 'patches.csv'} lists all {len(those)} {what}", err=True)
