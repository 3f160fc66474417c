"""The photos as arrays, decoded and their garments found once: a loader that decodes nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from indexer.decode import decode
from indexer.garments.find import open_step
from indexer.kinds.training.split import Example, Part, examples
from indexer.kinds.view import GROUND, view
from indexer.picture import Picture

SIDE = 256
"""Of a cached view: a little more than the network sees."""
BATCH = 32

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, eq=False)
class Views:
    """Photos of one part.

    whole, garment: uint8 (n, SIDE, SIDE, 3), the photo and the square about its garment. cloth: bool (n, SIDE, SIDE),
    which pixels of `garment` the shipped finder calls the garment; none where it found none, and `garment` is `whole`.
    category: int64 (n,). sender: (n,).
    """

    whole: NDArray[np.uint8]
    garment: NDArray[np.uint8]
    cloth: NDArray[np.bool_]
    category: NDArray[np.int64]
    sender: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.category)

    def white(self, rows: Sequence[int] | NDArray[np.int64] | slice) -> NDArray[np.uint8]:
        """The garments on white; whole photos where none was found."""
        cloth, garment = np.asarray(self.cloth[rows]), np.asarray(self.garment[rows])
        bare = ~cloth.any((1, 2), keepdims=True)
        return np.where((cloth | bare)[..., None], garment, np.array(GROUND, np.uint8))


def load(data: Path, cache: Path, part: Part, progress: Progress | None = None) -> Views:
    """The photos of a part, from the cache, made there first if new."""
    chosen = [example for example in examples(data) if example.part == part]
    files = {name: cache / f"{part}-{name}.npy" for name in ("whole", "garment", "cloth")}
    if not all(file.exists() for file in files.values()):
        cache.mkdir(parents=True, exist_ok=True)
        _make(chosen, files, progress or (lambda what, done, total: None))
    arrays = {name: np.load(file, mmap_mode="r") for name, file in files.items()}
    category = np.array([example.category for example in chosen], np.int64)
    return Views(**arrays, category=category, sender=np.array([example.sender for example in chosen]))


def _make(chosen: Sequence[Example], files: dict[str, Path], progress: Progress) -> None:
    step = open_step("deeplab")
    halves = {name: file.with_suffix(".part") for name, file in files.items()}
    shapes = {"whole": (SIDE, SIDE, 3), "garment": (SIDE, SIDE, 3), "cloth": (SIDE, SIDE)}
    arrays = {
        name: np.lib.format.open_memmap(half, "w+", bool if name == "cloth" else np.uint8, (len(chosen), *shapes[name]))
        for name, half in halves.items()
    }
    for start in range(0, len(chosen), BATCH):
        photos = [decode(example.photo.read_bytes()) for example in chosen[start : start + BATCH]]
        nothing = [None] * len(photos)  # told neither category nor box
        for row, (photo, regions) in enumerate(zip(photos, step.regions(photos, nothing, nothing), strict=True), start):
            found = regions[0].picture
            arrays["whole"][row] = view(photo, SIDE)
            arrays["garment"][row] = view(found, SIDE, "kept")
            arrays["cloth"][row] = _cloth(found)
        progress("finding garments", min(start + BATCH, len(chosen)), len(chosen))
    for array in arrays.values():
        array.flush()
    for name, half in halves.items():
        half.rename(files[name])


def _cloth(found: Picture) -> NDArray[np.bool_]:
    """The mask as the square about the garment shows it."""
    if found.mask is None or not found.mask.any():
        return np.zeros((SIDE, SIDE), bool)
    painted = np.repeat(np.where(found.mask, 0, 255).astype(np.uint8)[..., None], 3, axis=2)
    return np.asarray(Image.fromarray(view(Picture(painted, found.mask), SIDE, "kept")).convert("L")) < 128
