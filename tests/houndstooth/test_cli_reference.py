"""The help of every command, and the page made from it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from houndstooth.cli import COMMANDS, main_group
from houndstooth.cli.reference import reference

PAGE = Path(__file__).parents[2] / "docs" / "commands.md"


def every(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from every(inner, f"{path} {name}")


ALL = list(every(main_group, "houndstooth"))


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference(), "run python -m houndstooth.cli.reference > docs/commands.md"


def test_the_commands_of_the_issue_are_there() -> None:
    assert {"index", "similar", "cluster", "clusters", "export", "info", "check", "remove", "migrate"} <= set(COMMANDS)
    assert {"houndstooth export clusters", "houndstooth export vectors"} <= {path for path, _ in ALL}


def test_the_default_spaces_are_those_of_a_new_catalog() -> None:
    from houndstooth.extractors import DEFAULT_SPACES

    (help_text,) = (one.help for one in dict(ALL)["houndstooth index"].params if one.name == "spaces")  # type: ignore[attr-defined]
    assert help_text.endswith(f"[default for a new catalog: {','.join(DEFAULT_SPACES)}]")


@pytest.mark.parametrize(("path", "command"), ALL, ids=[path for path, _ in ALL])
def test_every_help_has_an_example_and_says_what_options_do(path: str, command: click.Command) -> None:
    lines = [line.strip() for line in (command.help or "").splitlines()]
    assert any(line == path or line.startswith(f"{path} ") for line in lines), command.help
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.help, f"{path} {option.opts}"


def test_the_short_help_agrees_with_the_table() -> None:
    assert list(COMMANDS) == main_group.list_commands(click.Context(main_group))
    for name, said in COMMANDS.items():
        assert said.endswith(".") and len(f"  {name}  {said}") < 100
