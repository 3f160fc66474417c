"""Garments by DeepLabV3+: each pixel's class, looked at twice where small, cleaned and put together to garments."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.errors import InputError
from indexer.garments.classes import CLASSES
from indexer.garments.edges import all_sharpened, sharpened
from indexer.garments.garment import Garment, GarmentFinder
from indexer.garments.network import PLACES, SIZE, check_classes, deeplab, load_weights
from indexer.garments.regions import garments_of, layout
from indexer.garments.second_look import Window, joined, windows
from indexer.runtime.base import Runtime, open_runtime
from indexer.vgg.weights import verified

SHIPPED = Path(__file__).parent.parent / "weights" / "garments.safetensors"
BATCH = 64
"""Pictures prepared at a time: bounds memory whatever the caller hands over."""
_VERSION = 3  # raised by hand whenever the same picture and weights would give other masks


class DeepLab(GarmentFinder):
    """One garment a class that is seen; without a person in the photo, connected cloth is one garment.

    Chen et al., "Encoder-Decoder with Atrous Separable Convolution for Semantic Image Segmentation", ECCV 2018; on
    EfficientNet-Lite0 (Tan and Le, ICML 2019).

    weights: "shipped", or the path of a file that `python -m indexer.garments.training` wrote. device: "auto", "cpu"
    (OpenVINO) or "cuda" (torch). Raises InputError for weights that cannot be read; the network is compiled at the
    first picture.
    """

    name = "deeplab"
    files: ClassVar[Mapping[str, Collection[str]]] = {"weights": ("shipped",)}
    transient = ("device",)

    def __init__(self, weights: str | Path = "shipped", device: str = "auto") -> None:
        self._file = SHIPPED if weights == "shipped" else Path(weights)
        self._device = device
        if not self._file.is_file():
            raise InputError(f"no weights of garment masks at {self._file}")
        told = f"{self.name}|{_VERSION}|{verified(self._file)}"
        self.fingerprint = hashlib.sha256(told.encode()).hexdigest()[:16]

    def find(self, pictures: Sequence[NDArray[np.uint8]]) -> list[list[Garment]]:
        """The garments of each uint8 RGB picture (h, w, 3), the largest first; none where none is seen."""
        found: list[list[Garment]] = []
        with _threads() as pool:
            for start in range(0, len(pictures), BATCH):
                batch = pictures[start : start + BATCH]
                prepared, chances = self._seen(batch, pool)
                found += pool.map(_garments, chances, prepared, (picture.shape[:2] for picture in batch))
        return found

    def chances(self, pictures: Sequence[NDArray[np.uint8]]) -> list[NDArray[np.float32]]:
        """What the network says of each picture.

        float32 (classes, 96, 72), summing to 1 over the classes; where a person was looked at closer (classes, 192,
        144), these looks joined to it and edges moved to the picture's.
        """
        with _threads() as pool:
            return [
                chances
                for start in range(0, len(pictures), BATCH)
                for chances in self._seen(pictures[start : start + BATCH], pool)[1]
            ]

    def _seen(
        self, batch: Sequence[NDArray[np.uint8]], pool: ThreadPoolExecutor
    ) -> tuple[NDArray[np.uint8], list[NDArray[np.float32]]]:
        """The pictures as the network sees them whole, and their chances."""
        prepared = np.stack(list(pool.map(prepare, batch)))
        chances = list(self._chances(prepared))
        looks = [
            (place, window)
            for place, picture in enumerate(batch)
            for window in windows(chances[place], picture.shape[:2], SIZE[0] / SIZE[1])
        ]
        closer: dict[int, list[tuple[Window, NDArray[np.float32]]]] = {}
        for start in range(0, len(looks), BATCH):
            some = looks[start : start + BATCH]
            parts = pool.map(prepare, (window.of(batch[place]) for place, window in some))
            for (place, window), seen in zip(some, self._chances(np.stack(list(parts))), strict=True):
                closer.setdefault(place, []).append((window, seen))

        def finer(place: int) -> NDArray[np.float32]:
            whole = joined(chances[place], batch[place].shape[:2], closer[place])
            return all_sharpened(whole, prepared[place])

        for place, found in zip(closer, pool.map(finer, closer), strict=True):
            chances[place] = found
        return prepared, chances

    def _chances(self, prepared: NDArray[np.uint8]) -> NDArray[np.float32]:
        logits = self._runtime(prepared).reshape(-1, len(CLASSES), *PLACES)
        logits -= logits.max(1, keepdims=True)
        np.exp(logits, out=logits)
        logits /= logits.sum(1, keepdims=True)
        return logits

    @cached_property
    def _runtime(self) -> Runtime:
        weights = load_weights(self._file)
        check_classes(weights)
        return open_runtime(deeplab(weights), self._device)


def prepare(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A picture as the network sees it: uint8 (384, 288, 3), stretched to that shape, antialiased."""
    image = Image.fromarray(picture)
    return np.asarray(image.resize(SIZE[::-1], Image.Resampling.BILINEAR, reducing_gap=2.0))


def place_colours(prepared: NDArray[np.uint8], rows: int = PLACES[0]) -> NDArray[np.float32]:
    """Mean RGB of each place of a prepared picture: float32 (rows, 3/4 of them, 3)."""
    return np.asarray(Image.fromarray(prepared).reduce(SIZE[0] // rows), dtype=np.float32)


def _garments(chances: NDArray[np.float32], prepared: NDArray[np.uint8], size: tuple[int, int]) -> list[Garment]:
    scene = chances.argmax(0).astype(np.uint8)
    rows = chances.shape[1]
    seen = layout(chances, place_colours(prepared, rows))
    fine = None
    if seen.scores and rows == PLACES[0]:  # edges of finer ones have been moved
        fine = sharpened(np.clip(seen.cloth + np.float32(0.5), 0, 1), prepared)
    return [replace(garment, scene=scene) for garment in garments_of(seen, size, fine)]


def _threads() -> ThreadPoolExecutor:
    """Pillow and NumPy let other threads run."""
    return ThreadPoolExecutor(min(4, os.cpu_count() or 1))
