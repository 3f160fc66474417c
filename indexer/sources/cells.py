"""One cell of a table: is there a value, does it fit a type, and which type does a column have.

What counts as a value is the same for every kind of table. Nothing is guessed from locale: "1,5" and "$5" are text.
"""

from __future__ import annotations

import datetime
import math
import re
from dataclasses import dataclass
from decimal import Decimal

from engine.attributes import AttributeType, AttributeValue

ATTRIBUTE_TYPES: tuple[AttributeType, ...] = ("text", "number", "boolean")
MAX_TEXT = 100_000
"""Characters of the longest text that is kept; a longer one is not an attribute of a garment."""

_TRUE = {"true", "yes", "t", "y"}
_FALSE = {"false", "no", "f", "n"}
_BOOLEAN_WORDS = {"true", "yes", "false", "no"}  # "f" and "m" are something else
_ABSENT = {"", "nan", "null"}
_ABSENT_UNLESS_TEXT = _ABSENT | {"na", "n/a", "none", "-"}  # in a text column these can be meant: a pattern of "none"
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_CODE = re.compile(r"[+-]?(0[0-9]+|[0-9]{16,})")  # "007" and long codes: digits that are not a quantity
_NUMBER_WORDS = frozenset((
    *("price", "prices", "cost", "costs", "amount", "weight", "rating", "stock"),
    *("quantity", "qty", "discount", "year", "width", "height", "depth", "diameter"),
))  # fmt: skip
_ID_WORDS = frozenset((
    *("id", "ids", "sku", "ean", "gtin", "upc"),
    *("isbn", "asin", "barcode", "code", "codes"),
))  # fmt: skip
_NAME_WORDS = frozenset((
    *("name", "label", "text", "type", "class", "group"),
    *("band", "range", "units", "currency", "status"),
))  # fmt: skip
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True)
class Misfit:
    """Why a value cannot be used."""

    reason: str


@dataclass(frozen=True)
class Suspect:
    """Why a column that was read as text may be meant to be another type: a cell that is none of it, and its row."""

    text: str
    row: int
    meant: AttributeType


