"""Groups of commands about what the catalog keeps under names: alone they list it, and they pass their options on."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from houndstooth.cli.shown import table_text

Kept = TypeVar("Kept")


def is_alone(context: click.Context, group: click.Group) -> bool:
    """Whether the group was called without a command; else what it was told is the default of that command."""
    if context.invoked_subcommand is None:
        return True
    told = [name for name in context.params if context.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    said = {name: context.params[name] for name in told}
    context.default_map = {command: dict(said) for command in group.commands}
    return False


def print_list(
    found: Sequence[Kept],
    output: str,
    as_json: Callable[[Kept], Any],
    header: Sequence[str],
    line: Callable[[Kept], Sequence[Any]],
    none: str,
) -> None:
    """Print as a table of lines, or as JSON; `none` where there is nothing yet."""
    if output == "json":
        click.echo(json.dumps([as_json(one) for one in found]))
    elif not found:
        click.echo(none)
    else:
        click.echo(table_text([line(one) for one in found], header))
