"""Weights in half of their half precision: 8 bits a number, and one scale for each output channel.

    python -m indexer.runtime.packing trained.safetensors --to packed.safetensors --keep embed.weight

makes the files that are shipped of those that training writes; both are read alike.
"""

from __future__ import annotations

import argparse
import zlib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError

SCALE = ".scale"
SQUEEZED, SHAPE = ".zlib", ".shape"
LEAST = 4096
"""Smaller arrays (biases, depthwise kernels) stay in half precision: they weigh nothing and are felt."""


def pack(weights: Mapping[str, NDArray[Any]], keep: Collection[str] = ()) -> dict[str, NDArray[Any]]:
    """Arrays of at least LEAST numbers as int8 with a float32 NAME.scale (out,); the others, and `keep`, as float16.

    Each output channel (the first axis) is divided by its largest magnitude over 127 and rounded, which keeps every
    number to half a step of its channel (Jacob et al., "Quantization and Training of Neural Networks", CVPR 2018,
    symmetric per-channel).
    """
    packed: dict[str, NDArray[Any]] = {}
    for name, value in weights.items():
        weight = np.asarray(value, np.float32)
        if weight.ndim < 2 or weight.size < LEAST or name in keep:
            packed[name] = weight.astype(np.float16)
            continue
        packed[name], packed[name + SCALE] = integers(weight)
    return packed


def integers(weight: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """An array as `pack` stores it: int8 of the same shape, and the scale (out,). What was packed stays what it was."""
    largest = np.abs(weight).reshape(len(weight), -1).max(axis=1)
    scale = np.where(largest > 0, largest / 127, 1).astype(np.float32)
    return np.rint(weight / _along(scale, weight)).astype(np.int8), scale


def squeeze(packed: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Arrays of int8 of at least LEAST numbers as zlib's bytes, NAME.zlib uint8 and NAME.shape; others as they are.

    Few weights are near their channel's largest: a fifth fewer bytes, every number as it was.
    """
    squeezed: dict[str, NDArray[Any]] = {}
    for name, value in packed.items():
        if value.dtype != np.int8 or value.size < LEAST:
            squeezed[name] = value
            continue
        told = zlib.compress(np.ascontiguousarray(value).tobytes(), 9)
        squeezed[name + SQUEEZED] = np.frombuffer(told, np.uint8)
        squeezed[name + SHAPE] = np.array(value.shape, np.int64)
    return squeezed


def unsqueeze(stored: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The reverse of `squeeze`; what is not squeezed passes."""
    whole = {name: value for name, value in stored.items() if not name.endswith((SQUEEZED, SHAPE))}
    for name, value in stored.items():
        if name.endswith(SQUEEZED):
            plain = name.removesuffix(SQUEEZED)
            whole[plain] = np.frombuffer(zlib.decompress(value.tobytes()), np.int8).reshape(stored[plain + SHAPE])
    return whole


def unpack(stored: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
    """Weights as float32, packed, squeezed or not: arrays without a scale only change their type."""
    stored = unsqueeze(stored)
    scales = {name + SCALE: name for name in stored if name + SCALE in stored}
    weights = {name: value.astype(np.float32) for name, value in stored.items() if name not in scales}
    for scale, name in scales.items():
        weights[name] *= _along(stored[scale], weights[name])
    return weights


def read_packed(file: Path, what: str) -> tuple[dict[str, str], dict[str, NDArray[np.float32]]]:
    """The header of a safetensors file, and its weights, unpacked. what: the file holds, for errors.

    Raises InputError when it is missing or no safetensors file.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, "numpy") as stored:
            weights = unpack({name: stored.get_tensor(name) for name in stored.keys()})  # noqa: SIM118
            return stored.metadata() or {}, weights
    except FileNotFoundError as error:
        raise InputError(f"no {what} at {file}") from error
    except (SafetensorError, OSError) as error:
        raise InputError(f"{file} is not a safetensors file: {error}") from error


def _along(scale: NDArray[Any], weight: NDArray[Any]) -> NDArray[Any]:
    """The scale (out,) so that it multiplies the first axis."""
    return scale.reshape(-1, *[1] * (weight.ndim - 1))


def pack_file(source: Path, to: Path, keep: Collection[str] = ()) -> None:
    """Write a safetensors file packed, but for the arrays to keep, and squeezed, its header as it is."""
    from safetensors import safe_open
    from safetensors.numpy import save_file

    with safe_open(source, "numpy") as stored:
        header = stored.metadata()
        weights = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
    unfinished = to.with_name(to.name + ".tmp")
    save_file(squeeze(pack(weights, keep)), unfinished, header)
    unfinished.chmod(0o644)  # safetensors writes for the owner alone
    unfinished.replace(to)


def main() -> None:
    """Read the command line, write the file."""
    parser = argparse.ArgumentParser(prog="python -m indexer.runtime.packing", description="Pack weights to 8 bits.")
    parser.add_argument("source", type=Path, help="a safetensors file of weights")
    parser.add_argument("--to", type=Path, required=True, help="the file to write")
    parser.add_argument("--keep", action="append", default=[], metavar="NAME", help="an array to leave in float16")
    asked = parser.parse_args()
    pack_file(asked.source, asked.to, asked.keep)


if __name__ == "__main__":
    main()
