"""What may happen to a cached view before the network sees it in training."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from indexer.kinds.training.cache import Views
from indexer.kinds.view import GROUND

WHOLE, WHITE = 0.4, 0.3
"""Shares of the samples that show the whole photo, and the garment on white; the others keep what surrounds it."""
ZOOM = (0.72, 1.3)
"""Factors of size; below 1 the photo gets smaller."""
TURN, SHIFT, STRETCH = 20.0, 0.12, 0.15
"""Degrees, shares of the side, and logarithm of the ratio of width to height: at most so much, either way."""
ERASED = (0.02, 0.2)
"""Share of the square that is erased, where some is."""


def augmented(views: Views, row: int, side: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """A view of a photo for training, uint8 (side, side, 3): its framing, light, and parts of it are left to chance."""
    kind = rng.random()
    if kind < WHOLE:
        rgb = np.asarray(views.whole[row])
    elif kind < WHOLE + WHITE:
        rgb = views.white(slice(row, row + 1))[0]
    else:
        rgb = np.asarray(views.garment[row])
    photo = lit(framed(Image.fromarray(rgb), side, rng), rng)
    return erased(np.array(photo), rng) if rng.random() < 0.25 else np.asarray(photo)


def framed(photo: Image.Image, side: int, rng: np.random.Generator) -> Image.Image:
    """Flipped, turned, stretched, zoomed and shifted; what comes in from outside is white, as in use."""
    zoom, stretch = np.exp(rng.uniform(*np.log(ZOOM))), np.exp(rng.uniform(-STRETCH, STRETCH))
    turn, flip = np.radians(rng.uniform(-TURN, TURN)), -1.0 if rng.random() < 0.5 else 1.0
    c, s = np.cos(turn), np.sin(turn)
    across, down = photo.width / (side * zoom * stretch), photo.width * stretch / (side * zoom)
    a, b, d, e = across * c * flip, -down * s * flip, across * s, down * c
    middle = photo.width * (0.5 + rng.uniform(-SHIFT, SHIFT, 2))
    x0, y0 = middle[0] - (a + b) * side / 2, middle[1] - (d + e) * side / 2
    return photo.transform(
        (side, side), Image.Transform.AFFINE, (a, b, x0, d, e, y0), Image.Resampling.BILINEAR, fillcolor=GROUND
    )


def lit(photo: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Exposure, contrast, cast, saturation, other channels for colours, and blur, each by chance."""
    if rng.random() < 0.8:
        values = np.arange(256) / 255
        gamma, gain, lift = np.exp(rng.uniform(-0.35, 0.35)), rng.uniform(0.75, 1.25), rng.uniform(-0.08, 0.08)
        curves = [np.clip((values**gamma - 0.5) * gain * c + 0.5 + lift, 0, 1) * 255 for c in rng.uniform(0.9, 1.1, 3)]
        photo = photo.point([int(v) for curve in curves for v in curve])
    if rng.random() < 0.3:
        photo = Image.blend(photo.convert("L").convert("RGB"), photo, float(rng.uniform(0.0, 1.6)))
    if rng.random() < 0.15:  # what a garment is does not depend on its colour
        photo = Image.fromarray(np.asarray(photo)[..., rng.permutation(3)])
    if rng.random() < 0.1:
        photo = photo.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.4, 1.5))))
    return photo


def erased(rgb: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """A rectangle made one random colour (Zhong et al., "Random erasing data augmentation", AAAI 2020)."""
    side = len(rgb)
    share, ratio = rng.uniform(*ERASED), np.exp(rng.uniform(-1, 1))
    rows, columns = (min(side, max(1, int(side * np.sqrt(share * r)))) for r in (ratio, 1 / ratio))
    top, left = int(rng.integers(side - rows + 1)), int(rng.integers(side - columns + 1))
    rgb[top : top + rows, left : left + columns] = rng.integers(0, 256, 3)
    return rgb
