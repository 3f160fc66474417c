"""Edges of masks by the guided filter: against a plain loop, on drawn edges, and on labelled photos."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from indexer.decode import decode
from indexer.garments import deeplab as deeplab_module
from indexer.garments.deeplab import DeepLab
from indexer.garments.edges import STEP, all_sharpened, guided, sharpened
from indexer.garments.network import PLACES, SIZE
from indexer.garments.regions import Layout, garments_of
from indexer.garments.second_look import FINER
from indexer.garments.training.split import flat_photos


def by_loops(values: np.ndarray, guide: np.ndarray, radius: int, smooth: float) -> np.ndarray:
    """Every window's ridge regression of the values on colour, then the mean of the fits at each pixel."""
    height, width = values.shape
    total, count = np.zeros((height, width)), np.zeros((height, width))
    for y in range(height):
        for x in range(width):
            rows, columns = slice(max(0, y - radius), y + radius + 1), slice(max(0, x - radius), x + radius + 1)
            colours = guide[:, rows, columns].reshape(3, -1).T.astype(float)
            wanted = values[rows, columns].ravel().astype(float)
            centred = colours - colours.mean(0)
            spread = centred.T @ centred / len(colours) + smooth * np.eye(3)
            slope = np.linalg.solve(spread, centred.T @ wanted / len(colours))
            fit = wanted.mean() + (guide[:, rows, columns] - colours.mean(0)[:, None, None]).T @ slope
            total[rows, columns] += fit.T
            count[rows, columns] += 1
    return total / count


@pytest.mark.parametrize(("shape", "radius"), [((13, 17), 2), ((9, 30), 4), ((4, 5), 6)])
def test_guided_filter_is_the_mean_of_local_regressions(shape: tuple[int, int], radius: int) -> None:
    draw = np.random.default_rng(0)
    guide, values = draw.random((3, *shape), np.float32), draw.random(shape, np.float32)
    values[:, 3:] *= guide[1][:, 3:]
    # Windows cut at the border differ in size; the mean over windows weighs each once, as the loops do.
    np.testing.assert_allclose(guided(values, guide, radius, 1e-3), by_loops(values, guide, radius, 1e-3), atol=2e-3)


def test_several_planes_are_filtered_as_one_by_one() -> None:
    draw = np.random.default_rng(1)
    guide, values = draw.random((3, 14, 11), np.float32), draw.random((4, 14, 11), np.float32)
    values /= values.sum(0)
    found = guided(values, guide)
    for plane, alone in zip(values, found, strict=True):
        np.testing.assert_array_equal(alone, guided(plane, guide))
    np.testing.assert_allclose(found.sum(0), 1, atol=1e-4)  # the filter is linear, and keeps what is constant


