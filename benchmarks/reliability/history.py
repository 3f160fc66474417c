"""The oracle of a writer: every state that an undisturbed run of it commits, one after the other.

A writer that is killed or refused must leave the catalog in one of these: the last that it knows to be committed, or
the one after, whose commit it did not live to hear of. A state is all rows of all tables, but for times.
"""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from engine.checks import check
from engine.database import Database
from engine.schema import HEAD
from engine.store import Store

TIMES = frozenset(("started", "finished", "created", "removed_at", "uuid"))
NONE = "no catalog"


@dataclass(frozen=True)
class State:
    """What is in a catalog. digest: of all rows. findings: of `check`."""

    digest: str
    findings: tuple[str, ...]


def state_of(store: Store) -> State:
    """The catalog as a reader would find it now."""
    if not store.database_path.is_file():
        return State(NONE, ())
    digest = hashlib.sha256()
    with closing(sqlite3.connect(store.database_path)) as connection:
        tables = sorted(row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'"))
        schema = [list(connection.execute(f"PRAGMA table_info('{table}')")) for table in tables]
        for table, columns in zip(tables, schema, strict=True):
            names = ", ".join(f'"{column[1]}"' for column in columns if column[1] not in TIMES)
            rows = sorted(map(repr, connection.execute(f'SELECT {names} FROM "{table}"')))
            digest.update(json.dumps([table, rows]).encode())
        version = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return State(digest.hexdigest()[:16], _findings(store, version[0] if version else ""))


def _findings(store: Store, version: str) -> tuple[str, ...]:
    if version != HEAD:  # as before its migration: what `check` reads is not there yet
        with closing(sqlite3.connect(store.database_path)) as connection:
            rows = [*connection.execute("PRAGMA integrity_check"), *connection.execute("PRAGMA foreign_key_check")]
        return tuple(str(row) for row in rows if row != ("ok",))
    return tuple(f"{found.part}: {found.subject}: {found.message}" for found in check(store).findings)


@contextmanager
def committing(then: Callable[[], None]) -> Iterator[None]:
    """Within the block, call `then` after each transaction that was committed."""
    write = Database.write

    @contextmanager
    def told(self: Database) -> Iterator[Connection]:
        with write(self) as connection:
            yield connection
        then()

    Database.write = told  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        Database.write = write  # type: ignore[method-assign]


@dataclass(frozen=True)
class Ended:
    """How a child ended. status: as `waitpid` tells. commits: how many it knew of. error: type and message."""

    status: int
    commits: int
    error: tuple[str, str] | None
    calls: int
    states: tuple[State, ...] = ()


def in_child(run: Callable[[], None], log: Path, counted: Callable[[], int], store: Store | None = None) -> Ended:
    """Fork, run, and tell how it ended; with a store, the state after each commit too."""
    log.unlink(missing_ok=True)
    child = os.fork()
    if not child:
        _child(run, log, counted, store)
    status = os.waitpid(child, 0)[1]
    told: list[object] = []
    with log.open("rb") as file:
        while True:
            try:
                told.append(pickle.load(file))
            except (EOFError, pickle.UnpicklingError):
                break
    states = tuple(one for one in told if isinstance(one, State))
    last = next((one for one in told if isinstance(one, dict)), {"error": None, "calls": 0})
    return Ended(status, sum(one == "committed" for one in told), last["error"], last["calls"], states)


def _child(run: Callable[[], None], log: Path, counted: Callable[[], int], store: Store | None) -> None:
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def committed() -> None:
        os.write(descriptor, pickle.dumps("committed" if store is None else state_of(store)))

    error = None
    try:
        if store is not None:
            committed()
        with committing(committed):
            run()
        if store is not None and store.database_path.is_file():
            committed()  # what comes into place after the last commit: a new catalog
    except BaseException as raised:
        error = (type(raised).__name__, str(raised))
        if not type(raised).__module__.startswith("engine."):
            import traceback

            error = (f"{type(raised).__module__}.{type(raised).__name__}", traceback.format_exc())
    os.write(descriptor, pickle.dumps({"error": error, "calls": counted()}))
    os._exit(0)
