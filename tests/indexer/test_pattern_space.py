"""The `pattern` space: squares of cloth, refusals, the named pattern, and what a pattern must be near to."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from engine.errors import InputError, PictureError
from indexer.patches.patches import Patch
from indexer.patterns.designs import FAMILIES, draw
from indexer.patterns.outline import Outline, box_of, mean_colour, outline_of, outline_squares
from indexer.patterns.squares import garment_vectors, squares, unit
from indexer.patterns.views import Look, view
from indexer.picture import Picture
from indexer.spaces.pattern import SHIPPED, Pattern
from indexer.spaces.vgg import Vgg


@pytest.fixture(scope="module")
def space() -> Pattern:
    return Pattern(device="cpu")


def views(name: str, family: str, count: int, seed: int, side: int = 160) -> list[Picture]:
    rng, drawing = np.random.default_rng(seed), draw(name, seed)
    return [Picture(view(drawing, family, side, rng, Look(motif=(16, 40)))) for _ in range(count)]


def test_long_patches_give_a_square_from_each_end_and_square_ones_their_middle() -> None:
    rgb = np.zeros((300, 200, 3), np.uint8)
    rgb[:, :, 0] = np.arange(300)[:, None] // 2
    rgb[:, :, 1] = np.arange(200)[None]
    long, wide = Patch(0, 0, 100, 300, 1.0, 0.0), Patch(100, 0, 100, 110, 1.0, 0.0)
    found = squares(rgb, [long, wide])
    assert [square.shape for square in found] == [(128, 128, 3)] * 3
    reds = [int(square[:, :, 0].mean()) for square in found]
    np.testing.assert_allclose(reds, [24.5, 124.5, 27], atol=1.5)
    assert found[2][:, :, 1].mean() == pytest.approx(149.5, abs=1.5)
    assert len(squares(rgb, [wide])) == 1


def test_vectors_are_unit_length_alike_whatever_the_batch_and_of_the_mean_of_squares(space: Pattern) -> None:
    pictures = [*views("gingham", "checks", 2, 0), *views("zebra", "animal", 2, 1, side=90)]
    together = space.extract(pictures)
    assert together.shape == (4, 128)
    assert together.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    for picture, row in zip(pictures, together, strict=True):
        assert float(space.extract([picture])[0] @ row) > 0.999
    tall = Picture(np.concatenate([pictures[0].rgb, pictures[1].rgb]))
    halves = unit(together[:2].mean(0, keepdims=True))[0]
    assert float(space.extract([tall])[0] @ halves) > 0.98


def test_only_cloth_inside_the_mask_counts(space: Pattern) -> None:
    cloth, other = views("tartan", "checks", 1, 2)[0].rgb, views("cheetah", "animal", 1, 3)[0].rgb
    mask = np.zeros((160, 320), bool)
    mask[:, :160] = True
    both = Picture(np.concatenate([cloth, other], 1), mask)
    assert float(space.extract([both])[0] @ space.extract([Picture(cloth)])[0]) > 0.9


def test_an_outline_gives_squares_along_its_longer_side_painted_in_the_mean_of_its_cloth() -> None:
    rgb = np.zeros((300, 200, 3), np.uint8)
    rgb[..., 0] = np.arange(300)[:, None] // 2
    rgb[..., 2] = 255  # of what is no cloth
    mask = np.zeros((300, 200), bool)
    mask[20:260, 50:150] = True
    mask[20:60, 50:80] = False
    rgb[mask, 2] = 0
    assert box_of(mask) == (50, 20, 150, 260)
    outline = outline_of(rgb, mask)
    np.testing.assert_array_equal(outline.rgb, rgb[20:260, 50:150])
    found = outline_squares(outline)
    assert [square.shape for square in found] == [(128, 128, 3)] * 2
    assert not any(square[..., 2].any() for square in found)
    reds = rgb[mask][:, 0].astype(int)
    assert abs(int(found[0][5, 5, 0]) - reds.mean()) <= 1  # the missing corner
    np.testing.assert_allclose(found[1][[2, 125], 64, 0], [160 // 2, 258 // 2], atol=2)
    assert len(outline_squares(Outline(rgb[:, :100], np.ones((300, 100), bool)))) == 3
    assert len(outline_squares(Outline(rgb[:100, :100], np.ones((100, 100), bool)))) == 1
    assert len(outline_squares(Outline(rgb, np.eye(300, 200, dtype=bool)))) >= 1  # hardly any cloth anywhere
    small = outline_of(rgb, mask, 120)
    assert small.mask.shape == (120, 50)


def test_patches_and_outline_count_alike_however_many_squares_they_have() -> None:
    found = np.array([[1, 0, 0], [2, 0, 0], [0, 3, 0], [0, 0, 5], [4, 0, 0]], np.float32)
    rows = garment_vectors(found, np.array([0, 0, 0, 1, 1]), np.array([False, False, True, False, False]), 2)
    np.testing.assert_allclose(rows, [[0.5**0.5, 0.5**0.5, 0], [0.5**0.5, 0, 0.5**0.5]], atol=1e-6)


def test_a_picture_without_enough_cloth_is_refused_with_the_reason(space: Pattern) -> None:
    fine, small = views("gingham", "checks", 1, 0)[0], Picture(np.zeros((12, 90, 3), np.uint8))
    thin = Picture(np.zeros((200, 200, 3), np.uint8), np.eye(200, dtype=bool))
    told = space.refuse([fine, small, thin])
    assert told[0] is None
    assert "36 x 12 px, and 20 are needed" in str(told[1])
    assert told[2]
    with pytest.raises(PictureError, match="20 are needed"):
        space.extract([fine, small])


def test_one_pattern_in_other_colours_sizes_and_turns_is_nearer_than_another_pattern(space: Pattern) -> None:
    names = [
        ("gingham", "checks"),
        ("leopard", "animal"),
        ("even", "stripes"),
        ("roses", "floral"),
        ("regular", "dots"),
    ]
    pictures = [picture for name, family in names for picture in views(name, family, 6, 11)]
    labels = np.repeat(np.arange(5), 6)

    def right(rows: np.ndarray) -> float:
        similar = rows @ rows.T - 9 * np.eye(len(rows))
        return float((labels[similar.argmax(1)] == labels).mean())

    found = right(space.extract(pictures))
    assert found >= 0.9
    assert found > right(Vgg(device="cpu").extract(pictures))


def test_the_named_pattern_is_usually_right_and_sure_of_it(space: Pattern) -> None:
    names = [
        ("gingham", "checks"),
        ("even", "stripes"),
        ("smooth", "plain"),
        ("regular", "dots"),
        ("leopard", "animal"),
    ]
    told = [
        (family, space.describe(space.extract([picture]))[0]["pattern"])
        for name, family in names
        for picture in views(name, family, 4, 21)
    ]
    assert all(value in FAMILIES and 1 / len(FAMILIES) <= sure <= 1 for _, (value, sure) in told)
    assert (
        np.mean([family == value for family, (value, _) in told]) >= 0.6
    )  # plain is named when in doubt: most cloth is


def test_the_fingerprint_follows_the_weights_and_a_damaged_file_is_told(tmp_path) -> None:
    copy = tmp_path / "pattern.safetensors"
    copy.write_bytes(SHIPPED.read_bytes())
    assert Pattern(copy).fingerprint == Pattern().fingerprint
    assert Pattern(copy).parameters() == {"weights": hashlib.sha256(SHIPPED.read_bytes()).hexdigest()}
    (tmp_path / "SHA256SUMS").write_text(f"{'0' * 64}  pattern.safetensors\n")
    with pytest.raises(InputError, match="is damaged"):
        Pattern(copy)
    with pytest.raises(InputError, match="no pattern network at"):
        Pattern(tmp_path / "absent.safetensors")


def test_the_mean_colour_is_that_of_a_plain_loop() -> None:
    rng = np.random.default_rng(0)
    for height, width, share in ((1, 1, 1.0), (40, 7, 0.5), (300, 400, 0.9)):
        rgb = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        mask = rng.random((height, width)) < share
        pixels = [rgb[row, column].tolist() for row in range(height) for column in range(width) if mask[row, column]]
        assert mean_colour(rgb, mask) == tuple(sum(channel) // len(pixels) for channel in zip(*pixels, strict=True))
