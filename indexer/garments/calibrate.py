"""Adds ranges of activations to a file of garment masks' weights, so that its convolutions can run in 8-bit integers.

    python -m indexer.garments.calibrate packed.safetensors --data FOLDER

The photos are one in EVERY of those that train the network. Weights that were calibrated before are measured anew.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from indexer.decode import decode
from indexer.garments.deeplab import prepare
from indexer.garments.network import check_classes, deeplab, load_weights
from indexer.garments.training.split import flat_photos, street_photos
from indexer.runtime.calibrate import measured
from indexer.runtime.eight_bit import LARGEST
from indexer.runtime.packing import add_array

EVERY = 7


def main() -> None:
    """Read the command line, measure, write the file anew."""
    parser = argparse.ArgumentParser(prog="python -m indexer.garments.calibrate", description=__doc__.splitlines()[0])
    parser.add_argument("weights", type=Path, help="a safetensors file of weights, which is written anew")
    parser.add_argument("--data", type=Path, required=True, help="has garment-masks/, clothing/, clothing-masks/")
    asked = parser.parse_args()
    weights = load_weights(asked.weights)
    check_classes(weights)
    add_array(asked.weights, LARGEST, measured(deeplab(weights), pictures(asked.data)))


def pictures(data: Path) -> NDArray[np.uint8]:
    """Some of the photos that train, as the network sees them: uint8 (n, 384, 288, 3)."""
    taught = [photo for photo in (*street_photos(data), *flat_photos(data)) if photo.part == "train"]
    return np.stack([prepare(decode(example.photo.read_bytes()).rgb) for example in taught[::EVERY]])


if __name__ == "__main__":
    main()
