"""Pictures in, masks at their size out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from indexer.garments.instances.description import Description

_BATCH = 8
"""Pictures a forward pass: bounds memory."""
_EDGE = 0.5
"""Probability from which a pixel belongs to an instance."""


@dataclass(frozen=True, eq=False)
class Detection:
    """label: number of the class, from 0. score: in [0, 1]. mask: bool (h, w) of the picture, at least one True."""

    label: int
    score: float
    mask: NDArray[np.bool_]


class Detector:
    """A network on a device. least: detections of a lower score are passed over."""

    def __init__(self, network: Any, told: Description, device: torch.device, least: float) -> None:
        self._network = network.to(device).eval()
        self._network.roi_heads.score_thresh = least
        self._told = told
        self._device = device

    def __call__(self, pictures: Sequence[NDArray[np.uint8]]) -> list[list[Detection]]:
        """What is in each uint8 RGB picture (h, w, 3), the surest first."""
        return [found for part in self._batches(pictures) for found in part]

    def _batches(self, pictures: Sequence[NDArray[np.uint8]]) -> Iterator[list[list[Detection]]]:
        for start in range(0, len(pictures), _BATCH):
            batch = pictures[start : start + _BATCH]
            with torch.inference_mode():
                told = self._network([self._tensor(picture) for picture in batch])
            yield [self._detections(one, picture.shape[:2]) for one, picture in zip(told, batch, strict=True)]

    def _tensor(self, picture: NDArray[np.uint8]) -> torch.Tensor:
        return tensor_of(resized(picture, self._told)).to(self._device)

    def _detections(self, told: dict[str, torch.Tensor], size: tuple[int, int]) -> list[Detection]:
        width, height = target_size((size[1], size[0]), self._told)
        boxes = told["boxes"].cpu().numpy() * np.array([size[1] / width, size[0] / height] * 2)
        shares = told["masks"][:, 0].cpu().numpy()
        found = [
            Detection(int(label) - 1, float(score), paste(share, box, size))
            for label, score, share, box in zip(
                told["labels"].tolist(), told["scores"].tolist(), shares, boxes, strict=True
            )
        ]
        return [one for one in found if one.mask.any()]


def target_size(size: tuple[int, int], told: Description) -> tuple[int, int]:
    """The (width, height) at which the network sees a picture of that size."""
    scale = min(told.short_side / min(size), told.long_side / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def resized(picture: NDArray[np.uint8], told: Description) -> NDArray[np.uint8]:
    """A picture at the network's size, antialiased."""
    size = target_size((picture.shape[1], picture.shape[0]), told)
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BILINEAR))


def tensor_of(picture: NDArray[np.uint8]) -> torch.Tensor:
    """float32 (3, h, w) in [0, 1]."""
    return torch.tensor(picture).permute(2, 0, 1).float() / 255


def paste(share: NDArray[np.float32], box: NDArray[np.floating], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Probabilities (m, m) over a box (x1, y1, x2, y2, in pixels) as a mask, bool (h, w).

    Between the centres of the cells the values are interpolated; outside of the box they fall to 0 within half a cell.
    """
    height, width = size
    down = _weights(box[1], box[3], height, len(share))
    across = _weights(box[0], box[2], width, share.shape[1])
    rows, columns = np.flatnonzero(down.any(1)), np.flatnonzero(across.any(1))
    mask = np.zeros(size, dtype=bool)
    if len(rows) and len(columns):
        part = np.s_[rows[0] : rows[-1] + 1], np.s_[columns[0] : columns[-1] + 1]
        mask[part] = down[part[0]] @ share @ across[part[1]].T >= _EDGE
    return mask


def _weights(start: float, stop: float, pixels: int, cells: int) -> NDArray[np.float64]:
    """Shares (pixels, cells) that interpolate a row of cells stretched from start to stop at the pixels' middles."""
    at = (np.arange(pixels) + 0.5 - start) / max(stop - start, 1e-6) * cells - 0.5
    weights: NDArray[np.float64] = np.maximum(0.0, 1.0 - np.abs(at[:, None] - np.arange(cells)))
    return weights
