"""Photos and instances of a COCO data set as the network learns from them."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.errors import InputError, PictureError
from indexer.coco.dataset import CocoDataset, CocoImage, CocoInstance
from indexer.decode import read_picture
from indexer.garments.instances.description import Description
from indexer.garments.instances.detect import target_size
from indexer.garments.instances.kinds import kinds_of
from indexer.garments.training.split import part_of

_SMALLEST = 0.75  # of the network's size, by chance


@dataclass(frozen=True, eq=False)
class Sample:
    """A picture to learn from.

    rgb: uint8 (h, w, 3). boxes: float32 (k, 4), x1, y1, x2, y2. labels: int64 (k,), from 1. masks: uint8 (k, h, w).
    """

    rgb: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    labels: NDArray[np.int64]
    masks: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Source:
    """Images of a data set to learn from. labels: category id -> label, from 1; other categories are passed over."""

    dataset: CocoDataset
    photos: Path
    images: tuple[int, ...]
    labels: Mapping[int, int]
    told: Description

    def sample(self, image: int, rng: np.random.Generator) -> Sample:
        """An image by id under random size, light and mirroring. Raises PictureError when its photo does not do."""
        entry = self.dataset.images[image]
        rgb = photo_of(entry, self.photos)
        scale = rng.uniform(_SMALLEST, 1.0)
        width, height = (max(32, round(side * scale)) for side in target_size((rgb.shape[1], rgb.shape[0]), self.told))
        picture = np.asarray(_lit(Image.fromarray(rgb), rng).resize((width, height), Image.Resampling.BILINEAR))
        known = [one for one in self.dataset.instances[image] if one.category in self.labels and not one.crowd]
        masks, labels = self._masks(known, (width, height))
        if rng.random() < 0.5:
            picture, masks = picture[:, ::-1], masks[:, :, ::-1]
        return Sample(np.ascontiguousarray(picture), _boxes(masks), labels, np.ascontiguousarray(masks))

    def _masks(
        self, known: Sequence[CocoInstance], size: tuple[int, int]
    ) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Masks at a size, without those that become smaller than two pixels a side."""
        kept, labels = [], []
        for one in known:
            mask = fitted(one.mask(), size)
            if mask.any(0).sum() > 1 and mask.any(1).sum() > 1:
                kept.append(mask.astype(np.uint8))
                labels.append(self.labels[one.category])
        stacked = np.stack(kept) if kept else np.zeros((0, size[1], size[0]), dtype=np.uint8)
        return stacked, np.array(labels, dtype=np.int64)

    @property
    def digest(self) -> int:
        """A checksum of which images these are, in their order."""
        return zlib.crc32(repr((self.images, sorted(self.labels.items()))).encode())


def parts(dataset: CocoDataset) -> tuple[list[int], list[int]]:
    """Ids of the images to learn from and of those to report on: a fifth of the groups, by a stable hash of each."""
    test = {image.id for image in dataset.images.values() if part_of(image.group) == "test"}
    return [number for number in dataset.images if number not in test], [n for n in dataset.images if n in test]


def open_source(dataset: CocoDataset, photos: Path, told: Description, images: Sequence[int] | None = None) -> Source:
    """The images of a data set (all, or these) whose photo is there.

    Raises InputError when there is none, or none of the network's classes is in the data set.
    """
    missing = {image.id for image in dataset.missing(photos)}
    there = tuple(number for number in (dataset.images if images is None else images) if number not in missing)
    if not there:
        raise InputError(f"none of the data set's photos is in {photos}")
    numbers = {name: number for number, name in enumerate(told.classes, start=1)}
    labels = {key: numbers[name] for key, name in dataset.categories.items() if name in numbers}
    if not labels:
        raise InputError(f"the data set has none of the classes {', '.join(told.classes)}")
    return Source(dataset, photos, there, labels, told)


def classes_of(dataset: CocoDataset, told: Mapping[str, str]) -> dict[str, str]:
    """The garment classes that have instances, in the order of the file, each with its kind; see `kinds_of`."""
    used = {one.category for many in dataset.instances.values() for one in many}
    return kinds_of([name for key, name in dataset.categories.items() if key in used], told)


def photo_of(image: CocoImage, photos: Path) -> NDArray[np.uint8]:
    """The photo, uint8 (h, w, 3), at the working size. Raises PictureError, also when it has not the image's shape."""
    picture = read_picture(photos / image.file)
    width, height = picture.source_size
    if abs(width * image.height - height * image.width) > max(width, height, image.width, image.height):
        raise PictureError(f"it is {width} x {height}, and the data set says {image.width} x {image.height}")
    return picture.rgb


def fitted(mask: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.bool_]:
    """A mask at another (width, height): a pixel belongs when at least half of the mask's area over it does."""
    if (mask.shape[1], mask.shape[0]) == size:
        return mask
    return np.asarray(Image.fromarray(mask.astype(np.uint8) * 255).resize(size, Image.Resampling.BOX)) >= 128


def _boxes(masks: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Boxes of masks that are not empty, float32 (k, 4)."""
    boxes = np.zeros((len(masks), 4), dtype=np.float32)
    for number, mask in enumerate(masks):
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        boxes[number] = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
    return boxes


def _lit(photo: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Another exposure, contrast and cast."""
    values = np.arange(256) / 255
    gamma, gain = np.exp(rng.uniform(-0.25, 0.25)), rng.uniform(0.8, 1.2)
    curves = [np.clip((values**gamma - 0.5) * gain * cast + 0.5, 0, 1) * 255 for cast in rng.uniform(0.93, 1.07, 3)]
    return photo.point([round(float(value)) for curve in curves for value in curve])
