"""Maps of a space: laid out, kept, added to. docs/maps.md explains the choices."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.attributes import AttributeType, Column
from engine.errors import InputError
from engine.layouts.fewest import FEWEST
from engine.layouts.grid_size import GridSize, grid_size
from engine.map_quality import map_quality
from engine.matching import some_rows
from engine.named_runs import check_seed
from engine.nearest import Neighbours, nearest_neighbours
from engine.snapshot import Reader
from engine.store import Store
from engine.stored_maps import (
    MAPS,
    METHODS,
    MapPoints,
    Method,
    NewMap,
    StoredMap,
    delete_map,
    list_maps,
    map_points,
    open_map,
    rename_map,
    save_map,
)

__all__ = [
    "GridWish", "MapPoints", "Method", "Progress", "StoredMap", "delete_map", "lay_out", "list_maps", "make_map",
    "map_points", "open_map", "rename_map",
]  # fmt: skip

Progress = Callable[[str, int, int], None]
"""Called with a stage's name, what is done of it and how much there is."""
Rows = NDArray[np.float32]


@dataclass(frozen=True)
class GridWish:
    """How a grid is to be. columns: None for one as wide as high. aspect: of a cell, width / height.

    by: an attribute that its columns are sorted by, "" for none.
    """

    columns: int | None = None
    aspect: float = 0.75
    by: str = ""


@dataclass(frozen=True, eq=False)
class Layout:
    """Where unit rows go. xy: float32 (n, 2), as in `MapPoints`. parameters: what was chosen.

    cell, model: as in `StoredMap`.
    """

    xy: Rows
    parameters: Mapping[str, Any]
    cell: tuple[int, int] | None = None
    model: Rows | None = None


def make_map(
    source: Store | Reader,
    space: str,
    method: Method = "tsne",
    where: str = "",
    seed: int = 0,
    name: str | None = None,
    replace: bool = False,
    grid: GridWish | None = None,
    progress: Progress | None = None,
) -> StoredMap:
    """Lay out the vectors of a space in the plane, measure how near what is alike was put, and store the map.

    where: a filter; "" for all. name: of the map, by default made from space and method. replace: take the place of the
    map of that name, given or made. grid: for that method alone. Raises InputError (nothing to show, a name that is
    taken), SpaceError, FilterError, MissingDependencyError and CatalogBusyError.
    """
    _check(method, seed, grid)
    wish = grid or GridWish()
    reader = source if isinstance(source, Reader) else Reader(source)
    MAPS.check(reader.store, name, replace)
    tell = progress or (lambda stage, done, total: None)
    snapshot, chosen = some_rows(reader, space, where, "map", lambda known: _sorted_by(wish.by, known))
    ids = snapshot.region_ids[chosen]
    tell("reading", 0, len(ids))
    rows = snapshot.vectors(space).gather(ids)
    order = _order(snapshot.columns([wish.by])[wish.by], chosen) if wish.by else None
    layout = lay_out(rows, method, seed, wish, order, tell)
    tell("measuring", 0, 1)
    shown = layout.xy * np.array([layout.parameters.get("aspect", 1.0), 1.0], np.float32)
    quality = map_quality(rows, shown, seed)
    told: dict[str, Any] = dict(layout.parameters)
    if quality is not None:
        told["judged"] = quality.judged
    new = NewMap(
        name=name,
        space=space,
        space_id=snapshot.space(space).id,
        method=method,
        where=where.strip(),
        seed=seed,
        cell=layout.cell,
        quality=quality.measures if quality is not None else {},
        parameters=told,
        generation=snapshot.generation,
        points=MapPoints(ids, layout.xy, np.zeros(len(ids), np.bool_)),
        model=layout.model,
    )
    return save_map(reader.store, new, replace)


