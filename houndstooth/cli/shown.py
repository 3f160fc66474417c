"""Names, values and tables as a terminal may show them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from houndstooth.cli.counted import three_places

CELL_WIDTH = 40
HIDDEN = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069\\ud800-\\udfff]")
"""Control characters, marks that turn the direction of writing, and bytes of a file's name that are not UTF-8."""


def shown(value: object) -> str:
    """The value on one line, with escapes in the place of what a terminal would obey: a table may be a stranger's."""
    return HIDDEN.sub(_escape, str(value))


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else ascii(found[0])[1:-1]


def shown_path(path: str) -> str:
    """A path as `shown`, relative where it lies in the current folder: short, and still to be opened from there."""
    here = Path.cwd().as_posix().rstrip("/") + "/"
    return shown(path.removeprefix(here) or path)


def short(value: object) -> str:
    """A value on one short line; "" for None."""
    text = "" if value is None else " ".join(_text(value).split())
    return shown(text if len(text) <= CELL_WIDTH else text[: CELL_WIDTH - 3].rstrip() + "...")


def table_text(rows: Sequence[Sequence[object]], header: Sequence[str]) -> str:
    """A table for people: texts on the left as they are ("007", "1e5" too), numbers on the right, to three places."""
    from tabulate import tabulate

    sides = ["right" if _are_numbers(column) else "left" for column in zip(*rows, strict=True)]
    cells = [[_cell(value) for value in row] for row in rows]
    text: str = tabulate(cells, header, disable_numparse=True, colalign=sides or None)
    return text


def _are_numbers(column: Sequence[object]) -> bool:
    known = [value for value in column if value is not None]
    return bool(known) and all(isinstance(value, int | float) for value in known)


def _cell(value: object) -> str:
    return "" if value is None else three_places(value) if isinstance(value, float) else shown(_text(value))


def _text(value: object) -> str:
    """As filters and tables write it: true and false in lower case."""
    return str(value).lower() if isinstance(value, bool) else str(value)
