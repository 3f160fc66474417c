"""The `kind` space: what kind of garment it is."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from indexer.kinds.network import kind_network
from indexer.kinds.view import view
from indexer.kinds.weights import load_kind
from indexer.picture import Picture
from indexer.runtime.base import Runtime, open_runtime
from indexer.runtime.lite0 import LAST
from indexer.spaces.base import Extractor
from indexer.vgg.weights import verified

SHIPPED = Path(__file__).parent.parent / "weights" / "kind.safetensors"
BATCH = 64
"""Pictures prepared at a time: bounds memory whatever the caller hands over."""


class Kind(Extractor):
    """320 numbers near each other for garments of one kind: the mean of EfficientNet-Lite0's last maps, unit length.

    The network (Tan and Le, ICML 2019) was fine-tuned from ImageNet on ten categories of garments
    (indexer/weights/kind.md), so that a linear head on these vectors tells them apart: labels are learned from them.
    It has no say in searches that name no spaces.

    weights: "shipped", or a file that `python -m indexer.kinds.training` wrote. device: "auto", "cpu" (OpenVINO) or
    "cuda" (torch). Raises InputError for weights that cannot be read. The network is compiled at the first picture.
    """

    name = "kind"
    reads = "shape"
    dim = LAST
    weight = 0.0
    files: ClassVar[Mapping[str, Collection[str]]] = {"weights": ("shipped",)}
    transient = ("device",)

    def __init__(self, weights: str | Path = "shipped", device: str = "auto") -> None:
        self._file = SHIPPED if weights == "shipped" else Path(weights)
        if not self._file.is_file():
            raise InputError(f"no network of kinds at {self._file}")
        self._hash = verified(self._file)
        self._device = device

    def extract(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        """Unit-length float32 (n, 320) of n >= 1 pictures."""
        rows = self._runtime.stream(self._batches(pictures))
        return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12), np.float32)

    def parameters(self) -> Mapping[str, object]:
        """SHA-256 of the weights."""
        return {"weights": self._hash}

    def _batches(self, pictures: Sequence[Picture]) -> Iterator[NDArray[np.uint8]]:
        # Pillow lets other threads run while it resizes.
        with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
            for start in range(0, len(pictures), BATCH):
                yield np.stack(list(pool.map(view, pictures[start : start + BATCH])))

    @cached_property
    def _runtime(self) -> Runtime:
        return open_runtime(kind_network(load_kind(self._file).network), self._device)
