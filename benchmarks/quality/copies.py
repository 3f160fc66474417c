"""Whether copies of a photo are told by their perceptual hashes, and other photos are not taken for copies.

    python benchmarks/quality/copies.py --photos clothing [--copies 250] [--seed 0]

Of photos drawn at random, copies are made as shops make them (resized, saved anew, brightened, cut) and hashed as
indexing does; printed is how many bits they differ in, and the share within the four that tell near-duplicates. Of all
photos, the pairs within so many bits.
"""

from __future__ import annotations

import argparse
import io
import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance
from tabulate import tabulate

from indexer.decode import decode
from indexer.labels.duplicates import HASH_BITS
from indexer.phash import near_duplicates, phash

Change = Callable[[Image.Image], Image.Image]


def scaled(factor: float) -> Change:
    """Resized by the factor."""
    return lambda photo: photo.resize(
        (max(1, round(photo.width * factor)), max(1, round(photo.height * factor))), Image.Resampling.LANCZOS
    )


def cut(photo: Image.Image) -> Image.Image:
    """Without 2 % on each side."""
    x, y = photo.width / 50, photo.height / 50
    return photo.crop((round(x), round(y), round(photo.width - x), round(photo.height - y)))


WAYS: Mapping[str, tuple[Change, str, int]] = {
    "100 pixels long": (lambda photo: scaled(100 / max(photo.size))(photo), "JPEG", 75),
    "half the size": (scaled(0.5), "JPEG", 75),
    "0.7 of the size": (scaled(0.7), "JPEG", 75),
    "1.9 times the size": (scaled(1.9), "JPEG", 75),
    "3 times the size": (scaled(3), "JPEG", 75),
    "JPEG of quality 30": (lambda photo: photo, "JPEG", 30),
    "PNG": (lambda photo: photo, "PNG", 0),
    "a tenth brighter": (lambda photo: photo.point(lambda level: min(255, round(level * 1.1))), "JPEG", 75),
    "more contrast": (lambda photo: ImageEnhance.Contrast(photo).enhance(1.2), "JPEG", 75),
    "2 % cut off each side": (cut, "JPEG", 75),
}
"""A change, and how it is saved: kind and quality."""


def bits_apart(photo: Path, own: int) -> list[int]:
    """How many bits each copy's hash differs in, in the order of WAYS."""
    apart = []
    with Image.open(photo) as opened:
        image = opened.convert("RGB")
    for change, kind, quality in WAYS.values():
        file = io.BytesIO()
        change(image).save(file, kind, **({"quality": quality} if kind == "JPEG" else {"compress_level": 1}))
        apart.append((own ^ phash(decode(file.getvalue()))).bit_count())
    return apart


def main() -> None:
    """Print the tables, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, required=True, help="a folder of photos")
    parser.add_argument("--copies", type=int, default=250, help="photos that copies are made of")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--format", choices=("table", "json"), default="table")
    asked = parser.parse_args()
    photos = sorted(asked.photos.rglob("*.jpg"))
    if not photos:
        raise SystemExit(f"no .jpg under {asked.photos}")
    with ThreadPoolExecutor() as pool:
        hashes = list(pool.map(lambda photo: phash(decode(photo.read_bytes(), coarse_only=True)), photos))
        chosen = np.random.default_rng(asked.seed).permutation(len(photos))[: asked.copies].tolist()
        apart = np.array(list(pool.map(lambda row: bits_apart(photos[row], hashes[row]), chosen)))
    rows = [
        {"copy": way, "bits": bits.mean(), "within": np.mean(bits <= HASH_BITS), "most": int(bits.max())}
        for way, bits in zip(WAYS, apart.T, strict=True)
    ]
    values = np.array(hashes, np.uint64)
    pairs = near_duplicates(values, values, 8)
    pairs = pairs[pairs[:, 0] < pairs[:, 1]]
    counts = np.bincount(np.bitwise_count(values[pairs[:, 0]] ^ values[pairs[:, 1]]), minlength=9).tolist()
    if asked.format == "json":
        print(json.dumps({"copies": rows, "pairs": counts}))
        return
    print(tabulate(rows, headers="keys", floatfmt=".3f"))
    print(f"pairs of {len(photos)} photos that differ in 0 to 8 bits: {' '.join(map(str, counts))}")


if __name__ == "__main__":
    main()
