"""A convolutional network as plain data: what both runtimes build."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Convolution:
    """A cross-correlation with a bias.

    weight: floating point (out, in / groups, height, width). bias: floating point (out,).
    padding: rows and columns of zeros before and after, alike on both axes ((0, 1) is TensorFlow's SAME at stride 2).
    groups: 1, or the number of input channels for a depthwise convolution.
    dilation: step between the places that the kernel reads; padding counts in places of the input.
    """

    weight: NDArray[np.floating]
    bias: NDArray[np.floating]
    stride: int = 1
    padding: tuple[int, int] = (1, 1)
    groups: int = 1
    dilation: int = 1


@dataclass(frozen=True)
class Activation:
    """`relu` is max(x, 0); `relu6` is min(max(x, 0), 6)."""

    kind: Literal["relu", "relu6"] = "relu"


@dataclass(frozen=True)
class MaxPool:
    """The largest of every `size` x `size` block; rows and columns left over at the end are dropped."""

    size: int = 2


@dataclass(frozen=True)
class GlobalAverage:
    """The mean over height and width."""


@dataclass(frozen=True, eq=False)
class Residual:
    """x + layers(x)."""

    layers: tuple[Layer, ...]


@dataclass(frozen=True, eq=False)
class Sum:
    """The sum of what each branch makes of the same input; a branch that ends in 1 x 1 places counts at every place."""

    branches: tuple[tuple[Layer, ...], ...]


@dataclass(frozen=True, eq=False)
class Concat:
    """What each branch makes of the same input, their channels one after another."""

    branches: tuple[tuple[Layer, ...], ...]


@dataclass(frozen=True)
class Enlarge:
    """Bilinear enlargement to `factor` times as many rows and columns; the corner values stay in the corners."""

    factor: int


Layer = Convolution | Activation | MaxPool | GlobalAverage | Residual | Sum | Concat | Enlarge


@dataclass(frozen=True, eq=False)
class Network:
    """Layers applied in order to uint8 RGB pictures of one size, scaled first to (value - mean) * scale.

    side: rows and columns, or both numbers where they differ. mean, scale: for each of R, G and B, in units of 0..255.
    """

    side: int | tuple[int, int]
    mean: tuple[float, float, float]
    scale: tuple[float, float, float]
    layers: tuple[Layer, ...]

    @property
    def size(self) -> tuple[int, int]:
        """(rows, columns) of a picture."""
        return (self.side, self.side) if isinstance(self.side, int) else self.side
