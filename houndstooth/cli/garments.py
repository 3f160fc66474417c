"""`houndstooth garments`: which garments a photo shows, as pictures."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from houndstooth.cli.counted import counted
from houndstooth.cli.options import table_or_json
from houndstooth.cli.shown import shown

if TYPE_CHECKING:
    from indexer.garments.write import Written


@click.command("garments")
@click.argument("photos", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path), metavar="PHOTO...")
@click.option("--to", type=click.Path(path_type=Path, file_okay=False), required=True, help="The folder to write to.")
@click.option(
    "--garments",
    "choice",
    type=click.Choice(["deeplab", "maskrcnn", "given"]),
    default="deeplab",
    show_default=True,
    help="What finds them; given: the photo's own alpha.",
)
@click.option("--weights", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="The finder's weights.")
@click.option("--category", help="What the product is, e.g. dress: tells which of several garments is meant.")
@table_or_json
def command(
    photos: tuple[Path, ...], to: Path, choice: str, weights: Path | None, category: str | None, output: str
) -> None:
    """Find the garments in each PHOTO, or in the photos of a folder, and write them to a folder.

    Of each photo: NAME-mask.png, NAME-overlay.png (the photo with the garment outlined), NAME-cutout.png (the garment's
    own pixels, the rest transparent); with maskrcnn NAME-2-mask.png and so on for further garments. Photos of one name
    keep their suffix: NAME.jpg-mask.png. Photos whose pictures are there and newer are left as they are. Exits with 1
    when no photo could be used.

    \b
    houndstooth garments dress.jpg --to cut/
    houndstooth garments photos/ --to cut/ --category dress
    """  # fmt: skip
    from tqdm import tqdm

    from indexer.garments.find import open_step
    from indexer.garments.write import Written, write_garments
    from indexer.sources.base import SourceImage, SourceProblem
    from indexer.sources.folder import FolderSource
    from indexer.sources.places import is_written_there

    step = open_step(choice, {"weights": str(weights)} if weights else None)
    sources = [FolderSource(photo.absolute()) for photo in photos]
    found = [item for one in sources for item in one if not is_written_there(item.path, to, one.name)]
    named = [(item.file, item.product) for item in found if isinstance(item, SourceImage)]
    problems = (item for item in found if isinstance(item, SourceProblem) and item.fatal)
    lost = [Written(item.path, "failed", item.reason) for item in problems]
    quiet = not sys.stderr.isatty()
    written = list(tqdm(write_garments(named, to, step, category), total=len(named), unit=" photos", disable=quiet))
    told = [*written, *lost]
    _print(told, to, output)
    if not any(one.state != "failed" for one in told):
        raise SystemExit(1)


def _print(written: list[Written], to: Path, output: str) -> None:
    if output == "json":
        click.echo(json.dumps([one.to_json() for one in written]))
        return
    counts = {state: sum(one.state == state for one in written) for state in ("written", "unchanged", "none", "failed")}
    click.echo(
        f"{counted(len(written), 'photo')}: {counts['written']} written to {to}, {counts['unchanged']} unchanged, "
        f"{counts['none']} without a garment, {counts['failed']} failed"
    )
    for one in written:
        if one.state == "failed":
            click.echo(f"  failed: {shown(one.photo)}: {shown(one.reason)}", err=True)
