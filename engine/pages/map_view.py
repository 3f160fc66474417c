"""What a map page shows, as arrays aligned with the points."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.attributes import Column
from engine.stored_maps import StoredMap

PAIR_OF_COLOURS = 0.6
"""A second colour shows beside the first when it covers at least so much of what the first covers."""


@dataclass(frozen=True, eq=False)
class RunView:
    """A cluster run on the page. names: of clusters 1 to k. numbers: int32 (n,), 0 where a point is in no cluster.

    second: int32 (n,), the cluster that a point lies almost as near to, 0 for none.
    """

    name: str
    space: str
    names: tuple[str, ...]
    numbers: NDArray[np.int32]
    second: NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class NearView:
    """The nearest of other products in a space. rows: int32 (n, k), -1 where there are fewer.

    scores: float32 (n, k), cosines, 0 where there is none.
    """

    space: str
    rows: NDArray[np.int32]
    scores: NDArray[np.float32]


@dataclass(frozen=True)
class SheetSize:
    """Sprite sheets: pictures of at most `width` x `height` pixels, `across` x `down` of them a sheet."""

    width: int
    height: int
    across: int
    down: int

    @property
    def capacity(self) -> int:
        """Pictures a sheet."""
        return self.across * self.down


@dataclass(frozen=True, eq=False)
class MapPictures:
    """The pictures of a page, made when they are written, so that memory is bounded by a piece of them.

    sprites: uint8 (n, 2), width and height of each point's picture on its sheet, 0 where there is none. sheet: the JPEG
    of rows [start, stop), row by row from the top left. thumbnails: the stored pictures of rows [start, stop).
    """

    size: SheetSize
    sprites: NDArray[np.uint8]
    sheet: Callable[[int, int], bytes]
    thumbnails: Callable[[int, int], Sequence[bytes | None]]


@dataclass(frozen=True, eq=False)
class MapView:
    """A map with what is known of its points, in the order in which they matter when not all fit (`map_order`).

    xy: float32 (n, 2), y upwards; on a grid column and minus row. columns: attributes, "product" and "image" among
    them. shares: uint8 (n, colours), how much of each picture has each of the colours, 255 for all. colours: name and
    #rrggbb. colour_by: what the page colours by when it opens: an attribute, or "run:NAME".
    """

    title: str
    map: StoredMap
    region_ids: NDArray[np.int64]
    xy: NDArray[np.float32]
    placed: NDArray[np.bool_]
    columns: Mapping[str, Column]
    colours: tuple[tuple[str, str], ...]
    shares: NDArray[np.uint8]
    runs: tuple[RunView, ...]
    near: tuple[NearView, ...]
    pictures: MapPictures
    colour_by: str | None
    dropped: int = 0

    def __len__(self) -> int:
        """Number of points."""
        return len(self.region_ids)
