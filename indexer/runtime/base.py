"""The seam between spaces and the libraries that run networks."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterable
from importlib.util import find_spec
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError, MissingDependencyError
from indexer.runtime.network import Network


class Runtime(Protocol):
    """A network ready to run; call it from one thread at a time."""

    device: str
    """Where it runs, through which library and in which precision, for people."""

    def __call__(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Features of uint8 RGB pictures (n, rows, columns, 3), n >= 1: float32 (n, d)."""
        ...

    def stream(self, batches: Iterable[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Features of the pictures of at least one batch, as if they were one: float32 (n, d).

        The next batch is asked for while the network still runs, so that who prepares it does not keep it waiting.
        """
        ...


def open_runtime(network: Network, device: str = "auto") -> Runtime:
    """Compile a network.

    device: "cpu" is OpenVINO, "cuda" (or "cuda:1", ...) is torch; "auto" is CUDA where torch is installed and finds a
    GPU, else the CPU: through OpenVINO, or torch where only that is installed.
    Raises MissingDependencyError naming the extra to install, InputError for another device.
    """
    from indexer.runtime.openvino_runtime import OpenVinoRuntime
    from indexer.runtime.torch_runtime import TorchRuntime

    if device == "auto":
        if _cuda_works():
            return TorchRuntime(network, "cuda")
        if find_spec("openvino") is None and find_spec("torch") is not None:
            return TorchRuntime(network, "cpu")
        if find_spec("openvino") is None:
            raise MissingDependencyError(
                "no library to run networks: pip install 'houndstooth[cpu]', or 'houndstooth[gpu]' on a CUDA machine"
            )
        return OpenVinoRuntime(network)
    if device == "cpu":
        return OpenVinoRuntime(network)
    if device.startswith("cuda"):
        return TorchRuntime(network, device)
    raise InputError(f"unknown device {device!r}: use 'auto', 'cpu' or 'cuda'")


def _cuda_works() -> bool:
    """Whether torch can use a GPU. Without a driver torch is not imported: that alone takes seconds."""
    if find_spec("torch") is None:
        return False
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    import torch

    return bool(torch.cuda.is_available())
