"""Maps as the catalog keeps them: list, open, rename, delete, and the points of one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Row, select, update

from engine import schema
from engine.bulk_rows import insert_arrays, read_arrays
from engine.errors import InputError
from engine.map_quality import MapQuality
from engine.named_runs import NamedRows, patient_change
from engine.store import Store, now
from engine.told import told

Method = Literal["pca", "tsne", "umap", "grid"]
METHODS: tuple[Method, ...] = get_args(Method)
MAPS = NamedRows(schema.map_, "map", "houndstooth map SPACE")


@dataclass(frozen=True, eq=False)
class StoredMap:
    """A map that the catalog keeps. where: the filter, "" for all rows. rows: points, those placed later included.

    space_id: of the vectors it was made from; a space whose extractor changed keeps its name under another id. cell:
    columns and rows of a grid, None for other methods. quality: "trustworthiness", "continuity", "neighbours_kept",
    each in [0, 1] (`engine.map_quality`), of all points, those placed last included; empty where they mean nothing.
    generation: of the catalog
    that was read. parameters: how it was laid out. created: UTC, ISO 8601. model: of a PCA, float32 (3, dim): mean, two
    axes.
    """

    id: int
    name: str
    space: str
    space_id: int
    method: Method
    where: str
    seed: int
    rows: int
    cell: tuple[int, int] | None
    quality: Mapping[str, float]
    created: str
    generation: int
    parameters: Mapping[str, Any] = field(default_factory=dict)
    model: NDArray[np.float32] | None = None


@dataclass(frozen=True, eq=False)
class MapPoints:
    """Where everything on a map is, by ascending region id: arrays (n,), and xy float32 (n, 2).

    y grows upwards. On a grid x is the column from 0 and y is minus the row from the top, whole numbers both. placed:
    whether the point was put onto the map after it was laid out.
    """

    region_ids: NDArray[np.int64]
    xy: NDArray[np.float32]
    placed: NDArray[np.bool_]

    def __len__(self) -> int:
        """Number of points."""
        return len(self.region_ids)

    def take(self, rows: NDArray[Any]) -> MapPoints:
        """Some of the points, by number or mask."""
        return MapPoints(self.region_ids[rows], self.xy[rows], self.placed[rows])

    def and_also(self, others: MapPoints) -> MapPoints:
        """These and others, by ascending region id."""
        ids = np.concatenate([self.region_ids, others.region_ids])
        both = MapPoints(ids, np.vstack([self.xy, others.xy]), np.concatenate([self.placed, others.placed]))
        return both.take(np.argsort(ids))


@dataclass(frozen=True, eq=False)
class NewMap:
    """A map to store; see `StoredMap`. name: None for one that is made from space and method."""

    name: str | None
    space: str
    space_id: int
    method: Method
    where: str
    seed: int
    cell: tuple[int, int] | None
    quality: Mapping[str, float]
    parameters: Mapping[str, Any]
    generation: int
    points: MapPoints
    model: NDArray[np.float32] | None = None


def list_maps(store: Store, space: str | None = None) -> list[StoredMap]:
    """All maps, or those of a space, oldest first."""
    with store.database.read() as connection:
        return [_loaded(row) for row in connection.execute(MAPS.of(space))]


def open_map(store: Store, which: str | int) -> StoredMap:
    """The map of this name, else of this id, else the latest of the space of this name. Raises InputError."""
    with store.database.read() as connection:
        return _loaded(MAPS.find(connection, which))


def _loaded(row: Row[Any]) -> StoredMap:
    return StoredMap(
        id=row.id,
        name=row.name,
        space=row.space,
        space_id=row.space_id,
        method=row.method,
        where=row.where,
        seed=row.seed,
        rows=row.rows,
        cell=None if row.columns is None else (row.columns, row.lines),
        quality=told(row.quality, f"the quality of map {row.id}"),
        created=row.created,
        generation=row.generation,
        parameters=told(row.parameters, f"how map {row.id} was made"),
        model=None if row.model is None else np.frombuffer(row.model, "<f4").reshape(3, -1),
    )


def map_points(store: Store, of: StoredMap) -> MapPoints:
    """Every point of a map, whether its region is still in the catalog or not."""
    point = schema.map_point
    statement = select(point.c.region_id, point.c.x, point.c.y, point.c.placed)
    statement = statement.where(point.c.map_id == of.id).order_by(point.c.region_id)
    with store.database.read() as connection:
        region_ids, x, y, placed = read_arrays(connection, statement, np.int64, np.float32, np.float32, np.bool_)
    return MapPoints(region_ids, np.column_stack([x, y]), placed)


def save_map(store: Store, new: NewMap, replace: bool) -> StoredMap:
    """Store a map, in one transaction; a taken name is an InputError unless `replace`.

    A map without a name gets one made from its space and method: a free one, or with `replace` that of the map it
    replaces.
    """
    with patient_change(store) as connection:
        columns, lines = new.cell or (None, None)
        values = {
            "space_id": new.space_id,
            "method": new.method,
            "where": new.where,
            "seed": new.seed,
            "rows": len(new.points),
            "columns": columns,
            "lines": lines,
            "quality": json.dumps(dict(new.quality), sort_keys=True),
            "parameters": json.dumps(dict(new.parameters), sort_keys=True),
            "model": None if new.model is None else new.model.astype("<f4").tobytes(),
            "created": now(),
            "generation": new.generation,
        }
        map_id = MAPS.add(connection, new.name, f"{new.space}-{new.method}", replace, values)
        _insert_points(connection, map_id, new.points)
    return open_map(store, map_id)


def add_points(
    store: Store, to: StoredMap, points: MapPoints, cell: tuple[int, int] | None, quality: MapQuality | None
) -> StoredMap:
    """Put further points onto a map, in one transaction, with how good it is then and, of a grid, its new size.

    Another process may have placed some of them meanwhile: those stay where it put them. On a grid, whose cells it may
    have taken, that is an InputError, as it is when the map was deleted.
    """
    table, point = schema.map_, schema.map_point
    with patient_change(store) as connection:
        known = connection.execute(select(point.c.region_id).where(point.c.map_id == to.id)).scalars().all()
        if connection.execute(select(table.c.id).where(table.c.id == to.id)).first() is None:
            raise InputError(f"the map '{to.name}' was deleted meanwhile: nothing was placed")
        if to.method == "grid" and len(known) != to.rows:
            raise InputError(f"the map '{to.name}' was added to meanwhile: place the photos again")
        fresh = points.take(~np.isin(points.region_ids, known))
        _insert_points(connection, to.id, fresh)
        columns, lines = cell or (None, None)
        rows = len(known) + len(fresh)
        told = {key: value for key, value in to.parameters.items() if key != "judged"}
        told |= {} if quality is None else {"judged": quality.judged}
        values = {
            "rows": rows,
            "columns": columns,
            "lines": lines,
            "quality": json.dumps({} if quality is None else quality.measures, sort_keys=True),
            "parameters": json.dumps(told, sort_keys=True),
        }
        connection.execute(update(table).where(table.c.id == to.id).values(values))
    return open_map(store, to.id)


def _insert_points(connection: Connection, map_id: int, points: MapPoints) -> None:
    found = {
        "region_id": points.region_ids,
        "x": points.xy[:, 0],
        "y": points.xy[:, 1],
        "placed": points.placed.astype(np.int8),
    }
    insert_arrays(connection, schema.map_point, {"map_id": map_id}, found)


def rename_map(store: Store, which: str | int, name: str) -> StoredMap:
    """Give a map another name."""
    found = open_map(store, which)
    MAPS.rename(store, found.id, found.name, name)
    return open_map(store, found.id)


def delete_map(store: Store, which: str | int) -> StoredMap:
    """Forget a map and its points; the map that is gone."""
    found = open_map(store, which)
    MAPS.forget(store, found.id)
    return found
