"""The `outline` space: a garment's widths, where it lies, and what the photo shows from top to bottom."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from indexer.garments.classes import CLASSES
from indexer.picture import Picture
from indexer.spaces.outline import BOUND, PLACING, SEEN, STEPS, Outline, measured

PERSON, DRESS, TOP = (CLASSES.index(name) for name in ("person", "dress", "top"))


def worn(hem: int, height: int = 240, width: int = 160, kind: int = DRESS) -> Picture:
    """A person from row 24 to 216 in a dress from row 48 to the hem, 60 pixels wide."""
    scene = np.zeros((height, width), np.uint8)
    scene[24:216, 60:100] = PERSON
    scene[48:hem, 50:110] = kind
    return Picture(np.zeros((height, width, 3), np.uint8), scene == kind, (width, height), scene)


def plain_bands(picture: Picture, mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The bands by loops over pixels that are cut STEPS times as fine."""
    scene = mask * 1 if picture.scene is None else picture.scene
    groups = [{CLASSES.index(name) for name in names} for names in SEEN]
    height, width = scene.shape
    found = np.zeros((len(SEEN), STEPS))
    for row in range(height):
        for part in range(STEPS):
            band = (row * STEPS + part) // height
            for place in range(width):
                if picture.scene is None:
                    group = 2 if mask[row, place] else 0
                else:
                    group = next((one for one, own in enumerate(groups) if int(scene[row, place]) in own), None)
                if group is not None:
                    found[group, band] += 1 / (height * width)
    return found


@pytest.mark.parametrize("seen", [True, False])
def test_bands_as_plain_loops_have_them(seen: bool) -> None:
    rng = np.random.default_rng(0)
    mask = rng.random((37, 9)) < 0.4
    scene = rng.integers(0, len(CLASSES), (11, 5)).astype(np.uint8) if seen else None
    picture = Picture(np.zeros((37, 9, 3), np.uint8), mask, (9, 37), scene)
    bands = measured(picture)[STEPS + PLACING :].reshape(len(SEEN), STEPS)
    np.testing.assert_allclose(bands, plain_bands(picture, mask), atol=1e-9)


def test_widths_and_places_of_a_garment() -> None:
    numbers = measured(worn(hem=168))
    np.testing.assert_allclose(numbers[:STEPS], 60 / 120)
    top, bottom, left, right, tall, wide, upright, photo, area, filled = numbers[STEPS : STEPS + PLACING]
    assert (top, bottom, left, right) == (48 / 240, 168 / 240, 50 / 160, 110 / 160)
    assert (tall, wide, upright, photo) == (120 / 240, 60 / 160, 120 / 180, 240 / 400)
    assert (area, filled) == (120 * 60 / (240 * 160), 1.0)


def test_distances_are_those_of_the_numbers() -> None:
    pictures = [worn(hem) for hem in (100, 130, 160, 190, 215)] + [Picture(np.zeros((30, 50, 3), np.uint8))]
    rows = Outline().extract(pictures).astype(np.float64)
    numbers = [measured(picture) for picture in pictures]
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)
    for row, own in zip(rows, numbers, strict=True):
        np.testing.assert_allclose(row[:-1] * np.sqrt(BOUND), own, atol=1e-5)
    long, longer, short = 4, 3, 0
    scores = rows @ rows[long]
    assert scores[longer] > scores[short], "a maxi dress is nearer to another one than to a short one"


def test_a_dress_taken_for_a_top_looks_the_same() -> None:
    np.testing.assert_array_equal(measured(worn(150)), measured(worn(150, kind=TOP)))


def test_an_empty_mask_is_the_whole_picture() -> None:
    rgb = np.zeros((20, 10, 3), np.uint8)
    none, empty = Picture(rgb), Picture(rgb, np.zeros((20, 10), np.bool_))
    np.testing.assert_array_equal(Outline().extract([none]), Outline().extract([empty]))
