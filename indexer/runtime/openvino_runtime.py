"""Networks on a CPU through OpenVINO; torch is not needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache, reduce, wraps
from threading import RLock
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.errors import MissingDependencyError
from indexer.runtime.eight_bit import is_quantised
from indexer.runtime.network import (
    Activation,
    Concat,
    Convolution,
    Enlarge,
    GlobalAverage,
    Layer,
    MaxPool,
    Network,
    Quantise,
    Residual,
    Sum,
)

CHUNK = 8
"""Pictures an inference: several small requests in flight keep every core busy at less memory than one large."""
LARGEST_PRODUCTS = (1, 64, 8, 8)
"""Shape of what is convolved to see whether sums of products saturate."""
Made = TypeVar("Made")


class OpenVinoRuntime:
    """A network compiled for this machine's CPU, in half precision where the CPU has it, else in float32.

    Where a `Quantise` says so, convolutions run in 8-bit integers, on CPUs that do it exactly. Others leave `Quantise`
    out: their numbers are nearer to those of the network before it was quantised.
    eight_bit: whether to; None where this CPU decides.
    """

    def __init__(self, network: Network, eight_bit: bool | None = None) -> None:
        try:
            import openvino
        except ImportError as error:
            raise MissingDependencyError(
                "OpenVINO is not installed, and networks run on a CPU through it: pip install 'houndstooth[cpu]'"
            ) from error
        hints = {"PERFORMANCE_HINT": "THROUGHPUT", "INFERENCE_PRECISION_HINT": "f16"}
        eight_bit = is_quantised(network.layers) and (exact_in_eight_bits() if eight_bit is None else eight_bit)
        self._compiled = _core().compile_model(build(network, eight_bit), "CPU", hints)
        self._queue = openvino.AsyncInferQueue(self._compiled)
        precision = self._compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
        self.device = f"cpu (OpenVINO, {'int8 and ' if eight_bit else ''}{precision})"

    def __call__(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Features of uint8 RGB pictures (n, rows, columns, 3): float32 (n, d), channels first where d has places."""
        return self.stream([batch])

    def stream(self, batches: Iterable[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """As `Runtime.stream`."""
        out: dict[int, NDArray[np.float32]] = {}

        def keep(request: Any, place: int) -> None:
            out[place] = request.get_output_tensor().data.copy()

        self._queue.set_callback(keep)
        try:
            chunks = (batch[start : start + CHUNK] for batch in batches for start in range(0, len(batch), CHUNK))
            for place, chunk in enumerate(chunks):
                self._queue.start_async({0: chunk}, place)
        finally:  # also where a batch could not be made: nothing of this may come in among the next
            self._queue.wait_all()
        return np.concatenate([out[place] for place in sorted(out)])


_making = RLock()


def _once(make: Callable[[], Made]) -> Callable[[], Made]:
    """What it makes, made by who asks first: once, however many threads ask at the same time."""
    kept = cache(make)

    @wraps(make)
    def made() -> Made:
        with _making:
            return kept()

    return made


@_once
def _core() -> Any:
    """The one Core of the process.

    Each Core makes a stack for signals and, when it goes, puts back the one that was there before it. Two Cores that go
    in the order they came leave the address of unmapped memory: the next signal that Python handles (Ctrl-C) kills.
    """
    import openvino

    return openvino.Core()


@_once
def exact_in_eight_bits() -> bool:
    """Whether this CPU multiplies and adds 8-bit integers exactly, as those with VNNI (or its like) do.

    Others add pairs of products in 16 bits, which large weights saturate (oneDNN, "Nuances of int8 Computations"): a
    convolution over the largest numbers tells, on any system and under any limit that is set for oneDNN.
    """
    found = _largest_products()(np.full(LARGEST_PRODUCTS, 255, np.float32))[0]
    _, channels, side, _ = LARGEST_PRODUCTS
    inside = found[:, :, 1 : side - 1, 1 : side - 1]  # the border reads zeros as well
    return bool((np.abs(inside - 255 * 127 * channels * 9) < 1).all())


def _largest_products() -> Any:
    """A convolution of the largest 8-bit weights, compiled; of VGG's shape, for oneDNN has other code for others."""
    from openvino import Model
    from openvino import opset13 as ops

    channels = LARGEST_PRODUCTS[1]
    weight = np.full((channels, channels, 3, 3), 127, np.int8)
    layer = Convolution(weight, np.zeros(channels, np.float32), scale=np.ones(channels, np.float32))
    x = ops.parameter(list(LARGEST_PRODUCTS), np.float32)
    hints = {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32"}
    return _core().compile_model(Model([_apply((Quantise(255.0), layer), x, True)], [x], "largest"), "CPU", hints)


def build(network: Network, eight_bit: bool = False) -> Any:
    """The network as an openvino.Model: input uint8 (n, rows, columns, 3), output float32 (n, d).

    eight_bit: with its `Quantise` layers, so that the convolutions that follow them are compiled to integers.
    """
    import openvino
    from openvino import opset13 as ops

    pictures = ops.parameter([-1, *network.size, 3], np.uint8, name="pictures")
    channels_first = ops.transpose(ops.convert(pictures, "f32"), np.array([0, 3, 1, 2]))
    mean, scale = (np.array(v, np.float32).reshape(1, 3, 1, 1) for v in (network.mean, network.scale))
    x = _apply(network.layers, ops.multiply(ops.subtract(channels_first, mean), scale), eight_bit)
    return openvino.Model([ops.reshape(x, np.array([0, -1]), special_zero=True)], [pictures], "network")


def _apply(layers: tuple[Layer, ...], x: Any, eight_bit: bool) -> Any:
    from openvino import opset13 as ops

    for layer in layers:
        match layer:
            case Convolution():
                x = _convolution(layer, x, eight_bit)
            case Quantise() if eight_bit:
                ends = [np.float32(end * layer.step) for end in (layer.least, layer.most)]
                x = ops.fake_quantize(x, *ends, *ends, 256)
            case Activation("relu"):
                x = ops.relu(x)
            case Activation("relu6"):
                x = ops.clamp(x, 0.0, 6.0)
            case MaxPool(size):
                steps, none = [size, size], [0, 0]
                x = ops.max_pool(x, steps, [1, 1], none, none, steps).output(0)
            case GlobalAverage():
                x = ops.reduce_mean(x, np.array([2, 3]), keep_dims=True)
            case Residual(inner):
                x = ops.add(x, _apply(inner, x, eight_bit))
            case Sum(branches):
                x = reduce(ops.add, [_apply(branch, x, eight_bit) for branch in branches])
            case Concat(branches):
                x = ops.concat([_apply(branch, x, eight_bit) for branch in branches], 1)
            case Enlarge(factor):
                x = _enlarge(x, factor)
    return x


def _convolution(layer: Convolution, x: Any, eight_bit: bool) -> Any:
    from openvino import opset13 as ops

    (out, *rest), (before, after) = layer.weight.shape, layer.padding
    by_group = [layer.groups, out // layer.groups] if layer.groups > 1 else [out]
    # As constants: arrays given to an operator become Python lists first, seconds and hundreds of megabytes for VGG16.
    if eight_bit and layer.scale is not None:
        scale = layer.scale.astype(np.float32).reshape(*by_group, 1, 1, 1)
        integers = ops.convert(ops.constant(layer.weight.reshape(*by_group, *rest)), "f32")
        weight = ops.multiply(integers, ops.constant(scale))
    else:
        weight = ops.constant(layer.values().reshape(*by_group, *rest))
    convolve = ops.convolution if layer.groups == 1 else ops.group_convolution
    x = convolve(x, weight, [layer.stride] * 2, [before] * 2, [after] * 2, [layer.dilation] * 2)
    return ops.add(x, ops.constant(layer.bias.astype(np.float32).reshape(1, -1, 1, 1)))


def _enlarge(x: Any, factor: int) -> Any:
    from openvino import opset13 as ops

    return ops.interpolate(
        x,
        np.array([factor, factor], np.float32),
        "linear_onnx",
        "scales",
        coordinate_transformation_mode="align_corners",
        axes=np.array([2, 3]),
    )
