"""Runs of k-means as the catalog keeps them: list, open, rename, delete, compare."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Row, insert, select

from engine import schema
from engine.bulk_rows import insert_arrays, read_arrays
from engine.errors import InputError
from engine.named_runs import NamedRows, patient_change
from engine.store import Store, now
from engine.told import told
from engine.validity import adjusted_mutual_information

RUNS = NamedRows(schema.cluster_run, "cluster run", "houndstooth cluster SPACE -k 12")


@dataclass(frozen=True, eq=False)
class Cluster:
    """One cluster. number: 1 for the largest, and so on. centroid: float32 (dim,).

    medoid_region: the region of the member nearest to the centroid; its product and image (path) are None, and its
    image id too, once the region has left the catalog for good.
    """

    number: int
    name: str
    size: int
    medoid_region: int
    medoid_product: str | None
    medoid_image: str | None
    medoid_image_id: int | None
    centroid: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class ClusterRun:
    """A stored run. k: clusters it has. where: the filter, "" for all rows. rows: members when it was made.

    inertia: sum of squared distances to the centroids. silhouette: mean over a sample, in [-1, 1], None for one
    cluster. generation: of the catalog that was read. parameters: how k was chosen and how the fit was made. created:
    UTC, ISO 8601.
    """

    id: int
    name: str
    space: str
    k: int
    where: str
    seed: int
    rows: int
    inertia: float
    silhouette: float | None
    clusters: tuple[Cluster, ...]
    created: str
    generation: int
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Members:
    """Who is in a run, by ascending region id: arrays (n,). numbers: of the cluster. distances: to its centroid."""

    region_ids: NDArray[np.int64]
    numbers: NDArray[np.int32]
    distances: NDArray[np.float64]
    outliers: NDArray[np.bool_]

    def __len__(self) -> int:
        """Number of members."""
        return len(self.region_ids)

    def take(self, rows: NDArray[Any]) -> Members:
        """Some of the rows, by number or mask."""
        return Members(self.region_ids[rows], self.numbers[rows], self.distances[rows], self.outliers[rows])


@dataclass(frozen=True)
class Agreement:
    """How much two runs agree. adjusted_mutual_information: at most 1, about 0 by chance. shared: regions in both."""

    adjusted_mutual_information: float
    shared: int
    only_first: int
    only_second: int


@dataclass(frozen=True, eq=False)
class NewRun:
    """A run to store. clusters: of (name, medoid region, centroid), number 1 first."""

    name: str | None
    space: str
    space_id: int
    where: str
    seed: int
    inertia: float
    silhouette: float | None
    parameters: Mapping[str, Any]
    generation: int
    clusters: Sequence[tuple[str, int, NDArray[np.float32]]]
    members: Members


def list_runs(store: Store, space: str | None = None) -> list[ClusterRun]:
    """All runs, or those of a space, oldest first."""
    with store.database.read() as connection:
        return [_loaded(connection, row) for row in connection.execute(RUNS.of(space)).all()]


def open_run(store: Store, which: str | int) -> ClusterRun:
    """The run of this name, else of this id, else the latest of the space of this name. Raises InputError."""
    with store.database.read() as connection:
        return _loaded(connection, RUNS.find(connection, which))


def _loaded(connection: Connection, row: Row[Any]) -> ClusterRun:
    cluster, region, image, product = schema.cluster, schema.region, schema.image, schema.product
    found = connection.execute(
        select(cluster, image.c.id.label("image_id"), image.c.path, product.c.key)
        .outerjoin(region, region.c.id == cluster.c.medoid_id)
        .outerjoin(image, image.c.id == region.c.image_id)
        .outerjoin(product, product.c.id == image.c.product_id)
        .where(cluster.c.run_id == row.id)
        .order_by(cluster.c.number)
    )
    clusters = tuple(
        Cluster(
            number=one.number,
            name=one.name,
            size=one.size,
            medoid_region=one.medoid_id,
            medoid_product=one.key,
            medoid_image=one.path,
            medoid_image_id=one.image_id,
            centroid=np.frombuffer(one.centroid, "<f4"),
        )
        for one in found
    )
    return ClusterRun(
        id=row.id,
        name=row.name,
        space=row.space,
        k=row.k,
        where=row.where,
        seed=row.seed,
        rows=row.rows,
        inertia=row.inertia,
        silhouette=row.silhouette,
        clusters=clusters,
        created=row.created,
        generation=row.generation,
        parameters=told(row.parameters, f"how cluster run {row.id} was made"),
    )


def members(store: Store, run: ClusterRun) -> Members:
    """Everyone that the run put into a cluster, removed since or not."""
    member = schema.cluster_member
    statement = select(member.c.region_id, member.c.number, member.c.distance, member.c.outlier)
    statement = statement.where(member.c.run_id == run.id).order_by(member.c.region_id)
    with store.database.read() as connection:
        return Members(*read_arrays(connection, statement, np.int64, np.int32, np.float64, np.bool_))


def save_run(store: Store, new: NewRun, replace: bool) -> ClusterRun:
    """Store a run, in one transaction; a taken name is an InputError unless `replace`.

    A run without a name gets one made from its space and k: a free one, or with `replace` that of the run it replaces.
    """
    with patient_change(store) as connection:
        values = {
            "space_id": new.space_id,
            "where": new.where,
            "k": len(new.clusters),
            "seed": new.seed,
            "rows": len(new.members),
            "inertia": new.inertia,
            "silhouette": new.silhouette,
            "parameters": json.dumps(dict(new.parameters), sort_keys=True),
            "created": now(),
            "generation": new.generation,
        }
        run_id = RUNS.add(connection, new.name, f"{new.space}-k{len(new.clusters)}", replace, values)
        _insert_clusters(connection, run_id, new)
        found = {
            "region_id": new.members.region_ids,
            "number": new.members.numbers,
            "distance": new.members.distances,
            "outlier": new.members.outliers.astype(np.int8),
        }
        insert_arrays(connection, schema.cluster_member, {"run_id": run_id}, found)
    return open_run(store, run_id)


def _insert_clusters(connection: Connection, run_id: int, new: NewRun) -> None:
    sizes = np.bincount(new.members.numbers, minlength=len(new.clusters) + 1)
    connection.execute(
        insert(schema.cluster),
        [
            {
                "run_id": run_id,
                "number": number,
                "name": name,
                "size": int(sizes[number]),
                "medoid_id": medoid,
                "centroid": centroid.astype("<f4").tobytes(),
            }
            for number, (name, medoid, centroid) in enumerate(new.clusters, start=1)
        ],
    )


def rename_run(store: Store, which: str | int, name: str) -> ClusterRun:
    """Give a run another name."""
    found = open_run(store, which)
    RUNS.rename(store, found.id, found.name, name)
    return open_run(store, found.id)


def delete_run(store: Store, which: str | int) -> ClusterRun:
    """Forget a run, its clusters and members; the run that is gone."""
    found = open_run(store, which)
    RUNS.forget(store, found.id)
    return found


def agreement(store: Store, first: ClusterRun, second: ClusterRun) -> Agreement:
    """How much two runs group alike the regions that both have; Vinh et al. 2010. Raises InputError for none."""
    a, b = members(store, first), members(store, second)
    _, in_a, in_b = np.intersect1d(a.region_ids, b.region_ids, assume_unique=True, return_indices=True)
    if not len(in_a):
        raise InputError(f"'{first.name}' and '{second.name}' share no region: they cannot be compared")
    value = adjusted_mutual_information(a.numbers[in_a], b.numbers[in_b])
    return Agreement(value, len(in_a), len(a) - len(in_a), len(b) - len(in_b))
