"""Weights in a quarter of their size: 8 bits a number, and one scale for each output channel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

SCALE = ".scale"
LEAST = 4096
"""Smaller arrays (biases, depthwise kernels) stay in half precision: they weigh nothing and are felt."""


def pack(weights: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Arrays of at least LEAST numbers as int8 with a float32 NAME.scale (out,); the others as float16.

    Each output channel (the first axis) is divided by its largest magnitude over 127 and rounded, which keeps every
    number to half a step of its channel (Jacob et al., "Quantization and Training of Neural Networks", CVPR 2018,
    symmetric per-channel).
    """
    packed: dict[str, NDArray[Any]] = {}
    for name, value in weights.items():
        weight = np.asarray(value, np.float32)
        if weight.ndim < 2 or weight.size < LEAST:
            packed[name] = weight.astype(np.float16)
            continue
        largest = np.abs(weight).reshape(len(weight), -1).max(axis=1)
        scale = np.where(largest > 0, largest / 127, 1).astype(np.float32)
        packed[name] = np.rint(weight / _along(scale, weight)).astype(np.int8)
        packed[name + SCALE] = scale
    return packed


def unpack(stored: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
    """Weights as float32, packed or not: arrays without a scale only change their type."""
    weights = {name: value.astype(np.float32) for name, value in stored.items() if not name.endswith(SCALE)}
    for name, scale in stored.items():
        if name.endswith(SCALE):
            weight = weights[name.removesuffix(SCALE)]
            weight *= _along(scale, weight)
    return weights


def _along(scale: NDArray[Any], weight: NDArray[Any]) -> NDArray[Any]:
    """The scale (out,) so that it multiplies the first axis."""
    return scale.reshape(-1, *[1] * (weight.ndim - 1))
