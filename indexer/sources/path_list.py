"""A list of paths on standard input: `find photos -newer last -name '*.jpg' | houndstooth index -`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import IO

from engine.errors import SourceError
from indexer.remote.permission import Remote
from indexer.sources.base import SourceProblem
from indexer.sources.cells import Misfit
from indexer.sources.folder import is_picture_name
from indexer.sources.photo_cell import find_photo
from indexer.sources.places import derived_product
from indexer.sources.records import Place, Record, RecordSource

NAME = Path("standard input")


def read_paths(stream: IO[bytes], root: Path, remote: Remote | None = None) -> RecordSource:
    """The photos that a stream lists, a path or address a line or, as `find -print0` writes them, ended by NUL.

    root: absolute; where relative paths start. The stream is read once and kept, for a source is iterated several
    times. Raises SourceError when it lists nothing.
    """
    kept = stream.read()
    if not any(True for _ in _paths(kept)):
        raise SourceError("standard input lists no paths: pipe one path a line into `houndstooth index -`")
    return RecordSource(NAME, {}, partial(_records, kept, root.as_posix(), remote), {})


def _paths(kept: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and text of each path that is not blank."""
    ending = b"\0" if b"\0" in kept else b"\n"
    start, number = 0, 0
    while start < len(kept):
        end = kept.find(ending, start)
        end = len(kept) if end < 0 else end
        number += 1
        line = kept[start:end].rstrip(b"\r") if ending == b"\n" else kept[start:end]
        if line.strip():
            yield number, line
        start = end + 1


def _records(kept: bytes, root: str, remote: Remote | None) -> Iterator[Record | SourceProblem]:
    for number, line in _paths(kept):
        where = Place(NAME, f"line {number}")
        try:
            photo = find_photo(line.decode(), root, remote)
        except UnicodeDecodeError:
            photo = Misfit("the path is not UTF-8: rename the file")
        if isinstance(photo, Misfit):
            yield where.lost(photo.reason)
        elif photo.packed is None and not is_picture_name(photo.path):
            yield where.lost(f"no picture by its suffix: {photo.path}")
        else:
            product = derived_product(photo.path, root)
            yield Record(where, photo.path, product, packed=photo.packed, named=False)
