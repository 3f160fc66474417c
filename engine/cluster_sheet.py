"""A run's members with what the catalog says of them now: what exports and pages of clusters show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.cluster_runs import ClusterRun, Members, members
from engine.snapshot import Reader, Snapshot


@dataclass(frozen=True, eq=False)
class Sheet:
    """A run's members that are still in the catalog: by cluster, the medoid first, then by distance.

    snapshot: with every column. rows: of the snapshot, (n,), aligned with members. medoids: bool (n,). dropped:
    members removed since the run was made.
    """

    run: ClusterRun
    snapshot: Snapshot
    members: Members
    rows: NDArray[np.intp]
    medoids: NDArray[np.bool_]
    dropped: int


def cluster_sheet(reader: Reader, run: ClusterRun) -> Sheet:
    """The run's sheet from the newest generation of the catalog."""
    snapshot = reader.snapshot(lambda known: known)
    found = members(reader.store, run)
    rows = snapshot.rows_of(found.region_ids)
    live = np.zeros(len(found), np.bool_)
    inside = rows < len(snapshot.region_ids)
    live[inside] = snapshot.region_ids[rows[inside]] == found.region_ids[inside]
    found, rows = found.take(live), rows[live]
    medoids = np.isin(found.region_ids, [cluster.medoid_region for cluster in run.clusters])
    order = np.lexsort((found.region_ids, found.distances, ~medoids, found.numbers))
    return Sheet(run, snapshot, found.take(order), rows[order], medoids[order], int((~live).sum()))
