"""Views of photographed cloth: what may change while the pattern stays the same.

Another place of the cloth, size, turn and mirror image; other colours, by turning hues, exchanging channels or the
negative; other light; a worse lens and file.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from indexer.patches.erode import erode
from indexer.patterns.outline import Outline, box_of, outline_squares
from indexer.patterns.views import degraded

# Rotation about the grey axis in YIQ, the cheapest rotation of hues.
_TO_YIQ = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]], np.float32)
_FROM_YIQ = np.linalg.inv(_TO_YIQ).astype(np.float32)


def cloth_view(
    patches: Sequence[NDArray[np.uint8]], side: int, rng: np.random.Generator, least: float = 0.45
) -> NDArray[np.uint8]:
    """A view of one garment's cloth: uint8 (side, side, 3).

    patches: uint8 (h, w, 3), of which one is drawn, larger ones more often. least: a crop's side over the shorter side
    of its patch, at least.
    """
    areas = np.array([patch.shape[0] * patch.shape[1] for patch in patches], float)
    patch = patches[int(rng.choice(len(patches), p=areas / areas.sum()))]
    cut = square(patch, rng, least)
    sharp = float(np.clip(44 / cut.width, 0.28, 0.9))
    image = cut.resize((side, side), Image.Resampling.BILINEAR)
    if rng.random() < 0.5:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if rng.random() < 0.5:
        image = image.transpose(Image.Transpose.TRANSPOSE)
    return degraded(Image.fromarray(recoloured(np.asarray(image), rng)), rng, sharp)


def outline_view(outline: Outline, side: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """A view of a garment in its outline: uint8 (side, side, 3).

    The mask is a little too wide or too narrow at times, as found ones are, or ends where a jacket, a bag or the
    photo's edge might cut it off.
    """
    mask = _mistaken(outline.mask, rng)
    if rng.random() < 0.5:
        mask = _cut_off(mask, rng)
    rgb = outline.rgb
    if rng.random() < 0.5:
        rgb, mask = rgb[:, ::-1], mask[:, ::-1]
    seen = outline_squares(Outline(np.ascontiguousarray(rgb), np.ascontiguousarray(mask)), int(rng.integers(1, 4)))
    image = Image.fromarray(seen[int(rng.integers(len(seen)))])
    if rng.random() < 0.5:
        corner = image.getpixel((0, 0))  # the paint, where the garment does not fill the square
        image = image.rotate(float(rng.uniform(-10, 10)), Image.Resampling.BILINEAR, fillcolor=corner)
    image = image.resize((side, side), Image.Resampling.BILINEAR)
    return degraded(Image.fromarray(recoloured(np.asarray(image), rng)), rng, 0.4)


def _mistaken(mask: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.bool_]:
    """A quarter of the time wider, a quarter narrower."""
    kind, length = rng.random(), np.sqrt(np.count_nonzero(mask))
    if kind < 0.25:
        return ~erode(~mask, max(1, int(rng.uniform(0.01, 0.03) * length)))
    if kind < 0.5:
        narrower = erode(mask, max(1, int(rng.uniform(0.005, 0.02) * length)))
        return narrower if narrower.any() else mask
    return mask


def _cut_off(mask: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.bool_]:
    """Less up to a quarter at each side, where three tenths of the cloth are left."""
    left, top, right, bottom = box_of(mask)
    width, height = right - left, bottom - top
    less = rng.uniform(0, 0.25, 4) * (width, height, width, height)
    x, y, x_end, y_end = int(left + less[0]), int(top + less[1]), int(right - less[2]), int(bottom - less[3])
    kept = np.zeros_like(mask)
    kept[y:y_end, x:x_end] = mask[y:y_end, x:x_end]
    return kept if np.count_nonzero(kept) > 0.3 * np.count_nonzero(mask) else mask


def square(patch: NDArray[np.uint8], rng: np.random.Generator, least: float) -> Image.Image:
    """A square cut from a patch anywhere, turned by any angle where there is room for it."""
    image = Image.fromarray(patch)
    shorter = min(image.size)
    side = max(16.0, shorter * rng.uniform(least, 1.0))
    angle = rng.uniform(-45, 45) if rng.random() < 0.5 else rng.uniform(-6, 6)
    spread = np.cos(np.radians(abs(angle))) + np.sin(np.radians(abs(angle)))
    if side * spread > shorter:
        if rng.random() < 0.5:
            angle, spread = 0.0, 1.0
        else:
            side = shorter / spread
    box = side * spread
    left, top = rng.uniform(0, max(image.width - box, 0)), rng.uniform(0, max(image.height - box, 0))
    cut = image.crop((int(left), int(top), int(left + box), int(top + box)))
    if angle:
        cut = cut.rotate(angle, Image.Resampling.BILINEAR)
    edge = (cut.width - side) / 2
    return cut.crop((int(np.ceil(edge)), int(np.ceil(edge)), int(cut.width - edge), int(cut.height - edge)))


def recoloured(rgb: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """The same cloth dyed otherwise and in another light; a quarter of the time nearly as it was."""
    values = rgb.astype(np.float32)
    if rng.random() > 0.25:
        if rng.random() < 0.4:
            values = values[..., rng.permutation(3)]
        if rng.random() < 0.2:
            values = 255 - values
        angle = rng.uniform(-np.pi, np.pi)
        yiq = np.asarray(values @ _TO_YIQ.T, np.float32)
        c, s = np.float32(np.cos(angle)), np.float32(np.sin(angle))
        fade = np.float32(rng.uniform(0.0, 1.5))
        i, q = yiq[..., 1].copy(), yiq[..., 2].copy()
        yiq[..., 1], yiq[..., 2] = fade * (c * i - s * q), fade * (s * i + c * q)
        values = np.asarray(yiq @ _FROM_YIQ.T, np.float32)
    middle = np.float32(values.mean())
    contrast, light = np.float32(rng.uniform(0.6, 1.35)), np.float32(rng.uniform(0.6, 1.35))
    values = np.asarray((values - middle) * contrast + middle * light, np.float32)
    lit = 255 * (np.clip(values, 0, 255) / 255) ** rng.uniform(0.75, 1.35)
    return np.asarray(np.clip(lit, 0, 255), np.uint8)
