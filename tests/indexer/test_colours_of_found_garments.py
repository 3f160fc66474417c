"""Garments found by the shipped network, and the colours named of them: the same whatever lies behind."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from indexer.demo.colours import ELEVEN
from indexer.demo.oracle import scene, solid_garment
from indexer.demo.render import render
from indexer.demo.sample import random_shot
from indexer.garments.find import FoundRegion, open_step
from indexer.picture import Picture
from indexer.spaces.colour import Colour
from indexer.spaces.palette import Palette

BACKGROUNDS = ("white", "grey", "busy")
CATEGORIES = ("dress", "shirt", "trousers", "t-shirt")


@pytest.fixture(scope="module")
def photos() -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Of each of eleven colours one garment before three backgrounds: its colour's name, the photo, the true mask."""
    made = []
    for number, colour in enumerate(ELEVEN):
        garment = solid_garment(colour, CATEGORIES[number % len(CATEGORIES)], number)
        for background in BACKGROUNDS:
            shot = replace(random_shot(number, 1 + number % 3, (240, 320)), background=scene(background, number))
            photo = render(garment, shot)
            made.append((colour.name, np.asarray(Image.open(io.BytesIO(photo.jpeg()))), photo.mask))
    return made


@pytest.fixture(scope="module")
def found(photos: list[tuple[str, np.ndarray, np.ndarray]]) -> list[FoundRegion]:
    pictures = [Picture(rgb, None, (rgb.shape[1], rgb.shape[0])) for _, rgb, _ in photos]
    nothing = [None] * len(pictures)
    return [regions[0] for regions in open_step("deeplab").regions(pictures, nothing, nothing)]


def test_eleven_colours_are_named_right_before_every_background(
    photos: list[tuple[str, np.ndarray, np.ndarray]], found: list[FoundRegion]
) -> None:
    palette = Palette()
    vectors = palette.extract([region.picture for region in found])
    names = [said["dominant_colour"][0] for said in palette.describe(vectors)]
    wrong = [(told, name) for (name, _, _), told in zip(photos, names, strict=True) if told != name]
    assert len(wrong) <= 1, wrong  # 95 % of 33
    changed = sum(len(set(names[start : start + 3])) > 1 for start in range(0, len(names), 3))
    assert changed == 0


def test_the_masks_are_the_garments(photos: list[tuple[str, np.ndarray, np.ndarray]], found: list[FoundRegion]) -> None:
    overlaps = []
    for (_, _, true), region in zip(photos, found, strict=True):
        mask = region.picture.mask
        assert mask is not None
        overlaps.append((mask & true).sum() / (mask | true).sum())
    assert np.mean(overlaps) >= 0.9
    assert min(overlaps) >= 0.6


def test_the_same_garment_is_nearer_before_another_background_than_any_other_garment(
    found: list[FoundRegion],
) -> None:
    rows = Colour().extract([region.picture for region in found]).reshape(len(ELEVEN), len(BACKGROUNDS), -1)
    for number, (white, grey, busy) in enumerate(rows):
        others = np.delete(rows, number, axis=0).reshape(-1, rows.shape[-1])
        assert min(white @ grey, white @ busy, grey @ busy) > max(others @ white)
