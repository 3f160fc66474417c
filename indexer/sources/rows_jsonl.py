"""JSON Lines: one object a line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from engine.attributes import AttributeType
from engine.errors import SourceError
from indexer.sources.cells import Suspect, shown
from indexer.sources.rows import MAX_LINE, Row, survey


class JsonLinesRows:
    """The rows of a JSONL file, UTF-8. Columns are the keys of all objects, in the order they are first met.

    Raises SourceError with the first line's fault where no line has columns.
    """

    unit: str = "line"
    columns: Sequence[str]
    types: Mapping[str, AttributeType]
    suspects: Mapping[str, Suspect]
    unusable: Mapping[str, str]
    notes: Sequence[str]

    def __init__(self, path: Path) -> None:
        self._path = path
        seen = survey(self, (), parse=False)
        self.columns = seen.columns
        self.types = seen.types
        self.suspects = seen.suspects
        self.unusable = {}
        self.notes = []
        self._count = seen.count
        if not self.columns and (broken := next((row for row in self if row.fault), None)):
            raise SourceError(f"{path}: no line is a JSON object with columns. Line {broken.number}: {broken.fault}")

    def __iter__(self) -> Iterator[Row]:
        """Rows of the lines that are not blank."""
        with self._path.open("rb") as stream:
            number = 0
            while line := stream.readline(MAX_LINE):
                number += 1
                if len(line) == MAX_LINE and not line.endswith(b"\n"):
                    while (rest := stream.readline(MAX_LINE)) and not rest.endswith(b"\n"):
                        pass
                    yield Row(number, fault=f"a line of more than {MAX_LINE:,} bytes")
                elif text := line.strip().removeprefix(b"\xef\xbb\xbf" if number == 1 else b""):
                    yield _row(number, text)

    def __len__(self) -> int:
        """Number of lines that are not blank."""
        return self._count


def _row(number: int, text: bytes) -> Row:
    try:
        found = json.loads(text.decode())
    except UnicodeDecodeError:
        return Row(number, fault="not UTF-8")
    except RecursionError:
        return Row(number, fault="nested too deep")
    except json.JSONDecodeError as error:
        return Row(number, fault=f"not JSON: {error.msg} at character {error.pos + 1}")
    except ValueError as error:  # an integer of more digits than Python reads
        return Row(number, fault=f"not JSON: {error}")
    if not isinstance(found, dict):
        return Row(number, fault=f"{shown(text.decode())} is not an object: each line must be one, in braces")
    return Row(number, found)
