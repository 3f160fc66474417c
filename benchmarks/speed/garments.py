"""How fast garments are found, against the network alone and against VGG16's, as ratios within one run.

    python benchmarks/speed/garments.py --photos clothing/validation --count 128

The actions take turns, `--rounds` times, and each keeps its best time, since other work on the machine only slows.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from indexer.decode import decode
from indexer.garments.deeplab import SHIPPED, DeepLab, prepare
from indexer.garments.network import deeplab, load_weights
from indexer.runtime.base import open_runtime
from indexer.runtime.eight_bit import calibrated
from indexer.spaces.vgg import SHIPPED as VGG_WEIGHTS
from indexer.spaces.vgg import prepare as prepare_vgg
from indexer.vgg.weights import load_weights as load_vgg
from indexer.vgg.weights import vgg16


def best(actions: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Seconds of the fastest of several turns of each action."""
    times = dict.fromkeys(actions, float("inf"))
    for _ in range(rounds):
        for name, action in actions.items():
            begun = time.perf_counter()
            action()
            times[name] = min(times[name], time.perf_counter() - begun)
    return times


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    home = os.environ.get("HOUNDSTOOTH_DATA")
    parser.add_argument(
        "--photos",
        type=Path,
        default=Path(home, "clothing", "validation") if home else None,
        required=not home,
        help="any photos (docs/data.md); default: $HOUNDSTOOTH_DATA/clothing/validation",
    )
    parser.add_argument("--count", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    files = sorted(f for f in asked.photos.rglob("*") if f.is_file())[: asked.count]
    pictures = [decode(file.read_bytes()) for file in files]
    photos = [picture.rgb for picture in pictures]
    batch, batch_vgg = np.stack([prepare(p) for p in photos]), np.stack([prepare_vgg(p) for p in pictures])
    finder, alone = DeepLab(), open_runtime(deeplab(load_weights(SHIPPED)))
    vgg_weights = load_vgg(VGG_WEIGHTS / "vgg16.safetensors")
    vgg = open_runtime(calibrated(vgg16(vgg_weights), vgg_weights))
    finder.find(photos[:8])
    alone(batch[:8])
    vgg(batch_vgg[:8])
    times = best(
        {
            "find, from decoded pictures to masks": lambda: finder.find(photos),
            f"its network alone on {alone.device}": lambda: alone(batch),
            f"VGG16 alone on {vgg.device}": lambda: vgg(batch_vgg),
        },
        asked.rounds,
    )
    slowest = max(times.values())
    for name, seconds in times.items():
        print(f"{name:<44}{len(pictures) / seconds:>9.1f} pictures/s{slowest / seconds:>8.2f} x the slowest")


if __name__ == "__main__":
    main()