def lay_out(
    rows: Rows,
    method: Method,
    seed: int = 0,
    grid: GridWish | None = None,
    order: NDArray[np.int64] | None = None,
    tell: Progress = lambda stage, done, total: None,
) -> Layout:
    """Where unit rows float32 (n, dim), n >= 1, go. order: for a grid by an attribute, its rank of each row (n,)."""
    from engine.layouts.pca import pca_plane

    if method == "grid":
        return _grid(rows, seed, grid or GridWish(), order, tell)
    if method == "pca" or len(rows) < FEWEST:
        plane = pca_plane(rows, seed)
        shares = {"shares": [round(float(share), 6) for share in plane.share]}
        few = {} if method == "pca" else {"laid_out_by": "pca"}
        return Layout(plane.project(rows), {**shares, **few}, model=plane.model())
    if method == "umap":
        from engine.layouts.umap import MIN_DISTANCE, NEIGHBOURS, umap_layout

        chosen = {"neighbours": min(NEIGHBOURS, len(rows) - 1), "min_distance": MIN_DISTANCE}
        return Layout(umap_layout(rows, seed, tell=tell), chosen)
    xy, parameters, _ = _tsne(rows, seed, tell)
    return Layout(xy, parameters)


def _tsne(rows: Rows, seed: int, tell: Progress) -> tuple[Rows, dict[str, Any], Neighbours]:
    from engine.layouts.tsne import tsne, tsne_choice

    choice = tsne_choice(len(rows))
    k = min(len(rows) - 1, int(3 * choice.perplexity))
    near = nearest_neighbours(rows, k, seed, tell=lambda done, total: tell("comparing", done, total))
    return tsne(rows, seed, choice, near, tell), {**asdict(choice), "exact_neighbours": near.exact}, near


def _grid(rows: Rows, seed: int, wish: GridWish, order: NDArray[np.int64] | None, tell: Progress) -> Layout:
    """t-SNE, or PCA where rows are few, brought onto cells."""
    from engine.layouts.grid import grid_by, grid_layout

    size: GridSize = grid_size(len(rows), wish.columns, wish.aspect)
    near = None
    parameters: dict[str, Any] = {"laid_out_by": "pca" if len(rows) < FEWEST else "tsne"}
    if len(rows) < FEWEST:
        xy = lay_out(rows, "pca", seed).xy
    else:
        xy, chosen, near = _tsne(rows, seed, tell)
        parameters |= chosen
    if order is not None:
        cells = grid_by(order, xy, size)
        parameters["by"] = wish.by
    else:
        found = None if near is None else near.indices
        cells = grid_layout(xy, size, found, seed, lambda done, total: tell("filling cells", done, total))
    parameters["aspect"] = size.aspect
    return Layout(cells.astype(np.float32) * np.array([1, -1], np.float32), parameters, (size.columns, size.rows))


def _check(method: object, seed: object, grid: GridWish | None) -> None:
    if method not in METHODS:
        raise InputError(f"a map is laid out by {', '.join(METHODS)}, not by {method!r}")
    check_seed(seed)
    if grid is not None and method != "grid":
        raise InputError(f"columns, a cell's aspect and an attribute to sort by are for the grid, not for {method}")
    if grid is not None:
        grid_size(1, grid.columns, grid.aspect)


def _sorted_by(by: str, known: Mapping[str, AttributeType]) -> list[str]:
    """The attribute that a grid's columns are sorted by, if any. Raises InputError when the catalog has it not."""
    if by and by not in known:
        raise InputError(f"the catalog has no attribute '{by}': it has {', '.join(sorted(known))}")
    return [by] if by else []


def _order(column: Column, rows: NDArray[np.intp]) -> NDArray[np.int64]:
    """A rank of each row's value: numbers and texts ascending, no value last."""
    values = column.values[rows]
    missing = np.isnan(values) if values.dtype.kind == "f" else values < 0
    _, ranks = np.unique(values, return_inverse=True)
    return np.where(missing, len(values), ranks).astype(np.int64)
