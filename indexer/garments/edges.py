"""Masks whose edges lie where the picture's edges lie: the guided filter."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Planes = NDArray[np.float32]

STEP = 3
"""Pixels of the prepared picture to one of the guide, either way."""
RADIUS = 4
"""Of the windows, in pixels of the guide. Chosen on validation, as the next."""
SMOOTH = 1e-4
"""Variance of a colour channel (0 to 1) below which a window has no edge to follow: He, Sun and Tang's epsilon."""


def sharpened(chance: Planes, prepared: NDArray[np.uint8]) -> Planes:
    """The chance of cloth, finer than the network's places, its edges moved to those of the picture.

    chance: float32 (rows, columns), in [0, 1]. prepared: uint8 (h, w, 3), the same view. Returns float32
    (h // STEP, w // STEP). More than a place beyond what is cloth already, nothing becomes cloth.

    He, Sun and Tang, "Guided Image Filtering", PAMI 2013, equations 19 to 21: in each window the chance is fitted as a
    linear function of colour, which jumps where the colour does.
    """
    guide = np.ascontiguousarray(np.moveaxis(np.asarray(Image.fromarray(prepared).reduce(STEP)), 2, 0), np.float32)
    guide *= np.float32(1 / 255)
    size = (guide.shape[2], guide.shape[1])
    coarse = np.asarray(Image.fromarray(chance).resize(size, Image.Resampling.BILINEAR))
    near = Image.fromarray(((chance > 0.5) * 255).astype(np.uint8)).filter(ImageFilter.MaxFilter(3))
    # Away from all cloth the result is thrown away: leave those rows and columns out.
    held = np.asarray(near.resize(size, Image.Resampling.NEAREST)) > 0
    fine = np.zeros_like(coarse)
    if held.any():
        rows, columns = _span(held, 1), _span(held, 0)
        fine[rows, columns] = guided(coarse[rows, columns], guide[:, rows, columns])
    fine[~held] = 0
    return fine


def guided(values: Planes, guide: Planes, radius: int = RADIUS, smooth: float = SMOOTH) -> Planes:
    """Values (h, w) filtered with a colour guide (3, h, w) in [0, 1]; windows are cut at the border. float32."""
    first, second = np.triu_indices(3)
    means = _mean_around(np.concatenate([guide, values[None], guide * values, guide[first] * guide[second]]), radius)
    colour, value = means[:3], means[3]
    with_value = means[4:7] - colour * value
    spread = means[7:] - colour[first] * colour[second]
    spread[[0, 3, 5]] += np.float32(smooth)
    slopes = _solved(spread, with_value)
    offset = value - (slopes * colour).sum(0)
    lines = _mean_around(np.concatenate([slopes, offset[None]]), radius)
    fitted: Planes = (lines[:3] * guide).sum(0) + lines[3]
    return fitted


def _solved(matrix: Planes, right: Planes) -> Planes:
    """x of M x = right at every place: M symmetric, its upper triangle (6, h, w), right (3, h, w). By cofactors."""
    xx, xy, xz, yy, yz, zz = matrix
    a, b, c = yy * zz - yz * yz, xz * yz - xy * zz, xy * yz - xz * yy
    e, f, g = xx * zz - xz * xz, xy * xz - xx * yz, xx * yy - xy * xy
    p, q, r = right
    solved: Planes = np.stack([a * p + b * q + c * r, b * p + e * q + f * r, c * p + f * q + g * r])
    solved /= xx * a + xy * b + xz * c
    return solved


def _mean_around(planes: Planes, radius: int) -> Planes:
    """Means of windows of (2 radius + 1)² of planes (k, h, w), by running sums: any radius costs the same."""
    for axis in (1, 2):
        count = planes.shape[axis]
        sums = np.cumsum(planes, axis, dtype=np.float32)
        last = np.minimum(np.arange(count) + radius, count - 1)
        before = np.arange(count) - radius - 1
        planes = sums.take(last, axis)
        inner = np.flatnonzero(before >= 0)
        where = (slice(None),) * axis + (slice(int(inner[0]) if len(inner) else count, None),)
        planes[where] -= sums.take(before[inner], axis)
        shape = [1, 1, 1]
        shape[axis] = count
        planes /= (last - np.maximum(before, -1)).astype(np.float32).reshape(shape)
    return planes


def _span(held: NDArray[np.bool_], over: int) -> slice:
    """From the first row or column that holds something to the last, and as far as windows of windows reach."""
    at = np.flatnonzero(held.any(over))
    return slice(max(0, int(at[0]) - 2 * RADIUS), int(at[-1]) + 1 + 2 * RADIUS)
