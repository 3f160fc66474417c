"""What Mask R-CNN learns from and how: kinds, splits, samples, backbones, and a loop that can be stopped."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from PIL import Image

from engine.errors import InputError, PictureError
from indexer.coco import CocoDataset, CocoImage, CocoInstance, CocoWriter, Rle, read_coco
from indexer.garments.classes import GARMENTS
from indexer.garments.instances.backbones import backbone
from indexer.garments.instances.description import Description, described
from indexer.garments.instances.detect import paste, target_size
from indexer.garments.instances.kinds import MODANET, kinds_of
from indexer.garments.instances.lite0 import lite0
from indexer.garments.instances.network import build
from indexer.garments.instances.samples import Source, classes_of, fitted, open_source, parts
from indexer.garments.instances.training import Plan, Trainer
from indexer.garments.maskrcnn_training import _pair
from indexer.garments.training.split import part_of
from indexer.runtime.network import Network
from indexer.runtime.torch_runtime import TorchRuntime

ROOT = Path(__file__).parents[2]
TOLD = Description(("top", "bag"), ("top", "bag"), "efficientnet_lite0", 64, 96, 8, 16, 1, 32)


def module_at(path: Path) -> ModuleType:
    """A file that is in no package, as a module."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


# Kinds and descriptions.


def test_modanets_classes_have_kinds() -> None:
    assert len(MODANET) == 13
    assert set(MODANET.values()) <= set(GARMENTS)
    assert kinds_of(MODANET, {}) == MODANET
    assert kinds_of(["Pants", "hair"], {}) == {"Pants": "trousers"}


def test_kinds_that_are_told() -> None:
    assert kinds_of(["jumpsuit", "bag"], {"jumpsuit": "dress", "bag": "none"}) == {"jumpsuit": "dress"}
    with pytest.raises(InputError, match=r"of which kind is 'jumpsuit'\? Tell it as --kind 'jumpsuit=KIND'"):
        kinds_of(["jumpsuit"], {})
    with pytest.raises(InputError, match="not 'gown'"):
        kinds_of(["jumpsuit"], {"jumpsuit": "gown"})
    with pytest.raises(InputError, match="no class that is a garment"):
        kinds_of(["hair"], {})
    assert _pair("a=b=top") == ("a=b", "top")
    with pytest.raises(InputError, match="NAME=KIND"):
        _pair("top")


def test_descriptions_come_back() -> None:
    assert described(TOLD.metadata()) == TOLD
    for wrong in ({}, {"format": "x"}, {**TOLD.metadata(), "network": "{"}, {**TOLD.metadata(), "network": "{}"}):
        with pytest.raises(InputError):
            described(wrong)
    with pytest.raises(InputError, match="one kind of"):
        Description(("hat",), ("hat",))
    with pytest.raises(InputError, match="stride of 4 or 8"):
        Description(("hat",), ("accessory",), finest=16)


# Backbones.


