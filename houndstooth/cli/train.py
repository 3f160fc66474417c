"""`houndstooth train`: labels, and networks made to measure."""

from __future__ import annotations

import copy
from pathlib import Path

import click

from houndstooth.cli.options import parse_pairs, root_option, table_or_json
from houndstooth.cli.stages import stages
from houndstooth.cli.train_pattern import command as pattern
from houndstooth.cli.train_said import print_trained

BACKBONES = ("basic-cnn", "vgg16", "resnet50", "efficientnet-lite0")
ANY = "NAME"
"""What the help calls the command of a label of any name."""


class TrainGroup(click.Group):
    """`pattern` is the network of a space; every other name is a label's."""

    def list_commands(self, context: click.Context) -> list[str]:
        """The commands, the one for every other name last."""
        return [*sorted(name for name in self.commands if name != ANY), ANY]

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """The command of that name, else a label's."""
        known = super().get_command(context, name)
        if known is not None or name.startswith("-"):
            return known
        made = copy.copy(label)
        made.name = name
        return made


@click.group("train", cls=TrainGroup)
def command() -> None:
    """Train a label on photos of yours, or a network. Needs the extra [train]: pip install 'houndstooth[train]'.

    Any NAME but `pattern` is a label: an attribute that is then predicted for every photo, and can be filtered by.

    \b
    houndstooth train maxi --from labels.csv --catalog shop.catalog
    houndstooth train season --from folders/ --catalog shop.catalog
    houndstooth train pattern patches/ --to my.safetensors
    """


def _weights(context: click.Context, parameter: click.Parameter, value: tuple[str, ...]) -> dict[str, Path]:
    found = {name: Path(path) for name, path in parse_pairs(context, parameter, value).items()}
    if unknown := sorted(set(found) - set(BACKBONES)):
        raise click.BadParameter(f"'{unknown[0]}' is none of the networks {', '.join(BACKBONES)}")
    return found


def _names(context: click.Context, parameter: click.Parameter, value: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in value.split(",") if name.strip())


command.add_command(pattern)


