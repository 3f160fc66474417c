"""DeepFashion Category and Attribute Prediction (Liu et al., CVPR 2016), coarse and fine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Final

from engine.attributes import AttributeType
from engine.errors import SourceError
from indexer.sources.base import SourceProblem
from indexer.sources.cells import Misfit, shown
from indexer.sources.finder import PhotoFinder
from indexer.sources.lists import Line, ListFile, cells, corners_box, whole_numbers
from indexer.sources.records import Reading, Record, RecordSource, first_file, needed

_PARTITION: Final = ("Eval/list_eval_partition.txt", "list_eval_partition.txt")
_HEADER: Final = ("image_name", "evaluation_status")
COARSE: Final = ("Anno_coarse", "Anno", "Anno/Anno_coarse")
PATTERNS: Final = (
    "floral", "stripe", "striped", "stripes", "polka", "dot", "dots", "dotted", "plaid", "tartan", "gingham",
    "herringbone", "houndstooth", "chevron", "paisley", "animal", "leopard", "zebra", "snake", "snakeskin", "camo",
    "camouflage", "abstract", "graphic", "checked", "checkered", "windowpane", "geo", "geometric", "tribal", "ikat",
    "baroque", "marled", "colorblock", "print", "printed", "solid", "gradient", "ombre", "botanical", "tropical",
    "medallion", "mosaic", "argyle", "pinstripe", "pinstriped", "watercolor", "rose", "rosette", "palm", "pineapple",
)  # fmt: skip
"""Words of attributes that name a pattern of cloth. `stripes` and `print` say less than the words beside them."""
LENGTHS: Final = ("maxi", "midi", "mini")
TYPES: Final[dict[str, AttributeType]] = {
    "category": "text",
    "category_type": "text",
    "length": "text",
    "maxi": "boolean",
    "pattern": "text",
    "split": "text",
}
_KINDS: Final = {1: "upper", 2: "lower", 3: "full"}
_MODIFIERS = frozenset(("print", "printed"))


def detect(place: Path) -> bool:
    """Whether a folder holds the list of categories."""
    if not place.is_dir():
        return False
    return any((place / folder / "list_category_img.txt").is_file() for folder in COARSE)


def length_of(names: Sequence[str]) -> str | None:
    """maxi, midi, mini or knee, as attribute names say it: "floral maxi", "knee-length"; the longest of several."""
    for length in LENGTHS:
        if any(name == length or name.endswith((f" {length}", f"-{length}", f"{length}_length")) for name in names):
            return length
    return "knee" if any("knee-length" in name or name == "knee length" for name in names) else None


def pattern_of(names: Sequence[str]) -> str | None:
    """The pattern that attribute names say, that of most words: "polka dot" before "dot", "stripe" before "print"."""
    told = [words for name in names if (words := [one for one in name.replace("-", " ").split() if one in PATTERNS])]
    plain = [words for words in ([one for one in found if one not in _MODIFIERS] for found in told) if words]
    if not (plain or told):
        return None
    chosen: list[str] = max(plain or told, key=len)
    return " ".join(chosen)


def read(place: Path, how: Reading) -> RecordSource:
    """The coarse annotations: the folder that a photo lies in is its product. SourceError for malformed lists."""
    anno = next((place / folder for folder in COARSE if (place / folder / "list_category_img.txt").is_file()), None)
    if anno is None:
        raise SourceError(f"{place}: Anno/list_category_img.txt is missing: the dataset cannot be read without it")
    images = ListFile(anno / "list_category_img.txt", ("image_name", "category_label"))
    categories = categories_of(needed(anno, "list_category_cloth.txt"))
    records = partial(_coarse, place, anno, images, categories, how.root)
    return RecordSource(place, TYPES, records, how.known)


def categories_of(path: Path) -> list[tuple[str, str]]:
    """Name and type of each category; the row's number from 1 is the id."""
    lines = ListFile(path, ("category_name", "category_type"))
    found = []
    for line in lines:
        row = cells(line.text, 2)
        if isinstance(row, Misfit) or not row[1].isdecimal() or int(row[1]) not in _KINDS:
            raise SourceError(f"{path} line {line.number}: must be a category and its type, 1, 2 or 3")
        found.append((row[0], _KINDS[int(row[1])]))
    lines.require_whole(len(found))
    return found


@dataclass(frozen=True)
class _Names:
    """The attributes that say a length or a pattern. places: their columns; names: theirs, in lower case."""

    places: tuple[int, ...]
    names: tuple[str, ...]
    count: int


def _attribute_names(path: Path) -> _Names:
    """Names may hold spaces: they are split off the type once, from the right."""
    names = []
    lines = ListFile(path, ("attribute_name", "attribute_type"))
    for line in lines:
        row = cells(line.text, 2)
        if isinstance(row, Misfit) or not row[1].isdecimal():
            raise SourceError(f"{path} line {line.number}: must be an attribute and its type, 1 to 5")
        names.append(row[0].lower())
    lines.require_whole(len(names))
    wanted = [place for place, name in enumerate(names) if length_of([name]) or pattern_of([name])]
    return _Names(tuple(wanted), tuple(names[place] for place in wanted), len(names))


