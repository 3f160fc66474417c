"""The file of a pattern network: its weights, and the families that it tells apart."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from indexer.patterns.network import DIM, HEARD, names
from indexer.runtime.packing import read_packed

FORMAT = "houndstooth pattern 1"


@dataclass(frozen=True, eq=False)
class PatternWeights:
    """A trained pattern network.

    network: what `pattern_network` takes, by name. families: names of the patterns it tells apart, maybe none.
    family_weight (families, DIM), family_bias (families,): their scores of a unit vector, to be put through softmax;
    scaled so on validation photos that the largest share is how often it is right.
    """

    network: dict[str, NDArray[np.float32]]
    families: tuple[str, ...]
    family_weight: NDArray[np.float32]
    family_bias: NDArray[np.float32]

    def shares(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """How likely each family is, (n, families), rows summing to 1, for unit vectors (n, DIM)."""
        scores = vectors @ self.family_weight.T + self.family_bias
        shares = np.exp(scores - scores.max(1, keepdims=True))
        return np.asarray(shares / shares.sum(1, keepdims=True), np.float32)

    def save(self, file: Path, told: dict[str, str] | None = None) -> None:
        """Write a safetensors file in half precision. told: notes kept in its header, such as the command."""
        from safetensors.numpy import save_file

        arrays = {**self.network, "family.weight": self.family_weight, "family.bias": self.family_bias}
        header = {"format": FORMAT, "families": json.dumps(self.families), **(told or {})}
        unfinished = file.with_name(file.name + ".tmp")
        save_file({name: np.ascontiguousarray(value, np.float16) for name, value in arrays.items()}, unfinished, header)
        unfinished.chmod(0o644)  # safetensors writes for the owner alone
        unfinished.replace(file)


def load_pattern(file: Path) -> PatternWeights:
    """Read a file that `save` wrote, packed or not.

    Raises InputError when it is missing, damaged, or no pattern network.
    """
    header, arrays = read_packed(file, "pattern network")
    if header.get("format") != FORMAT:
        raise InputError(f"{file} is no pattern network: make one with `houndstooth train pattern`")
    wanted = _names()
    missing = [name for name in wanted if name not in arrays]
    if missing or arrays["embed.weight"].shape != (DIM, HEARD):
        raise InputError(f"{file} is a pattern network of another shape: it lacks {', '.join(missing[:3]) or 'taps'}")
    families = tuple(json.loads(header["families"]))
    weight, bias = arrays["family.weight"], arrays["family.bias"]
    network = {name: arrays[name] for name in wanted if not name.startswith("family.")}
    return PatternWeights(network, families, weight, bias)


def _names() -> list[str]:
    return [f"{name}.{part}" for name in (*names(), "embed", "family") for part in ("weight", "bias")]


def digest(file: Path) -> str:
    """SHA-256 of a file, hex; when its folder's SHA256SUMS tells another, InputError, as when it is missing."""
    try:
        found = hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        raise InputError(f"no pattern network at {file}") from error
    sums = file.parent / "SHA256SUMS"
    lines = sums.read_text().splitlines() if sums.is_file() else []
    if any(line.endswith(f"  {file.name}") and not line.startswith(found) for line in lines):
        raise InputError(f"{file} is damaged: its SHA-256 is not the one in {sums}; install Houndstooth again")
    return found
