"""Networks through torch: float16 on CUDA, float32 on a CPU."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import MissingDependencyError
from indexer.runtime.network import (
    Activation,
    Concat,
    Convolution,
    Enlarge,
    GlobalAverage,
    Layer,
    MaxPool,
    Network,
    Quantise,
    Residual,
    Sum,
)

CHUNK = 64
"""Pictures a forward pass: bounds the memory of the device."""


class TorchRuntime:
    """A network as torch functions on `device`: "cuda" (or "cuda:1", ...) or "cpu"."""

    def __init__(self, network: Network, device: str = "cuda") -> None:
        try:
            import torch
        except ImportError as error:
            raise MissingDependencyError(
                "torch is not installed, and networks run on a GPU through it: pip install 'houndstooth[gpu]'"
            ) from error
        if device.startswith("cuda") and not torch.cuda.is_available():
            raise MissingDependencyError(
                "torch finds no CUDA GPU: check the driver and that torch is a CUDA build, or use device='cpu'"
            )
        self._torch = torch
        self._at = torch.device(device)
        self._dtype = torch.float16 if self._at.type == "cuda" else torch.float32
        self._layers = self._place(network.layers)
        mean, scale = torch.tensor(network.mean), torch.tensor(network.scale)
        self._mean, self._scale = (v.view(1, 3, 1, 1).to(self._at) for v in (mean, scale))
        self.device = f"{device} (torch, {'f16' if self._dtype == torch.float16 else 'f32'})"

    def __call__(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Features of uint8 RGB pictures (n, rows, columns, 3): float32 (n, d), channels first where d has places."""
        return self.stream([batch])

    def stream(self, batches: Iterable[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """As `Runtime.stream`: a GPU is given its work, and waited for once, at the end."""
        with self._torch.inference_mode():
            chunks = (batch[start : start + CHUNK] for batch in batches for start in range(0, len(batch), CHUNK))
            parts = [self._forward(chunk) for chunk in chunks]
            features: NDArray[np.float32] = self._torch.cat(parts).cpu().numpy()
        return features

    def _forward(self, pictures: NDArray[np.uint8]) -> Any:
        # Permuted from NHWC, the batch already is in channels_last memory order: what cuDNN wants for float16.
        x = self._torch.tensor(pictures).to(self._at).permute(0, 3, 1, 2).float()
        x = self._apply(self._layers, ((x - self._mean) * self._scale).to(self._dtype))
        return x.float().flatten(1)

    def _place(self, layers: tuple[Layer, ...]) -> list[tuple[Layer, Any]]:
        """Each layer with its tensors (or its inner layers) on the device."""
        placed: list[tuple[Layer, Any]] = []
        for layer in layers:
            match layer:
                case Convolution():
                    weight, bias = (
                        self._torch.tensor(v.astype(np.float32)).to(self._at, self._dtype)
                        for v in (layer.values(), layer.bias)
                    )
                    placed.append((layer, (weight.contiguous(memory_format=self._torch.channels_last), bias)))
                case Residual(inner):
                    placed.append((layer, self._place(inner)))
                case Sum(branches) | Concat(branches):
                    placed.append((layer, [self._place(branch) for branch in branches]))
                case _:
                    placed.append((layer, None))
        return placed

    def _apply(self, layers: list[tuple[Layer, Any]], x: Any) -> Any:
        functions = self._torch.nn.functional
        for layer, held in layers:
            match layer:
                case Convolution():
                    x = self._convolve(layer, held, x)
                case Quantise(step=step, least=least, most=most):
                    x = (x / step).round_().clamp_(least, most).mul_(step)
                case Activation("relu"):
                    x = functions.relu(x)
                case Activation("relu6"):
                    x = functions.relu6(x)
                case MaxPool(size):
                    x = functions.max_pool2d(x, size)
                case GlobalAverage():
                    x = x.mean((2, 3), keepdim=True)
                case Residual():
                    x = x + self._apply(held, x)
                case Sum():
                    x = reduce(self._torch.add, [self._apply(branch, x) for branch in held])
                case Concat():
                    x = self._torch.cat([self._apply(branch, x) for branch in held], 1)
                case Enlarge(factor):
                    x = functions.interpolate(x, scale_factor=factor, mode="bilinear", align_corners=True)
        return x

    def _convolve(self, layer: Convolution, held: tuple[Any, Any], x: Any) -> Any:
        functions, (before, after) = self._torch.nn.functional, layer.padding
        if before != after:
            x = functions.pad(x, (before, after, before, after))
        padding = before if before == after else 0
        return functions.conv2d(x, *held, layer.stride, padding, layer.dilation, layer.groups)
