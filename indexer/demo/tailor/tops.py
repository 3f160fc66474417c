"""T-shirts, shirts, polos and blouses."""

from __future__ import annotations

import numpy as np

from indexer.demo.spec import Garment
from indexer.demo.tailor.bodice import (
    NECK,
    Parts,
    add_armholes,
    add_back,
    add_buttons,
    add_collar,
    add_neckband,
    add_placket,
    add_pocket,
    add_sleeves,
    drag_lines,
    neckline,
    trunk,
)
from indexer.demo.tailor.curves import Path
from indexer.demo.tailor.cut import Cut, Piece

_ANGLE = {"short": 0.85, "elbow": 0.6, "long": 0.33, "puff": 0.75, "none": 0.0}


def cut_t_shirt(garment: Garment, arms: float) -> Cut:
    """A T-shirt: regular, slim or boxy, with any neckline and sleeve."""
    shape = garment.silhouette
    wide = shape.width * {"regular": 1.0, "slim": 0.92, "boxy": 1.1}[shape.cut]
    length = shape.length or {"regular": 0.62, "slim": 0.6, "boxy": 0.54}[shape.cut]
    bust = 0.205 * wide
    waist = bust * {"regular": 0.95, "slim": 0.86, "boxy": 1.0}[shape.cut]
    half, depth = NECK[shape.neckline]
    parts = Parts()
    add_back(parts, half, depth)
    add_sleeves(parts, shape.sleeve, bust, _ANGLE[shape.sleeve] + arms, wide, cuff=False)
    body = trunk(
        neckline(shape.neckline, half, depth), waist, bust * 0.98, bust, length, 0.012, shape.sleeve == "none", 0.4
    )
    parts.pieces.append(Piece(body.mirrored()))
    add_neckband(parts, shape.neckline, half, depth)
    if shape.sleeve != "none":
        add_armholes(parts, bust)
    _hem_stitch(parts, bust * 0.98, length, 0.012)
    if garment.seed % 3 == 0:
        add_pocket(parts, 0.045, 0.2, 0.085, 0.1)
    drag_lines(parts, 0.4, bust, length)
    return Cut(
        tuple(parts.pieces),
        tuple(parts.seams),
        tuple(parts.ridges),
        hang=(0.0, 0.03, 0.15 if shape.sleeve == "none" else 0.18),
    )


def cut_shirt(garment: Garment, arms: float) -> Cut:
    """A shirt with a collar: buttoned all the way, a polo, or a soft blouse."""
    shape = garment.silhouette
    wide = shape.width * (1.06 if shape.cut == "blouse" else 1.0)
    length = shape.length or {"button-down": 0.68, "polo": 0.62, "blouse": 0.58}[shape.cut]
    bust = 0.21 * wide
    half, depth = 0.074, 0.07
    sleeve = "short" if shape.sleeve == "none" else shape.sleeve
    parts = Parts()
    add_back(parts, half, depth)
    add_sleeves(parts, sleeve, bust, _ANGLE[sleeve] + arms, wide, cuff=sleeve == "long" or shape.cut == "polo")
    sag = 0.045 if shape.cut == "button-down" else 0.01
    body = trunk(neckline("v", half, depth + 0.01), bust * 0.94, bust, bust, length, sag, False, 0.42)
    parts.pieces.append(Piece(body.mirrored()))
    add_armholes(parts, bust)
    _hem_stitch(parts, bust, length, sag)
    if shape.cut == "polo":
        add_placket(parts, depth, 0.25, 3)
        parts.seam(np.array([(-0.02, 0.25), (0.02, 0.25)]), 0.004, 0.3)
    else:
        add_placket(parts, depth, length + sag, 7)
    if shape.cut == "button-down" and garment.seed % 4:
        add_pocket(parts, 0.055, 0.2, 0.09, 0.11)
        if garment.seed % 2:
            add_pocket(parts, -0.145, 0.2, 0.09, 0.11)
    if sleeve == "long":
        _cuff_buttons(parts, _ANGLE["long"] + arms, wide)
    add_collar(parts, half, 0.092 if shape.cut == "button-down" else 0.075, depth)
    drag_lines(parts, 0.42, bust, length)
    return Cut(tuple(parts.pieces), tuple(parts.seams), tuple(parts.ridges), hang=(0.0, 0.03, 0.18))


def _hem_stitch(parts: Parts, half: float, length: float, sag: float) -> None:
    path = Path(half, length - 0.02).curve(
        half * 0.6, length + sag - 0.02, 0.05, length + sag - 0.02, 0, length + sag - 0.02
    )
    parts.seam(path.points(), 0.003, 0.2, twice=True)


def _cuff_buttons(parts: Parts, angle: float, wide: float) -> None:
    along = np.array([np.sin(angle), np.cos(angle)])
    across = np.array([-np.cos(angle), np.sin(angle)])
    at = np.array([0.212, 0.042]) + along * 0.535 + across * 0.07 * wide
    add_buttons(parts, [(at[0], at[1]), (-at[0], at[1])], 0.007)
