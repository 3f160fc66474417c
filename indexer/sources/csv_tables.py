"""Tables of products as other programs write them: Open Metric Learning, Google Vision Product Search, PixPlot."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from engine.attributes import AttributeType
from engine.errors import SourceError
from indexer.remote.permission import Remote
from indexer.sources.base import SourceProblem
from indexer.sources.cells import Misfit, as_text, attribute_name, fit, is_absent, shown
from indexer.sources.headers import RESERVED
from indexer.sources.lists import corners_box
from indexer.sources.photo_cell import Whereabouts, find_photo
from indexer.sources.places import derived_product, locate
from indexer.sources.records import Box, Place, Reading, Record, RecordSource
from indexer.sources.rows import Row
from indexer.sources.rows_delimited import CP1252, DELIMITERS, NOT_UTF_8, DelimitedRows, encoding_of, strict_rows

GOOGLE: Final = (
    "image-uri", "image-id", "product-set-id", "product-id", "product-category", "product-display-name", "labels",
    "bounding-poly",
)  # fmt: skip
PIXPLOT: Final = ("filename", "category", "tags", "description", "permalink", "year", "label", "x", "y")
_ROW = f"{{}} cells: a row has {len(GOOGLE)}: put labels with commas in quotes"
_CORNERS = ("x_1", "y_1", "x_2", "y_2")
_OML = ("path", "label", "split", "is_query", "is_gallery", "category", *_CORNERS)
_Read = Callable[[Row, Place], "Record | SourceProblem"]


def first_row(place: Path) -> list[str]:
    """The first row of a CSV file, in lower case; empty for anything else."""
    if not place.is_file() or place.suffix.lower() not in (".csv", ".tsv"):
        return []
    first, delimiter = _first_line(place)
    return [cell.strip().lower() for cell in next(csv.reader([first], delimiter=delimiter), [])]


def _first_line(place: Path) -> tuple[str, str]:
    """The first line that is not blank, and what parts its cells."""
    with place.open("rb") as stream:
        head = stream.read(100_000)
    wide = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = head.decode("utf-16" if wide else "utf-8-sig", "replace")
    first = re.split("[\r\n]", text.lstrip("\r\n"), maxsplit=1)[0]  # a bare CR ends a line too
    return first, max(DELIMITERS, key=first.count)


def detect_oml(place: Path) -> bool:
    """Whether a file is a table of Open Metric Learning: paths, labels, and what is a query or a part."""
    header = first_row(place)
    return {"path", "label"} <= {*header} and bool({"split", "is_query", "is_gallery"} & {*header})


def detect_google(place: Path) -> bool:
    """Whether a file is a list of Google's Vision Product Search, with or without its header."""
    header = first_row(place)
    return header[:4] == list(GOOGLE[:4]) or (len(header) in (7, 8) and header[0].startswith("gs://"))


def detect_pixplot(place: Path) -> bool:
    """Whether a file is metadata of PixPlot: photos by file name, with one of the columns that only it has."""
    header = first_row(place)
    return "filename" in header and {*header} <= {*PIXPLOT} and bool({*header} & {"tags", "permalink"})


def _types(rows: DelimitedRows, told: Mapping[str, AttributeType], used: Sequence[str]) -> dict[str, AttributeType]:
    """The attributes that are told, and those of the other columns by their values."""
    others = {attribute_name(column): kind for column, kind in rows.types.items() if column.lower() not in used}
    free = {name: kind for name, kind in others.items() if name and name not in RESERVED}
    return {**free, **told}


def _source(place: Path, how: Reading, rows: DelimitedRows, types: Mapping[str, AttributeType], read: _Read) -> (
    RecordSource
):  # fmt: skip
    if not len(rows):
        raise SourceError(f"{place}: the table has no rows")
    return RecordSource(place, types, partial(_records, place, rows, read), how.known, len(rows))


def _records(place: Path, rows: DelimitedRows, read: _Read) -> Iterator[Record | SourceProblem]:
    for note in rows.notes:
        yield SourceProblem(str(place), place.name, note, fatal=False)
    for row in rows:
        where = Place(place, f"line {row.number}")
        yield where.lost(row.fault) if row.fault else read(row, where)


def _lower(row: Row) -> dict[str, object]:
    return {column.lower(): value for column, value in row.cells.items()}


