"""Any backbone under a feature pyramid: EfficientNet-Lite0, or what torchvision has by name."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import torch
from torch import Tensor, nn

from engine.errors import InputError
from indexer.garments.instances import lite0
from indexer.runtime.torchvision_shim import torchvision

_PROBE = 64
_IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def preprocessing(name: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and spread of R, G, B in [0, 1] that the backbone wants taken off and divided by."""
    return (lite0.MEAN, lite0.SPREAD) if name == "efficientnet_lite0" else _IMAGENET


def backbone(name: str, channels: int, finest: int, pretrained: bool) -> Any:
    """The features at the strides finest, 8, 16 and 32 under a pyramid of that many channels, and one level above.

    pretrained: with ImageNet's weights; their norms, first layers (up to stride 4) and depthwise kernels are then kept
    as they are: small batches would spoil the norms, and the rest changes least in fine-tuning.
    Raises InputError for a network that torchvision does not have or that has no such features.
    """
    from torchvision.models.detection.backbone_utils import BackboneWithFPN

    body = lite0.lite0(pretrained) if name == "efficientnet_lite0" else _torchvision(name, pretrained)
    ends = _ends_of_strides(body)
    wanted = [stride for stride in (4, 8, 16, 32) if stride >= finest]
    if not set(wanted) <= set(ends):
        raise InputError(f"{name} has no features at every stride of {wanted}: use another backbone")
    if pretrained:
        freeze_norms(body)
        _keep(body, ends[4][0])
    layers = {ends[stride][0]: str(level) for level, stride in enumerate(wanted)}
    return BackboneWithFPN(body, layers, [ends[stride][1] for stride in wanted], channels)


def freeze_norms(network: nn.Module) -> None:
    """Puts torchvision's frozen batch norms, which never learn, for all that do."""
    from torchvision.ops import FrozenBatchNorm2d

    for parent in list(network.modules()):
        for name, norm in parent.named_children():
            if isinstance(norm, nn.BatchNorm2d):
                frozen = FrozenBatchNorm2d(norm.num_features, norm.eps)
                frozen.load_state_dict(norm.state_dict())
                setattr(parent, name, frozen)


def _torchvision(name: str, pretrained: bool) -> nn.Module:
    """torchvision's network as a module whose direct children are run one after another."""
    try:
        network = torchvision.models.get_model(name, weights="DEFAULT" if pretrained else None)
    except ValueError:
        raise InputError(
            f"torchvision has no network {name!r}: try resnet50, mobilenet_v3_large or efficientnet_lite0"
        ) from None
    except OSError as error:
        raise InputError(
            f"torchvision could not download ImageNet's weights of {name} ({error}): train with --backbone-weights "
            "none, or use efficientnet_lite0, whose weights are a package"
        ) from error
    if isinstance(getattr(network, "features", None), nn.Sequential):
        return network.features
    if hasattr(network, "trunk_output"):
        return nn.Sequential(OrderedDict([("stem", network.stem), *network.trunk_output.named_children()]))
    children = OrderedDict((key, child) for key, child in network.named_children() if key not in ("avgpool", "fc"))
    if "layer4" not in children:
        raise InputError(
            f"{name} cannot carry a feature pyramid: try resnet50, mobilenet_v3_large or efficientnet_lite0"
        )
    return nn.Sequential(children)


def _ends_of_strides(body: nn.Module) -> dict[int, tuple[str, int]]:
    """Stride -> name and channels of the last direct child whose features have it."""
    was = body.training
    body.eval()
    x: Tensor = torch.zeros(1, 3, _PROBE, _PROBE)
    ends: dict[int, tuple[str, int]] = {}
    with torch.no_grad():
        for name, child in body.named_children():
            x = child(x)
            ends[_PROBE // x.shape[-1]] = (name, x.shape[1])
    body.train(was)
    return ends


def _keep(body: nn.Module, last: str) -> None:
    """Leaves the children up to this one, and all depthwise kernels, out of training."""
    for name, child in body.named_children():
        child.requires_grad_(False)
        if name == last:
            break
    for module in body.modules():
        if isinstance(module, nn.Conv2d) and module.groups == module.in_channels > 1:
            module.weight.requires_grad_(False)
