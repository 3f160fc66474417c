"""The record of a folder of patches, patches.csv: what became of every photo, so that a run goes on where one ended."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields
from pathlib import Path, PurePath
from typing import Any

from engine.errors import InputError
from engine.export.place import new_file
from engine.export.tables import csv_writer

NAME = "patches.csv"
_LOCK = ".patches.lock"


@dataclass(frozen=True)
class Line:
    """A patch of a photo, or what became of a photo without one.

    photo: its path; product: its id. patch: the picture's path in the folder, "" without one. garment: what the finder
    took it for, "" where none looked. x, y, width, height: pixels of the upright photo. inside: the share of the patch
    in the garment's mask, as the photo was looked at. sharpness: `indexer.patches.patches.sharpness_of` of the patch as
    the photo has it. enhanced: what enlarged it four times, "" for nothing. state: "cut", "refused" or "failed", the
    latter two with the reason. of: how many patches the photo has. bytes, modified_ns, settings: the photo and the
    options as they were; when all are the same, nothing is to do.
    """

    photo: str
    product: str
    patch: str = ""
    garment: str = ""
    x: int = 0
    y: int = 0
    width: int = 0
    height: int = 0
    inside: float = 0.0
    sharpness: float = 0.0
    enhanced: str = ""
    state: str = "cut"
    reason: str = ""
    of: int = 0
    bytes: int = 0
    modified_ns: int = 0
    settings: str = ""


_KINDS: dict[str, type[int] | type[float] | type[str]] = {"int": int, "float": float, "str": str}
_FIELDS = [(field.name, _KINDS[str(field.type)]) for field in fields(Line)]
_HEADER = [name for name, _ in _FIELDS]


class PatchBook:
    """The lines of a folder by (photo, product); made by `open_book`, which holds the folder's lock.

    A photo's lines are appended in one piece, after its pictures are in place; the last ones written of a photo count.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / NAME
        self._lines: dict[tuple[str, str], list[Line]] = {}
        written, whole = _read(self._path)
        for lines in written:
            self._take(lines)
        if not whole or len(written) != len(self._lines):
            self._rewrite()

    def known(self, photo: str, product: str) -> list[Line]:
        """What is recorded of a photo; nothing of one not seen yet."""
        return self._lines.get((photo, product), [])

    def add(self, lines: Sequence[Line]) -> None:
        """Record a photo, its pictures being there already; those it had before and has no more are removed."""
        text = io.StringIO(newline="")
        csv_writer(text).writerows(map(astuple, lines))
        try:
            with self._path.open("ab", buffering=0) as file:
                file.write(text.getvalue().encode())
                os.fsync(file.fileno())
        except OSError as error:
            raise InputError(f"cannot write {self._path}: {error.strerror or error}") from error
        self._take(list(lines))

    def _take(self, lines: list[Line]) -> None:
        key = (lines[0].photo, lines[0].product)
        kept = {line.patch for line in lines}
        for line in self._lines.get(key, []):
            if line.patch and line.patch not in kept:
                (self._folder / line.patch).unlink(missing_ok=True)
        self._lines[key] = lines

    def _rewrite(self) -> None:
        with new_file(self._path) as path, path.open("w", encoding="utf-8", newline="") as file:
            table = csv_writer(file)
            table.writerow(_HEADER)
            for lines in self._lines.values():
                table.writerows(map(astuple, lines))


@contextmanager
def open_book(folder: Path) -> Iterator[PatchBook]:
    """The record of a folder, which is made where it is not there; InputError when another run is at it."""
    from filelock import FileLock, Timeout

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make {folder}: {error.strerror or error}") from error
    try:
        with FileLock(folder / _LOCK, timeout=0):
            for left in folder.rglob(".*.tmp"):
                if ".png." in left.name or left.name.startswith(f".{NAME}."):
                    left.unlink()  # of a run that was killed
            yield PatchBook(folder)
    except Timeout:
        raise InputError(f"another run is writing patches to {folder}: wait for it, or name another folder") from None


def read_book(folder: Path) -> list[Line]:
    """All lines of a folder's record, in the order in which the photos came first."""
    last: dict[tuple[str, str], list[Line]] = {}
    for lines in _read(folder / NAME)[0]:
        last[lines[0].photo, lines[0].product] = lines
    return [line for lines in last.values() for line in lines]


def _read(path: Path) -> tuple[list[list[Line]], bool]:
    """The lines photo by photo, and whether the file was whole; a photo whose lines a kill cut off is left out."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            text = file.read()
    except FileNotFoundError:
        return [], False
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}") from error
    header, *rows = list(csv.reader(io.StringIO(text, newline=""))) or [_HEADER]
    if header != _HEADER:
        raise InputError(f"{path} is none that Houndstooth wrote: name another folder")
    lines = [line for row in rows if (line := _line(row)) is not None]
    photos: list[list[Line]] = []
    for line in lines:
        previous = photos[-1] if photos else []
        if previous and _same_photo(previous[0], line) and len(previous) < previous[0].of:
            previous.append(line)
        else:
            photos.append([line])
    complete = [one for one in photos if len(one) == max(1, one[0].of)]
    return complete, text.endswith("\n") and sum(map(len, complete)) == len(rows)


def _same_photo(one: Line, other: Line) -> bool:
    return (one.photo, one.product, one.settings, one.modified_ns) == (
        other.photo, other.product, other.settings, other.modified_ns,
    )  # fmt: skip


def _line(row: list[str]) -> Line | None:
    """None for what is no whole line."""
    if len(row) != len(_FIELDS):
        return None
    try:
        values: dict[str, Any] = {name: kind(cell) for (name, kind), cell in zip(_FIELDS, row, strict=True)}
    except ValueError:
        return None
    line = Line(**values)
    return line if not line.patch or _inside(line.patch) else None


def _inside(name: str) -> bool:
    """Whether a path stays in the folder: pictures that are recorded are also removed."""
    path = PurePath(name)
    return not path.is_absolute() and ".." not in path.parts
