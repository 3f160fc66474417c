"""Upper bodies: necklines, the trunk, sleeves, collars and plackets, shared by tops and dresses."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from indexer.demo.tailor.curves import Path, Points, disc, mirror, moved, ribbon
from indexer.demo.tailor.cut import Material, Piece, Ridge, Seam

SHOULDER = 0.2  # half the shoulders' width: the unit of everything here
NECK = {
    "crew": (0.082, 0.075),
    "v": (0.08, 0.2),
    "scoop": (0.105, 0.15),
    "boat": (0.135, 0.045),
    "square": (0.11, 0.14),
}


@dataclass
class Parts:
    """Pieces, seams and ridges while a garment is being put together."""

    pieces: list[Piece] = field(default_factory=list)
    seams: list[Seam] = field(default_factory=list)
    ridges: list[Ridge] = field(default_factory=list)

    def both(
        self, outline: Points, material: Material = "cloth", grain: float = 0.0, pivot: tuple[float, float] = (0, 0)
    ) -> None:
        """A piece and its mirror image."""
        self.pieces.append(Piece(outline, material, grain, pivot))
        self.pieces.append(Piece(mirror(outline), material, -grain, (-pivot[0], pivot[1])))

    def seam(
        self, line: Points, width: float = 0.004, depth: float = 0.28, soft: float = 0.0, twice: bool = False
    ) -> None:
        """A seam, and with `twice` its mirror image."""
        self.seams.append(Seam(line, width, depth, soft))
        if twice:
            self.seams.append(Seam(mirror(line), width, depth, soft))


def neckline(kind: str, half: float, depth: float) -> Path:
    """The right half of a front neckline, from the middle to the shoulder at (half, 0)."""
    path = Path(0, depth)
    if kind == "v":
        return path.curve(half * 0.35, depth * 0.62, half * 0.8, depth * 0.25, half, 0)
    if kind == "square":
        return path.line(half * 0.86, depth).curve(half * 0.93, depth * 0.96, half * 0.97, depth * 0.3, half, 0)
    return path.curve(half * 0.62, depth, half * 0.98, depth * 0.55, half, 0)


def add_back(parts: Parts, half: float, depth: float, lower: float = 0.022) -> None:
    """The inside of the back, seen through the neck opening; the front covers what lies below its own neckline."""
    path = Path(0, lower).curve(half * 0.6, lower, half * 0.95, lower * 0.3, half, 0).line(half * 1.02, 0.02)
    outline = path.line(half * 0.9, depth + 0.03).line(0, depth + 0.03).mirrored()
    parts.pieces.append(Piece(outline, "inside"))
    parts.seam(moved(path.points()[:15], 0, 0.006), 0.005, 0.25, twice=True)


def trunk(
    neck: Path, waist: float, hips: float, bust: float, length: float, sag: float, sleeveless: bool, waist_at: float
) -> Path:
    """Continues a neckline: shoulder, armhole, side and half the hem, down to the middle."""
    shoulder = SHOULDER - (0.035 if sleeveless else 0.0)
    path = neck.curve(neck.points()[-1][0] + 0.04, 0.008, shoulder - 0.04, 0.03, shoulder, 0.042)
    path.curve(shoulder - 0.03, 0.11, shoulder - 0.035, 0.19, bust, 0.225)
    if length > waist_at * 1.08:
        path.curve(bust - 0.008, 0.3, waist, waist_at - 0.08, waist, waist_at)
        path.curve(waist, waist_at + 0.1, hips, length - 0.12, hips, length)
    else:
        path.curve(bust - 0.008, 0.3, waist + 0.004, length - 0.08, waist, length)
    return path.curve(
        hips * 0.6 if length > waist_at * 1.08 else waist * 0.6, length + sag, 0.05, length + sag, 0, length + sag
    )


def add_sleeves(parts: Parts, kind: str, bust: float, angle: float, width: float, cuff: bool) -> None:
    """Both sleeves, under the trunk. angle: radians from hanging straight down to straight out."""
    if kind == "none":
        return
    length = {"short": 0.2, "elbow": 0.31, "long": 0.56, "puff": 0.2}[kind]
    open_ = {"short": 0.155, "elbow": 0.14, "long": 0.098, "puff": 0.125}[kind] * width
    along = np.array([np.sin(angle), np.cos(angle)])
    across = np.array([-np.cos(angle), np.sin(angle)])
    top, pit = np.array([SHOULDER, 0.042]), np.array([bust - 0.012, 0.228])
    end = top + along * length + (0.012, 0.0)
    low = end + across * open_
    bulge = 0.075 if kind == "puff" else 0.014
    out = top + along * length * 0.42 - across * bulge
    path = Path(top[0] - 0.05, top[1] - 0.005).line(*top)
    path.curve(*(top + along * length * 0.1 - across * bulge * 0.9), *(out + along * length * 0.3), *end)
    path.curve(*(end + across * open_ * 0.3 + along * 0.008), *(end + across * open_ * 0.7 + along * 0.008), *low)
    mid = (low + pit) / 2 - along * 0.02 + across * (0.05 if kind == "puff" else 0.0)
    path.curve(*(low * 0.7 + mid * 0.3), *mid, *pit).line(pit[0] - 0.08, 0.2)
    parts.both(path.points(), "cloth", -angle * 0.95, (SHOULDER, 0.042))
    hem_at = 0.05 if cuff else 0.022
    for back, depth in ((hem_at, 0.24), (hem_at - 0.006, 0.1)):
        a, b = end - along * back, low - along * back + (pit - low) * 0.02
        parts.seam(np.array([a, (a + b) / 2 + along * 0.006, b]), 0.004, depth, twice=True)
    _sleeve_ridges(parts, top, along, across, length, open_, kind)


def _sleeve_ridges(
    parts: Parts, top: Points, along: Points, across: Points, length: float, open_: float, kind: str
) -> None:
    direction = float(np.arctan2(along[1], along[0]))
    count = 5 if kind == "long" else 2
    for i in range(count):
        at = top + along * length * (0.3 + 0.62 * i / count) + across * open_ * (0.75 - 0.35 * (i % 2))
        lean = direction + (0.75 if i % 2 else -0.6)
        height = 0.0085 if i % 2 else -0.007
        for side in (1, -1):
            parts.ridges.append(Ridge(side * at[0], at[1], lean if side > 0 else np.pi - lean, 0.075, 0.016, height))
    if kind == "puff":
        for i in range(4):
            at = top + along * length * 0.75 + across * open_ * (0.15 + 0.24 * i)
            for side in (1, -1):
                lean = direction if side > 0 else np.pi - direction
                parts.ridges.append(Ridge(side * at[0], at[1], lean, 0.07, 0.011, 0.008))


def add_neckband(parts: Parts, kind: str, half: float, depth: float, width: float = 0.016) -> None:
    """A ribbed band along the neckline: a seam below it and the shadow that it throws."""
    line = neckline(kind, half + width * 0.9, depth + width).points()
    parts.seam(line, 0.0035, 0.3, twice=True)
    parts.seam(moved(line, 0, 0.003), 0.01, 0.1, 0.016, twice=True)


def add_armholes(parts: Parts, bust: float) -> None:
    """The seam where sleeves are set in."""
    path = Path(SHOULDER, 0.042).curve(SHOULDER - 0.03, 0.11, SHOULDER - 0.035, 0.19, bust, 0.225)
    parts.seam(path.points(), 0.0035, 0.3, twice=True)
    parts.seam(moved(path.points(), 0.006, 0), 0.014, 0.16, 0.02, twice=True)


def add_collar(parts: Parts, half: float, spread: float, depth: float) -> None:
    """A turned-down collar: the inside of the stand, then two pointed leaves that meet at (0, depth)."""
    stand = Path(0, -0.012).curve(half * 0.5, -0.018, half * 0.9, -0.016, half, 0.004).line(half * 0.55, depth * 0.75)
    parts.pieces.append(Piece(stand.line(0, depth).mirrored(), "inside"))
    tip = (spread, depth + 0.075)
    leaf = Path(0.004, depth - 0.004).curve(half * 0.4, depth * 0.55, half * 0.8, 0.02, half * 0.72, -0.02)
    leaf.curve(half * 0.95, -0.03, half * 1.2, -0.01, half * 1.28, 0.014).curve(
        half * 1.2, 0.04, tip[0] + 0.02, tip[1] - 0.03, *tip
    )
    parts.both(leaf.line(0.004, depth - 0.002).points(), "cloth", 0.5, (half, 0))
    fall = Path(half * 1.28, 0.016).curve(half * 1.2, 0.042, tip[0] + 0.02, tip[1] - 0.028, tip[0], tip[1] + 0.002)
    fall.line(0.006, depth + 0.002)
    parts.seam(fall.points(), 0.004, 0.4, twice=True)
    parts.seam(moved(fall.points(), 0.002, 0.007), 0.016, 0.22, 0.022, twice=True)
    parts.seam(moved(fall.points() * np.array([0.93, 1.0]), 0.002, -0.008), 0.0025, 0.16, twice=True)


def add_placket(parts: Parts, top: float, bottom: float, buttons: int, half: float = 0.02) -> None:
    """A buttoned front band from top to bottom."""
    band = np.array([(-half, top), (half, top), (half, bottom), (-half, bottom)])
    parts.pieces.append(Piece(band, "cloth", 0.0, (0.003, 0.004)))
    parts.seam(np.array([(half, top), (half, bottom)]), 0.004, 0.3)
    parts.seam(np.array([(half + 0.005, top), (half + 0.005, bottom)]), 0.012, 0.14, 0.014)
    parts.seam(np.array([(-half, top), (-half, bottom)]), 0.003, 0.2)
    add_buttons(parts, [(0.0, top + 0.03 + (bottom - top - 0.05) * i / max(buttons - 1, 1)) for i in range(buttons)])


def add_buttons(parts: Parts, places: list[tuple[float, float]], radius: float = 0.0085) -> None:
    """Round buttons with a rim and a thread."""
    for x, y in places:
        parts.pieces.append(Piece(disc(x, y, radius), "button"))
        parts.seam(np.concatenate([disc(x, y, radius), disc(x, y, radius)[:1]]), 0.0028, 0.35)
        parts.seam(disc(x + 0.002, y + 0.004, radius * 0.9), 0.008, 0.18, 0.01)
        parts.seam(np.array([(x - 0.003, y - 0.001), (x + 0.003, y + 0.001)]), 0.002, 0.4)


def add_pocket(parts: Parts, x: float, y: float, width: float, height: float) -> None:
    """A patch pocket with a pointed bottom; x, y: its upper left corner."""
    path = Path(x, y).line(x + width, y).line(x + width, y + height * 0.8).line(x + width / 2, y + height)
    path.line(x, y + height * 0.8).line(x, y)
    parts.seam(path.points(), 0.003, 0.26)
    parts.seam(moved(path.points()[1:5], 0.003, 0.004), 0.01, 0.1, 0.012)
    parts.seam(np.array([(x, y + 0.018), (x + width, y + 0.018)]), 0.0025, 0.16)


def strap(x0: float, y0: float, x1: float, y1: float, width: float) -> Points:
    """A shoulder strap from the bodice to the top."""
    return ribbon(Path(x0, y0).curve(x0, y0 - 0.05, x1 - 0.008, y1 + 0.06, x1, y1).points(), width)


def drag_lines(parts: Parts, waist_at: float, half: float, length: float) -> None:
    """Folds of a trunk: pulled from the armpits, gathered at the waist, falling to the hem."""
    for side in (1, -1):
        lean = 2.2 if side > 0 else np.pi - 2.2
        parts.ridges.append(Ridge(side * half * 0.72, 0.3, lean, 0.11, 0.018, 0.008))
        parts.ridges.append(Ridge(side * half * 0.5, 0.36, lean - side * 0.15, 0.12, 0.022, -0.007))
        parts.ridges.append(Ridge(side * half * 0.8, waist_at, side * 0.35, 0.09, 0.014, 0.006))
        parts.ridges.append(Ridge(side * half * 0.75, waist_at + 0.05, side * 0.2, 0.08, 0.013, -0.005))
        parts.ridges.append(Ridge(side * half * 0.4, length * 0.82, np.pi / 2 + side * 0.12, 0.16, 0.024, 0.007))
    parts.ridges.append(Ridge(0.04, length * 0.7, np.pi / 2 - 0.1, 0.2, 0.03, -0.006))
