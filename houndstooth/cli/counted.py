"""Counts and figures as people write them."""

from __future__ import annotations


def counted(count: int, one: str, many: str = "") -> str:
    """ "1 photo", "2 photos"; many: the plural, by default with an s."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def three_places(value: float | None) -> str:
    """ "0.123"; "0.000" for what is nearly 0, on whichever side; "" for None."""
    return "" if value is None else f"{round(value, 3) + 0.0:.3f}"  # -0.0 + 0.0 is 0.0
