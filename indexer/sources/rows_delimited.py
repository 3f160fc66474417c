"""CSV and its kin, with any of four delimiters, read strictly: a stray quote costs its own row and no other."""

from __future__ import annotations

import codecs
import csv
import io
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TextIO

from engine.attributes import AttributeType
from engine.errors import SourceError
from indexer.sources.cells import Suspect
from indexer.sources.headers import has_image
from indexer.sources.rows import MAX_LINE, Row, distinct, survey

DELIMITERS = (",", ";", "\t", "|")
CP1252 = "cp1252"
NOT_UTF_8 = "not UTF-8: read as Windows-1252. Save it as UTF-8"
_ROW_LINES = 1_000  # a cell with more line breaks than that is a quote that was never closed
_RETRIES = 1_000_000  # lines that are read again after unclosed quotes, before rows are held to one line
_SAMPLE = 2**16


class DelimitedRows:
    """The rows of a CSV or TSV file. Line numbers are physical lines, also after quoted line breaks.

    Read as UTF-8, or UTF-16 with its mark; as Windows-1252 only when it is neither, and `notes` says so.
    Raises SourceError for an empty file. Raises the process's `csv.field_size_limit` to 16 Mi characters.
    """

    unit: str = "line"
    columns: Sequence[str]
    types: Mapping[str, AttributeType]
    suspects: Mapping[str, Suspect]
    unusable: Mapping[str, str]
    notes: Sequence[str]

    def __init__(self, path: Path, delimiter: str | None = None) -> None:
        self._path = path
        self._encoding = encoding_of(path)
        csv.field_size_limit(max(MAX_LINE, csv.field_size_limit()))
        with self._open() as stream:
            sample = stream.read(_SAMPLE)
        self._delimiter = delimiter or sniff(sample)
        self._header_line, self.columns = self._header()
        seen = survey(self, self.columns, parse=True)
        self.types = seen.types
        self.suspects = seen.suspects
        self.unusable = {}
        self._count = seen.count
        self.notes = [f"{NOT_UTF_8} if names look wrong"] if self._encoding == CP1252 else []

    def _open(self) -> TextIO:
        return self._path.open(encoding=self._encoding, errors="replace", newline="")

    def _header(self) -> tuple[int, Sequence[str]]:
        with self._open() as stream:
            for line, _, cells in strict_rows(stream, self._delimiter):
                if isinstance(cells, str):
                    raise SourceError(f"line {line}, the header, cannot be read: {cells}")
                return line, distinct(cell.strip() for cell in cells)
        raise SourceError("the table is empty: its first line must name the columns")

    def __iter__(self) -> Iterator[Row]:
        """Rows after the header; those with all cells blank are left out."""
        width = len(self.columns)
        with self._open() as stream:
            for line, last, cells in strict_rows(stream, self._delimiter):
                if line <= self._header_line:
                    continue
                if isinstance(cells, str):
                    yield Row(line, fault=cells)
                elif len(cells) != width:
                    span = f" (it runs to line {last})" if last > line else ""
                    yield Row(
                        line, fault=f"{len(cells)} cell{'s' if len(cells) != 1 else ''} under a header of {width}{span}"
                    )
                else:
                    yield Row(line, dict(zip(self.columns, cells, strict=True)))

    def __len__(self) -> int:
        """Number of rows after the header."""
        return self._count


class _Lines:
    """Physical lines for `csv.reader`, counted; those of the current row are kept, so that they can be read again."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._again: deque[str] = deque()
        self._retries = 0
        self._row: list[str] = []
        self.number = 0
        self.too_long = False

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if len(self._row) >= (_ROW_LINES if self._retries < _RETRIES else 1):
            raise StopIteration  # csv.reader takes it for the end of the file, and finds the quote open
        line = self._again.popleft() if self._again else self._read()
        if not line:
            raise StopIteration
        self.number += 1
        self._row.append(line)
        return line

    def _read(self) -> str:
        line = rest = self._stream.readline(MAX_LINE)
        while len(rest) == MAX_LINE and rest[-1] not in "\r\n":
            self.too_long = True
            line, rest = "\n", self._stream.readline(MAX_LINE)
        return line

    def begin_row(self) -> int:
        """Forget the last row's lines; the number of the next line."""
        self._row.clear()
        self.too_long = False
        return self.number + 1

    def give_back(self) -> None:
        """Let all lines of the current row but its first be read again."""
        self._again.extendleft(reversed(self._row[1:]))
        self._retries += len(self._row) - 1
        self.number -= len(self._row) - 1


def strict_rows(stream: TextIO, delimiter: str) -> Iterator[tuple[int, int, list[str] | str]]:
    """First and last physical line of each row that is not blank, with its cells, or why there are none."""
    lines = _Lines(stream)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        first = lines.begin_row()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            lines.give_back()
            yield first, lines.number, f"a quote is not closed, or not doubled inside quotes ({error})"
            continue
        if lines.too_long:
            yield first, lines.number, f"a line of more than {MAX_LINE:,} characters"
        elif any(cell and not cell.isspace() for cell in cells):
            yield first, lines.number, cells


def sniff(sample: str) -> str:
    """The delimiter of a CSV text: the one under which a photo column is known, rows agree, and columns are many."""
    lines = list(io.StringIO(sample, newline=""))
    if len(sample) >= _SAMPLE and len(lines) > 1:
        lines.pop()  # cut in the middle
    best, best_score = DELIMITERS[0], (False, 0.0, 1)
    for delimiter in DELIMITERS:
        try:
            rows = [row for row in csv.reader(lines, delimiter=delimiter) if row][:100]
        except csv.Error:
            continue
        width = len(rows[0]) if rows else 0
        score = (has_image(rows[0]), sum(len(row) == width for row in rows) / len(rows), width) if width > 1 else None
        if score and score > best_score:
            best, best_score = delimiter, score
    return best


def encoding_of(path: Path) -> str:
    """The file's encoding: by its mark, else UTF-8 when every byte fits, else cp1252."""
    with path.open("rb") as stream:
        if stream.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            return "utf-16"
        stream.seek(0)
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            while chunk := stream.read(2**20):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return CP1252
    return "utf-8-sig"
