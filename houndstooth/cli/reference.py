"""docs/commands.md, written from the commands themselves.

python -m houndstooth.cli.reference > docs/commands.md
"""

from __future__ import annotations

from collections.abc import Iterator

import click

from houndstooth.cli import COMMANDS, main_group

WIDTH = 100
_HEAD = """# Commands

Every command with its options, as `--help` prints them. This page is made by
`python -m houndstooth.cli.reference > docs/commands.md`; a test holds the two together.
"""


def reference() -> str:
    """The page, Markdown."""
    parts = [_HEAD, _section("houndstooth", main_group, None)]
    for name in COMMANDS:
        top = click.Context(main_group, info_name="houndstooth")
        command = main_group.get_command(top, name)
        if command is not None:
            parts.extend(_section(title, one, parent) for title, one, parent in _walk(name, command, top))
    return "\n".join(parts)


def _walk(
    name: str, command: click.Command, parent: click.Context
) -> Iterator[tuple[str, click.Command, click.Context]]:
    """A command and those within it, each with its whole name and the context above it."""
    yield f"{parent.command_path} {name}", command, parent
    if isinstance(command, click.Group):
        here = click.Context(command, info_name=name, parent=parent)
        for inner in command.list_commands(here):
            found = command.get_command(here, inner)
            if found is not None:
                yield from _walk(inner, found, here)


def _section(title: str, command: click.Command, parent: click.Context | None) -> str:
    name = title.rsplit(" ", 1)[-1]
    settings = {**main_group.context_settings, **command.context_settings}
    with command.make_context(
        name,
        [],
        parent=parent,
        resilient_parsing=True,
        terminal_width=WIDTH,
        help_option_names=settings["help_option_names"],
    ) as context:
        return f"## {title}\n\n```text\n{command.get_help(context).rstrip()}\n```\n"


if __name__ == "__main__":
    click.echo(reference(), nl=False)
