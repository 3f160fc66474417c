"""The reader for what a caller points at."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from engine.attributes import AttributeType
from engine.errors import SourceError
from indexer.sources.base import Source
from indexer.sources.folder import FolderSource, is_picture_name, printable
from indexer.sources.table import TABLE_SUFFIXES, TableSource


def open_source(
    path: str | Path,
    root: str | Path | None = None,
    *,
    columns: Mapping[str, str] | None = None,
    types: Mapping[str, AttributeType] | None = None,
    known: Mapping[str, AttributeType] | None = None,
    delimiter: str | None = None,
) -> Source:
    """The reader of a folder of photos, one photo, or a table (.csv, .tsv, .jsonl, .ndjson, .parquet).

    For tables only: root: the folder where relative paths in the table start, by default the table's own.
    columns: "image", "product", "mask", "box", or an attribute's name -> the column that is it.
    types: attribute or column -> "text", "number" or "boolean". delimiter: one character; found out when None.
    For all: known: types of the attributes that the catalog has already.

    Raises SourceError, with what to do, when nothing can be read there at all.
    """
    place = _absolute(path)
    if place.is_dir() or (place.is_file() and is_picture_name(place.name)):
        if root is not None or columns or types or delimiter:
            raise SourceError(f"{place}: root, columns, types and delimiter are for tables; this is no table")
        return FolderSource(place, known)
    if not place.exists():
        raise SourceError(f"{place}: there is no such folder or file")
    if not place.is_file() or place.suffix.lower() not in TABLE_SUFFIXES:
        raise SourceError(
            f"{place}: not a source Houndstooth reads. It reads a folder of photos, a single photo, "
            f"or a table: {', '.join(TABLE_SUFFIXES)}"
        )
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '\r\n"'):
        raise SourceError(f"delimiter must be one character, got {delimiter!r}")
    start = place.parent if root is None else _absolute(root)
    if not start.is_dir():
        raise SourceError(f"{start}: the root must be the folder where the table's paths start")
    try:
        return TableSource(place, start, columns, types, known, delimiter)
    except OSError as error:
        raise SourceError(f"{place}: {error.strerror}") from error


def _absolute(path: str | Path) -> Path:
    """The path from "/" on, "~" filled in, ".." taken out by name; links stay as they are written."""
    if "\0" in str(path):
        raise SourceError(f"{str(path)!r} is not a path: it holds a NUL character")
    try:
        place = Path(os.path.abspath(Path(path).expanduser()))  # noqa: PTH100 - resolve() would follow links
    except RuntimeError as error:  # "~who" of somebody who is not there
        raise SourceError(f"{str(path)!r} is not a path: {error}") from error
    if printable(str(place)) != str(place):
        raise SourceError(f"{printable(str(place))}: the name is not UTF-8, and a catalog could not hold it: rename it")
    return place
