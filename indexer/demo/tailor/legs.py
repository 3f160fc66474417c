"""Trousers and shorts."""

from __future__ import annotations

import numpy as np

from indexer.demo.spec import Garment
from indexer.demo.tailor.bodice import Parts, add_buttons
from indexer.demo.tailor.curves import Path, Points, moved
from indexer.demo.tailor.cut import Cut, Fan, Ridge
from indexer.demo.tailor.skirts import add_waistband

_WAIST, _CROTCH = 0.168, 0.3


def cut_trousers(garment: Garment, arms: float) -> Cut:
    """Slim, straight, wide or flared trousers. arms: spread of the legs, radians."""
    shape = garment.silhouette
    knee, ankle = {"slim": (0.105, 0.072), "straight": (0.122, 0.118), "wide": (0.16, 0.178), "flared": (0.108, 0.16)}[
        shape.cut
    ]
    length = shape.length or {"slim": 1.0, "straight": 1.04, "wide": 1.03, "flared": 1.06}[shape.cut]
    return _legs(garment, knee * shape.width, ankle * shape.width, length, arms)


def cut_shorts(garment: Garment, arms: float) -> Cut:
    """Regular, wide or bermuda shorts. arms: spread of the legs, radians."""
    shape = garment.silhouette
    ankle = {"regular": 0.202, "wide": 0.23, "bermuda": 0.19}[shape.cut] * shape.width
    length = shape.length or {"regular": 0.44, "wide": 0.42, "bermuda": 0.58}[shape.cut]
    return _legs(garment, ankle, ankle, length, arms)


def _legs(garment: Garment, knee: float, ankle: float, length: float, arms: float) -> Cut:
    parts = Parts()
    wide = garment.silhouette.width
    waist = _WAIST * wide
    spread = 0.05 + arms
    if garment.category == "shorts":
        leg = _short_leg(waist, 0.21 * wide, ankle, length, spread)
    else:
        leg = _leg(waist, 0.215 * wide, knee, ankle, length, spread)
    parts.both(leg, "cloth", -spread * 0.8, (0.1, 0.0))
    _details(parts, garment, waist, length, spread, ankle)
    add_waistband(parts, waist, 0.0, 0.042, garment.trim is not None)
    add_buttons(parts, [(0.012, -0.016)], 0.009)
    for x in (-0.11, -0.045, 0.06, 0.12):
        loop = np.array([(x * wide, -0.04), (x * wide, 0.008)])
        parts.seam(moved(loop, -0.005, 0), 0.0025, 0.3)
        parts.seam(moved(loop, 0.005, 0), 0.0025, 0.3)
    fans: tuple[Fan, ...] = ()
    if ankle > 0.15:
        middle = 0.115 + np.sin(spread) * length
        fans = tuple(
            Fan(0.12, length, 0.09, ankle / 2, 1.5, 0.007, 1.0 + side, 0.0, side * 0.1, side * middle)
            for side in (1.0, -1.0)
        )
    return Cut(tuple(parts.pieces), tuple(parts.seams), tuple(parts.ridges), fans)


def _leg(waist: float, hip: float, knee: float, ankle: float, length: float, spread: float) -> Points:
    """The right leg with half of the front."""

    def axis(y: float) -> float:
        return 0.112 + float(np.sin(spread)) * y

    at_knee = _CROTCH + (length - _CROTCH) * 0.5
    out_knee, out_end = axis(at_knee) + knee / 2, axis(length) + ankle / 2
    in_knee, in_end = axis(at_knee) - knee / 2, axis(length) - ankle / 2
    path = Path(-0.002, 0.008).line(waist, 0)
    path.curve(waist + 0.022, 0.05, hip, 0.1, hip, 0.2)
    path.curve(hip, _CROTCH + 0.02, out_knee + 0.008, at_knee - 0.12, out_knee, at_knee)
    path.curve(out_knee - 0.004, at_knee + 0.1, out_end, length - 0.12, out_end, length)
    path.curve(out_end - ankle * 0.3, length + 0.012, in_end + ankle * 0.3, length + 0.014, in_end, length + 0.004)
    path.curve(in_end, length - 0.12, in_knee + 0.002, at_knee + 0.1, in_knee, at_knee)
    rise = min(0.12, (at_knee - _CROTCH) * 0.7)
    path.curve(in_knee, at_knee - rise, 0.014, _CROTCH + 0.04, 0.0, _CROTCH)
    return path.line(-0.002, _CROTCH - 0.005).points()


