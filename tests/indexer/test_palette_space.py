"""The `palette` space: names of colours, under light, casts, noise and JPEG, whatever lies behind the garment."""

from __future__ import annotations

import io
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from PIL import Image, ImageFilter

from engine.errors import SpaceError
from indexer.colours import NAMED_COLOURS, srgb_to_oklab
from indexer.demo.colours import ELEVEN
from indexer.demo.oracle import scene, solid_garment
from indexer.demo.render import render
from indexer.demo.sample import random_shot
from indexer.picture import Picture
from indexer.spaces import palette
from indexer.spaces.histogram import BINS, bin_colours
from indexer.spaces.palette import NINETEEN, OTHER, SIX, Palette

# Colours that people and style sheets call so; none of them is an anchor.
CALLED = {
    "red": ("dc143c", "b22222", "c8102e"),
    "green": ("008000", "2e8b57", "3f9b0b"),
    "blue": ("0343df", "1e50c8", "436bad"),
    "black": ("0a0a0a", "1c1c1c", "141210"),
    "white": ("f8f8f8", "ffffff", "ebebeb"),
    "yellow": ("ffef00", "fada5e", "fcd116"),
    "grey": ("7f7f7f", "929591", "707070"),
    "brown": ("654321", "8b4513", "6f4e37"),
    "pink": ("ff81c0", "ffb6c1", "fc8eac"),
    "orange": ("ff7f00", "ec5800", "ffa500"),
    "purple": ("7e1e9c", "663399", "9b59b6"),
}
BACKGROUNDS = ("white", "grey", "busy")


def name_of(picture: Picture, names: str = "default") -> str:
    space = Palette(names)  # type: ignore[arg-type]
    value = space.describe(space.extract([picture]))[0]["dominant_colour"][0]
    assert isinstance(value, str)
    return value


def flat(rgb: object) -> Picture:
    return Picture(np.full((8, 6, 3), rgb, np.uint8))


