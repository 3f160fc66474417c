"""How many columns and rows a grid of pictures has."""

from __future__ import annotations

import math
from dataclasses import dataclass

from engine.errors import InputError


@dataclass(frozen=True)
class GridSize:
    """columns x rows cells, of which the last ones of the last row may be free. aspect: of a cell, width / height."""

    columns: int
    rows: int
    aspect: float = 1.0


def grid_size(count: int, columns: int | None = None, aspect: float = 1.0, shape: float = 1.0) -> GridSize:
    """The grid for `count` pictures, at least 1, with no row too many.

    columns: how many, None to have the whole about `shape` times as wide as high. aspect: of a cell, width / height.
    Raises InputError.
    """
    if columns is not None and (isinstance(columns, bool) or not isinstance(columns, int) or columns < 1):
        raise InputError(f"the number of columns must be a whole number of at least 1, not {columns!r}")
    if not (isinstance(aspect, int | float) and 0.05 <= aspect <= 20):
        raise InputError(f"a cell's width / height must be from 0.05 to 20, not {aspect!r}")
    wide = columns or max(1, min(count, round(math.sqrt(count * shape / aspect))))
    wide = min(wide, count)
    return GridSize(wide, math.ceil(count / wide), float(aspect))
