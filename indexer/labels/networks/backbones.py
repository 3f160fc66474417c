"""The backbones, and how each wants its pictures."""

from __future__ import annotations

from dataclasses import dataclass

from engine.errors import InputError


@dataclass(frozen=True)
class Backbone:
    """A network and its own preprocessing.

    side: of the square it reads, when nobody says otherwise. resize: the photo's shorter side, before the middle square
    is cut out, of that square's side. mean, deviation: of R, G and B in 0..255: the network reads (rgb - mean) /
    deviation. blocks: parts of which the last can be fine-tuned; 0 when it is trained whole, from nothing.
    """

    name: str
    side: int
    resize: float
    mean: tuple[float, float, float]
    deviation: tuple[float, float, float]
    blocks: int


BACKBONES = {
    # Three blocks of a convolution and a pooling, dense layers on top, pixels in [0, 1]: what a tutorial begins with.
    "basic-cnn": Backbone("basic-cnn", 150, 1.0, (0.0, 0.0, 0.0), (255.0, 255.0, 255.0), 0),
    # torchvision's VGG16_Weights.IMAGENET1K_FEATURES: resize 256, crop 224; the authors' own weights want 0..255.
    "vgg16": Backbone(
        "vgg16", 224, 256 / 224, (0.48235 * 255, 0.45882 * 255, 0.40784 * 255), (1.0, 1.0, 1.0), 5
    ),
    # torchvision's ResNet50_Weights.IMAGENET1K_V2: resize 232, crop 224.
    "resnet50": Backbone(
        "resnet50", 224, 232 / 224, (0.485 * 255, 0.456 * 255, 0.406 * 255), (0.229 * 255, 0.224 * 255, 0.225 * 255), 4
    ),
    # TensorFlow's models of the Lite family: (rgb - 127) / 128; resize 256, crop 224.
    "efficientnet-lite0": Backbone("efficientnet-lite0", 224, 256 / 224, (127.0,) * 3, (128.0,) * 3, 8),
}  # fmt: skip


def backbone_named(name: str) -> Backbone:
    """The backbone of this name. Raises InputError, with the names, for another."""
    if name not in BACKBONES:
        raise InputError(f"a backbone is one of {', '.join(BACKBONES)}, not {name!r}")
    return BACKBONES[name]
