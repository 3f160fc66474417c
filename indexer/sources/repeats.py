"""What tells that a table says something twice, in memory that stays modest over millions of rows."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

from engine.attributes import AttributeValue


class Repeats:
    """Remembers 64-bit hashes only: of each (product, photo) and of each product's first values.

    Two different things are taken for one with a chance of about n^2 / 2^65: 3 in a million for ten million rows.
    """

    def __init__(self, attributes: Sequence[str]) -> None:
        self._slots = {name: slot for slot, name in enumerate(attributes)}
        self._format = struct.Struct(f"{len(self._slots)}q")
        self._rows: dict[int, int] = {}
        self._firsts: dict[int, bytes] = {}

    def earlier_row(self, product: str, path: str, row: int) -> int | None:
        """The number of the row that gave this photo of this product first; None when this one does."""
        first = self._rows.setdefault(hash((product, path)), row)
        return None if first == row else first

    def contradictions(self, product: str, attributes: Mapping[str, AttributeValue]) -> list[str]:
        """Names of the attributes that differ from the product's first values; new values are remembered."""
        key = hash(product)
        packed = self._firsts.get(key)
        firsts = list(self._format.unpack(packed)) if packed else [0] * len(self._slots)  # 0: no value yet
        differ = []
        for name, value in attributes.items():
            slot = self._slots[name]
            told = hash(repr(value)) or 1
            if firsts[slot] in (0, told):
                firsts[slot] = told
            else:
                differ.append(name)
        if packed or attributes:
            self._firsts[key] = self._format.pack(*firsts)
        return differ
