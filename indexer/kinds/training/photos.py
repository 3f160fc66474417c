"""Lists the photos that the network of `kind` was taught and chosen by, by their perceptual hashes.

python -m indexer.kinds.training.photos --data data --to indexer/weights
"""

from __future__ import annotations

import argparse
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from tqdm import tqdm

from engine.durable import hash_file
from indexer.decode import read_picture
from indexer.kinds.taught import PHOTOS
from indexer.kinds.training.split import examples
from indexer.phash import phash


def main() -> None:
    """Writes the list, and its line in SHA256SUMS."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds clothing/")
    parser.add_argument("--to", type=Path, required=True, help="folder of the weights")
    how = parser.parse_args()
    photos = [one.photo for one in examples(how.data) if one.part != "test"]
    with ThreadPoolExecutor() as pool:
        hashes = list(tqdm(pool.map(lambda photo: phash(read_picture(photo)), photos), total=len(photos), disable=None))
    file = how.to / PHOTOS.name
    np.save(file, np.unique(np.array(hashes, np.uint64)))
    sums = how.to / "SHA256SUMS"
    lines = [line for line in sums.read_text(encoding="utf-8").splitlines() if not line.endswith(f"  {file.name}")]
    lines.append(f"{hash_file(file)}  {file.name}")
    sums.write_text("".join(f"{line}\n" for line in sorted(lines, key=lambda line: line.split("  ")[1])), "utf-8")


if __name__ == "__main__":
    main()
