"""What cluster runs and maps share: names that are given once, and changes that wait for another writer's turn."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, Table, delete, insert, select, update

from engine import schema
from engine.errors import CatalogBusyError, InputError
from engine.store import Store
from engine.values import is_storable
from engine.writer import writing

PATIENCE_SECONDS = 60.0
"""How long what was computed waits for another writer, rather than be lost."""


def check_name(name: str, what: str) -> None:
    """Raise InputError unless this can name a run or a map: text that is no number and fits on a line."""
    if not name.strip() or name != name.strip() or name.isdigit() or len(name) > 200 or not name.isprintable():
        raise InputError(
            f"{name!r} cannot name a {what}: use up to 200 printable characters, not only digits, no spaces around them"
        )


def check_seed(seed: object) -> None:
    """Raise InputError unless this is a whole number that SQLite holds, not negative."""
    if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed < 1 << 63:
        raise InputError(f"seed must be a whole number from 0 to 2^63 - 1, not {seed!r}")


@dataclass(frozen=True, eq=False)
class NamedRows:
    """A table whose rows have names and belong to a space. what: a row is, in messages. make: how to make one."""

    table: Table
    what: str
    make: str

    def all(self) -> Select[Any]:
        """Every row, with the name of its space as `space`."""
        named = schema.space
        return select(self.table, named.c.name.label("space")).join(named, named.c.id == self.table.c.space_id)

    def of(self, space: str | None) -> Select[Any]:
        """Every row, or those of a space, oldest first."""
        found = self.all() if space is None else self.all().where(schema.space.c.name == space)
        return found.order_by(self.table.c.id)

    def find(self, connection: Connection, which: str | int) -> Row[Any]:
        """The row of this name, else of this id, else the latest of the space of this name. Raises InputError."""
        key, name = self.table.c.id, self.table.c.name
        for condition in self._ways(which):
            row = connection.execute(self.all().where(condition).order_by(key.desc()).limit(1)).one_or_none()
            if row is not None:
                return row
        names = connection.execute(select(name).order_by(key.desc()).limit(10)).scalars().all()
        there = f"there are {', '.join(names)}" if names else f"make one with `{self.make}`"
        raise InputError(f"no {self.what} is named '{which}', has that id, or is of a space of that name: {there}")

    def _ways(self, which: str | int) -> Iterator[Any]:
        if isinstance(which, str):
            if not is_storable(which):
                raise InputError(f"no {self.what} is named {which!r}: it is not UTF-8 text")
            yield self.table.c.name == which
        if isinstance(which, int) or (which.isascii() and which.isdigit() and len(which) < 19):
            yield self.table.c.id == int(which)
        if isinstance(which, str):
            yield schema.space.c.name == which

    def require_free(self, connection: Connection, name: str, replaceable: bool = True) -> None:
        """Raise InputError when a row has this name already. replaceable: whether what asks can take its place."""
        if connection.execute(select(self.table.c.id).where(self.table.c.name == name)).first() is not None:
            way_out = "replace it (--replace), or name another" if replaceable else "name another, or delete it first"
            raise InputError(f"a {self.what} named '{name}' is there already: {way_out}")

    def check(self, store: Store, name: str | None, replace: bool) -> None:
        """Raise InputError, before anything is computed, for a name that cannot be given."""
        if name is not None:
            check_name(name, self.what)
            if not replace:
                with store.database.read() as connection:
                    self.require_free(connection, name)

    def add(self, connection: Connection, name: str | None, made: str, replace: bool, values: Mapping[str, Any]) -> int:
        """Insert a row of this name; its id. A taken name is an InputError unless `replace`.

        None for a name that is made: `made`, or `made-2`, ... where that is taken, or with `replace` that of the row it
        replaces.
        """
        chosen = name or (made if replace else self._free_name(connection, made))
        if replace:
            connection.execute(delete(self.table).where(self.table.c.name == chosen))
        self.require_free(connection, chosen)
        key = connection.execute(insert(self.table).values(name=chosen, **values)).inserted_primary_key
        return int(key[0]) if key else 0

    def _free_name(self, connection: Connection, base: str) -> str:
        taken = set(connection.execute(select(self.table.c.name)).scalars())
        number, name = 1, base
        while name in taken:
            number += 1
            name = f"{base}-{number}"
        return name

    def rename(self, store: Store, key: int, old: str, new: str) -> None:
        """Give the row of this id another name."""
        check_name(new, self.what)
        if new != old:
            with patient_change(store) as connection:
                self.require_free(connection, new, replaceable=False)
                connection.execute(update(self.table).where(self.table.c.id == key).values(name=new))

    def forget(self, store: Store, key: int) -> None:
        """Delete the row of this id, and what belongs to it."""
        with patient_change(store) as connection:
            connection.execute(delete(self.table).where(self.table.c.id == key))


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
