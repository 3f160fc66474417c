"""Ranges of what each convolution of a network reads, measured on pictures: what `eight_bit` wants."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from indexer.runtime.network import Convolution, Network
from indexer.runtime.torch_runtime import TorchRuntime


def measured(network: Network, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What `eight_bit` takes: the largest magnitudes that are read, float32 (convolutions,); 0 for the first
    convolution, which stays in floating point: the pixels that it reads fill their 8 bits already, and it is no slower.
    """
    largest = largest_magnitudes(network, pictures)
    largest[0] = 0
    return largest


def largest_magnitudes(network: Network, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """For each convolution, in the order of `convolutions`, the largest magnitude that it reads: float32 (n,).

    pictures: uint8 (n, rows, columns, 3), as the network sees them. Runs in torch, in float32, on a CPU.
    """
    watched = _Watched(network)
    watched(pictures)
    return np.array(watched.largest, np.float32)


class _Watched(TorchRuntime):
    """A network that remembers the largest magnitude that each convolution read, in the order in which they run, which
    is that in which they are described."""

    def __init__(self, network: Network) -> None:
        super().__init__(network, "cpu")
        self.largest: list[float] = []
        self._next = 0

    def _forward(self, pictures: NDArray[np.uint8]) -> Any:
        self._next = 0
        return super()._forward(pictures)

    def _convolve(self, layer: Convolution, held: tuple[Any, Any], x: Any) -> Any:
        if self._next == len(self.largest):
            self.largest.append(0.0)
        self.largest[self._next] = max(self.largest[self._next], float(x.abs().max()))
        self._next += 1
        return super()._convolve(layer, held, x)
