"""Any COCO JSON of instances: one product an annotation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from engine.attributes import AttributeType
from engine.errors import SourceError
from indexer.coco import parse
from indexer.coco.dataset import CocoImage, categories_of, images_of, load_json
from indexer.sources.base import PackedPhoto, SourceProblem
from indexer.sources.boxes import read_box
from indexer.sources.cells import Misfit
from indexer.sources.finder import PhotoFinder
from indexer.sources.given import ShapesMask
from indexer.sources.records import Box, Place, Reading, Record, RecordSource

TYPES: Final[dict[str, AttributeType]] = {"category": "text", "group": "text"}
_SNIFFED = 2**16
_KEYS = (b'"images"', b'"annotations"', b'"categories"')


def detect(place: Path) -> bool:
    """Whether a .json file begins as an object with keys of COCO."""
    if not place.is_file() or place.suffix.lower() != ".json":
        return False
    with place.open("rb") as stream:
        head = stream.read(_SNIFFED)
        stream.seek(max(0, place.stat().st_size - _SNIFFED))
        tail = stream.read()
    starts = head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")
    return starts and any(key in head + tail for key in _KEYS)


def read(place: Path, how: Reading) -> RecordSource:
    """The garments of the photos, which lie at the root, beside the file, or in `images/` there.

    Raises SourceError, with the place in the file, where the file as a whole or its images are malformed; a malformed
    annotation costs its own garment.
    """
    beside = (place.parent, place.parent / "images", place.parent.parent, place.parent.parent / "images")
    finder = PhotoFinder(*((how.root,) if how.root else beside))
    load_images(place)  # what is wrong with the file as a whole is said before anything is made

    def locate(image: CocoImage) -> Located | Misfit:
        path = finder.find(image.file)
        return path if isinstance(path, Misfit) else Located(path)

    return RecordSource(place, TYPES, partial(instances, place, locate), how.known)


@dataclass(frozen=True)
class Located:
    """Where a photo is, and what is known of it besides. packed, holder: as in `Record`."""

    path: str
    packed: PackedPhoto | None = None
    holder: Path | None = None
    own: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class _File:
    told: dict[str, object]
    categories: dict[int, str]
    images: dict[int, CocoImage]


def load_images(path: Path) -> _File:
    """The file with its categories and images checked. Raises SourceError with the place of what is malformed."""
    try:
        told = parse.table(load_json(path), "the file")
        return _File(told, categories_of(told), images_of(told))
    except SourceError as error:
        text = str(error)
        raise SourceError(text if str(path) in text else f"{path}: {text}") from None


def instances(path: Path, locate: Callable[[CocoImage], Located | Misfit]) -> Iterator[Record | SourceProblem]:
    """A record for each annotation in the file's order, then a loss for each image that none names."""
    file = load_images(path)
    unnamed = dict(file.images)
    for number, row in enumerate(parse.rows(file.told, "annotations")):
        where = Place(path, f"annotations[{number}]")
        try:
            yield _record(where, row, number, file, unnamed, locate)
        except SourceError as error:
            yield where.lost(str(error).removeprefix(f"{where.entry}: "))
    places = {number: place for place, number in enumerate(file.images)}
    for number, image in unnamed.items():
        yield Place(path, f"images[{places[number]}]").lost(f"no annotation names {image.file}")


def _record(
    where: Place,
    row: object,
    number: int,
    file: _File,
    unnamed: dict[int, CocoImage],
    locate: Callable[[CocoImage], Located | Misfit],
) -> Record | SourceProblem:
    entry = parse.table(row, where.entry)
    key, category = parse.whole(entry, "image_id", where.entry), parse.whole(entry, "category_id", where.entry)
    if key not in file.images or category not in file.categories:
        return where.lost(
            f"no {f'image_id {key}' if key not in file.images else f'category_id {category}'} in the file"
        )
    image = file.images[key]
    own_id = parse.whole(entry, "id", where.entry) if "id" in entry else number + 1
    faults: list[str] = []
    shape = parse.shape(entry.get("segmentation"), (image.width, image.height), f"{where.entry}.segmentation")
    box = read_box([entry["bbox"]]) if entry.get("bbox") else None
    if isinstance(box, Misfit):
        faults.append(f"bbox: {box.reason}")
        box = None
    if shape is None and box is None:
        return where.lost("neither a mask nor a box: it shows no garment")
    found = locate(image)
    if isinstance(found, Misfit):
        return where.lost(found.reason)
    mask = ShapesMask((shape,)) if shape is not None else None
    grouped = {"group": image.group} if image.group != str(image.id) else {}
    shared = {"category": file.categories[category], **grouped}
    unnamed.pop(key, None)
    return Record(
        where, found.path, f"{Path(image.file).with_suffix('').as_posix()}/{own_id}", shared, found.own, mask,
        _around(box, mask), tuple(faults), found.packed, found.holder,
    )  # fmt: skip


def _around(box: Box | None, mask: ShapesMask | None) -> Box | None:
    """The box, widened to hold all of the mask's polygons: of what is outside nothing would be compared."""
    if mask is None:
        return box
    rings = [ring for shape in mask.shapes if hasattr(shape, "rings") for ring in shape.rings]
    if not rings:
        return box
    low = [min(ring[:, axis].min() for ring in rings) for axis in (0, 1)]
    high = [max(ring[:, axis].max() for ring in rings) for axis in (0, 1)]
    if box is not None:
        low = [min(low[0], box[0]), min(low[1], box[1])]
        high = [max(high[0], box[0] + box[2]), max(high[1], box[1] + box[3])]
    found = read_box([low[0], low[1], high[0] - low[0], high[1] - low[1]])
    return box if found is None or isinstance(found, Misfit) else found
