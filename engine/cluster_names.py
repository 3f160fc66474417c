"""Automatic names of clusters, from the colours and categories of their members: "navy dress"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.attributes import Column

NAMING = ("dominant_colour", "category")
"""The attributes that names are made of, where the catalog has them as text."""
COLOUR_SHARE = 0.5
CATEGORY_SHARE = 0.6
KNOWN_SHARE = 0.5
MIXED = "mixed"


def cluster_names(
    columns: Mapping[str, Column], rows: NDArray[np.intp], labels: NDArray[np.int32], k: int
) -> list[str]:
    """A name for each of k clusters, all different; labels (n,) in [0, k) of the snapshot's rows (n,).

    A colour names a cluster when half of the members (whose colour is known) have it, two do together; a category
    needs 60 %. Where less than half of the members have a value, it says nothing.
    """
    described = []
    for number in range(k):
        here = rows[labels == number]
        colour = _leading(columns.get(NAMING[0]), here, COLOUR_SHARE)
        category = _leading(columns.get(NAMING[1]), here, CATEGORY_SHARE)
        described.append(_phrase(colour, category))
    return _unique(described)


def _leading(column: Column | None, rows: NDArray[np.intp], share: float) -> str | None:
    """The value, or two values, that most rows have; MIXED when it takes more; None when too few have any."""
    if column is None or column.type != "text":
        return None
    values = column.values[rows]
    values = values[values >= 0]
    if not len(values) or len(values) < KNOWN_SHARE * len(rows):
        return None
    counts = np.bincount(values, minlength=len(column.words))
    first, second = np.argsort(-counts, kind="stable")[:2] if len(counts) > 1 else (0, 0)
    if counts[first] >= share * len(values):
        return str(column.words[first])
    if counts[first] + counts[second] >= share * len(values):
        return f"{column.words[first]} / {column.words[second]}"
    return MIXED


def _phrase(colour: str | None, category: str | None) -> str | None:
    if colour == category:  # both mixed, or neither known
        return None
    if category is None or category == MIXED:
        return f"{colour} {MIXED}" if category else None if colour == MIXED else colour
    if colour == MIXED:
        return f"{category} in mixed colours"
    return f"{colour} {category}" if colour else category


def _unique(names: Sequence[str | None]) -> list[str]:
    given: dict[str, None] = {}
    for number, name in enumerate(names, start=1):
        base = " ".join(name.split())[:100] if name else f"cluster {number}"
        unique, again = base, 1
        while unique in given:
            again += 1
            unique = f"{base} {again}"
        given[unique] = None
    return list(given)