def garment(digits: str, background: str, seed: int, height: int = 160, width: int = 120) -> Picture:
    """Cloth of one colour in light from 0.6 to 1.1, a slight cast, noise, and JPEG; background drawn from the seed."""
    rng = np.random.default_rng([seed, int(digits, 16)])
    folds = Image.fromarray(rng.integers(0, 256, (height, width), dtype=np.uint8)).filter(ImageFilter.GaussianBlur(9))
    shade = np.asarray(folds, np.float64)
    shade = 0.6 + 0.5 * (shade - shade.min()) / np.ptp(shade)
    cloth = np.array(list(bytes.fromhex(digits))) * shade[..., None] * rng.uniform(0.95, 1.05, 3)
    noise = rng.normal(0, 3, cloth.shape)
    quality = int(rng.integers(60, 96))
    if background == "white":
        behind = np.full(cloth.shape, 250.0)
    elif background == "grey":
        behind = np.full(cloth.shape, 130.0)
    else:
        coarse = Image.fromarray(rng.integers(0, 256, (10, 8, 3), dtype=np.uint8))
        behind = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), np.float64)
    rows, columns = np.mgrid[:height, :width]
    mask = (np.abs(columns - width / 2) < width * 0.2 + rows * 0.1) & (rows > 12) & (rows < height - 12)
    photo = np.clip(np.where(mask[..., None], cloth, behind) + noise, 0, 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(photo).save(file, "JPEG", quality=quality)
    return Picture(np.asarray(Image.open(file).convert("RGB")), mask)


def test_eleven_colours_are_named_right_on_every_background() -> None:
    right, changed, cases = 0, 0, 0
    for name, digits, seed in ((n, d, s) for n, all_ in CALLED.items() for d in all_ for s in range(5)):
        given = [name_of(garment(digits, background, seed)) for background in BACKGROUNDS]
        right += sum(one == name for one in given)
        changed += len(set(given)) > 1
        cases += 1
    assert right / (cases * len(BACKGROUNDS)) >= 0.95
    assert changed / cases <= 0.02


def test_rendered_garments_are_named_right_on_every_background() -> None:
    right, changed, cases = 0, 0, 0
    for colour, (seed, category) in product(ELEVEN, enumerate(("dress", "shirt", "trousers"))):
        given = []
        for background in BACKGROUNDS:
            shot = replace(random_shot(seed, 1, (150, 200)), background=scene(background, seed))  # type: ignore[arg-type]
            photo = render(solid_garment(colour, category, seed), shot)  # type: ignore[arg-type]
            rgb = np.asarray(Image.open(io.BytesIO(photo.jpeg())))
            given.append(name_of(Picture(rgb, photo.mask)))
        right += sum(one == colour.name for one in given)
        changed += len(set(given)) > 1
        cases += 1
    assert right / (cases * len(BACKGROUNDS)) >= 0.95
    assert changed / cases <= 0.02


@pytest.mark.parametrize(("name", "digits"), list(SIX.items()))
def test_the_six_are_named_right(name: str, digits: str) -> None:
    given = [name_of(garment(digits, background, seed), "six") for background in BACKGROUNDS for seed in range(3)]
    assert given == [name] * 9


@pytest.mark.parametrize("names", ["default", "six"])
def test_greys_and_stripes_are_never_green(names: str) -> None:
    for value, warm in product(range(0, 256, 5), (-6, 0, 6)):
        grey = np.clip([value + warm, value, value - warm], 0, 255)
        assert name_of(flat(grey), names) not in ("green", "olive", "teal", "turquoise")
    stripes = np.zeros((90, 90, 3), np.uint8)
    stripes[:, ::2] = 255
    assert name_of(Picture(stripes), names) in ("black", "white")
    space = Palette(names)  # type: ignore[arg-type]
    blurred = np.asarray(Image.fromarray(stripes).resize((61, 61), Image.Resampling.BICUBIC))
    assert "share_green" not in space.describe(space.extract([Picture(blurred)]))[0]


def test_white_on_white_is_white() -> None:
    rgb = np.full((80, 60, 3), 255, np.uint8)
    mask = np.zeros((80, 60), bool)
    mask[20:60, 15:45] = True
    rgb[mask] = 247
    vector = Palette().extract([Picture(rgb, mask)])
    assert np.linalg.norm(vector) == pytest.approx(1)
    assert Palette().describe(vector)[0]["dominant_colour"] == ("white", pytest.approx(1))


def test_a_label_does_not_change_when_others_are_added() -> None:
    space = Palette()
    mine = garment("1e50c8", "busy", 0)
    others = [garment("dc143c", "white", seed) for seed in range(8)]
    alone = space.extract([mine])
    together = space.extract([mine, *others])
    np.testing.assert_array_equal(alone[0], together[0])
    assert space.describe(alone)[0] == space.describe(together)[0]


def test_shares_are_those_of_the_pixels() -> None:
    rgb = np.full((20, 100, 3), (28, 90, 200), np.uint8)
    rgb[:, :30] = (220, 20, 30)
    rgb[:, 30:34] = (250, 220, 20)
    told = Palette().describe(Palette().extract([Picture(rgb)]))[0]
    assert told["dominant_colour"] == ("blue", pytest.approx(0.66, abs=1e-3))
    assert told["share_blue"] == (pytest.approx(0.66, abs=1e-3), 1.0)
    assert told["share_red"] == (pytest.approx(0.30, abs=1e-3), 1.0)
    assert "share_yellow" not in told
    assert set(told) == {"dominant_colour", "share_blue", "share_red"}


@pytest.mark.parametrize(("names", "anchors"), [("default", NINETEEN), ("six", SIX)])
def test_every_bin_belongs_to_its_nearest_anchor_within_the_cut(names: str, anchors: dict[str, str]) -> None:
    table = palette._name_of_bin(names)
    for bin_index in np.random.default_rng(1).integers(0, BINS, 300):
        lab = srgb_to_oklab(bin_colours(np.array([bin_index])))[0].astype(float)
        distances = {}
        for name, text in anchors.items():
            places = [srgb_to_oklab(np.array(list(bytes.fromhex(digits)))).astype(float) for digits in text.split()]
            distances[name] = min(
                ((lab[0] - p[0]) ** 2 + 4 * (lab[1] - p[1]) ** 2 + 4 * (lab[2] - p[2]) ** 2) ** 0.5 for p in places
            )
        nearest = min(distances, key=lambda name: distances[name])
        expected = nearest if distances[nearest] < palette.CUT else OTHER
        assert Palette(names).names[table[bin_index]] == expected  # type: ignore[arg-type]


def test_the_sets_are_spaces_of_their_own() -> None:
    assert Palette().dim == len(NINETEEN) + 1 >= 17
    assert Palette("six").dim == 7
    assert Palette("six").fingerprint != Palette().fingerprint
    with pytest.raises(SpaceError, match=r"'seven'.*'default', 'six'"):
        Palette("seven")  # type: ignore[arg-type]


def test_a_searched_name_is_the_name_of_its_colour() -> None:
    for name in NINETEEN:
        assert name_of(flat(NAMED_COLOURS[name])) == name
