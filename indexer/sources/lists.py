"""The lists of DeepFashion: a count, mostly a header, then rows with runs of spaces between their cells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.errors import SourceError
from indexer.sources.base import SourceProblem
from indexer.sources.cells import Misfit, as_text, shown
from indexer.sources.records import Place
from indexer.sources.rows_delimited import CP1252, NOT_UTF_8, encoding_of


@dataclass(frozen=True)
class Line:
    """One row that is not blank. text: without the spaces around it. number: of its physical line, from 1."""

    number: int
    text: str


class ListFile:
    """A list, read anew at each iteration. header: the names of its columns in lower case; None where it has none.

    Raises SourceError with the file and line when the first line is no count or the header is another.
    """

    def __init__(self, path: Path, header: Sequence[str] | None) -> None:
        self.path = path
        self._encoding = encoding_of(path)
        lines = self._lines()
        first = next(lines, None)
        if first is None or not first.text.isdecimal() or not first.text.isascii():
            told = "nothing" if first is None else shown(first.text)
            raise SourceError(f"{path} line {first.number if first else 1}: must be the number of rows, not {told}")
        self.count = int(first.text)
        self._skip = first.number
        if header is None:
            return
        second = next(lines, None)
        if second is None or tuple(second.text.lower().split()) != tuple(header):
            told = "nothing" if second is None else shown(second.text)
            where = f"{path} line {second.number if second else first.number + 1}"
            raise SourceError(f"{where}: must be the header {' '.join(header)!r}, not {told}")
        self._skip = second.number

    def __iter__(self) -> Iterator[Line]:
        """The rows; blank lines are left out."""
        return (line for line in self._lines() if line.number > self._skip)

    def place(self, line: Line) -> Place:
        """Where a row stands."""
        return Place(self.path, f"line {line.number}")

    def complaints(self, rows: int) -> list[SourceProblem]:
        """What is to be said of the file as a whole once so many rows of it were read."""
        found = []
        if self._encoding == CP1252:
            found.append(Place(self.path, "line 1").kept(f"{NOT_UTF_8} if photos are not found"))
        if rows != self.count:
            told = f"line 1 says {self.count:,} rows, and there are {rows:,}: is the file whole?"
            found.append(Place(self.path, "line 1").kept(told))
        return found

    def require_whole(self, rows: int) -> None:
        """Raise SourceError where line 1 says another number: of a list whose row numbers mean something."""
        if rows != self.count:
            raise SourceError(
                f"{self.path} line 1: says {self.count:,} rows, and there are {rows:,}: is the file whole?"
            )

    def _lines(self) -> Iterator[Line]:
        with self.path.open(encoding=self._encoding, errors="replace") as stream:
            for number, text in enumerate(stream, 1):
                if plain := text.strip().strip("\0"):
                    yield Line(number, plain)


def cells(text: str, wanted: int) -> list[str] | Misfit:
    """The cells of a row; the first may hold spaces."""
    found = text.rsplit(maxsplit=wanted - 1)
    if len(found) != wanted:
        return Misfit(f"{shown(text)} has {len(found)} cells, and must have {wanted}")
    usable = as_text(text)
    return usable if isinstance(usable, Misfit) else found


def whole_numbers(parts: Sequence[str]) -> list[int] | Misfit:
    """Whole numbers, also padded with zeros (017)."""
    try:
        return [int(part) for part in parts]
    except ValueError:
        return Misfit(f"{shown(' '.join(parts))} must be whole numbers")


def corners_box(corners: Sequence[float]) -> tuple[int, int, int, int] | Misfit:
    """x, y, width, height of a box told by its corners x1, y1, x2, y2."""
    from indexer.sources.boxes import read_box

    x1, y1, x2, y2 = corners
    box = read_box([x1, y1, x2 - x1, y2 - y1])
    return box if box is not None else Misfit("a box of nothing")
