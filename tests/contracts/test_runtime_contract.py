"""Both runtimes give what torch's own layers give in float32, and what integers give where they are told to round."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.errors import InputError, MissingDependencyError
from indexer.decode import decode
from indexer.runtime.base import Runtime, open_runtime
from indexer.runtime.eight_bit import LARGEST, calibrated
from indexer.runtime.network import (
    Activation,
    Concat,
    Convolution,
    Enlarge,
    GlobalAverage,
    MaxPool,
    Network,
    Quantise,
    Residual,
    Sum,
)
from indexer.runtime.openvino_runtime import OpenVinoRuntime, exact_in_eight_bits
from indexer.runtime.torch_runtime import TorchRuntime
from indexer.spaces.vgg import SHIPPED, prepare
from indexer.vgg.weights import load_weights, vgg16

CUDA = pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU"))
RUNTIMES = ["openvino", "torch", CUDA]


def made(kind: str, network: Network) -> Runtime:
    return (
        OpenVinoRuntime(network) if kind == "openvino" else TorchRuntime(network, "cuda" if kind == "cuda" else "cpu")
    )


def cosines(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    one, other = one.astype(np.float64), other.astype(np.float64)
    return (one * other).sum(1) / np.linalg.norm(one, axis=1) / np.linalg.norm(other, axis=1)


def small_network(rng: np.random.Generator) -> Network:
    """Every kind of layer once, with lopsided padding, a depthwise convolution and a leftover column to pool."""

    def convolution(out: int, into: int, size: int, stride: int, padding: tuple[int, int], groups: int = 1):
        weight = rng.normal(0, 0.3, (out, into // groups, size, size)).astype(np.float32)
        return Convolution(weight, rng.normal(0, 0.3, out).astype(np.float32), stride, padding, groups)

    layers = (
        convolution(8, 3, 3, 2, (0, 1)),
        Activation("relu6"),
        Residual((convolution(8, 8, 5, 1, (2, 2), groups=8), Activation("relu"))),
        MaxPool(2),
        convolution(6, 8, 1, 1, (0, 0)),
        GlobalAverage(),
    )
    return Network(22, (120.0, 110.0, 100.0), (0.02, 0.015, 0.01), layers)


def by_torch(network: Network, batch: np.ndarray) -> np.ndarray:
    """The small network written out by hand with torch.nn modules."""
    first, second, third = network.layers[0], network.layers[2].layers[0], network.layers[4]  # type: ignore[union-attr]
    modules = (
        torch.nn.Conv2d(3, 8, 3, 2), torch.nn.Conv2d(8, 8, 5, padding=2, groups=8), torch.nn.Conv2d(8, 6, 1)
    )  # fmt: skip
    for module, layer in zip(modules, (first, second, third), strict=True):
        module.weight.data, module.bias.data = torch.tensor(layer.weight), torch.tensor(layer.bias)
    x = (batch.astype(np.float32) - np.array(network.mean, np.float32)) * np.array(network.scale, np.float32)
    x = torch.tensor(x.transpose(0, 3, 1, 2).copy())
    with torch.inference_mode():
        x = modules[0](torch.nn.ZeroPad2d((0, 1, 0, 1))(x)).clamp(0, 6)
        x = x + modules[1](x).relu()
        x = modules[2](torch.nn.MaxPool2d(2)(x))
        return x.mean((2, 3)).numpy()


@pytest.mark.parametrize("kind", RUNTIMES)
def test_every_kind_of_layer(kind: str) -> None:
    rng = np.random.default_rng(1)
    network = small_network(rng)
    batch = rng.integers(0, 256, (5, 22, 22, 3), dtype=np.uint8)
    got, want = made(kind, network)(batch), by_torch(network, batch)
    assert got.dtype == np.float32
    assert got.shape == want.shape
    np.testing.assert_allclose(got, want, atol=0.02 * np.abs(want).max())


@pytest.mark.parametrize("kind", RUNTIMES)
def test_batches_in_a_stream_are_as_one_after_the_other(kind: str) -> None:
    rng = np.random.default_rng(2)
    run = made(kind, small_network(rng))
    batches = [rng.integers(0, 256, (rows, 22, 22, 3), dtype=np.uint8) for rows in (11, 1, 70)]
    whole = np.concatenate([run(batch) for batch in batches])
    assert np.array_equal(run.stream(iter(batches)), whole)

    def broken() -> Iterator[np.ndarray]:
        yield batches[2]
        raise OSError("no more")

    for _ in range(3):
        with pytest.raises(OSError, match="no more"):
            run.stream(broken())
        assert np.array_equal(run(batches[0]), whole[:11])  # nothing of the broken one comes in between


@pytest.mark.parametrize("kind", RUNTIMES)
def test_branches_and_enlargement(kind: str) -> None:
    """Pictures that are no squares, a dilated depthwise kernel, branches put together, and one that is 1 x 1."""
    rng = np.random.default_rng(3)

    def drawn(out: int, into: int, size: int, stride: int, padding: int, groups: int = 1, dilation: int = 1):
        weight = rng.normal(0, 0.3, (out, into // groups, size, size)).astype(np.float32)
        bias = rng.normal(0, 0.3, out).astype(np.float32)
        return Convolution(weight, bias, stride, (padding, padding), groups, dilation)

    first, wide, narrow = drawn(6, 3, 2, 2, 0), drawn(6, 6, 3, 1, 4, 6, 4), drawn(4, 6, 1, 1, 0)
    pooled, fine = drawn(10, 6, 1, 1, 0), drawn(3, 6, 4, 4, 0)
    views = Concat(((wide, Activation()), (narrow,)))
    inner = (Sum(((views,), (GlobalAverage(), pooled))), Enlarge(4))
    layers = (first, Concat((inner, (fine, Enlarge(16)))))
    network = Network((24, 16), (120.0, 110.0, 100.0), (0.02, 0.015, 0.01), layers)
    batch = rng.integers(0, 256, (3, 24, 16, 3), dtype=np.uint8)

    functions = torch.nn.functional
    weights = {layer: (torch.tensor(layer.weight), torch.tensor(layer.bias)) for layer in (wide, narrow, pooled, fine)}
    x = (batch.astype(np.float32) - np.array(network.mean, np.float32)) * np.array(network.scale, np.float32)
    x = functions.conv2d(
        torch.tensor(x.transpose(0, 3, 1, 2).copy()), torch.tensor(first.weight), torch.tensor(first.bias), 2
    )
    both = torch.cat([functions.conv2d(x, *weights[wide], 1, 4, 4, 6).relu(), functions.conv2d(x, *weights[narrow])], 1)
    both = both + functions.conv2d(x.mean((2, 3), keepdim=True), *weights[pooled])
    parts = [enlarged(both.numpy(), 4), enlarged(functions.conv2d(x, *weights[fine], 4).numpy(), 16)]
    want = np.concatenate(parts, 1).reshape(3, -1)

    got = made(kind, network)(batch)
    assert got.shape == want.shape
    np.testing.assert_allclose(got, want, atol=0.02 * np.abs(want).max())


def enlarged(x: np.ndarray, factor: int) -> np.ndarray:
    """Bilinear with the corner values in the corners, written out by the definition."""
    rows, columns = x.shape[2] * factor, x.shape[3] * factor
    out = np.empty((*x.shape[:2], rows, columns))
    for row in range(rows):
        for column in range(columns):
            y, x_ = row * (x.shape[2] - 1) / (rows - 1), column * (x.shape[3] - 1) / (columns - 1)
            top, left = int(y), int(x_)
            down, right = min(top + 1, x.shape[2] - 1), min(left + 1, x.shape[3] - 1)
            a, b = y - top, x_ - left
            upper = x[:, :, top, left] * (1 - b) + x[:, :, top, right] * b
            lower = x[:, :, down, left] * (1 - b) + x[:, :, down, right] * b
            out[:, :, row, column] = upper * (1 - a) + lower * a
    return out


@pytest.mark.parametrize("kind", RUNTIMES)
def test_vgg16_agrees_with_torchvision_in_float32(kind: str, shared_data: Path) -> None:
    from indexer.runtime.torchvision_shim import torchvision

    weights = load_weights(SHIPPED / "vgg16.safetensors")
    quantised = calibrated(vgg16(weights), weights)
    del weights[LARGEST]
    reference = torchvision.models.vgg16(weights=None).features.eval()
    reference.load_state_dict({name.removeprefix("features."): torch.tensor(v) for name, v in weights.items()})
    transforms = torchvision.transforms.Normalize((0.48235, 0.45882, 0.40784), (1 / 255,) * 3)

    files = sorted((shared_data / "clothing" / "validation").rglob("*.jpg"))[::60]
    photos = np.stack([prepare(decode(file.read_bytes())) for file in files])
    noise = np.random.default_rng(0).integers(0, 256, (2, 150, 150, 3), dtype=np.uint8)
    batch = np.concatenate([photos, noise])
    with torch.inference_mode():
        unit = torch.tensor(batch).permute(0, 3, 1, 2).float() / 255
        want = reference(transforms(unit)).flatten(1).numpy()

    got = made(kind, vgg16(weights))(batch)
    assert got.shape == (len(batch), 8192)
    assert cosines(got, want).min() >= 0.999
    # In 8 bits, which noise, unlike photos, is beyond the ranges of.
    rounded = made(kind, quantised)(photos)
    assert cosines(rounded, want[: len(photos)]).min() >= 0.997


@pytest.mark.parametrize("kind", RUNTIMES)
def test_whole_numbers_are_multiplied_as_such(kind: str) -> None:
    """Two convolutions of bytes, one of them of signed ones, against sums of integers written out."""
    if kind == "openvino" and not exact_in_eight_bits():
        pytest.skip("this CPU saturates sums of 8-bit products, and is not given any")
    rng = np.random.default_rng(4)

    def drawn(out: int, into: int, groups: int = 1):
        weight = rng.integers(-127, 128, (out, into // groups, 3, 3)).astype(np.int8)
        scale = rng.uniform(0.001, 0.01, out).astype(np.float32)
        return Convolution(weight, rng.normal(0, 5, out).astype(np.float32), groups=groups, scale=scale)

    first, second, third = drawn(16, 3), drawn(16, 16, 16), drawn(16, 16)
    layers = (Quantise(127.0, signed=True), first, Activation(), Quantise(300.0), second, Quantise(200.0, True), third)
    batch = rng.integers(0, 256, (4, 12, 10, 3), dtype=np.uint8)
    got = made(kind, Network((12, 10), (128.0,) * 3, (1.0,) * 3, layers))(batch)

    x = batch.transpose(0, 3, 1, 2).astype(np.float64) - 128
    x = convolved_by_hand(x, 1.0, first).clip(0)
    x = convolved_by_hand(np.rint(x / (300 / 255)).clip(0, 255), 300 / 255, second)
    want = convolved_by_hand(np.rint(x / (200 / 127)).clip(-128, 127), 200 / 127, third)
    # A number halfway between two steps may go to either, and what is in half precision is kept to 8 of its bits.
    np.testing.assert_allclose(got, want.reshape(4, -1), atol=0.015 * np.abs(want).max())
    assert np.abs(got - want.reshape(4, -1)).mean() < 0.002 * np.abs(want).max()


def convolved_by_hand(x: np.ndarray, step: float, layer: Convolution) -> np.ndarray:
    """Whole numbers (n, c, h, w) in steps, padded by a place: sums of integers, then scaled."""
    padded = np.pad(x.astype(np.int64), ((0, 0), (0, 0), (1, 1), (1, 1)))
    out = np.zeros((len(x), len(layer.weight), *x.shape[2:]))
    for channel in range(len(layer.weight)):
        seen = padded[:, channel : channel + 1] if layer.groups > 1 else padded
        for row in range(3):
            for column in range(3):
                part = seen[:, :, row : row + x.shape[2], column : column + x.shape[3]]
                weight = layer.weight[channel, :, row, column].astype(np.int64)
                out[:, channel] += (part * weight[:, None, None]).sum(1)
        out[:, channel] = out[:, channel] * step * layer.scale[channel] + layer.bias[channel]
    return out


@pytest.mark.parametrize("kind", RUNTIMES)
def test_order_is_kept_over_chunks(kind: str) -> None:
    rng = np.random.default_rng(2)
    run = made(kind, small_network(rng))
    batch = rng.integers(0, 256, (150, 22, 22, 3), dtype=np.uint8)
    together = run(batch)
    alone = np.concatenate([run(batch[row : row + 1]) for row in range(0, 150, 13)])
    np.testing.assert_allclose(together[::13], alone, atol=0.02 * np.abs(together).max())


def test_a_cpu_needs_no_torch() -> None:
    """In another process, because this one has torch."""
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "import numpy as np\n"
        "from indexer.picture import Picture\n"
        "from indexer.spaces.vgg import Vgg\n"
        "row = Vgg(device='cpu').extract([Picture(np.full((9, 9, 3), 200, np.uint8))])\n"
        "assert row.shape == (1, 256) and 'torchvision' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_unknown_device() -> None:
    with pytest.raises(InputError, match="'auto', 'cpu' or 'cuda'"):
        open_runtime(small_network(np.random.default_rng(0)), "tpu")


@pytest.mark.parametrize(("device", "library", "extra"), [("cpu", "openvino", "cpu"), ("cuda", "torch", "gpu")])
def test_a_missing_library_names_its_extra(
    device: str, library: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingDependencyError, match=rf"houndstooth\[{extra}\]"):
        open_runtime(small_network(np.random.default_rng(0)), device)


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a CUDA GPU")
def test_no_gpu_says_so() -> None:
    with pytest.raises(MissingDependencyError, match="no CUDA GPU"):
        open_runtime(small_network(np.random.default_rng(0)), "cuda")


def test_auto_finds_something() -> None:
    run = open_runtime(small_network(np.random.default_rng(0)))
    assert run.device.startswith("cuda" if torch.cuda.is_available() else "cpu (OpenVINO")
