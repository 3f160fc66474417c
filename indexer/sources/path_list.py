"""A list of paths on standard input: `find photos -newer last -name '*.jpg' | houndstooth index -`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import IO

from engine.errors import SourceError
from indexer.sources.base import SourceProblem
from indexer.sources.cells import Misfit
from indexer.sources.folder import is_picture_name
from indexer.sources.places import derived_product, locate
from indexer.sources.records import Place, Record, RecordSource

NAME = Path("standard input")


def read_paths(stream: IO[bytes], root: Path) -> RecordSource:
    """The photos that a stream lists, a path a line or, as `find -print0` writes them, ended by NUL.

    root: absolute; where relative paths start. The stream is read once and kept, for a source is iterated several
    times. Raises SourceError when it lists nothing.
    """
    kept = stream.read()
    if not any(True for _ in _paths(kept)):
        raise SourceError("standard input lists no paths: pipe one path a line into `houndstooth index -`")
    return RecordSource(NAME, {}, partial(_records, kept, root.as_posix()), {})


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


def _records(kept: bytes, root: str) -> Iterator[Record | SourceProblem]:
    for number, line in _paths(kept):
        where = Place(NAME, f"line {number}")
        try:
            path = locate(line.decode(), root)
        except UnicodeDecodeError:
            path = Misfit("the path is not UTF-8: rename the file")
        if isinstance(path, Misfit):
            yield where.lost(path.reason)
        elif not is_picture_name(path):
            yield where.lost(f"no picture by its suffix: {path}")
        else:
            yield Record(where, path, derived_product(path, root), named=False)
