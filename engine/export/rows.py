"""Tables to export: typed fields over arrays, read a piece at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engine.attributes import AttributeType, Column
from engine.columns import BUILT_IN, column_values
from engine.snapshot import Snapshot

FieldType = Literal["text", "number", "integer", "boolean"]
PIECE_ROWS = 4096


@dataclass(frozen=True, eq=False)
class Field:
    """One column. read: the values of a slice of rows as str, float, int or bool, None where there is none."""

    name: str
    type: FieldType
    read: Callable[[slice], list[Any]]


@dataclass(frozen=True, eq=False)
class Table:
    """Fields of `rows` rows each."""

    fields: tuple[Field, ...]
    rows: int

    def pieces(self, size: int = PIECE_ROWS) -> Iterator[list[list[Any]]]:
        """The values field by field, a piece of the rows at a time, in order."""
        for start in range(0, self.rows, size):
            part = slice(start, min(start + size, self.rows))
            yield [field.read(part) for field in self.fields]


def array_field(name: str, kind: FieldType, values: NDArray[Any]) -> Field:
    """A field of an array (n,) without gaps."""
    return Field(name, kind, lambda part: values[part].tolist())


def list_field(name: str, kind: FieldType, values: Sequence[Any]) -> Field:
    """A field of values that may be None."""
    return Field(name, kind, lambda part: list(values[part]))


def column_field(name: str, column: Column, rows: NDArray[np.intp]) -> Field:
    """A field of an attribute at these rows (n,) of a snapshot."""
    return Field(name, column.type, lambda part: column_values(column, rows[part]))


def attribute_fields(snapshot: Snapshot, rows: NDArray[np.intp], taken: Sequence[str]) -> list[Field]:
    """Every attribute of the catalog at these rows, by name; one whose name is taken is called attribute_NAME."""
    known = sorted(name for name in snapshot.attributes if name not in BUILT_IN)
    columns = snapshot.columns(known)
    return [column_field(name, columns[known_name], rows) for known_name, name in free_names(known, taken).items()]


def free_names(names: Sequence[str], taken: Sequence[str]) -> dict[str, str]:
    """Each name with what to call its column beside the columns that are there."""
    used = {*taken, *names}
    given = {}
    for name in names:
        free = name
        while name in taken and free in used:
            free = f"attribute_{free}"
        used.add(free)
        given[name] = free
    return given


def value_type(values: Mapping[Any, Any] | Sequence[Any]) -> AttributeType:
    """The attribute type of plain values, of which there is at least one."""
    first = next(iter(values))
    return "boolean" if isinstance(first, bool) else "text" if isinstance(first, str) else "number"
