"""Arrays to and from SQLite's rows, many at a time: an array a column."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from sqlalchemy import Connection, Select, Table

ROWS_AT_ONCE = 10_000


def insert_arrays(connection: Connection, into: Table, same: Mapping[str, int], arrays: Mapping[str, Any]) -> None:
    """Insert rows: of each column its array (n,). same: columns that hold one value in all rows.

    By the driver itself: a million rows through SQLAlchemy's own parameters would be a million dicts.
    """
    names = [*same, *arrays]
    statement = f"INSERT INTO {into.name} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
    count = len(next(iter(arrays.values())))
    for start in range(0, count, ROWS_AT_ONCE):
        part = (array[start : start + ROWS_AT_ONCE].tolist() for array in arrays.values())
        rows = [(*same.values(), *row) for row in zip(*part, strict=True)]
        connection.exec_driver_sql(statement, rows)


def read_arrays(connection: Connection, statement: Select[Any], *types: DTypeLike) -> list[NDArray[Any]]:
    """The columns that a statement selects, each as an array (n,) of its type."""
    parts: list[list[NDArray[Any]]] = [[np.empty(0, one)] for one in types]
    for rows in connection.execute(statement).partitions(ROWS_AT_ONCE):
        for part, values, one in zip(parts, zip(*rows, strict=True), types, strict=True):
            part.append(np.array(values, one))
    return [np.concatenate(part) for part in parts]
