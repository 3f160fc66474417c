"""The backbones as torch modules, in blocks, so that the last ones can be trained and the others stay."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.errors import InputError
from indexer.garments.training.depthwise import Depthwise
from indexer.labels.networks.backbones import Backbone
from indexer.labels.networks.weights import Origin
from indexer.runtime.lite0 import stages
from indexer.runtime.network import Activation, Convolution, Layer, MaxPool, Residual
from indexer.vgg.weights import vgg16

HIDDEN, DROPOUT = 256, 0.5


class Layers(nn.Module):  # type: ignore[misc]  # torch is optional
    """Layers described as data, their weights to be trained. Forward: (n, c, h, w) -> (n, c', h', w')."""

    def __init__(self, layers: list[Layer]) -> None:
        super().__init__()
        self._layers = layers
        self._inner = nn.ModuleList()
        self._weights, self._biases = nn.ParameterList(), nn.ParameterList()
        for layer in layers:
            match layer:
                case Convolution(weight=weight, bias=bias):
                    self._weights.append(nn.Parameter(torch.tensor(weight.astype(np.float32))))
                    self._biases.append(nn.Parameter(torch.tensor(bias.astype(np.float32))))
                case Residual(inner):
                    self._inner.append(Layers(list(inner)))

    def forward(self, x: Tensor) -> Tensor:
        """The layers in order."""
        inner, held = iter(self._inner), iter(zip(self._weights, self._biases, strict=True))
        for layer in self._layers:
            match layer:
                case Convolution():
                    x = _convolved(layer, x, *next(held))
                case Activation("relu"):
                    x = functional.relu(x)
                case Activation("relu6"):
                    x = functional.relu6(x)
                case MaxPool(size):
                    x = functional.max_pool2d(x, size)
                case Residual():
                    x = x + next(inner)(x)
                case _:
                    raise TypeError(f"{type(layer).__name__} is not trained")
        return x


def _convolved(layer: Convolution, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    before, after = layer.padding
    if before != after:
        x = functional.pad(x, (before, after, before, after))
    around = before if before == after else 0
    if layer.groups > 1 and torch.is_grad_enabled() and (x.requires_grad or weight.requires_grad):
        return Depthwise.apply(x, weight, layer.stride, around, layer.dilation) + bias.view(1, -1, 1, 1)
    return functional.conv2d(x, weight, bias, layer.stride, around, layer.dilation, layer.groups)


def blocks_of(backbone: Backbone, origin: Origin) -> list[nn.Module]:
    """The backbone up to its last maps, in as many modules as it has blocks. Random weights: draw them under a seed.

    Raises InputError for weights of another network.
    """
    try:
        if backbone.name == "basic-cnn":
            return [_basic()]
        if backbone.name == "resnet50":
            return _resnet50(origin)
        if backbone.name == "vgg16":
            return [Layers(block) for block in _after_each_pool(list(vgg16(dict(origin.arrays)).layers))]
        return [Layers(stage) for stage in stages(origin.arrays)]
    except (KeyError, RuntimeError) as error:
        raise InputError(f"{origin.told}: not weights of {backbone.name} ({error})") from error


def _after_each_pool(layers: list[Layer]) -> list[list[Layer]]:
    found: list[list[Layer]] = [[]]
    for layer in layers:
        found[-1].append(layer)
        if isinstance(layer, MaxPool):
            found.append([])
    return [block for block in found if block]


def _basic() -> nn.Module:
    """Convolutions of 32, 64, 128 and 128 channels, each halved by a pooling."""
    parts: list[nn.Module] = []
    for into, out in ((3, 32), (32, 64), (64, 128), (128, 128)):
        parts += [nn.Conv2d(into, out, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*parts)


def _resnet50(origin: Origin) -> list[nn.Module]:
    """He et al., "Deep residual learning for image recognition", CVPR 2016, as torchvision builds it."""
    from indexer.runtime.torchvision_shim import torchvision

    network: Any = torchvision.models.resnet50(weights=None)
    if not origin.random:
        network.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in origin.arrays.items()})
    first = nn.Sequential(network.conv1, network.bn1, network.relu, network.maxpool, network.layer1)
    return [first, network.layer2, network.layer3, network.layer4]


def pooled(backbone: Backbone) -> bool:
    """Whether the maps' means are the features; else the maps are, every place of them (VGG16: 8192 or 25088)."""
    return backbone.name in ("resnet50", "efficientnet-lite0")


class Classifier(nn.Module):  # type: ignore[misc]
    """Blocks that stay, blocks that learn, and a dense head of 256 rectified units and dropout.

    Forward: what the first part gives, (n, c, h, w) -> scores (n, classes).
    """

    def __init__(self, upper: list[nn.Module], mean: bool, features: int, classes: int) -> None:
        super().__init__()
        self.upper = nn.Sequential(*upper)
        self._mean = mean
        self.head = nn.Sequential(
            nn.Linear(features, HIDDEN), nn.ReLU(), nn.Dropout(DROPOUT), nn.Linear(HIDDEN, classes)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Scores of the classes."""
        scores: Tensor = self.head(flat(self.upper(x), self._mean))
        return scores

    def train(self, mode: bool = True) -> Classifier:
        """As in torch, but batch normalisations keep ImageNet's statistics: batches here are small."""
        super().train(mode)
        for module in self.upper.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
        return self


def flat(maps: Tensor, mean: bool) -> Tensor:
    """Features (n, d) of maps (n, c, h, w): their means, or all places, channels first."""
    return maps.mean((2, 3)) if mean else maps.flatten(1)
