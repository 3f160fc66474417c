"""Mask R-CNN from a COCO file to garments: a tiny one is taught a few rendered pictures, then asked."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import save_file

from engine.errors import InputError, MissingDependencyError
from indexer.coco import CocoWriter
from indexer.demo import solid_photo
from indexer.garments import maskrcnn_training
from indexer.garments.classes import GARMENTS
from indexer.garments.find import open_step
from indexer.garments.instances.detect import Detection
from indexer.garments.maskrcnn import Instance, MaskRcnn, _distinct
from indexer.garments.maskrcnn_evaluation import evaluate, table
from indexer.garments.maskrcnn_training import Asked, train
from indexer.picture import Picture

TINY = {"short_side": 64, "long_side": 96, "finest": 8, "channels": 32, "mask_layers": 1, "units": 64}
SIZE = (192, 128)


def pair(seed: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """A red top and blue trousers side by side on white, and their masks."""
    photos = [
        ("top", solid_photo("red", category="t-shirt", seed=seed, size=(96, 128))),
        ("pants", solid_photo("blue", category="trousers", seed=seed, size=(96, 128))),
    ]
    photos = photos[::-1] if seed % 2 else photos
    masks = {}
    for place, (name, photo) in enumerate(photos):
        masks[name] = np.zeros((SIZE[1], SIZE[0]), dtype=bool)
        masks[name][:, 96 * place : 96 * (place + 1)] = photo.mask
    return np.concatenate([photo.rgb for _, photo in photos], axis=1), masks


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with instances.json, its photos, and weights that learned from two thirds of them."""
    folder = tmp_path_factory.mktemp("taught")
    writer = CocoWriter(("hair", "pants", "top"))
    for number in range(12):
        rgb, masks = pair(number)
        Image.fromarray(rgb).save(folder / f"{number}.png")
        writer.add(f"{number}.png", SIZE, list(masks.items()))
    writer.write(folder / "instances.json")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(maskrcnn_training.SIZES, "small", TINY)
        train(Asked(folder / "instances.json", folder, folder / "weights.safetensors", size="small", epochs=18,
                    rate=1e-3, device="cpu"))  # fmt: skip
    return folder


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    return float((a & b).sum() / (a | b).sum())


def test_garments_of_new_pictures(taught: Path) -> None:
    finder = MaskRcnn(taught / "weights.safetensors", device="cpu", score=0.3)
    assert finder.classes == {"pants": "trousers", "top": "top"}
    pairs = [pair(seed) for seed in range(20, 24)]
    found = finder.find([rgb for rgb, _ in pairs])
    right = 0
    for garments, (_, masks) in zip(found, pairs, strict=True):
        areas = [int(garment.mask.sum()) for garment in garments]
        assert areas == sorted(areas, reverse=True)
        for garment in garments:
            assert isinstance(garment, Instance)
            assert (garment.mask.dtype, garment.mask.shape) == (np.dtype(bool), (SIZE[1], SIZE[0]))
            assert garment.kind == {"pants": "trousers", "top": "top"}[garment.label]
            assert garment.kind in GARMENTS
            assert 0.3 <= garment.confidence <= 1
        for name, mask in masks.items():
            right += any(g.label == name and overlap(g.mask, mask) > 0.5 for g in garments if isinstance(g, Instance))
    assert right >= 5, f"{right} of 8 garments found"
    assert finder.find([]) == []


def test_several_garments_are_several_regions(taught: Path) -> None:
    step = open_step("maskrcnn", {"weights": taught / "weights.safetensors", "device": "cpu", "score": "0.3"})
    rgb, _ = pair(20)
    (regions,) = step.regions([Picture(rgb, None, SIZE)], [None], [None])
    assert len(regions) >= 2
    assert {region.kind for region in regions} <= {"top", "trousers"}
    assert all(region.picture.mask is not None and region.box is not None for region in regions)


def test_the_held_out_part_is_scored(taught: Path) -> None:
    report = evaluate(taught / "instances.json", taught, taught / "weights.safetensors", device="cpu")
    assert [c.name for c in report.classes] == ["pants", "top"]
    assert 0 < report.images < 12
    assert all(c.instances == c.images == report.images for c in report.classes)
    assert max(c.ap50 for c in report.classes) > 0.2
    assert "AP50" in table(report)
    whole = evaluate(taught / "instances.json", taught, taught / "weights.safetensors", "all", "cpu")
    assert whole.images == 12


def test_a_photo_that_cannot_be_read_is_told(taught: Path, tmp_path: Path) -> None:
    told = json.loads((taught / "instances.json").read_text())
    Image.fromarray(pair(0)[0]).resize((100, 128)).save(tmp_path / "0.png")
    (tmp_path / "told.json").write_text(json.dumps({**told, "images": told["images"][:2]}))
    report = evaluate(tmp_path / "told.json", tmp_path, taught / "weights.safetensors", "all", "cpu")
    assert report.skipped == {
        "0.png": "it is 100 x 128, and the data set says 192 x 128",
        "1.png": "no such file",
    }
    assert "skipped 1.png: no such file" in table(report)


def test_fingerprints(taught: Path, tmp_path: Path) -> None:
    weights = taught / "weights.safetensors"
    first = MaskRcnn(weights)
    assert len(first.fingerprint) == 16
    assert first.fingerprint == MaskRcnn(str(weights), device="cpu").fingerprint
    assert first.fingerprint != MaskRcnn(weights, score=0.6).fingerprint
    assert (first.name, first.several) == ("maskrcnn", True)


def test_of_two_masks_of_one_garment_the_surer_stays() -> None:
    whole, most, half = (np.arange(100).reshape(10, 10) < n for n in (100, 75, 50))
    found = [Detection(0, 0.6, whole), Detection(1, 0.8, most), Detection(2, 0.7, half)]
    assert [one.label for one in _distinct(found)] == [1, 2]
    assert [one.label for one in _distinct([Detection(0, 0.9, whole), *found[1:]])] == [0, 2]


def test_a_part_of_a_garment_is_none_of_its_own() -> None:
    whole, half, beside = (np.arange(100).reshape(10, 10) < n for n in (100, 50, 0))
    beside[5:, :] = True
    parts = [Detection(0, 0.9, whole), Detection(0, 0.8, half), Detection(1, 0.7, half)]
    assert [(one.label, one.score) for one in _distinct(parts)] == [(0, 0.9), (1, 0.7)]
    pair = [Detection(0, 0.9, half), Detection(0, 0.8, beside)]
    assert _distinct(pair) == pair


def test_wrong_weights_and_options(taught: Path, tmp_path: Path) -> None:
    weights = taught / "weights.safetensors"
    for score in (0.0, 1.0, -1.0):
        with pytest.raises(InputError, match="above 0 and below 1"):
            MaskRcnn(weights, score=score)
    with pytest.raises(InputError, match="no Mask R-CNN weights at"):
        MaskRcnn(tmp_path / "none.safetensors")
    (tmp_path / "text").write_text("not weights")
    with pytest.raises(InputError, match="not a safetensors file"):
        MaskRcnn(tmp_path / "text")
    save_file({"a": np.zeros(2, np.float32)}, tmp_path / "other.safetensors")
    with pytest.raises(InputError, match="maskrcnn_training"):
        MaskRcnn(tmp_path / "other.safetensors")
    with pytest.raises(InputError, match="unknown device 'tpu'"):
        MaskRcnn(weights, device="tpu").find([np.zeros((8, 8, 3), np.uint8)])


def test_without_torch(taught: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "indexer.garments.instances.network", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'houndstooth\[train\]'"):
        MaskRcnn(taught / "weights.safetensors")
