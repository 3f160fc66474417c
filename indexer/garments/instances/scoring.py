"""AP and AP50 of a network on a COCO data set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.errors import InputError, PictureError
from indexer.coco.dataset import CocoDataset, CocoInstance
from indexer.coco.precision import ClassPrecision, Found, mask_precision
from indexer.coco.rle import Rle
from indexer.garments.instances.detect import Detector
from indexer.garments.instances.samples import fitted, photo_of

LEAST = 0.05
"""Least score of a detection that counts, as in torchvision's own evaluation."""


@dataclass(frozen=True)
class Report:
    """classes: of the data set, those that the network knows. skipped: file -> why it could not be looked at."""

    classes: tuple[ClassPrecision, ...]
    images: int
    skipped: dict[str, str]


def score(
    detector: Detector,
    classes: Sequence[str],
    dataset: CocoDataset,
    photos: Path,
    progress: Callable[[int], None] | None = None,
) -> Report:
    """How well a detector (of least score `LEAST`), whose labels are these classes, finds a data set's instances.

    Photos that are missing or cannot be read are left out and told. progress is called with the images done.
    Raises InputError when the data set has none of the classes.
    """
    numbers = {name: key for key, name in dataset.categories.items() if name in classes}
    if not numbers:
        raise InputError(f"the data set has none of the network's classes: {', '.join(classes)}")
    found: list[Found] = []
    skipped: dict[str, str] = {}
    for done, image in enumerate(dataset.images.values(), start=1):
        try:
            detections = detector([photo_of(image, photos)])[0]
        except PictureError as error:
            skipped[image.file] = str(error)
            continue
        size = (image.width, image.height)
        found += [
            Found(image.id, numbers[classes[one.label]], one.score, Rle.of(fitted(one.mask, size)))
            for one in detections
            if classes[one.label] in numbers
        ]
        if progress is not None:
            progress(done)
    seen = dataset.only([key for key, image in dataset.images.items() if image.file not in skipped])
    known = CocoDataset({key: name for name, key in numbers.items()}, seen.images, _of(seen, set(numbers.values())))
    return Report(tuple(mask_precision(known, found)), len(seen.images), skipped)


def _of(dataset: CocoDataset, categories: set[int]) -> dict[int, tuple[CocoInstance, ...]]:
    return {key: tuple(one for one in many if one.category in categories) for key, many in dataset.instances.items()}
