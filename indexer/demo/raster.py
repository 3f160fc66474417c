"""Pieces to pixels: anti-aliased coverage by drawing three times finer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from indexer.demo.patterns.bands import Floats
from indexer.demo.pose import Pose
from indexer.demo.tailor.curves import Points
from indexer.demo.tailor.cut import Cut, Material, Piece

_SUPER = 3
COARSE = 4
"""Soft things (folds, shadows) are computed on a grid this many times coarser, and enlarged."""


@dataclass(frozen=True, eq=False)
class Region:
    """The part of the frame that the garment is in: pixels, every side a multiple of COARSE from the frame's corner."""

    left: int
    top: int
    width: int
    height: int

    @property
    def rows(self) -> slice:
        """Rows of the frame."""
        return slice(self.top, self.top + self.height)

    @property
    def columns(self) -> slice:
        """Columns of the frame."""
        return slice(self.left, self.left + self.width)


@dataclass(frozen=True, eq=False)
class Sheet:
    """All pieces of one material, grain and pivot. share: float32 (h, w) of the sheet's box, of each pixel's area."""

    material: Material
    grain: float
    pivot: tuple[float, float]
    rows: slice
    columns: slice
    share: Floats


def region_of(cut: Cut, pose: Pose, width: int, height: int) -> Region:
    """The garment's box with a margin, inside a frame of that size; two COARSE wide or more."""
    points = pose.to_pixels(np.concatenate([piece.outline for piece in cut.pieces]))
    low = np.floor((points.min(axis=0) - 2) / COARSE).astype(int) * COARSE
    high = np.ceil((points.max(axis=0) + 2) / COARSE).astype(int) * COARSE
    left, top = np.clip(low, 0, (width - 2 * COARSE, height - 2 * COARSE))
    right, bottom = np.clip(high, (left + 2 * COARSE, top + 2 * COARSE), (width, height))
    return Region(int(left), int(top), int(right - left), int(bottom - top))


def draw_pieces(cut: Cut, pose: Pose, region: Region) -> tuple[Floats, list[Sheet]]:
    """Coverage of the whole garment, float32 (h, w) in [0, 1], and the sheets, whose shares sum to it."""
    keys: dict[tuple[Material, float, tuple[float, float]], int] = {}
    boxes: dict[int, list[Points]] = {}
    image = Image.new("L", (region.width * _SUPER, region.height * _SUPER), 0)
    pen = ImageDraw.Draw(image)
    for piece in cut.pieces:
        index = keys.setdefault(_key(piece), len(keys) + 1)
        points = (pose.to_pixels(piece.outline) - (region.left, region.top)) * _SUPER
        boxes.setdefault(index, []).append(points / _SUPER)
        pen.polygon(_pairs(points - 0.5), fill=index)
    covered = image.point([0] + [255] * 255).reduce(_SUPER)
    fine = np.asarray(image)
    sheets = []
    for (material, grain, pivot), index in keys.items():
        rows, columns = _box(np.concatenate(boxes[index]), region)
        if rows.start >= rows.stop or columns.start >= columns.stop:
            continue
        part = fine[rows.start * _SUPER : rows.stop * _SUPER, columns.start * _SUPER : columns.stop * _SUPER]
        share = Image.fromarray(np.where(part == index, np.uint8(255), np.uint8(0))).reduce(_SUPER)
        sheets.append(
            Sheet(material, grain, pivot, rows, columns, np.asarray(share, dtype=np.float32) / np.float32(255))
        )
    return np.asarray(covered, dtype=np.float32) / np.float32(255), sheets


def _key(piece: Piece) -> tuple[Material, float, tuple[float, float]]:
    if piece.material in ("trim", "button"):
        return piece.material, 0.0, (0.0, 0.0)
    return piece.material, round(piece.grain, 6), piece.pivot


def _box(points: Points, region: Region) -> tuple[slice, slice]:
    low = np.clip(np.floor(points.min(axis=0)).astype(int) - 1, 0, (region.width, region.height))
    high = np.clip(np.ceil(points.max(axis=0)).astype(int) + 1, 0, (region.width, region.height))
    return slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))


def _pairs(points: Points) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in points]


def draw_seams(cut: Cut, pose: Pose, region: Region) -> Floats:
    """Sharp seams: how much darker each pixel is, float32 (h, w) in [0, 1]."""
    image = Image.new("L", (region.width * 2, region.height * 2), 0)
    pen = ImageDraw.Draw(image)
    for seam in cut.seams:
        if seam.soft:
            continue
        width = seam.width * pose.scale * 2
        depth = seam.depth * min(width, 1.0)
        points = (pose.to_pixels(seam.line) - (region.left, region.top)) * 2
        pen.line(_pairs(points), fill=int(255 * depth), width=max(1, round(width)), joint="curve")
    return np.asarray(image.reduce(2), dtype=np.float32) / np.float32(255)


def draw_creases(cut: Cut, pose: Pose, region: Region) -> Floats:
    """Soft shadows along seams on the coarse grid: how much darker, float32 (h / COARSE, w / COARSE) in [0, 1]."""
    fine = COARSE // 2
    image = Image.new("L", (region.width // fine, region.height // fine), 0)
    pen = ImageDraw.Draw(image)
    for seam in cut.seams:
        if seam.soft:
            points = (pose.to_pixels(seam.line) - (region.left, region.top)) / fine
            width = max(1, round(seam.width * pose.scale / fine))
            pen.line(_pairs(points), fill=int(255 * seam.depth), width=width)
    image = image.filter(ImageFilter.GaussianBlur(0.008 * pose.scale / fine)).reduce(2)
    return np.asarray(image, dtype=np.float32) / np.float32(255)


def enlarge(coarse: Floats) -> Floats:
    """A coarse grid at full size, bicubic."""
    height, width = coarse.shape
    image = Image.fromarray(np.ascontiguousarray(coarse, dtype=np.float32))
    return np.array(image.resize((width * COARSE, height * COARSE), Image.Resampling.BICUBIC))


def soften(coarse: Floats, radius: float) -> Floats:
    """Gaussian blur of a coarse grid of values in [0, 1]; radius in coarse pixels."""
    image = Image.fromarray(np.rint(np.clip(coarse, 0, 1) * 255).astype(np.uint8))
    return np.asarray(image.filter(ImageFilter.GaussianBlur(radius)), dtype=np.float32) / np.float32(255)


def shrink(full: Floats) -> Floats:
    """Full size to the coarse grid, by means of blocks."""
    height, width = full.shape
    blocks = full.reshape(height // COARSE, COARSE, width // COARSE, COARSE)
    return np.asarray(blocks.mean(axis=(1, 3), dtype=np.float32))
