"""The file of the `kind` network: its convolutions, and the scores of the categories it was taught."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from indexer.kinds.categories import CATEGORIES
from indexer.runtime.lite0 import LAST, names
from indexer.runtime.packing import pack, read_packed

FORMAT = "houndstooth kind 1"


@dataclass(frozen=True, eq=False)
class KindWeights:
    """A trained network.

    network: what `indexer.runtime.lite0.layers` takes, without the head. scores_weight (10, 320), scores_bias (10,):
    scores of CATEGORIES of a unit vector, to be put through softmax.
    """

    network: dict[str, NDArray[np.float32]]
    scores_weight: NDArray[np.float32]
    scores_bias: NDArray[np.float32]

    def chances(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """How likely each of CATEGORIES is by what training learned, (n, 10), rows summing to 1, of (n, 320)."""
        scores = vectors @ self.scores_weight.T + self.scores_bias
        chances = np.exp(scores - scores.max(1, keepdims=True))
        return np.asarray(chances / chances.sum(1, keepdims=True), np.float32)

    def save(self, file: Path, told: dict[str, str] | None = None) -> None:
        """Write a safetensors file, packed to 8 bits. told: notes kept in its header, such as the seed."""
        from safetensors.numpy import save_file

        arrays = {**self.network, "scores.weight": self.scores_weight, "scores.bias": self.scores_bias}
        packed = {name: np.ascontiguousarray(value) for name, value in pack(arrays).items()}
        unfinished = file.with_name(file.name + ".tmp")
        save_file(packed, unfinished, {"format": FORMAT, **(told or {})})
        unfinished.chmod(0o644)  # safetensors writes for the owner alone
        unfinished.replace(file)


def load_kind(file: Path) -> KindWeights:
    """Read a file that `save` wrote.

    Raises InputError when it is missing, damaged, or no such network.
    """
    header, arrays = read_packed(file, "network of kinds")
    if header.get("format") != FORMAT:
        raise InputError(f"{file} is no network of kinds: make one with `python -m indexer.kinds.training`")
    wanted = [f"{name}.{part}" for name in names() for part in ("weight", "bias")]
    missing = [name for name in [*wanted, "scores.weight", "scores.bias"] if name not in arrays]
    if missing or arrays["scores.weight"].shape != (len(CATEGORIES), LAST):
        raise InputError(f"{file} is a network of another shape: it lacks {', '.join(missing[:3]) or 'categories'}")
    return KindWeights({name: arrays[name] for name in wanted}, arrays["scores.weight"], arrays["scores.bias"])
