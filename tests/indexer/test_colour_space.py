"""The `colour` space against a histogram counted pixel by pixel, and the counts that the colour spaces share."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

from indexer.coarse import coarse_view
from indexer.picture import Picture
from indexer.spaces import histogram
from indexer.spaces.colour import Colour
from indexer.spaces.histogram import SAMPLES, bin_colours, colour_counts, sampling_step


def inner_by_hand(mask: np.ndarray) -> np.ndarray:
    """The mask without a border of 2 % of its size, taken off one pixel at a time; whole if that leaves less than half.

    Beyond the picture's edge counts as inside.
    """
    inner = mask
    for _ in range(round(0.02 * np.sqrt(mask.sum()))):
        padded = np.pad(inner, 1, constant_values=True)
        height, width = mask.shape
        inner = np.all([padded[y : y + height, x : x + width] for y in range(3) for x in range(3)], axis=0)
    return inner if inner.sum() >= mask.sum() / 2 else mask


def counted_by_hand(picture: Picture) -> dict[int, int]:
    counts: dict[int, int] = {}
    rgb, mask = coarse_view(picture)
    pixels = rgb.reshape(-1, 3) if mask is None else rgb[inner_by_hand(mask)]
    for i in range(0, len(pixels), sampling_step(len(pixels), rgb.shape[1])):
        r, g, b = (int(value) >> 3 for value in pixels[i])
        key = (r << 10) + (g << 5) + b
        counts[key] = counts.get(key, 0) + 1
    return counts


def spread_by_hand(counts: dict[int, int]) -> np.ndarray:
    """The vector: each level of five bits shared out between the two bins of eight whose middles it lies between."""
    shares = np.zeros((8, 8, 8))
    for key, count in counts.items():
        places = [min(max((level + 0.5) / 4 - 0.5, 0), 7) for level in (key >> 10, key >> 5 & 31, key & 31)]
        for r in range(8):
            for g in range(8):
                for b in range(8):
                    near = [max(0.0, 1 - abs(place - bin)) for place, bin in zip(places, (r, g, b), strict=True)]
                    shares[r, g, b] += count * near[0] * near[1] * near[2]
    raised = (shares / shares.sum()) ** 0.35
    return (raised / np.linalg.norm(raised)).ravel()


def noise(height: int, width: int, seed: int = 0, masked: bool = False) -> Picture:
    rng = np.random.default_rng(seed)
    rgb = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Picture(rgb, rng.random((height, width)) < 0.4 if masked else None)


def rectangle(height: int, width: int) -> Picture:
    picture = noise(height, width)
    mask = np.zeros((height, width), bool)
    mask[height // 4 :, width // 5 : -width // 5] = True
    return Picture(picture.rgb, mask)


PICTURES = {
    "one pixel": noise(1, 1),
    "small": noise(31, 17),
    "large": noise(533, 400),
    "specks": noise(120, 90, masked=True),
    "rectangle": rectangle(240, 180),
    "large rectangle": rectangle(533, 400),
}


@pytest.mark.parametrize("name", PICTURES)
def test_counts_are_those_of_a_plain_loop(name: str) -> None:
    bins, counts = colour_counts(PICTURES[name])
    assert dict(zip(bins.tolist(), counts.tolist(), strict=True)) == counted_by_hand(PICTURES[name])


@pytest.mark.parametrize("name", ["one pixel", "small", "plain"])
def test_vector_is_that_of_a_plain_loop(name: str) -> None:
    plain = Picture(np.full((9, 9, 3), (200, 3, 255), np.uint8))
    picture = PICTURES.get(name, plain)
    vector = Colour().extract([picture])[0]
    np.testing.assert_allclose(vector, spread_by_hand(counted_by_hand(picture)), atol=1e-6)


def test_a_little_more_light_moves_a_colour_by_a_little() -> None:
    vectors = Colour().extract([Picture(np.full((4, 4, 3), level, np.uint8)) for level in range(0, 256, 8)])
    neighbours = np.vecdot(vectors[:-1], vectors[1:])
    assert neighbours.min() > 0.5  # each in one bin alone, it would be 0 wherever a bin ends
    assert np.abs(vectors @ vectors.T)[np.abs(np.subtract.outer(np.arange(32), np.arange(32))) >= 8].max() == 0


def test_the_border_of_a_mask_is_left_out_and_a_thin_mask_is_not() -> None:
    rgb = np.full((200, 200, 3), (250, 250, 250), np.uint8)
    rgb[50:150, 50:150] = (10, 10, 120)
    loose = np.zeros((200, 200), bool)
    loose[49:151, 49:151] = True  # one pixel of background around
    tight = np.zeros((200, 200), bool)
    tight[50:150, 50:150] = True
    vectors = Colour().extract([Picture(rgb, loose), Picture(rgb, tight)])
    np.testing.assert_array_equal(vectors[0], vectors[1])
    strap = np.zeros((200, 200), bool)
    strap[60:140, 60:62] = True
    assert colour_counts(Picture(rgb, strap))[1].sum() == 160


def test_small_pictures_are_counted_whole_and_large_ones_thinned() -> None:
    assert sampling_step(1, 1) == 1
    assert sampling_step(2 * SAMPLES - 1, 256) == 1
    for height, width in ((533, 400), (512, 384), (2000, 3000), (700, 210)):
        step = sampling_step(height * width, width)
        assert np.gcd(step, width) == 1
        assert height * width / step >= SAMPLES / 3


def test_sampling_sees_every_column_of_fine_stripes() -> None:
    rgb = np.zeros((200, 340, 3), np.uint8)
    rgb[:, ::4] = 255
    assert sampling_step(200 * 340, 340) == 9
    vector = Colour().extract([Picture(rgb)])[0]
    assert (vector[511] / vector[0]) ** (1 / 0.35) == pytest.approx(1 / 3, abs=0.01)


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
        ((12, 248, 5), 7 * 8),
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
