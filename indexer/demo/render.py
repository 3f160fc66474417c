"""Draws one photo of a garment: a pure function of the garment and the shot."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from indexer.demo.background import draw_background, grain
from indexer.demo.folds import fold_heights, slopes
from indexer.demo.hanger import draw_hanger
from indexer.demo.patterns import cloth_rgb, pattern_shares
from indexer.demo.patterns.bands import Floats
from indexer.demo.pose import Pose, pose_for
from indexer.demo.raster import (
    COARSE,
    Region,
    Sheet,
    draw_creases,
    draw_pieces,
    draw_seams,
    enlarge,
    region_of,
    shrink,
    soften,
)
from indexer.demo.spec import Garment, Shot
from indexer.demo.tailor import Cut, cut_garment

_F = np.float32
_SHADE = (0.72, 1.1)  # how dark and how light folds make the cloth
_INSIDE = 0.68  # the reverse of the cloth, in the garment's own shadow
_BEND = 0.009  # cloth units that the pattern slides on a steep fold


@dataclass(frozen=True)
class Truth:
    """What is certainly true of a photo.

    shares: of the mask's area by colour name, summing to 1; trim and buttons under their own colours.
    box: left, top, width, height of the mask in pixels, all 0 where the mask is empty. area: share of the frame.
    """

    shares: dict[str, float]
    box: tuple[int, int, int, int]
    area: float


@dataclass(frozen=True, eq=False)
class RenderedPhoto:
    """rgb: uint8 (h, w, 3), before JPEG. mask: bool (h, w), True where the garment covers half a pixel or more."""

    rgb: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    truth: Truth
    quality: int = 90

    def jpeg(self) -> bytes:
        """The photo as a baseline JPEG of the shot's quality, chroma at half resolution."""
        out = io.BytesIO()
        Image.fromarray(self.rgb).save(out, "JPEG", quality=self.quality, subsampling="4:2:0")
        return out.getvalue()

    def mask_png(self) -> bytes:
        """The mask as an 8-bit grey PNG of 0 and 255."""
        out = io.BytesIO()
        Image.fromarray(self.mask.astype(np.uint8) * 255).save(out, "PNG", compress_level=3)
        return out.getvalue()


