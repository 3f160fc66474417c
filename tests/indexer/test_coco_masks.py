"""Run lengths and polygons against pycocotools, pixel for pixel; holes by COCO's conventions."""

from __future__ import annotations

import numpy as np
import pytest
from pycocotools import mask as oracle

from indexer.coco.polygons import rasterise
from indexer.coco.rle import Rle, counts_of

# pycocotools' decoder has not caught up with NumPy 2's __array__.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def drawn(polygons: list[np.ndarray], width: int, height: int) -> np.ndarray:
    """pycocotools' union of polygons, bool (h, w)."""
    runs = oracle.frPyObjects([polygon.ravel().tolist() for polygon in polygons], height, width)
    return oracle.decode(oracle.merge(runs)).astype(bool)


def random_polygon(rng: np.random.Generator, kind: str, width: int, height: int) -> np.ndarray:
    corners = int(rng.integers(3, 20))
    if kind == "round":
        angle = np.sort(rng.random(corners)) * 2 * np.pi
        return np.stack([width / 2 + np.cos(angle) * width * 0.4, height / 2 + np.sin(angle) * height * 0.4], 1)
    points = rng.random((corners, 2)) * [width, height]
    if kind == "outside":
        return points * 1.6 - [0.3 * width, 0.3 * height]
    return np.rint(points) if kind == "whole" else points


@pytest.mark.parametrize("kind", ["crossing", "round", "outside", "whole"])
def test_polygons_as_pycocotools(kind: str) -> None:
    rng = np.random.default_rng(["crossing", "round", "outside", "whole"].index(kind))
    covered = 0
    for trial in range(40):
        width, height = (int(v) for v in rng.integers(1, 60 if trial % 2 else 400, 2))
        polygons = [random_polygon(rng, kind, width, height) for _ in range(int(rng.integers(1, 4)))]
        want = drawn(polygons, width, height)
        np.testing.assert_array_equal(rasterise(tuple(polygons), width, height), want)
        covered += int(want.sum())
    assert covered > 5_000


def test_a_square_covers_its_pixels() -> None:
    mask = rasterise((np.array([[2.0, 1], [5, 1], [5, 4], [2, 4]]),), 7, 6)
    want = np.zeros((6, 7), dtype=bool)
    want[1:4, 2:5] = True
    np.testing.assert_array_equal(mask, want)


def test_several_polygons_are_united_whatever_their_turn() -> None:
    square = np.array([[1.0, 1], [8, 1], [8, 8], [1, 8]])
    inner = np.array([[3.0, 3], [6, 3], [6, 6], [3, 6]])
    for second in (inner, inner[::-1]):
        assert rasterise((square, second), 10, 10).sum() == 49


def test_a_ring_with_a_bridge_has_a_hole() -> None:
    ring = np.array([[1.0, 1], [9, 1], [9, 9], [1, 9], [1, 1], [3, 3], [3, 7], [7, 7], [7, 3], [3, 3]])
    mask = rasterise((ring,), 10, 10)
    np.testing.assert_array_equal(mask, drawn([ring], 10, 10))
    assert not mask[4:6, 4:6].any()
    assert mask[1:3, 1:9].all()


def random_masks() -> list[np.ndarray]:
    rng = np.random.default_rng(5)
    masks = [np.zeros((4, 5), bool), np.ones((3, 7), bool), np.ones((1, 1), bool)]
    for _ in range(25):
        height, width = rng.integers(1, 90, 2)
        masks.append(rng.random((height, width)) < rng.choice([0.02, 0.5, 0.98]))
        masks.append(np.repeat(np.repeat(rng.random((4, 3)) < 0.5, height, 0), width, 1))
    return masks


def test_run_lengths_as_pycocotools() -> None:
    for mask in random_masks():
        runs = Rle.of(mask)
        want = oracle.encode(np.asfortranarray(mask.astype(np.uint8)))
        assert runs.text() == want["counts"].decode()
        assert runs.area == mask.sum()
        np.testing.assert_array_equal(runs.mask(), mask)
        np.testing.assert_array_equal(counts_of(runs.text()), runs.counts)


def test_the_largest_numbers_survive() -> None:
    runs = Rle(50_000, 1000, np.array([0, 25_000_000, 1, 24_999_999], dtype=np.int64))
    np.testing.assert_array_equal(counts_of(runs.text()), runs.counts)


@pytest.mark.parametrize("text", ["p", "0P", "é", " ", "o" * 40 + "0"])
def test_text_that_is_no_run_lengths(text: str) -> None:
    with pytest.raises(ValueError, match="compressed"):
        counts_of(text)
