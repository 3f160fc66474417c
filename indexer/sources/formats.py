"""Every reader, in the order in which a folder or file is offered to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from indexer.sources import in_shop
from indexer.sources.base import Source
from indexer.sources.folder import FolderSource, is_picture_name
from indexer.sources.records import Reading
from indexer.sources.table import TABLE_SUFFIXES, TableSource


@dataclass(frozen=True)
class Format:
    """A kind of source. reads: what it is. shape: what it is known by. example: a command.

    detect: whether a folder or file is one; it opens little and changes nothing. read: the source there; it may raise
    SourceError. options: whether root, columns, types and delimiter mean something to it; `root` alone where "root".
    """

    name: str
    reads: str
    shape: str
    example: str
    detect: Callable[[Path], bool]
    read: Callable[[Path, Reading], Source]
    options: str = ""


def _never(place: Path) -> bool:
    return False


def _is_table(place: Path) -> bool:
    return place.is_file() and place.suffix.lower() in TABLE_SUFFIXES


def _read_table(place: Path, how: Reading) -> Source:
    return TableSource(place, how.root or place.parent, how.columns, how.types, how.known, how.delimiter)


def _is_folder(place: Path) -> bool:
    return place.is_dir() or (place.is_file() and is_picture_name(place.name))


def _read_folder(place: Path, how: Reading) -> Source:
    return FolderSource(place, how.known)


FORMATS: tuple[Format, ...] = (
    Format(
        "in-shop",
        "DeepFashion In-Shop Retrieval: partition, boxes, landmarks, descriptions, masks",
        "Eval/list_eval_partition.txt with the columns image_name item_id evaluation_status",
        "houndstooth index In-shop --garments given",
        in_shop.detect,
        in_shop.read,
        "root",
    ),
    Format(
        "in-shop-readme",
        "the same, the colours of its masks as its readme tells them",
        "only by name",
        "houndstooth index In-shop --source in-shop-readme --garments given",
        _never,
        in_shop.read_as_readme,
        "root",
    ),
    Format(
        "table",
        "a table of products: CSV, TSV, JSON Lines, Parquet",
        f"a file ending in {' '.join(TABLE_SUFFIXES)} with a column that names photos",
        "houndstooth index products.csv --root photos",
        _is_table,
        _read_table,
        "all",
    ),
    Format(
        "folder",
        "a tree of photos, or one photo; the folder that a photo lies in is its category",
        "a folder that is none of the others, with pictures in it",
        "houndstooth index photos",
        _is_folder,
        _read_folder,
    ),
)


def find_format(place: Path) -> Format | None:
    """The first reader that knows this folder or file; None where none does."""
    return next((one for one in FORMATS if one.detect(place)), None)
