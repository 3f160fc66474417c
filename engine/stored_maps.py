"""Maps as the catalog keeps them: list, open, rename, delete, and the points of one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Row, Select, delete, func, insert, select, update

from engine import schema
from engine.errors import InputError
from engine.named_runs import check_name, free_name, patient_change, require_free_name, ways_to_find
from engine.store import Store, now

Method = Literal["pca", "tsne", "umap", "grid"]
METHODS: tuple[Method, ...] = get_args(Method)
WHAT = "map"
_ROWS_AT_ONCE = 10_000


@dataclass(frozen=True, eq=False)
class StoredMap:
    """A map that the catalog keeps. where: the filter, "" for all rows. rows: points, those placed later included.

    space_id: of the vectors it was made from; a space whose extractor changed keeps its name under another id. cell:
    columns and rows of a grid, None for other methods. quality: "trustworthiness", "continuity", "neighbours_kept",
    each in [0, 1] (`engine.map_quality`), without those that too few points leave undefined. generation: of the catalog
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
    statement = _maps()
    if space is not None:
        statement = statement.where(schema.space.c.name == space)
    with store.database.read() as connection:
        return [_loaded(row) for row in connection.execute(statement.order_by(schema.map_.c.id))]


def open_map(store: Store, which: str | int) -> StoredMap:
    """The map of this name, else of this id, else the latest of the space of this name. Raises InputError."""
    found = schema.map_
    with store.database.read() as connection:
        for condition in ways_to_find(found, which, WHAT):
            row = connection.execute(_maps().where(condition).order_by(found.c.id.desc()).limit(1)).one_or_none()
            if row is not None:
                return _loaded(row)
        names = connection.execute(select(found.c.name).order_by(found.c.id.desc()).limit(10)).scalars().all()
    there = f"there are {', '.join(names)}" if names else "make one with `houndstooth map SPACE`"
    raise InputError(f"no map is named '{which}', has that id, or is of a space of that name: {there}")


def _maps() -> Select[Any]:
    found, named = schema.map_, schema.space
    return select(found, named.c.name.label("space")).join(named, named.c.id == found.c.space_id)


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
        quality=json.loads(row.quality),
        created=row.created,
        generation=row.generation,
        parameters=json.loads(row.parameters),
        model=None if row.model is None else np.frombuffer(row.model, "<f4").reshape(3, -1),
    )


def map_points(store: Store, of: StoredMap) -> MapPoints:
    """Every point of a map, whether its region is still in the catalog or not."""
    point = schema.map_point
    with store.database.read() as connection:
        count = connection.execute(select(func.count()).where(point.c.map_id == of.id)).scalar_one()
        found = MapPoints(np.empty(count, np.int64), np.empty((count, 2), np.float32), np.empty(count, np.bool_))
        result = connection.execute(
            select(point.c.region_id, point.c.x, point.c.y, point.c.placed)
            .where(point.c.map_id == of.id)
            .order_by(point.c.region_id)
        )
        start = 0
        for part in result.partitions(_ROWS_AT_ONCE):
            here = slice(start, start + len(part))
            region_ids, x, y, placed = zip(*part, strict=True)
            found.region_ids[here], found.placed[here] = region_ids, placed
            found.xy[here, 0], found.xy[here, 1] = x, y
            start += len(part)
    return found


def save_map(store: Store, new: NewMap, replace: bool) -> StoredMap:
    """Store a map, in one transaction; a taken name is an InputError unless `replace`.

    A map without a name gets one made from its space and method: a free one, or with `replace` that of the map it
    replaces.
    """
    table = schema.map_
    with patient_change(store) as connection:
        made = f"{new.space}-{new.method}"
        name = new.name or (made if replace else free_name(connection, table, made))
        if replace:
            connection.execute(delete(table).where(table.c.name == name))
        require_free_name(connection, table, name, WHAT)
        columns, lines = new.cell or (None, None)
        key = connection.execute(
            insert(table).values(
                name=name,
                space_id=new.space_id,
                method=new.method,
                where=new.where,
                seed=new.seed,
                rows=len(new.points),
                columns=columns,
                lines=lines,
                quality=json.dumps(dict(new.quality), sort_keys=True),
                parameters=json.dumps(dict(new.parameters), sort_keys=True),
                model=None if new.model is None else new.model.astype("<f4").tobytes(),
                created=now(),
                generation=new.generation,
            )
        ).inserted_primary_key
        map_id = int(key[0]) if key else 0
        _insert_points(connection, map_id, new.points)
    return open_map(store, map_id)


def add_points(store: Store, to: StoredMap, points: MapPoints, cell: tuple[int, int] | None) -> StoredMap:
    """Put further points onto a map, in one transaction, and with a grid its new size. Raises InputError.

    Another process may have placed some of them meanwhile: those stay where it put them. On a grid, whose cells it may
    have taken, that is an InputError.
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
        connection.execute(update(table).where(table.c.id == to.id).values(rows=rows, columns=columns, lines=lines))
    return open_map(store, to.id)


def _insert_points(connection: Connection, map_id: int, points: MapPoints) -> None:
    """By the driver itself: a million rows through SQLAlchemy's own parameters would be a million dicts."""
    statement = "INSERT INTO map_point (map_id, region_id, x, y, placed) VALUES (?, ?, ?, ?, ?)"
    for start in range(0, len(points), _ROWS_AT_ONCE):
        part = points.take(np.arange(start, min(start + _ROWS_AT_ONCE, len(points))))
        x, y = part.xy.astype(np.float64).T
        arrays = (part.region_ids, x, y, part.placed.astype(np.int8))
        values = zip(*(array.tolist() for array in arrays), strict=True)
        connection.exec_driver_sql(statement, [(map_id, *row) for row in values])


def rename_map(store: Store, which: str | int, name: str) -> StoredMap:
    """Give a map another name."""
    found = open_map(store, which)
    check_name(name, WHAT)
    if name != found.name:
        with patient_change(store) as connection:
            require_free_name(connection, schema.map_, name, WHAT)
            connection.execute(update(schema.map_).where(schema.map_.c.id == found.id).values(name=name))
    return open_map(store, found.id)


def delete_map(store: Store, which: str | int) -> StoredMap:
    """Forget a map and its points; the map that is gone."""
    found = open_map(store, which)
    with patient_change(store) as connection:
        connection.execute(delete(schema.map_).where(schema.map_.c.id == found.id))
    return found


def require_free(store: Store, name: str) -> None:
    """Raise InputError when a map has this name already."""
    with store.database.read() as connection:
        require_free_name(connection, schema.map_, name, WHAT)
