"""Photos of garments: determinism, exact masks, true colours."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from engine.errors import InputError
from indexer.demo import (
    BACKGROUNDS,
    CATEGORIES,
    ELEVEN,
    PATTERNS,
    Background,
    Garment,
    Pattern,
    Shot,
    Silhouette,
    named,
    random_garment,
    random_shot,
    render,
    solid_garment,
    solid_photo,
    striped_photo,
)
from indexer.demo.pose import pose_for
from indexer.demo.sample import random_silhouette
from indexer.demo.spec import CUTS
from indexer.demo.tailor import cut_garment

SMALL = (120, 160)


def silhouette_by_hand(garment: Garment, shot: Shot) -> np.ndarray:
    """Pixels whose middle is inside a piece, by counting the outline's crossings to the left (even-odd rule)."""
    cut = cut_garment(garment, shot.arms)
    pose = pose_for(cut, shot)
    width, height = shot.size
    inside = np.zeros((height, width), dtype=bool)
    middles = np.arange(width) + 0.5
    for piece in cut.pieces:
        start = pose.to_pixels(piece.outline)
        end = np.roll(start, -1, axis=0)
        for row in range(height):
            y = row + 0.5
            crossed = (start[:, 1] <= y) != (end[:, 1] <= y)
            if crossed.any():
                a, b = start[crossed], end[crossed]
                at = a[:, 0] + (y - a[:, 1]) / (b[:, 1] - a[:, 1]) * (b[:, 0] - a[:, 0])
                inside[row] |= np.searchsorted(np.sort(at), middles) % 2 == 1
    return inside


def grown(mask: np.ndarray) -> np.ndarray:
    """The mask and its eight neighbours."""
    padded = np.pad(mask, 1)
    height, width = mask.shape
    return np.any([padded[i : i + height, j : j + width] for i in range(3) for j in range(3)], axis=0)


@pytest.mark.parametrize("category", CATEGORIES)
def test_same_seed_same_pixels(category: str) -> None:
    garment = random_garment(5, category=category)
    shot = replace(random_shot(5, 1), size=SMALL)
    first, second = render(garment, shot), render(garment, shot)
    np.testing.assert_array_equal(first.rgb, second.rgb)
    np.testing.assert_array_equal(first.mask, second.mask)
    assert first.truth == second.truth
    assert first.jpeg() == second.jpeg()
    other = render(garment, replace(shot, seed=shot.seed + 1))
    assert (other.rgb != first.rgb).any()
    np.testing.assert_array_equal(other.mask, first.mask)  # folds and noise do not move the outline


@pytest.mark.parametrize("category", CATEGORIES)
def test_every_category_in_every_pattern(category: str) -> None:
    for number, pattern in enumerate(PATTERNS):
        garment = random_garment(number, category=category, pattern=pattern)
        photo = render(garment, replace(random_shot(number, number % 3), size=SMALL))
        assert photo.rgb.shape == (160, 120, 3)
        assert photo.rgb.dtype == np.uint8
        assert photo.mask.shape == (160, 120)
        assert photo.mask.dtype == np.bool_
        assert 0.06 < photo.mask.mean() < 0.75
        assert photo.truth.area == pytest.approx(photo.mask.mean())
        assert sum(photo.truth.shares.values()) == pytest.approx(1.0)
        assert min(photo.truth.shares[colour.name] for colour in garment.colours) > 0.003, (pattern, garment)


@pytest.mark.parametrize("category", CATEGORIES)
def test_every_cut_renders_whole_inside_the_frame(category: str) -> None:
    for number, cut in enumerate(CUTS[category]):
        shape = replace(random_silhouette(category, number), cut=cut)
        photo = render(Garment(category, shape, (named("teal"),), seed=number), Shot(size=SMALL))
        left, top, width, height = photo.truth.box
        assert left > 0
        assert top > 0
        assert left + width < 120
        assert top + height < 160
        assert max(width / 120, height / 160) == pytest.approx(0.84, abs=0.03)


@pytest.mark.parametrize("category", CATEGORIES)
def test_mask_is_the_silhouette(category: str) -> None:
    garment = random_garment(11, category=category)
    shot = replace(random_shot(11, 1), size=(240, 320))
    mask = render(garment, shot).mask
    truth = silhouette_by_hand(garment, shot)
    assert (mask & truth).sum() / (mask | truth).sum() > 0.988
    assert not (mask & ~grown(truth)).any()
    assert not (~mask & ~grown(~truth)).any()


