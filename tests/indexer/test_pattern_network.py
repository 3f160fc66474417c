"""The pattern network: the same numbers from torch's own layers, from the trained modules and from the runtime."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from engine.errors import InputError
from indexer.patterns.designs import draw
from indexer.patterns.model import Head, Upper
from indexer.patterns.network import (
    DIM,
    HEARD,
    LOWER_HEARD,
    SIDE,
    UPPER_INPUT,
    heard_network,
    imagenet,
    lower_network,
    pattern_network,
)
from indexer.patterns.views import view
from indexer.patterns.weights import PatternWeights, load_pattern
from indexer.runtime.lite0 import geometry
from indexer.runtime.torch_runtime import TorchRuntime


@pytest.fixture(scope="module")
def weights() -> dict[str, np.ndarray]:
    return imagenet()


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    rng = np.random.default_rng(0)
    drawn = (("gingham", "checks"), ("roses", "floral"), ("zebra", "animal"))
    return np.stack([view(draw(name, 0), family, SIDE, rng) for name, family in drawn])


@pytest.fixture(scope="module")
def expected(weights: dict[str, np.ndarray], pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What the taps hear and what block 8 reads, by a plain walk through the blocks with TensorFlow's SAME padding."""

    def convolved(x: torch.Tensor, name: str, stride: int = 1) -> torch.Tensor:
        weight, bias = (torch.tensor(weights[f"{name}.{part}"]) for part in ("weight", "bias"))
        rows, kernel = x.shape[2], weight.shape[2]
        need = max((-(-rows // stride) - 1) * stride + kernel - rows, 0)
        x = functional.pad(x, (need // 2, need - need // 2, need // 2, need - need // 2))
        groups = x.shape[1] // weight.shape[1]
        return functional.conv2d(x, weight, bias, stride, 0, 1, groups)

    x = (torch.tensor(pictures).permute(0, 3, 1, 2).float() - 127) / 128
    x = functional.relu6(convolved(x, "stem", 2))
    heard, read = [], np.zeros(0)
    for number, (kernel, stride, adds) in enumerate(geometry()):
        if number == 8:
            read = x.numpy().reshape(3, -1)
        into = x
        if number:
            x = functional.relu6(convolved(x, f"blocks.{number}.expand"))
        x = functional.relu6(convolved(x, f"blocks.{number}.depthwise", stride))
        assert weights[f"blocks.{number}.depthwise.weight"].shape[2] == kernel
        if number in (3, 5, 8, 11, 15):
            heard.append(x.mean((2, 3)).numpy())
        if number == 15:
            break
        x = convolved(x, f"blocks.{number}.project")
        x = x + into if adds else x
    return np.concatenate(heard, 1), read


def made(weights: dict[str, np.ndarray], families: tuple[str, ...] = ("checks", "dots")) -> PatternWeights:
    rng = np.random.default_rng(1)
    embed = rng.normal(0, 0.05, (DIM, HEARD)).astype(np.float32)
    network = {**weights, "embed.weight": embed, "embed.bias": rng.normal(0, 1, DIM).astype(np.float32)}
    family = rng.normal(0, 3, (len(families), DIM)).astype(np.float32)
    return PatternWeights(network, families, family, np.zeros(len(families), np.float32))


def test_the_taps_are_those_of_a_plain_walk_through_the_blocks(weights, pictures, expected) -> None:
    heard = TorchRuntime(heard_network(weights), "cpu")(pictures)
    assert heard.shape == (3, HEARD)
    np.testing.assert_allclose(heard, expected[0], atol=1e-4)


def test_lower_and_upper_halves_make_the_whole(weights, pictures, expected) -> None:
    lower = TorchRuntime(lower_network(weights), "cpu")(pictures)
    np.testing.assert_allclose(lower, expected[1], atol=1e-3)
    upper = Upper(weights)
    with torch.inference_mode():
        heard = upper(torch.tensor(lower).view(-1, *UPPER_INPUT)).numpy()
    np.testing.assert_allclose(heard, expected[0][:, LOWER_HEARD:], atol=1e-3)
    for name, value in upper.arrays().items():
        np.testing.assert_array_equal(value, weights[name])


def test_openvino_gives_nearly_the_vectors_of_the_trained_modules(weights, pictures, expected, tmp_path) -> None:
    from indexer.runtime.openvino_runtime import OpenVinoRuntime

    torch.manual_seed(0)
    head = Head(expected[0].mean(0), expected[0].std(0) + 0.1, 2)
    with torch.inference_mode():
        vectors = head(torch.tensor(expected[0])).numpy()
        scores = head.scores(torch.tensor(vectors)).numpy()
    arrays = head.arrays()
    family, bias = arrays.pop("family.weight"), arrays.pop("family.bias")
    whole = PatternWeights({**weights, **arrays}, ("checks", "dots"), family, bias)
    whole.save(tmp_path / "made.safetensors")
    stored = load_pattern(tmp_path / "made.safetensors")
    found = OpenVinoRuntime(pattern_network(stored.network))(pictures)
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    assert (found * vectors).sum(1).min() > 0.97  # an untrained projection, of features in half precision
    shares = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    np.testing.assert_allclose(stored.shares(vectors), shares, atol=2e-3)


def test_a_file_keeps_its_families_and_says_what_is_wrong_with_others(weights, tmp_path) -> None:
    from safetensors.numpy import save_file

    file = tmp_path / "made.safetensors"
    made(weights).save(file, {"seed": "0"})
    assert file.stat().st_size < 8_000_000
    assert load_pattern(file).families == ("checks", "dots")
    with pytest.raises(InputError, match="no pattern network at"):
        load_pattern(tmp_path / "absent.safetensors")
    (tmp_path / "text.safetensors").write_text("no network")
    with pytest.raises(InputError, match="is not a safetensors file"):
        load_pattern(tmp_path / "text.safetensors")
    save_file({"a": np.zeros(2, np.float32)}, tmp_path / "other.safetensors")
    with pytest.raises(InputError, match="is no pattern network: make one with `houndstooth train pattern`"):
        load_pattern(tmp_path / "other.safetensors")
    lacking = made(weights)
    del lacking.network["blocks.3.expand.bias"]
    lacking.save(tmp_path / "lacking.safetensors")
    with pytest.raises(InputError, match=r"it lacks blocks\.3\.expand\.bias"):
        load_pattern(tmp_path / "lacking.safetensors")