@pytest.mark.parametrize(
    ("name", "finest", "levels"), [("resnet18", 4, 5), ("mobilenet_v3_small", 8, 4), ("efficientnet_lite0", 4, 5)]
)
def test_backbones_have_a_pyramid(name: str, finest: int, levels: int) -> None:
    made = backbone(name, 8, finest, pretrained=False).eval()
    with torch.inference_mode():
        features = list(made(torch.zeros(1, 3, 64, 96)).values())
    assert [tuple(f.shape) for f in features] == [
        (1, 8, max(1, 64 // (finest << level)), max(1, -(-96 // (finest << level)))) for level in range(levels)
    ]


def test_unknown_backbones_are_refused() -> None:
    with pytest.raises(InputError, match="torchvision has no network 'resnet51'"):
        backbone("resnet51", 8, 4, pretrained=False)
    with pytest.raises(InputError, match="has no features at every stride"):
        backbone("squeezenet1_1", 8, 4, pretrained=False)
    with pytest.raises(InputError, match="cannot carry a feature pyramid"):
        backbone("shufflenet_v2_x0_5", 8, 4, pretrained=False)


def test_lite0_is_the_network_of_its_package() -> None:
    """Against the same weights through the example space's layers, which are tested against their own runtime."""
    example = module_at(
        ROOT / "docs" / "examples" / "houndstooth-efficientnet-lite0" / "houndstooth_efficientnet_lite0.py"
    )
    whole = example.network(example.read_weights(example.weights_file()))
    layers = whole.layers[:-8]  # without the last stage, the head and the average: five layers, two and one
    picture = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
    want = TorchRuntime(Network(64, whole.mean, whole.scale, layers), "cpu")(picture)
    with torch.inference_mode():
        got = lite0(pretrained=True).eval()((torch.tensor(picture).permute(0, 3, 1, 2).float() - 127) / 128)
    assert got.shape == (2, 192, 2, 2)
    np.testing.assert_allclose(got.flatten(1).numpy(), want, atol=1e-3 * float(np.abs(want).max()))


# Splits and samples.


def data_set(folder: Path, count: int = 4) -> CocoDataset:
    """Pictures of 80 x 60 with a top on the left and a bag on the right."""
    writer = CocoWriter(("top", "hair", "bag"))
    rng = np.random.default_rng(0)
    for number in range(count):
        Image.fromarray(rng.integers(0, 256, (60, 80, 3), dtype=np.uint8)).save(folder / f"{number}.png")
        masks = [np.zeros((60, 80), dtype=bool) for _ in range(3)]
        masks[0][10:50, 5:35] = True
        masks[1][0:5, 0:5] = True
        masks[2][20:40, 45:75] = True
        writer.add(f"{number}.png", (80, 60), list(zip(("top", "hair", "bag"), masks, strict=True)))
    writer.write(folder / "instances.json")
    return read_coco(folder / "instances.json")


def test_groups_never_part() -> None:
    images = {n: CocoImage(n, f"{n}.jpg", 4, 4, f"user {n // 5}") for n in range(500)}
    learned, held = parts(CocoDataset({}, images, dict.fromkeys(images, ())))
    assert sorted([*learned, *held]) == list(images)
    assert not {images[n].group for n in learned} & {images[n].group for n in held}
    assert {images[n].group for n in held} == {f"user {n}" for n in range(100) if part_of(f"user {n}") == "test"}
    assert 50 < len(held) < 150


def test_samples_fit_their_pictures(tmp_path: Path) -> None:
    dataset = data_set(tmp_path, 1)
    assert classes_of(dataset, {}) == {"top": "top", "bag": "bag"}
    source = open_source(dataset, tmp_path, TOLD)
    assert source.labels == {1: 1, 3: 2}
    sides = set()
    for seed in range(8):
        sample = source.sample(1, np.random.default_rng(seed))
        height, width = sample.rgb.shape[:2]
        assert 0.75 * 64 - 1 <= height <= 64
        assert width / height == pytest.approx(80 / 60, abs=0.05)
        assert sample.labels.tolist() == [1, 2]
        assert sample.masks.shape == (2, height, width)
        for box, mask in zip(sample.boxes, sample.masks, strict=True):
            rows, columns = np.nonzero(mask)
            assert box.tolist() == [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        assert sample.masks[0].sum() == pytest.approx(width * height * (40 * 30) / (80 * 60), rel=0.1)
        sides.add(bool(sample.boxes[0, 0] < sample.boxes[1, 0]))
    assert sides == {True, False}


def test_crowds_and_specks_are_not_learned(tmp_path: Path) -> None:
    dataset = data_set(tmp_path, 1)
    speck = np.zeros((60, 80), dtype=bool)
    speck[3, 3] = True
    top = dataset.instances[1][0]
    many = (CocoInstance(1, 1, top.shape, crowd=True), CocoInstance(2, 1, Rle.of(speck)), top)
    changed = CocoDataset(dataset.categories, dataset.images, {1: many})
    sample = Source(changed, tmp_path, (1,), {1: 1}, TOLD).sample(1, np.random.default_rng(0))
    assert sample.labels.tolist() == [1]
    none = CocoDataset(dataset.categories, dataset.images, {1: many[:1]})
    sample = Source(none, tmp_path, (1,), {1: 1}, TOLD).sample(1, np.random.default_rng(0))
    assert (sample.boxes.shape, sample.masks.shape[0], sample.labels.shape) == ((0, 4), 0, (0,))


def test_photos_that_do_not_do(tmp_path: Path) -> None:
    dataset = data_set(tmp_path, 3)
    (tmp_path / "0.png").unlink()
    Image.new("RGB", (60, 80)).save(tmp_path / "1.png")
    source = open_source(dataset, tmp_path, TOLD)
    assert source.images == (2, 3)
    with pytest.raises(PictureError, match="it is 60 x 80, and the data set says 80 x 60"):
        source.sample(2, np.random.default_rng(0))
    with pytest.raises(InputError, match="none of the data set's photos is in"):
        open_source(dataset, tmp_path / "nowhere", TOLD)
    with pytest.raises(InputError, match="none of the classes skirt"):
        open_source(dataset, tmp_path, Description(("skirt",), ("skirt",)))


def test_fitted_masks_keep_the_majority() -> None:
    mask = np.zeros((4, 6), dtype=bool)
    mask[:2, :3] = True
    np.testing.assert_array_equal(fitted(mask, (3, 2)), [[True, True, False], [False] * 3])
    np.testing.assert_array_equal(fitted(mask, (12, 8)), np.repeat(np.repeat(mask, 2, 0), 2, 1))
    assert fitted(mask, (6, 4)) is mask


def test_sizes_keep_their_proportions() -> None:
    assert target_size((400, 600), TOLD) == (64, 96)
    assert target_size((100, 1000), TOLD) == (10, 96)
    assert target_size((50, 40), TOLD) == (80, 64)


def test_pasted_masks_by_loops() -> None:
    rng = np.random.default_rng(2)
    share = rng.random((5, 5)).astype(np.float32)
    box = np.array([3.3, -4.2, 27.1, 15.9])
    want = np.zeros((18, 25), dtype=bool)
    for row in range(18):
        for column in range(25):
            y = (row + 0.5 - box[1]) / (box[3] - box[1]) * 5 - 0.5
            x = (column + 0.5 - box[0]) / (box[2] - box[0]) * 5 - 0.5
            value = 0.0
            for i in range(5):
                for j in range(5):
                    value += share[i, j] * max(0.0, 1 - abs(y - i)) * max(0.0, 1 - abs(x - j))
            want[row, column] = value >= 0.5
    np.testing.assert_array_equal(paste(share, box, (18, 25)), want)
    assert want.any()
    assert not want.all()
    assert not paste(share, np.array([40.0, 40, 50, 50]), (18, 25)).any()


# The loop.


def trainer(dataset: CocoDataset, folder: Path, checkpoint: Path, seed: int = 0) -> Trainer:
    torch.manual_seed(5)
    source = open_source(dataset, folder, TOLD)
    return Trainer(build(TOLD), source, Plan(2, 2, 1e-3, seed), torch.device("cpu"), checkpoint)


def test_a_stopped_run_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    dataset = data_set(tmp_path)
    whole = trainer(dataset, tmp_path, tmp_path / "whole")
    assert whole.steps == 4
    whole.run()
    first = trainer(dataset, tmp_path, tmp_path / "parted")
    first.run(until=1)
    second = trainer(dataset, tmp_path, tmp_path / "parted")
    second.resume()
    assert second.step == 1
    second.run()
    assert second.step == 4
    for name, value in whole.network.state_dict().items():
        torch.testing.assert_close(second.network.state_dict()[name], value, msg=name)
    with pytest.raises(InputError, match="is of another run"):
        trainer(dataset, tmp_path, tmp_path / "parted", seed=1).resume()
    (tmp_path / "parted").write_bytes(b"damaged")
    with pytest.raises(InputError, match="no checkpoint, or damaged"):
        trainer(dataset, tmp_path, tmp_path / "parted").resume()


def test_photos_that_fail_while_learning_are_told(tmp_path: Path) -> None:
    dataset = data_set(tmp_path, 2)
    (tmp_path / "0.png").write_bytes(b"damaged")
    made = trainer(dataset, tmp_path, tmp_path / "checkpoint")
    before = made.network.roi_heads.mask_predictor.mask_fcn_logits.weight.clone()
    made.run()
    assert list(made.skipped) == ["0.png"]
    assert not torch.equal(before, made.network.roi_heads.mask_predictor.mask_fcn_logits.weight)


# The benchmark's data.


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    sys.path.insert(0, str(ROOT / "benchmarks" / "quality"))
    try:
        return module_at(ROOT / "benchmarks" / "quality" / "instances.py")
    finally:
        sys.path.pop(0)


def test_composed_pictures_show_their_masks(benchmark: ModuleType) -> None:
    kinds = set()
    for number in range(4):
        rgb, shown = benchmark.composed(0, number)
        again, _ = benchmark.composed(0, number)
        np.testing.assert_array_equal(rgb, again)
        assert rgb.shape == (512, 384, 3)
        assert 1 <= len(shown) <= 4
        assert np.sum([mask for _, mask in shown], axis=0).max() == 1  # what hides another is not part of it
        assert all(mask.any() for _, mask in shown)
        kinds |= {kind for kind, _ in shown}
    assert kinds <= set(GARMENTS)
    assert len(kinds) > 1


def test_instances_of_a_label_map(benchmark: ModuleType) -> None:
    labels = {0: "null", 1: "shoes", 2: "coat", 3: "hair"}
    marks = np.zeros((40, 40), dtype=np.uint8)
    marks[30:35, 2:8] = marks[30:35, 20:28] = 1
    marks[5:20, 2:10] = marks[5:20, 14:22] = 2  # an open coat: two halves
    marks[0:3] = 3
    found = list(benchmark.instances(marks, labels))
    assert [(kind, int(mask.sum())) for kind, mask in found] == [("footwear", 30), ("footwear", 40), ("outer", 240)]
