"""A map as its page reads it: a JSON header that names columns in one block of binary data, and packs of pictures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.attributes import Column
from engine.pages.cards import DOMINANT, SHARE
from engine.pages.map_view import MapView
from engine.pages.swatches import swatch

VERSION = 1
PACK_ROWS = 256
"""Pictures a pack: some 1.3 MB."""
NO_CONFIDENCE = 255
_CONFIDENCE_STEPS = 200
_TYPES = {"float32": "f4", "uint8": "u1", "int8": "i1", "int16": "i2", "int32": "i4", "float64": "f8"}


class Blocks:
    """Arrays put one behind the other, little endian, each at a multiple of 8 bytes."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.length = 0

    def add(self, values: NDArray[Any]) -> dict[str, Any]:
        """Where an array lies: {"type", "at" (bytes), "length" (items)}."""
        kind = _TYPES[values.dtype.name]
        data = np.ascontiguousarray(values, values.dtype.newbyteorder("<")).tobytes()
        place = {"type": kind, "at": self.length, "length": int(values.size)}
        padded = data + bytes(-len(data) % 8)
        self.parts.append(padded)
        self.length += len(padded)
        return place


def payload(view: MapView) -> tuple[dict[str, Any], bytes]:
    """The header and its data. Everything is by row of the view; docs/map-page.md describes each field."""
    blocks = Blocks()
    stored = view.map
    header = {
        "version": VERSION,
        "title": view.title,
        "rows": len(view),
        "dropped": view.dropped,
        "map": {
            "name": stored.name,
            "space": stored.space,
            "method": stored.method,
            "where": stored.where,
            "seed": stored.seed,
            "created": stored.created,
            "generation": stored.generation,
            "quality": {name: round(float(value), 4) for name, value in stored.quality.items()},
        },
        "grid": _grid(view),
        "xy": blocks.add(_positions(view)),
        "placed": blocks.add(view.placed.astype(np.uint8)),
        "columns": [_column(column, blocks) for name, column in view.columns.items() if not name.startswith(SHARE)],
        "colours": [{"name": name, "colour": colour} for name, colour in view.colours],
        "shares": blocks.add(view.shares),
        "runs": [
            {
                "name": run.name,
                "space": run.space,
                "names": list(run.names),
                "numbers": blocks.add(_small(run.numbers)),
                "second": blocks.add(_small(run.second)),
            }
            for run in view.runs
        ],
        "near": [
            {
                "space": near.space,
                "k": near.rows.shape[1],
                "rows": blocks.add(near.rows.astype(np.int32)),
                "scores": blocks.add(near.scores.astype(np.float32)),
            }
            for near in view.near
        ],
        "sheets": {
            "width": view.pictures.size.width,
            "height": view.pictures.size.height,
            "across": view.pictures.size.across,
            "down": view.pictures.size.down,
            "count": -(-len(view) // view.pictures.size.capacity),
            "sizes": blocks.add(view.pictures.sprites),
        },
        "packs": {"rows": PACK_ROWS, "count": -(-len(view) // PACK_ROWS)},
        "colour_by": view.colour_by,
    }
    return header, b"".join(blocks.parts)


def header_text(header: dict[str, Any]) -> str:
    """The header as JSON that can stand in a script element whatever it holds."""
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def pack(pictures: Sequence[bytes | None]) -> bytes:
    """Pictures in one block: their count, count + 1 offsets (uint32) from the end of these, then the bytes."""
    ends = np.cumsum([0, *(len(picture or b"") for picture in pictures)])
    head = np.array([len(pictures), *ends], "<u4").tobytes()
    return b"".join([head, *(picture or b"" for picture in pictures)])


def _positions(view: MapView) -> NDArray[np.float32]:
    """x to the right and y downwards; a grid in cells, other maps centred on 0 with the larger side from -1 to 1."""
    down = view.xy.astype(np.float64) * (1, -1)
    if view.map.cell is None and len(view):
        low, high = down.min(axis=0), down.max(axis=0)
        down = (down - (low + high) / 2) * (2 / (float((high - low).max()) or 1.0))
    return down.astype(np.float32)


def _grid(view: MapView) -> dict[str, Any] | None:
    if view.map.cell is None:
        return None
    aspect = view.map.parameters.get("aspect", 1.0)
    return {"columns": view.map.cell[0], "rows": view.map.cell[1], "aspect": float(aspect)}


def _column(column: Column, blocks: Blocks) -> dict[str, Any]:
    """ "text" as codes of words, "boolean" as 0 and 1, both -1 for none; "number" as float64, NaN for none."""
    values = column.values if column.type == "number" else _small(column.values)
    told: dict[str, Any] = {
        "name": column.name,
        "type": column.type,
        "values": blocks.add(values.astype(np.float64) if column.type == "number" else values),
    }
    if column.type == "text":
        words = [str(word) for word in column.words]
        told["words"] = words
        if column.name in (DOMINANT, "colour"):
            told["swatches"] = [swatch(word) for word in words]
    if column.confidence is not None and not np.isnan(column.confidence).all():
        known = ~np.isnan(column.confidence)
        steps = np.full(len(column), NO_CONFIDENCE, np.uint8)
        steps[known] = np.rint(np.clip(column.confidence[known], 0, 1) * _CONFIDENCE_STEPS).astype(np.uint8)
        told["confidence"] = blocks.add(steps)
    return told


def _small(values: NDArray[Any]) -> NDArray[Any]:
    """Whole numbers in the smallest signed type that holds them."""
    largest = int(values.max(initial=0))
    return values.astype(np.int8 if largest < 128 else np.int16 if largest < 32_768 else np.int32)