def read_oml(place: Path, how: Reading) -> RecordSource:
    """Products by label; `split`, `is_query` and `is_gallery` of each photo; boxes by corners.

    The format: https://open-metric-learning.readthedocs.io, "retrieval dataset format".
    """
    rows = DelimitedRows(place, how.delimiter)
    root = (how.root or place.parent).as_posix()
    own: dict[str, AttributeType] = {"split": "text", "is_query": "boolean", "is_gallery": "boolean"}
    types = _types(rows, {**own, "category": "text"}, _OML)
    extra = [name for name in types if name not in (*own, "category")]

    def read(row: Row, where: Place) -> Record | SourceProblem:
        cells = _lower(row)
        photo, label = find_photo(cells["path"], root, how.remote), fit(cells["label"], "text")
        if isinstance(photo, Misfit) or is_absent(cells["path"]):
            return where.lost(photo.reason if isinstance(photo, Misfit) else "path is empty: the row names no photo")
        if not isinstance(label, str):
            return where.lost("label is empty: the row names no product")
        told = [cells.get(name) for name in _CORNERS]
        box, faults = _corners(told)
        alone = {name: cells.get(name) for name in own}
        more = {attribute_name(column): value for column, value in row.cells.items()}
        alone |= {name: more.get(name) for name in extra}
        shared = {"category": cells.get("category")}
        return Record(where, photo.path, label, shared, alone, box=box, faults=faults, packed=photo.packed)

    return _source(place, how, rows, types, read)


def _corners(told: Sequence[object]) -> tuple[Box | None, tuple[str, ...]]:
    """A box from x_1, y_1, x_2, y_2, or why there is none."""
    if all(is_absent(cell, "number") for cell in told):
        return None, ()
    numbers = [number for number in (fit(cell, "number") for cell in told) if isinstance(number, float)]
    box = corners_box(numbers) if len(numbers) == 4 else Misfit(f"{shown(list(told))} is not a box")
    if isinstance(box, Misfit):
        return None, (f"columns {', '.join(_CORNERS)}: {box.reason}; the whole photo is used",)
    return box, ()


def read_google(place: Path, how: Reading) -> RecordSource:
    """Google's list for the import of images into a product set; `gs://bucket/photos/1.jpg` is `photos/1.jpg` here.

    Every label (`style=casual,color=red`) is an attribute of the product. The box is what holds the polygon.
    The format: https://cloud.google.com/vision/product-search/docs/csv-format.
    """
    rows: _GoogleRows = _GoogleRows(place)
    root = (how.root or place.parent).as_posix()
    labels = sorted({name for _, cells in rows for name in _labels(cells.get("labels", ""))[0]})
    types: dict[str, AttributeType] = {"category": "text", "name": "text", "product_set": "text"}
    types |= {name: "text" for name in labels if name not in types}

    if next(iter(rows), None) is None:
        raise SourceError(f"{place}: the table has no rows")

    def records() -> Iterator[Record | SourceProblem]:
        if rows.encoding == CP1252:
            yield Place(place, "line 1").kept(f"{NOT_UTF_8} if names look wrong")
        for number, cells in rows:
            yield _google(cells, Place(place, f"line {number}"), root, how.remote)

    return RecordSource(place, types, records, how.known)


