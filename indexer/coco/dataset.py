"""A COCO file of instances as frozen values."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import SourceError
from indexer.coco import parse
from indexer.coco.shape import Shape

GROUPS = ("user_id", "post_id", "group")
"""Keys of an image that tell which photos belong together, the widest first: a user has posts, a post has photos."""


@dataclass(frozen=True)
class CocoImage:
    """file: path inside the folder of photos. group: photos of one group never part in a split; the id if none is."""

    id: int
    file: str
    width: int
    height: int
    group: str


@dataclass(frozen=True, eq=False)
class CocoInstance:
    """One object. crowd: the mask covers many objects that are not told apart; no example to learn from."""

    id: int
    category: int
    shape: Shape
    crowd: bool = False

    def mask(self) -> NDArray[np.bool_]:
        """bool (h, w) of the image."""
        return self.shape.mask()


@dataclass(frozen=True, eq=False)
class CocoDataset:
    """What a file holds.

    categories: id -> name. images: id -> image. instances: image id -> its instances in the file's order, for every
    image, wherever in the file they stand. left_out: annotations that could not be used, each its place and why.
    """

    categories: Mapping[int, str]
    images: Mapping[int, CocoImage]
    instances: Mapping[int, tuple[CocoInstance, ...]]
    left_out: tuple[str, ...] = ()

    def missing(self, photos: Path) -> list[CocoImage]:
        """The images whose file is not in the folder."""
        return [image for image in self.images.values() if not (photos / image.file).is_file()]

    def only(self, images: Collection[int]) -> CocoDataset:
        """The part with these images, in the order of this one."""
        kept = {number: image for number, image in self.images.items() if number in images}
        return CocoDataset(self.categories, kept, {number: self.instances[number] for number in kept})


def read_coco(path: Path) -> CocoDataset:
    """The instances of a COCO JSON file; other keys than images, annotations and categories are passed over.

    An image's group is its `user_id`, `post_id` or `group`, the first that it has. Annotations of unknown images
    or categories, or without an area, are left out and told in `left_out`.
    Raises SourceError, with the place in the file, for a file that cannot be read, is no JSON, or does not fit COCO's
    format (https://cocodataset.org/#format-data): wrong types, ids told twice, run lengths of another size.
    """
    told = parse.table(load_json(path), "the file")
    try:
        categories = categories_of(told)
        images = images_of(told)
        instances, left_out = _instances(told, categories, images)
    except SourceError as error:
        raise SourceError(f"{path}: {error}") from None
    return CocoDataset(categories, images, instances, left_out)


def load_json(path: Path) -> object:
    """What a JSON file holds. Raises SourceError with the line and column where it is none."""
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error.strerror}") from error
    except json.JSONDecodeError as error:
        raise SourceError(f"{path} is not JSON: line {error.lineno}, column {error.colno}: {error.msg}") from None
    except (UnicodeDecodeError, RecursionError) as error:
        raise SourceError(f"{path} is not JSON: {error}") from None


def categories_of(told: dict[str, object]) -> dict[int, str]:
    """The categories of a file, id -> name."""
    categories: dict[int, str] = {}
    for number, row in enumerate(parse.rows(told, "categories")):
        place = f"categories[{number}]"
        entry = parse.table(row, place)
        key = parse.whole(entry, "id", place)
        if key in categories:
            raise SourceError(f"{place}.id {key} is told twice")
        categories[key] = parse.text(entry, "name", place)
    return categories


def images_of(told: dict[str, object]) -> dict[int, CocoImage]:
    """The images of a file by id."""
    images: dict[int, CocoImage] = {}
    for number, row in enumerate(parse.rows(told, "images")):
        place = f"images[{number}]"
        entry = parse.table(row, place)
        key = parse.whole(entry, "id", place)
        if key in images:
            raise SourceError(f"{place}.id {key} is told twice")
        group = next((str(entry[name]) for name in GROUPS if entry.get(name) is not None), str(key))
        images[key] = CocoImage(key, parse.file_name(entry, place), *parse.picture_size(entry, place), group)
    return images


def _instances(
    told: dict[str, object], categories: dict[int, str], images: dict[int, CocoImage]
) -> tuple[dict[int, tuple[CocoInstance, ...]], tuple[str, ...]]:
    found: dict[int, list[CocoInstance]] = {key: [] for key in images}
    left_out: list[str] = []
    for number, row in enumerate(parse.rows(told, "annotations")):
        place = f"annotations[{number}]"
        entry = parse.table(row, place)
        image_id, category = parse.whole(entry, "image_id", place), parse.whole(entry, "category_id", place)
        if image_id not in images or category not in categories:
            unknown = f"image_id {image_id}" if image_id not in images else f"category_id {category}"
            left_out.append(f"{place}: no {unknown} in the file")
            continue
        image = images[image_id]
        shape = parse.shape(entry.get("segmentation"), (image.width, image.height), f"{place}.segmentation")
        if shape is None:
            left_out.append(f"{place}: no mask")
            continue
        own = parse.whole(entry, "id", place) if "id" in entry else number + 1
        found[image_id].append(CocoInstance(own, category, shape, bool(entry.get("iscrowd"))))
    return {key: tuple(instances) for key, instances in found.items()}, tuple(left_out)
