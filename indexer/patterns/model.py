"""What is trained, in torch: the upper blocks of the network, and its projection."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from indexer.patterns.network import DIM, HEARD, TAPS, UPPER, UPPER_TAPS
from indexer.runtime.lite0 import Arrays, geometry, padding


class Upper(nn.Module):  # type: ignore[misc]
    """The blocks from UPPER on, batch normalisations folded into their convolutions.

    Forward: float (n, *UPPER_INPUT) -> float (n, HEARD - LOWER_HEARD), the mean of each channel of their taps.
    """

    def __init__(self, weights: Arrays) -> None:
        super().__init__()
        kept = {name: value for name, value in weights.items() if self.has(name)}
        self._kept = nn.ParameterDict(
            {name.replace(".", "/"): nn.Parameter(torch.tensor(value)) for name, value in kept.items()}
        )

    @staticmethod
    def has(name: str) -> bool:
        """Whether a weight of this name belongs to these blocks."""
        parts = name.split(".")
        return parts[0] == "blocks" and int(parts[1]) >= UPPER

    def forward(self, x: Tensor) -> Tensor:
        """The pooled taps of a batch."""
        heard = []
        for number in range(UPPER, TAPS[-1] + 1):
            kernel, stride, adds = geometry()[number]
            into = x
            x = functional.relu6(self._convolved(x, f"blocks.{number}.expand", 1, 1))
            x = functional.relu6(self._convolved(x, f"blocks.{number}.depthwise", kernel, stride))
            if number in UPPER_TAPS:
                heard.append(x.mean((2, 3)))
            if number < TAPS[-1]:
                x = self._convolved(x, f"blocks.{number}.project", 1, 1)
                x = x + into if adds else x
        return torch.cat(heard, 1)

    def _convolved(self, x: Tensor, name: str, kernel: int, stride: int) -> Tensor:
        weight, bias = (self._kept[f"{name}.{part}".replace(".", "/")] for part in ("weight", "bias"))
        before, after = padding(kernel, stride)
        if before != after:
            x = functional.pad(x, (before, after, before, after))
        groups = len(weight) if weight.shape[1] == 1 else 1
        return functional.conv2d(x, weight, bias, stride, before if before == after else 0, 1, groups)

    def arrays(self) -> dict[str, NDArray[np.float32]]:
        """The weights by name."""
        return {name.replace("/", "."): value.detach().numpy().copy() for name, value in self._kept.items()}


class Head(nn.Module):  # type: ignore[misc]
    """Standardised taps -> unit vectors, and from those the scores of the families.

    mean, spread: of each tapped channel over the bank, (HEARD,).
    """

    mean: Tensor
    spread: Tensor

    def __init__(self, mean: NDArray[np.float32], spread: NDArray[np.float32], families: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean))
        self.register_buffer("spread", torch.tensor(spread))
        self.embed = nn.Linear(HEARD, DIM)
        self.family = nn.Linear(DIM, families)

    def forward(self, heard: Tensor) -> Tensor:
        """Unit vectors (n, DIM) of pooled taps (n, HEARD)."""
        return functional.normalize(self.embed((heard - self.mean) / self.spread))

    def scores(self, vectors: Tensor) -> Tensor:
        """Scores of the families (n, families), for softmax. Unit vectors are short: ten times the plain scores."""
        found: Tensor = self.family(vectors) * 10
        return found

    def arrays(self) -> dict[str, NDArray[np.float32]]:
        """The projection with the standardisation folded in, and the families' scores."""
        weight = self.embed.weight / self.spread
        parts: dict[str, Any] = {
            "embed.weight": weight, "embed.bias": self.embed.bias - weight @ self.mean,
            "family.weight": self.family.weight * 10, "family.bias": self.family.bias * 10,
        }  # fmt: skip
        return {name: value.detach().numpy().copy() for name, value in parts.items()}
