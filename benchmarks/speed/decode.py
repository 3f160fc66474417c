"""How fast pictures are decoded, beside OpenCV on the same files in the same run, one thread each.

    python benchmarks/speed/decode.py [--data FOLDER] [--photos 300]

Rates are photos a second of processor time; only the ratios within one run mean anything.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from indexer.decode import decode
from indexer.phash import phash
from indexer.thumbnail import thumbnail

Work = Callable[[bytes], object]


def opencv(data: bytes) -> np.ndarray:
    """All pixels, as `cv2.imread` gives them."""
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)


def opencv_reduced(data: bytes) -> np.ndarray:
    """What `decode` does, in OpenCV: all pixels, reduced by area when larger than 720."""
    pixels = opencv(data)
    scale = 600 / max(pixels.shape)
    return (
        pixels
        if max(pixels.shape) <= 720
        else cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    )


def everything(data: bytes) -> None:
    """What indexing does to each photo besides its extractors."""
    picture = decode(data)
    thumbnail(picture)
    phash(picture)


WAYS: dict[str, Work] = {
    "cv2.imdecode": opencv,
    "cv2.imdecode and reduce": opencv_reduced,
    "decode": decode,
    "decode, thumbnail, phash": everything,
}


def enlarged(data: bytes, long: int) -> bytes:
    """The photo as a JPEG of this long side."""
    pixels = opencv(data)
    scale = long / max(pixels.shape)
    pixels = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    return cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()


def seconds(files: list[bytes], rounds: int = 5) -> dict[str, float]:
    """Best of several rounds, the ways taking turns so that noise falls on all."""
    best = dict.fromkeys(WAYS, float("inf"))
    for _ in range(rounds):
        for name, way in WAYS.items():
            start = time.thread_time()
            for data in files:
                way(data)
            best[name] = min(best[name], time.thread_time() - start)
    return best


def main() -> None:
    """Print the table."""
    home = os.environ.get("HOUNDSTOOTH_DATA")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--data",
        type=Path,
        default=Path(home) if home else None,
        required=not home,
        help="folder that holds clothing/ (docs/data.md); default: $HOUNDSTOOTH_DATA",
    )
    parser.add_argument("--photos", type=int, default=300)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    photos = sorted((options.data / "clothing" / "train").rglob("*.jpg"))
    photos = photos[:: max(1, len(photos) // options.photos)][: options.photos]
    if not photos:
        raise SystemExit(f"no photos under {options.data / 'clothing' / 'train'}")
    originals = [photo.read_bytes() for photo in photos]
    print(f"{'files':>22}  {'way':<26}{'photos/s':>10}{'of imdecode':>13}")
    for long in (None, 800, 1000, 2000, 3000):
        files = originals if long is None else [enlarged(data, long) for data in originals[:: 1 + 30 * long // 3000]]
        best = seconds(files)
        label = f"{len(files)} as they are" if long is None else f"{len(files)} at {long} pixels"
        for name, took in best.items():
            print(f"{label:>22}  {name:<26}{len(files) / took:>10.0f}{best['cv2.imdecode'] / took:>13.2f}")


if __name__ == "__main__":
    main()
