"""Automatic names of clusters, from the colours, categories and patterns of their members: "navy dress, stripes"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.attributes import Column

NAMING = ("dominant_colour", "category", "pattern")
"""The attributes that names are made of, where the catalog has them as text."""
COLOUR_SHARE = 0.5
CATEGORY_SHARE = 0.6
PATTERN_SHARE = 0.6
PLAIN = "plain"
KNOWN_SHARE = 0.5
MIXED = "mixed"


def cluster_names(
    columns: Mapping[str, Column], rows: NDArray[np.intp], labels: NDArray[np.int32], k: int
) -> list[str]:
    """A name for each of k clusters, all different; labels (n,) in [0, k) of the snapshot's rows (n,).

    A colour names a cluster when half of the members (whose colour is known) have it, or two do together; a category
    and a pattern need 60 %; "plain" is said only where nothing else is known. Where less than half of the members have
    a value, it says nothing. Of clusters that would be called the same, the smaller says its second colour too, or else
    gets a number. Only where nothing is known is it "cluster 3".
    """
    described = []
    for number in range(k):
        here = rows[labels == number]
        colours = _leading(columns.get(NAMING[0]), here, COLOUR_SHARE)
        categories = _leading(columns.get(NAMING[1]), here, CATEGORY_SHARE)
        category = categories[0] if categories else None
        pattern = _pattern(columns.get(NAMING[2]), here)
        choices: list[str | None] = [*colours] or [None]
        named = [name for colour in choices if (name := _phrase(colour, category))]
        described.append(_with_pattern(named, pattern))
    return _unique(described)


def _leading(column: Column | None, rows: NDArray[np.intp], share: float) -> list[str]:
    """What to call the values that most rows have, shorter first: one value, two, or MIXED when it takes more.

    Empty when too few rows have a value.
    """
    if column is None or column.type != "text":
        return []
    values = column.values[rows]
    values = values[values >= 0]
    if not len(values) or len(values) < KNOWN_SHARE * len(rows):
        return []
    counts = np.bincount(values, minlength=len(column.words))
    order = [int(code) for code in np.argsort(-counts, kind="stable")[:2] if counts[code]]
    words = [str(column.words[code]) for code in order]
    if counts[order[0]] >= share * len(values):
        return [words[0], " / ".join(words)]
    return [" / ".join(words)] if counts[order].sum() >= share * len(values) else [MIXED]


def _pattern(column: Column | None, rows: NDArray[np.intp]) -> str | None:
    """The pattern that most rows have."""
    found = _leading(column, rows, PATTERN_SHARE)
    return found[0] if len(found) == 2 else None  # with a second one to tell it from others: the first leads alone


def _with_pattern(names: list[str], pattern: str | None) -> list[str]:
    if pattern is None or (pattern == PLAIN and names):
        return names
    return [f"{name}, {pattern}" for name in names] or [pattern]


def _phrase(colour: str | None, category: str | None) -> str | None:
    """What is known in words; None when neither colour nor category is."""
    if category is None:
        return "mixed colours" if colour == MIXED else colour
    if category == MIXED:
        if colour is None:
            return "mixed categories"
        return "mixed colours, mixed categories" if colour == MIXED else f"{colour} {MIXED}"
    if colour == MIXED:
        return f"{category} in mixed colours"
    return f"{colour} {category}" if colour else category


def _unique(described: Sequence[Sequence[str]]) -> list[str]:
    given: dict[str, None] = {}
    for number, names in enumerate(described, start=1):
        choices = [" ".join(name.split())[:100] for name in names] or [f"cluster {number}"]
        free = next((name for name in choices if name not in given), None)
        again = 2
        while free is None:
            candidate = f"{choices[0]} {again}"
            free = None if candidate in given else candidate
            again += 1
        given[free] = None
    return list(given)
