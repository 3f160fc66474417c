"""A parsed filter: a tree of conditions, each of which can say where it is TRUE and where it is FALSE.

SQL's logic has a third value, unknown, for what depends on a missing value. A row that is in neither mask is unknown.
Negation is asked for downwards (NOT x is TRUE where x is FALSE), so every test on a column is made once.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from engine.attributes import AttributeType, AttributeValue, Column
from engine.errors import FilterError
from engine.filters import masks
from engine.filters.like import LikeCase, like_matcher
from engine.filters.masks import Mask, Operator

KEYWORDS = frozenset(["and", "between", "escape", "false", "ilike", "in", "is", "like", "not", "null", "or", "true"])


@dataclass(frozen=True)
class Name:
    """What a condition reads: a column, or the confidence of one. type: of what is read."""

    column: str
    type: AttributeType
    confidence: bool = False

    def text(self) -> str:
        """As it is written in a filter."""
        return quoted(self.column) + (".confidence" if self.confidence else "")


@dataclass(frozen=True)
class Table:
    """The columns that a filter reads, all of `rows` rows."""

    columns: Mapping[str, Column]
    rows: int

    def values(self, name: Name) -> NDArray[Any]:
        """float or codes, (rows,)."""
        column = self.columns[name.column]
        if not name.confidence:
            return column.values
        if column.confidence is None:
            return np.full(self.rows, np.nan)
        return column.confidence


class Condition(ABC):
    """A condition on a row."""

    @abstractmethod
    def mask(self, table: Table, truth: bool) -> Mask:
        """A new mask, (rows,), of where the condition is TRUE (truth) or FALSE (not truth)."""

    @abstractmethod
    def text(self) -> str:
        """As it is written in a filter."""

    def negated_text(self) -> str:
        """Its negation as it is written in a filter."""
        return f"not {self.text()}"


@dataclass(frozen=True)
class Constant(Condition):
    """`true` or `false`."""

    value: bool

    def mask(self, table: Table, truth: bool) -> Mask:
        """All rows or none."""
        return np.full(table.rows, self.value == truth, dtype=np.bool_)

    def text(self) -> str:
        """`true` or `false`."""
        return literal(self.value)


@dataclass(frozen=True)
class Junction(Condition):
    """`a and b and ...` or `a or b or ...`; at least two terms."""

    kind: Literal["and", "or"]
    terms: tuple[Condition, ...]

    def mask(self, table: Table, truth: bool) -> Mask:
        """AND is TRUE where all are TRUE and FALSE where any is FALSE; OR the other way about."""
        combine = np.logical_and if (self.kind == "and") == truth else np.logical_or
        result = self.terms[0].mask(table, truth)
        for term in self.terms[1:]:
            combine(result, term.mask(table, truth), out=result)
        return result

    def text(self) -> str:
        """The terms, those that are junctions themselves in parentheses."""
        return f" {self.kind} ".join(_grouped(term) for term in self.terms)

    def negated_text(self) -> str:
        """In parentheses, since `not` binds tighter."""
        return f"not ({self.text()})"


@dataclass(frozen=True)
class Not(Condition):
    """`not a`."""

    term: Condition

    def mask(self, table: Table, truth: bool) -> Mask:
        """TRUE where the term is FALSE; unknown stays unknown."""
        return self.term.mask(table, not truth)

    def text(self) -> str:
        """`a != 1` stays as it is; `not (a = 1)` is `not a = 1`."""
        return self.term.negated_text()


@dataclass(frozen=True)
class Is(Condition):
    """`(a) is true`, `is false` or `is null` of a condition; never unknown. value: None for null."""

    term: Condition
    value: bool | None

    def mask(self, table: Table, truth: bool) -> Mask:
        """`is null`: where the term is neither TRUE nor FALSE."""
        if self.value is None:
            found = self.term.mask(table, True)
            found |= self.term.mask(table, False)
            np.logical_not(found, out=found)
        else:
            found = self.term.mask(table, self.value)
        return found if truth else ~found

    def text(self) -> str:
        """`(a) is true`."""
        return f"({self.term.text()}) is {literal(self.value)}"

    def negated_text(self) -> str:
        """`(a) is not true`."""
        return f"({self.term.text()}) is not {literal(self.value)}"


@dataclass(frozen=True)
class Missing(Condition):
    """`name is null`; never unknown."""

    name: Name

    def mask(self, table: Table, truth: bool) -> Mask:
        """Rows without a value, or with one."""
        found = masks.missing(table.values(self.name))
        return found if truth else ~found

    def text(self) -> str:
        """`name is null`."""
        return f"{self.name.text()} is null"

    def negated_text(self) -> str:
        """`name is not null`."""
        return f"{self.name.text()} is not null"


@dataclass(frozen=True)
class Compare(Condition):
    """`name op value`; the value is of the name's type."""

    name: Name
    op: Operator
    value: AttributeValue

    def mask(self, table: Table, truth: bool) -> Mask:
        """Rows with a value for which the comparison holds, or fails."""
        op = self.op if truth else masks.NEGATED[self.op]
        if self.name.type == "text":
            return masks.compare_text(table.columns[self.name.column], op, cast(str, self.value))
        if self.name.type == "boolean":
            return masks.compare_boolean(table.values(self.name), op, bool(self.value))
        return masks.compare_number(table.values(self.name), op, float(self.value))

    def text(self) -> str:
        """`name op value`."""
        return f"{self.name.text()} {self.op} {literal(self.value)}"


