"""Kaggle's fashion-product-images, photos of the shop Myntra: `styles.csv` and `images/`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

from engine.attributes import AttributeType
from engine.errors import SourceError
from indexer.sources.base import SourceProblem
from indexer.sources.cells import shown
from indexer.sources.records import Place, Reading, Record, RecordSource, first_file, needed
from indexer.sources.rows_delimited import CP1252, NOT_UTF_8, encoding_of

HEADER: Final = (
    "id", "gender", "mastercategory", "subcategory", "articletype", "basecolour", "season", "year", "usage",
    "productdisplayname",
)  # fmt: skip
TYPES: Final[dict[str, AttributeType]] = {
    "gender": "text",
    "master_category": "text",
    "sub_category": "text",
    "category": "text",
    "base_colour": "text",
    "season": "text",
    "year": "number",
    "usage": "text",
    "name": "text",
}


def detect(place: Path) -> bool:
    """Whether a folder holds `styles.csv` with the columns of this dataset."""
    path = first_file(place, "styles.csv") if place.is_dir() else None
    return path is not None and {"id", "mastercategory", "articletype"} <= {*_header(path)[1]}


def _header(path: Path) -> tuple[int, tuple[str, ...]]:
    """The number of the first line that is not blank, and its cells in lower case."""
    with path.open(encoding=encoding_of(path), errors="replace") as stream:
        for number in range(1, 100):
            if line := stream.readline(10_000).strip():
                return number, tuple(cell.strip() for cell in line.lower().split(","))
    return 1, ()


def read(place: Path, how: Reading) -> RecordSource:
    """Products by id, one photo each. Some names hold commas without quotes: the tenth cell is all that is left."""
    path = needed(place, "styles.csv")
    first, header = _header(path)
    if header != HEADER:
        raise SourceError(f"{path} line {first}: must be the header {','.join(HEADER)} (in any case)")
    return RecordSource(place, TYPES, partial(_records, path, first, how.root or place / "images"), how.known)


def _records(path: Path, first: int, images: Path) -> Iterator[Record | SourceProblem]:
    encoding = encoding_of(path)
    if encoding == CP1252:
        yield Place(path, "line 1").kept(f"{NOT_UTF_8} if names look wrong")
    with path.open(encoding=encoding, errors="replace") as stream:
        for number, line in enumerate(stream, 1):
            if number <= first or not line.strip():
                continue
            where = Place(path, f"line {number}")
            cells = [cell.strip() for cell in line.rstrip("\r\n").split(",", len(HEADER) - 1)]
            if len(cells) != len(HEADER) or not cells[0].isdecimal():
                yield where.lost(f"{shown(line.strip())} has not a number and {len(HEADER) - 1} more cells")
                continue
            values = dict(zip(TYPES, cells[1:], strict=True))
            values["name"] = _unquoted(values["name"])
            yield Record(where, (images / f"{cells[0]}.jpg").as_posix(), cells[0], values)


def _unquoted(text: str) -> str:
    return text[1:-1].replace('""', '"') if len(text) > 1 and text[0] == text[-1] == '"' else text
