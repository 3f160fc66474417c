"""Skirts, and the skirt part of dresses."""

from __future__ import annotations

import numpy as np

from indexer.demo.spec import Garment
from indexer.demo.tailor.bodice import Parts
from indexer.demo.tailor.curves import Path, Points, hem, mirror, moved
from indexer.demo.tailor.cut import Cut, Fan, Piece, Ridge


def add_skirt(
    parts: Parts,
    kind: str,
    waist: float,
    top: float,
    bottom: float,
    flare: float,
    folds: int,
    phase: float,
) -> Fan:
    """A skirt from the waist (half width, height) to the hem; gives the folds it falls in.

    kind: "pencil", "a-line", "flared", "pleated" or "tiered".
    """
    drop = bottom - top
    if kind == "pencil":
        half = 0.19 + 0.02 * flare
    else:
        half = waist + drop * {"a-line": 0.16, "flared": 0.26, "pleated": 0.2, "tiered": 0.22}[kind] * (0.5 + flare)
    ripple = {"pencil": 0.0, "a-line": 0.005, "flared": 0.013, "pleated": 0.0, "tiered": 0.005}[kind]
    sag = {"pencil": 0.006, "a-line": 0.022, "flared": 0.04, "pleated": 0.02, "tiered": 0.02}[kind]
    path = Path(0, top + 0.004).line(waist, top)
    if kind == "pencil":
        path.curve(waist + 0.02, top + 0.05, 0.206, top + 0.13, 0.206, top + 0.22)
        path.curve(0.206, top + drop * 0.6, half, bottom - drop * 0.2, half, bottom)
    else:
        path.curve(
            waist + (half - waist) * 0.42,
            top + drop * 0.22,
            half - (half - waist) * 0.3,
            top + drop * 0.65,
            half,
            bottom,
        )
    edge = hem(half, bottom, sag, ripple, folds, phase)
    left = mirror(path.points())[::-1]
    outline = np.concatenate([path.points(), edge[1:], left[1:]])
    parts.pieces.append(Piece(outline))
    parts.seam(moved(edge, 0, -0.02), 0.003, 0.16)
    height = {"pencil": 0.0015, "a-line": 0.006, "flared": 0.012, "pleated": 0.007, "tiered": 0.007}[kind]
    if kind == "pleated":
        _pleat_lines(parts, waist, half, top, bottom, sag, folds)
    if kind == "tiered":
        _tiers(parts, path.points(), top, bottom)
    if kind == "pencil":
        parts.seam(np.array([(0.0, bottom - 0.14), (0.002, bottom + 0.01)]), 0.004, 0.3, 0.0)
        for side in (1, -1):
            parts.seam(np.array([(side * 0.085, top), (side * 0.09, top + 0.1)]), 0.003, 0.22)
            parts.ridges.append(Ridge(side * 0.14, top + 0.2, side * 0.25, 0.1, 0.013, 0.005))
    pleat = 1.0 if kind == "pleated" else 0.0
    count = folds * 2 if kind == "pleated" else folds
    return Fan(top, bottom, waist, half, count, height, phase, pleat)


def _pleat_lines(parts: Parts, waist: float, half: float, top: float, bottom: float, sag: float, folds: int) -> None:
    for i in range(1, 2 * folds):
        s = -1 + i / folds
        low = bottom + sag * (1 - s**2)
        line = np.array(
            [(s * waist * 0.98, top), (s * (waist + (half - waist) * 0.45), top + (low - top) * 0.4), (s * half, low)]
        )
        parts.seam(line, 0.003, 0.24)
        parts.seam(moved(line, 0.004, 0), 0.012, 0.12, 0.014)


def _tiers(parts: Parts, side: Points, top: float, bottom: float) -> None:
    for share in (0.36, 0.68):
        y = top + (bottom - top) * share
        half = float(np.interp(y, side[1:, 1], side[1:, 0]))
        line = hem(half, y, 0.014, 0.0, 1, 0.0)
        parts.seam(line, 0.004, 0.34)
        parts.seam(moved(line, 0, 0.008), 0.02, 0.2, 0.022)
        for i in range(13):
            x = half * (-0.92 + 1.84 * i / 12)
            parts.ridges.append(Ridge(x, y + 0.05, np.pi / 2, 0.055, 0.009, 0.004 if i % 2 else -0.003))


def add_waistband(parts: Parts, waist: float, y: float, height: float, trim: bool) -> None:
    """A band around the waist; its top shows a little of the inside of the back."""
    back = Path(0, y - height - 0.008).curve(
        waist * 0.5, y - height - 0.008, waist * 0.9, y - height - 0.004, waist * 0.985, y - height
    )
    parts.pieces.append(
        Piece(back.line(waist * 0.9, y - height + 0.02).line(0, y - height + 0.03).mirrored(), "inside")
    )
    band = Path(0, y - height + 0.012).curve(
        waist * 0.5, y - height + 0.012, waist * 0.9, y - height + 0.006, waist * 0.985, y - height
    )
    band.line(waist + 0.002, y + 0.002).curve(waist * 0.9, y + 0.008, waist * 0.5, y + 0.014, 0, y + 0.014)
    parts.pieces.append(Piece(band.mirrored(), "trim" if trim else "cloth", 0.0, (0.01, 0.013)))
    line = Path(waist, y + 0.002).curve(waist * 0.9, y + 0.008, waist * 0.5, y + 0.014, 0, y + 0.014).points()
    parts.seam(line, 0.0035, 0.34, twice=True)
    parts.seam(moved(line, 0, 0.006), 0.014, 0.16, 0.016, twice=True)


def cut_skirt(garment: Garment, arms: float) -> Cut:
    """A skirt with a waistband. `arms` is ignored: skirts have none."""
    shape = garment.silhouette
    parts = Parts()
    length = shape.length or (0.98 if garment.maxi else 0.5)
    waist = 0.15 * shape.width
    phase = (garment.seed % 97) / 97 * 2 * np.pi
    fan = add_skirt(parts, shape.cut, waist, 0.0, length, shape.flare, shape.folds, phase)
    add_waistband(parts, waist, 0.0, 0.04, garment.trim is not None)
    return Cut(tuple(parts.pieces), tuple(parts.seams), tuple(parts.ridges), (fan,))
