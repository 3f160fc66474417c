"""The `colour` space against a histogram counted pixel by pixel, and the counts that the colour spaces share."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

from indexer.picture import Picture
from indexer.spaces import histogram
from indexer.spaces.colour import Colour
from indexer.spaces.histogram import SAMPLES, bin_colours, colour_counts, sampling_step


def counted_by_hand(picture: Picture, bits: int) -> dict[int, int]:
    counts: dict[int, int] = {}
    pixels = picture.pixels()
    for i in range(0, len(pixels), sampling_step(len(pixels), picture.rgb.shape[1])):
        r, g, b = (int(value) >> (8 - bits) for value in pixels[i])
        key = (r << 2 * bits) + (g << bits) + b
        counts[key] = counts.get(key, 0) + 1
    return counts


def noise(height: int, width: int, seed: int = 0, masked: bool = False) -> Picture:
    rng = np.random.default_rng(seed)
    rgb = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Picture(rgb, rng.random((height, width)) < 0.4 if masked else None)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(("height", "width"), [(1, 1), (31, 17), (300, 260), (533, 400)])
def test_counts_are_those_of_a_plain_loop(height: int, width: int, masked: bool) -> None:
    picture = noise(height, width, masked=masked)
    bins, counts = colour_counts(picture)
    assert dict(zip(bins.tolist(), counts.tolist(), strict=True)) == counted_by_hand(picture, bits=5)
    vector = Colour().extract([picture])[0]
    expected = np.zeros(512)
    for key, count in counted_by_hand(picture, bits=3).items():
        expected[key] = count
    np.testing.assert_allclose(vector, np.sqrt(expected / expected.sum()), atol=1e-6)


def test_small_pictures_are_counted_whole_and_large_ones_thinned() -> None:
    assert sampling_step(1, 1) == 1
    assert sampling_step(2 * SAMPLES - 1, 256) == 1
    for height, width in ((533, 400), (512, 384), (2000, 3000), (700, 210)):
        step = sampling_step(height * width, width)
        assert np.gcd(step, width) == 1
        assert height * width / step >= SAMPLES / 3


def test_sampling_sees_every_column_of_fine_stripes() -> None:
    rgb = np.zeros((533, 400, 3), np.uint8)
    rgb[:, ::4] = 255
    vector = Colour().extract([Picture(rgb)])[0]
    assert vector[511] ** 2 == pytest.approx(0.25, abs=0.002)


def test_counting_happens_once_a_picture_and_is_forgotten_with_it() -> None:
    picture = noise(20, 20)
    assert colour_counts(picture) is colour_counts(picture)
    watch = weakref.ref(picture)
    held = len(histogram._counted)
    del picture
    gc.collect()
    assert watch() is None
    assert len(histogram._counted) == held - 1


def test_bin_colours_fall_into_their_bins_and_reach_the_ends() -> None:
    bins = np.arange(histogram.BINS)
    colours = bin_colours(bins)
    quantised = colours.astype(np.int64) >> 3
    np.testing.assert_array_equal(quantised[:, 0] << 10 | quantised[:, 1] << 5 | quantised[:, 2], bins)
    assert colours[0].tolist() == [0, 0, 0]
    assert colours[-1].tolist() == [255, 255, 255]


@pytest.mark.parametrize(
    ("rgb", "bin_index"),
    [
        ((255, 0, 0), 7 * 64),
        ((0, 255, 0), 7 * 8),
        ((0, 0, 255), 7),
        ((0, 0, 0), 0),
        ((255, 255, 255), 511),
        ((31, 32, 64), 0 * 64 + 1 * 8 + 2),
    ],
)
def test_pure_colours_fill_one_bin_in_rgb_order(rgb: tuple[int, int, int], bin_index: int) -> None:
    vector = Colour().extract([Picture(np.full((6, 4, 3), rgb, np.uint8))])[0]
    expected = np.zeros(512, np.float32)
    expected[bin_index] = 1
    np.testing.assert_array_equal(vector, expected)


def test_only_the_garment_counts() -> None:
    mask = np.zeros((60, 60), bool)
    mask[10:50, 20:40] = True
    vectors = []
    for background in (0, 128, 255):
        rgb = np.full((60, 60, 3), background, np.uint8)
        rgb[mask] = (200, 30, 40)
        vectors.append(Colour().extract([Picture(rgb, mask)])[0])
    np.testing.assert_array_equal(vectors[0], vectors[1])
    np.testing.assert_array_equal(vectors[0], vectors[2])


def test_white_on_white_is_not_nothing() -> None:
    vector = Colour().extract([Picture(np.full((50, 50, 3), 255, np.uint8))])[0]
    assert vector[511] == 1
