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
UNSURE = 0.01
"""Where the chance of background is below 1 less this, there are edges to move."""
SMOOTH = 1e-4
"""Variance of a colour channel (0 to 1) below which a window has no edge to follow: He, Sun and Tang's epsilon."""


def sharpened(chance: Planes, prepared: NDArray[np.uint8]) -> Planes:
    """The chance of cloth, finer than the network's places, its edges moved to those of the picture.

    chance: float32 (rows, columns), in [0, 1]. prepared: uint8 (h, w, 3), the same view. Returns float32
    (h // STEP, w // STEP). More than a place beyond what is cloth already, nothing becomes cloth.

    He, Sun and Tang, "Guided Image Filtering", PAMI 2013, equations 19 to 21: in each window the chance is fitted as a
    linear function of colour, which jumps where the colour does.
    """
    guide = _guide(prepared, STEP)
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


def all_sharpened(chances: Planes, prepared: NDArray[np.uint8]) -> Planes:
    """The chances of all classes, the edges between any two of them moved to those of the picture.

    chances: float32 (classes, h // step, w // step) for any whole step, summing to 1 over the classes, of a prepared
    picture uint8 (h, w, 3), whose guide is as fine. The same shape, and they still sum to 1: what the filter makes of
    them is cut at 0 and divided by its sum.
    """
    fitted = chances.copy()
    busy = chances[0] < 1 - UNSURE
    if busy.any():
        rows, columns = _span(busy, 1), _span(busy, 0)
        guide = _guide(prepared, prepared.shape[0] // chances.shape[1])
        inner = guided(chances[:, rows, columns], guide[:, rows, columns])
        np.maximum(inner, 0, out=inner)
        fitted[:, rows, columns] = inner / inner.sum(0)
    return fitted


def _guide(prepared: NDArray[np.uint8], step: int) -> Planes:
    """The picture so many times smaller, float32 (3, h // step, w // step) in [0, 1]."""
    small = np.asarray(Image.fromarray(prepared).reduce(step))
    return np.ascontiguousarray(np.moveaxis(small, 2, 0), np.float32) * np.float32(1 / 255)


def guided(values: Planes, guide: Planes, radius: int = RADIUS, smooth: float = SMOOTH) -> Planes:
    """Values (h, w), or several (n, h, w), filtered with a colour guide (3, h, w) in [0, 1]: the same shape, float32.

    Windows are cut at the border.
    """
    first, second = np.triu_indices(3)
    means = _mean_around(np.concatenate([guide, guide[first] * guide[second]]), radius)
    colour, spread = means[:3], means[3:] - means[first] * means[second]
    spread[[0, 3, 5]] += np.float32(smooth)
    cofactors, determinant = _cofactors(spread)
    fitted = np.empty(values.shape, np.float32)
    # One by one: what a plane needs stays in the processor's cache.
    for plane, out in zip(values.reshape(-1, *guide.shape[1:]), fitted.reshape(-1, *guide.shape[1:]), strict=True):
        value, *product = _mean_around(np.concatenate([plane[None], guide * plane]), radius)
        p, q, r = np.stack(product) - colour * value
        slopes = np.stack([a * p + b * q + c * r for a, b, c in cofactors])
        slopes /= determinant
        offset = value - (slopes * colour).sum(0)
        lines = _mean_around(np.concatenate([slopes, offset[None]]), radius)
        out[:] = (lines[:3] * guide).sum(0) + lines[3]
    return fitted


def _cofactors(matrix: Planes) -> tuple[tuple[Planes, Planes, Planes], Planes]:
    """Of symmetric matrices at every place, their upper triangles (6, h, w): rows of cofactors, determinants (h, w)."""
    xx, xy, xz, yy, yz, zz = matrix
    a, b, c = yy * zz - yz * yz, xz * yz - xy * zz, xy * yz - xz * yy
    e, f, g = xx * zz - xz * xz, xy * xz - xx * yz, xx * yy - xy * xy
    return (np.stack([a, b, c]), np.stack([b, e, f]), np.stack([c, f, g])), xx * a + xy * b + xz * c


def _mean_around(planes: Planes, radius: int) -> Planes:
    """Means of windows of (2 radius + 1)² of planes (k, h, w); windows are cut at the border."""
    for axis in (1, 2):
        count = planes.shape[axis]
        around = [(0, 0)] * 3
        around[axis] = (radius, radius)
        planes = _sums_along(np.pad(planes, around), axis, 2 * radius + 1)
        at = np.arange(count)
        shape = [1, 1, 1]
        shape[axis] = count
        inside = np.minimum(at + radius, count - 1) - np.maximum(at - radius, 0) + 1
        planes /= inside.astype(np.float32).reshape(shape)
    return planes


def _sums_along(planes: Planes, axis: int, length: int) -> Planes:
    """Sums of so many neighbours along an axis, which gets length - 1 shorter: of two, of four, ..., then the rest."""

    def part(of: Planes, start: int, size: int) -> Planes:
        return of[(slice(None),) * axis + (slice(start, start + size),)]

    count = planes.shape[axis] - length + 1
    total, begun, power, width = np.zeros_like(part(planes, 0, count)), 0, planes, 1
    while True:
        if length & width:
            total += part(power, begun, count)
            begun += width
        if 2 * width > length:
            return total
        size = power.shape[axis] - width
        power, width = part(power, 0, size) + part(power, width, size), 2 * width


def _span(held: NDArray[np.bool_], over: int) -> slice:
    """From the first row or column that holds something to the last, and as far as windows of windows reach."""
    at = np.flatnonzero(held.any(over))
    return slice(max(0, int(at[0]) - 2 * RADIUS), int(at[-1]) + 1 + 2 * RADIUS)
