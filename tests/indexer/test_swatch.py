"""A search by colours: the picture made of them, and what the spaces of colour say to it."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from indexer.colours import ColourShares, oklab_to_srgb, parse_colours, srgb_to_oklab
from indexer.picture import Picture
from indexer.spaces.colour import Colour
from indexer.spaces.histogram import SAMPLES
from indexer.spaces.palette import Palette
from indexer.swatch import COLOUR_QUERY_WEIGHTS, LIGHT, swatch


def near(picture: Picture, rgb: tuple[int, int, int]) -> float:
    """Share of the pixels within 0.2 of the colour in OKLab."""
    lab = srgb_to_oklab(picture.pixels())
    return float((np.linalg.norm(lab - srgb_to_oklab(np.array(rgb)), axis=1) < 0.2).mean())


@pytest.mark.parametrize(
    "text", ["navy", "#1a1a2e:60,#ffffff:40", "red:1,blue:1,yellow:1", "black:995,white:5", "fff,000,f00,00ff00,00f"]
)
def test_has_the_colours_in_their_shares(text: str) -> None:
    colours = parse_colours(text)
    picture = swatch(colours)
    assert picture.mask is None
    for rgb, share in colours:
        assert near(picture, rgb) == pytest.approx(share, abs=0.01)


def test_same_colours_same_pixels_whole_and_in_any_order() -> None:
    first, again = swatch(parse_colours("navy:60,white:40")), swatch(parse_colours("navy:60,white:40"))
    np.testing.assert_array_equal(first.rgb, again.rgb)
    turned = swatch(parse_colours("white:40,navy:60"))
    for space in (Colour(), Palette()):
        np.testing.assert_allclose(space.extract([first]), space.extract([turned]), atol=1e-6)
    assert len(first.pixels()) < 2 * SAMPLES, "sampled: the shares would not be exact"


def test_very_many_colours_keep_at_least_one_part_each() -> None:
    colours: ColourShares = tuple(((i, 255 - i, i), 1 / 150) for i in range(150))
    assert swatch(colours).rgb.shape[0] == 150


def test_spreads_around_its_colour_as_light_does() -> None:
    lab = srgb_to_oklab(swatch((((60, 100, 180), 1.0),)).pixels()).astype(float)
    assert np.median(lab, axis=0) == pytest.approx(srgb_to_oklab(np.array([60, 100, 180])), abs=0.005)
    assert lab[:, 0].std() == pytest.approx(LIGHT * np.median(lab[:, 0]), rel=0.1)


def test_the_weights_name_spaces_that_read_colour() -> None:
    spaces = {space.name: space for space in (Colour(), Palette())}
    assert set(COLOUR_QUERY_WEIGHTS) == set(spaces)
    assert all(space.reads == "colour" for space in spaces.values())
    assert all(weight > 0 for weight in COLOUR_QUERY_WEIGHTS.values())


def test_finds_real_garments_of_the_colour_asked_for(shared_data: Path) -> None:
    with (shared_data / "clothing-masks" / "masks.csv").open(newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: row["photo"])[::10]
    pictures = []
    for row in rows:
        photo = Image.open(shared_data / row["photo"]).convert("RGB")
        mask = Image.open(shared_data / "clothing-masks" / row["mask"]).convert("L").resize(photo.size)
        pictures.append(Picture(np.asarray(photo), np.asarray(mask) > 127))
    means = np.array([srgb_to_oklab(picture.pixels()[::20]).mean(axis=0) for picture in pictures])
    vectors = {space: space.extract(pictures) for space in (Colour(), Palette())}
    chance, found = [], []
    for text in ("black", "navy", "red", "beige", "#999896", "#c8a0a4"):
        rgb = parse_colours(text)[0][0]
        distances = np.linalg.norm(means - srgb_to_oklab(np.array(rgb)), axis=1)
        score = sum(
            COLOUR_QUERY_WEIGHTS[space.name] * (stored @ space.extract([swatch(parse_colours(text))])[0])
            for space, stored in vectors.items()
        )
        chance.append(distances.mean())
        found.append(distances[np.argsort(-np.asarray(score))[:5]].mean())
    assert np.mean(found) < 0.12
    assert np.mean(found) < np.mean(chance) / 3


def test_a_swatch_of_a_garments_own_colour_is_near_the_garment() -> None:
    cloth = np.full((60, 60, 3), oklab_to_srgb(np.array([0.5, 0.1, 0.05])), np.uint8)
    other = np.full((60, 60, 3), oklab_to_srgb(np.array([0.5, -0.1, 0.05])), np.uint8)
    asked = swatch(((tuple(int(v) for v in cloth[0, 0]), 1.0),))  # type: ignore[arg-type]
    for space in (Colour(), Palette()):
        query, same, different = space.extract([asked, Picture(cloth), Picture(other)])
        assert query @ same > query @ different + 0.3
