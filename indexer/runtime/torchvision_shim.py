"""torchvision beside a CPU build of torch: its operators `nms` and `roi_align` in plain torch.

torchvision's compiled operators do not load where they were built for another torch (a CUDA build beside torch's CPU
build); `import torchvision` then fails, because it describes operators that nobody defined. Imported by

    from indexer.runtime.torchvision_shim import torchvision

it works: where the compiled operators are missing, `torch.ops.torchvision.nms` and `.roi_align` are the functions
below, which is all that torchvision's detectors (Mask R-CNN among them) call, in training as well. Other compiled
operators (roi_pool, deform_conv2d, ...) stay missing, and torchvision says so when they are called.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

_SCHEMAS = {
    "nms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "roi_align": (
        "(Tensor input, Tensor rois, float spatial_scale, SymInt pooled_height, SymInt pooled_width, "
        "int sampling_ratio, bool aligned) -> Tensor"
    ),
}
_BLOCK = 1024  # boxes compared with all others at a time: bounds the memory of nms


def nms(boxes: Tensor, scores: Tensor, iou_threshold: float) -> Tensor:
    """Rows of the boxes (n, 4: x1, y1, x2, y2) kept by greedy suppression, best score first, int64.

    A box goes when its intersection over union with a kept one of a higher score is above the threshold.
    """
    order = scores.argsort(descending=True, stable=True)
    boxes = boxes.detach()[order]
    area = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    kept = torch.ones(len(boxes), dtype=torch.bool).numpy()
    for start in range(0, len(boxes), _BLOCK):
        block = slice(start, start + _BLOCK)
        corner = torch.maximum(boxes[block, None, :2], boxes[None, start:, :2])
        overlap = (torch.minimum(boxes[block, None, 2:], boxes[None, start:, 2:]) - corner).clamp(min=0).prod(2)
        above = (overlap / (area[block, None] + area[None, start:] - overlap) > iou_threshold).cpu().numpy()
        rest = kept[start:]
        for row in range(len(above)):
            if rest[row]:
                rest[row + 1 :] &= ~above[row, row + 1 :]
    return order[torch.from_numpy(kept).to(order.device)]


def roi_align(
    features: Tensor, boxes: Tensor, size: tuple[int, int], scale: float = 1.0, samples: int = 2, aligned: bool = False
) -> Tensor:
    """Features (n, c, h, w) averaged over a `size` grid of bins in each box: (k, c, *size).

    boxes: (k, 5), number of the picture, then x1, y1, x2, y2 in picture pixels, brought to the features' by `scale`.
    samples: bilinear samples an axis of a bin; 0 or less for as many as a bin has pixels. aligned: shift by half a
    pixel, without a least box size of 1. Gradients flow to the features, none to the boxes.
    He et al., "Mask R-CNN", 2017, section 3.
    """
    boxes = boxes.detach()
    if samples > 0 or not len(boxes):
        return _align(features, boxes, size, scale, (max(samples, 1), max(samples, 1)), aligned)
    sides = (boxes[:, [4, 3]] - boxes[:, [2, 1]]).float() * scale
    counts = (sides.clamp(min=0.0 if aligned else 1.0) / torch.tensor(size, device=boxes.device)).ceil().clamp(min=1)
    kinds, which = counts.long().unique(dim=0, return_inverse=True)
    rows = [(which == kind).nonzero()[:, 0] for kind in range(len(kinds))]
    parts = [
        _align(features, boxes[row], size, scale, (int(down), int(across)), aligned)
        for row, (down, across) in zip(rows, kinds.tolist(), strict=True)
    ]
    return torch.cat(parts)[torch.cat(rows).argsort()]


def _align(
    features: Tensor, boxes: Tensor, size: tuple[int, int], scale: float, samples: tuple[int, int], aligned: bool
) -> Tensor:
    """`roi_align` with (down, across) samples a bin.

    A bin is a weighted sum of 4 * down * across places of the feature maps: an embedding bag, whose kernels sum rows of
    channels, forward and backward, without a copy of the maps for each box.
    """
    count, channels, height, width = features.shape
    boxes = boxes.to(torch.promote_types(boxes.dtype, torch.float32))  # half precision would misplace the samples
    y, down = _corners(boxes[:, [2, 4]] * scale, size[0], samples[0], height, aligned)
    x, across = _corners(boxes[:, [1, 3]] * scale, size[1], samples[1], width, aligned)
    picture = boxes[:, 0].long() * (height * width)
    places = picture.view(-1, 1, 1, 1, 1) + y[:, :, None, :, None] * width + x[:, None, :, None, :]
    weights = (down[:, :, None, :, None] * across[:, None, :, None, :]).to(features.dtype)
    rows = features.permute(0, 2, 3, 1).reshape(count * height * width, channels)
    each = 4 * samples[0] * samples[1]
    bins = functional.embedding_bag(
        places.reshape(-1, each), rows, per_sample_weights=weights.reshape(-1, each), mode="sum"
    )
    return bins.view(len(boxes), *size, channels).permute(0, 3, 1, 2)


def _corners(ends: Tensor, bins: int, samples: int, length: int, aligned: bool) -> tuple[Tensor, Tensor]:
    """The pixels along one axis that each bin of each box (k, 2: from, to) is made of, and their weights.

    Both (k, bins, 2 * samples). Samples more than a pixel outside have no weight; nearer ones take the edge's pixel.
    """
    start, stop = (ends - (0.5 if aligned else 0.0)).unbind(1)
    side = stop - start if aligned else (stop - start).clamp(min=1)
    steps = (torch.arange(bins * samples, device=ends.device, dtype=ends.dtype) + 0.5) / (bins * samples)
    at = start[:, None] + side[:, None] * steps
    inside = ((at >= -1) & (at <= length)).to(at.dtype) / samples
    at = at.clamp(0, length - 1)
    low = at.floor()
    part = at - low
    pixels = torch.stack([low, (low + 1).clamp(max=length - 1)], -1).long()
    weights = torch.stack([(1 - part) * inside, part * inside], -1)
    return pixels.view(-1, bins, 2 * samples), weights.view(-1, bins, 2 * samples)


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
    return hasattr(torch.ops.torchvision, "nms")


def _define() -> torch.library.Library:
    """The operators under torchvision's names; autograd sees through them, on every device."""
    names = torch.library.Library("torchvision", "DEF")
    for name, schema in _SCHEMAS.items():
        names.define(name + schema)
    names.impl("nms", nms, "CompositeExplicitAutograd")  # torchvision itself describes nms to torch.compile
    names.impl(
        "roi_align",
        lambda features, boxes, scale, rows, columns, samples, aligned: roi_align(
            features, boxes, (rows, columns), scale, samples, aligned
        ),
        "CompositeImplicitAutograd",
    )
    return names


def _use() -> None:
    """Lets the two modules that call the operators do so: they ask first whether the compiled ones loaded."""
    vars(sys.modules["torchvision.ops.boxes"])["_assert_has_ops"] = lambda: None
    caller = vars(sys.modules["torchvision.ops.roi_align"])
    caller["_has_ops"] = lambda: True  # else it would compile a slow substitute of its own
    caller["_assert_has_ops"] = lambda: None


_MISSING = not _operators_load()
if _MISSING:
    _names = _define()  # kept: the names go when it does

import torchvision  # noqa: E402  the names must exist before

if _MISSING:
    _use()

__all__ = ["nms", "roi_align", "torchvision"]