def render(garment: Garment, shot: Shot) -> RenderedPhoto:
    """One photo. Equal garments and shots give equal pixels, in any process."""
    width, height = shot.size
    full_width, full_height = -(-width // COARSE) * COARSE, -(-height // COARSE) * COARSE
    cut = cut_garment(garment, shot.arms)
    pose = pose_for(cut, shot)
    region = region_of(cut, pose, full_width, full_height)
    covered, sheets = draw_pieces(cut, pose, region)
    rng = np.random.default_rng([shot.seed, garment.seed, 31])
    heights = _heights(cut, pose, region, shot, rng)
    right, down = slopes(heights, COARSE / pose.scale)
    steep = _F(1) + np.hypot(right, down)
    bends = (enlarge(right / steep * _F(_BEND)), enlarge(down / steep * _F(_BEND)))
    inside = covered >= _F(0.5)
    cloth, shares = _cloth(garment, shot, sheets, pose, region, inside, bends)
    frame = draw_background(shot.background, full_width, full_height)
    if shot.lit:
        frame = _compose_lit(shot, frame, cut, pose, region, covered, cloth, (right, down))
    else:
        frame = frame.copy()
        whole = np.clip(np.rint(cloth), 0, 255).astype(np.uint8)
        frame[region.rows, region.columns][inside] = whole[inside]
    mask = np.zeros((full_height, full_width), dtype=bool)
    mask[region.rows, region.columns] = inside
    mask = np.ascontiguousarray(mask[:height, :width])
    rgb = np.ascontiguousarray(frame[:height, :width])
    return RenderedPhoto(rgb, mask, Truth(shares, _box(mask), float(mask.mean())), shot.quality)


def _heights(cut: Cut, pose: Pose, region: Region, shot: Shot, rng: np.random.Generator) -> Floats:
    """Heights of the folds on the region's coarse grid."""
    y, x = np.mgrid[0 : region.height // COARSE, 0 : region.width // COARSE].astype(np.float32)
    x = (x + _F(0.5)) * _F(COARSE) + _F(region.left)
    y = (y + _F(0.5)) * _F(COARSE) + _F(region.top)
    cloth_x, cloth_y = pose.to_cloth(x, y)
    return fold_heights(cut, cloth_x, cloth_y, shot.folds, rng)


def _cloth(
    garment: Garment,
    shot: Shot,
    sheets: list[Sheet],
    pose: Pose,
    region: Region,
    inside: NDArray[np.bool_],
    bends: tuple[Floats, Floats],
) -> tuple[Floats, dict[str, float]]:
    """Colour of the unlit cloth, float32 (h, w, 3), and the shares of colours inside the mask."""
    names = [colour.name for colour in garment.colours]
    rgbs = [colour.rgb for colour in garment.colours]
    trim = garment.trim or garment.colours[0]
    cloth = np.zeros((region.height, region.width, 3), dtype=np.float32)
    drawn = np.zeros((region.height, region.width, 1), dtype=np.float32)
    totals = dict.fromkeys([*names, trim.name], 0.0)
    for sheet in sheets:
        place = (sheet.rows, sheet.columns)
        rows, columns = np.nonzero(sheet.share)
        weight = sheet.share[rows, columns]
        counted = weight * inside[place][rows, columns]
        if sheet.material in ("trim", "button"):
            rgb = np.broadcast_to(np.array(trim.rgb, dtype=np.float32), (len(rows), 3))
            totals[trim.name] += float(counted.sum())
        else:
            rows_, columns_ = rows + sheet.rows.start, columns + sheet.columns.start
            x, y = pose.to_cloth(
                (columns_ + region.left + 0.5).astype(np.float32), (rows_ + region.top + 0.5).astype(np.float32)
            )
            x, y = _with_grain(x + bends[0][rows_, columns_], y + bends[1][rows_, columns_], sheet)
            parts = pattern_shares(garment.pattern, x, y, len(rgbs), 1.0 / pose.scale)
            rgb = cloth_rgb(parts, rgbs)
            for name, part in zip(names, parts, strict=True):
                totals[name] += float((part * counted).sum())
            if sheet.material == "inside" and shot.lit:
                rgb *= _F(_INSIDE)
        cloth[place][rows, columns] += rgb * weight[:, None]
        drawn[place][rows, columns] += weight[:, None]
    cloth /= np.maximum(drawn, _F(1 / 255))
    whole = sum(totals.values()) or 1.0
    return cloth, {name: total / whole for name, total in totals.items()}


def _with_grain(x: Floats, y: Floats, sheet: Sheet) -> tuple[Floats, Floats]:
    """Coordinates along the sheet's own threads."""
    if sheet.grain == 0:
        return x - _F(sheet.pivot[0]), y - _F(sheet.pivot[1])
    c, s = _F(np.cos(sheet.grain)), _F(np.sin(sheet.grain))
    dx, dy = x - _F(sheet.pivot[0]), y - _F(sheet.pivot[1])
    return c * dx + s * dy, c * dy - s * dx


def _compose_lit(
    shot: Shot,
    background: NDArray[np.uint8],
    cut: Cut,
    pose: Pose,
    region: Region,
    covered: Floats,
    cloth: Floats,
    fold: tuple[Floats, Floats],
) -> NDArray[np.uint8]:
    """Shades the cloth, lays it with its shadow on the background, and exposes the whole picture."""
    height, width = background.shape[:2]
    light = (_F(np.cos(shot.light)), _F(np.sin(shot.light)))
    coarse = np.zeros((height // COARSE, width // COARSE), dtype=np.float32)
    at = (
        slice(region.top // COARSE, (region.top + region.height) // COARSE),
        slice(region.left // COARSE, (region.left + region.width) // COARSE),
    )
    coarse[at] = shrink(covered)
    frame = background.astype(np.float32)
    if shot.hanger and cut.hang is not None:
        frame = draw_hanger(frame, cut.hang, pose)
    frame *= enlarge(_F(1) - _shadow(coarse, light, pose, shot.contrast))[..., None]

    shade = enlarge(_shade(cut, pose, region, coarse[at], fold, light, shot))
    shade *= _F(1) - draw_seams(cut, pose, region)
    shade += grain(region.height, region.width, shot.seed) * _F(0.012)
    np.clip(shade, _SHADE[0], _SHADE[1], out=shade)
    sheen = np.maximum(shade - _F(0.9), _F(0)) * _F(45)  # what dark cloth still reflects
    lit = cloth * shade[..., None] + sheen[..., None]
    part = frame[region.rows, region.columns]
    part += (lit - part) * covered[..., None]
    return _expose(frame, shot, light)


def _shadow(coarse: Floats, light: tuple[np.float32, np.float32], pose: Pose, contrast: float) -> Floats:
    """Share of light that the garment takes from the background, on the coarse grid: close and soft, wide and faint."""
    near, far = 0.012 * pose.scale / COARSE, 0.05 * pose.scale / COARSE
    dark = np.zeros_like(coarse)
    for reach, strength in ((near, 0.3), (far, 0.26)):
        moved = np.roll(coarse, (-round(float(light[1]) * reach * 0.9), -round(float(light[0]) * reach * 0.9)), (0, 1))
        dark += soften(moved, reach) * _F(strength * (0.35 + 0.65 * contrast))
    return dark


def _shade(
    cut: Cut,
    pose: Pose,
    region: Region,
    covered: Floats,
    fold: tuple[Floats, Floats],
    light: tuple[np.float32, np.float32],
    shot: Shot,
) -> Floats:
    """Light on the cloth on the coarse grid, about 1: folds facing the light, rounded sides, creases along seams."""
    facing = -(fold[0] * light[0] + fold[1] * light[1])
    facing = facing / (_F(1) + np.abs(facing))  # steep sides saturate
    shade = _F(0.985) + facing * _F(0.14 + 0.24 * shot.contrast)
    body = soften(covered, 0.03 * pose.scale / COARSE)
    shade *= _F(1) - (_F(1) - body) * _F(0.16 + 0.3 * shot.contrast)
    return shade * (_F(1) - draw_creases(cut, pose, region) * _F(0.4 + 0.6 * shot.contrast))


def _expose(frame: Floats, shot: Shot, light: tuple[np.float32, np.float32]) -> NDArray[np.uint8]:
    """Fall-off of light across the frame, exposure, colour cast and sensor noise."""
    height, width = frame.shape[:2]
    y, x = np.mgrid[0 : height // COARSE, 0 : width // COARSE].astype(np.float32)
    across = (x / _F(width // COARSE) - _F(0.5)) * light[0] + (y / _F(height // COARSE) - _F(0.5)) * light[1]
    level = enlarge((_F(1) + _F(0.1 * shot.contrast) * across) * _F(shot.exposure))
    noise = grain(height, width, shot.seed + 17) * _F(1.3)
    for channel in range(3):
        plane = frame[..., channel]
        plane *= level * _F(shot.cast[channel])
        plane += noise
    np.clip(frame, 0, 255, out=frame)
    return frame.astype(np.uint8)


def _box(mask: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if len(rows) == 0:
        return 0, 0, 0, 0
    return int(columns[0]), int(rows[0]), int(columns[-1] - columns[0] + 1), int(rows[-1] - rows[0] + 1)
