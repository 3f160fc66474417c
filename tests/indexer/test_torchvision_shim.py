"""Pure-torch nms and roi_align against plain loops; torchvision imports."""

from __future__ import annotations

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
def test_roi_align_by_loops(aligned: bool) -> None:
    rng = np.random.default_rng(1)
    features = rng.normal(size=(2, 3, 9, 11))
    boxes = np.array([[0, 2.3, 4.1, 15.7, 12.2], [1, -6.0, -5.0, 30.0, 9.0], [1, 8.0, 8.0, 8.4, 8.9]])
    scale, samples, (rows, columns) = 0.5, 2, (3, 4)
    want = np.zeros((3, 3, rows, columns))
    for k, (picture, *corners) in enumerate(boxes):
        x1, y1, x2, y2 = (v * scale - (0.5 if aligned else 0) for v in corners)
        width, height = (x2 - x1, y2 - y1) if aligned else (max(x2 - x1, 1), max(y2 - y1, 1))
        for c in range(3):
            for i in range(rows):
                for j in range(columns):
                    total = 0.0
                    for s in range(samples):
                        for t in range(samples):
                            y = y1 + height / rows * (i + (s + 0.5) / samples)
                            x = x1 + width / columns * (j + (t + 0.5) / samples)
                            total += bilinear(features[int(picture), c], y, x)
                    want[k, c, i, j] = total / samples**2
    got = roi_align(torch.tensor(features), torch.tensor(boxes), (rows, columns), scale, samples, aligned)
    np.testing.assert_allclose(got.numpy(), want, atol=1e-9)
