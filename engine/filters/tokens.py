"""The first pass over a filter: what is not part of the language is refused, names are looked up, values set aside.

Every name and value leaves as a quoted identifier that is its number in `Scanned.operands`. So the parser of the second
pass sees nothing but structure: it cannot mistake a column called `date` or `show` for a keyword, nor give a value a
meaning of its own, and every operand keeps its place for error messages.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.attributes import AttributeType
from engine.errors import FilterError
from engine.filters.names import find_name, unknown_name
from engine.filters.nodes import KEYWORDS, Name
from engine.filters.pieces import Piece, split
from engine.filters.place import filter_error

if TYPE_CHECKING:
    from sqlglot import Token, TokenType

SUPPORTED = (
    "A filter compares attributes with values: =, !=, <, <=, >, >=, in (...), between, like, ilike, is null, "
    "is true, is false, joined by and, or, not and parentheses."
)
_COMPARISONS = frozenset(("=", "==", "!=", "<>", "<", "<=", ">", ">="))
_STRUCTURE = _COMPARISONS | (KEYWORDS - {"true", "false", "null"}) | {"(", ")", ","}
_BEFORE_VALUE = _COMPARISONS | {"like", "ilike", "between", ","}
_CONSTANTS = {"true": True, "false": False, "null": None}
# Words that cannot be an attribute's misspelling as likely as they are SQL that a filter does not have.
_REFUSED = {
    **dict.fromkeys(("select", "with", "union", "exists", "any", "all", "from", "values"), "subqueries"),
    **dict.fromkeys(("case", "when", "cast", "collate", "glob", "regexp", "match", "rlike"), ""),
    **dict.fromkeys(("group", "order", "limit", "having", "where", "offset"), ""),
    **dict.fromkeys(("isnull", "notnull"), "write `is null` or `is not null`"),
    "distinct": "write = or !=, or `is null`",
}
_SYMBOLS = {
    **dict.fromkeys("+-*/%~^", "arithmetic"),
    **dict.fromkeys(("<<", ">>", "->", "->>", "&", "|", "::"), "arithmetic"),
    **dict.fromkeys(("?", ":", "@", "$", "{", "}"), "parameters; write the value itself"),
    ";": "more than one statement",
    "||": "arithmetic; `or` joins conditions",
    "&&": "write `and`",
    "!": "write `not`",
    "<=>": "write = or !=, or `is null`",
}


@dataclass(frozen=True)
class Operand:
    """A name or a value (None is null) at characters [start, end) of the text."""

    value: Name | str | float | bool | None
    start: int
    end: int


@dataclass
class Scanned:
    """A filter's structure as tokens for the parser, and its operands. places: where each token is in the text."""

    text: str
    tokens: list[Token] = field(default_factory=list)
    places: list[tuple[int, int]] = field(default_factory=list)
    operands: list[Operand] = field(default_factory=list)

    def is_operand(self, token: int) -> bool:
        """Whether a token stands for an operand."""
        return any((operand.start, operand.end) == self.places[token] for operand in self.operands)


def scan(text: str, known: Mapping[str, AttributeType]) -> Scanned:
    """The structure and operands of a filter. Raises FilterError for what is not part of the language."""
    return _Scanner(text, split(text), known).run()


