"""torchvision beside a CPU build of torch, and two of its operators in plain torch.

torchvision's compiled operators do not load where they were built for another torch (a CUDA build beside torch's CPU
build); `import torchvision` then fails, because it describes two operators that nobody defined. Naming them first is
enough for models, weights and transforms:

    from indexer.runtime.torchvision_shim import torchvision

`nms` and `roi_align` below work where the compiled ones are missing.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor


def _operators_load() -> bool:
    """Whether torchvision's compiled operators load beside this torch."""
    package = find_spec("torchvision")
    if package is None:
        raise ImportError("torchvision is not installed", name="torchvision")
    try:
        for library in Path(package.origin or "").parent.glob("_C.*"):
            torch.ops.load_library(str(library))
    except OSError:
        return False
    return True


if not _operators_load():
    _names = torch.library.Library("torchvision", "DEF")  # kept: the names go when it does
    _names.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _names.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")

import torchvision  # noqa: E402  the names must exist before

__all__ = ["nms", "roi_align", "torchvision"]


def nms(boxes: Tensor, scores: Tensor, iou_threshold: float) -> Tensor:
    """Rows of the boxes (n, 4: x1, y1, x2, y2) kept by greedy suppression, best score first, int64.

    A box goes when its intersection over union with a kept one of a higher score is above the threshold.
    """
    order = scores.argsort(descending=True, stable=True)
    boxes = boxes[order]
    area = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    corner = torch.maximum(boxes[:, None, :2], boxes[None, :, :2])
    overlap = (torch.minimum(boxes[:, None, 2:], boxes[None, :, 2:]) - corner).clamp(min=0).prod(2)
    above = overlap / (area[:, None] + area[None] - overlap) > iou_threshold
    kept = torch.ones(len(boxes), dtype=torch.bool, device=boxes.device)
    for row in range(len(boxes)):
        if kept[row]:
            kept[row + 1 :] &= ~above[row, row + 1 :]
    return order[kept]


def roi_align(
    features: Tensor, boxes: Tensor, size: tuple[int, int], scale: float = 1.0, samples: int = 2, aligned: bool = False
) -> Tensor:
    """Features (n, c, h, w) averaged over a `size` grid of bins in each box: (k, c, *size).

    boxes: (k, 5), number of the picture, then x1, y1, x2, y2 in picture pixels, brought to the features' by `scale`.
    samples: bilinear samples an axis of a bin. aligned: shift by half a pixel, without a least box size of 1.
    He et al., "Mask R-CNN", 2017, section 3.
    """
    offset = 0.5 if aligned else 0.0
    x1, y1, x2, y2 = (boxes[:, 1:] * scale - offset).unbind(1)
    least = 0.0 if aligned else 1.0
    ys = _samples(y1, (y2 - y1).clamp(min=least) if least else y2 - y1, size[0], samples)
    xs = _samples(x1, (x2 - x1).clamp(min=least) if least else x2 - x1, size[1], samples)
    across = _bilinear(xs, features.shape[3])  # (k, bins * samples, w)
    down = _bilinear(ys, features.shape[2])
    taken = torch.einsum("kyh,kchw,kxw->kcyx", down, features[boxes[:, 0].long()], across)
    bins = taken.unflatten(3, (size[1], samples)).unflatten(2, (size[0], samples))
    return bins.mean((3, 5))


def _samples(start: Tensor, length: Tensor, bins: int, samples: int) -> Tensor:
    """Where each box is sampled along one axis: (k, bins * samples)."""
    steps = (torch.arange(bins * samples, device=start.device, dtype=start.dtype) + 0.5) / (bins * samples)
    return start[:, None] + length[:, None] * steps


def _bilinear(at: Tensor, length: int) -> Tensor:
    """Weights (k, m, length) that interpolate along an axis at (k, m); none more than a pixel outside it."""
    inside = (at >= -1) & (at <= length)
    at = at.clamp(0, length - 1)
    distance = (at[..., None] - torch.arange(length, device=at.device, dtype=at.dtype)).abs()
    return (1 - distance).clamp(min=0) * inside[..., None]
