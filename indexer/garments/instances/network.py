"""The whole Mask R-CNN, and its weights on disk.

He et al., "Mask R-CNN", ICCV 2017, through torchvision's implementation.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from engine.errors import InputError
from indexer.garments.instances.backbones import backbone, freeze_norms, preprocessing
from indexer.garments.instances.description import Description, described
from indexer.runtime.torchvision_shim import torchvision

_ANCHOR = 4  # side of an anchor, in strides of its level
_RATIOS = (0.5, 1.0, 2.0)  # height over width of anchors


class _AsGiven(torchvision.models.detection.transform.GeneralizedRCNNTransform):  # type: ignore[misc]
    """Normalises and stacks pictures that have their size already; boxes and masks stay as the heads give them."""

    def resize(self, image: Tensor, target: dict[str, Tensor] | None = None) -> tuple[Tensor, dict[str, Tensor] | None]:
        return image, target

    def postprocess(self, result: Any, image_shapes: Any, original_image_sizes: Any) -> Any:
        return result


def build(told: Description, pretrained: bool = False) -> Any:
    """torchvision's MaskRCNN as described; pretrained: ImageNet's weights in the backbone.

    Pictures go in as float (3, h, w) in [0, 1] at the size of the description; out come boxes in these pixels, labels,
    scores, and masks as probabilities (n, 1, 28, 28) over each box.
    """
    from torchvision.models.detection import MaskRCNN
    from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
    from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor
    from torchvision.models.detection.rpn import AnchorGenerator
    from torchvision.ops import MultiScaleRoIAlign

    strides = [stride for stride in (4, 8, 16, 32, 64) if stride >= told.finest]
    levels = [str(level) for level in range(len(strides) - 1)]
    mean, spread = preprocessing(told.backbone)
    labels = len(told.classes) + 1
    network = MaskRCNN(
        backbone(told.backbone, told.channels, told.finest, pretrained),
        rpn_anchor_generator=AnchorGenerator(tuple((_ANCHOR * s,) for s in strides), (_RATIOS,) * len(strides)),
        rpn_pre_nms_top_n_train=1000,
        rpn_pre_nms_top_n_test=500,
        rpn_post_nms_top_n_train=500,
        rpn_post_nms_top_n_test=300,
        box_roi_pool=MultiScaleRoIAlign(levels, 7, 2),
        box_head=TwoMLPHead(told.channels * 49, told.units),
        box_predictor=FastRCNNPredictor(told.units, labels),
        box_batch_size_per_image=128,
        mask_roi_pool=MultiScaleRoIAlign(levels, 14, 2),
        mask_head=MaskRCNNHeads(told.channels, (told.channels,) * told.mask_layers, 1),
        mask_predictor=MaskRCNNPredictor(told.channels, told.channels, labels),
    )
    network.transform = _AsGiven(told.short_side, told.long_side, list(mean), list(spread))
    return network


def save(network: Any, told: Description, file: Path) -> None:
    """Write the weights, kernels as float16, with the description in the header of the safetensors file."""
    from safetensors.torch import save_file

    state = {
        name: (value.half() if value.ndim > 1 else value.float()).cpu().contiguous()  # norms' variances can be tiny
        for name, value in network.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    part = file.with_name(file.name + ".tmp")
    save_file(state, part, metadata=told.metadata())
    part.chmod(0o644)  # safetensors writes for the owner alone
    part.replace(file)


def read_description(file: Path) -> Description:
    """What network the weights are of. Raises InputError when the file is missing or holds no such weights."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, "numpy") as stored:
            return described(stored.metadata() or {})
    except (FileNotFoundError, IsADirectoryError) as error:
        raise InputError(f"no Mask R-CNN weights at {file}") from error
    except SafetensorError as error:
        raise InputError(f"{file} is not a safetensors file: {error}") from error
    except InputError as error:
        raise InputError(f"{file}: {error}") from None


def load(file: Path) -> tuple[Any, Description]:
    """The network with its weights, float32, ready to run, and what it is. Raises InputError as `read_description`."""
    from safetensors.torch import load_file

    told = read_description(file)
    network = build(told)
    freeze_norms(network)
    try:
        network.load_state_dict({name: value.float() for name, value in load_file(file).items()})
    except RuntimeError as error:
        raise InputError(f"{file} does not hold the network that it describes: {error}") from error
    return network.eval().requires_grad_(False), told


def device_of(name: str) -> torch.device:
    """The torch device for "auto" (CUDA where there is one), "cpu", "cuda", "cuda:1", ...; InputError for others."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name != "cpu" and not name.startswith("cuda"):
        raise InputError(f"unknown device {name!r}: use 'auto', 'cpu' or 'cuda'")
    if name != "cpu" and not torch.cuda.is_available():
        raise InputError(
            "torch finds no CUDA GPU: check the driver and that torch is a CUDA build, or use device='cpu'"
        )
    return torch.device(name)