def attribute_name(column: str) -> str:
    """A column's name as a filter can write it: "Sleeve length", "sleeve-length" and "sleeveLength": sleeve_length."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", column.strip())
    return re.sub(r"[\W_]+", "_", parted.lower()).strip("_")


def shown(value: object) -> str:
    """The value in quotes, cut to some 40 characters and escaped, for a message."""
    text = value if isinstance(value, str) else str(value)
    quoted = ascii(text[:40]) if _UNSTORABLE.search(text[:40]) else repr(text[:40])
    return quoted if len(text) <= 40 else f"{quoted}..."


def is_absent(value: object, type: AttributeType = "text") -> bool:
    """Whether the cell says nothing: empty, null, NaN; "none", "na" and "-" too where no text is expected."""
    if isinstance(value, str):
        return value.strip().lower() in (_ABSENT if type == "text" else _ABSENT_UNLESS_TEXT)
    if isinstance(value, Decimal):
        return value.is_nan()
    return value is None or (isinstance(value, float) and math.isnan(value))


def as_text(value: object) -> str | Misfit:
    """The value as text: no spaces around it, whole numbers without ".0", dates as ISO 8601, booleans in lower case."""
    text: str
    match value:
        case str():
            text = value.strip()
        case bool():
            text = "true" if value else "false"
        case int():
            text = str(value)
        case float() | Decimal():
            text = _number_as_text(value)
        case datetime.date() | datetime.time():
            text = value.isoformat()
        case list() | tuple():
            return Misfit("a list is not a value")
        case dict():
            return Misfit("an object is not a value")
        case _:
            return Misfit("neither text nor number nor boolean")
    if len(text) > MAX_TEXT:
        return Misfit(f"{len(text):,} characters are more than the {MAX_TEXT:,} kept")
    if _UNSTORABLE.search(text):
        return Misfit(f"{shown(text)} holds a character that cannot be stored")
    return text


def _number_as_text(value: float | Decimal) -> str:
    whole = math.isfinite(value) and abs(float(value)) < 2**53 and value == int(value)
    return str(int(value)) if whole else str(value)


def _as_number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        return None
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        return None
    try:
        number = float(value)
    except OverflowError:  # an integer of more than 308 digits
        return None
    return number if math.isfinite(number) else None


def _as_boolean(value: object) -> bool | None:
    if isinstance(value, bool):
        return value
    word = value.lower() if isinstance(value, str) else value
    if word in (0, 1):
        return word == 1
    if not isinstance(word, str):
        return None
    return True if word in _TRUE or word == "1" else False if word in _FALSE or word == "0" else None


def fit(value: object, type: AttributeType) -> AttributeValue | Misfit | None:
    """The value as `type`; None when the cell says nothing, a `Misfit` when it says something else."""
    if is_absent(value, type):
        return None
    if type == "text":
        return as_text(value)
    if isinstance(value, list | dict | tuple):
        return as_text(value)
    plain = value.strip() if isinstance(value, str) else value
    found = _as_number(plain) if type == "number" else _as_boolean(plain)
    if found is None:
        return Misfit(f"{shown(value)} is not {'a number' if type == 'number' else 'true or false'}")
    return found


class TypeGuess:
    """A column's type from its first values and its name: boolean if all are, number if nearly all are, else text.

    column: its name, which may say that numbers or ids are meant. parse: whether texts may stand for numbers and
    booleans, as in CSV; in JSON they are texts, unless the name says number. A column of 0 and 1 is a number. Digits
    that are no quantity ("007", codes of 16 and more) count as text, unless the name says number.
    """

    ENOUGH = 1_000
    """Values that are looked at."""
    SHARE = 0.05
    """Of them, how many may be no numbers, and one at least; they are reported as they come."""

    def __init__(self, parse: bool, column: str = "") -> None:
        words = set(attribute_name(column).split("_"))
        self._id = bool(words & _ID_WORDS)
        self._measure = bool(words & _NUMBER_WORDS) and not words & (_ID_WORDS | _NAME_WORDS)
        self._parse = parse or self._measure
        self._values = self._numbers = self._booleans = self._words = self._codes = 0
        self._vague = self._digits = False
        self._no_number: Suspect | None = None
        self._no_boolean: Suspect | None = None

    @property
    def done(self) -> bool:
        """Whether more values would change nothing."""
        return self._values >= self.ENOUGH

    def add(self, value: object, row: int = 0) -> None:
        """Look at one cell. row: its row's number, for `suspect`."""
        if is_absent(value) or self.done:
            return
        if self._parse and isinstance(value, str):
            self._add_text(value.strip(), row)
            return
        self._values += 1
        if isinstance(value, bool):
            self._booleans += 1
        elif not isinstance(value, str) and _as_number(value) is not None:
            self._numbers += 1

    def _add_text(self, text: str, row: int) -> None:
        if is_absent(text, "number"):
            self._vague = True  # "none" or "-": says nothing of the type, but is a text if all are like it
            return
        self._values += 1
        if self._measure:
            self._digits = self._digits or any(character.isdigit() for character in text)
        word = text.lower()
        if word in _TRUE or word in _FALSE:
            self._booleans += 1
            self._words += word in _BOOLEAN_WORDS
        elif self._no_boolean is None:
            self._no_boolean = Suspect(text, row, "boolean")
        if _as_number(text) is not None:
            if _CODE.fullmatch(text) and not self._measure:
                self._codes += 1
            else:
                self._numbers += 1
        elif self._no_number is None:
            self._no_number = Suspect(text, row, "number")

    @property
    def type(self) -> AttributeType | None:
        """The type, or None when no cell had a value."""
        if not self._values:
            return "text" if self._vague else None
        if self._booleans == self._values:
            return "boolean"
        return "number" if not self._id and self._is_number() else "text"

    def _is_number(self) -> bool:
        others = self._values - self._numbers
        if self._numbers <= others:
            return False
        least = 0 if self._codes else 1  # where there is one code, the other digits are codes as well
        return self._measure or others <= max(least, self.SHARE * self._values)

    @property
    def suspect(self) -> Suspect | None:
        """For a text: where the name says number and the values hold digits, or where nearly all are yes or no."""
        if self.type != "text":
            return None
        if self._measure and self._digits:
            return self._no_number
        others = self._values - self._booleans
        nearly = self._booleans > others and others <= max(1, self.SHARE * self._values)
        return self._no_boolean if nearly and 2 * self._words > self._booleans else None
