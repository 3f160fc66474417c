"""Photos as a backbone reads them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from indexer.labels.networks.backbones import Backbone


def prepare(rgb: NDArray[np.uint8], backbone: Backbone, side: int = 0) -> NDArray[np.uint8]:
    """A photo, uint8 (h, w, 3), as uint8 (side, side, 3): resized by its shorter side, antialiased, its middle cut out.

    side: 0 for the backbone's own. As torchvision's Resize and CenterCrop do with a Pillow image.
    """
    side = side or backbone.side
    short = round(side * backbone.resize)
    height, width = rgb.shape[:2]
    rows, columns = (short, int(short * width / height)) if height <= width else (int(short * height / width), short)
    image = Image.fromarray(rgb).resize((columns, rows), Image.Resampling.BILINEAR)
    top, left = round((rows - side) / 2), round((columns - side) / 2)
    return np.asarray(image)[top : top + side, left : left + side]


def scaled(pictures: NDArray[np.uint8], backbone: Backbone) -> NDArray[np.float32]:
    """Prepared pictures (n, side, side, 3) in the network's units, channels first: float32 (n, 3, side, side)."""
    mean, deviation = np.array(backbone.mean, np.float32), np.array(backbone.deviation, np.float32)
    found = (pictures.astype(np.float32) - mean) / deviation
    return np.ascontiguousarray(found.transpose(0, 3, 1, 2))
