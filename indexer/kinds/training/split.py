"""Which photos train, which choose, which only report."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from engine.errors import InputError
from indexer.kinds.categories import CATEGORIES

Part = Literal["train", "validation", "test"]
LARGE = 60
"""Senders of more photos than this always train: one of them in the validation part would decide it alone."""
ONE_OF = 5
"""Of the other senders, one of so many is in the validation part."""


@dataclass(frozen=True)
class Example:
    """A photo, its category's number in CATEGORIES, who took it, and its part."""

    photo: Path
    category: int
    sender: str
    part: Part


def examples(data: Path) -> list[Example]:
    """The photos of `data/clothing`, in the order of their paths.

    Its test part, whose senders are in no other, is the test part here. Its train and validation parts share most
    senders: together they are divided anew, so that no sender is on both sides, by a stable hash of the sender.
    Raises InputError without its senders.csv.
    """
    try:
        with (data / "clothing" / "senders.csv").open(newline="") as file:
            rows = sorted(csv.DictReader(file), key=lambda row: row["path"])
    except OSError as error:
        raise InputError(f"{data} needs clothing/ with its senders.csv (docs/data.md): {error}") from error
    photos = Counter(row["sender_id"] for row in rows)

    def part(row: dict[str, str]) -> Part:
        sender = row["sender_id"]
        if row["path"].startswith("test/"):
            return "test"
        return "validation" if photos[sender] <= LARGE and _number(sender) % ONE_OF == 0 else "train"

    return [
        Example(data / "clothing" / row["path"], CATEGORIES.index(row["label"]), row["sender_id"], part(row))
        for row in rows
    ]


def _number(sender: str) -> int:
    return int.from_bytes(hashlib.sha256(f"kind of sender {sender}".encode()).digest()[:8], "big")
