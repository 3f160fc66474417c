"""New photos on a map that is there: they find their places, and nothing that was on it moves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.layouts.beside import beside_nearest, free_cells
from engine.map_quality import MapQuality, judged_rows, map_quality
from engine.maps import Progress
from engine.matching import matching_rows
from engine.snapshot import Reader, Snapshot
from engine.stored_maps import MapPoints, StoredMap, add_points, map_points

Rows = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Placed:
    """Where new rows go. xy: float32 (m, 2), as in `MapPoints`. cell: of a grid, its columns and rows with them on it.

    nearest: region ids of what is most like each of them on the map, int64 (m,). scores: cosines, float32 (m,).
    """

    xy: Rows
    cell: tuple[int, int] | None
    nearest: NDArray[np.int64]
    scores: NDArray[np.float32]


def place_rows(
    reader: Reader, on: StoredMap, new: Rows, progress: Progress = lambda stage, done, total: None
) -> Placed:
    """Find places on a map for new unit rows float32 (m, dim) of its space, m >= 1; changes nothing.

    PCA: projected on the plane that the map was made with. t-SNE: openTSNE's transform. UMAP: the weighted mean of
    the 5 nearest. Grid: the free cells nearest to that, in rows added below when there are too few. Raises InputError
    when the space's vectors were made anew since, or nothing of the map is left in the catalog.
    """
    snapshot = reader.snapshot()
    require_same_space(snapshot, on)
    points = map_points(reader.store, on)
    there = points.take(_live(snapshot, on, points))
    if not len(there):
        raise InputError(f"nothing that the map '{on.name}' shows is in the catalog any more: make it again")
    rows = snapshot.vectors(on.space).gather(there.region_ids)
    nearest, scores = _nearest(rows, new)
    cell = on.cell
    if on.method == "grid":
        xy, cell = _on_grid(on, points, there, rows, new)
    elif on.model is not None:
        from engine.layouts.pca import Plane

        xy = Plane.from_model(on.model).project(new)
    elif on.method == "tsne":
        from engine.layouts.tsne import tsne_place

        xy = tsne_place(there.xy, rows, new, progress)
    else:
        xy = beside_nearest(there.xy, rows, new)
    return Placed(xy, cell, there.region_ids[nearest], scores)


def place_missing(
    reader: Reader, on: StoredMap, progress: Progress = lambda stage, done, total: None
) -> tuple[StoredMap, MapPoints]:
    """Put what the catalog has and the map has not, and meets its filter, onto it: the map and the points it got.

    The map is measured again, with them and without what left the catalog. Raises as `place_rows` does.
    """
    snapshot, rows = matching_rows(reader, on.space, on.where)
    require_same_space(snapshot, on)
    before = map_points(reader.store, on)
    ids = snapshot.region_ids[rows]
    ids = ids[~np.isin(ids, before.region_ids)]
    if not len(ids):
        return on, MapPoints(ids, np.empty((0, 2), np.float32), np.empty(0, np.bool_))
    placed = place_rows(reader, on, snapshot.vectors(on.space).gather(ids), progress)
    fresh = MapPoints(ids, placed.xy, np.ones(len(ids), np.bool_))
    progress("measuring", 0, 1)
    quality = _quality(snapshot, on, before.take(_live(snapshot, on, before)).and_also(fresh))
    return add_points(reader.store, on, fresh, placed.cell, quality), fresh


def _quality(snapshot: Snapshot, on: StoredMap, points: MapPoints) -> MapQuality | None:
    """How good the map is with all of these on it, by the seed that it was made with."""
    drawn = points.take(judged_rows(len(points), on.seed))
    shown = drawn.xy * np.array([on.parameters.get("aspect", 1.0), 1.0], np.float32)
    return map_quality(snapshot.vectors(on.space).gather(drawn.region_ids), shown, on.seed)


def require_same_space(snapshot: Snapshot, on: StoredMap) -> None:
    """Raise InputError unless the map's space still has the vectors that the map was made from."""
    if snapshot.space(on.space).id != on.space_id:
        raise InputError(
            f"the vectors of '{on.space}' were made anew since the map '{on.name}': make it again "
            f"(houndstooth map {on.space} --name '{on.name}' --replace)"
        )


def _live(snapshot: Snapshot, on: StoredMap, points: MapPoints) -> NDArray[np.bool_]:
    here: NDArray[np.bool_] = np.isin(points.region_ids, snapshot.region_ids)
    return here & snapshot.vectors(on.space).has(points.region_ids)


def _nearest(rows: Rows, new: Rows) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    from engine.nearest import cross_nearest

    found = cross_nearest(new, rows, 1)
    return found.indices[:, 0], (1 - found.distances[:, 0] ** 2 / 2).astype(np.float32)


def _on_grid(on: StoredMap, points: MapPoints, there: MapPoints, rows: Rows, new: Rows) -> tuple[Rows, tuple[int, int]]:
    """Cells of what left the catalog stay taken: the map still counts it."""
    if on.cell is None:
        raise InputError(f"the map '{on.name}' is a grid without a size: make it again")
    down = np.array([1, -1], np.float32)
    wanted = beside_nearest(np.asarray(there.xy * down, dtype=np.float32), rows, new)
    taken = np.rint(points.xy * down).astype(np.int64)
    cells, lines = free_cells(wanted, taken, *on.cell, float(on.parameters.get("aspect", 1.0)))
    return np.asarray(cells * down, dtype=np.float32), (on.cell[0], lines)
