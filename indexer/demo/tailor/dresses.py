"""Dresses: a bodice and a skirt."""

from __future__ import annotations

import numpy as np

from indexer.demo.spec import Garment
from indexer.demo.tailor.bodice import (
    NECK,
    Parts,
    add_armholes,
    add_back,
    add_collar,
    add_neckband,
    add_placket,
    add_sleeves,
    drag_lines,
    neckline,
    strap,
    trunk,
)
from indexer.demo.tailor.curves import Path, moved, ribbon
from indexer.demo.tailor.cut import Cut, Fan, Piece, Ridge
from indexer.demo.tailor.skirts import add_skirt

_ANGLE = {"short": 0.7, "elbow": 0.5, "long": 0.28, "puff": 0.7, "none": 0.0}
_WAIST_AT = 0.39


def cut_dress(garment: Garment, arms: float) -> Cut:
    """An a-line, sheath, wrap, strap or shirt dress; mini to knee, or maxi."""
    shape = garment.silhouette
    length = shape.length or (1.34 if garment.maxi else 0.84)
    bust, waist = 0.188 * shape.width, (0.158 if shape.cut == "sheath" else 0.145) * shape.width
    phase = (garment.seed % 97) / 97 * 2 * np.pi
    parts = Parts()
    if shape.cut == "strap":
        _strap_bodice(parts, garment, bust, waist)
    else:
        _sleeved_bodice(parts, garment, bust, waist, arms)
    kind = {"sheath": "pencil", "a-line": "a-line", "wrap": "a-line", "strap": "flared", "shirt": "a-line"}[shape.cut]
    if kind == "a-line" and garment.seed % 3 == 0:
        kind = "tiered" if shape.cut == "a-line" else "flared"
    flare = shape.flare * (0.7 if garment.maxi else 1.0)
    fan = add_skirt(parts, kind, waist, _WAIST_AT, length, flare, shape.folds, phase)
    _waist(parts, garment, waist)
    if shape.cut == "wrap":
        _wrap(parts, waist, length, fan)
    if shape.cut == "shirt":
        add_placket(parts, 0.07, length + 0.02, 11 if garment.maxi else 8, 0.017)
        add_collar(parts, 0.074, 0.08, 0.07)
    drag_lines(parts, _WAIST_AT - 0.03, bust, _WAIST_AT)
    hang = (0.0, 0.03, 0.1 if shape.cut == "strap" else 0.14 if shape.sleeve == "none" else 0.17)
    return Cut(tuple(parts.pieces), tuple(parts.seams), tuple(parts.ridges), (fan,), hang)


def _sleeved_bodice(parts: Parts, garment: Garment, bust: float, waist: float, arms: float) -> None:
    shape = garment.silhouette
    kind = {"wrap": "v", "shirt": "v"}.get(shape.cut, shape.neckline)
    half, depth = NECK[kind]
    if shape.cut == "shirt":
        half, depth = 0.074, 0.08
    if shape.cut == "wrap":
        depth = 0.235
    add_back(parts, half, depth)
    add_sleeves(parts, shape.sleeve, bust, _ANGLE[shape.sleeve] + arms, 0.92 * shape.width, cuff=False)
    body = trunk(
        neckline(kind, half, depth), waist, waist, bust, _WAIST_AT + 0.012, 0.0, shape.sleeve == "none", _WAIST_AT
    )
    parts.pieces.append(Piece(body.mirrored()))
    if shape.cut not in ("shirt", "wrap"):
        add_neckband(parts, kind, half, depth, 0.01)
    if shape.sleeve != "none":
        add_armholes(parts, bust)
    for side in (1, -1):  # darts
        dart = np.array([(side * 0.085, 0.24), (side * 0.08, 0.31), (side * 0.075, _WAIST_AT)])
        parts.seam(dart, 0.003, 0.2)


