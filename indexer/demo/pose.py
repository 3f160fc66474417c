"""Where a garment stands in the frame: cloth units to pixels and back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from indexer.demo.patterns.bands import Floats
from indexer.demo.spec import Shot
from indexer.demo.tailor.curves import Points
from indexer.demo.tailor.cut import Cut

_FILL = 0.84  # of the frame's width or height


@dataclass(frozen=True)
class Pose:
    """A sideways bend, then a turn and a scale about the garment's middle, then a shift to `at` (pixels).

    scale: pixels a cloth unit. middle: of the garment, cloth units.
    """

    scale: float
    tilt: float
    middle: tuple[float, float]
    at: tuple[float, float]
    sway: float

    def to_pixels(self, points: Points) -> Points:
        """Cloth points (n, 2) to pixels (n, 2)."""
        x = points[:, 0] + self._bend(points[:, 1]) - self.middle[0]
        y = points[:, 1] - self.middle[1]
        c, s = self.scale * np.cos(self.tilt), self.scale * np.sin(self.tilt)
        return np.stack([c * x - s * y + self.at[0], s * x + c * y + self.at[1]], axis=1)

    def to_cloth(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Pixels to cloth units: the exact inverse of `to_pixels`."""
        c, s = np.float32(np.cos(self.tilt) / self.scale), np.float32(np.sin(self.tilt) / self.scale)
        dx, dy = x - np.float32(self.at[0]), y - np.float32(self.at[1])
        cloth_y = c * dy - s * dx + np.float32(self.middle[1])
        bend = np.asarray(self._bend(cloth_y), dtype=np.float32)
        return c * dx + s * dy + np.float32(self.middle[0]) - bend, cloth_y

    def _bend(self, y: NDArray[np.floating]) -> NDArray[np.floating]:
        return np.asarray(self.sway * np.sin(y * 3.2))


def pose_for(cut: Cut, shot: Shot) -> Pose:
    """Fits the garment in the shot's frame, then applies the shot's zoom, tilt, shift and sway."""
    left, top, right, bottom = cut.bounds()
    width, height = shot.size
    scale = _FILL * min(width / (right - left), height / (bottom - top)) * shot.zoom
    at = (width * (0.5 + shot.shift[0]), height * (0.5 + shot.shift[1]))
    return Pose(scale, shot.tilt, ((left + right) / 2, (top + bottom) / 2), at, shot.sway)
