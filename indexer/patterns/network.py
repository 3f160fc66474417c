"""The network of the `pattern` space: EfficientNet-Lite0 heard at several depths, and a projection of what is heard.

Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", 2019; the Lite variant has ReLU6
for swish and no squeeze-and-excitation. Patterns are textures: what matters is which local figures there are, not
where, and middle layers know that better than the last ones, so each tap is averaged over the patch (Cimpoi et al.,
"Deep filter banks for texture recognition and segmentation", 2015). The depthwise convolution that leads into a stage
has the most channels and, after its ReLU6, none below zero. Everything after the last tap is left out.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from indexer.runtime import lite0
from indexer.runtime.lite0 import MEAN, RELU6, SCALE, Arrays, convolution, geometry
from indexer.runtime.network import Concat, Convolution, GlobalAverage, Layer, Network, Residual

SIDE = 128
"""Pixels of a patch as the network sees it."""
DIM = 128
TAPS = (3, 5, 8, 11, 15)
"""Blocks whose depthwise convolution is heard; 144, 240, 480, 672 and 1152 channels."""
UPPER = 8
"""Training changes the blocks from this one on; it reads UPPER_INPUT: channels, rows, columns."""
UPPER_INPUT = (80, 8, 8)
UPPER_TAPS = tuple(tap for tap in TAPS if tap >= UPPER)
LOWER_HEARD = 144 + 240
HEARD = 144 + 240 + 480 + 672 + 1152


def names() -> list[str]:
    """The convolutions of EfficientNet-Lite0 up to the last tap."""
    return [name for name in lite0.names() if name != f"blocks.{TAPS[-1]}.project"]


def imagenet() -> dict[str, NDArray[np.float32]]:
    """ImageNet's weights with the batch normalisations folded in, each of `names` with `.weight` and `.bias`.

    Raises MissingDependencyError without torch or the package of weights.
    """
    whole = lite0.imagenet()
    return {f"{name}.{part}": whole[f"{name}.{part}"] for name in names() for part in ("weight", "bias")}


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
    layers: list[Layer] = [convolution(weights, "stem", 3, 2), RELU6]
    for number in range(UPPER):
        layers += _block(weights, number)
    return _network(layers)


def _network(layers: list[Layer]) -> Network:
    return Network(SIDE, (MEAN,) * 3, (SCALE,) * 3, tuple(layers))


def _all(weights: Arrays) -> list[Layer]:
    return [convolution(weights, "stem", 3, 2), RELU6, *_blocks(weights, 0)]


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
    heard: list[Layer] = [convolution(weights, f"{name}.expand", 1, 1), RELU6] if number else []
    heard += [convolution(weights, f"{name}.depthwise", kernel, stride), RELU6]
    return heard, [] if number == TAPS[-1] else [convolution(weights, f"{name}.project", 1, 1)]
