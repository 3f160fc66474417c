"""Views of photographed cloth: what may change while the pattern stays the same.

Another place of the cloth, size, turn and mirror image; other colours, by turning hues, exchanging channels or the
negative; other light; a worse lens and file.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

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
