"""Makes the two files that the package ships: VGG16's weights, packed, and the projection of its features.

    python -m indexer.vgg.make_weights --from vgg16_features.safetensors --photos clothing --to indexer/weights

The projection is fitted on the photos of `train` and `validation` of the folder given, in the order of their paths;
`test` is never read. The same input gives the same files on the same machine and library versions.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from engine.errors import PictureError
from indexer.decode import decode
from indexer.picture import Picture
from indexer.runtime.base import open_runtime
from indexer.runtime.packing import squeeze
from indexer.spaces.vgg import prepare
from indexer.vgg.projection import fit_projection
from indexer.vgg.weights import digest, load_weights, pack, unpack, vgg16

PARTS = ("train", "validation")
BATCH = 64


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
    files = [to / "vgg16.safetensors", to / "vgg16_projection.safetensors"]
    save_file(squeeze(packed), files[0])
    # Fitted on what the packed weights give, since those are what runs.
    runtime = open_runtime(vgg16(unpack(packed)), "cpu")
    features = np.concatenate([runtime(np.stack([prepare(p) for p in batch])) for batch in _batches(photos)])
    fit_projection(features, dim).save(files[1], packed=True)
    for file in files:
        file.chmod(0o644)  # safetensors writes for the owner alone
    record_digests(to / "SHA256SUMS", files)


def record_digests(sums: Path, files: list[Path]) -> None:
    """Put the files' hashes into SHA256SUMS, before the lines of others."""
    names = {file.name for file in files}
    kept = [line for line in sums.read_text().splitlines() if line.split("  ")[1] not in names] if sums.exists() else []
    sums.write_text("".join(f"{line}\n" for line in [*(f"{digest(file)}  {file.name}" for file in files), *kept]))


def _batches(photos: Path) -> Iterator[list[Picture]]:
    """The photos to fit on, decoded, in the order of their paths."""
    batch: list[Picture] = []
    for file in sorted(f for part in PARTS for f in (photos / part).rglob("*") if f.is_file()):
        try:
            batch.append(decode(file.read_bytes()))
        except PictureError as error:
            raise SystemExit(f"{file}: {error}") from error
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


if __name__ == "__main__":
    main()
