"""Makes the two files that the package ships: VGG16's weights, packed, and the projection of its features.

    python -m indexer.vgg.make_weights --from vgg16_features.safetensors --photos clothing --to indexer/weights

The ranges of activations and the projection are of the photos of `train` and `validation` of the folder given, in the
order of their paths; `test` is never read. The same input gives the same files on the same machine and versions of
libraries.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import PictureError
from indexer.decode import decode
from indexer.runtime.base import open_runtime
from indexer.runtime.calibrate import measured
from indexer.runtime.eight_bit import LARGEST
from indexer.runtime.packing import squeeze
from indexer.spaces.vgg import prepare
from indexer.vgg.projection import fit_projection
from indexer.vgg.weights import digest, load_weights, pack, unpack, vgg16

PARTS = ("train", "validation")
BATCH = 64
EVERY = 14
"""One photo in so many tells the ranges of activations."""


def main() -> None:
    """Read the command line, write the files and their SHA256SUMS."""
    parser = argparse.ArgumentParser(prog="python -m indexer.vgg.make_weights", description=__doc__.splitlines()[0])
    parser.add_argument("--from", dest="source", type=Path, required=True, help="VGG16 under torchvision's names")
    parser.add_argument("--photos", type=Path, required=True, help="folder with train/ and validation/")
    parser.add_argument("--to", type=Path, required=True, help="folder to write to")
    parser.add_argument("--dim", type=int, default=256)
    asked = parser.parse_args()
    make(asked.source, asked.photos, asked.to, asked.dim)


def make(source: Path, photos: Path, to: Path, dim: int) -> None:
    """Write vgg16.safetensors, vgg16_projection.safetensors and their lines of SHA256SUMS to a folder."""
    from safetensors.numpy import save_file

    to.mkdir(parents=True, exist_ok=True)
    packed = pack(load_weights(source))
    network = vgg16(unpack(packed))
    files = [to / "vgg16.safetensors", to / "vgg16_projection.safetensors"]
    chosen = _files(photos)
    save_file(squeeze({**packed, LARGEST: measured(network, _prepared(chosen[::EVERY]))}), files[0])
    # Fitted on what the packed weights give, in floating point: on every CPU it then is the same directions.
    runtime = open_runtime(network, "cpu")
    batches = (_prepared(chosen[start : start + BATCH]) for start in range(0, len(chosen), BATCH))
    fit_projection(np.concatenate([runtime(batch) for batch in batches]), dim).save(files[1], packed=True)
    for file in files:
        file.chmod(0o644)  # safetensors writes for the owner alone
    record_digests(to / "SHA256SUMS", files)


def record_digests(sums: Path, files: list[Path]) -> None:
    """Put the files' hashes into SHA256SUMS, whose lines are in the order of names; those of others stay."""
    lines = sums.read_text().splitlines() if sums.exists() else []
    told = {name: found for found, name in (line.split("  ") for line in lines)}
    told |= {file.name: digest(file) for file in files}
    sums.write_text("".join(f"{found}  {name}\n" for name, found in sorted(told.items())))


def _files(photos: Path) -> list[Path]:
    """The photos to fit on, in the order of their paths."""
    return sorted(f for part in PARTS for f in (photos / part).rglob("*") if f.is_file())


def _prepared(files: list[Path]) -> NDArray[np.uint8]:
    """Photos as the network sees them: uint8 (n, 150, 150, 3)."""
    pictures = []
    for file in files:
        try:
            pictures.append(prepare(decode(file.read_bytes())))
        except PictureError as error:
            raise SystemExit(f"{file}: {error}") from error
    return np.stack(pictures)


if __name__ == "__main__":
    main()
