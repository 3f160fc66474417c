"""Where the lines and dots of small charts go: numbers for a template to draw as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

SIDE = 260
WIDTH, HEIGHT = 520, 260
LEFT, TOP, RIGHT, BOTTOM = 54, 12, 14, 38
_STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.25)


@dataclass(frozen=True)
class Dot:
    """x, y, r: in the chart's units. title: what a pointer is told."""

    x: float
    y: float
    r: float
    title: str


@dataclass(frozen=True)
class Tick:
    """A mark on an axis."""

    at: float
    label: str


@dataclass(frozen=True)
class Line:
    """points: for an SVG polyline. dots: on it. band: for an SVG polygon, "" without one."""

    name: str
    points: str
    dots: tuple[Dot, ...]
    band: str = ""


@dataclass(frozen=True)
class Chart:
    """width, height: of the view box. plot: its left, top, right and bottom edges. said: the figures in words."""

    width: int
    height: int
    plot: tuple[float, float, float, float]
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    lines: tuple[Line, ...]
    said: str


def reliability_chart(series: Sequence[tuple[str, Sequence[tuple[float, float, int]]]]) -> Chart:
    """Share right by confidence. series: a name and (confidence, share right, photos) of bins.

    Bins of fewer than five photos are left out.
    """
    edges = (LEFT, TOP, SIDE - RIGHT, SIDE - BOTTOM)
    ticks = [tick / 4 for tick in range(5)]
    most = max((photos for _, bins in series for _, _, photos in bins), default=1)
    lines, said = [], []
    for name, bins in series:
        full = [one for one in bins if one[2] >= min(5, most)]
        dots = tuple(
            Dot(
                _across(sure, edges),
                _up(right, edges),
                2.5 + 5.5 * (photos / most) ** 0.5,
                f"{name}: {photos:,} at confidence {sure:.2f}, {right:.2f} right",
            )
            for sure, right, photos in full
        )
        lines.append(Line(name, _points(dots), dots))
        said.append(f"{name}: " + ", ".join(f"{sure:.2f} sure, {right:.2f} right" for sure, right, _ in full))
    across = tuple(Tick(_across(tick, edges), f"{tick:g}") for tick in ticks)
    up = tuple(Tick(_up(tick, edges), f"{tick:g}") for tick in ticks)
    return Chart(SIDE, SIDE, edges, across, up, tuple(lines), "; ".join(said))


def curve_chart(points: Sequence[tuple[float, float, float, float]]) -> Chart:
    """Share right by photos learned from, on a logarithmic axis. points: (photos, right, low, high), ascending."""
    edges = (LEFT, TOP, WIDTH - RIGHT, HEIGHT - BOTTOM)
    least, most = points[0][0], max(points[-1][0], points[0][0] * 1.01)
    bottom, top, step = _scale(min(low for _, _, low, _ in points), max(high for _, _, _, high in points))

    def place(photos: float, share: float) -> tuple[float, float]:
        along = (log(photos) - log(least)) / (log(most) - log(least))
        return _across(0.03 + 0.94 * along, edges), _up((share - bottom) / (top - bottom), edges)

    dots = tuple(
        Dot(*place(photos, right), 4, f"{photos:,.0f} photos: {right:.3f} ({low:.3f} to {high:.3f})")
        for photos, right, low, high in points
    )
    ring = [place(photos, high) for photos, _, _, high in points]
    ring += [place(photos, low) for photos, _, low, _ in reversed(points)]
    band = " ".join(f"{x:.1f},{y:.1f}" for x, y in ring)
    across = tuple(Tick(dot.x, f"{photos:,.0f}") for dot, (photos, _, _, _) in zip(dots, points, strict=True))
    count = round((top - bottom) / step)
    up = tuple(Tick(_up(number / count, edges), f"{bottom + number * step:.2f}") for number in range(count + 1))
    line = Line("share right", _points(dots), dots, band)
    return Chart(WIDTH, HEIGHT, edges, across, up, (line,), "; ".join(dot.title for dot in dots))


def _scale(low: float, high: float) -> tuple[float, float, float]:
    """Bottom, top and step of an axis of shares that holds both, with at most six steps."""
    step = next((step for step in _STEPS if (high - low) / step <= 4), 0.25)
    bottom = max(0.0, step * int(low / step))
    top = min(1.0, step * (int(high / step - 1e-9) + 1))
    return bottom, max(top, bottom + step), step


def _across(share: float, edges: tuple[float, float, float, float]) -> float:
    return round(edges[0] + share * (edges[2] - edges[0]), 1)


def _up(share: float, edges: tuple[float, float, float, float]) -> float:
    return round(edges[3] - share * (edges[3] - edges[1]), 1)


def _points(dots: Sequence[Dot]) -> str:
    return " ".join(f"{dot.x:.1f},{dot.y:.1f}" for dot in dots)