def _short_leg(waist: float, hip: float, ankle: float, length: float, spread: float) -> Points:
    """The right leg of shorts with half of the front: straight below the hips."""
    middle = 0.112 + float(np.sin(spread)) * length
    out_end, in_end = max(middle + ankle / 2, hip + 0.008), max(middle - ankle / 2, 0.012)
    path = Path(-0.002, 0.008).line(waist, 0)
    path.curve(waist + 0.022, 0.05, hip - 0.002, 0.1, hip, 0.17).line(out_end, length)
    path.curve(out_end - ankle * 0.3, length + 0.012, in_end + ankle * 0.3, length + 0.014, in_end, length + 0.004)
    path.curve(in_end * 0.8, _CROTCH + 0.06, 0.008, _CROTCH + 0.02, 0.0, _CROTCH)
    return path.line(-0.002, _CROTCH - 0.005).points()


def _details(parts: Parts, garment: Garment, waist: float, length: float, spread: float, ankle: float) -> None:
    fly = Path(0.0, 0.01).curve(0.001, 0.1, 0.002, 0.2, 0.0, _CROTCH).points()
    parts.seam(fly, 0.004, 0.36)
    parts.seam(fly[8:], 0.02, 0.25, 0.03)
    stitch = Path(0.034, 0.012).curve(0.036, 0.1, 0.034, 0.14, 0.002, 0.175).points()
    parts.seam(stitch, 0.003, 0.22)
    slant = (
        Path(waist * 0.62, 0.012)
        .curve(waist * 0.7, 0.06, waist * 0.95, 0.1, 0.207 * garment.silhouette.width, 0.13)
        .points()
    )
    parts.seam(slant, 0.004, 0.34, twice=True)
    parts.seam(moved(slant, 0.006, 0.002), 0.014, 0.16, 0.016, twice=True)
    foot = 0.112 + np.sin(spread) * length
    hem_line = np.array(
        [(foot - ankle / 2, length - 0.022), (foot, length - 0.012), (foot + ankle / 2, length - 0.026)]
    )
    parts.seam(hem_line, 0.003, 0.24, twice=True)
    if garment.seed % 2 == 0:  # pressed crease
        crease = np.array([(0.105, 0.06), (0.112 + np.sin(spread) * length * 0.5, length * 0.5), (foot, length)])
        parts.seam(crease, 0.003, 0.18, twice=True)
    for side in (1, -1):
        for i, angle in enumerate((0.25, 0.55, 0.9)):  # whiskers from the crotch
            lean = -angle if side > 0 else angle
            reach = 0.055 + 0.01 * i
            x, y = side * (0.03 + reach * np.cos(angle)), _CROTCH - 0.02 - reach * np.sin(angle)
            parts.ridges.append(Ridge(x, y, lean, 0.06, 0.011, 0.007 - 0.002 * i))
        knee_y = _CROTCH + (length - _CROTCH) * 0.5
        for i in range(6 if length > 0.7 else 2):
            y = knee_y + (i - 2) * 0.055 if length > 0.7 else knee_y + 0.02 * i
            x = side * (0.112 + np.sin(spread) * y + 0.03 * (-1) ** i)
            parts.ridges.append(Ridge(x, y, side * (0.5 if i % 2 else -0.45), 0.06, 0.014, 0.006 if i % 2 else -0.005))
        parts.ridges.append(Ridge(side * 0.15, length * 0.6, np.pi / 2 - side * spread, 0.3, 0.03, 0.007))
