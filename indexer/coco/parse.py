"""Values of a COCO JSON, checked: what is wrong is told with its place, as `annotations[17].segmentation[0]`."""

from __future__ import annotations

import math
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from engine.errors import SourceError
from indexer.coco.rle import Rle, counts_of
from indexer.coco.shape import Polygons, Shape
from indexer.decode.limits import DEFAULT_LIMITS

_FARTHEST = 100_000.0
"""Coordinates beyond this, in pixels, are no polygon of a photo; following such an edge would fill the memory."""


def table(value: object, place: str) -> dict[str, object]:
    """A JSON object."""
    if not isinstance(value, dict):
        raise SourceError(f"{place} must be an object, not {_told(value)}")
    return value


def rows(value: dict[str, object], key: str) -> list[object]:
    """The list under a key of the whole file."""
    if key not in value:
        raise SourceError(f"the file has no {key!r}: COCO instances have images, annotations and categories")
    found = value[key]
    if not isinstance(found, list):
        raise SourceError(f"{key} must be a list, not {_told(found)}")
    return found


def whole(value: dict[str, object], key: str, place: str, least: int | None = None) -> int:
    """A whole number, also where it is written as 640.0."""
    found = _needed(value, key, place)
    if isinstance(found, float) and found.is_integer():
        found = int(found)
    if isinstance(found, bool) or not isinstance(found, int):
        raise SourceError(f"{place}.{key} must be a whole number, not {_told(found)}")
    if least is not None and found < least:
        raise SourceError(f"{place}.{key} must be {least} or more, not {found}")
    return found


def text(value: dict[str, object], key: str, place: str) -> str:
    """A text that is not empty."""
    found = _needed(value, key, place)
    if not isinstance(found, str) or not found:
        raise SourceError(f"{place}.{key} must be a text, not {_told(found)}")
    return found


def file_name(value: dict[str, object], place: str) -> str:
    """A file's path inside the folder of photos, with forward slashes."""
    name = text(value, "file_name", place).replace("\\", "/")
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
        raise SourceError(f"{place}.file_name must lie inside the folder of photos, not {name!r}")
    return path.as_posix()


def picture_size(value: dict[str, object], place: str) -> tuple[int, int]:
    """Width and height in pixels, within the limits of decoding."""
    width, height = whole(value, "width", place, 1), whole(value, "height", place, 1)
    if width * height > DEFAULT_LIMITS.megapixels * 1e6:
        raise SourceError(f"{place} is {width} x {height}, over the limit of {DEFAULT_LIMITS.megapixels:g} megapixels")
    return width, height


def shape(value: object, size: tuple[int, int], place: str) -> Shape | None:
    """The mask that a `segmentation` tells on a picture of (width, height); None where it tells none."""
    if isinstance(value, dict):
        return _runs(value, size, place)
    if value is None:
        return None
    if not isinstance(value, list):
        raise SourceError(f"{place} must be a list of polygons or a run-length object, not {_told(value)}")
    if value and all(isinstance(part, int | float) for part in value):
        raise SourceError(f"{place} must be a list of polygons, and is one polygon: put it in brackets")
    rings = [_ring(part, f"{place}[{number}]") for number, part in enumerate(value)]
    kept = tuple(ring for ring in rings if len(ring) > 2)
    return Polygons(*size, kept) if kept else None


def _ring(value: object, place: str) -> NDArray[np.float64]:
    """A polygon's corners, float64 (n, 2)."""
    if not isinstance(value, list) or not all(isinstance(v, int | float) and not isinstance(v, bool) for v in value):
        raise SourceError(f"{place} must be a list of numbers: x, y, x, y, ...")
    if len(value) % 2:
        raise SourceError(f"{place} has {len(value)} numbers: a polygon is pairs of x, y")
    if not all(math.isfinite(v) and abs(v) <= _FARTHEST for v in value):
        raise SourceError(f"{place} has coordinates that are not in a picture")
    return np.array(value, dtype=np.float64).reshape(-1, 2)


def _runs(value: dict[str, object], size: tuple[int, int], place: str) -> Rle | None:
    """Run lengths, compressed or not."""
    told = _needed(value, "size", place)
    if told != [size[1], size[0]]:
        raise SourceError(f"{place}.size is {told}, and its image is [{size[1]}, {size[0]}] (height, width)")
    counts = _needed(value, "counts", place)
    if isinstance(counts, str):
        try:
            lengths = counts_of(counts)
        except ValueError as error:
            raise SourceError(f"{place}.counts: {error}") from None
    elif isinstance(counts, list) and all(isinstance(v, int) and abs(v) <= size[0] * size[1] for v in counts):
        lengths = np.array(counts, dtype=np.int64)
    else:
        raise SourceError(f"{place}.counts must be a compressed text, or a list of whole numbers within the picture")
    if (lengths < 0).any() or lengths.sum() != size[0] * size[1]:
        raise SourceError(
            f"{place}.counts must be run lengths that sum to the picture's {size[0] * size[1]} pixels, "
            f"and sum to {lengths.sum()}"
        )
    runs = Rle(*size, lengths)
    return runs if runs.area else None


def _needed(value: dict[str, object], key: str, place: str) -> object:
    if key not in value:
        raise SourceError(f"{place} has no {key!r}")
    return value[key]


def _told(value: object) -> str:
    names: dict[type, str] = {dict: "an object", list: "a list", type(None): "null"}
    return names.get(type(value), repr(value)[:40])
