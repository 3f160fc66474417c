"""Smooth outlines: polylines sampled from lines and cubic Bezier curves, x to the right, y down."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
"""float64 (n, 2): x, y in cloth units."""


class Path:
    """A polyline under construction. Every method returns the path itself, so that an outline reads as one sentence."""

    def __init__(self, x: float, y: float) -> None:
        self._points: list[tuple[float, float]] = [(x, y)]

    def line(self, x: float, y: float) -> Path:
        """Straight to x, y."""
        self._points.append((x, y))
        return self

    def curve(self, ax: float, ay: float, bx: float, by: float, x: float, y: float, steps: int = 14) -> Path:
        """Cubic Bezier with control points a and b, to x, y."""
        t = np.linspace(0, 1, steps + 1)[1:, None]
        p = np.array([self._points[-1], (ax, ay), (bx, by), (x, y)])
        line = (1 - t) ** 3 * p[0] + 3 * (1 - t) ** 2 * t * p[1] + 3 * (1 - t) * t**2 * p[2] + t**3 * p[3]
        self._points.extend((float(a), float(b)) for a, b in line)
        return self

    def follow(self, points: Points) -> Path:
        """Along points that are given."""
        self._points.extend((float(a), float(b)) for a, b in points)
        return self

    def points(self) -> Points:
        """All points, (n, 2)."""
        return np.array(self._points)

    def mirrored(self) -> Points:
        """The closed outline of a symmetrical piece of which this is the right half, from top to bottom."""
        right = self.points()
        left = mirror(right[::-1])
        return np.concatenate([right, left])


def moved(points: Points, dx: float, dy: float) -> Points:
    """The points, shifted."""
    return np.asarray(points + np.array([dx, dy]))


def mirror(points: Points) -> Points:
    """The other side of the body."""
    return np.asarray(points * np.array([-1.0, 1.0]))


def ribbon(points: Points, width: float | Points) -> Points:
    """Outline of a strip of that width (or (n, 1) half widths) along a polyline."""
    along = np.gradient(points, axis=0)
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    side = np.stack([-along[:, 1], along[:, 0]], axis=1) * (width if isinstance(width, np.ndarray) else width / 2)
    return np.concatenate([points + side, (points - side)[::-1]])


def disc(x: float, y: float, radius: float, steps: int = 20) -> Points:
    """A circle."""
    t = np.linspace(0, 2 * np.pi, steps, endpoint=False)
    return np.stack([x + radius * np.cos(t), y + radius * np.sin(t)], axis=1)


def hem(half: float, y: float, sag: float, wave: float, waves: int, phase: float, middle: float = 0.0) -> Points:
    """A hem from right to left: `sag` lower in the middle, with `waves` ripples of depth `wave`."""
    s = np.linspace(1, -1, 97)
    low = y + sag * (1 - s**2) + wave * np.cos(np.pi * waves * s + phase) * (1 - 0.5 * s**2)
    return np.stack([middle + half * s, low], axis=1)
