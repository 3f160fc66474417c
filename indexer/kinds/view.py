"""What the network of the `kind` space sees of a picture: all of it, or the garment, in its own proportions."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from indexer.picture import Picture

Ground = Literal["white", "kept"]
SIDE = 224
"""Rows and columns that the network sees."""
GROUND = (255, 255, 255)
"""What fills a square that the picture does not, RGB."""
MARGIN = 1.1
"""Side of the square about a garment, of the longer side of its bounding box."""


def view(picture: Picture, side: int = SIDE, ground: Ground = "kept") -> NDArray[np.uint8]:
    """A picture as the network sees it: uint8 (side, side, 3), antialiased, nothing stretched.

    Without a mask: the whole picture, centred on a white square. With one: the square about the garment's bounding box;
    what lies in it beside the garment is kept, or made white. What lies outside the picture is white.
    """
    image, (left, top, size) = Image.fromarray(picture.rgb), square(picture)
    if picture.mask is not None and picture.mask.any() and ground == "white":
        image = Image.composite(image, Image.new("RGB", image.size, GROUND), Image.fromarray(picture.mask))
    # What of the square lies in the picture is resized to its share of the result, in whole pixels of it.
    right, bottom = min(left + size, image.width), min(top + size, image.height)
    box = (max(left, 0.0), max(top, 0.0), right, bottom)
    scale = side / size
    x0, y0 = round((box[0] - left) * scale), round((box[1] - top) * scale)
    x1, y1 = (
        max(start + 1, round((end - edge) * scale)) for start, end, edge in ((x0, right, left), (y0, bottom, top))
    )
    canvas = Image.new("RGB", (side, side), GROUND)
    canvas.paste(image.resize((x1 - x0, y1 - y0), Image.Resampling.BILINEAR, box=box, reducing_gap=2.0), (x0, y0))
    return np.asarray(canvas)


def square(picture: Picture) -> tuple[float, float, float]:
    """Left, top and side of the square that is seen, in pixels of the picture; parts of it may lie outside."""
    height, width = picture.rgb.shape[:2]
    if picture.mask is None or not picture.mask.any():
        side = float(max(height, width))
        return (width - side) / 2, (height - side) / 2, side
    rows, columns = np.flatnonzero(picture.mask.any(1)), np.flatnonzero(picture.mask.any(0))
    top, left, bottom, right = int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1
    side = float(math.ceil(MARGIN * max(bottom - top, right - left)))
    return (left + right - side) / 2, (top + bottom - side) / 2, side
