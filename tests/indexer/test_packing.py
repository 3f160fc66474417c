"""Weights packed to 8 bits keep every number to half a step of its output channel."""

from __future__ import annotations

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from indexer.runtime.packing import LEAST, SCALE, integers, pack, squeeze, unpack, unsqueeze


@pytest.mark.parametrize("shape", [(64, 64), (16, 8, 6, 6), (4096, 1)])
def test_every_number_is_kept_to_half_a_step(shape: tuple[int, ...]) -> None:
    draw = np.random.default_rng(0)
    weight = (draw.normal(size=shape) * draw.uniform(0.01, 10, (shape[0], *[1] * (len(shape) - 1)))).astype(np.float32)
    packed = pack({"a.weight": weight})
    assert packed["a.weight"].dtype == np.int8
    assert packed["a.weight" + SCALE].shape == (shape[0],)
    back = unpack(packed)["a.weight"]
    for channel in range(shape[0]):
        step = max(abs(value) for value in weight[channel].ravel().tolist()) / 127
        assert np.abs(back[channel] - weight[channel]).max() <= step / 2 * (1 + 1e-5)


def test_small_arrays_and_biases_stay_in_half_precision() -> None:
    weights = {"bias": np.ones(LEAST * 2, np.float32), "depthwise": np.full((8, 1, 3, 3), 0.1, np.float32)}
    packed = pack(weights)
    assert {name: value.dtype for name, value in packed.items()} == {"bias": np.float16, "depthwise": np.float16}
    np.testing.assert_array_equal(unpack(packed)["depthwise"], np.float16(0.1).astype(np.float32))


def test_a_channel_of_zeros_stays_zero_and_unpacked_weights_pass() -> None:
    weight = np.ones((2, LEAST), np.float32)
    weight[0] = 0
    np.testing.assert_array_equal(unpack(pack({"w": weight}))["w"], weight)
    half = {"w": weight.astype(np.float16)}
    np.testing.assert_array_equal(unpack(half)["w"], weight)
    assert half["w"].dtype == np.float16


def test_squeezing_loses_nothing_and_takes_less_room(tmp_path) -> None:
    draw = np.random.default_rng(3)
    weights = {"w": draw.standard_t(3, (40, 60, 3, 3)).astype(np.float32), "bias": np.ones(40, np.float32),
               "small": draw.normal(size=(4, 9)).astype(np.float32)}  # fmt: skip
    packed = pack(weights)
    save_file(squeeze(packed), tmp_path / "squeezed")
    save_file(packed, tmp_path / "packed")
    assert (tmp_path / "squeezed").stat().st_size < 0.9 * (tmp_path / "packed").stat().st_size
    back = unsqueeze(load_file(tmp_path / "squeezed"))
    assert set(back) == set(packed)
    for name, value in packed.items():
        np.testing.assert_array_equal(back[name], value)
        assert back[name].dtype == value.dtype
    for name, value in unpack(packed).items():
        np.testing.assert_array_equal(unpack(load_file(tmp_path / "squeezed"))[name], value)


def test_what_was_packed_is_packed_alike_again() -> None:
    weight = np.random.default_rng(5).normal(size=(40, 30, 3, 3)).astype(np.float32)
    packed = pack({"w": weight})
    whole, scale = integers(unpack(packed)["w"])
    np.testing.assert_array_equal(whole, packed["w"])
    np.testing.assert_allclose(scale, packed["w" + SCALE], rtol=1e-6)
