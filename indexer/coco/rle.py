"""A mask as run lengths, column by column: COCO's RLE, plain and compressed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_BASE = 48  # the character "0"
_VALUE, _SIGN, _MORE = 0x1F, 0x10, 0x20


@dataclass(frozen=True, eq=False)
class Rle:
    """Lengths of runs of pixels outside and inside a mask in turn, outside first, down each column, left to right.

    counts: int64 (n,), none negative, summing to width * height.
    """

    width: int
    height: int
    counts: NDArray[np.int64]

    @classmethod
    def of(cls, mask: NDArray[np.bool_]) -> Rle:
        """The runs of a mask, bool (h, w)."""
        flat = mask.T.reshape(-1)
        ends = np.flatnonzero(flat[1:] != flat[:-1]) + 1
        counts = np.diff(np.concatenate([[0], ends, [flat.size]]))
        if flat.size and flat[0]:
            counts = np.concatenate([[0], counts])
        return cls(mask.shape[1], mask.shape[0], counts.astype(np.int64))

    @property
    def area(self) -> int:
        """Pixels inside."""
        return int(self.counts[1::2].sum())

    def mask(self) -> NDArray[np.bool_]:
        """bool (h, w)."""
        inside = np.arange(len(self.counts)) % 2 == 1
        return np.ascontiguousarray(np.repeat(inside, self.counts).reshape(self.width, self.height).T)

    def text(self) -> str:
        """The counts compressed as COCO does: differences in groups of five bits, a character each."""
        value = self.counts.copy()
        value[3:] -= self.counts[1:-2]
        groups: list[NDArray[np.int64]] = []
        going: list[NDArray[np.bool_]] = []
        on = np.ones(len(value), dtype=bool)
        while on.any():
            low = value & _VALUE
            value = value >> 5
            more = np.where(low & _SIGN, value != -1, value != 0)
            groups.append((low | np.where(more, _MORE, 0)) + _BASE)
            going.append(on)
            on = on & more
        if not groups:
            return ""
        return np.stack(groups, 1)[np.stack(going, 1)].astype(np.uint8).tobytes().decode("ascii")


def counts_of(text: str) -> NDArray[np.int64]:
    """Counts from their compressed text, int64 (n,). Raises ValueError for text that is none."""
    code = np.frombuffer(text.encode("utf-8"), dtype=np.uint8).astype(np.int64) - _BASE
    if code.size == 0:
        return np.zeros(0, dtype=np.int64)
    if code.min() < 0 or code.max() > 63:
        raise ValueError("a compressed count has characters from '0' to 'o' only")
    last = (code & _MORE) == 0
    if not last[-1]:
        raise ValueError("compressed counts end in the middle of a number")
    starts = np.concatenate([[0], np.flatnonzero(last)[:-1] + 1])
    digit = np.arange(code.size) - np.repeat(starts, np.diff(np.concatenate([starts, [code.size]])))
    if digit.max() > 11:
        raise ValueError("a compressed count has too many digits")
    value = np.add.reduceat((code & _VALUE) << (5 * digit), starts)
    negative = (code[last] & _SIGN) != 0
    value -= np.where(negative, np.int64(1) << (5 * (digit[last] + 1)), 0)
    # From the fourth on, each is told as the difference to the one before the last.
    for first in (1, 2):
        value[first::2] = np.cumsum(value[first::2])
    return value
