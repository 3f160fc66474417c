"""What cluster runs and maps share: names that are given once, and changes that wait for another writer's turn."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from sqlalchemy import Connection, Table, select

from engine import schema
from engine.errors import CatalogBusyError, InputError
from engine.store import Store
from engine.values import is_storable
from engine.writer import writing

PATIENCE_SECONDS = 60.0
"""How long what was computed waits for another writer, rather than be lost."""


def check_name(name: str, what: str = "run") -> None:
    """Raise InputError unless this can name a run or a map: text that is no number and fits on a line."""
    if not name.strip() or name != name.strip() or name.isdigit() or len(name) > 200 or not name.isprintable():
        raise InputError(f"{name!r} cannot name a {what}: use up to 200 printable characters, not only digits")


def free_name(connection: Connection, table: Table, base: str) -> str:
    """`base`, or `base-2`, ...: the first name that no row of the table has."""
    taken = set(connection.execute(select(table.c.name)).scalars())
    number, name = 1, base
    while name in taken:
        number += 1
        name = f"{base}-{number}"
    return name


def require_free_name(connection: Connection, table: Table, name: str, what: str) -> None:
    """Raise InputError when a row of the table has this name already."""
    if connection.execute(select(table.c.id).where(table.c.name == name)).first() is not None:
        raise InputError(f"a {what} named '{name}' is there already: replace it (--replace), or name another")


def ways_to_find(table: Table, which: str | int, what: str) -> Iterator[Any]:
    """Conditions to try in turn: the row of this name, of this id, of the space of this name. Raises InputError."""
    if isinstance(which, str):
        if not is_storable(which):
            raise InputError(f"no {what} is named {which!r}: it is not UTF-8 text")
        yield table.c.name == which
    if isinstance(which, int) or (which.isascii() and which.isdigit() and len(which) < 19):
        yield table.c.id == int(which)
    if isinstance(which, str):
        yield schema.space.c.name == which


@contextmanager
def patient_change(store: Store) -> Iterator[Connection]:
    """One change of the catalog, waiting a while for another writer. Raises CatalogBusyError after that."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    with ExitStack() as stack:
        writer = None
        while writer is None:
            try:
                writer = stack.enter_context(writing(store))
            except CatalogBusyError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
        yield stack.enter_context(writer.change())
