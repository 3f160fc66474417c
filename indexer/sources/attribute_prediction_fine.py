"""The fine annotations of DeepFashion Category and Attribute Prediction (Liu et al., 2021): rows aligned by number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Final

from engine.errors import SourceError
from indexer.sources.attribute_prediction import COARSE, TYPES, categories_of, length_of
from indexer.sources.base import SourceProblem
from indexer.sources.cells import Misfit
from indexer.sources.finder import PhotoFinder
from indexer.sources.lists import ListFile, corners_box, whole_numbers
from indexer.sources.records import Place, Reading, Record, RecordSource, first_file
from indexer.sources.rows_delimited import encoding_of

FOLDERS: Final = ("Anno_fine", "Anno/Anno_fine")
_FINE_PATTERNS: Final = ("floral", "graphic", "striped", "solid", "lattice")


def detect(place: Path) -> bool:
    """Whether a folder holds the fine annotations; the coarse ones, where they are too, are offered it first."""
    return place.is_dir() and any((place / folder / "train_attr.txt").is_file() for folder in FOLDERS)


def read(place: Path, how: Reading) -> RecordSource:
    """The fine annotations: rows of `train.txt` and of the files beside it belong together by their number."""
    anno = next((place / folder for folder in FOLDERS if (place / folder / "train.txt").is_file()), None)
    if anno is None:
        raise SourceError(f"{place}: Anno_fine/train.txt is missing: the dataset cannot be read without it")
    names = _fine_names(anno)
    categories = first_file(anno, "list_category_cloth.txt")
    known = categories_of(categories) if categories else []
    if not known:
        known = next((categories_of(path) for folder in COARSE
                      if (path := place / folder / "list_category_cloth.txt").is_file()), [])  # fmt: skip
    return RecordSource(place, TYPES, partial(_fine, place, anno, names, known, how.root), how.known)


def _fine_names(anno: Path) -> list[str]:
    """The 26 attributes in the order of the columns; those of the paper where the folder has no list of them."""
    path = first_file(anno, "list_attr_cloth.txt")
    if path is None:
        return list(FINE)
    return [line.text.rsplit(maxsplit=1)[0].lower() for line in ListFile(path, ("attribute_name", "attribute_type"))]


FINE: Final = (
    "floral", "graphic", "striped", "embroidered", "pleated", "solid", "lattice", "long_sleeve", "short_sleeve",
    "sleeveless", "maxi_length", "mini_length", "no_dress", "crew_neckline", "v_neckline", "square_neckline",
    "no_neckline", "denim", "chiffon", "cotton", "leather", "faux", "knit", "tight", "loose", "conventional",
)  # fmt: skip


def _rows(path: Path) -> list[str]:
    """The lines without blank ones at the end. SourceError for a blank one between, which would shift the others."""
    with path.open(encoding=encoding_of(path), errors="replace") as stream:
        found = [line.strip() for line in stream]
    while found and not found[-1]:
        found.pop()
    if "" in found:
        raise SourceError(f"{path} line {found.index('') + 1}: blank: rows belong together by their number")
    return found


def _fine(
    place: Path, anno: Path, names: list[str], categories: list[tuple[str, str]], root: Path | None
) -> Iterator[Record | SourceProblem]:
    finder = PhotoFinder(*((root, root.parent) if root else (place, place / "Img", place / "img")))
    for part in ("train", "val", "test"):
        listed = first_file(anno, f"{part}.txt")
        if listed is None:
            continue
        paths = _rows(listed)
        beside = {}
        for what in ("attr", "cate", "bbox"):
            if other := first_file(anno, f"{part}_{what}.txt"):
                beside[what] = _rows(other)
        for what, rows in beside.items():
            if len(rows) != len(paths):
                raise SourceError(
                    f"{anno / f'{part}_{what}.txt'} line {len(rows)}: {len(rows):,} rows for the "
                    f"{len(paths):,} photos of {part}.txt: rows belong together by their number"
                )
        for number, name in enumerate(paths):
            where = Place(listed, f"line {number + 1}")
            path = finder.find(name)
            if isinstance(path, Misfit):
                yield where.lost(path.reason)
                continue
            row = {what: rows[number].split() for what, rows in beside.items()}
            yield _fine_record(where, part, name, path, row, names, categories)


def _fine_record(
    where: Place,
    part: str,
    name: str,
    path: str,
    row: Mapping[str, Sequence[str]],
    names: list[str],
    categories: list[tuple[str, str]],
) -> Record:
    faults: list[str] = []
    own: dict[str, object] = {"split": part}
    shared: dict[str, object] = {}
    values = row.get("attr", [])
    if values and (len(values) != len(names) or any(value not in ("0", "1") for value in values)):
        faults.append(f"{part}_attr.txt {where.entry}: must be {len(names)} values, 0 or 1")
    elif values:
        yes = [one for one, value in zip(names, values, strict=True) if value == "1"]
        length = length_of(yes)
        pattern = next((one for one in yes if one in _FINE_PATTERNS), None)
        own |= {"length": length, "maxi": None if length is None else length == "maxi", "pattern": pattern}
    label = row.get("cate", [])
    if label and categories:
        if len(label) == 1 and label[0].isdecimal() and 1 <= int(label[0]) <= len(categories):
            shared = dict(zip(("category", "category_type"), categories[int(label[0]) - 1], strict=True))
        else:
            faults.append(f"{part}_cate.txt {where.entry}: must be a category, 1 to {len(categories)}")
    box = None
    if corners := row.get("bbox", []):
        numbers = whole_numbers(corners)
        found = Misfit("must be x_1 y_1 x_2 y_2")
        made = corners_box(numbers) if not isinstance(numbers, Misfit) and len(numbers) == 4 else found
        if isinstance(made, Misfit):
            faults.append(f"{part}_bbox.txt {where.entry}: {made.reason}; the whole photo is used")
        else:
            box = made
    product = PurePosixPath(name).parent.name or name
    return Record(where, path, product, shared, own, box=box, faults=tuple(faults))
