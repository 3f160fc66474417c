"""EfficientNet-Lite0 in torch, its batch normalisations folded into the convolutions, and scores of the categories."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from indexer.garments.training.depthwise import Depthwise
from indexer.runtime.lite0 import MEAN, SCALE, Arrays, geometry, padding


class Lite0(nn.Module):  # type: ignore[misc]  # torch is optional
    """The network of `indexer.runtime.lite0`: uint8 or float (n, 3, h, w) in 0..255, sides divisible by 32, to maps.

    With the head's weights the maps have 1280 channels and are none below zero, else the last block's 320.
    """

    def __init__(self, weights: Arrays) -> None:
        super().__init__()
        self._kept = nn.ParameterDict(
            {name.replace(".", "/"): nn.Parameter(torch.tensor(np.asarray(value))) for name, value in weights.items()}
        )

    def forward(self, pictures: Tensor, drop: float = 0.0) -> Tensor:
        """The maps (n, channels, h / 32, w / 32).

        drop: chance that the last residual block is left out for a picture; earlier ones less (Huang et al., "Deep
        networks with stochastic depth", ECCV 2016).
        """
        x = ((pictures.float() - MEAN) * SCALE).contiguous(memory_format=torch.channels_last)
        x = functional.relu6(self._convolved(x, "stem", 3, 2))
        blocks = geometry()
        for number, (kernel, stride, adds) in enumerate(blocks):
            into = x
            if number:
                x = functional.relu6(self._convolved(x, f"blocks.{number}.expand", 1, 1))
            x = functional.relu6(self._convolved(x, f"blocks.{number}.depthwise", kernel, stride))
            x = self._convolved(x, f"blocks.{number}.project", 1, 1)
            if adds:
                left_out = drop * number / (len(blocks) - 1)
                if self.training and left_out:
                    x = x * (torch.rand(len(x), 1, 1, 1) >= left_out) / (1 - left_out)
                x = x + into
        return functional.relu6(self._convolved(x, "head", 1, 1)) if "head/weight" in self._kept else x

    def block_of(self, name: str) -> int:
        """Where a parameter (a name of `named_parameters`) is: -1 the stem, else the block's number, 16 the head."""
        first, *rest = name.removeprefix("_kept.").split("/")
        return {"stem": -1, "head": len(geometry())}[first] if first != "blocks" else int(rest[0])

    def arrays(self) -> dict[str, NDArray[np.float32]]:
        """The weights by name."""
        return {name.replace("/", "."): value.detach().float().numpy().copy() for name, value in self._kept.items()}

    def _convolved(self, x: Tensor, name: str, kernel: int, stride: int) -> Tensor:
        weight, bias = (self._kept[f"{name}.{part}".replace(".", "/")] for part in ("weight", "bias"))
        before, after = padding(kernel, stride)
        if before != after:
            x = functional.pad(x, (before, after, before, after))
        around = before if before == after else 0
        if name.endswith("depthwise"):
            if not torch.is_grad_enabled() or not (weight.requires_grad or x.requires_grad):
                return functional.conv2d(x, weight, bias, stride, around, 1, len(weight))
            y = Depthwise.apply(x, weight.to(x.dtype), stride, around, 1)
            return y + bias.to(y.dtype).view(1, -1, 1, 1)
        return functional.conv2d(x, weight, bias, stride, around)


class Kinds(nn.Module):  # type: ignore[misc]
    """A picture's unit vector, the mean of the last maps at unit length, and the categories' scores of it.

    Scores are linear in the unit vector: a linear head on the stored vectors says what training taught.
    """

    def __init__(self, weights: Arrays, classes: int) -> None:
        super().__init__()
        self.network = Lite0(weights)
        channels = len(weights["head.bias"] if "head.bias" in weights else weights["blocks.15.project.bias"])
        self.scores = nn.Linear(channels, classes)
        nn.init.zeros_(self.scores.bias)
        self.gain = nn.Parameter(torch.tensor(10.0))

    def forward(self, pictures: Tensor, drop: float = 0.0) -> tuple[Tensor, Tensor]:
        """Unit vectors (n, channels) and scores (n, classes), for softmax."""
        vectors = functional.normalize(self.network(pictures, drop).float().mean((2, 3)))
        return vectors, self.scores(vectors * self.gain)

    def linear(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Weight (classes, channels) and bias (classes,) of the scores of unit vectors."""
        weight = (self.scores.weight * self.gain).detach().float().numpy()
        return weight.copy(), self.scores.bias.detach().float().numpy().copy()
