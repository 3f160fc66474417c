"""A network in floating point as one whose convolutions can run in 8-bit integers, by ranges that were calibrated.

Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference", CVPR 2018:
weights symmetric with a scale for each output channel, what a convolution reads with one scale for all of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from indexer.runtime.network import Activation, Concat, Convolution, Layer, MaxPool, Network, Quantise, Residual, Sum
from indexer.runtime.packing import integers

LARGEST = "activations.largest"
"""The array of a file of weights that `eight_bit` takes: float32, a number for each convolution, in their order."""


def eight_bit(network: Network, largest: NDArray[np.floating]) -> Network:
    """The network with a `Quantise` before each convolution that has a range, and its weights as int8.

    largest: (convolutions,), in the order of `convolutions`: the largest magnitude of what each reads that is told
    apart; 0 for one that stays as it is. Raises InputError when their numbers differ.
    """
    count = sum(1 for _ in convolutions(network.layers))
    if largest.shape != (count,) or not (np.isfinite(largest) & (largest >= 0)).all():
        raise InputError(f"ranges of activations must be {count} numbers, none negative, got shape {largest.shape}")
    layers, _ = _quantised(network.layers, iter(largest.tolist()), signed=True)
    return replace(network, layers=layers)


def calibrated(network: Network, weights: Mapping[str, NDArray[np.floating]]) -> Network:
    """`eight_bit` by the ranges among the weights; the network as it is where there are none."""
    return eight_bit(network, weights[LARGEST]) if LARGEST in weights else network


def convolutions(layers: Sequence[Layer]) -> Iterator[Convolution]:
    """Every convolution, also of branches, in the order in which they are described."""
    for layer in layers:
        match layer:
            case Convolution():
                yield layer
            case Residual(inner):
                yield from convolutions(inner)
            case Sum(branches) | Concat(branches):
                for branch in branches:
                    yield from convolutions(branch)


def is_quantised(layers: Sequence[Layer]) -> bool:
    """Whether any convolution has int8 weights."""
    return any(layer.scale is not None for layer in convolutions(layers))


def _quantised(layers: Sequence[Layer], largest: Iterator[float], signed: bool) -> tuple[tuple[Layer, ...], bool]:
    """The layers, and whether what they give may be negative. signed: whether what they read may be."""
    found: list[Layer] = []
    for layer in layers:
        match layer:
            case Convolution():
                most = next(largest)
                if most:
                    _insert(found, Quantise(most, signed))
                found.append(_whole(layer) if most else layer)
                signed = True
            case Residual(inner):
                found.append(Residual(_quantised(inner, largest, signed)[0]))
                signed = True
            case Sum(branches):
                found.append(Sum(tuple(_quantised(branch, largest, signed)[0] for branch in branches)))
                signed = True
            case Concat(branches):
                parts = [_quantised(branch, largest, signed) for branch in branches]
                found.append(Concat(tuple(part for part, _ in parts)))
                signed = any(below for _, below in parts)
            case _:
                found.append(layer)
                signed = signed and not isinstance(layer, Activation)
    return tuple(found), signed


def _whole(layer: Convolution) -> Convolution:
    """With its weights as int8."""
    weight, scale = integers(layer.values())
    return replace(layer, weight=weight, scale=scale)


def _insert(layers: list[Layer], quantise: Quantise) -> None:
    """At the end, or before the pooling that ends the layers: the largest of rounded numbers is the rounded largest,
    and pooling bytes is quicker."""
    layers.insert(len(layers) - 1 if layers and isinstance(layers[-1], MaxPool) else len(layers), quantise)
