"""Many rows at a time to and from SQLite, as tuples or as an array a column, with little in between."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from sqlalchemy import Connection, Select, Table, bindparam

ROWS_AT_ONCE = 10_000
"""Values a statement may hold, too; SQLite's own limit is 32,766."""


def insert_arrays(connection: Connection, into: Table, same: Mapping[str, int], arrays: Mapping[str, Any]) -> None:
    """Insert rows: of each column its array (n,). same: columns that hold one value in all rows.

    By the driver itself: a million rows through SQLAlchemy's own parameters would be a million dicts.
    """
    names = [*same, *arrays]
    count = len(next(iter(arrays.values())))
    for start in range(0, count, ROWS_AT_ONCE):
        part = (array[start : start + ROWS_AT_ONCE].tolist() for array in arrays.values())
        insert_rows(connection, into, names, [(*same.values(), *row) for row in zip(*part, strict=True)])


def insert_rows(
    connection: Connection, into: Table, names: Sequence[str], rows: Sequence[tuple[Any, ...]], otherwise: str = ""
) -> None:
    """Insert rows, each a tuple of the columns `names`. otherwise: what to do where one is there, as `replacing` says.

    By the driver itself: SQLAlchemy takes longer to look at the parameters than SQLite to write the rows.
    """
    if rows:
        columns, places = ", ".join(f'"{name}"' for name in names), ", ".join("?" * len(names))
        connection.exec_driver_sql(f"INSERT INTO {into.name} ({columns}) VALUES ({places}) {otherwise}", list(rows))


def replacing(into: Table, names: Sequence[str], where: str = "") -> str:
    """The clause that gives a row that is there already, by its primary key, the new values of `names`."""
    key = ", ".join(f'"{column.name}"' for column in into.primary_key)
    said = ", ".join(f'"{name}" = excluded."{name}"' for name in names)
    return f"ON CONFLICT ({key}) DO UPDATE SET {said} {where and f'WHERE {where}'}"


def select_in(
    connection: Connection, statement: Select[*tuple[Any, ...]], column: Any, values: Sequence[Any]
) -> Iterator[Any]:
    """The rows of a statement where the column has one of the values, asked for so many at a time that SQLite takes."""
    asked = statement.where(column.in_(bindparam("wanted", expanding=True)))
    for start in range(0, len(values), ROWS_AT_ONCE):
        yield from connection.execute(asked, {"wanted": list(values[start : start + ROWS_AT_ONCE])})


def read_arrays(connection: Connection, statement: Select[Any], *types: DTypeLike) -> list[NDArray[Any]]:
    """The columns that a statement selects, each as an array (n,) of its type."""
    parts: list[list[NDArray[Any]]] = [[np.empty(0, one)] for one in types]
    for rows in connection.execute(statement).partitions(ROWS_AT_ONCE):
        for part, values, one in zip(parts, zip(*rows, strict=True), types, strict=True):
            part.append(np.array(values, one))
    return [np.concatenate(part) for part in parts]
