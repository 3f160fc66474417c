"""Networks in 8-bit integers: where they round, that they truly run so, ranges, and CPUs that cannot."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import openvino
import pytest
import torch

from engine.errors import InputError
from indexer.decode import decode
from indexer.runtime.calibrate import largest_magnitudes
from indexer.runtime.eight_bit import LARGEST, calibrated, convolutions, eight_bit
from indexer.runtime.network import (
    Activation,
    Concat,
    Convolution,
    GlobalAverage,
    Layer,
    MaxPool,
    Network,
    Quantise,
    Residual,
    Sum,
)
from indexer.runtime.openvino_runtime import OpenVinoRuntime, _largest_products, exact_in_eight_bits
from indexer.runtime.torch_runtime import TorchRuntime
from indexer.spaces.vgg import SHIPPED, Vgg, prepare
from indexer.vgg.weights import load_weights, vgg16

EXACT = pytest.mark.skipif(not exact_in_eight_bits(), reason="this CPU saturates sums of 8-bit products")


def cosines(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    one, other = one.astype(np.float64), other.astype(np.float64)
    return (one * other).sum(1) / np.linalg.norm(one, axis=1) / np.linalg.norm(other, axis=1)


def drawn(out: int, into: int, seed: int = 0) -> Convolution:
    rng = np.random.default_rng(seed)
    return Convolution(rng.normal(0, 0.3, (out, into, 1, 1)).astype(np.float32), np.zeros(out, np.float32), 1, (0, 0))


def network(*layers: Layer) -> Network:
    return Network(8, (100.0,) * 3, (0.1,) * 3, layers)


def rounding(layers: tuple[Layer, ...]) -> list[object]:
    """What is described, convolutions and activations as words."""
    told: list[object] = []
    for layer in layers:
        match layer:
            case Convolution(scale=scale):
                told.append("whole" if scale is not None else "float")
            case Residual(inner):
                told.append(rounding(inner))
            case Sum(branches) | Concat(branches):
                told.append([rounding(branch) for branch in branches])
            case Activation() | GlobalAverage():
                told.append("-")
            case _:
                told.append(layer)
    return told


def test_where_numbers_are_rounded() -> None:
    inner = (drawn(4, 4), Activation(), drawn(4, 4))
    described = network(
        drawn(4, 3), Activation(), MaxPool(2), drawn(4, 4), Residual(inner), drawn(4, 4), Activation(),
        Concat(((drawn(2, 4), Activation()), (GlobalAverage(),))), drawn(4, 6),
        Sum(((drawn(4, 4),), (drawn(4, 4),))), drawn(4, 4),
    )  # fmt: skip
    largest = np.array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], np.float32)
    assert rounding(eight_bit(described, largest).layers) == [
        "float", "-", Quantise(1.0), MaxPool(2), "whole",
        [Quantise(2.0, signed=True), "whole", "-", Quantise(3.0), "whole"], Quantise(4.0, signed=True), "whole", "-",
        [[Quantise(5.0), "whole", "-"], ["-"]], Quantise(6.0), "whole",
        [[Quantise(7.0, signed=True), "whole"], [Quantise(8.0, signed=True), "whole"]], Quantise(9.0, signed=True),
        "whole",
    ]  # fmt: skip
    with pytest.raises(InputError, match="10 numbers"):
        eight_bit(described, largest[:-1])
    with pytest.raises(InputError, match="none negative"):
        eight_bit(described, -largest)


def test_weights_keep_to_half_a_step() -> None:
    layer = drawn(5, 7)
    found = next(convolutions(eight_bit(network(layer), np.ones(1, np.float32)).layers))
    assert found.weight.dtype == np.int8
    for channel in range(5):
        step = max(abs(value) for value in layer.weight[channel].ravel().tolist()) / 127
        assert np.abs(found.values()[channel] - layer.weight[channel]).max() <= step / 2 * (1 + 1e-5)


def test_ranges_are_the_largest_magnitudes_that_are_read() -> None:
    first, second = drawn(4, 3, 1), drawn(2, 4, 2)
    batch = np.random.default_rng(0).integers(0, 256, (70, 8, 8, 3), dtype=np.uint8)
    found = largest_magnitudes(
        network(first, Activation(), Concat(((second, GlobalAverage()), (GlobalAverage(),)))), batch
    )
    scaled = (batch.astype(np.float64) - 100) * 0.1
    middle = np.maximum(scaled @ first.weight[:, :, 0, 0].T.astype(np.float64), 0)
    np.testing.assert_allclose(found, [np.abs(scaled).max(), middle.max()], rtol=1e-5)


def test_the_shipped_ranges_are_of_photos(shared_data: Path) -> None:
    """Calibrated on other photos of the same kind; the first convolution reads what it is given."""
    weights = load_weights(SHIPPED / "vgg16.safetensors")
    files = sorted((shared_data / "clothing" / "train").rglob("*.jpg"))[5::700]
    seen = largest_magnitudes(vgg16(weights), np.stack([prepare(decode(file.read_bytes())) for file in files]))
    assert weights[LARGEST][0] == 0
    share = seen[1:] / weights[LARGEST][1:]
    assert (share > 0.3).all()
    assert (share < 1.2).all()


@EXACT
def test_convolutions_truly_run_in_eight_bits() -> None:
    """As OpenVINO itself tells of the compiled network."""
    weights = load_weights(SHIPPED / "vgg16.safetensors")
    quantised = calibrated(vgg16(weights), weights)
    asked = sum(layer.scale is not None for layer in convolutions(quantised.layers))
    runtime = OpenVinoRuntime(quantised)
    assert runtime.device.startswith("cpu (OpenVINO, int8 and ")
    told = of_convolutions(runtime._compiled)
    assert len(told) == len(list(convolutions(quantised.layers)))
    in_bytes = {kernel for kernel, precision in told if precision in ("u8", "i8")}
    assert sum(kernel in in_bytes for kernel, _ in told) == asked > 0.9 * len(told)
    # What tells whether this CPU is exact is told of the same code.
    assert [kernel for kernel, _ in of_convolutions(_largest_products())] == list(in_bytes)


def of_convolutions(compiled: openvino.CompiledModel) -> list[tuple[str, str]]:
    """Of each convolution the code that runs it and the precision of what it reads, as OpenVINO tells."""
    told = [node.get_rt_info() for node in compiled.get_runtime_model().get_ops()]
    return [
        (one["primitiveType"].astype(str), one["runtimePrecision"].astype(str))
        for one in told
        if "Convolution" in one["layerType"].astype(str)
    ]


@EXACT
def test_the_runtimes_round_alike_and_near_floating_point(shared_data: Path) -> None:
    files = sorted((shared_data / "clothing" / "validation").rglob("*.jpg"))[::40]
    batch = np.stack([prepare(decode(file.read_bytes())) for file in files])
    weights, project = load_weights(SHIPPED / "vgg16.safetensors"), Vgg(device="cpu").projection
    quantised = calibrated(vgg16(weights), weights)
    whole = project(OpenVinoRuntime(quantised)(batch))
    in_torch = project(TorchRuntime(quantised, "cpu")(batch))
    in_float = project(OpenVinoRuntime(quantised, eight_bit=False)(batch))
    plain = project(OpenVinoRuntime(vgg16(weights))(batch))
    assert cosines(whole, in_torch).min() > 0.9995
    assert cosines(whole, in_float).min() > 0.997
    np.testing.assert_allclose(in_float, plain, atol=1e-4)


ELSEWHERE = """
import sys
import numpy as np
from indexer.picture import Picture
from indexer.runtime.openvino_runtime import exact_in_eight_bits
from indexer.spaces.vgg import Vgg
space = Vgg(device="cpu")
rng = np.random.default_rng(0)
rgb = np.kron(rng.integers(0, 256, (8, 6, 3), dtype=np.uint8), np.ones((40, 40, 1), np.uint8))
np.save(sys.argv[1], space.extract([Picture(rgb)]))
print(exact_in_eight_bits(), space._runtime.device)
"""


@pytest.mark.skipif(
    not (Path("/proc/cpuinfo").is_file() and "avx512_vnni" in Path("/proc/cpuinfo").read_text()),
    reason="needs a CPU with AVX512-VNNI, which can be told to do without",
)
def test_a_cpu_that_saturates_is_found_out_and_runs_in_floating_point(tmp_path: Path) -> None:
    """oneDNN told to leave VNNI alone multiplies as older CPUs do."""
    rows, told = [], []
    for limit in ({}, {"ONEDNN_MAX_CPU_ISA": "AVX512_CORE"}):
        done = subprocess.run(
            [sys.executable, "-c", ELSEWHERE, str(tmp_path / "row.npy")], env={**os.environ, **limit},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        told.append(done.stdout)
        rows.append(np.load(tmp_path / "row.npy"))
    assert told[0].startswith("True cpu (OpenVINO, int8 and ")
    assert told[1].startswith("False cpu (OpenVINO, ")
    assert "int8" not in told[1]
    assert cosines(rows[0], rows[1]).item() > 0.995


def test_torch_rounds_by_the_definition() -> None:
    """Halves to the even number, and what is beyond to the end."""
    values = torch.tensor([-3.0, -0.25, 0.25, 0.75, 1.25, 130.0, 1000.0]).view(1, 1, 1, -1)
    runtime = TorchRuntime(network(Quantise(127.5)), "cpu")
    got = runtime._apply(runtime._layers, values).ravel().tolist()
    assert got == [0, 0, 0, 1, 1, 127.5, 127.5]
    signed = TorchRuntime(network(Quantise(63.5, signed=True)), "cpu")
    got = signed._apply(signed._layers, torch.tensor([-100.0, -0.75, 0.25, 63.4, 90.0]).view(1, 1, 1, -1))
    assert got.ravel().tolist() == [-64, -1, 0, 63.5, 63.5]