def _strap_bodice(parts: Parts, garment: Garment, bust: float, waist: float) -> None:
    top = 0.15
    heart = garment.seed % 2 == 0
    width = 0.012 if garment.seed % 3 else 0.03
    parts.both(strap(0.105, top + 0.02, 0.098, 0.0, width))
    back = Path(0, top + 0.02).curve(0.06, top + 0.02, 0.12, top + 0.012, bust * 0.93, top + 0.05)
    parts.pieces.append(Piece(back.line(bust * 0.9, top + 0.1).line(0, top + 0.1).mirrored(), "inside"))
    path = Path(0, top + (0.055 if heart else 0.03))
    if heart:
        path.curve(0.02, top + 0.005, 0.06, top - 0.008, 0.105, top).curve(
            0.14, top + 0.012, bust * 0.9, top + 0.04, bust * 0.96, top + 0.06
        )
    else:
        path.curve(0.05, top + 0.03, 0.08, top + 0.012, 0.105, top).curve(
            0.13, top + 0.01, bust * 0.9, top + 0.03, bust * 0.96, top + 0.06
        )
    edge = path.points()
    path.curve(bust, 0.28, waist + 0.004, _WAIST_AT - 0.08, waist, _WAIST_AT + 0.012).line(0, _WAIST_AT + 0.012)
    parts.pieces.append(Piece(path.mirrored()))
    parts.seam(moved(edge, 0, 0.012), 0.003, 0.26, twice=True)
    for side in (1, -1):
        cup = Path(side * 0.1, top + 0.01).curve(side * 0.1, 0.24, side * 0.085, 0.3, side * 0.07, _WAIST_AT)
        parts.seam(cup.points(), 0.003, 0.26)
    if not heart:
        for i in range(9):
            x = -0.12 + 0.03 * i
            parts.ridges.append(Ridge(x, top + 0.07, np.pi / 2, 0.05, 0.008, 0.004))


def _waist(parts: Parts, garment: Garment, waist: float) -> None:
    y = _WAIST_AT
    line = Path(waist, y).curve(waist * 0.6, y + 0.006, 0.05, y + 0.01, 0, y + 0.01).points()
    if garment.silhouette.cut == "sheath":
        parts.seam(line, 0.0025, 0.14, twice=True)
        return
    if garment.trim is not None:
        band = Path(0, y - 0.014).curve(0.05, y - 0.014, waist * 0.6, y - 0.016, waist + 0.003, y - 0.022)
        band.line(waist + 0.003, y + 0.012).curve(waist * 0.6, y + 0.018, 0.05, y + 0.022, 0, y + 0.022)
        parts.pieces.append(Piece(band.mirrored(), "trim"))
        line = moved(line, 0, 0.012)
        parts.seam(moved(line, 0, -0.036), 0.003, 0.24, twice=True)
    parts.seam(line, 0.004, 0.36, twice=True)
    parts.seam(moved(line, 0, 0.006), 0.016, 0.2, 0.018, twice=True)
    for i in range(9):
        x = waist * (-0.85 + 1.7 * i / 8)
        parts.ridges.append(Ridge(x, y + 0.045, np.pi / 2 - 0.9 * x, 0.05, 0.009, 0.004 if i % 2 else -0.003))


def _wrap(parts: Parts, waist: float, length: float, fan: Fan) -> None:
    over = Path(-0.078, 0.02).curve(-0.05, 0.12, 0.03, 0.25, waist * 0.85, _WAIST_AT - 0.01).points()
    parts.seam(over, 0.004, 0.34)
    parts.seam(moved(over, 0.005, 0.006), 0.016, 0.2, 0.018)
    fall = Path(waist * 0.7, _WAIST_AT + 0.015)
    fall.curve(waist * 0.9, _WAIST_AT + 0.2, fan.half_bottom * 0.3, length - 0.2, fan.half_bottom * 0.18, length + 0.03)
    parts.seam(fall.points(), 0.004, 0.34)
    parts.seam(moved(fall.points(), -0.008, 0), 0.02, 0.2, 0.022)
    for dx, drop in ((0.045, 0.2), (0.012, 0.16)):  # the tied ends
        tail = Path(waist * 0.72, _WAIST_AT).curve(
            waist * 0.8 + dx, _WAIST_AT + 0.05, waist * 0.7 + dx, _WAIST_AT + 0.1, waist * 0.75 + dx, _WAIST_AT + drop
        )
        parts.pieces.append(Piece(ribbon(tail.points(), 0.017), "trim"))
        parts.seam(moved(tail.points(), 0.009, 0), 0.003, 0.3)
    knot = Path(waist * 0.62, _WAIST_AT - 0.012).curve(
        waist * 0.66, _WAIST_AT - 0.03, waist * 0.84, _WAIST_AT - 0.03, waist * 0.86, _WAIST_AT
    )
    knot.curve(waist * 0.84, _WAIST_AT + 0.028, waist * 0.66, _WAIST_AT + 0.028, waist * 0.62, _WAIST_AT - 0.012)
    parts.pieces.append(Piece(knot.points(), "trim"))
    parts.seam(knot.points(), 0.003, 0.32)