@command.command(ANY)
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path),
    help="Labelled photos: a folder FOLDER/label/...jpg (with train, validation and test above the labels "
    "where parts are given), or a table (.csv .tsv .jsonl .parquet).  "
    "[default: the attribute as it was given in the catalog]",
)
@click.option(
    "--catalog",
    "-c",
    envvar="HOUNDSTOOTH_CATALOG",
    type=click.Path(path_type=Path),
    help="The catalog whose stored vectors are learned from, and that gets the label. Photos that it does "
    "not have are extracted as its own were.",
)
@root_option
@click.option(
    "--column",
    "columns",
    multiple=True,
    callback=parse_pairs,
    metavar="ROLE=COLUMN",
    help="Which column is the image, product, label, group or split, e.g. label=length. May be repeated.",
)
@click.option(
    "--spaces",
    default="",
    callback=_names,
    metavar="NAME,...",
    help="Spaces whose vectors, joined, are learned from.  [default: those of shape and pattern]",
)
@click.option(
    "--head",
    type=click.Choice(["linear", "dense", "forest"]),
    default="linear",
    show_default=True,
    help="Logistic regression, a layer of 256 units before it, or 300 decision trees, for the space outline.",
)
@click.option(
    "--scheme",
    default="",
    metavar="SCHEME",
    help="How it is judged: 80/20, 5-fold, 3x5-fold, 5x2cv, or given (by the parts that the labels bring).  "
    "[default: given where there are parts, else 5-fold]",
)
@click.option("--to", type=click.Path(path_type=Path), help="Write the label to this file, such as maxi.safetensors.")
@click.option(
    "--garments",
    type=click.Choice(["deeplab", "given", "none"]),
    help="How garments are found in photos when no catalog is named.  [default: deeplab]",
)
@click.option(
    "--work",
    type=click.Path(path_type=Path),
    help="Folder for vectors of photos that no catalog has.  [default: in the user's cache]",
)
@click.option(
    "--report",
    "reports",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Write what was found to this file: .html, .json or .md. May be repeated.",
)
@click.option(
    "--backbone",
    "backbones",
    multiple=True,
    type=click.Choice(BACKBONES),
    help="Judge a network trained on the photos themselves too, on the same divisions. It is not kept: labels are "
    "told from stored vectors. May be repeated.",
)
@click.option("--compare", is_flag=True, help="Judge all of these networks.")
@click.option(
    "--weights",
    multiple=True,
    callback=_weights,
    metavar="NETWORK=FILE",
    help="Weights that a network begins with: safetensors, or a torch checkpoint. May be repeated.  [default: those "
    "that are shipped, installed or can be downloaded]",
)
@click.option(
    "--blocks",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Last blocks of those networks that are trained; 0: only a dense head on them.",
)
@click.option("--curve", is_flag=True, help="Learn from smaller shares of the photos too, for the report.")
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed divides and trains the same.")
@table_or_json
@click.pass_context
def label(
    context: click.Context,
    source: Path | None,
    catalog: Path | None,
    root: Path | None,
    columns: dict[str, str],
    spaces: tuple[str, ...],
    head: str,
    scheme: str,
    to: Path | None,
    garments: str | None,
    work: Path | None,
    reports: tuple[Path, ...],
    backbones: tuple[str, ...],
    compare: bool,
    weights: dict[str, Path],
    blocks: int,
    curve: bool,
    seed: int,
    output: str,
) -> None:
    """Train the label NAME: an attribute with classes, or true or false, told of every photo with a confidence.

    Learns from the vectors that a catalog stores. Copies and near-duplicates, and photos of one product, sender, post
    or group, are never on two sides of a split. A photo of several labels has them as a|b in its cell; each is then an
    attribute of its own, NAME_a. The label is kept in the catalog: `houndstooth label NAME` tells its photos.

    \b
    houndstooth train NAME --from labels.csv --catalog shop.catalog
    houndstooth train maxi --from lengths.csv --column label=length --catalog shop.catalog
    houndstooth train season --from folders/ --to season.safetensors --scheme 5x2cv
    houndstooth train category --catalog shop.catalog --head dense --report report.html
    houndstooth train category --from folders/ --backbone vgg16 --compare --report table.md
    houndstooth train category --from folders/ --backbone resnet50 --weights resnet50=resnet50.pth
    """
    from engine.errors import InputError
    from engine.store import Store
    from houndstooth.cli.index import stopping
    from houndstooth.judging import JudgeOptions, judge, require_reports
    from houndstooth.labels import keep, label_name
    from houndstooth.training import EXTRACTING, TrainOptions, train_label

    name = label_name(context.info_name or ANY)
    if catalog is not None and garments is not None:
        raise click.UsageError("garments are found as the catalog's own are: leave --garments out with --catalog")
    store = Store.open(catalog) if catalog is not None else None
    require_reports(reports)
    if to is not None and to.is_dir():
        raise click.UsageError(f"--to names a file, and '{to}' is a folder: '{to / name}.safetensors', say")
    judging = JudgeOptions(BACKBONES if compare else backbones, blocks, curve, reports, work, weights)
    if unused := sorted(set(weights) - set(judging.backbones)):
        raise click.UsageError(f"--weights {unused[0]}=...: name the network with --backbone {unused[0]}, or --compare")
    for file in weights.values():
        if not file.is_file():
            raise InputError(f"no weights at {file}")
    options = TrainOptions(columns, root, spaces, head, scheme, seed, garments, work)
    with stopping() as stop, stages() as bar:

        def show(stage: str, done: int, total: int) -> None:
            if stop.stopped and stage != EXTRACTING:
                raise InputError("stopped: run the same command again")
            bar(stage, done, total)

        try:
            trained = train_label(name, source, store, options, show, stop)
            report = judge(trained, judging, show) if reports or judging.backbones else None
        except Exception:
            if stop.stopped:
                click.echo("Stopped early: run the same command again to go on.", err=True)
                raise SystemExit(130) from None
            raise
    confidence = keep(store, trained.model) if store is not None else 0.0
    if to is not None:
        trained.model.save(to)
    print_trained(name, trained, catalog, to, confidence, output)
    if report is not None and output == "table":
        for model in report.models if judging.backbones else ():
            click.echo(f"{model.name}: " + ", ".join(f"{one.title} {one.value:.3f}" for one in model.measured))
        for file in reports:
            click.echo(f"Wrote {file}")
