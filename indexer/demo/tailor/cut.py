"""A garment cut and laid out: its pieces of cloth, seams, and where it folds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from indexer.demo.tailor.curves import Points

Material = Literal["cloth", "inside", "trim", "button"]


@dataclass(frozen=True, eq=False)
class Piece:
    """One piece, drawn over the pieces before it.

    outline: closed polygon. material: "cloth" bears the pattern, "inside" is its darker reverse, "trim" and "button"
    are plain. grain: radians that its threads are turned, about `pivot`.
    """

    outline: Points
    material: Material = "cloth"
    grain: float = 0.0
    pivot: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, eq=False)
class Seam:
    """A line drawn darker. width: cloth units. depth: 0 to 1. soft: width of the shadow around it, 0 for none."""

    line: Points
    width: float = 0.004
    depth: float = 0.28
    soft: float = 0.0


@dataclass(frozen=True)
class Ridge:
    """One fold: a raised line of `length` and `width` through x, y at `angle`; `height` may be negative."""

    x: float
    y: float
    angle: float
    length: float
    width: float
    height: float


@dataclass(frozen=True)
class Fan:
    """Folds that spread from a waist to a hem: `count` across, between half widths at two heights.

    height: of a fold. pleat: 0 for round folds, above 0 for sharp pleats. middle: x of the middle at both heights.
    """

    top: float
    bottom: float
    half_top: float
    half_bottom: float
    count: float
    height: float
    phase: float
    pleat: float = 0.0
    middle_top: float = 0.0
    middle_bottom: float = 0.0


@dataclass(frozen=True, eq=False)
class Cut:
    """All that is needed to draw a garment. hang: x, y of the hanger's hook base, None where it lies flat."""

    pieces: tuple[Piece, ...]
    seams: tuple[Seam, ...] = ()
    ridges: tuple[Ridge, ...] = ()
    fans: tuple[Fan, ...] = ()
    hang: tuple[float, float, float] | None = field(default=None)

    def bounds(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of all pieces."""
        points = np.concatenate([piece.outline for piece in self.pieces])
        (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
        return float(left), float(top), float(right), float(bottom)
