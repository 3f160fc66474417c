"""Typed attributes of products and regions, and their columns in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

AttributeType = Literal["text", "number", "boolean"]
AttributeValue = str | float | bool


@dataclass(frozen=True, eq=False)
class Column:
    """One attribute over all live regions of a snapshot, in the order of the snapshot's region ids.

    values, by type: "text": int32 codes into `words`, -1 for none; "number": float64, NaN for none;
    "boolean": int8 0 or 1, -1 for none. words: the sorted distinct texts, object array of str.
    confidence: float64, as it is stored, NaN where the value was given rather than predicted or there is none; None
    when nothing in the column was predicted.
    """

    name: str
    type: AttributeType
    values: NDArray[Any]
    words: NDArray[np.object_] = field(default_factory=lambda: np.empty(0, dtype=object))
    confidence: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        """Number of regions."""
        return len(self.values)
