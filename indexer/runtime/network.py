"""A convolutional network as plain data: what both runtimes build."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Convolution:
    """A cross-correlation with a bias.

    weight: floating point (out, in / groups, height, width), or int8 in units of `scale`. bias: floating point (out,).
    padding: rows and columns of zeros before and after, alike on both axes ((0, 1) is TensorFlow's SAME at stride 2).
    groups: 1, or the number of input channels for a depthwise convolution.
    dilation: step between the places that the kernel reads; padding counts in places of the input.
    scale: (out,), what each output channel's integers are multiples of; None where the weight is floating point.
    """

    weight: NDArray[np.floating] | NDArray[np.int8]
    bias: NDArray[np.floating]
    stride: int = 1
    padding: tuple[int, int] = (1, 1)
    groups: int = 1
    dilation: int = 1
    scale: NDArray[np.floating] | None = None

    def values(self) -> NDArray[np.float32]:
        """The weight in float32, however it is kept."""
        weight: NDArray[np.float32] = self.weight.astype(np.float32)
        return weight if self.scale is None else weight * self.scale.astype(np.float32).reshape(-1, 1, 1, 1)


@dataclass(frozen=True)
class Quantise:
    """Every number to the nearest of 256 evenly spaced ones, zero among them: 0 to `largest`, or -`largest` * 128 / 127
    to `largest` where `signed`; numbers beyond become the outermost. Halves go to the even one."""

    largest: float
    signed: bool = False

    @property
    def step(self) -> float:
        """From one of the 256 to the next."""
        return self.largest / self.most

    @property
    def least(self) -> int:
        """The lowest, in steps."""
        return -128 if self.signed else 0

    @property
    def most(self) -> int:
        """The highest, in steps."""
        return 127 if self.signed else 255


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


Layer = Convolution | Quantise | Activation | MaxPool | GlobalAverage | Residual | Sum | Concat | Enlarge


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
