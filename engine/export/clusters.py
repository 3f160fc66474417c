"""A cluster run as a table, a page or a folder of pictures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.cluster_runs import ClusterRun, Members, members, open_run
from engine.errors import InputError
from engine.export.place import Exported, kind_of
from engine.export.rows import Table, array_field, attribute_fields, column_field
from engine.export.tables import TABLES
from engine.snapshot import Reader, Snapshot
from engine.store import Store

CLUSTER_FIELDS = ("product", "image", "cluster", "cluster_name", "distance", "outlier", "medoid")


@dataclass(frozen=True, eq=False)
class Sheet:
    """A run's members that are still in the catalog: by cluster, the medoid first, then by distance.

    rows: of the snapshot, (n,), aligned with members. medoids: bool (n,). dropped: members removed since.
    """

    run: ClusterRun
    snapshot: Snapshot
    members: Members
    rows: NDArray[np.intp]
    medoids: NDArray[np.bool_]
    dropped: int

    def table(self) -> Table:
        """CLUSTER_FIELDS and every attribute."""
        columns = self.snapshot.columns(["product", "image"])
        names = np.array(["", *(cluster.name for cluster in self.run.clusters)], dtype=object)
        fields = (
            column_field("product", columns["product"], self.rows),
            column_field("image", columns["image"], self.rows),
            array_field("cluster", "integer", self.members.numbers),
            array_field("cluster_name", "text", names[self.members.numbers]),
            array_field("distance", "number", self.members.distances),
            array_field("outlier", "boolean", self.members.outliers),
            array_field("medoid", "boolean", self.medoids),
        )
        return Table((*fields, *attribute_fields(self.snapshot, self.rows, CLUSTER_FIELDS)), len(self.rows))


def export_clusters(
    source: Store | Reader, run: ClusterRun | str, to: Path | str, copies: bool = False, limit: int = 60
) -> Exported:
    """Write a run to a file (.csv, .jsonl, .parquet: a row an image; .html: a contact sheet) or a folder of pictures.

    A photo with several regions in the run has a row for each. copies: files in the folder are copies rather than
    links. limit: pictures a cluster on the page. A file that is there is replaced; see `new_folder` for folders.
    Members that were removed from the catalog since the run are left out, and counted. Raises InputError.
    """
    to = Path(to)
    kind = kind_of(to, (*TABLES, ".html"))
    reader = source if isinstance(source, Reader) else Reader(source)
    sheet = cluster_sheet(reader, open_run(reader.store, run) if isinstance(run, str) else run)
    if kind not in TABLES:
        raise InputError(f"cannot export clusters to '{to.name}': end the name in {', '.join(TABLES)}")
    TABLES[kind](sheet.table(), to)
    return Exported((to,), len(sheet.rows), sheet.dropped)


def cluster_sheet(reader: Reader, run: ClusterRun) -> Sheet:
    """The run's members with what the catalog says of them now."""
    snapshot = reader.snapshot(lambda known: known)
    found = members(reader.store, run)
    rows = snapshot.rows_of(found.region_ids)
    live = np.zeros(len(found), np.bool_)
    inside = rows < len(snapshot.region_ids)
    live[inside] = snapshot.region_ids[rows[inside]] == found.region_ids[inside]
    dropped = int((~live).sum())
    found, rows = found.take(live), rows[live]
    medoids = np.isin(found.region_ids, [cluster.medoid_region for cluster in run.clusters])
    order = np.lexsort((found.region_ids, found.distances, ~medoids, found.numbers))
    return Sheet(run, snapshot, found.take(order), rows[order], medoids[order], dropped)
