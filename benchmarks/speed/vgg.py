"""How fast the vgg space is, beside its network alone, in integers, in half precision and in eager torch.

    python benchmarks/speed/vgg.py --photos clothing/validation --count 128

All take turns, `--rounds` times, and each keeps its best time, since other work on the machine only slows.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from indexer.decode import decode
from indexer.runtime.base import open_runtime
from indexer.runtime.eight_bit import calibrated
from indexer.runtime.openvino_runtime import OpenVinoRuntime
from indexer.runtime.torch_runtime import TorchRuntime
from indexer.spaces.vgg import SHIPPED, Vgg, prepare
from indexer.vgg.weights import load_weights, vgg16


def best(actions: dict[str, Callable[[], NDArray[np.float32]]], rounds: int) -> dict[str, float]:
    """Seconds of the fastest of several turns of each action."""
    times = {name: float("inf") for name in actions}
    for _ in range(rounds):
        for name, action in actions.items():
            begun = time.perf_counter()
            action()
            times[name] = min(times[name], time.perf_counter() - begun)
    return times


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    home = os.environ.get("HOUNDSTOOTH_DATA")
    parser.add_argument(
        "--photos",
        type=Path,
        default=Path(home, "clothing", "validation") if home else None,
        required=not home,
        help="any photos (docs/data.md); default: $HOUNDSTOOTH_DATA/clothing/validation",
    )
    parser.add_argument("--count", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    files = sorted(f for f in asked.photos.rglob("*") if f.is_file())[: asked.count]
    pictures = [decode(file.read_bytes()) for file in files]
    batch = np.stack([prepare(picture) for picture in pictures])
    weights = load_weights(SHIPPED / "vgg16.safetensors")
    network = vgg16(weights)
    space, alone, eager = Vgg(), open_runtime(calibrated(network, weights)), TorchRuntime(network, "cpu")
    plain = OpenVinoRuntime(network)
    for warm in (space.extract(pictures[:8]), alone(batch[:8]), plain(batch[:8]), eager(batch[:8])):
        del warm
    times = best(
        {
            "extract, from decoded pictures": lambda: space.extract(pictures),
            f"network alone on {alone.device}": lambda: alone(batch),
            f"the same on {plain.device}": lambda: plain(batch),
            f"the same on {eager.device}": lambda: eager(batch),
        },
        asked.rounds,
    )
    slowest = max(times.values())
    for name, seconds in times.items():
        print(f"{name:<44}{len(pictures) / seconds:>9.1f} pictures/s{slowest / seconds:>8.2f} x the slowest")


if __name__ == "__main__":
    main()
