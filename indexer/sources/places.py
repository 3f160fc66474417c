"""Where what somebody typed, or a table's cell, says a file is. Cells are text here: a table may have millions."""

# ruff: noqa: PTH100, PTH110, PTH116, PTH117, PTH118, PTH122

from __future__ import annotations

import os
import stat
from pathlib import Path

from engine.errors import SourceError
from engine.photos import is_address
from indexer.remote.address import address_product, without_secrets
from indexer.sources.cells import Misfit, as_text, shown

PICTURE_SUFFIXES = frozenset(
    (
        *(".jpg", ".jpeg", ".jpe", ".mpo", ".png", ".apng", ".webp", ".gif"),
        *(".bmp", ".tif", ".tiff", ".heic", ".heif", ".avif"),
    )
)
"""Of files that are pictures, in any case."""
MAX_PATH = 4_096


def absolute(path: str | Path) -> Path:
    """The path from "/" on, "~" filled in, ".." taken out by name: paths are compared as text. Links stay as written.

    Raises SourceError for what cannot be a path, or not one that a catalog can hold.
    """
    if "\0" in str(path):
        raise SourceError(f"{str(path)!r} is not a path: it holds a NUL character")
    try:
        place = Path(os.path.abspath(Path(path).expanduser()))  # resolve() would follow links
    except RuntimeError as error:  # "~who" of somebody who is not there
        raise SourceError(f"{str(path)!r} is not a path: {error}") from error
    if printable(str(place)) != str(place):
        raise SourceError(f"{printable(str(place))}: the name is not UTF-8, and a catalog could not hold it: rename it")
    return place


def printable(path: str) -> str:
    """The path as text that UTF-8 can hold: bytes that are not UTF-8 become "\\xe9"."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def locate(cell: object, root: str) -> str | Misfit:
    """The absolute path that a cell means, "/" between folders; the file may or may not be there.

    root: as `absolute` gives it; where relative paths start, and what they may not leave. An absolute path is taken as
    it is: who writes a local table may read local files. Backslashes separate folders if no file has them in its name.
    """
    text = as_text(cell)
    if isinstance(text, Misfit):
        return text
    if is_address(text):
        return Misfit(f"{shown(without_secrets(text))} is an address, and must be a file")
    if len(text) > MAX_PATH:
        return Misfit(f"{shown(text)} is too long for a path")
    if "\\" in text and not os.path.exists(os.path.join(root, text)):
        text = text.replace("\\", "/")
    path = os.path.normpath(os.path.join(root, text))
    if not os.path.isabs(text) and _inside(path, root) is None:
        return Misfit(f"{shown(text)} leads out of {root}: use a path inside it, another root, or an absolute path")
    return path if os.sep == "/" else Path(path).as_posix()


def derived_product(path: str, root: str) -> str:
    """A product id from a photo's path: relative to the root where it is inside, without the picture suffix."""
    if is_address(path):
        return address_product(path)
    place = _inside(path, root) or path
    stem, suffix = os.path.splitext(place)
    return stem if suffix.lower() in PICTURE_SUFFIXES else place


def _inside(path: str, root: str) -> str | None:
    """The path from the root on, "" for the root itself; None outside."""
    if path == root:
        return ""
    start = root if root.endswith("/") else f"{root}/"
    return path.removeprefix(start) if path.startswith(start) else None


def why_not_a_file(path: str) -> str | None:
    """Why there is no file to read, or None when there is one."""
    try:
        mode = os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return "not found"
    except OSError as error:  # a name that is too long, a folder that may not be entered
        return f"cannot be read ({error.strerror})"
    return None if stat.S_ISREG(mode) else "is not a file"


def is_written_there(path: str, to: Path, source: str) -> bool:
    """Whether a picture of the folder `source` lies in `to`, inside it: what an earlier run wrote is no photo.

    source, to: as `Source.name` and as given. Where the source itself lies in `to`, its pictures were asked for.
    """
    there = os.path.abspath(to).replace(os.sep, "/") + "/"
    return path.startswith(there) and os.path.isdir(source) and not f"{source}/".startswith(there)  # noqa: PTH112
