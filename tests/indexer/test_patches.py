"""Patches of cloth: what each must hold, on drawn masks and on real photos."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from indexer.patches.patches import Patch, find_patches, refusal, sharpness_of


def noise(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def covered(patches: list[Patch], shape: tuple[int, ...]) -> NDArray[np.int64]:
    count = np.zeros(shape[:2], np.int64)
    for patch in patches:
        count[patch.y : patch.y + patch.height, patch.x : patch.x + patch.width] += 1
    return count


def holds(patches: list[Patch], mask: NDArray[np.bool_], least_side: int = 32) -> None:
    assert covered(patches, mask.shape).max(initial=0) <= 1, "patches overlap"
    areas = [patch.width * patch.height for patch in patches]
    assert areas == sorted(areas, reverse=True)
    for patch in patches:
        shorter, longer = sorted((patch.width, patch.height))
        assert shorter >= least_side and longer <= 3 * shorter
        inside = [
            mask[y, x]
            for y in range(patch.y, patch.y + patch.height)
            for x in range(patch.x, patch.x + patch.width)
        ]  # fmt: skip
        assert patch.inside == pytest.approx(sum(map(int, inside)) / len(inside))
        assert patch.inside >= 0.98


def test_trousers_give_the_hips_and_both_legs() -> None:
    mask = np.zeros((400, 300), bool)
    mask[40:160, 60:240] = True
    mask[160:380, 60:130] = mask[160:380, 170:240] = True
    patches = find_patches(noise(400, 300), mask)
    holds(patches, mask)
    assert len(patches) == 3
    assert {patch.x < 150 for patch in patches[1:]} == {True, False}, "a patch of each leg"


def test_without_a_mask_the_whole_picture_is_cloth() -> None:
    (patch,) = find_patches(noise(120, 200))
    assert (patch.x, patch.y, patch.width, patch.height, patch.inside) == (0, 0, 200, 120, 1.0)


def test_a_long_strip_is_cut_into_several() -> None:
    patches = find_patches(noise(40, 400))
    assert sorted((patch.x, patch.width, patch.height) for patch in patches) == [
        (0, 120, 40), (120, 120, 40), (240, 120, 40),
    ]  # fmt: skip


def test_a_limit_of_the_side_makes_several_patches_of_one_cloth() -> None:
    picture = noise(300, 300)
    assert len(find_patches(picture)) == 1
    patches = find_patches(picture, most=4, largest_side=150)
    assert [(patch.width, patch.height) for patch in patches] == [(150, 150)] * 4
    assert covered(patches, picture.shape).all()


def test_a_patch_keeps_off_the_border() -> None:
    mask = np.zeros((400, 400), bool)
    mask[100:350, 100:350] = True
    (patch,) = find_patches(noise(400, 400), mask)
    assert (patch.x, patch.y, patch.width, patch.height) == (105, 105, 240, 240)


def test_a_speck_does_not_halve_the_patch_and_a_hole_is_avoided() -> None:
    mask = np.zeros((400, 400), bool)
    mask[50:350, 50:350] = True
    whole = find_patches(noise(400, 400), mask)[0]
    mask[198:202, 199:203] = False
    specked = find_patches(noise(400, 400), mask)[0]
    assert (specked.width, specked.height) == (whole.width, whole.height) and 0.99 < specked.inside < 1
    mask[180:220, 180:220] = False
    patches = find_patches(noise(400, 400), mask)
    holds(patches, mask)
    assert not covered(patches, mask.shape)[180:220, 180:220].any()


def test_specks_too_many_to_fill_leave_patches_of_98_percent() -> None:
    mask = np.zeros((400, 400), bool)
    mask[50:350, 50:350] = True
    mask[50:350:10, 50:350] = False  # 10 %: closing alone would take them all
    holds(find_patches(noise(400, 400), mask, least_side=1), mask, least_side=1)
    assert find_patches(noise(400, 400), mask) == []
    assert "full of holes" in refusal(noise(400, 400), mask)


@pytest.mark.parametrize("seed", range(5))
def test_ragged_masks(seed: int) -> None:
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray((rng.random((8, 6)) < 0.75).astype(np.uint8) * 255).resize((240, 320))
    mask = np.asarray(coarse) > 128
    mask &= rng.random(mask.shape) > 0.001
    holds(find_patches(noise(320, 240), mask, most=5, least_side=16), mask, least_side=16)


def test_a_refusal_says_how_small() -> None:
    mask = np.zeros((100, 100), bool)
    assert refusal(noise(100, 100), mask) == "the mask is empty"
    mask[20:60, 20:38] = True
    assert find_patches(noise(100, 100), mask) == []
    assert refusal(noise(100, 100), mask) == "the largest patch of cloth is 16 x 38 px, and 32 are needed"
    assert refusal(noise(20, 50), None, 24) == "the largest patch of cloth is 50 x 20 px, and 24 are needed"
    assert refusal(noise(100, 100), mask, 16) == ""
    thin = np.zeros((400, 400), bool)
    thin[::40, :] = True
    assert refusal(noise(400, 400), thin).startswith("nothing is left of the garment inside its border")


def test_a_small_square_is_found_though_a_thin_strip_is_larger() -> None:
    mask = np.zeros((300, 300), bool)
    mask[10:30, 10:70] = True  # 60 x 20 = 1200
    mask[100:133, 100:133] = True  # 33 x 33 = 1089
    (patch,) = find_patches(noise(300, 300), mask, least_side=30)
    assert patch.width >= 30 and patch.height >= 30
    assert refusal(noise(300, 300), mask, 30) == ""


def test_sharpness_is_the_variance_of_opencvs_laplacian() -> None:
    picture = noise(60, 80)
    grey = picture.astype(np.float64) @ [0.299, 0.587, 0.114]
    expected = cv2.Laplacian(grey, cv2.CV_64F)[1:-1, 1:-1].var()
    assert sharpness_of(picture) == pytest.approx(expected, rel=1e-4)
    assert sharpness_of(np.full((40, 40, 3), 90, np.uint8)) == pytest.approx(0, abs=1e-6)
    assert sharpness_of(noise(2, 50)) == 0.0


def test_a_blurred_patch_is_less_sharp() -> None:
    picture = noise(64, 64)
    values = [sharpness_of(np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.uint8)) for sigma in (0.5, 1, 2, 4)]
    assert values == sorted(values, reverse=True) and values[-1] < values[0] / 10


def test_what_cannot_be_asked_is_refused() -> None:
    picture = noise(50, 60)
    with pytest.raises(ValueError, match="uint8"):
        find_patches(picture.astype(np.float32))
    with pytest.raises(ValueError, match="mask"):
        find_patches(picture, np.ones((60, 50), bool))
    with pytest.raises(ValueError, match="most"):
        find_patches(picture, most=0)
    with pytest.raises(ValueError, match="largest_side"):
        find_patches(picture, largest_side=10)


def test_real_garments_give_patches_of_cloth_only(shared_data: Path) -> None:
    with (shared_data / "clothing-masks" / "masks.csv").open() as file:
        rows = list(csv.DictReader(file))[::60]
    found = 0
    for row in rows:
        rgb = np.asarray(Image.open(shared_data / row["photo"]).convert("RGB"))
        mask = np.asarray(Image.open(shared_data / "clothing-masks" / row["mask"])) > 0
        patches = find_patches(rgb, mask)
        assert bool(patches) != bool(refusal(rgb, mask))
        found += bool(patches)
        assert covered(patches, mask.shape).max(initial=0) <= 1
        for patch in patches:
            assert mask[patch.y : patch.y + patch.height, patch.x : patch.x + patch.width].mean() >= 0.98
            assert min(patch.width, patch.height) >= 32
    assert found >= 0.9 * len(rows)
