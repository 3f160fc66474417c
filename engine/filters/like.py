"""LIKE patterns as functions from a text to a bool.

`%` stands for any run of characters, `_` for exactly one, and the escape character takes the next one literally
(https://www.sqlite.org/lang_expr.html#like). The regular expression made here never backtracks from one literal piece
into an earlier one (each is an atomic group after a lazy run), so no pattern can take exponential time: a fixed-length
piece that matches at its first place leaves the most room for the pieces after it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

LikeCase = Literal["like", "ilike"]


def like_matcher(pattern: str, escape: str | None, case: LikeCase) -> Callable[[str], bool]:
    """Whether a whole text matches `pattern`.

    case: "like" ignores case for the letters a to z only, as SQLite does; "ilike" ignores it for all letters.
    A pattern that ends in its escape character matches nothing, as in SQLite.
    """
    pieces = _pieces(pattern, escape)
    if pieces is None:
        return lambda text: False
    flags = re.DOTALL | re.IGNORECASE | (re.ASCII if case == "like" else re.NOFLAG)
    if len(pieces) == 3 and not pieces[0] and not pieces[2]:  # %piece%, the common one
        search = re.compile(pieces[1], flags).search
        return lambda text: search(text) is not None
    body = pieces[0]
    if len(pieces) > 1:
        body += "".join(f"(?>.*?{piece})" for piece in pieces[1:-1]) + ".*" + pieces[-1]
    match = re.compile(body, flags).fullmatch
    return lambda text: match(text) is not None


def _pieces(pattern: str, escape: str | None) -> list[str] | None:
    """The pattern's parts between runs of `%`, each a fixed-length regular expression; None if it ends in `escape`."""
    pieces = [""]
    characters = iter(pattern)
    for character in characters:
        if character == escape:
            literal = next(characters, None)
            if literal is None:
                return None
            pieces[-1] += re.escape(literal)
        elif character == "%":
            if len(pieces) == 1 or pieces[-1]:
                pieces.append("")
        elif character == "_":
            pieces[-1] += "."
        else:
            pieces[-1] += re.escape(character)
    return pieces
