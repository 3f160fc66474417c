"""Networks for super-resolution from .pth files, through spandrel and torch, on a CPU or a GPU."""

from __future__ import annotations

import hashlib
from importlib import import_module
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.durable import hash_file
from engine.errors import InputError, MissingDependencyError
from indexer.patches.enhance import SCALE, Enhancer

_VERSION = "spandrel-1"


class TorchEnhancer(Enhancer):
    """The network in a file, as published for Real-ESRGAN, ESRGAN and the others that spandrel knows.

    file: .pth, .pt or .safetensors; nothing in it is executed. device: "auto" (CUDA where torch finds it), "cpu" or
    "cuda". In float32: Real-ESRGAN in float16 overflows on some pictures.
    """

    def __init__(self, file: Path, device: str = "auto") -> None:
        if not file.is_file():
            raise InputError(f"{file}: there is no such file")
        try:
            import torch

            import_module("indexer.runtime.torchvision_shim")  # before spandrel imports torchvision
            from spandrel import ImageModelDescriptor, ModelLoader, UnsupportedModelError
        except ImportError as error:
            raise MissingDependencyError(
                f"{file.name} runs through torch and spandrel, and {error.name} is not installed: "
                "pip install 'houndstooth[enhance-gpu]'"
            ) from error
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        if device != "cpu" and not (device.startswith("cuda") and torch.cuda.is_available()):
            raise InputError(
                f"device {device!r} cannot be used here: give 'auto', 'cpu', or 'cuda' where torch finds it"
            )
        try:
            model = ModelLoader().load_from_file(file)
        except UnsupportedModelError as error:
            raise InputError(f"{file} holds no network that spandrel knows: {error}") from error
        except Exception as error:  # a pickle of anything, or a broken file: torch and pickle raise what they like
            raise InputError(f"{file} cannot be read as weights: {error}") from error
        if not isinstance(model, ImageModelDescriptor) or model.scale != SCALE or model.input_channels != 3:
            raise InputError(f"{file} holds no network that enlarges RGB pictures {SCALE} times")
        self.name = file.stem
        self.fingerprint = hashlib.sha256(f"{_VERSION}|{hash_file(file)}".encode()).hexdigest()[:16]
        self._torch, self._model = torch, model.eval().to(torch.device(device)).float()

    def _run(self, picture: NDArray[np.float32]) -> NDArray[np.float32]:
        with self._torch.inference_mode():
            seen = self._torch.from_numpy(picture)[None].to(self._model.device)
            made: NDArray[np.float32] = self._model(seen)[0].float().cpu().numpy()
        return made
