"""Which regions a query may answer with: the exact set, before any of them is compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.attributes import AttributeType
from engine.filters import Filter, parse_filter
from engine.query import Query
from engine.snapshot import Reader, Snapshot

KEPT = 4
"""So many sets of matches are kept a snapshot, for pages of a list and other queries under the same filter."""


@dataclass(frozen=True, eq=False)
class Matches:
    """Regions that match. ids: int64 (n,), ascending. groups: int64 (n,), the product or image of each.

    excluded: int64 (m,), ascending, groups among them that are no answers, so that the arrays are those of other
    queries. regions, group_count: how many regions and groups may answer. kept: what a search makes ready of the ids,
    for the next of the same ids.
    """

    ids: NDArray[np.int64]
    groups: NDArray[np.int64]
    regions: int
    group_count: int
    excluded: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    kept: dict[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        """Number of regions that may answer."""
        return self.regions

    def at(self, places: NDArray[np.intp]) -> Matches:
        """Those at the places (m,), ascending; counts stay those of all."""
        return replace(self, ids=self.ids[places], groups=self.groups[places], kept={})

    def allowed(self) -> Matches:
        """The same without those that may not answer."""
        if not len(self.excluded):
            return self
        keep = ~np.isin(self.groups, self.excluded)
        return Matches(self.ids[keep], self.groups[keep], self.regions, self.group_count)


def snapshot_for(reader: Reader, where: str) -> tuple[Snapshot, Filter | None]:
    """The newest snapshot with the columns that the filter reads. Raises FilterError."""
    if not where.strip():
        return reader.snapshot(), None
    parsed: list[Filter] = []

    def names(known: Mapping[str, AttributeType]) -> frozenset[str]:
        parsed.append(parse_filter(where, known))
        return parsed[-1].names

    snapshot = reader.snapshot(names)
    return snapshot, parsed[-1]


def find_matches(snapshot: Snapshot, query: Query, condition: Filter | None) -> Matches:
    """The live regions that satisfy the filter, have a vector in a space asked for, and are not excluded."""
    text = None if condition is None else condition.text
    key = (text, query.group, tuple(sorted(query.vectors)))
    found: Matches | None = snapshot.matches.pop(key, None)
    if found is None:
        found = _matching(snapshot, query, condition)
        while len(snapshot.matches) >= KEPT:
            del snapshot.matches[next(iter(snapshot.matches))]
    snapshot.matches[key] = found  # the newest last
    return _excluding(snapshot, query, found) if query.exclude_products else found


def _matching(snapshot: Snapshot, query: Query, condition: Filter | None) -> Matches:
    keep = np.ones(len(snapshot.region_ids), dtype=np.bool_)
    if condition is not None:
        keep &= condition.evaluate(snapshot.columns(condition.names), len(keep))
    keep &= np.logical_or.reduce([_has(snapshot, name) for name in query.vectors])
    ids, groups = snapshot.region_ids, _groups(snapshot, query)
    if not keep.all():
        rows = np.flatnonzero(keep)
        ids, groups = ids[rows], groups[rows]
    seen = np.zeros(int(groups.max(initial=0)) + 1, dtype=np.bool_)  # ids count up from 1, so this stays small
    seen[groups] = True
    return Matches(ids, groups, len(ids), int(np.count_nonzero(seen)))


def _excluding(snapshot: Snapshot, query: Query, found: Matches) -> Matches:
    rows = np.flatnonzero(np.isin(snapshot.product_ids, sorted(query.exclude_products)))
    ids = snapshot.region_ids[rows]
    places = np.minimum(np.searchsorted(found.ids, ids), len(found.ids) - 1)
    rows = rows[found.ids[places] == ids] if len(found.ids) else rows[:0]
    groups = np.unique(_groups(snapshot, query)[rows])
    left = found.regions - len(rows), found.group_count - len(groups)
    return Matches(found.ids, found.groups, *left, excluded=groups, kept=found.kept)


def _groups(snapshot: Snapshot, query: Query) -> NDArray[np.int64]:
    return snapshot.product_ids if query.group == "product" else snapshot.image_ids


def _has(snapshot: Snapshot, name: str) -> NDArray[np.bool_]:
    """Which live regions have a vector in the space, bool (n,)."""
    vectors = snapshot.vectors(name)
    if np.array_equal(vectors.ids, snapshot.region_ids):
        return np.ones(len(vectors.ids), dtype=np.bool_)
    return vectors.has(snapshot.region_ids)
