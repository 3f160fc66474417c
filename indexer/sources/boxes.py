"""A garment's box from one cell or four."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence

from indexer.sources.cells import Misfit, fit, is_absent, shown

MAX_PIXELS = 1_000_000
"""Largest coordinate that is taken for one; no photo is that wide."""


def read_box(cells: Sequence[object]) -> tuple[int, int, int, int] | Misfit | None:
    """x, y, width, height in pixels, rounded outwards and cut at 0; None when no cell says anything.

    cells: four numbers, or one list of four or text like "10,20,300,400", "10 20 300 400" or "[10, 20, 300, 400]".
    """
    if all(is_absent(cell, "number") for cell in cells):
        return None
    told: Sequence[object] = cells if len(cells) > 1 else _parts(cells[0])
    numbers = [number for number in (fit(part, "number") for part in told) if isinstance(number, float)]
    if len(told) != 4 or len(numbers) != 4:
        what = shown(cells[0] if len(cells) == 1 else list(cells))
        return Misfit(f"{what} is not a box: x, y, width and height in pixels")
    x, y, width, height = numbers
    if not (width > 0 and height > 0 and max(map(abs, numbers)) <= MAX_PIXELS and x + width > 0 and y + height > 0):
        return Misfit(f"a box at x {x:g}, y {y:g} of {width:g} by {height:g} pixels covers nothing of a photo")
    left, top = max(0, math.floor(x)), max(0, math.floor(y))
    return left, top, max(1, math.ceil(x + width) - left), max(1, math.ceil(y + height) - top)


def _parts(cell: object) -> Sequence[object]:
    if isinstance(cell, list | tuple):
        return cell
    if not isinstance(cell, str) or len(cell) > 200:
        return ()
    if cell.strip().startswith("["):
        try:
            found = json.loads(cell)
        except ValueError:
            return ()
        return found if isinstance(found, list) else ()
    return re.split(r"\s*[,;]\s*|\s+", cell.strip())