class _Beside:
    """Another list about the same photos, read along with the first: its rows are mostly in the same order.

    Where they are not, the places of all its rows are noted once, and it is read from there.
    """

    def __init__(self, lines: ListFile) -> None:
        self.lines = lines
        self._rows = iter(lines)
        self._known: dict[str, Line] | None = None

    def row(self, name: str) -> Line | None:
        """The row that begins with this photo."""
        if self._known is None:
            line = next(self._rows, None)
            if line is not None and _starts(line, name):
                return line
            self._known = {line.text.split(maxsplit=1)[0].lower(): line for line in self.lines}
        return self._known.get(name.lower())


def _starts(line: Line, name: str) -> bool:
    return line.text[: len(name)].lower() == name.lower() and line.text[len(name) : len(name) + 1].isspace()


def _coarse(
    place: Path, anno: Path, images: ListFile, categories: list[tuple[str, str]], root: Path | None
) -> Iterator[Record | SourceProblem]:
    finder = PhotoFinder(*((root, root.parent) if root else (place, place / "Img", place / "img")))
    attributes = first_file(anno, "list_attr_img.txt")
    names = _attribute_names(needed(anno, "list_attr_cloth.txt")) if attributes else _Names((), (), 0)
    told = _Beside(ListFile(attributes, ("image_name", "attribute_labels"))) if attributes else None
    boxes_file = first_file(anno, "list_bbox.txt")
    boxes = _Beside(ListFile(boxes_file, ("image_name", "x_1", "y_1", "x_2", "y_2"))) if boxes_file else None
    parts_file = first_file(place, *_PARTITION)
    parts = _Beside(ListFile(parts_file, _HEADER)) if parts_file else None
    rows = 0
    for line in images:
        rows += 1
        where = images.place(line)
        row = cells(line.text, 2)
        if isinstance(row, Misfit):
            yield where.lost(row.reason)
            continue
        name, label = row
        if not label.isdecimal() or not 1 <= int(label) <= len(categories):
            yield where.lost(f"category_label {shown(label)} must be 1 to {len(categories)}")
            continue
        path = finder.find(name)
        if isinstance(path, Misfit):
            yield where.lost(path.reason)
            continue
        faults: list[str] = []
        values = _positive(told, name, names, faults) if told else []
        category, kind = categories[int(label) - 1]
        box = _box(boxes, name, faults) if boxes else None
        alone = {"split": _split(parts, name, faults) if parts else None, **_said(values)}
        shared = {"category": category, "category_type": kind}
        product = PurePosixPath(name).parent.name or name
        yield Record(where, path, product, shared, alone, box=box, faults=tuple(faults))
    yield from images.complaints(rows)


def _said(names: Sequence[str]) -> dict[str, object]:
    """What the positive attributes say of length and pattern."""
    length = length_of(names)
    return {"length": length, "maxi": None if length is None else length == "maxi", "pattern": pattern_of(names)}


def _positive(told: _Beside, name: str, names: _Names, faults: list[str]) -> list[str]:
    """Names of the attributes of interest that a photo has: 1 is yes, -1 no, 0 unknown."""
    line = told.row(name)
    if line is None:
        return []
    values = line.text.split()[1:]
    if len(values) != names.count:
        faults.append(f"{told.lines.place(line).row}: {len(values)} values for {names.count} attributes")
        return []
    wrong = next((values[place] for place in names.places if values[place] not in ("1", "-1", "0")), None)
    if wrong is not None:
        faults.append(f"{told.lines.place(line).row}: {shown(wrong)} must be 1, -1 or 0")
        return []
    return [one for place, one in zip(names.places, names.names, strict=True) if values[place] == "1"]


def _box(boxes: _Beside, name: str, faults: list[str]) -> tuple[int, int, int, int] | None:
    line = boxes.row(name)
    if line is None:
        return None
    numbers = whole_numbers(line.text.split()[1:])
    wrong = isinstance(numbers, Misfit) or len(numbers) != 4
    box = Misfit("must be x_1 y_1 x_2 y_2") if wrong or isinstance(numbers, Misfit) else corners_box(numbers)
    if isinstance(box, Misfit):
        faults.append(f"{boxes.lines.place(line).row}: {box.reason}; the whole photo is used")
        return None
    return box


def _split(parts: _Beside, name: str, faults: list[str]) -> str | None:
    line = parts.row(name)
    status = line.text.split()[-1] if line else None
    if line and status not in ("train", "val", "test"):
        faults.append(f"{parts.lines.place(line).row}: {shown(status)} must be train, val or test")
        return None
    return status
