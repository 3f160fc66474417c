"""A map as a table, with the columns that Embedding Atlas reads: projection_x, projection_y and what is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from engine.errors import InputError
from engine.export.place import Exported
from engine.export.rows import Table, array_field, attribute_fields, column_field
from engine.export.tables import TABLES, write_json
from engine.snapshot import Reader
from engine.store import Store
from engine.stored_maps import StoredMap, map_points, open_map

MAP_FIELDS = ("product", "image", "projection_x", "projection_y", "placed")
MAP_TABLES: Mapping[str, Callable[[Table, Path], None]] = {**TABLES, ".json": write_json}


def export_map(source: Store | Reader, which: StoredMap | str, to: Path | str) -> Exported:
    """Write a map to a .parquet, .csv, .jsonl or .json file: MAP_FIELDS and every attribute, a row a point.

    y grows upwards; on a grid x is in units of a cell's height too, so that the picture has its shape. Points whose
    region left the catalog are left out, and counted. Raises InputError.
    """
    to = Path(to)
    if to.suffix.lower() not in MAP_TABLES or to.is_dir():
        raise InputError(f"cannot export a map to '{to.name}': end the name in {', '.join(MAP_TABLES)}")
    reader = source if isinstance(source, Reader) else Reader(source)
    found = open_map(reader.store, which) if isinstance(which, str) else which
    snapshot = reader.snapshot(lambda known: known)
    points = map_points(reader.store, found)
    live = np.isin(points.region_ids, snapshot.region_ids)
    points = points.take(live)
    rows = snapshot.rows_of(points.region_ids)
    columns = snapshot.columns(["product", "image"])
    xy = points.xy.astype(np.float64)
    table = Table(
        (
            column_field("product", columns["product"], rows),
            column_field("image", columns["image"], rows),
            array_field("projection_x", "number", xy[:, 0] * float(found.parameters.get("aspect", 1.0))),
            array_field("projection_y", "number", xy[:, 1]),
            array_field("placed", "boolean", points.placed),
            *attribute_fields(snapshot, rows, MAP_FIELDS),
        ),
        len(rows),
    )
    MAP_TABLES[to.suffix.lower()](table, to)
    return Exported((to,), len(rows), int((~live).sum()))
