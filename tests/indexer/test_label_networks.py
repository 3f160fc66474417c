"""Backbones: preprocessing against torchvision's own, modules against other builds, and what training may look at."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.errors import InputError
from indexer.labels.examples import Labelled
from indexer.labels.networks import tune
from indexer.labels.networks.backbones import BACKBONES, backbone_named
from indexer.labels.networks.fit import network_fit
from indexer.labels.networks.modules import Layers, blocks_of
from indexer.labels.networks.preprocess import prepare, scaled
from indexer.labels.networks.recipe import Recipe
from indexer.labels.networks.weights import Origin, find_weights


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Layers this small are quicker on one thread, on a busy machine by far."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


SHAPES = ((533, 400), (300, 471), (224, 224), (97, 150), (720, 333))


def photo(height: int, width: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (9, 7, 3), dtype=np.uint8)).resize((width, height))
    return np.clip(np.asarray(coarse) + rng.normal(0, 12, (height, width, 3)), 0, 255).astype(np.uint8)


def torchvision_transforms(name: str):
    """What torchvision documents for the weights; written with its transforms where it has no such weights."""
    from indexer.runtime.torchvision_shim import torchvision

    if name == "vgg16":
        return torchvision.models.VGG16_Weights.IMAGENET1K_FEATURES.transforms()
    if name == "resnet50":
        return torchvision.models.ResNet50_Weights.IMAGENET1K_V2.transforms()
    steps = torchvision.transforms
    resize = {"efficientnet-lite0": 256, "basic-cnn": 150}[name]
    side = {"efficientnet-lite0": 224, "basic-cnn": 150}[name]
    lowest, width = {"efficientnet-lite0": (127.0, 128.0), "basic-cnn": (0.0, 255.0)}[name]
    return steps.Compose([
        steps.Resize(resize), steps.CenterCrop(side), steps.PILToTensor(), lambda x: (x.double() - lowest) / width,
    ])  # fmt: skip


@pytest.mark.parametrize("name", BACKBONES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_preprocessing_is_that_of_the_weights(name: str, shape: tuple[int, int]) -> None:
    rgb, backbone = photo(*shape), BACKBONES[name]
    expected = torchvision_transforms(name)(Image.fromarray(rgb)).numpy()
    found = scaled(prepare(rgb, backbone)[None], backbone)[0]
    assert found.shape == (3, backbone.side, backbone.side) and found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max())


def test_golden_pixels_by_hand() -> None:
    """One colour everywhere: no resizing changes it, and the units are arithmetic."""
    rgb = np.full((300, 260, 3), (200, 100, 50), np.uint8)
    golden = {
        "basic-cnn": (200 / 255, 100 / 255, 50 / 255),
        "vgg16": (200 - 0.48235 * 255, 100 - 0.45882 * 255, 50 - 0.40784 * 255),
        "resnet50": ((200 / 255 - 0.485) / 0.229, (100 / 255 - 0.456) / 0.224, (50 / 255 - 0.406) / 0.225),
        "efficientnet-lite0": (73 / 128, -27 / 128, -77 / 128),
    }
    for name, expected in golden.items():
        found = scaled(prepare(rgb, BACKBONES[name])[None], BACKBONES[name])[0]
        for channel in range(3):
            np.testing.assert_allclose(found[channel], expected[channel], rtol=1e-5)


def test_vgg16_is_torchvisions_network() -> None:
    import torch

    from indexer.runtime.torchvision_shim import torchvision

    backbone = BACKBONES["vgg16"]
    origin = find_weights(backbone)
    reference = torchvision.models.vgg16(weights=None).features.eval()
    layers = {name.removeprefix("features."): torch.from_numpy(np.array(value))
              for name, value in origin.arrays.items() if name.startswith("features.")}  # fmt: skip
    reference.load_state_dict(layers)
    x = torch.from_numpy(scaled(prepare(photo(533, 400), backbone, 150)[None], backbone))
    blocks = blocks_of(backbone, origin)
    assert len(blocks) == backbone.blocks
    with torch.inference_mode():
        found = torch.nn.Sequential(*blocks)(x)
        np.testing.assert_allclose(found, reference(x), atol=1e-3, rtol=1e-3)
        assert found.flatten(1).shape[1] == 8192
        assert torch.nn.Sequential(*blocks)(torch.zeros(1, 3, 224, 224)).flatten(1).shape[1] == 25088


def test_lite0_is_timms_network_before_its_batch_norms_are_folded() -> None:
    import torch

    from indexer.runtime.torchvision_shim import torchvision  # noqa: F401  before timm imports it
    import timm  # isort: skip
    from indexer.garments.training.model import load_imagenet

    reference = timm.create_model("tf_efficientnet_lite0", pretrained=False).eval()
    load_imagenet(reference)
    backbone = BACKBONES["efficientnet-lite0"]
    blocks = blocks_of(backbone, find_weights(backbone))
    assert len(blocks) == backbone.blocks
    x = torch.from_numpy(scaled(prepare(photo(533, 400), backbone)[None], backbone))
    with torch.inference_mode():
        expected = reference.forward_features(x)
        found = torch.nn.Sequential(*blocks)(x)
    assert found.shape == (1, 1280, 7, 7)
    np.testing.assert_allclose(found, expected, atol=2e-3 * float(expected.abs().max()))


def test_gradients_of_layers_are_those_of_finite_differences() -> None:
    import torch

    from indexer.runtime.network import Activation, Convolution, MaxPool, Residual

    rng = np.random.default_rng(0)
    depthwise = Convolution(rng.normal(0, 1, (3, 1, 3, 3)), rng.normal(0, 1, 3), 1, (1, 1), 3)
    whole = Layers([Residual((depthwise, Activation("relu6"))), Convolution(rng.normal(0, 1, (2, 3, 1, 1)),
                   np.zeros(2), 1, (0, 0)), MaxPool(2)]).double()  # fmt: skip
    x = torch.from_numpy(rng.normal(0, 1, (2, 3, 6, 6)))
    total = (whole(x) ** 2).sum()
    total.backward()
    for parameter in whole.parameters():
        flat, gradient = parameter.detach().view(-1), parameter.grad.view(-1)
        for place in range(0, len(flat), 5):
            kept, step = float(flat[place]), 1e-5
            values = []
            for moved in (kept + step, kept - step):
                flat[place] = moved
                with torch.no_grad():
                    values.append(float((whole(x) ** 2).sum()))
            flat[place] = kept
            assert (values[0] - values[1]) / (2 * step) == pytest.approx(float(gradient[place]), rel=1e-3, abs=1e-3)


def test_resnet50_says_when_its_weights_are_random(monkeypatch, tmp_path: Path) -> None:
    import torch

    from indexer.runtime.torchvision_shim import torchvision

    def offline(*_: object, **__: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr(torchvision.models.ResNet50_Weights, "get_state_dict", offline)
    origin = find_weights(BACKBONES["resnet50"])
    assert origin.random and "RANDOM" in origin.told and "could not be downloaded" in origin.told
    blocks = blocks_of(BACKBONES["resnet50"], origin)
    assert len(blocks) == 4
    state = torchvision.models.resnet50(weights=None).state_dict()
    torch.save(state, tmp_path / "resnet50.pth")
    given = find_weights(BACKBONES["resnet50"], tmp_path / "resnet50.pth")
    assert not given.random and given.told == "the file resnet50.pth"
    reference = torchvision.models.resnet50(weights=None)
    reference.load_state_dict(state)
    reference.fc = torch.nn.Identity()
    x = torch.from_numpy(np.random.default_rng(0).normal(0, 1, (1, 3, 64, 64)).astype(np.float32))
    with torch.inference_mode():
        found = torch.nn.Sequential(*blocks_of(BACKBONES["resnet50"], given)).eval()(x).mean((2, 3))
        np.testing.assert_allclose(found, reference.eval()(x), atol=1e-4, rtol=1e-4)
    with pytest.raises(InputError, match="not weights of resnet50"):
        blocks_of(BACKBONES["resnet50"], Origin({"conv1.weight": np.zeros((1, 1))}, "a file"))


def shapes(folder: Path, count: int) -> tuple[list[Path], np.ndarray]:
    """Photos of bright squares that lie (1) or stand (0), in noise, of any colour: no mean tells them apart."""
    rng, files, targets = np.random.default_rng(4), [], []
    for number in range(count):
        rgb = rng.integers(0, 60, (48, 48, 3), dtype=np.uint8)
        kind = number % 2
        high, wide = (10, 34) if kind else (34, 10)
        top, left = rng.integers(0, 48 - high), rng.integers(0, 48 - wide)
        rgb[top : top + high, left : left + wide] = rng.integers(150, 256, 3)
        files.append(folder / f"{number}.png")
        Image.fromarray(rgb).save(files[-1])
        targets.append(kind)
    return files, np.array(targets, np.int64)


def labelled(files: list[Path], targets: np.ndarray) -> Labelled:
    count = len(files)
    return Labelled("lies", ("no", "yes"), False, tuple(map(str, files)), np.arange(count), targets,
                    np.arange(count), ("",) * count)  # fmt: skip


def test_basic_cnn_learns_what_a_mean_cannot_and_repeats_itself(tmp_path: Path, monkeypatch) -> None:
    files, targets = shapes(tmp_path, 150)
    rows = np.arange(150)
    train, validation, test = rows[:80], rows[80:100], rows[100:]
    seen: list[int] = []
    pictures = [np.asarray(Image.open(file)) for file in files]
    plain = tune.augmented

    def watched(shown: np.ndarray, seed: tuple[int, ...]) -> np.ndarray:
        seen.extend(next(n for n, p in enumerate(pictures) if np.array_equal(p, one)) for one in shown)
        return plain(shown, seed)

    monkeypatch.setattr(tune, "augmented", watched)
    recipe = Recipe(side=48, epochs=14, patience=14, rate=2e-3, batch=16)
    fit = network_fit("basic-cnn", files, labelled(files, targets), tmp_path / "work", recipe=recipe)
    assert fit.weights.startswith("random")
    chances = fit(train, validation, 5)(test)
    assert chances.shape == (50, 2)
    np.testing.assert_allclose(chances.sum(1), 1, atol=1e-5)
    assert (chances.argmax(1) == targets[test]).mean() >= 0.8
    assert set(seen) == set(train.tolist())  # neither what stops the training nor what tests it is augmented
    short = dataclasses.replace(recipe, epochs=2)
    again = network_fit("basic-cnn", files, labelled(files, targets), tmp_path / "work", recipe=short)
    np.testing.assert_array_equal(again(train, validation, 5)(test), again(train, validation, 5)(test))
    assert not np.array_equal(again(train, validation, 5)(test), again(train, validation, 6)(test))


def test_frozen_and_tuned_lite0_on_shapes(tmp_path: Path) -> None:
    files, targets = shapes(tmp_path, 60)
    rows = np.arange(60)
    frozen = network_fit("efficientnet-lite0", files, labelled(files, targets), tmp_path / "work",
                         recipe=Recipe(side=64, copies=1, head="linear"))  # fmt: skip
    assert (frozen(rows[:30], rows[30:40], 0)(rows[40:]).argmax(1) == targets[40:]).mean() >= 0.8
    made = sorted(path.name for path in (tmp_path / "work").iterdir())
    assert sum(name.startswith("features-") for name in made) == 1
    tuned = network_fit("efficientnet-lite0", files, labelled(files, targets), tmp_path / "work",
                        recipe=Recipe(side=64, blocks=2, epochs=2))  # fmt: skip
    chances = tuned(rows[:30], rows[30:40], 0)(rows[40:])
    assert chances.shape == (20, 2) and np.isfinite(chances).all()
    assert sorted(path.name for path in (tmp_path / "work").iterdir()) == made  # the prepared photos serve both


def test_wrong_input_says_what_to_do(tmp_path: Path) -> None:
    files, targets = shapes(tmp_path, 4)
    with pytest.raises(InputError, match=r"one of basic-cnn, vgg16, resnet50, efficientnet-lite0, not 'vgg19'"):
        backbone_named("vgg19")
    with pytest.raises(InputError, match="vgg16 has 5 blocks, and 6"):
        network_fit("vgg16", files, labelled(files, targets), tmp_path, recipe=Recipe(blocks=6))
    with pytest.raises(InputError, match="takes no weights"):
        network_fit("basic-cnn", files, labelled(files, targets), tmp_path, weights=files[0])
    with pytest.raises(InputError, match="squares of 32 to 512"):
        Recipe(side=8)
    (tmp_path / "bad.png").write_bytes(b"no photo")
    bad = [*files[:3], tmp_path / "bad.png"]
    with pytest.raises(InputError, match=r"bad\.png cannot be read"):
        network_fit("basic-cnn", bad, labelled(bad, targets), tmp_path / "w")
