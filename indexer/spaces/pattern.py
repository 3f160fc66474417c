"""The `pattern` space: what is woven into or printed on the cloth, whatever its colours."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import ClassVar
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from engine.attributes import AttributeType, AttributeValue
from engine.errors import PictureError
from indexer.patches.patches import Patch, find_patches, refusal
from indexer.patterns.network import DIM, pattern_network
from indexer.patterns.outline import outline_of, outline_squares
from indexer.patterns.squares import BESIDE_OUTLINE, PATCHES, SQUARES, garment_vectors, squares
from indexer.patterns.weights import PatternWeights, digest, load_pattern
from indexer.picture import Picture
from indexer.runtime.base import Runtime, open_runtime
from indexer.spaces.base import Extractor

SHIPPED = Path(__file__).parent.parent / "weights" / "pattern.safetensors"
LEAST_SIDE = 20
"""Pixels of a patch's shorter side, at least: of street photos at half size, whose patches are often smaller than 32,
a fifth more had a vector, and their neighbours were as good (indexer/weights/pattern.md)."""
BATCH = 32
"""Pictures whose squares are held at a time."""


class Pattern(Extractor):
    """128 numbers of a garment's cloth, near each other for one pattern in other colours and sizes.

    EfficientNet-Lite0 heard at five depths under a learned projection, trained with triplets of rendered designs and
    photographed cloth (`indexer.patterns.training`); unit length. It looks at the largest patches of cloth, and where
    there is a mask also at the whole garment with its background painted over; both count alike.

    weights: "shipped", or a file that `houndstooth train pattern` wrote.
    device: "auto", "cpu" (OpenVINO) or "cuda" (torch).
    Raises InputError for weights that cannot be read. The network is compiled at the first picture.
    """

    name = "pattern"
    version = 2
    reads = "pattern"
    dim = DIM
    describes: ClassVar[Mapping[str, AttributeType]] = {"pattern": "text"}
    files: ClassVar[Mapping[str, Collection[str]]] = {"weights": ("shipped",)}
    transient = ("device",)

    def __init__(self, weights: str | Path = "shipped", device: str = "auto") -> None:
        self._file = SHIPPED if weights == "shipped" else Path(weights)
        self._hash = digest(self._file)
        self._device = device
        self._patches: WeakKeyDictionary[Picture, list[Patch]] = WeakKeyDictionary()

    def extract(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        """Unit-length float32 (n, 128) of n >= 1 pictures. Raises PictureError for one without a patch of cloth."""
        parts = [self._vectors(pictures[start : start + BATCH]) for start in range(0, len(pictures), BATCH)]
        return np.concatenate(parts)

    def refuse(self, pictures: Sequence[Picture]) -> list[str | None]:
        """Why a picture has no patch that is large enough; None where it has one."""
        return [
            None if patches else refusal(picture.rgb, picture.mask, LEAST_SIDE)
            for picture, patches in zip(pictures, self._found(pictures), strict=True)
        ]

    def describe(self, vectors: NDArray[np.float32]) -> list[dict[str, tuple[AttributeValue, float]]]:
        """The `pattern` of each row and how likely it is right; nothing where the network was trained without names."""
        families = self._weights.families
        if not families:
            return [{} for _ in range(len(vectors))]
        shares = self._weights.shares(np.asarray(vectors, np.float32))
        return [{"pattern": (families[int(row.argmax())], float(row.max()))} for row in shares]

    def parameters(self) -> Mapping[str, object]:
        """SHA-256 of the weights."""
        return {"weights": self._hash}

    def _vectors(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        cut: list[NDArray[np.uint8]] = []
        of: list[int] = []
        outline: list[bool] = []
        with _threads() as pool:
            seen = pool.map(_squares, pictures, self._found(pictures))
            for place, (of_patches, whole) in enumerate(seen):
                cut += [*of_patches, *whole]
                of += [place] * (len(of_patches) + len(whole))
                outline += [False] * len(of_patches) + [True] * len(whole)
        return garment_vectors(self._runtime(np.stack(cut)), np.array(of), np.array(outline), len(pictures))

    def _found(self, pictures: Sequence[Picture]) -> list[list[Patch]]:
        """The patches of each picture, found once for `refuse` and `extract`."""
        new = [picture for picture in pictures if picture not in self._patches]
        with _threads() as pool:
            self._patches.update(zip(new, pool.map(_patches, new), strict=True))
        return [self._patches[picture] for picture in pictures]

    @cached_property
    def _weights(self) -> PatternWeights:
        return load_pattern(self._file)

    @cached_property
    def _runtime(self) -> Runtime:
        return open_runtime(pattern_network(self._weights.network), self._device)


def _threads() -> ThreadPoolExecutor:
    """Pillow, and NumPy within an operation, let other threads run."""
    return ThreadPoolExecutor(min(4, os.cpu_count() or 1))


def _patches(picture: Picture) -> list[Patch]:
    return find_patches(picture.rgb, picture.mask, PATCHES, LEAST_SIDE)


def _squares(picture: Picture, patches: list[Patch]) -> tuple[list[NDArray[np.uint8]], list[NDArray[np.uint8]]]:
    """What the network sees of a picture: squares of its patches, and of its outline."""
    if not patches:
        raise PictureError(refusal(picture.rgb, picture.mask, LEAST_SIDE))
    # Without a mask the patch is all there is: it would be seen twice.
    whole = [] if picture.mask is None else outline_squares(outline_of(picture.rgb, picture.mask))
    return squares(picture.rgb, patches, BESIDE_OUTLINE if whole else SQUARES), whole
