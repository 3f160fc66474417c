"""Pure-torch nms and roi_align against plain loops; torchvision imports, and its detectors run on them."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from indexer.runtime.torchvision_shim import nms, roi_align, torchvision


def test_models_are_there() -> None:
    assert len(torchvision.models.vgg16(weights=None).features) == 31


def iou(a: np.ndarray, b: np.ndarray) -> float:
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    inter = width * height
    return inter / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - inter)


@pytest.mark.parametrize("threshold", [0.1, 0.5, 0.9])
def test_nms_is_greedy(threshold: float) -> None:
    rng = np.random.default_rng(0)
    corner = rng.random((80, 2)) * 20
    boxes, scores = np.hstack([corner, corner + 1 + rng.random((80, 2)) * 12]), rng.random(80)
    kept: list[int] = []
    for box in sorted(range(80), key=lambda n: -scores[n]):
        if all(iou(boxes[box], boxes[other]) <= threshold for other in kept):
            kept.append(box)
    assert nms(torch.tensor(boxes), torch.tensor(scores), threshold).tolist() == kept
    assert 1 < len(kept) <= 80


def test_nms_of_nothing() -> None:
    assert nms(torch.zeros(0, 4), torch.zeros(0), 0.5).tolist() == []


def bilinear(image: np.ndarray, y: float, x: float) -> float:
    """One sample; zero when more than a pixel outside, else the edge is repeated."""
    height, width = image.shape
    if y < -1 or y > height or x < -1 or x > width:
        return 0.0
    y, x = min(max(y, 0), height - 1), min(max(x, 0), width - 1)
    y0, x0 = int(y), int(x)
    y1, x1 = min(y0 + 1, height - 1), min(x0 + 1, width - 1)
    top = image[y0, x0] * (1 - (x - x0)) + image[y0, x1] * (x - x0)
    bottom = image[y1, x0] * (1 - (x - x0)) + image[y1, x1] * (x - x0)
    return top * (1 - (y - y0)) + bottom * (y - y0)


@pytest.mark.parametrize("aligned", [True, False])
@pytest.mark.parametrize("asked", [2, -1])
def test_roi_align_by_loops(aligned: bool, asked: int) -> None:
    rng = np.random.default_rng(1)
    features = rng.normal(size=(2, 3, 9, 11))
    boxes = np.array([[0, 2.3, 4.1, 15.7, 12.2], [1, -6.0, -5.0, 30.0, 9.0], [1, 8.0, 8.0, 8.4, 8.9]])
    scale, (rows, columns) = 0.5, (3, 4)
    want = np.zeros((3, 3, rows, columns))
    for k, (picture, *corners) in enumerate(boxes):
        x1, y1, x2, y2 = (v * scale - (0.5 if aligned else 0) for v in corners)
        width, height = (x2 - x1, y2 - y1) if aligned else (max(x2 - x1, 1), max(y2 - y1, 1))
        down = asked if asked > 0 else math.ceil(height / rows)
        across = asked if asked > 0 else math.ceil(width / columns)
        for c in range(3):
            for i in range(rows):
                for j in range(columns):
                    total = 0.0
                    for s in range(down):
                        for t in range(across):
                            y = y1 + height / rows * (i + (s + 0.5) / down)
                            x = x1 + width / columns * (j + (t + 0.5) / across)
                            total += bilinear(features[int(picture), c], y, x)
                    want[k, c, i, j] = total / (down * across)
    got = roi_align(torch.tensor(features), torch.tensor(boxes), (rows, columns), scale, asked, aligned)
    np.testing.assert_allclose(got.numpy(), want, atol=1e-9)


def test_roi_align_of_no_boxes() -> None:
    assert roi_align(torch.zeros(1, 3, 8, 8), torch.zeros(0, 5), (2, 2), samples=-1).shape == (0, 3, 2, 2)


def test_torchvision_calls_them() -> None:
    boxes = torch.tensor([[0.0, 0, 10, 10], [1, 1, 10, 10], [20, 20, 30, 30]])
    assert torchvision.ops.nms(boxes, torch.tensor([0.5, 0.9, 0.1]), 0.5).tolist() == [1, 2]
    torch.manual_seed(0)
    features = torch.randn(1, 2, 6, 7, dtype=torch.float64, requires_grad=True)
    rois = torch.tensor([[0, 1.0, 0.5, 5.0, 4.5], [0, 2.0, 2.0, 3.0, 6.0]], dtype=torch.float64)
    got = torchvision.ops.roi_align(features, rois, (2, 3), 0.8, 2, True)
    torch.testing.assert_close(got, roi_align(features, rois, (2, 3), 0.8, 2, True))
    assert torch.autograd.gradcheck(lambda x: torchvision.ops.roi_align(x, rois, (2, 3), 0.8, 2, True), features)


def test_mask_rcnn_learns_through_them() -> None:
    torch.manual_seed(0)
    detection = torchvision.models.detection
    options = {"num_classes": 2, "min_size": 64, "max_size": 64, "weights": None, "weights_backbone": None}
    model = detection.maskrcnn_resnet50_fpn(**options).train()
    mask = torch.zeros(1, 64, 64, dtype=torch.uint8)
    mask[:, 16:48, 16:48] = 1
    target = {"boxes": torch.tensor([[16.0, 16, 48, 48]]), "labels": torch.tensor([1]), "masks": mask}
    losses = model([torch.rand(3, 64, 64)], [target])
    sum(losses.values()).backward()
    gradient = model.backbone.body.layer4[0].conv1.weight.grad
    assert gradient is not None
    assert gradient.abs().sum() > 0
    with torch.inference_mode():
        found = model.eval()([torch.rand(3, 64, 64)])[0]
    assert found["masks"].shape[1:] == (1, 64, 64)
