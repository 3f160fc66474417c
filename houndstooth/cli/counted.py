"""Counts as people write them."""

from __future__ import annotations


def counted(count: int, one: str, many: str = "") -> str:
    """ "1 photo", "2 photos"; many: the plural, by default with an s."""
    return f"{count} {one if count == 1 else many or one + 's'}"
