"""Tables as CSV, JSON lines and Parquet, a piece at a time."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from engine.export.place import new_file
from engine.export.rows import Table

_WHOLE = 2**53


def write_csv(table: Table, to: Path) -> None:
    """RFC 4180 in UTF-8 with a header and "\\n"; true and false, nothing for no value, texts exactly as they are.

    Texts are not altered to hinder spreadsheets from taking =, +, - or @ at their start for a formula.
    """
    with new_file(to) as path, path.open("w", encoding="utf-8", newline="") as file:
        csv_writer(file).writerows(csv_rows(table))


class _Lines:
    """Takes lines that end in "\r\n" and writes them with "\n"."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, line: str) -> int:
        """One line, as `csv.writer` writes it."""
        return self._file.write(line[:-2] + "\n")


def csv_writer(file: TextIO) -> Any:
    """A `csv.writer` whose lines end in "\n" and whose texts may hold any line break.

    With "\n" as its end of lines that of Python before 3.13 leaves a text with "\r" in it without quotes, and readers
    take that for the end of the row.
    """
    return csv.writer(_Lines(file), lineterminator="\r\n")


def csv_rows(table: Table) -> Iterator[Sequence[Any]]:
    """The header, then the rows, as `csv.writer` takes them."""
    yield [field.name for field in table.fields]
    for piece in table.pieces():
        yield from zip(*(map(_cell, values) for values in piece), strict=True)


def write_jsonl(table: Table, to: Path) -> None:
    """One JSON object a line in UTF-8; null for no value."""
    names = [field.name for field in table.fields]
    with new_file(to) as path, path.open("w", encoding="utf-8", newline="") as file:
        for piece in table.pieces():
            for row in zip(*(map(_plain, values) for values in piece), strict=True):
                file.write(json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False) + "\n")


def write_json(table: Table, to: Path) -> None:
    """One JSON array of objects in UTF-8; null for no value."""
    names = [field.name for field in table.fields]
    with new_file(to) as path, path.open("w", encoding="utf-8", newline="") as file:
        between = "[\n"
        for piece in table.pieces():
            for row in zip(*(map(_plain, values) for values in piece), strict=True):
                file.write(between + json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False))
                between = ",\n"
        file.write("\n]\n" if table.rows else "[]\n")


def write_parquet(table: Table, to: Path) -> None:
    """Typed, nullable columns: string, double, int64, bool."""
    with new_file(to) as path:
        fill_parquet(table, path)


def fill_parquet(table: Table, path: Path) -> None:
    """As `write_parquet`, into a file that somebody else puts into place."""
    import pyarrow as pa
    from pyarrow import parquet

    types = {"text": pa.string(), "number": pa.float64(), "integer": pa.int64(), "boolean": pa.bool_()}
    schema = pa.schema([pa.field(field.name, types[field.type]) for field in table.fields])
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for piece in table.pieces(size=65_536):
            arrays = [pa.array(values, kind.type) for values, kind in zip(piece, schema, strict=True)]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))


TABLES: Mapping[str, Callable[[Table, Path], None]] = {
    ".csv": write_csv,
    ".jsonl": write_jsonl,
    ".parquet": write_parquet,
}


def _plain(value: Any) -> Any:
    """Whole numbers without ".0"."""
    return int(value) if isinstance(value, float) and abs(value) < _WHOLE and value.is_integer() else value


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else _plain(value)
