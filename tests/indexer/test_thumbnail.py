"""Thumbnails: whole, small, and still the photo."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from indexer.picture import Picture
from indexer.thumbnail import thumbnail


def smooth(width: int, height: int) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width]
    return np.dstack([x * 200 // width + 20, y * 200 // height + 20, np.full_like(x, 90)]).astype(np.uint8)


def opened(data: bytes) -> np.ndarray:
    assert data[:3] == b"\xff\xd8\xff"
    return cv2.cvtColor(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


@pytest.mark.parametrize(
    ("size", "small"),
    [
        ((400, 533), (200, 267)),  # a half
        ((640, 480), (214, 160)),  # a third
        ((250, 300), (225, 270)),  # a half would be too small
        ((100, 50), (100, 50)),
        ((640, 1), (214, 1)),
        ((300, 1), (270, 1)),
    ],
)
def test_size_and_pixels(size: tuple[int, int], small: tuple[int, int]) -> None:
    picture = Picture(smooth(*size))
    pixels = opened(thumbnail(picture))
    assert pixels.shape[1::-1] == small
    wanted = cv2.resize(picture.rgb, small, interpolation=cv2.INTER_AREA)
    assert np.abs(pixels.astype(int) - wanted).mean() < 4


def test_side_can_be_chosen() -> None:
    assert opened(thumbnail(Picture(smooth(300, 400)), side=100)).shape == (100, 75, 3)


def test_background_is_painted_outside_the_mask_only_on_request() -> None:
    mask = np.zeros((80, 80), bool)
    mask[:, :40] = True
    picture = Picture(np.zeros((80, 80, 3), np.uint8), mask)
    plain, white = opened(thumbnail(picture)), opened(thumbnail(picture, background=(255, 255, 255)))
    assert plain.max() < 10
    assert white[:, 48:].min() > 245
    assert white[:, :32].max() < 10
