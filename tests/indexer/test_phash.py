"""Perceptual hashes, and near-duplicates against brute force."""

from __future__ import annotations

import io
import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.errors import InputError
from indexer.decode import decode
from indexer.phash import BLANK, near_duplicates, phash
from indexer.picture import Picture

RNG = np.random.default_rng(5)


def distance(a: int, b: int) -> int:
    return bin(a ^ b).count("1")


def test_hash_is_the_written_out_formula() -> None:
    rgb = RNG.integers(0, 256, (64, 96, 3), dtype=np.uint8)
    grey = rgb @ np.array([0.299, 0.587, 0.114])
    values = [[grey[2 * y : 2 * y + 2, 3 * x : 3 * x + 3].mean() for x in range(32)] for y in range(32)]
    coefficients = []
    for v in range(1, 9):
        for u in range(1, 9):
            total = 0.0
            for y in range(32):
                for x in range(32):
                    total += (
                        values[y][x]
                        * math.cos(math.pi * v * (2 * y + 1) / 64)
                        * math.cos(math.pi * u * (2 * x + 1) / 64)
                    )
            coefficients.append(total / 16)
    ordered = sorted(coefficients)
    median = (ordered[31] + ordered[32]) / 2
    expected = int("".join("1" if c > median else "0" for c in coefficients), 2)
    assert phash(Picture(rgb)) == expected
    assert bin(expected).count("1") == 32


@pytest.mark.parametrize("colour", [0, 17, 255])
def test_a_plain_picture_is_blank(colour: int) -> None:
    rgb = np.full((300, 200, 3), colour, np.uint8)
    assert phash(Picture(rgb)) == BLANK
    noisy = np.clip(rgb.astype(int) + RNG.integers(-2, 3, rgb.shape), 0, 255).astype(np.uint8)
    assert phash(Picture(noisy)) == BLANK


def test_a_faint_garment_is_not_blank() -> None:
    rgb = np.full((400, 300, 3), 250, np.uint8)
    rgb[80:300, 90:220] = 243  # a white shirt on white
    assert phash(Picture(rgb)) != BLANK


def copies(photo: Image.Image) -> dict[str, Image.Image]:
    return {
        "smaller": photo.resize((photo.width // 2, photo.height // 2), Image.Resampling.LANCZOS),
        "larger": photo.resize((photo.width * 3, photo.height * 3), Image.Resampling.BICUBIC),
        "brighter": photo.point(lambda v: min(255, round(v * 1.1))),
    }


def test_copies_of_real_photos_are_near_and_others_far(shared_data: Path) -> None:
    photos = sorted((shared_data / "clothing" / "train").rglob("*.jpg"))[::100]
    hashes, moved = [], []
    for path in photos:
        photo = Image.open(io.BytesIO(path.read_bytes())).convert("RGB")
        hashes.append(phash(decode(path.read_bytes())))
        for copy in copies(photo).values():
            file = io.BytesIO()
            copy.save(file, "JPEG", quality=70)
            moved.append(distance(hashes[-1], phash(decode(file.getvalue()))))
    assert np.mean(np.array(moved) <= 4) >= 0.9
    assert max(moved) <= 10
    apart = [distance(a, b) for i, a in enumerate(hashes) for b in hashes[:i]]
    assert min(apart) > 4
    assert np.mean(apart) > 24


def brute_force(hashes: np.ndarray, new: np.ndarray, radius: int) -> list[tuple[int, int]]:
    return [
        (i, j)
        for j, b in enumerate(new.tolist())
        for i, a in enumerate(hashes.tolist())
        if BLANK not in (a, b) and distance(a, b) <= radius
    ]


def noisy(base: np.ndarray, count: int, most: int) -> np.ndarray:
    """Rows of `base` at random with up to `most` random bits flipped."""
    rows = base[RNG.integers(0, len(base), count)].copy()
    for i in range(count):
        for bit in RNG.choice(64, RNG.integers(0, most + 1), replace=False):
            rows[i] ^= np.uint64(1) << np.uint64(bit)
    return rows


@pytest.mark.parametrize("radius", [0, 1, 3, 4, 7, 15])
def test_pairs_are_those_of_brute_force(radius: int) -> None:
    base = RNG.integers(1, 2**64, 40, dtype=np.uint64)
    hashes, new = noisy(base, 300, radius + 2), noisy(base, 120, 2)
    hashes[:7], new[:3] = BLANK, BLANK
    pairs = near_duplicates(hashes, new, radius)
    assert pairs.dtype == np.int64
    assert pairs.shape[1] == 2
    expected = brute_force(hashes, new, radius)
    assert len(expected) > 100
    assert [tuple(pair) for pair in pairs.tolist()] == expected


def test_small_blocks_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    base = RNG.integers(1, 2**64, 10, dtype=np.uint64)
    hashes, new = noisy(base, 200, 4), noisy(base, 90, 2)
    whole = near_duplicates(hashes, new)
    monkeypatch.setattr("indexer.phash._CANDIDATES", 7)
    np.testing.assert_array_equal(near_duplicates(hashes, new), whole)


def test_empty_arrays() -> None:
    none, some = np.empty(0, np.uint64), np.array([1, 2], np.uint64)
    for hashes, new in [(none, some), (some, none), (none, none), (some, np.zeros(3, np.uint64))]:
        assert near_duplicates(hashes, new).shape == (0, 2)
    assert near_duplicates(some, np.array([2**63], np.uint64), radius=0).shape == (0, 2)


def test_a_crowd_of_equal_hashes_is_cut() -> None:
    hashes = np.concatenate([np.full(5000, 9, np.uint64), np.array([2**60 + 9], np.uint64)])
    pairs = near_duplicates(hashes, np.array([9, 8], np.uint64), crowd=3)
    assert pairs.tolist() == [[0, 0], [1, 0], [2, 0], [5000, 0], [0, 1], [1, 1], [2, 1], [5000, 1]]


def test_blank_pictures_resemble_nothing_and_cost_nothing() -> None:
    blank = np.full(1_000_000, BLANK, np.uint64)
    assert len(near_duplicates(blank, blank)) == 0


def test_many_hashes_are_quick_and_bounded() -> None:
    hashes = RNG.integers(1, 2**64, 100_000, dtype=np.uint64)
    new = hashes[:2000] ^ np.uint64(0b1010)
    pairs = near_duplicates(hashes, new)
    np.testing.assert_array_equal(pairs, np.stack([np.arange(2000)] * 2, axis=1))


@pytest.mark.parametrize("radius", [-1, 16])
def test_radius_out_of_range(radius: int) -> None:
    with pytest.raises(InputError, match="0 to 15"):
        near_duplicates(np.empty(0, np.uint64), np.empty(0, np.uint64), radius)
