"""Weights packed to 8 bits keep every number to half a step of its output channel."""

from __future__ import annotations

import numpy as np
import pytest

from indexer.runtime.packing import LEAST, SCALE, pack, unpack


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
