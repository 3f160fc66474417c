"""DeepFashion In-Shop Clothes Retrieval (Liu et al., CVPR 2016)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from engine.attributes import AttributeType
from engine.errors import SourceError
from indexer.sources.base import SourceProblem
from indexer.sources.cells import Misfit, shown
from indexer.sources.finder import PhotoFinder
from indexer.sources.given import ColourSegment, ShapesMask
from indexer.sources.lists import ListFile, cells, corners_box, whole_numbers
from indexer.sources.records import Box, Place, Reading, Record, RecordSource, first_file, needed
from indexer.sources.rows_delimited import encoding_of

if TYPE_CHECKING:
    from indexer.garments.colour_masks import Mapped

PARTITION = ("Eval/list_eval_partition.txt", "list_eval_partition.txt")
_BOXES_FILE = ("Anno/list_bbox_inshop.txt", "Anno/list_bbox_in_shop.txt", "list_bbox_inshop.txt")
_LANDMARKS_FILE = ("Anno/list_landmarks_inshop.txt", "list_landmarks_inshop.txt")
_DESCRIPTIONS_FILE = ("Anno/list_description_inshop.json", "list_description_inshop.json")
_ITEMS_FILE = ("Anno/list_item_inshop.txt", "list_item_inshop.txt")
_BESIDE = (*_BOXES_FILE, *_LANDMARKS_FILE, *_DESCRIPTIONS_FILE, *_ITEMS_FILE)
_HEADER = ("image_name", "item_id", "evaluation_status")
_BOXES = ("image_name", "clothes_type", "pose_type", "x_1", "y_1", "x_2", "y_2")
_STATUS = ("train", "query", "gallery")
CLOTHES: Final = {1: "upper", 2: "lower", 3: "full"}
POSES: Final = {1: "front", 2: "side", 3: "back", 4: "zoom-out", 5: "zoom-in", 6: "stand-alone"}
"""Of the list of boxes. The number in a photo's file name counts otherwise."""
NAME_POSES: Final = {1: "front", 2: "side", 3: "back", 4: "full", 6: "flat", 7: "additional"}
LANDMARKS: Final = {1: 6, 2: 4, 3: 8}
"""Clothes type -> how many landmarks it has."""
_WORDS: Final = {1: "top", 2: "pants", 3: "dress"}
_FILE = re.compile(r"(\d+)_(\d+)_")
TYPES: Final[dict[str, AttributeType]] = {
    "gender": "text",
    "category": "text",
    "colour": "text",
    "description": "text",
    "split": "text",
    "is_query": "boolean",
    "is_gallery": "boolean",
    "variant": "text",
    "pose": "text",
    "clothes": "text",
    "visible_landmarks": "number",
}


def detect(place: Path) -> bool:
    """Whether a folder holds the partition of In-Shop; a malformed one too, where other lists of In-Shop are beside it.

    Else its photos would be taken for a plain folder's, and its masks for photos.
    """
    if not place.is_dir():
        return False
    if any(header_of(place / name) == _HEADER for name in PARTITION):
        return True
    return first_file(place, *PARTITION) is not None and first_file(place, *_BESIDE) is not None


def header_of(path: Path) -> tuple[str, ...]:
    """The words of a list's second line; none where there is no such file."""
    if not path.is_file():
        return ()
    with path.open(encoding=encoding_of(path), errors="replace") as stream:
        stream.readline(1_000)
        return tuple(stream.readline(10_000).lower().split())


def read(place: Path, how: Reading, mapping: Mapped = "actual") -> RecordSource:
    """The photos that the partition lists, products by item id.

    Photos are looked for in `Img/img_highres` first, which has the colour masks, then in `Img/img`, which the boxes and
    landmarks are told for. mapping: what the colours of masks mean. Raises SourceError where a list is malformed.
    """
    partition = ListFile(needed(place, *PARTITION), _HEADER)
    return RecordSource(place, TYPES, partial(_records, place, how, partition, mapping), how.known)


def read_as_readme(place: Path, how: Reading) -> RecordSource:
    """As `read`, the colours of masks as the dataset's readme tells them."""
    return read(place, how, "readme")


