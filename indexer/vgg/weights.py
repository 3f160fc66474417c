"""VGG16's convolutional weights: the packed file that is shipped, and torchvision's."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError, MissingDependencyError
from indexer.runtime.network import Activation, Convolution, Layer, MaxPool, Network
from indexer.runtime.packing import unsqueeze

SIDE = 150
DIM = 8192
"""Features of a 150 x 150 picture: 512 channels at 4 x 4 places, channels first."""

# Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", 2015, table 1, column D:
# places of the convolutions in torchvision's `features`, a pooling after each row.
_BLOCKS = ((0, 2), (5, 7), (10, 12, 14), (17, 19, 21), (24, 26, 28))
_NAMES = [f"features.{place}" for block in _BLOCKS for place in block]
# torchvision's VGG16_Weights.IMAGENET1K_FEATURES: 0..1 minus these, over 1/255, which is 0..255 minus 255 times these.
_MEAN = (0.48235 * 255, 0.45882 * 255, 0.40784 * 255)

Weights = dict[str, NDArray[np.float32]]


def vgg16(weights: Weights) -> Network:
    """The convolutional part of VGG16 at 150 x 150 under torchvision's parameter names."""
    layers: list[Layer] = []
    for block in _BLOCKS:
        for place in block:
            weight, bias = weights[f"features.{place}.weight"], weights[f"features.{place}.bias"]
            layers += [Convolution(weight, bias), Activation("relu")]
        layers.append(MaxPool(2))
    return Network(SIDE, _MEAN, (1.0, 1.0, 1.0), tuple(layers))


def load_weights(file: Path) -> Weights:
    """Weights from a safetensors file under torchvision's names, floating point or packed by `pack`.

    Raises InputError when the file is missing, is no safetensors file, or lacks a layer.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        stored = load_file(file)
    except FileNotFoundError as error:
        raise InputError(f"no VGG16 weights at {file}") from error
    except SafetensorError as error:
        raise InputError(f"{file} is not a safetensors file: {error}") from error
    weights = unpack(stored)
    missing = [f"{name}.{part}" for name in _NAMES for part in ("weight", "bias") if f"{name}.{part}" not in weights]
    if missing:
        raise InputError(f"{file} is not VGG16 under torchvision's names: it lacks {', '.join(missing[:3])}")
    return weights


def pack(weights: Weights) -> dict[str, NDArray[Any]]:
    """Weights (out, in, h, w) as int8 with a float32 `.scale` for each output channel; biases stay float16."""
    packed: dict[str, NDArray[Any]] = {}
    for name in _NAMES:
        weight = weights[f"{name}.weight"].astype(np.float32)
        scale = np.abs(weight).max(axis=(1, 2, 3)) / 127
        packed[f"{name}.weight"] = np.rint(weight / scale[:, None, None, None]).astype(np.int8)
        packed[f"{name}.scale"] = scale
        packed[f"{name}.bias"] = weights[f"{name}.bias"].astype(np.float16)
    return packed


def unpack(stored: dict[str, NDArray[Any]]) -> Weights:
    """The reverse of `pack`, squeezed or not; floating-point weights only become float32."""
    stored = unsqueeze(stored)
    weights = {name: value.astype(np.float32) for name, value in stored.items() if not name.endswith(".scale")}
    for name, scale in stored.items():
        if name.endswith(".scale"):
            weights[name.removesuffix("scale") + "weight"] *= scale[:, None, None, None]
    return weights


def torchvision_weights() -> Weights:
    """torchvision's own VGG16_Weights.IMAGENET1K_FEATURES, from its cache or downloaded by it (528 MB).

    Raises MissingDependencyError without torchvision, InputError when the download fails.
    """
    try:
        from indexer.runtime.torchvision_shim import torchvision
    except ImportError as error:
        raise MissingDependencyError(
            "torchvision is not installed: pip install 'houndstooth[train]', or use the shipped weights"
        ) from error
    try:
        state = torchvision.models.VGG16_Weights.IMAGENET1K_FEATURES.get_state_dict(progress=False, check_hash=True)
    except OSError as error:
        raise InputError(
            f"torchvision could not download its VGG16 weights ({error}); use weights='shipped', or the path of a "
            "safetensors file with torchvision's names"
        ) from error
    return {f"{name}.{part}": state[f"{name}.{part}"].numpy() for name in _NAMES for part in ("weight", "bias")}


def digest(file: Path) -> str:
    """SHA-256 of a file, hex."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def verified(file: Path) -> str:
    """SHA-256 of a file, hex. Raises InputError when it is missing, or its folder's SHA256SUMS tells another."""
    try:
        found = digest(file)
    except FileNotFoundError as error:
        raise InputError(f"no VGG16 weights at {file}") from error
    sums = file.parent / "SHA256SUMS"
    lines = sums.read_text().splitlines() if sums.is_file() else []
    if any(line.endswith(f"  {file.name}") and not line.startswith(found) for line in lines):
        raise InputError(f"{file} is damaged: its SHA-256 is not the one in {sums}; install Houndstooth again")
    return found


def digest_of(weights: Weights) -> str:
    """SHA-256 over names and values of weights that lie in no file, hex."""
    told = hashlib.sha256()
    for name in sorted(weights):
        told.update(name.encode())
        told.update(weights[name].astype("<f4").tobytes())
    return told.hexdigest()
