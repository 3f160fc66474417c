"""How long a dress is, by the label map of a street photo: for photos that come with pixel masks and no lengths."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

LEAST = 0.02
"""Share of the photo that the dress must cover."""
SEEN = ("shoes", "boots", "sandals", "heels", "pumps", "flats", "loafers", "sneakers", "wedges", "clogs")
"""What must be seen, so that the person is there down to the ground."""
MAXI, MINI = 0.90, 0.75
"""How far down the person a dress ends, from the top of the head: from MAXI on it is a maxi dress, up to MINI it is
none. Those between are left out."""


def worn_lengths(folder: Path) -> Iterator[tuple[Path, bool]]:
    """Photos of a folder with photos/, masks/ (PNG of label ids) and labels.csv (id,name), and whether a maxi is worn.

    The two limits were chosen by looking at 72 of the 206 dresses of garment-masks/, in the order of their lengths.
    """
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        number = {row["name"]: int(row["id"]) for row in csv.DictReader(file)}
    shoes = [number[name] for name in SEEN if name in number]
    for mask in sorted((folder / "masks").glob("*.png")):
        ids = np.asarray(Image.open(mask))
        dress = ids == number["dress"]
        if dress.mean() < LEAST or not np.isin(ids, shoes).any():
            continue
        ends = np.flatnonzero(dress.any(axis=1))[-1]
        person = np.flatnonzero((ids != number["null"]).any(axis=1))
        share = (ends - person[0]) / max(person[-1] - person[0], 1)
        if share >= MAXI or share <= MINI:
            yield folder / "photos" / f"{mask.stem}.jpg", bool(share >= MAXI)