def test_mask_follows_the_pose() -> None:
    garment = solid_garment("red", "dress", 3)
    still = render(garment, Shot(size=SMALL)).truth
    moved = render(garment, Shot(size=SMALL, shift=(0.05, 0.0), zoom=0.9)).truth
    assert moved.area == pytest.approx(still.area * 0.81, rel=0.04)
    middle = (still.box[0] + still.box[2] / 2, moved.box[0] + moved.box[2] / 2)
    assert middle[1] - middle[0] == pytest.approx(6, abs=1.5)


def test_a_garment_cut_by_the_frame_still_renders() -> None:
    for size in ((97, 131), (64, 64), (33, 200)):
        photo = render(solid_garment("blue"), Shot(size=size, zoom=2.5, shift=(0.3, -0.2), tilt=0.4))
        assert photo.rgb.shape == (size[1], size[0], 3)
        assert photo.mask.any()
    gone = render(solid_garment("blue"), Shot(size=SMALL, shift=(3.0, 0.0)))
    assert not gone.mask.any()
    assert gone.truth.box == (0, 0, 0, 0)


@pytest.mark.parametrize("colour", ELEVEN, ids=lambda colour: colour.name)
@pytest.mark.parametrize("background", ["white", "grey", "busy"])
def test_unlit_plain_garment_is_exactly_its_colour(colour, background: str) -> None:
    for number, category in enumerate(CATEGORIES):
        photo = solid_photo(colour, background, lit=False, category=category, seed=number, size=SMALL)
        assert (photo.rgb[photo.mask] == colour.rgb).all()
        assert photo.truth.shares == {colour.name: pytest.approx(1.0)}
        if background != "busy":
            assert (photo.rgb[~photo.mask] == {"white": 255, "grey": 128}[background]).all()


@pytest.mark.parametrize("colour", ELEVEN, ids=lambda colour: colour.name)
def test_lit_plain_garment_keeps_its_colour(colour) -> None:
    """Mean within what folds and light may do: factors of about 0.75 to 1.1, and hardly any change of hue."""
    for number, category in enumerate(CATEGORIES):
        photo = solid_photo(colour, "white", category=category, seed=number, size=SMALL)
        mean = photo.rgb[photo.mask].mean(axis=0)
        true = np.array(colour.rgb, dtype=float)
        assert (mean > 0.84 * true - 2).all(), (category, mean)
        assert (mean < 1.05 * true + 8).all(), (category, mean)
        assert np.abs(mean / mean.sum() - true / true.sum()).max() < 0.02
        nearest = min(ELEVEN, key=lambda other: np.abs(mean - other.rgb).sum())
        assert nearest.name == colour.name


@pytest.mark.parametrize("seed", range(6))
def test_random_light_keeps_the_colour_too(seed: int) -> None:
    for colour in ELEVEN:
        shot = replace(random_shot(seed, 1), size=SMALL)
        photo = render(solid_garment(colour, CATEGORIES[seed], seed), shot)
        mean = photo.rgb[photo.mask].mean(axis=0)
        nearest = min(ELEVEN, key=lambda other: np.abs(mean / shot.exposure - other.rgb).sum())
        assert nearest.name == colour.name, mean


def test_background_does_not_reach_into_the_garment() -> None:
    photos = [solid_photo("pink", background, seed=4, size=SMALL) for background in ("white", "grey", "busy")]
    np.testing.assert_array_equal(photos[0].mask, photos[1].mask)
    np.testing.assert_array_equal(photos[0].mask, photos[2].mask)
    mask = photos[0].mask
    inner = ~grown(~mask)
    np.testing.assert_array_equal(photos[0].rgb[inner], photos[1].rgb[inner])
    np.testing.assert_array_equal(photos[0].rgb[inner], photos[2].rgb[inner])
    assert np.abs(photos[1].rgb[~mask].astype(int) - photos[0].rgb[~mask]).mean() > 40


def test_light_draws_folds_and_a_shadow() -> None:
    flat, lit = (solid_photo("grey", "white", lit=value, seed=2) for value in (False, True))
    np.testing.assert_array_equal(flat.mask, lit.mask)
    assert flat.rgb[flat.mask].std(axis=0).max() == 0
    assert lit.rgb[lit.mask].astype(float).mean(axis=1).std() > 4
    near = (lit.rgb[~lit.mask] < 235).all(axis=1).mean()
    assert 0.005 < near < 0.6  # shadow
    pressed, rumpled = (
        render(solid_garment("grey", "dress", 2), Shot(folds=folds)).rgb.astype(float).std() for folds in (0.0, 1.0)
    )
    assert pressed != rumpled


