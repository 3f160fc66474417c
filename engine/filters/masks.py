"""Boolean masks over one or two columns. A row without a value is in no mask, whether of a test or of its opposite."""

from __future__ import annotations

import operator
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from engine.attributes import Column

Mask = NDArray[np.bool_]
Operator = Literal["=", "!=", "<", "<=", ">", ">="]

NEGATED: dict[Operator, Operator] = {"=": "!=", "!=": "=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}
FLIPPED: dict[Operator, Operator] = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_COMPARE: dict[Operator, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
# Up to this many values, one comparison each is faster than a look-up (measured at a million rows).
_FEW_CODES = 8
_FEW_NUMBERS = 64
_TABLE = 1 << 16  # whole numbers within such a span are looked up in a table: a tenth of the time of a binary search


def missing(values: NDArray[Any]) -> Mask:
    """Rows without a value. values: float (NaN for none) or integer codes (-1 for none), (rows,)."""
    return np.isnan(values) if values.dtype.kind == "f" else values < 0


def compare_number(values: NDArray[Any], op: Operator, value: float) -> Mask:
    """Rows of float values, (rows,), for which `values op value`; compared in double precision."""
    mask: Mask = _COMPARE[op](values, np.float64(value))
    if op == "!=":  # the one comparison that NaN passes
        mask &= ~np.isnan(values)
    return mask


def compare_boolean(values: NDArray[Any], op: Operator, value: bool) -> Mask:
    """Rows of int8 values, (rows,), for which `values op value`, where false < true."""
    return _in_codes(values, [code for code in (0, 1) if _COMPARE[op](code, int(value))], 2)


def compare_text(column: Column, op: Operator, value: str) -> Mask:
    """Rows of a text column for which `column op value`, by code point. The words are sorted: a test is a range."""
    words = _words(column)
    low, high = bisect_left(words, value), bisect_right(words, value)
    codes = column.values
    if op == "=":
        return _between_codes(codes, low, high)
    if op == "!=":
        mask = codes >= 0
        if high > low:
            mask &= codes != low
        return mask
    start, stop = {"<": (0, low), "<=": (0, high), ">": (high, len(words)), ">=": (low, len(words))}[op]
    return _between_codes(codes, start, stop)


def compare_columns(left: NDArray[Any], op: Operator, right: NDArray[Any]) -> Mask:
    """Rows where both have a value and `left op right`; both float, or both codes of one order, (rows,)."""
    mask: Mask = _COMPARE[op](left, right)
    mask &= ~(missing(left) | missing(right))
    return mask


def common_codes(left: Column, right: Column) -> tuple[NDArray[Any], NDArray[Any]]:
    """The codes of two text columns in the sorted union of their words, -1 for none, each (rows,)."""
    order = {word: code for code, word in enumerate(sorted({*left.words, *right.words}))}
    return _recode(left, order), _recode(right, order)


def one_of_numbers(values: NDArray[Any], wanted: Sequence[float], inside: bool) -> Mask:
    """Rows of float values, (rows,), that are (inside) or are not (not inside) among `wanted`, which is not empty."""
    if len(wanted) <= _FEW_NUMBERS:
        mask = compare_number(values, "=", wanted[0])
        for value in wanted[1:]:
            mask |= compare_number(values, "=", value)
    else:
        mask = _one_of_many(values, np.unique(np.asarray(wanted, dtype=np.float64)))
    if inside:
        return mask
    return ~(mask | missing(values))


def _one_of_many(values: NDArray[Any], ordered: NDArray[np.float64]) -> Mask:
    """Rows of float values, (rows,), that are among `ordered`, which is ascending."""
    low, high = ordered[0], ordered[-1]
    if high - low < _TABLE and np.array_equal(ordered, np.rint(ordered)):
        table = np.full(int(high - low) + 1, np.nan)
        table[(ordered - low).astype(np.intp)] = ordered
        place = np.fmin(np.fmax(values, low), high)  # NaN becomes `low`, which no NaN equals
        place -= low
        return cast(Mask, table[place.astype(np.int32)] == values)
    place = np.searchsorted(ordered, values)
    np.minimum(place, len(ordered) - 1, out=place)
    return cast(Mask, ordered[place] == values)


def one_of_booleans(values: NDArray[Any], wanted: Sequence[bool], inside: bool) -> Mask:
    """Rows of int8 values, (rows,), that are or are not among `wanted`."""
    return _in_codes(values, [code for code in (0, 1) if (bool(code) in wanted) == inside], 2)


def one_of_texts(column: Column, wanted: Sequence[str], inside: bool) -> Mask:
    """Rows of a text column that are or are not among `wanted`."""
    words = _words(column)
    places = {text: bisect_left(words, text) for text in wanted}
    codes = sorted(place for text, place in places.items() if place < len(words) and words[place] == text)
    if inside:
        return _in_codes(column.values, codes, len(words))
    mask = ~_in_codes(column.values, codes, len(words))
    mask &= column.values >= 0
    return mask


def matching_texts(column: Column, matches: Callable[[str], bool], inside: bool) -> Mask:
    """Rows of a text column whose text passes (or fails) `matches`, which is asked once a word."""
    passed = np.fromiter((matches(word) == inside for word in column.words), dtype=np.bool_, count=len(column.words))
    return _in_codes(column.values, np.flatnonzero(passed).tolist(), len(column.words))


def _words(column: Column) -> Sequence[str]:
    return cast(Sequence[str], column.words)


def _recode(column: Column, order: dict[str, int]) -> NDArray[np.int32]:
    table = np.empty(len(column.words) + 1, dtype=np.int32)
    table[:-1] = [order[word] for word in column.words]
    table[-1] = -1  # where code -1, "none", looks
    return np.take(table, column.values)


def _between_codes(codes: NDArray[Any], start: int, stop: int) -> Mask:
    """Rows whose code is in [start, stop), start >= 0."""
    if stop <= start:
        return np.zeros(len(codes), dtype=np.bool_)
    if stop == start + 1:
        equal: Mask = codes == start
        return equal
    mask: Mask = codes >= start
    mask &= codes < stop
    return mask


def _in_codes(codes: NDArray[Any], wanted: Sequence[int], count: int) -> Mask:
    """Rows whose code is in `wanted`, which is sorted, distinct and within [0, count)."""
    if not wanted or wanted[-1] - wanted[0] == len(wanted) - 1:
        return _between_codes(codes, wanted[0] if wanted else 0, wanted[-1] + 1 if wanted else 0)
    if len(wanted) <= _FEW_CODES:
        mask: Mask = codes == wanted[0]
        for code in wanted[1:]:
            mask |= codes == code
        return mask
    table = np.zeros(count + 1, dtype=np.bool_)
    table[np.asarray(wanted)] = True  # the last entry stays False: where code -1, "none", looks
    return np.take(table, codes)