class _Scanner:
    """Goes once through the pieces; `at` is the next one."""

    def __init__(self, text: str, pieces: list[Piece], known: Mapping[str, AttributeType]) -> None:
        self.pieces, self.known = pieces, known
        self.scanned = Scanned(text)
        self.at = 0

    def run(self) -> Scanned:
        while self.at < len(self.pieces):
            piece = self.pieces[self.at]
            if piece.kind == "text":
                self.add_operand(piece.value, 1)
            elif length := self.number_length():
                self.add_number(length)
            elif piece.plain in _CONSTANTS:
                self.add_constant(_CONSTANTS[piece.plain])
            elif piece.plain in _STRUCTURE:
                self.add_structure()
            elif piece.kind in ("name", "word"):
                self.add_name()
            else:
                raise self.refused(_SYMBOLS.get(piece.raw, ""))
        return self.scanned

    def plain(self, offset: int) -> str:
        """`plain` of the piece `offset` after the next one; "" outside the text."""
        place = self.at + offset
        return self.pieces[place].plain if 0 <= place < len(self.pieces) else ""

    def kind(self, offset: int) -> str:
        """`kind` of the piece `offset` after the next one; "" outside the text."""
        place = self.at + offset
        return self.pieces[place].kind if 0 <= place < len(self.pieces) else ""

    def add_structure(self) -> None:
        piece = self.pieces[self.at]
        fault = self.structure_fault()
        if fault:
            raise filter_error(fault, self.scanned.text, piece.start, piece.end)
        self.add_token(piece.token.token_type, piece.raw, piece.start, piece.end)
        self.at += 1

    def structure_fault(self) -> str:
        """What is wrong with the next piece where sqlglot, in one version or another, is lenient; "" for nothing."""
        word = self.plain(0)
        if word == "," and (self.plain(-1) in ("(", ",") or self.plain(1) in (")", ",")):
            return "a value is missing beside this comma"
        if word == "is" and self.plain(2 if self.plain(1) == "not" else 1) not in (*_CONSTANTS, "distinct"):
            return "after `is` stands null, true or false, or `not` and one of these: write = or != instead of is"
        if word == "not" and self.after_operand() and self.plain(1) not in ("in", "between", "like", "ilike"):
            return (
                "`not` stands before a condition, or in `not in`, `not between`, `not like`: is `and` or `or` missing?"
            )
        return ""

    def after_operand(self) -> bool:
        previous = self.plain(-1)
        return self.at > 0 and (previous not in _STRUCTURE or previous == ")")

    def add_operand(self, value: Name | str | float | bool | None, count: int) -> None:
        from sqlglot import TokenType

        start, end = self.pieces[self.at].start, self.pieces[self.at + count - 1].end
        # The parser wants a string after ESCAPE, and takes a name everywhere else.
        token_type = TokenType.STRING if self.plain(-1) == "escape" and isinstance(value, str) else TokenType.IDENTIFIER
        self.add_token(token_type, str(len(self.scanned.operands)), start, end)
        self.scanned.operands.append(Operand(value, start, end))
        self.at += count

    def add_token(self, token_type: TokenType, text: str, start: int, end: int) -> None:
        from sqlglot import Token

        # The parser reports an error by line and column: the column is the token's number, to look its place up.
        self.scanned.tokens.append(Token(token_type, text, line=1, col=len(self.scanned.places)))
        self.scanned.places.append((start, end))

    def number_length(self) -> int:
        """How many pieces from the next one make a number: a sign where a value may start, a point, digits."""
        after_operand = self.after_operand()
        length = 1 if self.plain(0) in ("-", "+") and not after_operand else 0
        if self.plain(length) == "." and self.kind(length + 1) == "number" and not after_operand:
            point, digits = self.pieces[self.at + length : self.at + length + 2]
            return length + 2 if digits.start == point.end else 0
        return length + 1 if self.kind(length) == "number" else 0

    def add_number(self, length: int) -> None:
        pieces = self.pieces[self.at : self.at + length]
        written = "".join(piece.raw for piece in pieces)
        place = self.scanned.text, pieces[0].start, pieces[-1].end
        if not re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", written, re.ASCII):
            raise filter_error(f"{written[:40]} is not a number", *place)
        value = float(written)
        if not math.isfinite(value):
            raise filter_error("the number is too large: the largest is about 1.8e308", *place)
        self.add_operand(value, length)

    def add_constant(self, value: bool | None) -> None:
        """true, false, null: structure after IS [NOT], a value elsewhere."""
        if self.plain(-1) == "is" or (self.plain(-1) == "not" and self.plain(-2) == "is"):
            self.add_structure()
        else:
            self.add_operand(value, 1)

    def add_name(self) -> None:
        length = 1
        while self.plain(length) == "." and self.kind(length + 1) in ("name", "word"):
            length += 2
        pieces = self.pieces[self.at : self.at + length]
        parts = tuple(piece.value for piece in pieces[::2])
        keyword = self.plain(0).split(" ")[0]
        if self.plain(length) == "(" and pieces[-1].kind == "word" and keyword not in _REFUSED:
            raise self.refused("functions")
        found = find_name(parts, self.known)
        if found is None:
            if keyword in _REFUSED:
                raise self.refused(_REFUSED[keyword])
            message = unknown_name(parts, self.known, self.at_value())
            raise filter_error(message, self.scanned.text, pieces[0].start, pieces[-1].end)
        self.add_operand(found, length)

    def at_value(self) -> bool:
        """Whether the next piece stands where a value is likely meant: after a comparison or in a list."""
        previous = self.plain(-1)
        return previous in _BEFORE_VALUE or (previous == "(" and self.plain(-2) == "in")

    def refused(self, why: str) -> FilterError:
        piece = self.pieces[self.at]
        hint = f" ({why})" if why else ""
        message = f"not supported in a filter: {piece.raw[:40]}{hint}\n  {SUPPORTED}"
        return filter_error(message, self.scanned.text, piece.start, piece.end)
