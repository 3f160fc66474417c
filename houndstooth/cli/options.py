"""Options that several commands share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypeVar

import click

ENVIRONMENT = "HOUNDSTOOTH_CATALOG"
DEFAULT = "houndstooth.catalog"
T = TypeVar("T")


def _catalog_path(context: click.Context, parameter: click.Parameter, value: Path | None) -> Path:
    return value or Path(os.environ.get(ENVIRONMENT) or DEFAULT)


catalog_option = click.option(
    "--catalog",
    "-c",
    type=click.Path(path_type=Path),
    callback=_catalog_path,
    help=f"The catalog's folder.  [default: ${ENVIRONMENT}, then ./{DEFAULT}]",
)

where_option = click.option(
    "--where",
    default="",
    metavar="FILTER",
    help="Only products that satisfy this, e.g. \"category = 'dress' and maxi\".",
)

table_or_json = click.option(
    "--format", "output", type=click.Choice(["table", "json"]), default="table", show_default=True, help="How to print."
)


def parse_pairs(context: click.Context, parameter: click.Parameter, value: tuple[str, ...]) -> dict[str, str]:
    """`a=b` each time the option is given, as a -> b."""
    pairs: dict[str, str] = {}
    for pair in value:
        name, equals, meant = pair.partition("=")
        if not equals:
            raise click.BadParameter(f"'{pair}' has no '=': write {parameter.metavar}")
        _say_once(pairs, name, meant)
    return pairs


def _say_once(said: dict[str, T], name: str, value: T) -> None:
    """Put a value down, the only one of its name."""
    if said.get(name, value) != value:
        raise click.BadParameter(f"'{name}' is given twice: leave out one of them")
    said[name] = value


root_option = click.option(
    "--root", type=click.Path(path_type=Path), help="Where relative paths in a table start.  [default: at the table]"
)

column_option = click.option(
    "--column",
    "columns",
    multiple=True,
    callback=parse_pairs,
    metavar="NAME=COLUMN",
    help="Which column is the image, product, mask or box, e.g. image=foto. May be repeated.",
)


def parse_weights(context: click.Context, parameter: click.Parameter, value: str | None) -> dict[str, float] | None:
    """`vgg=2,colour=1` or `vgg,colour` as space -> weight."""
    if not value:
        return None
    weights: dict[str, float] = {}
    for part in value.split(","):
        name, _, weight = part.partition("=")
        try:
            number = float(weight) if weight else 1.0
        except ValueError:
            raise click.BadParameter(f"'{weight}' is not a number in '{part}': write it as vgg=2,colour=1") from None
        _say_once(weights, name.strip(), number)
    return weights


using_option = click.option(
    "--using", callback=parse_weights, metavar="SPACE=WEIGHT,...", help="Spaces to compare in, with their weights."
)
