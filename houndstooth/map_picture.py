"""What a static picture of a map shows: which thumbnail goes where, which points stay dots, and the legend.

Thumbnails never hide each other. Their size follows from how many there are; where points crowd, a thumbnail is moved
aside by at most its own size, and one that finds no room stays a dot. On a grid every picture is in its cell, whole.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.pages.map_order import map_order
from engine.snapshot import Reader
from engine.stored_maps import StoredMap, map_points
from engine.thumbnails import Thumbnails
from houndstooth.map_colours import Legend, map_colours
from houndstooth.map_new_photos import PlacedPhoto

SIDES = (2400, 4800)
"""Pixels of the longer side of what the points span: 85 times the root of their number, within these."""
MARGIN = 48
HEADER = 84
LEGEND_WIDTH = 420
LARGEST, SMALLEST = 150, 44
"""Pixels of a thumbnail's longer side."""
FILLED = 0.62
"""Share of the ground that the largest thumbnails tried would cover if the points were spread evenly."""
PLACED = 0.85
"""Thumbnails get smaller until this share of the points has room for one."""
_CELL_HEIGHTS = (28, 176)


@dataclass(frozen=True)
class Shown:
    """A thumbnail in a box, in pixels from the top left: whole, in the middle. jpeg: b"" where there is none.

    colour: of its frame, "" for none. new: a photo that is not in the catalog. title: what it is.
    """

    x: float
    y: float
    width: float
    height: float
    jpeg: bytes
    colour: str
    title: str
    new: bool = False


@dataclass(frozen=True)
class Dot:
    """A point that found no room for its picture."""

    x: float
    y: float
    colour: str


@dataclass(frozen=True)
class MapPicture:
    """A static picture of a map. width, height: in pixels. photos: of the catalog, those that are dots included.

    dropped: points whose region left the catalog, which do not show.
    """

    title: str
    subtitle: str
    width: int
    height: int
    shown: tuple[Shown, ...]
    dots: tuple[Dot, ...]
    legend: Legend | None
    legend_x: int
    dark: bool
    photos: int
    dropped: int


def map_picture(
    reader: Reader,
    stored: StoredMap,
    colour_by: str | None = None,
    dark: bool = False,
    new: Sequence[PlacedPhoto] = (),
    cell: tuple[int, int] | None = None,
) -> MapPicture:
    """The picture of a map, from the newest generation; points whose region left the catalog are left out.

    colour_by: an attribute, or "cluster:RUN"; None for no frames. new: photos beside those of the catalog, and cell: of
    a grid, its columns and rows with them. Raises InputError.
    """
    snapshot = reader.snapshot(lambda known: known)
    points = map_points(reader.store, stored)
    all_points = len(points)
    points = points.take(np.isin(points.region_ids, snapshot.region_ids))
    if not len(points):
        raise InputError(f"of the map '{stored.name}' no picture is in the catalog any more: make it anew")
    rows = snapshot.rows_of(points.region_ids)
    colours, legend = map_colours(reader, snapshot, rows, colour_by) if colour_by else ([""] * len(rows), None)
    thumbnails = Thumbnails(reader.store)
    names = snapshot.columns(["product"])["product"]
    jpegs = [thumbnails.get(image_id) or b"" for image_id in snapshot.image_ids[rows].tolist()]
    jpegs += [photo.thumbnail for photo in new]
    titles = [str(names.words[code]) for code in names.values[rows]] + [photo.path for photo in new]
    aspects = np.concatenate([_aspects(snapshot.columns(["width", "height"]), rows), [1.0] * len(new)])
    xy = np.vstack([points.xy, np.array([[photo.x, photo.y] for photo in new], np.float32).reshape(-1, 2)])
    frames = [*colours, *[""] * len(new)]
    first_new = len(rows)
    if stored.cell is not None:
        boxes, width, height = _grid_boxes(xy, cell or stored.cell, float(stored.parameters.get("aspect", 1.0)))
        placed = dict(enumerate(boxes))
        centres = None
    else:
        centres, width, height = _centres(xy)
        order = np.concatenate([np.arange(first_new, len(xy)), map_order(xy[:first_new], stored.seed)])
        placed = _fit(centres, order, aspects, width, height, first_new)
    shown = tuple(
        Shown(*box, jpegs[number], frames[number], titles[number], number >= first_new)
        for number, box in sorted(placed.items())
    )
    dots = tuple(
        Dot(float(centres[number, 0]), float(centres[number, 1]), frames[number])
        for number in range(len(xy))
        if centres is not None and number not in placed
    )
    beside = LEGEND_WIDTH if legend is not None else 0
    return MapPicture(
        title=stored.name,
        subtitle=_subtitle(stored, len(rows), len(new)),
        width=width + beside,
        height=height,
        shown=shown,
        dots=dots,
        legend=legend,
        legend_x=width,
        dark=dark,
        photos=len(rows),
        dropped=all_points - len(rows),
    )


