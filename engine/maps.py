"""Maps of a space: laid out, kept, added to. docs/maps.md explains the choices."""

from __future__ import annotations

from engine.stored_maps import (
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
    "MapPoints", "Method", "NewMap", "StoredMap", "delete_map", "list_maps", "map_points", "open_map", "rename_map",
    "save_map",
]  # fmt: skip