class _GoogleRows:
    """Line number and cells by column, under "" what is wrong with the row; a header is left out."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self.encoding = encoding_of(place)
        self._delimiter = _first_line(place)[1]

    def __iter__(self) -> Iterator[tuple[int, dict[str, str]]]:
        with self._place.open(encoding=self.encoding, errors="replace", newline="") as stream:
            for number, _, row in strict_rows(stream, self._delimiter):
                if isinstance(row, str):
                    yield number, {"": row}
                    continue
                cells = [cell.strip() for cell in row]
                while len(cells) > len(GOOGLE) and not cells[-1]:
                    cells.pop()  # commas that stand at the end for nothing
                if [cell.lower() for cell in cells[:4]] != [*GOOGLE[:4]]:
                    wrong = "" if 4 <= len(cells) <= len(GOOGLE) else _ROW.format(len(cells))
                    yield number, {"": wrong, **dict(zip(GOOGLE, cells, strict=False))}


def _labels(text: str) -> tuple[dict[str, str], list[str]]:
    """The labels by attribute, and what is none."""
    found: dict[str, str] = {}
    wrong = []
    for part in filter(None, map(str.strip, text.split(","))):
        key, equals, value = part.partition("=")
        name = attribute_name(key)
        if not (equals and name and name not in RESERVED):
            wrong.append(f"labels: {shown(part)} is not key=value")
        else:
            found.setdefault(name, value.strip())
    return found, wrong


def _google(cells: Mapping[str, str], where: Place, root: str, remote: Remote | None) -> Record | SourceProblem:
    if wrong := cells[""]:
        return where.lost(wrong)
    photo = _of_bucket(cells["image-uri"], root, remote)
    product = cells["product-id"]
    if isinstance(photo, Misfit):
        return where.lost(photo.reason)
    told, faults = _labels(cells.get("labels", ""))
    box: Box | Misfit | None = None
    if poly := cells.get("bounding-poly", ""):
        box = _poly_box(poly)
        if isinstance(box, Misfit):
            faults.append(f"bounding-poly: {box.reason}; the whole photo is used")
    shared = {
        **told,
        "category": cells.get("product-category"),
        "name": cells.get("product-display-name"),
        "product_set": cells.get("product-set-id"),
    }
    known = product or derived_product(photo.path, root)
    found = None if isinstance(box, Misfit) else box
    named = bool(product)
    return Record(where, photo.path, known, shared, box=found, faults=tuple(faults), packed=photo.packed, named=named)


def _of_bucket(uri: str, root: str, remote: Remote | None) -> Whereabouts | Misfit:
    """Where a photo of a bucket lies below the root: by its path in the bucket, that with the bucket, or its name.

    In the bucket itself where it is not there, and addresses are permitted.
    """
    bucket, _, inside = uri.removeprefix("gs://").partition("/")
    if not uri.startswith("gs://"):
        return find_photo(uri, root, remote) if uri else Misfit("image-uri is empty: the row names no photo")
    if not inside:
        return Misfit("image-uri names no object: gs://bucket/photos/1.jpg")
    places = [locate(one, root) for one in (inside, f"{bucket}/{inside}", inside.rsplit("/", 1)[-1])]
    here = next((place for place in places if isinstance(place, str) and Path(place).is_file()), None)
    if here is None and remote is not None:
        return find_photo(uri, root, remote)
    chosen = here or places[0]
    return chosen if isinstance(chosen, Misfit) else Whereabouts(chosen)


def _poly_box(text: str) -> Box | Misfit:
    """What holds a polygon `x,y,x,y,...` of pixels."""
    numbers = [fit(part, "number") for part in text.split(",")]
    values = [number for number in numbers if isinstance(number, float)]
    if len(values) != len(numbers) or len(values) < 4 or len(values) % 2:
        return Misfit(f"{shown(text)} is not a polygon: x, y, x, y, ... in pixels")
    if max(values) <= 1:
        return Misfit(f"{shown(text)} is in shares of the photo: corners are told in pixels")
    return corners_box((min(values[::2]), min(values[1::2]), max(values[::2]), max(values[1::2])))


def read_pixplot(place: Path, how: Reading) -> RecordSource:
    """Metadata of PixPlot: photos by file name below the root, tags parted by bars."""
    rows = DelimitedRows(place, how.delimiter)
    root = (how.root or place.parent).as_posix()
    types: dict[str, AttributeType] = {name: "text" for name in PIXPLOT[1:7] if name != "year"}
    types |= {"year": "number", "map_x": "number", "map_y": "number"}

    def read(row: Row, where: Place) -> Record | SourceProblem:
        cells = _lower(row)
        photo = find_photo(cells.get("filename"), root, how.remote)
        if isinstance(photo, Misfit) or is_absent(cells.get("filename")):
            return where.lost(
                photo.reason if isinstance(photo, Misfit) else "filename is empty: the row names no photo"
            )
        shared = {name: cells.get(name) for name in PIXPLOT[1:7]}
        shared |= {"map_x": cells.get("x"), "map_y": cells.get("y")}
        tags = as_text(cells.get("tags") or "")
        if isinstance(tags, str):
            shared["tags"] = "|".join(filter(None, map(str.strip, tags.split("|"))))
        product = derived_product(photo.path, root)
        return Record(where, photo.path, product, shared, packed=photo.packed, named=False)

    return _source(place, how, rows, types, read)