def _subtitle(stored: StoredMap, count: int, new: int) -> str:
    method = {"tsne": "t-SNE", "pca": "PCA", "umap": "UMAP", "grid": "grid"}[stored.method]
    trust = stored.quality.get("trustworthiness")
    parts = [f"{count:,} photos by {stored.space}", method, stored.where]
    parts += [f"{new} new"] if new else []
    parts += [f"trustworthiness {trust:.3f}"] if trust is not None else []
    return "  ·  ".join(part for part in parts if part)


def _aspects(columns: object, rows: NDArray[np.intp]) -> NDArray[np.float64]:
    assert isinstance(columns, dict)
    width, height = columns["width"].values[rows], columns["height"].values[rows]
    return np.asarray(np.clip(width / np.maximum(height, 1), 0.2, 5.0))


def _side(count: int) -> float:
    return float(np.clip(85 * math.sqrt(count), *SIDES))


def _centres(xy: NDArray[np.float32]) -> tuple[NDArray[np.float64], int, int]:
    """Points in pixels, y downwards, and the size of the whole."""
    low, extent = xy.min(axis=0).astype(np.float64), np.ptp(xy, axis=0).astype(np.float64)
    scale = _side(len(xy)) / max(float(extent.max()), 1e-9)
    inset = MARGIN + LARGEST / 2
    span = extent * scale
    centres = (xy - low) * scale
    centres[:, 1] = span[1] - centres[:, 1]
    return (
        centres + np.array([inset, inset + HEADER]),
        math.ceil(span[0] + 2 * inset),
        math.ceil(span[1] + 2 * inset + HEADER),
    )


def _fit(
    centres: NDArray[np.float64],
    order: NDArray[np.intp],
    aspects: NDArray[np.float64],
    width: int,
    height: int,
    first_new: int,
) -> dict[int, tuple[float, float, float, float]]:
    """A box for each point that finds room, of those in order: at its place, else the nearest free within its size."""
    side = float(np.clip(math.sqrt(FILLED * width * (height - HEADER) / max(len(order), 1)), SMALLEST, LARGEST))
    while True:
        sides = np.where(order >= first_new, 1.6 * side, side)
        placed = _place(centres, order, sides, aspects, width, height)
        if side <= SMALLEST or len(placed) >= PLACED * len(order):
            return placed
        side = max(SMALLEST, 0.85 * side)


def _place(
    centres: NDArray[np.float64],
    order: NDArray[np.intp],
    sides: NDArray[np.float64],
    aspects: NDArray[np.float64],
    width: int,
    height: int,
) -> dict[int, tuple[float, float, float, float]]:
    """As `_fit`, for thumbnails of these longer sides."""
    step = 4
    taken = np.zeros((height // step + 2, width // step + 2), np.bool_)
    rings = {side: _ring(side + step) for side in set(sides.tolist())}  # a new photo is larger, and moves further
    placed = {}
    for number, large in zip(order.tolist(), sides.tolist(), strict=True):
        wide, high = large * min(1.0, aspects[number]), large / max(1.0, aspects[number])
        for dx, dy in rings[large]:
            left, top = float(centres[number, 0]) + dx - wide / 2, float(centres[number, 1]) + dy - high / 2
            if left < 4 or top < HEADER or left + wide > width - 4 or top + high > height - 4:
                continue
            box = taken[
                int(top) // step : int(top + high) // step + 1, int(left) // step : int(left + wide) // step + 1
            ]
            if not box.any():
                box[:] = True
                placed[number] = (left, top, wide, high)
                break
    return placed


def _ring(side: float) -> list[tuple[float, float]]:
    """Moves to try, nearest first, up to a thumbnail's own size."""
    steps = np.linspace(-side, side, 13)
    moves = [(float(dx), float(dy)) for dx in steps for dy in steps if math.hypot(dx, dy) <= side]
    return sorted(moves, key=lambda move: math.hypot(*move))


def _grid_boxes(
    xy: NDArray[np.float32], cell: tuple[int, int], aspect: float
) -> tuple[list[tuple[float, float, float, float]], int, int]:
    columns, rows = cell
    low, high = _CELL_HEIGHTS
    tall = float(np.clip(_side(len(xy)) / max(rows, columns * aspect), low, high))
    wide, gap = tall * aspect, max(1.0, tall * 0.03)
    boxes = [
        (MARGIN + x * wide + gap, MARGIN + HEADER - y * tall + gap, wide - 2 * gap, tall - 2 * gap)
        for x, y in xy.tolist()
    ]
    return boxes, math.ceil(columns * wide + 2 * MARGIN), math.ceil(rows * tall + 2 * MARGIN + HEADER)
