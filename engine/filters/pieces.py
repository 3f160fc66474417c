"""A filter's text cut into pieces by sqlglot's tokenizer, with the checks that keep the parser after it safe."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from engine.errors import FilterError
from engine.filters.place import filter_error

if TYPE_CHECKING:
    from sqlglot import Token

MAX_LENGTH = 10_000  # characters
MAX_DEPTH = 20  # parentheses and NOTs around one another: the parser is recursive, some 30 Python frames for each


@dataclass(frozen=True)
class Piece:
    """One token, at characters [start, end) of the text.

    kind: "text" and "name" are quoted ones; "word" is a plain name or a keyword. value: without the quotes.
    token: sqlglot's own.
    """

    kind: Literal["text", "name", "number", "word", "symbol"]
    value: str
    raw: str
    start: int
    end: int
    token: Token

    @property
    def plain(self) -> str:
        """The piece as written, in lower case; "" when it is quoted, and so no keyword or symbol."""
        return "" if self.kind in ("text", "name") else self.raw.lower()


def split(text: str) -> list[Piece]:
    """The pieces of a filter. Raises FilterError for what cannot be cut, and for texts too long or nested too deep."""
    if len(text) > MAX_LENGTH:
        raise FilterError(f"the filter has {len(text)} characters and may have {MAX_LENGTH}: shorten it")
    if "\0" in text:
        place = text.index("\0")
        raise filter_error("a filter cannot contain the null character: remove it", text, place, place + 1)
    pieces = _cut(text)
    if not pieces:
        raise FilterError("the filter is empty: write a condition, or leave the filter out")
    _check_nesting(text, pieces)
    return pieces


def _cut(text: str) -> list[Piece]:
    """The text in sqlglot's tokens for SQLite. Raises FilterError for an open quote and for comments."""
    from sqlglot import Dialect
    from sqlglot.errors import TokenError

    try:
        # The parenthesis keeps a word such as `show` from being first, where sqlglot takes the rest as a command.
        tokens = Dialect.get_or_raise("sqlite").tokenize("(" + text)
    except TokenError as error:
        raise _open_quote(text) from error
    for token in tokens:
        if token.comments:
            place = next((start for start, mark in _marks(text) if mark in ("--", "/*")), token.start - 1)
            raise filter_error("not supported in a filter: comments; remove them", text, place, place + 2)
    return [_piece(text, token) for token in tokens[1:]]


def _piece(text: str, token: Token) -> Piece:
    from sqlglot import TokenType

    start, end = token.start - 1, token.end
    raw = text[start:end]
    kind: Literal["text", "name", "number", "word", "symbol"]
    if token.token_type == TokenType.STRING and raw.startswith("'"):
        kind = "text"
    elif token.token_type == TokenType.NUMBER:
        kind = "number"
    elif token.token_type == TokenType.IDENTIFIER:
        kind = "name"
    elif token.token_type == TokenType.VAR or re.fullmatch(r"[^\W\d][\w ]*", raw):
        kind = "word"
    else:
        kind = "symbol"
    return Piece(kind, token.text if kind in ("text", "name") else raw, raw, start, end, token)


def _open_quote(text: str) -> FilterError:
    """The error for a text that cannot be cut: nearly always a quote that is never closed."""
    place = next((start for start, mark in _marks(text) if len(mark) == 1), len(text))
    message = "a quote that is never closed: text goes in single quotes, with a quote inside it doubled ('it''s')"
    return filter_error(message, text, place, place + 1)


def _marks(text: str) -> Iterator[tuple[int, str]]:
    """Every quoted piece, quote that is not closed and comment mark of the text, with its place."""
    for match in re.finditer(r"""'[^']*'|"[^"]*"|`[^`]*`|\[[^]]*\]|['"`[]|--|/\*""", text):
        yield match.start(), match[0]


def _check_nesting(text: str, pieces: list[Piece]) -> None:
    """Refuses parentheses without a partner, and what is nested too deep for a recursive parser."""
    opened: list[tuple[Piece, int]] = []  # each with the depth outside it
    depth = 0  # parentheses, and NOTs in a row, around this place
    for piece in pieces:
        word = piece.plain
        if word == "(":
            opened.append((piece, depth))
            depth += 1
        elif word == ")":
            if not opened:
                raise filter_error("this parenthesis was never opened", text, piece.start, piece.end)
            depth = opened.pop()[1]
        elif word == "not":
            depth += 1
        else:
            depth = opened[-1][1] + 1 if opened else 0
        if depth > MAX_DEPTH:
            message = f"the filter is nested deeper than {MAX_DEPTH} parentheses and NOTs: simplify it"
            raise filter_error(message, text, piece.start, piece.end)
    if opened:
        piece = opened[-1][0]
        raise filter_error("this parenthesis is never closed", text, piece.start, piece.end)