@dataclass
class _Aside:
    """What the other lists say, by photo or item."""

    boxes: dict[str, tuple[int, int, Box]] = field(default_factory=dict)
    visible: dict[str, int] = field(default_factory=dict)
    told: dict[str, Mapping[str, object]] = field(default_factory=dict)
    shapes: dict[str, dict[str, ShapesMask]] = field(default_factory=dict)
    problems: list[SourceProblem] = field(default_factory=list)


def _records(place: Path, how: Reading, partition: ListFile, mapping: Mapped) -> Iterator[Record | SourceProblem]:
    aside = _read_aside(place)
    yield from aside.problems
    large, finder = _folders(place, how.root)
    rows = 0
    for line in partition:
        rows += 1
        where = partition.place(line)
        found = cells(line.text, 3)
        if isinstance(found, Misfit):
            yield where.lost(found.reason)
            continue
        name, item, status = found
        if status not in _STATUS:
            yield where.lost(f"evaluation_status {shown(status)} must be one of {', '.join(_STATUS)}")
            continue
        file = next((one for one in large(name) if _is_there(finder, one)), name)
        path = finder.find(file)
        if isinstance(path, Misfit):
            yield where.lost(path.reason)
            continue
        yield _record(where, name, item, status, path, file == name, aside, mapping)
    yield from partition.complaints(rows)


def _folders(place: Path, root: Path | None) -> tuple[_Larger, PhotoFinder]:
    folders = (root, root.parent) if root is not None else (place / "Img", place)
    has_large = any((folder / "img_highres").is_dir() for folder in folders)
    return _Larger(has_large), PhotoFinder(*folders)


@dataclass(frozen=True)
class _Larger:
    """The names that a photo may have besides the list's own: `img_highres` in the place of `img`."""

    there: bool

    def __call__(self, name: str) -> list[str]:
        return [f"img_highres/{name.removeprefix('img/')}"] if self.there and name.startswith("img/") else []


def _is_there(finder: PhotoFinder, name: str) -> bool:
    found = finder.find(name)
    return not isinstance(found, Misfit) and Path(found).is_file()


def _record(
    where: Place, name: str, item: str, status: str, path: str, same_size: bool, aside: _Aside, mapping: Mapped
) -> Record:
    from indexer.garments.choose import kind_of_category
    from indexer.garments.colour_masks import segment_file

    parts = PurePosixPath(name).parts
    gender, category = (parts[1], parts[2]) if len(parts) >= 5 else ("", "")
    numbers = _FILE.match(parts[-1])
    clothes, pose, box = aside.boxes.get(name, (0, 0, None))
    own: dict[str, object] = {
        "split": status,
        "is_query": status == "query",
        "is_gallery": status == "gallery",
        "variant": numbers[1] if numbers else None,
        "pose": POSES.get(pose) or (NAME_POSES.get(int(numbers[2])) if numbers else None),
        "clothes": CLOTHES.get(clothes),
        "visible_landmarks": float(aside.visible[name]) if name in aside.visible else None,
    }
    word = category if kind_of_category(category) else _WORDS.get(clothes, category)
    segment = segment_file(Path(path))
    mask = ColourSegment(segment, word, mapping) if segment else _shapes(aside, name, word)
    shared = {"gender": gender, "category": category, **aside.told.get(item, {})}
    return Record(where, path, item, shared, own, mask, box if same_size else None)


def _shapes(aside: _Aside, name: str, word: str) -> ShapesMask | None:
    """The product's garment among the COCO instances of a photo."""
    from indexer.garments.choose import ALIKE, kind_of_category
    from indexer.garments.instances.kinds import DEEPFASHION

    found = aside.shapes.get(name.partition("/")[2])
    kind = kind_of_category(word)
    if not found or kind is None:
        return None
    for wanted in (kind, *ALIKE[kind]):
        for category, mask in found.items():
            if DEEPFASHION.get(category.lower()) == wanted:
                return mask
    return None


def _read_aside(place: Path) -> _Aside:
    aside = _Aside()
    if path := first_file(place, *_BOXES_FILE):
        _read_boxes(ListFile(path, _BOXES), aside)
    if path := first_file(place, *_LANDMARKS_FILE):
        _read_landmarks(path, aside)
    if path := first_file(place, *_DESCRIPTIONS_FILE):
        aside.told = _read_descriptions(path, aside)
    if path := first_file(place, *_ITEMS_FILE):
        items = ListFile(path, None)
        aside.problems += items.complaints(sum(1 for _ in items))
    for status in _STATUS:
        name = f"DeepFashion_segmentation_{status}.json"
        if path := first_file(place, f"Anno/segmentation/{name}", f"segmentation/{name}", name):
            _read_shapes(path, aside)
    return aside


