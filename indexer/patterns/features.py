"""What the unchanging part of the network makes of a bank, computed once and kept on disk."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from indexer.patterns.network import heard_network, lower_network
from indexer.runtime.base import open_runtime
from indexer.runtime.lite0 import Arrays
from indexer.runtime.network import Network

ROWS = 512
"""Pictures between two reports of progress."""

Progress = Callable[[int, int], None]
Half = NDArray[np.float16]


@dataclass(frozen=True, eq=False)
class Features:
    """Of n pictures: heard, float16 (n, HEARD), all taps as the network starts out; lower, float16 (n, 5120), what its
    upper blocks read, channels first; (n, 0) where it was not asked for."""

    heard: Half
    lower: Half


def features_of(
    pictures: NDArray[np.uint8],
    weights: Arrays,
    lower: bool,
    folder: Path | None = None,
    progress: Progress | None = None,
) -> Features:
    """Features of uint8 (n, SIDE, SIDE, 3). lower: whether those are wanted too. folder: where they are kept, and found
    again for the same number of pictures and the same weights."""
    mark = hashlib.sha256(b"".join(np.asarray(weights[name]).tobytes() for name in sorted(weights))).hexdigest()[:8]

    def file(name: str) -> Path | None:
        return folder / f"{name}-{mark}-{len(pictures)}.npy" if folder else None

    heard = _run(pictures, heard_network(weights), file("heard"), progress)
    if not lower:
        return Features(heard, np.zeros((len(pictures), 0), np.float16))
    return Features(heard, _run(pictures, lower_network(weights), file("lower"), progress))


def _run(pictures: NDArray[np.uint8], network: Network, file: Path | None, progress: Progress | None) -> Half:
    if file and file.is_file():
        stored: Half = np.load(file)
        return stored
    runtime = open_runtime(network)
    parts = []
    for start in range(0, len(pictures), ROWS):
        parts.append(runtime(pictures[start : start + ROWS]).astype(np.float16))
        if progress:
            progress(min(start + ROWS, len(pictures)), len(pictures))
    found = np.concatenate(parts)
    if file:
        unfinished = file.with_suffix(".tmp.npy")
        np.save(unfinished, found)
        unfinished.replace(file)
    return found
