"""A table as rows, whatever file it is in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from engine.attributes import AttributeType
from engine.errors import SourceError
from indexer.sources.cells import Suspect, TypeGuess

MAX_LINE = 16 * 2**20
"""Longest line, in characters or bytes: a longer one is reported and skipped, so that memory stays bounded."""
MAX_COLUMNS = 1_000


@dataclass(frozen=True)
class Row:
    """One row. number: its first physical line, or its place in a Parquet file, from 1. fault: why it has no cells."""

    number: int
    cells: Mapping[str, object] = field(default_factory=dict)
    fault: str = ""


class Rows(Protocol):
    """A table that can be read again and again.

    unit: what `Row.number` counts. columns: in the table's order, none twice. types: of the columns that have a value,
    by what the table declares or its values show. suspects: columns read as text that may be meant to be
    numbers or booleans. unusable: columns that hold no plain values, and why. notes: what is
    to be said about the table as a whole.
    """

    unit: str
    columns: Sequence[str]
    types: Mapping[str, AttributeType]
    suspects: Mapping[str, Suspect]
    unusable: Mapping[str, str]
    notes: Sequence[str]

    def __iter__(self) -> Iterator[Row]:
        """Rows in the table's order, streamed; blank ones are left out."""
        ...

    def __len__(self) -> int:
        """Number of rows, with and without fault."""
        ...


def distinct(columns: Iterable[str]) -> list[str]:
    """Column names with " (2)" and so on after those that were there before."""
    names: dict[str, None] = {}
    for column in columns:
        name, times = column, 1
        while name in names:
            times += 1
            name = f"{column} ({times})"
        names[name] = None
    return list(names)


@dataclass(frozen=True)
class Survey:
    """What one pass over a table shows."""

    columns: tuple[str, ...]
    types: Mapping[str, AttributeType]
    suspects: Mapping[str, Suspect]
    count: int


def survey(rows: Iterable[Row], columns: Iterable[str], parse: bool) -> Survey:
    """Read all rows once: count them, meet every column, and infer types from each column's first values.

    columns: those known beforehand. parse: see `TypeGuess`. Raises SourceError for more than 1,000 columns.
    """
    guesses = {column: TypeGuess(parse, column) for column in columns}
    open_columns = list(guesses)
    count = 0
    for row in rows:
        count += 1
        if not guesses.keys() >= row.cells.keys():
            new = [column for column in row.cells if column not in guesses]
            guesses.update((column, TypeGuess(parse, column)) for column in new)
            open_columns += new
        if len(guesses) > MAX_COLUMNS:
            raise SourceError(f"the table has more than {MAX_COLUMNS:,} columns: is every row a product?")
        for column in open_columns:
            guesses[column].add(row.cells.get(column), row.number)
        if count % TypeGuess.ENOUGH == 0:
            open_columns = [column for column in open_columns if not guesses[column].done]
    types = {column: guess.type for column, guess in guesses.items() if guess.type is not None}
    suspects = {column: guess.suspect for column, guess in guesses.items() if guess.suspect is not None}
    return Survey(tuple(guesses), types, suspects, count)
