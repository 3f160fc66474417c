"""From a stored map to what its page shows: attributes, colours, cluster runs, neighbours and pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from engine.attributes import Column
from engine.cluster_runs import ClusterRun, list_runs, members, open_run
from engine.errors import InputError
from engine.near_products import near_products
from engine.pages.cards import DOMINANT, SHARE
from engine.pages.map_order import map_order
from engine.pages.map_view import MapView, NearView, RunView
from engine.pages.swatches import swatch
from engine.second_cluster import second_clusters
from engine.snapshot import Reader, Snapshot
from engine.stored_maps import StoredMap, map_points
from engine.thumbnails import Thumbnails
from houndstooth.map_colours import CLUSTER, check_colour_by
from houndstooth.map_pictures import map_pictures

NEIGHBOURS = 8
MAX_RUNS = 12
RUN = "run:"
"""What the page says before the name of a cluster run that it colours by."""
Rows = NDArray[np.intp]
Tell = Callable[[str, int, int], None]


def map_view(
    reader: Reader,
    stored: StoredMap,
    colour_by: str | None = None,
    neighbours: int = NEIGHBOURS,
    title: str | None = None,
    tell: Tell = lambda stage, done, total: None,
) -> MapView:
    """What the page of a map shows, from the newest generation; points whose region left the catalog are left out.

    colour_by: an attribute, "cluster:RUN", also of a run older than the MAX_RUNS newest, which the page has anyway, or
    None for what suits the space. neighbours: how many of each space. tell: called with a stage, what is done and all
    there is. Raises InputError.
    """
    if colour_by is not None:
        check_colour_by(reader, colour_by)
    snapshot = reader.snapshot(lambda known: known)
    points = map_points(reader.store, stored)
    rows = snapshot.rows_of(points.region_ids)
    live = np.zeros(len(points), np.bool_)
    inside = rows < len(snapshot.region_ids)
    live[inside] = snapshot.region_ids[rows[inside]] == points.region_ids[inside]
    if not live.any():
        raise InputError(f"of the map '{stored.name}' no picture is in the catalog any more: make it anew")
    kept = np.flatnonzero(live)
    kept = kept[map_order(points.xy[kept], stored.seed)]
    rows, points = rows[kept], points.take(kept)
    columns = {name: _taken(column, rows) for name, column in snapshot.columns(snapshot.attributes).items()}
    asked = _asked_run(reader, colour_by)
    runs = tuple(_run_view(reader, snapshot, run, points.region_ids) for run in _runs(reader, asked))
    colours, shares = _palette(columns, len(rows))
    aspects = columns["width"].values / np.maximum(columns["height"].values, 1)
    return MapView(
        title=title or f"Map: {stored.name}",
        map=stored,
        region_ids=points.region_ids,
        xy=points.xy,
        placed=points.placed,
        columns=columns,
        colours=colours,
        shares=shares,
        runs=runs,
        near=tuple(_near(snapshot, name, rows, neighbours, tell) for name in snapshot.spaces),
        pictures=map_pictures(Thumbnails(reader.store), snapshot.image_ids[rows], aspects),
        colour_by=RUN + asked.name if asked else colour_by or _suitable(stored, columns, runs),
        dropped=int((~live).sum()),
    )


def _taken(column: Column, rows: Rows) -> Column:
    confidence = None if column.confidence is None else column.confidence[rows]
    return Column(column.name, column.type, column.values[rows], column.words, confidence)


def _palette(columns: Mapping[str, Column], count: int) -> tuple[tuple[tuple[str, str], ...], NDArray[np.uint8]]:
    """Colours whose shares are known, and uint8 (n, colours)."""
    found = []
    for name, column in columns.items():
        colour = swatch(name.removeprefix(SHARE)) if name.startswith(SHARE) and column.type == "number" else None
        if colour:
            part = np.nan_to_num(np.clip(column.values, 0, 1))
            found.append(((name.removeprefix(SHARE).replace("_", " "), colour), np.rint(part * 255).astype(np.uint8)))
    shares = np.column_stack([part for _, part in found]) if found else np.zeros((count, 0), np.uint8)
    return tuple(colour for colour, _ in found), shares


def _run_view(reader: Reader, snapshot: Snapshot, run: ClusterRun, region_ids: NDArray[np.int64]) -> RunView:
    found = members(reader.store, run)
    numbers = np.zeros(len(region_ids), np.int32)
    if len(found):
        place = np.minimum(np.searchsorted(found.region_ids, region_ids), len(found) - 1)
        here = found.region_ids[place] == region_ids
        numbers[here] = found.numbers[place[here]]
    second = np.zeros(len(region_ids), np.int32)
    space = snapshot.spaces.get(run.space)
    if space is not None and space.reads == "colour" and run.clusters[0].centroid.shape == (space.dim,):
        mine = np.flatnonzero((numbers > 0) & snapshot.vectors(run.space).has(region_ids))
        centroids = np.stack([cluster.centroid for cluster in run.clusters])
        vectors = snapshot.vectors(run.space).gather(region_ids[mine])
        second[mine] = second_clusters(vectors, centroids, numbers[mine])
    return RunView(run.name, run.space, tuple(cluster.name for cluster in run.clusters), numbers, second)


def _near(snapshot: Snapshot, space: str, rows: Rows, k: int, tell: Tell) -> NearView:
    """Neighbours among the map's own points, by their row on the page."""
    region_ids = snapshot.region_ids[rows]
    held = np.flatnonzero(snapshot.vectors(space).has(region_ids))
    found, scores = np.full((len(rows), k), -1, np.int32), np.zeros((len(rows), k), np.float32)
    vectors = snapshot.vectors(space).gather(region_ids[held])
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    near, cosines = near_products(
        vectors, snapshot.product_ids[rows[held]], k, lambda done, total: tell(f"nearest by {space}", done, total)
    )
    found[held] = np.where(near >= 0, held[near], -1)
    scores[held] = cosines
    return NearView(space, found, scores)


def _asked_run(reader: Reader, colour_by: str | None) -> ClusterRun | None:
    if colour_by is None or not colour_by.startswith(CLUSTER):
        return None
    return open_run(reader.store, colour_by.removeprefix(CLUSTER))


def _runs(reader: Reader, asked: ClusterRun | None) -> list[ClusterRun]:
    """The newest, oldest first, and the one that was asked for, if it is older, before them."""
    newest = list_runs(reader.store)[-MAX_RUNS:]
    older = asked is not None and asked.id not in {run.id for run in newest}
    return [asked, *newest[1 - MAX_RUNS :]] if asked is not None and older else newest


def _suitable(stored: StoredMap, columns: Mapping[str, Column], runs: tuple[RunView, ...]) -> str | None:
    """What to colour a map of this space by."""
    latest = [run.name for run in runs if run.space == stored.space]
    preferred = (DOMINANT, "category") if stored.space in ("colour", "palette") else ("category", "pattern", DOMINANT)
    if stored.space == "pattern":
        preferred = ("pattern", "category", DOMINANT)
    known = [name for name in preferred if name in columns and len(columns[name].words)]
    return known[0] if known else RUN + latest[-1] if latest else None
