"""Why a search has no hits, in words."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import replace
from typing import cast

import numpy as np

from engine.attributes import Column
from engine.filters.nodes import Compare, Condition, Junction, Name, OneOf, literal, quoted
from engine.matches import find_matches, snapshot_for
from engine.query import Results
from engine.snapshot import Reader

NAMED = 5
"""So many values of an attribute are named."""


def why_none(reader: Reader, results: Results) -> str:
    """The reason, without a full stop. results: of a search by this reader, without hits."""
    query = results.query
    if results.matched > query.offset:
        return f"none of the {results.matched} that match scores {query.min_score:g} or more"
    if results.matched:
        return f"--offset {query.offset} leaves out all {results.matched} that match"
    snapshot, condition = snapshot_for(reader, query.where)
    if len(query.exclude_products):
        asked_with = find_matches(snapshot, replace(query, exclude_products=frozenset(), group="product"), condition)
        if asked_with.group_count:
            one = asked_with.group_count == 1
            said = "the only product that matches is the one" if one else "the only products that match are those"
            return f"{said} asked with"
    if condition is None:
        return "nothing in the catalog to compare with"
    columns = snapshot.columns(condition.names)
    unknown = [
        f"no product has {quoted(name)} {literal(value)}{_instead(value, words)}"
        for name, value in _wanted(condition.condition, columns)
        if len(words := _words(columns[name]))
    ]
    return "; ".join(dict.fromkeys(unknown)) or "nothing in the catalog satisfies the filter"


def _wanted(condition: Condition, columns: dict[str, Column]) -> Iterator[tuple[str, str]]:
    """Texts that the condition asks for by equality, and that no live row has; those of a list if it has no other."""
    if isinstance(condition, Junction):
        for term in condition.terms:
            yield from _wanted(term, columns)
    elif isinstance(condition, Compare) and condition.op == "=":
        yield from _absent(condition.name, (condition.value,), columns)
    elif isinstance(condition, OneOf):
        yield from _absent(condition.name, condition.values, columns)


def _absent(name: Name, values: tuple[object, ...], columns: dict[str, Column]) -> Iterator[tuple[str, str]]:
    if name.type == "text" and not set(values) & set(_words(columns[name.column])):
        yield from ((name.column, cast(str, value)) for value in values)


def _words(column: Column) -> list[str]:
    """The values that live rows have, ascending: `words` may hold those of rows that are gone."""
    return [str(word) for word in column.words[np.unique(column.values[column.values >= 0])]]


def _instead(value: str, words: list[str]) -> str:
    """Values that there are: the nearest, whatever their case, or the first few."""
    folded: dict[str, list[str]] = {}
    for word in words:
        folded.setdefault(word.casefold(), []).append(word)
    near = [word for found in difflib.get_close_matches(value.casefold(), folded, NAMED) for word in folded[found]]
    if near and len(words) > NAMED:
        return f": the nearest {'is' if len(near) == 1 else 'are'} {', '.join(near[:NAMED])}"
    listed = list(dict.fromkeys([*near, *words]))
    more = ", ..." if len(listed) > NAMED else ""
    return f": it is one of {', '.join(listed[:NAMED])}{more}" if len(listed) > 1 else f": it is {listed[0]} everywhere"
