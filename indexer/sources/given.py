"""Masks that datasets give in other forms than a picture of the mask."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import PictureError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from indexer.coco.shape import Shape
    from indexer.decode.limits import DecodeLimits
    from indexer.garments.colour_masks import Mapped


@dataclass(frozen=True, eq=False)
class ShapesMask:
    """The union of COCO shapes (polygons, run lengths) of one photo; at least one."""

    shapes: tuple[Shape, ...]

    def __eq__(self, other: object) -> bool:
        """By what they cover."""
        return isinstance(other, ShapesMask) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    @cached_property
    def key(self) -> str:
        """A hash of the shapes."""
        told = hashlib.sha256()
        for shape in self.shapes:
            told.update(f"{shape.width} {shape.height}|".encode())
            parts = shape.rings if hasattr(shape, "rings") else (shape.counts,)
            for part in parts:
                told.update(part.tobytes() + b"|")
        return told.hexdigest()

    def mask(self, limits: DecodeLimits) -> NDArray[np.bool_]:
        """bool (h, w) at the size that the file says."""
        limits.check_pixels(self.shapes[0].width, self.shapes[0].height)
        whole = self.shapes[0].mask()
        for shape in self.shapes[1:]:
            whole = whole | shape.mask()
        return whole


@dataclass(frozen=True)
class ColourSegment:
    """The product's garment in a colour mask of In-Shop; all of the photo where none is marked.

    file: the colour mask. category: words that tell which of several garments is the product. mapping: what the colours
    mean, see `indexer.garments.colour_masks`.
    """

    file: Path
    category: str
    mapping: Mapped = "actual"

    @property
    def key(self) -> str:
        """A hash of the file's bytes and of how they are read."""
        try:
            told = hashlib.sha256(self.file.read_bytes()).hexdigest()
        except OSError:
            told = "missing"
        return f"{told}|{self.category}|{self.mapping}"

    def mask(self, limits: DecodeLimits) -> NDArray[np.bool_]:
        """bool (h, w) of the garment that `product_garments` puts first."""
        import numpy as np

        from indexer.decode.limits import read_file
        from indexer.garments.choose import product_garments
        from indexer.garments.colour_masks import read_colour_mask

        try:
            data = read_file(self.file, limits)
        except PictureError as error:
            raise PictureError(f"the mask: {error}") from None
        marked = read_colour_mask(data, self.mapping, limits)
        garments = product_garments(marked.garments(), self.category)
        return garments[0].mask if garments else np.ones(marked.labels.shape, dtype=bool)
