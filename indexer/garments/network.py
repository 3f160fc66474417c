"""DeepLabV3+ on EfficientNet-Lite0 as plain data: what both runtimes build from the shipped weights."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from indexer.garments.classes import CLASSES
from indexer.runtime.network import (
    Activation,
    Concat,
    Convolution,
    Enlarge,
    GlobalAverage,
    Layer,
    Network,
    Residual,
    Sum,
)
from indexer.runtime.packing import unpack

SIZE = (384, 288)
"""Rows and columns of what the network sees: photos of garments are upright."""
PLACES = (96, 72)
"""Rows and columns of what it says: a quarter of that."""
RATES = (3, 6, 9)
"""Dilations of the spatial pyramid: at 24 x 18 places wider ones would see mostly padding."""

# EfficientNet-Lite0 (Tan and Le, ICML 2019): blocks, kernel, stride of the first block, channels out. The last stride
# of 2 is made 1, and the kernels after it read every second place: output stride 16.
_STAGES = ((1, 3, 1, 16), (2, 3, 2, 24), (2, 5, 2, 40), (3, 3, 2, 80), (3, 5, 1, 112), (4, 5, 1, 192), (1, 3, 1, 320))
_DILATED = {(5, 1), (5, 2), (5, 3), (6, 0)}
_FINE_STAGE = 1  # its output, a quarter of the picture's sides, sharpens the edges

Weights = Mapping[str, NDArray[np.floating]]


def deeplab(weights: Weights) -> Network:
    """The network: pictures (384, 288, 3) to logits (10, 96, 72), channels in the order of `CLASSES`.

    Chen et al., "Encoder-Decoder with Atrous Separable Convolution for Semantic Image Segmentation", ECCV 2018.
    Raises InputError when a layer is missing.
    """
    try:
        layers = _layers(weights)
    except KeyError as error:
        raise InputError(f"these are not weights of garment masks: {error.args[0]} is missing") from None
    return Network(SIZE, (127.0, 127.0, 127.0), (1 / 128, 1 / 128, 1 / 128), layers)


def load_weights(file: Path) -> dict[str, NDArray[np.float32]]:
    """Weights from a safetensors file, packed or not, as float32.

    Raises InputError when it is missing or no such file.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        return unpack(load_file(file))
    except FileNotFoundError as error:
        raise InputError(f"no weights of garment masks at {file}") from error
    except SafetensorError as error:
        raise InputError(f"{file} is not a safetensors file: {error}") from error


def _layers(weights: Weights) -> tuple[Layer, ...]:
    stages = [_stage(weights, number) for number in range(len(_STAGES))]
    begin: list[Layer] = [_convolution(weights, "stem", 3, 2), Activation("relu6")]
    fine = [*begin, *chain.from_iterable(stages[: _FINE_STAGE + 1])]
    coarse = chain.from_iterable(stages[_FINE_STAGE + 1 :])
    pyramid = [*_pyramid(weights), *_separable(weights, "after_pyramid"), Activation(), Enlarge(4)]
    sharp = (_convolution(weights, "fine", 1), Activation())
    end = [*_separable(weights, "fused"), Activation(), _convolution(weights, "classes", 1)]
    return (*fine, Concat(((*coarse, *pyramid), sharp)), *end)


def _stage(weights: Weights, number: int) -> list[Layer]:
    blocks, kernel, first_stride, out = _STAGES[number]
    into = _STAGES[number - 1][3] if number else 32
    relu6, layers = Activation("relu6"), list[Layer]()
    for block in range(blocks):
        name, stride = f"blocks.{number}.{block}", first_stride if block == 0 else 1
        dilation = 2 if (number, block) in _DILATED else 1
        inner: list[Layer] = [_convolution(weights, f"{name}.expand", 1), relu6] if number else []
        inner += [_convolution(weights, f"{name}.depthwise", kernel, stride, dilation), relu6]
        inner += [_convolution(weights, f"{name}.project", 1)]
        layers += [Residual(tuple(inner))] if stride == 1 and into == out else inner
        into = out
    return layers


def _pyramid(weights: Weights) -> list[Layer]:
    """Four views of different reach and the average of all places, put together by one 1 x 1 convolution.

    The average is alike at every place, so its share of that convolution is computed once and added.
    """
    views: list[tuple[Layer, ...]] = [(_convolution(weights, "pyramid.0", 1), Activation())]
    views += [
        (*_separable(weights, f"pyramid.{number}", rate), Activation()) for number, rate in enumerate(RATES, start=1)
    ]
    weight, bias = weights["pyramid.project.weight"], weights["pyramid.project.bias"]
    local = weight.shape[1] - weights["pyramid.pooled.weight"].shape[0]
    joined = Convolution(weight[:, :local], bias, padding=(0, 0))
    spread = Convolution(weight[:, local:], np.zeros_like(bias), padding=(0, 0))
    pooled = (GlobalAverage(), _convolution(weights, "pyramid.pooled", 1), Activation(), spread)
    return [Sum(((Concat(tuple(views)), joined), pooled)), Activation()]


def _separable(weights: Weights, name: str, rate: int = 1) -> list[Layer]:
    return [_convolution(weights, f"{name}.depthwise", 3, 1, rate), _convolution(weights, f"{name}.point", 1)]


def _convolution(weights: Weights, name: str, kernel: int, stride: int = 1, dilation: int = 1) -> Convolution:
    """Padded as TensorFlow's SAME for sides that the stride divides; depthwise where the name says so."""
    weight, bias = weights[f"{name}.weight"], weights[f"{name}.bias"]
    around = dilation * (kernel - 1) + 1 - stride
    groups = len(weight) if name.endswith("depthwise") else 1
    return Convolution(weight, bias, stride, (around // 2, around - around // 2), groups, dilation)


def check_classes(weights: Weights) -> None:
    """Raises InputError when the weights tell other classes apart than `CLASSES`."""
    found = len(weights["classes.bias"]) if "classes.bias" in weights else 0
    if found != len(CLASSES):
        raise InputError(f"the weights tell {found} classes apart, and garment masks have {len(CLASSES)}")
