"""`houndstooth train`: networks made to measure."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

import click

from houndstooth.cli.options import table_or_json


@click.group("train")
def command() -> None:
    """Train a network on your own pictures. Needs the extra [train]: pip install 'houndstooth[train]'.

    \b
    houndstooth train pattern patches/ --to my.safetensors
    """


@command.command("pattern")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--to", type=click.Path(path_type=Path), required=True, help="File to write, such as my.safetensors.")
@click.option("--epochs", type=click.IntRange(1), default=10, show_default=True, help="How often each picture is seen.")
@click.option("--designs", type=click.IntRange(0), default=4, show_default=True,
              help="Rendered designs of each kind learned beside yours, so that nothing is forgotten.")  # fmt: skip
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed draws the same.")
@click.option("--work", type=click.Path(path_type=Path), help="Folder for what is computed once; makes --resume work.")
@click.option("--resume", is_flag=True, help="Go on where the run that began with this --work stopped.")
@table_or_json
def pattern(
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
    from tqdm import tqdm

    from indexer.patterns.training import train_pattern

    told = ""
    with tqdm(disable=not sys.stderr.isatty(), leave=False) as bar:

        def show(stage: str, done: int, total: int) -> None:
            nonlocal told
            if stage != told:
                told = stage
                bar.reset(total)
                bar.set_description(stage)
            bar.update(done - bar.n)

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
