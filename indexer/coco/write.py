"""Writes a COCO file of instances from masks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from indexer.coco.rle import Rle


class CocoWriter:
    """Gathers images and the masks of what is on them, and writes them as one COCO file.

    categories: names, numbered from 1 in their order. Masks are stored as compressed run lengths: exact, holes and all.
    """

    def __init__(self, categories: Sequence[str]) -> None:
        self._ids = {name: number for number, name in enumerate(categories, start=1)}
        self._images: list[dict[str, object]] = []
        self._annotations: list[dict[str, object]] = []

    def add(
        self, file: str, size: tuple[int, int], masks: Sequence[tuple[str, NDArray[np.bool_]]], group: str | None = None
    ) -> int:
        """Add an image, its (width, height), and (category, bool (h, w)) of each instance; the image's new id.

        Empty masks are passed over. group: photos of one group never part in a split.
        Raises InputError for an unknown category or a mask of another size.
        """
        image: dict[str, object] = {
            "id": len(self._images) + 1, "file_name": file, "width": size[0], "height": size[1]
        }  # fmt: skip
        if group is not None:
            image["group"] = group
        rows = [self._annotation(category, mask, size, len(self._images) + 1) for category, mask in masks if mask.any()]
        for row in rows:
            row["id"] = len(self._annotations) + 1
            self._annotations.append(row)
        self._images.append(image)
        return len(self._images)

    def write(self, path: Path) -> None:
        """Write the file, whole or not at all."""
        categories = [{"id": number, "name": name} for name, number in self._ids.items()]
        told = {"images": self._images, "annotations": self._annotations, "categories": categories}
        part = path.with_name(path.name + ".tmp")
        part.write_text(json.dumps(told), encoding="utf-8")
        part.replace(path)

    def _annotation(
        self, category: str, mask: NDArray[np.bool_], size: tuple[int, int], image: int
    ) -> dict[str, object]:
        if category not in self._ids:
            raise InputError(f"no category {category!r}; there are {', '.join(self._ids)}")
        if mask.shape != (size[1], size[0]):
            raise InputError(f"a mask is {mask.shape[1]} x {mask.shape[0]}, its image {size[0]} x {size[1]}")
        runs = Rle.of(mask)
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        left, top = int(columns[0]), int(rows[0])
        return {
            "image_id": image,
            "category_id": self._ids[category],
            "segmentation": {"size": [size[1], size[0]], "counts": runs.text()},
            "area": runs.area,
            "bbox": [left, top, int(columns[-1]) + 1 - left, int(rows[-1]) + 1 - top],
            "iscrowd": 0,
        }
