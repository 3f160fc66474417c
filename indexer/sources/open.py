"""The reader for what a caller points at."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path

from engine.attributes import AttributeType
from engine.errors import SourceError
from engine.photos import is_address
from indexer.remote.permission import Remote
from indexer.sources.base import Source
from indexer.sources.bucket import read_address
from indexer.sources.formats import FORMATS, Format, find_format
from indexer.sources.places import absolute
from indexer.sources.records import Reading
from indexer.sources.table import TABLE_SUFFIXES

STDIN = "paths"
"""The reader of "-"."""
BUCKET = "bucket"


def open_source(
    path: str | Path,
    root: str | Path | None = None,
    *,
    source: str | None = None,
    columns: Mapping[str, str] | None = None,
    types: Mapping[str, AttributeType] | None = None,
    known: Mapping[str, AttributeType] | None = None,
    delimiter: str | None = None,
    remote: Remote | None = None,
) -> Source:
    """The reader of a folder of photos, one photo, a table, a dataset or an archive; "-" lists paths on standard input.

    source: the reader's name, as `houndstooth sources` lists them; found out by looking when None.
    root: the folder where relative paths in a table or list start, by default its own.
    For tables only: columns: "image", "product", "mask", "box", or an attribute's name -> the column that is it.
    types: attribute or column -> "text", "number" or "boolean". delimiter: one character; found out when None.
    For all: known: types of the attributes that the catalog has already. remote: the permission to read photos at
    addresses (in a table or list, or "s3://bucket/photos" as the path); by default what the environment permits.

    Raises SourceError, with what to do, when nothing can be read there at all.
    """
    remote = remote or Remote.of_environment()
    if is_address(str(path)):
        if source not in (None, BUCKET) or root is not None or columns or types or delimiter:
            raise SourceError(
                "an address is listed like a folder: source, root, columns, types and delimiter are not for it"
            )
        return read_address(str(path), remote, known or {})
    if str(path) == "-" and source in (None, STDIN):
        place, chosen = Path("-"), named_format(STDIN)
    else:
        place = absolute(path)
        if not place.exists():
            raise SourceError(f"{place}: there is no such folder or file")
        found = named_format(source) if source else find_format(place)
        if found is None:
            raise SourceError(
                f"{place}: not a source Houndstooth reads. It reads a folder of photos, a single photo, "
                f"or a table: {', '.join(TABLE_SUFFIXES)}; `houndstooth sources` lists all"
            )
        chosen = found
    _check_options(place, chosen, root, bool(columns or types or delimiter))
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '\r\n"'):
        raise SourceError(f"delimiter must be one character, got {delimiter!r}")
    start = None if root is None else absolute(root)
    if start is not None and not start.is_dir():
        raise SourceError(f"{start}: the root must be the folder where the table's paths start")
    how = Reading(start, known or {}, columns or {}, types or {}, delimiter, remote)
    try:
        return chosen.read(place, how)
    except OSError as error:
        raise SourceError(f"{place}: {error.strerror}") from error
    except SourceError as error:  # of what reads tables, whatever folder they are in
        if place.name in str(error):
            raise
        raise SourceError(f"{place}: {error}") from None


def named_format(name: str) -> Format:
    """The reader of this name. Raises SourceError naming the nearest."""
    for one in FORMATS:
        if one.name == name:
            return one
    names = [one.name for one in FORMATS]
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean '{near[0]}'? " if near else ""
    raise SourceError(f"no source is called {name!r}: {hint}there are {', '.join(names)}")


def _check_options(place: Path, chosen: Format, root: str | Path | None, others: bool) -> None:
    if chosen.options == "all" or not (others or root is not None):
        return
    if others or chosen.options != "root":
        raise SourceError(
            f"{place}: root, columns, types and delimiter are for tables; "
            f"this is no table, but is read as {chosen.name}"
        )


def find_source_format(path: str | Path) -> Format | None:
    """The reader that `open_source` would take. Raises SourceError where there is no such folder or file."""
    if is_address(str(path)):
        return named_format(BUCKET)
    place = absolute(path)
    if not place.exists():
        raise SourceError(f"{place}: there is no such folder or file")
    return find_format(place)
