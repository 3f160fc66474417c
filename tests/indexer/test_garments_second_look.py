"""The closer look at people who stand small: where it looks, and what is made of what it sees."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from indexer.decode import decode
from indexer.garments import deeplab as deeplab_module
from indexer.garments.classes import CLASSES, GARMENTS
from indexer.garments.deeplab import DeepLab
from indexer.garments.network import PLACES, SIZE
from indexer.garments.second_look import CLOSER, FINER, FIRST, FIRST_NAMES, Window, joined, windows
from indexer.garments.training.cache import label_table
from indexer.garments.training.split import street_photos

ASPECT = SIZE[0] / SIZE[1]


def figure(rows: slice, columns: slice, face: bool = True) -> np.ndarray:
    """Chances: someone in a dress before a background, the upper sixth of them a face."""
    chances = np.zeros((len(CLASSES), *PLACES), np.float32)
    chances[0] = 1
    chances[:, rows, columns] = 0
    chances[CLASSES.index("dress"), rows, columns] = 1
    if face:
        upper = slice(rows.start, rows.start + (rows.stop - rows.start) // 6)
        chances[:, upper, columns] = 0
        chances[CLASSES.index("person"), upper, columns] = 1
    return chances


@pytest.mark.parametrize("size", [(960, 720), (1200, 500), (600, 1600)])
def test_two_windows_about_someone_small(size: tuple[int, int]) -> None:
    looks = windows(figure(slice(20, 80), slice(30, 44)), size, ASPECT)
    assert len(looks) == 2
    upper, lower = looks
    for window in looks:
        assert 0 <= window.top < window.bottom <= size[0]
        assert 0 <= window.left < window.right <= size[1]
        height, width = window.bottom - window.top, window.right - window.left
        assert height * CLOSER <= size[0]
        assert width * CLOSER <= size[1]
        cut = height == size[0] or width == size[1]
        assert cut or height / width == pytest.approx(ASPECT, rel=0.02)
        # All of the figure's width is in both.
        assert window.left <= 30 / PLACES[1] * size[1]
        assert window.right >= 44 / PLACES[1] * size[1]
    assert upper.top <= 20 / PLACES[0] * size[0]
    assert lower.bottom >= 80 / PLACES[0] * size[0]
    assert upper.bottom > lower.top


def test_no_closer_look_without_someone_small() -> None:
    size = (960, 720)
    assert windows(figure(slice(20, 80), slice(30, 44), face=False), size, ASPECT) == []
    assert windows(figure(slice(0, 96), slice(2, 70)), size, ASPECT) == []
    assert windows(figure(slice(0, 0), slice(0, 0), face=False), size, ASPECT) == []


def test_a_window_shows_its_pixels() -> None:
    picture = np.arange(7 * 5 * 3, dtype=np.uint8).reshape(7, 5, 3)
    np.testing.assert_array_equal(Window(1, 4, 2, 5).of(picture), picture[1:4, 2:5])


def test_looks_are_averaged_where_they_are() -> None:
    whole = figure(slice(20, 80), slice(30, 44))
    bag = np.zeros_like(whole)
    bag[CLASSES.index("bag")] = 1
    size = (960, 720)  # ten pixels a place
    both = joined(whole, size, [(Window(100, 500, 200, 500), bag), (Window(400, 800, 200, 500), bag)])
    assert both.shape == (len(CLASSES), FINER * PLACES[0], FINER * PLACES[1])
    np.testing.assert_allclose(both.sum(0), 1, atol=1e-5)
    finer = np.stack(
        [np.asarray(Image.fromarray(plane).resize(both.shape[:0:-1], Image.Resampling.BILINEAR)) for plane in whole]
    )
    outside = np.ones(both.shape[1:], bool)
    outside[20:160, 40:100] = False
    np.testing.assert_allclose(both[:, outside], finer[:, outside], atol=1e-6)
    channel = both[CLASSES.index("bag")]
    np.testing.assert_allclose(channel[20:80, 40:100], 1 / (1 + FIRST), atol=1e-5)
    np.testing.assert_allclose(channel[80:100, 40:100], 2 / (2 + FIRST), atol=1e-5)


def test_the_whole_picture_names_and_closer_looks_say_where() -> None:
    """The whole sees a dress with a bag beside it, half of it looks like a skirt and no bag."""
    whole = np.zeros((len(CLASSES), *PLACES), np.float32)
    dress, skirt, bag = (CLASSES.index(name) for name in ("dress", "skirt", "bag"))
    whole[dress, :, :36], whole[bag, :, 36:] = 1, 1
    seen = np.zeros_like(whole)
    seen[skirt, :, :36], seen[0, :, 36:] = 1, 1
    both = joined(whole, (960, 720), [(Window(0, 480, 0, 720), seen)])
    np.testing.assert_allclose(both.sum(0), 1, atol=1e-5)
    looked = both[:, :90]
    np.testing.assert_allclose(looked[dress, :, :70], FIRST_NAMES / (1 + FIRST_NAMES), atol=1e-5)
    np.testing.assert_allclose(looked[skirt, :, :70], 1 / (1 + FIRST_NAMES), atol=1e-5)
    np.testing.assert_allclose(looked[bag, :, 74:], FIRST / (1 + FIRST), atol=1e-5)
    np.testing.assert_allclose(both[dress, 100:, :70], 1, atol=1e-5)


def test_a_look_keeps_its_places() -> None:
    """An edge that a look sees at one of its places is at the same point of the picture afterwards."""
    whole = np.zeros((len(CLASSES), *PLACES), np.float32)
    whole[0] = 1
    seen = np.zeros_like(whole)
    seen[0, :, :36] = 1
    seen[2, :, 36:] = 1
    window = Window(123, 523, 207, 507)  # not on the places' lines: the edge is at column 357 of 720, place 71.4 of 144
    both = joined(whole, (960, 720), [(window, seen)])
    top = both[2, 40:90] * (1 + FIRST)
    np.testing.assert_allclose(top[:, 73:98], 1, atol=1e-3)
    np.testing.assert_allclose(top[:, 44:70], 0, atol=1e-3)
    assert top[0].sum() == pytest.approx(round(507 / 5) - 71.4, abs=0.5)


def test_a_look_keeps_more_than_the_first_one_could() -> None:
    """Stripes of half a place of the whole picture each are still there; where no closer look was, there is nothing."""
    whole = np.zeros((len(CLASSES), *PLACES), np.float32)
    whole[0] = 1
    seen = np.zeros_like(whole)
    striped = np.arange(PLACES[1]) % 2 == 0
    seen[2, :, striped] = 1
    seen[0, :, ~striped] = 1
    both = joined(whole, (960, 720), [(Window(0, 480, 0, 360), seen)])[2] * (1 + FIRST)
    inner = both[4:90, 4:70]
    assert (np.abs(np.diff(inner, axis=1)) > 0.95).all()
    assert not both[:, 74:].any()


def test_street_photos_gain(shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Photos that chose numbers, but from which nothing was learned: as it is, with edges unmoved, with one look."""
    table, first = label_table(shared_data), CLASSES.index(GARMENTS[0])
    examples = [example for example in street_photos(shared_data) if example.part == "validation"][::3]
    pictures = [decode(example.photo.read_bytes()).rgb for example in examples]
    finder = DeepLab(device="cpu")
    shares: dict[str, list[float]] = {"twice": [], "coarse": [], "once": []}
    for way, found in shares.items():
        if way == "coarse":
            monkeypatch.setattr(deeplab_module, "all_sharpened", lambda chances, prepared: chances)
        elif way == "once":
            monkeypatch.setattr(deeplab_module, "windows", lambda chances, size, aspect: [])
        for example, garments in zip(examples, finder.find(pictures), strict=True):
            truth = table[np.asarray(Image.open(example.mask))] >= first
            mask = np.any([garment.mask for garment in garments], axis=0)
            found.append(float((mask & truth).sum() / (mask | truth).sum()))
    assert np.mean(shares["twice"]) > np.mean(shares["once"]) + 0.01
    assert np.mean(shares["twice"]) > np.mean(shares["coarse"]) + 0.002