def _read_boxes(boxes: ListFile, aside: _Aside) -> None:
    rows = 0
    for line in boxes:
        rows += 1
        found = cells(line.text, 7)
        numbers = found if isinstance(found, Misfit) else whole_numbers(found[1:])
        if isinstance(found, Misfit) or isinstance(numbers, Misfit):
            reason = numbers.reason if isinstance(numbers, Misfit) else ""
            aside.problems.append(boxes.place(line).kept(f"{reason}; the whole photo is used"))
            continue
        clothes, pose = numbers[:2]
        box = corners_box(numbers[2:])
        if isinstance(box, Misfit) or clothes not in CLOTHES or pose not in POSES:
            reason = box.reason if isinstance(box, Misfit) else f"clothes_type {clothes} or pose_type {pose} is unknown"
            aside.problems.append(boxes.place(line).kept(f"{reason}; the whole photo is used"))
            continue
        aside.boxes[found[0]] = (clothes, pose, box)
    aside.problems += boxes.complaints(rows)


def _read_landmarks(path: Path, aside: _Aside) -> None:
    """Counts of those that are visible: 0 is visible, 1 occluded, 2 cut off. Each is visibility, x, y."""
    lines, rows = ListFile(path, None), 0
    for line in lines:
        if line.text.lower().startswith("image"):
            continue  # the header, which names as many landmarks as the largest garment has
        rows += 1
        words = line.text.split()
        numbers = whole_numbers(words[1:])
        if isinstance(numbers, Misfit):
            aside.problems.append(lines.place(line).kept(numbers.reason))
        elif len(numbers) < 2 or len(numbers) - 2 != 3 * LANDMARKS.get(numbers[0], -1):
            wanted = LANDMARKS.get(numbers[0]) if numbers else None
            told = f"clothes_type {numbers[0]} has {wanted} landmarks" if wanted else "no known clothes_type"
            aside.problems.append(lines.place(line).kept(f"{told}, and the line has {len(numbers)} numbers"))
        elif any(seen not in (0, 1, 2) for seen in numbers[2::3]):
            aside.problems.append(lines.place(line).kept("a landmark's visibility must be 0, 1 or 2"))
        else:
            aside.visible[words[0]] = sum(seen == 0 for seen in numbers[2::3])
    aside.problems += lines.complaints(rows)


def _read_descriptions(path: Path, aside: _Aside) -> dict[str, Mapping[str, object]]:
    try:
        told = json.loads(path.read_bytes())
    except json.JSONDecodeError as error:
        raise SourceError(f"{path} line {error.lineno}: not JSON: {error.msg}") from None
    except (UnicodeDecodeError, RecursionError) as error:
        raise SourceError(f"{path}: not JSON: {error}") from None
    if not isinstance(told, list):
        raise SourceError(f"{path}: must be a list of items")
    found: dict[str, Mapping[str, object]] = {}
    for number, entry in enumerate(told):
        if not isinstance(entry, dict) or not isinstance(entry.get("item"), str):
            aside.problems.append(Place(path, f"[{number}]").kept("must be an object with the id of its 'item'"))
            continue
        lines = entry.get("description")
        texts = [text for text in lines if isinstance(text, str)] if isinstance(lines, list) else [lines or ""]
        found[entry["item"]] = {"colour": entry.get("color"), "description": " ".join(map(str, texts)).strip()}
    return found


def _read_shapes(path: Path, aside: _Aside) -> None:
    """Masks of a COCO file, by the photo's path without its first folder, then by class."""
    from indexer.coco.dataset import read_coco

    data = read_coco(path)
    for number, image in data.images.items():
        by_class: dict[str, list[object]] = {}
        for instance in data.instances[number]:
            by_class.setdefault(data.categories[instance.category], []).append(instance.shape)
        if by_class:
            name = image.file.partition("/")[2]
            aside.shapes[name] = {told: ShapesMask(tuple(shapes)) for told, shapes in by_class.items()}  # type: ignore[arg-type]
    aside.problems += [Place(path, "annotations").kept(reason) for reason in data.left_out]