def disc() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A prepared picture of a red disc on a grey, noisy ground; its mask; and its chance at the network's places."""
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    truth = (rows - 190) ** 2 + (columns - 140) ** 2 < 90**2
    noise = np.random.default_rng(0).integers(-6, 7, (*SIZE, 3))
    picture = (np.where(truth[..., None], (170, 40, 50), (150, 148, 140)) + noise).astype(np.uint8)
    small = Image.fromarray(truth.astype(np.float32)).resize((PLACES[1] // 4, PLACES[0] // 4), Image.Resampling.BOX)
    chance = np.asarray(small.resize(PLACES[::-1], Image.Resampling.BILINEAR))  # a blurred idea of the disc
    chance = np.roll(chance, 1, axis=1)  # one place beside where it is
    return picture, truth, chance


def at_picture(values: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(values).resize(SIZE[::-1], Image.Resampling.BILINEAR)) > 0.5


def share(found: np.ndarray, truth: np.ndarray) -> float:
    return float((found & truth).sum() / (found | truth).sum())


def test_edges_go_where_the_colour_changes() -> None:
    picture, truth, chance = disc()
    fine = sharpened(chance, picture)
    assert fine.shape == (SIZE[0] // STEP, SIZE[1] // STEP)
    assert share(at_picture(chance), truth) < 0.95
    assert share(at_picture(fine), truth) > 0.98


def test_edges_between_any_two_classes_move() -> None:
    """A disc of two cloths, before a ground: all three edges, and chances stay chances."""
    picture, truth, chance = disc()
    upper = np.arange(SIZE[0])[:, None] < 190
    picture[truth & upper] = (40, 60, 160)
    step = SIZE[0] // PLACES[0] // FINER
    size = (SIZE[1] // step, SIZE[0] // step)
    cloth = np.asarray(Image.fromarray(chance).resize(size, Image.Resampling.BILINEAR))
    above = np.clip((195 / step - np.arange(size[1])[:, None]) / 12 + 0.5, 0, 1).astype(np.float32)  # 5 px too low
    chances = np.stack([1 - cloth, cloth * above, cloth * (1 - above)])
    fine = all_sharpened(chances, picture)
    assert fine.shape == chances.shape
    assert fine.dtype == np.float32
    assert fine.min() >= 0
    np.testing.assert_allclose(fine.sum(0), 1, atol=1e-5)
    wanted = np.where(truth, np.where(upper, 1, 2), 0)
    right = [
        (np.stack([np.asarray(Image.fromarray(p).resize(SIZE[::-1])) for p in planes]).argmax(0) == wanted).mean()
        for planes in (chances, fine)
    ]
    assert right[0] < 0.98
    assert right[1] > 0.99
    np.testing.assert_array_equal(all_sharpened(chances[:1] * 0 + 1, picture), 1)  # nothing but background


def test_nothing_far_from_cloth_becomes_cloth() -> None:
    picture, _, chance = disc()
    picture[:60, :60] = (170, 40, 50)  # the cloth's own colour, elsewhere
    assert not (at_picture(sharpened(chance, picture))[:70, :70]).any()


def test_without_an_edge_the_mask_stays() -> None:
    _, _, chance = disc()
    plain = np.full((*SIZE, 3), 128, np.uint8)
    assert share(at_picture(sharpened(chance, plain)), at_picture(chance)) > 0.95


def test_what_would_vanish_stays() -> None:
    """A place of cloth, which a plain picture's windows would smooth away."""
    chance = np.zeros(PLACES, np.float32)
    assert not sharpened(chance, np.full((*SIZE, 3), 128, np.uint8)).any()
    chance[40, 30] = 0.9
    fine = sharpened(chance, np.full((*SIZE, 3), 128, np.uint8))
    assert not (fine > 0.5).any()
    found = Layout(chance - np.float32(0.5), {"bag": chance}, {"bag": 0.9})
    (with_fine,), (without,) = garments_of(found, SIZE, fine), garments_of(found, SIZE)
    assert without.mask.any()
    np.testing.assert_array_equal(with_fine.mask, without.mask)


def test_photos_of_garments_have_better_edges(shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Photos the network learned from: what is compared is the edge step alone, with it and without."""
    examples = [example for example in flat_photos(shared_data) if example.part == "train"][::80]
    pictures = [decode(example.photo.read_bytes()).rgb for example in examples]
    finder = DeepLab(device="cpu")
    shares: dict[str, list[float]] = {}
    for way in ("fine", "coarse"):
        if way == "coarse":
            monkeypatch.setattr(deeplab_module, "sharpened", lambda chance, prepared: None)
        shares[way] = []
        for example, picture, garments in zip(examples, pictures, finder.find(pictures), strict=True):
            mask = Image.open(example.mask).convert("L").resize(picture.shape[1::-1])
            found = np.any([garment.mask for garment in garments], axis=0)
            shares[way].append(share(found, np.asarray(mask) > 127))
    assert np.mean(shares["fine"]) > np.mean(shares["coarse"]) + 0.003
