"""`houndstooth train pattern`: the network of the pattern space, taught on one's own patches of cloth."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from houndstooth.cli.options import table_or_json
from houndstooth.cli.stages import stages


@click.command("pattern")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--to", type=click.Path(path_type=Path), required=True, help="File to write, such as my.safetensors.")
@click.option("--epochs", type=click.IntRange(1), default=10, show_default=True, help="How often each picture is seen.")
@click.option(
    "--designs",
    type=click.IntRange(0),
    default=4,
    show_default=True,
    help="Rendered designs of each kind learned beside yours, so that nothing is forgotten.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed draws the same.")
@click.option("--work", type=click.Path(path_type=Path), help="Folder for what is computed once; makes --resume work.")
@click.option("--resume", is_flag=True, help="Go on where the run that began with this --work stopped.")
@table_or_json
def command(
    folder: Path, to: Path, epochs: int, designs: int, seed: int, work: Path | None, resume: bool, output: str
) -> None:
    """Train the pattern space on the patches of cloth in FOLDER, from the network that comes with Houndstooth.

    Sub-folders are patterns: FOLDER/gingham/1.jpg is gingham. Pictures without a sub-folder teach too, as themselves in
    other colours, sizes and lights. A quarter of them is kept to tell how good the result is. Ctrl-C loses nothing that
    --work keeps.

    \b
    houndstooth train pattern patches/ --to my.safetensors
    houndstooth train pattern patches/ --to my.safetensors --work build/mine --resume
    houndstooth index ~/photos --spaces pattern --set pattern.weights=my.safetensors
    """
    from indexer.patterns.training import train_pattern

    with stages() as show:
        report = train_pattern(
            folder, to, seed=seed, epochs=epochs, designs=designs, work=work, resume=resume, progress=show
        )
    if output == "json":
        click.echo(json.dumps({"file": str(to), **asdict(report)}))
        return
    names = f" of {len(report.patterns)} patterns" if report.patterns else " without names"
    click.echo(f"Trained on {report.garments} pictures{names} and {report.designs} rendered designs")
    click.echo(f"{report.validation} pictures kept aside: score {report.score:.3f}")
    click.echo(f"Wrote {to}: `houndstooth index PHOTOS --set pattern.weights={to}` puts it to use")
