"""Which regions a query may answer with: the exact set, before any of them is compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.attributes import AttributeType
from engine.filters import Filter, parse_filter
from engine.query import Query
from engine.snapshot import Reader, Snapshot


@dataclass(frozen=True, eq=False)
class Matches:
    """Regions that match. ids: int64 (n,), ascending. groups: int64 (n,), the product or image of each."""

    ids: NDArray[np.int64]
    groups: NDArray[np.int64]

    def __len__(self) -> int:
        """Number of regions."""
        return len(self.ids)

    @property
    def group_count(self) -> int:
        """Number of distinct products or images."""
        if not len(self.groups):
            return 0
        seen = np.zeros(int(self.groups.max()) + 1, dtype=np.bool_)  # ids count up from 1, so this stays small
        seen[self.groups] = True
        return int(np.count_nonzero(seen))


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
    keep = np.ones(len(snapshot.region_ids), dtype=np.bool_)
    if condition is not None:
        keep &= condition.evaluate(snapshot.columns(condition.names), len(keep))
    if query.exclude_products:
        keep &= ~np.isin(snapshot.product_ids, sorted(query.exclude_products))
    keep &= np.logical_or.reduce([_has(snapshot, name) for name in query.vectors])
    groups = snapshot.product_ids if query.group == "product" else snapshot.image_ids
    return Matches(snapshot.region_ids, groups) if keep.all() else Matches(snapshot.region_ids[keep], groups[keep])


def _has(snapshot: Snapshot, name: str) -> NDArray[np.bool_]:
    """Which live regions have a vector in the space, bool (n,)."""
    vectors = snapshot.vectors(name)
    if np.array_equal(vectors.ids, snapshot.region_ids):
        return np.ones(len(vectors.ids), dtype=np.bool_)
    return vectors.has(snapshot.region_ids)