@dataclass(frozen=True)
class CompareNames(Condition):
    """`left op right`, of one type."""

    left: Name
    op: Operator
    right: Name

    def mask(self, table: Table, truth: bool) -> Mask:
        """Rows where both have a value and the comparison holds, or fails."""
        op = self.op if truth else masks.NEGATED[self.op]
        if self.left.type == "text":
            left, right = masks.common_codes(table.columns[self.left.column], table.columns[self.right.column])
        else:
            left, right = table.values(self.left), table.values(self.right)
        return masks.compare_columns(left, op, right)

    def text(self) -> str:
        """`left op right`."""
        return f"{self.left.text()} {self.op} {self.right.text()}"


@dataclass(frozen=True)
class OneOf(Condition):
    """`name in (values)`. null: whether null is listed, which makes "not found" unknown."""

    name: Name
    values: tuple[AttributeValue, ...]
    null: bool

    def mask(self, table: Table, truth: bool) -> Mask:
        """Rows whose value is listed, or is known not to be."""
        if not self.values or (self.null and not truth):  # SQLite: nothing is in (), not even null
            return np.full(table.rows, not truth and not self.null, dtype=np.bool_)
        if self.name.type == "text":
            return masks.one_of_texts(table.columns[self.name.column], cast("tuple[str, ...]", self.values), truth)
        if self.name.type == "boolean":
            return masks.one_of_booleans(table.values(self.name), [bool(v) for v in self.values], truth)
        return masks.one_of_numbers(table.values(self.name), [float(v) for v in self.values], truth)

    def text(self) -> str:
        """`name in (values)`."""
        return f"{self.name.text()} in {self._list()}"

    def negated_text(self) -> str:
        """`name not in (values)`."""
        return f"{self.name.text()} not in {self._list()}"

    def _list(self) -> str:
        return "(" + ", ".join([literal(v) for v in self.values] + ["null"] * self.null) + ")"


@dataclass(frozen=True)
class Like(Condition):
    """`name like pattern [escape character]`, or `ilike`; the name's type is text."""

    name: Name
    case: LikeCase
    pattern: str
    escape: str | None

    def mask(self, table: Table, truth: bool) -> Mask:
        """Rows whose text matches, or does not."""
        matches = like_matcher(self.pattern, self.escape, self.case)
        return masks.matching_texts(table.columns[self.name.column], matches, truth)

    def text(self) -> str:
        """`name like 'pattern'`."""
        return f"{self.name.text()} {self._test()}"

    def negated_text(self) -> str:
        """`name not like 'pattern'`."""
        return f"{self.name.text()} not {self._test()}"

    def _test(self) -> str:
        escape = "" if self.escape is None else f" escape {literal(self.escape)}"
        return f"{self.case} {literal(self.pattern)}{escape}"


@dataclass(frozen=True)
class Filter:
    """A parsed `where` text. text: its canonical form; names: the columns that it reads."""

    text: str
    names: frozenset[str]
    types: Mapping[str, AttributeType] = field(repr=False, hash=False, compare=False)
    condition: Condition = field(repr=False)

    def evaluate(self, columns: Mapping[str, Column], rows: int) -> Mask:
        """Where the condition is TRUE: a new bool mask, (rows,); FALSE and unknown are both False.

        columns: at least `names`, each of `rows` values. Raises FilterError when one of them is not there or is of
        another type than it had when the filter was parsed, ValueError when one has another length.
        """
        for name in sorted(self.names):
            column = columns.get(name)
            if column is None:
                raise FilterError(f"the filter reads {quoted(name)}, which the catalog no longer has: write it anew")
            if column.type != self.types[name]:
                raise FilterError(
                    f"the filter reads {quoted(name)} as {self.types[name]}, and it is {column.type} now: write it anew"
                )
            if len(column) != rows:
                raise ValueError(f"column {name!r} has {len(column)} values for {rows} rows")
        return self.condition.mask(Table(columns, rows), True)


def quoted(name: str) -> str:
    """A column's name as it is written in a filter: in double quotes where it needs them."""
    if name.isidentifier() and name.lower() not in KEYWORDS:
        return name
    return '"' + name.replace('"', '""') + '"'


def literal(value: AttributeValue | None) -> str:
    """A value as it is written in a filter."""
    if value is None:
        return "null"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _grouped(term: Condition) -> str:
    return f"({term.text()})" if isinstance(term, Junction) else term.text()
