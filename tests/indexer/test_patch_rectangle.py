"""The largest rectangle in a mask, against every rectangle there is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from indexer.patches.erode import close, erode, margin_of
from indexer.patches.rectangle import largest_rectangle


def greatest_area(
    mask: NDArray[np.bool_], aspect: int | None = None, least_side: int = 1, largest_side: int | None = None
) -> int:
    """By trying all rectangles."""
    height, width = mask.shape
    greatest = 0
    for top in range(height):
        for left in range(width):
            for bottom in range(top + 1, height + 1):
                for right in range(left + 1, width + 1):
                    sides = (bottom - top, right - left)
                    if min(sides) < least_side or (largest_side is not None and max(sides) > largest_side):
                        continue
                    if aspect is not None and max(sides) > aspect * min(sides):
                        continue
                    if all(mask[y, x] for y in range(top, bottom) for x in range(left, right)):
                        greatest = max(greatest, sides[0] * sides[1])
    return greatest


@st.composite
def masks(draw: st.DrawFn) -> NDArray[np.bool_]:
    height, width = draw(st.integers(1, 7)), draw(st.integers(1, 7))
    mask = np.ones((height, width), bool)
    cells = st.tuples(st.integers(0, height - 1), st.integers(0, width - 1))
    for y, x in draw(st.lists(cells, max_size=12)):
        mask[y, x] = False
    return ~mask if draw(st.integers(0, 4)) == 0 else mask


def is_it(
    mask: NDArray[np.bool_], aspect: int | None = None, least_side: int = 1, largest_side: int | None = None
) -> None:
    found = largest_rectangle(mask, aspect, least_side, largest_side)
    greatest = greatest_area(mask, aspect, least_side, largest_side)
    if found is None:
        assert greatest == 0
        return
    x, y, width, height = found
    assert width * height == greatest
    assert min(width, height) >= least_side and max(width, height) <= (largest_side or 99)
    assert aspect is None or max(width, height) <= aspect * min(width, height)
    assert min(x, y) >= 0 and x + width <= mask.shape[1] and y + height <= mask.shape[0]
    assert mask[y : y + height, x : x + width].all()


@settings(max_examples=300, deadline=None)
@given(masks())
def test_no_rectangle_of_true_is_larger(mask: NDArray[np.bool_]) -> None:
    is_it(mask)


@settings(max_examples=300, deadline=None)
@given(masks(), st.sampled_from([None, 1, 2, 3]), st.integers(1, 3), st.sampled_from([None, 3, 4]))
def test_no_rectangle_under_the_limits_is_larger(
    mask: NDArray[np.bool_], aspect: int | None, least_side: int, largest_side: int | None
) -> None:
    is_it(mask, aspect, least_side, largest_side)


def test_rectangles_drawn_among_noise_are_found_to_the_pixel() -> None:
    rng = np.random.default_rng(3)
    for _ in range(20):
        mask = rng.random((300, 400)) < 0.5
        height, width = rng.integers(60, 200, 2)
        y, x = rng.integers(1, 300 - height), rng.integers(1, 400 - width)
        mask[y - 1 : y + height + 1, x - 1 : x + width + 1] = False
        mask[y : y + height, x : x + width] = True
        assert largest_rectangle(mask) == (x, y, width, height)


def test_masks_of_one_kind() -> None:
    assert largest_rectangle(np.zeros((4, 5), bool)) is None
    assert largest_rectangle(np.ones((4, 5), bool)) == (0, 0, 5, 4)
    assert largest_rectangle(np.ones((1, 1), bool)) == (0, 0, 1, 1)
    assert largest_rectangle(np.ones((0, 5), bool)) is None


def test_sides_and_aspects_beyond_16_bits_do_not_overflow() -> None:
    long = np.ones((2, 40_000), bool)
    assert largest_rectangle(long) == (0, 0, 40_000, 2)
    assert largest_rectangle(long, aspect=3) == (0, 0, 6, 2)
    assert largest_rectangle(np.ones((30, 3000), bool), aspect=50) == (0, 0, 1500, 30)


def test_what_is_no_mask_or_limit_is_refused() -> None:
    with pytest.raises(ValueError, match="bool"):
        largest_rectangle(np.ones((3, 3), np.uint8))
    with pytest.raises(ValueError, match="aspect"):
        largest_rectangle(np.ones((3, 3), bool), aspect=0)
    with pytest.raises(ValueError, match="sides"):
        largest_rectangle(np.ones((3, 3), bool), least_side=4, largest_side=3)


@settings(max_examples=200, deadline=None)
@given(masks(), st.integers(0, 4))
def test_erosion_is_the_minimum_over_a_square(mask: NDArray[np.bool_], margin: int) -> None:
    height, width = mask.shape
    expected = np.zeros_like(mask)
    for y in range(height):
        for x in range(width):
            around = mask[max(0, y - margin) : y + margin + 1, max(0, x - margin) : x + margin + 1]
            expected[y, x] = around.all()
    np.testing.assert_array_equal(erode(mask, margin), expected)


@settings(max_examples=200, deadline=None)
@given(masks(), st.integers(0, 2))
def test_closing_fills_where_no_square_of_false_fits(mask: NDArray[np.bool_], reach: int) -> None:
    height, width = mask.shape
    side = 2 * reach + 1
    expected = np.ones_like(mask)
    for y in range(-2 * reach, height):  # every square of pixels, of those beyond the border too, that holds no True
        for x in range(-2 * reach, width):
            place = (slice(max(0, y), max(0, y + side)), slice(max(0, x), max(0, x + side)))
            if not mask[place].any():
                expected[place] = False
    np.testing.assert_array_equal(close(mask, reach), expected)


def test_the_margin_grows_with_the_garment() -> None:
    small, large = np.zeros((400, 400), bool), np.zeros((800, 800), bool)
    small[50:300, 100:350] = True
    large[100:600, 200:700] = True
    assert margin_of(small) == 5
    assert margin_of(large) == 10
    assert margin_of(np.zeros((5, 5), bool)) == 0
    with pytest.raises(ValueError, match="margin"):
        erode(small, -1)
