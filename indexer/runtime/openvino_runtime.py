"""Networks on a CPU through OpenVINO; torch is not needed."""

from __future__ import annotations

from functools import cache, reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import MissingDependencyError
from indexer.runtime.network import (
    Activation,
    Concat,
    Convolution,
    Enlarge,
    GlobalAverage,
    Layer,
    MaxPool,
    Network,
    Residual,
    Sum,
)

CHUNK = 8
"""Pictures an inference: several small requests in flight keep every core busy at less memory than one large."""


class OpenVinoRuntime:
    """A network compiled for this machine's CPU, in half precision where the CPU has it, else in float32."""

    def __init__(self, network: Network) -> None:
        try:
            import openvino
        except ImportError as error:
            raise MissingDependencyError(
                "OpenVINO is not installed, and networks run on a CPU through it: pip install 'houndstooth[cpu]'"
            ) from error
        hints = {"PERFORMANCE_HINT": "THROUGHPUT", "INFERENCE_PRECISION_HINT": "f16"}
        self._compiled = _core().compile_model(build(network), "CPU", hints)
        self._queue = openvino.AsyncInferQueue(self._compiled)
        self.device = f"cpu (OpenVINO, {self._compiled.get_property('INFERENCE_PRECISION_HINT').get_type_name()})"

    def __call__(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Features of uint8 RGB pictures (n, rows, columns, 3): float32 (n, d), channels first where d has places."""
        out: dict[int, NDArray[np.float32]] = {}

        def keep(request: Any, start: int) -> None:
            out[start] = request.get_output_tensor().data.copy()

        self._queue.set_callback(keep)
        for start in range(0, len(batch), CHUNK):
            self._queue.start_async({0: batch[start : start + CHUNK]}, start)
        self._queue.wait_all()
        return np.concatenate([out[start] for start in sorted(out)])


@cache
def _core() -> Any:
    """The one Core of the process.

    Each Core makes a stack for signals and, when it goes, puts back the one that was there before it. Two Cores that go
    in the order they came leave the address of unmapped memory: the next signal that Python handles (Ctrl-C) kills.
    """
    import openvino

    return openvino.Core()


def build(network: Network) -> Any:
    """The network as an openvino.Model: input uint8 (n, rows, columns, 3), output float32 (n, d)."""
    import openvino
    from openvino import opset13 as ops

    pictures = ops.parameter([-1, *network.size, 3], np.uint8, name="pictures")
    channels_first = ops.transpose(ops.convert(pictures, "f32"), np.array([0, 3, 1, 2]))
    mean, scale = (np.array(v, np.float32).reshape(1, 3, 1, 1) for v in (network.mean, network.scale))
    x = _apply(network.layers, ops.multiply(ops.subtract(channels_first, mean), scale))
    return openvino.Model([ops.reshape(x, np.array([0, -1]), special_zero=True)], [pictures], "network")


def _apply(layers: tuple[Layer, ...], x: Any) -> Any:
    from openvino import opset13 as ops

    for layer in layers:
        match layer:
            case Convolution():
                x = _convolution(layer, x)
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
                x = ops.add(x, _apply(inner, x))
            case Sum(branches):
                x = reduce(ops.add, [_apply(branch, x) for branch in branches])
            case Concat(branches):
                x = ops.concat([_apply(branch, x) for branch in branches], 1)
            case Enlarge(factor):
                x = _enlarge(x, factor)
    return x


def _convolution(layer: Convolution, x: Any) -> Any:
    from openvino import opset13 as ops

    # As constants: arrays given to an operator become Python lists first, seconds and hundreds of megabytes for VGG16.
    weight, bias = layer.weight.astype(np.float32), ops.constant(layer.bias.astype(np.float32).reshape(1, -1, 1, 1))
    strides, (before, after) = [layer.stride] * 2, layer.padding
    apart = [layer.dilation] * 2
    if layer.groups == 1:
        x = ops.convolution(x, ops.constant(weight), strides, [before] * 2, [after] * 2, apart)
    else:
        out, *rest = weight.shape
        grouped = weight.reshape(layer.groups, out // layer.groups, *rest)
        x = ops.group_convolution(x, ops.constant(grouped), strides, [before] * 2, [after] * 2, apart)
    return ops.add(x, bias)


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
