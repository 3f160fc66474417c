"""What a space is to the indexer: a class with one method that turns pictures into vectors.

A new space is one file with one subclass of `Extractor`, named in the entry-point group `houndstooth.spaces`
(see docs/new-space.md).
"""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from engine.attributes import AttributeType, AttributeValue
from indexer.picture import Picture


class Extractor(ABC):
    """Turns pictures into vectors of one space. Only `extract` must be written; `name` and `dim` must be set."""

    name: ClassVar[str]
    """The space's name in the catalog and on the command line: lower-case letters, digits, underscores."""
    version: ClassVar[int] = 1
    """Raised by hand whenever the same picture would get another vector."""
    weight: ClassVar[float] = 1.0
    """The space's say in a photo search when the caller names no spaces; 0 leaves it out."""
    reads: ClassVar[Literal["colour", "shape", "pattern"]] = "shape"
    """What the space compares; those that read colour answer a search by colours alone."""
    sees: ClassVar[Literal["whole", "coarse"]] = "whole"
    """How much of a picture: all that was decoded, or only `indexer.coarse`, and then nothing else need be."""
    describes: ClassVar[Mapping[str, AttributeType]] = {}
    """Names and types of the attributes that `describe` gives."""
    files: ClassVar[Mapping[str, Collection[str]]] = {}
    """Options of the constructor that may be the path of a file, with the words that stand for no path."""
    transient: ClassVar[Collection[str]] = ()
    """Options of the constructor that change no vector, such as a device: a catalog does not record them."""
    recorded: Mapping[str, object] = {}
    """How to make the same again, set by who makes one for a catalog, and kept among the space's parameters."""
    dim: int
    """Length of a vector."""

    @abstractmethod
    def extract(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        """Vectors of the pictures, float32 (n, dim), unit-length rows, in order; n >= 1.

        Raises PictureError for one that `refuse` refuses.
        """

    def refuse(self, pictures: Sequence[Picture]) -> list[str | None]:
        """Why a picture can have no vector in this space, and is to be indexed without one; None where it can."""
        return [None] * len(pictures)

    def describe(self, vectors: NDArray[np.float32]) -> list[dict[str, tuple[AttributeValue, float]]]:
        """Attributes that the vectors (n, dim) imply: for each row, name -> (value, confidence in [0, 1])."""
        return [{} for _ in range(len(vectors))]

    def parameters(self) -> Mapping[str, object]:
        """All that changes the vectors besides the code: options, and SHA-256 of weights. JSON values only."""
        return {}

    @property
    def fingerprint(self) -> str:
        """Names the extractor exactly, 16 hex digits: vectors of two fingerprints are never compared."""
        told = {"name": self.name, "version": self.version, "dim": self.dim, "parameters": self.parameters()}
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]
