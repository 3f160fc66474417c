"""A fixed linear map from VGG16's 8192 features to fewer numbers, fitted once and then never changed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from indexer.runtime.packing import pack, squeeze, unpack

POWER = 0.7
"""Features are raised to this before all else: repeated textures weigh less (the "power normalisation" of Perronnin,
Sánchez and Mensink, "Improving the Fisher Kernel for Large-Scale Image Classification", 2010)."""


@dataclass(frozen=True, eq=False)
class Projection:
    """mean: float32 (d,). basis: float32 (dim, d), orthonormal rows, the direction of largest variance first."""

    mean: NDArray[np.float32]
    basis: NDArray[np.float32]

    @property
    def dim(self) -> int:
        """Length of a projected vector."""
        return len(self.basis)

    def __call__(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Unit-length float32 (n, dim) of features (n, d), d as in `mean`."""
        projected: NDArray[np.float32] = np.matmul(_prepared(features) - self.mean, self.basis.T)
        return _unit(projected)

    def save(self, file: Path, packed: bool = False) -> None:
        """Write as safetensors, the basis in float16, or packed to 8 bits, a scale each direction, and squeezed."""
        from safetensors.numpy import save_file

        basis = squeeze(pack({"basis": self.basis})) if packed else {"basis": self.basis.astype(np.float16)}
        save_file({"mean": self.mean, **basis}, file)


def load_projection(file: Path) -> Projection:
    """Read what `Projection.save` wrote. Raises InputError when the file is missing or something else."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        stored = load_file(file)
        mean, basis = stored["mean"].astype(np.float32), unpack(stored)["basis"]
    except FileNotFoundError as error:
        raise InputError(f"no projection at {file}") from error
    except (SafetensorError, KeyError) as error:
        raise InputError(f"{file} is not a projection: {error}") from error
    if mean.ndim != 1 or basis.ndim != 2 or basis.shape[1] != len(mean):
        raise InputError(f"{file} is not a projection: mean {mean.shape} and basis {basis.shape} do not agree")
    return Projection(mean, basis)


def fit_projection(features: NDArray[np.float32], dim: int = 256) -> Projection:
    """Centred principal components of features (n, d), n > dim.

    Works on the n x n inner products in float64, so that memory is bounded by n, and gives every component the sign
    that makes its largest entry positive: the same features give the same file. Raises InputError for too few rows.
    """
    if features.ndim != 2 or len(features) <= dim:
        raise InputError(f"{dim} components need more than {dim} rows of features, got shape {features.shape}")
    rows = _prepared(features)
    mean = rows.mean(0, dtype=np.float64)
    centred = rows - mean
    _, vectors = np.linalg.eigh(centred @ centred.T)
    basis = vectors[:, ::-1][:, :dim].T @ centred
    basis /= np.linalg.norm(basis, axis=1, keepdims=True)
    basis *= np.sign(basis[np.arange(dim), np.abs(basis).argmax(1)])[:, None]
    return Projection(mean.astype(np.float32), basis.astype(np.float32))


def _prepared(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Non-negative features to the power, unit length."""
    raised: NDArray[np.float32] = np.maximum(features, 0) ** np.float32(POWER)
    return _unit(raised)


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    length = np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    scaled: NDArray[np.float32] = np.divide(rows, length, dtype=np.float32)
    return scaled
