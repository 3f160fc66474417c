"""Which photos train, which choose, which only report: by a stable hash of a name, the same for everyone."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Part = Literal["train", "validation", "test"]


def part_of(name: str) -> Part:
    """A fifth of all names is test; a twelfth of the rest is validation."""
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
    if number % 5 == 0:
        return "test"
    return "validation" if number // 5 % 12 == 0 else "train"


@dataclass(frozen=True)
class Example:
    """A photo with its mask, both files. kind: folder of a clothing photo, empty for a street photo."""

    photo: Path
    mask: Path
    kind: str
    part: Part


def street_photos(data: Path) -> list[Example]:
    """The photos of garment-masks, split by name; masks hold label ids."""
    folder = data / "garment-masks"
    return [
        Example(photo, folder / "masks" / f"{photo.stem}.png", "", part_of(photo.stem))
        for photo in sorted((folder / "photos").glob("*.jpg"))
    ]


def flat_photos(data: Path, unsure: float = 0.08) -> list[Example]:
    """The photos of clothing/ that have a mask (255 where the garment is), split by who took them.

    Photos of one sender share floors and light, so they stay in one part. Masks whose maker was unsure of more than
    `unsure` of the frame, or that cover under 3 % or over 85 % of it, are left out.
    """
    with (data / "clothing" / "senders.csv").open(newline="") as file:
        senders = {f"clothing/{row['path']}": row["sender_id"] for row in csv.DictReader(file)}
    with (data / "clothing-masks" / "masks.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if 0.03 <= float(row["area"]) <= 0.85]
    return [
        Example(
            data / row["photo"],
            data / "clothing-masks" / row["mask"],
            row["photo"].split("/")[2],
            part_of(f"sender {senders[row['photo']]}"),
        )
        for row in rows
        if float(row["unsure"]) <= unsure
    ]
