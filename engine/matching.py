"""Which of a catalog's rows a space has and a filter takes: what is clustered, mapped, placed or exported."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from engine.attributes import AttributeType
from engine.errors import InputError
from engine.filters import Filter, parse_filter
from engine.snapshot import Reader, Snapshot

Names = Callable[[Mapping[str, AttributeType]], Iterable[str]]


def matching_rows(
    reader: Reader, space: str, where: str = "", names: Names = lambda known: ()
) -> tuple[Snapshot, NDArray[np.intp]]:
    """A snapshot, and the rows of it, ascending, that are in the space and match the filter; "" for all.

    names: columns that the snapshot is to have besides those of the filter, of the attributes that the catalog knows.
    Raises SpaceError and FilterError.
    """
    parsed: list[Filter] = []

    def needed(known: Mapping[str, AttributeType]) -> set[str]:
        if where.strip():
            parsed.append(parse_filter(where, known))
        return {*names(known), *(parsed[0].names if parsed else ())}

    snapshot = reader.snapshot(needed)
    chosen = snapshot.vectors(space).has(snapshot.region_ids)
    if parsed:
        chosen &= parsed[0].evaluate(snapshot.columns(parsed[0].names), len(chosen))
    return snapshot, np.flatnonzero(chosen)


def some_rows(
    reader: Reader, space: str, where: str, doing: str, names: Names = lambda known: ()
) -> tuple[Snapshot, NDArray[np.intp]]:
    """As `matching_rows`; InputError when there is none. doing: "map" in "nothing to map"."""
    snapshot, rows = matching_rows(reader, space, where, names)
    if len(rows):
        return snapshot, rows
    if where.strip() and snapshot.vectors(space).has(snapshot.region_ids).any():
        raise InputError(f"nothing to {doing}: no photo matches {where.strip()}")
    raise InputError(f"nothing to {doing}: no photo of the catalog is in space '{space}'")