@pytest.mark.parametrize("pattern", [name for name in PATTERNS if name != "plain"])
def test_shares_are_those_of_the_pixels(pattern: str) -> None:
    """Counted from the unlit picture: the colours' mixture, weighted by shares, is the picture's mean colour."""
    for seed in (0, 1):
        garment = replace(random_garment(seed, category="dress", pattern=pattern), trim=None)
        photo = render(garment, Shot(size=(240, 320), lit=False))
        mean = photo.rgb[photo.mask].mean(axis=0)
        mixed = sum(np.array(colour.rgb) * photo.truth.shares[colour.name] for colour in garment.colours)
        np.testing.assert_allclose(mean, mixed, atol=1.0)


def test_the_ground_has_the_largest_share() -> None:
    for seed in range(40):
        garment = random_garment(seed, pattern=PATTERNS[seed % len(PATTERNS)])
        shares = render(garment, Shot(size=SMALL, lit=False)).truth.shares
        largest = max(shares[colour.name] for colour in garment.colours)
        tied = 0.04 if garment.pattern.name == "houndstooth" else 0.0
        assert shares[garment.colours[0].name] >= largest - tied, (garment, shares)


def test_striped_garment_has_both_colours_and_nothing_else() -> None:
    photo = striped_photo("black", "white", "grey", lit=False)
    pixels = photo.rgb[photo.mask].astype(int)
    black, white = np.array(named("black").rgb), np.array(named("white").rgb)
    pure = (np.abs(pixels - black).max(axis=1) < 3) | (np.abs(pixels - white).max(axis=1) < 3)
    assert pure.mean() > 0.8  # the rest are mixtures on the stripes' edges
    assert photo.truth.shares["white"] == pytest.approx(0.46, abs=0.03)


@pytest.mark.parametrize("kind", BACKGROUNDS)
def test_backgrounds(kind: str) -> None:
    pictures = []
    for seed in range(8):
        shot = Shot(Background(kind, (200, 190, 180), seed), size=SMALL, lit=False)
        photo = render(solid_garment("black"), shot)
        behind = photo.rgb[~photo.mask].astype(float)
        pictures.append(behind)
        if kind == "plain":
            assert (behind == (200, 190, 180)).all()
        else:
            assert behind.std(axis=0).mean() > 1
    if kind == "cluttered":
        assert np.mean([picture.std(axis=0).mean() for picture in pictures]) > 15
    if kind != "plain":
        assert len({picture.tobytes() for picture in pictures}) == 8


def test_encoded_pictures_decode() -> None:
    photo = render(random_garment(3), replace(random_shot(3, 0), size=SMALL))
    decoded = np.asarray(Image.open(io.BytesIO(photo.jpeg())).convert("RGB"), dtype=float)
    assert decoded.shape == photo.rgb.shape
    assert np.abs(decoded - photo.rgb).mean() < 6
    mask = Image.open(io.BytesIO(photo.mask_png()))
    assert mask.mode == "L"
    np.testing.assert_array_equal(np.asarray(mask), photo.mask * np.uint8(255))


def test_pose_is_undone_exactly() -> None:
    garment = random_garment(8, category="trousers")
    cut = cut_garment(garment)
    pose = pose_for(cut, Shot(tilt=0.2, sway=0.03, shift=(0.1, -0.05), zoom=0.8))
    points = cut.pieces[0].outline
    pixels = pose.to_pixels(points).astype(np.float32)
    x, y = pose.to_cloth(pixels[:, 0], pixels[:, 1])
    np.testing.assert_allclose(np.stack([x, y], axis=1), points, atol=1e-4)


def test_wrong_specs_are_refused() -> None:
    red = (named("red"),)
    with pytest.raises(InputError, match="t-shirt"):
        Garment("coat", Silhouette("a-line"), red)
    with pytest.raises(InputError, match="wrap"):
        Garment("dress", Silhouette("bootcut"), red)
    with pytest.raises(InputError, match="maxi"):
        Garment("shorts", Silhouette("wide"), red, maxi=True)
    with pytest.raises(InputError, match="2 colours"):
        Garment("dress", Silhouette("wrap"), red, Pattern("plaid"))
    with pytest.raises(InputError, match="plaid"):
        Garment("dress", Silhouette("wrap"), red, Pattern("tweed"))
    with pytest.raises(InputError, match="crew"):
        Garment("dress", Silhouette("wrap", neckline="polo"), red)
    with pytest.raises(InputError, match="quality"):
        Shot(quality=100)
    with pytest.raises(InputError, match="pixels"):
        Shot(size=(10, 10))
    with pytest.raises(InputError, match="cluttered"):
        Background("beach")
    with pytest.raises(InputError, match="busy"):
        solid_photo("red", "beach")
