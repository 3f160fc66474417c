"""Filter errors that show the place in the text."""

from __future__ import annotations

import unicodedata

from engine.errors import FilterError

_BEFORE, _AFTER = 50, 30  # characters of the text shown around the place


def filter_error(message: str, text: str, start: int, end: int) -> FilterError:
    """The error `message` with the line of `text` that holds characters [start, end), and carets under them."""
    start = min(max(start, 0), len(text))
    end = min(max(end, start + 1), len(text) + 1)
    first = max(text.rfind("\n", 0, start) + 1, start - _BEFORE)
    newline = text.find("\n", start)
    last = len(text) if newline < 0 else newline
    last = min(last, max(end, start + 1) + _AFTER)
    before, marked, after = text[first:start], text[start : min(end, last)], text[min(end, last) : last]
    lead = "…" if first > 0 and text[first - 1] != "\n" else ""
    tail = "…" if last < len(text) and text[last] != "\n" else ""
    if len(marked) > _BEFORE:
        marked, after, tail = marked[:_BEFORE], "", "…"
    shown = lead + _printable(before + marked + after) + tail
    carets = " " * _width(lead + before) + "^" * max(1, _width(marked))
    return FilterError(f"{message}\n  {shown}\n  {carets}")


def _printable(text: str) -> str:
    """The text with every character that could move the cursor or colour a terminal replaced, one for one."""
    return "".join(c if c.isprintable() else " " if c.isspace() else "\ufffd" for c in text)


def _width(text: str) -> int:
    """Terminal columns of the text as `_printable` shows it."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
