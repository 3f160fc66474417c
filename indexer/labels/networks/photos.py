"""Photos prepared for a backbone, kept as one array in a work folder: decoded once, whatever is trained on them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError, PictureError
from indexer.decode import decode
from indexer.file_state import FileState
from indexer.labels.networks.backbones import Backbone
from indexer.labels.networks.preprocess import prepare
from indexer.stored import read_stored

Progress = Callable[[str, int, int], None]


def prepared_photos(
    photos: Sequence[Path], backbone: Backbone, side: int, work: Path, progress: Progress
) -> tuple[NDArray[np.uint8], str]:
    """The photos as uint8 (n, side, side, 3), mapped from a file in `work`, and a hash that names them.

    The file is made anew when a photo's path, size or time is another. Raises InputError, naming it, for a photo that
    cannot be read.
    """
    told = hashlib.sha256(f"{backbone.name}|{side}|{backbone.resize}".encode())
    for photo in photos:
        try:
            state = FileState.of(photo)
        except PictureError as error:
            raise InputError(f"{photo} cannot be read: {error}") from error
        told.update(f"|{photo}|{state.bytes}|{state.mtime_ns}".encode())
    key = told.hexdigest()[:16]
    file = work / f"photos-{key}.npy"
    if not file.exists():
        work.mkdir(parents=True, exist_ok=True)
        half = file.with_suffix(".part")
        array = np.lib.format.open_memmap(half, "w+", np.uint8, (len(photos), side, side, 3))
        for row, photo in enumerate(photos):
            try:
                array[row] = prepare(decode(read_stored(str(photo))).rgb, backbone, side)
            except PictureError as error:
                raise InputError(f"{photo} cannot be read: {error}; leave it out") from error
            progress(f"{backbone.name}: photos", row + 1, len(photos))
        array.flush()
        half.rename(file)
    return np.load(file, mmap_mode="r"), key
