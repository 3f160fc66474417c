"""The `vgg` space: shape, by the convolutional features of VGG16."""

from __future__ import annotations

import math
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.errors import InputError
from indexer.picture import Picture
from indexer.runtime.base import Runtime, open_runtime
from indexer.runtime.eight_bit import calibrated
from indexer.spaces.base import Extractor
from indexer.vgg.projection import Projection, load_projection
from indexer.vgg.weights import DIM, SIDE, Weights, digest_of, load_weights, torchvision_weights, verified, vgg16

SHIPPED = Path(__file__).parent.parent / "weights"
GROUND = (255, 255, 255)
"""What surrounds a masked garment, RGB: white, as in many a shop's photos; better than grey on training photos."""
KEPT = 0.75
"""Share of the longer side that is always seen: a dress from neck to hem keeps most of its length."""
BATCH = 64
"""Pictures prepared at a time: bounds memory whatever the caller hands over."""


class Vgg(Extractor):
    """VGG16's 512 channels at 4 x 4 places of the picture at 150 x 150, under a fixed projection, unit length.

    Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", 2015; projected as
    in Jégou and Chum, "Negative evidences and co-occurences in image retrieval", 2012.

    weights: "shipped"; "torchvision", its VGG16_Weights.IMAGENET1K_FEATURES (downloads 528 MB on first use); or the
    path of a safetensors file under torchvision's names.
    projection: "shipped" (256-D), or a file written by `Projection.save`.
    device: "auto", "cpu" (OpenVINO) or "cuda" (torch).
    Raises InputError for weights or a projection that cannot be read. The network is compiled at the first picture.
    """

    name = "vgg"
    reads = "shape"
    files: ClassVar[Mapping[str, Collection[str]]] = {"weights": ("shipped", "torchvision"), "projection": ("shipped",)}
    transient = ("device",)

    def __init__(
        self, weights: str | Path = "shipped", projection: str | Path = "shipped", device: str = "auto"
    ) -> None:
        self._weights = SHIPPED / "vgg16.safetensors" if weights == "shipped" else weights
        file = SHIPPED / "vgg16_projection.safetensors" if projection == "shipped" else Path(projection)
        self.projection: Projection = load_projection(file)
        if len(self.projection.mean) != DIM:
            raise InputError(f"{file} projects {len(self.projection.mean)} features, and VGG16 gives {DIM}")
        self.dim = self.projection.dim
        self._projection_hash = verified(file)
        self._device = device

    def extract(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        """Unit-length float32 (n, dim) of n >= 1 pictures."""
        return self.projection(self.raw(pictures))

    def raw(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        """The features before projection, float32 (n, 8192), n >= 1, none negative: what `fit_projection` wants."""
        return self._runtime.stream(self._batches(pictures))

    def parameters(self) -> Mapping[str, object]:
        """SHA-256 of the weights and of the projection."""
        return {"weights": self._weights_hash, "projection": self._projection_hash}

    def _batches(self, pictures: Sequence[Picture]) -> Iterator[NDArray[np.uint8]]:
        # Pillow lets other threads run while it resizes.
        with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
            for start in range(0, len(pictures), BATCH):
                yield np.stack(list(pool.map(prepare, pictures[start : start + BATCH])))

    @cached_property
    def _runtime(self) -> Runtime:
        weights = self._loaded()
        return open_runtime(calibrated(vgg16(weights), weights), self._device)

    @cached_property
    def _weights_hash(self) -> str:
        return digest_of(self._loaded()) if self._weights == "torchvision" else verified(Path(self._weights))

    def _loaded(self) -> Weights:
        return torchvision_weights() if self._weights == "torchvision" else load_weights(Path(self._weights))


def prepare(picture: Picture) -> NDArray[np.uint8]:
    """A picture as the network sees it: uint8 (150, 150, 3), antialiased.

    Without a mask: the middle of the picture, squeezed to a square where cutting would lose too much. With one: the
    garment alone in its own proportions, on white. Both were chosen on training photos (docs/quality.md).
    """
    if picture.mask is not None and picture.mask.any():
        image = _on_white(picture.rgb, picture.mask)
        box = (0.0, 0.0, float(image.width), float(image.height))
    else:
        image = Image.fromarray(picture.rgb)
        box = _centre(*image.size)
    return np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BILINEAR, box=box))


def _centre(width: int, height: int) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of the middle of a picture: its longer side cut to the shorter, or to KEPT at most."""
    side = max(min(width, height), KEPT * max(width, height))
    across, down = min(width, side), min(height, side)
    return (width - across) / 2, (height - down) / 2, (width + across) / 2, (height + down) / 2


def _on_white(rgb: NDArray[np.uint8], mask: NDArray[np.bool_]) -> Image.Image:
    """The pixels of the mask, centred on a white square 1.1 times the longer side of their bounding box."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    top, left, bottom, right = rows[0], columns[0], rows[-1] + 1, columns[-1] + 1
    side = math.ceil(1.1 * max(bottom - top, right - left))
    ground = Image.new("RGB", (side, side), GROUND)
    corner = int((side - left - right) // 2), int((side - top - bottom) // 2)
    ground.paste(Image.fromarray(rgb), corner, Image.fromarray(mask))
    return ground
