"""Where a table's cell says a photo or mask is."""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath

from indexer.sources.cells import Misfit, as_text, shown

PICTURE_SUFFIXES = frozenset(
    (
        *(".jpg", ".jpeg", ".jpe", ".mpo", ".png", ".apng", ".webp", ".gif"),
        *(".bmp", ".tif", ".tiff", ".heic", ".heif", ".avif"),
    )
)
"""Of files that are pictures, in any case."""
MAX_PATH = 4_096
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


def locate(cell: object, root: str) -> str | Misfit:
    """The absolute path that a cell means, "/" between folders; the file may or may not be there.

    root: absolute; where relative paths start, and what they may not leave. An absolute path is taken as it is: who
    writes a local table may read local files. Backslashes separate folders when no file has them in its name.
    """
    text = as_text(cell)
    if isinstance(text, Misfit):
        return text
    if _URL.match(text):
        return Misfit(f"{shown(text)} is an address: download the photos and give their paths")
    if len(text) > MAX_PATH:
        return Misfit(f"{shown(text)} is too long for a path")
    if "\\" in text and not Path(root, text).exists():
        text = text.replace("\\", "/")
    path = os.path.normpath(os.path.join(root, text))  # noqa: PTH118 - pathlib keeps ".."
    if not os.path.isabs(text) and not Path(path).is_relative_to(root):  # noqa: PTH117
        return Misfit(f"{shown(text)} leads out of {root}: use a path inside it, another root, or an absolute path")
    return Path(path).as_posix()


def derived_product(path: str, root: str) -> str:
    """A product id from a photo's path: relative to the root where it is inside, without the picture suffix."""
    place = PurePosixPath(path)
    if place.is_relative_to(root):
        place = place.relative_to(root)
    return str(place.with_suffix("")) if place.suffix.lower() in PICTURE_SUFFIXES else str(place)


def why_not_a_file(path: str) -> str | None:
    """Why there is no file to read, or None when there is one."""
    place = Path(path)
    try:
        if place.is_file():
            return None
        return "is not a file" if place.exists() else "not found"
    except OSError as error:  # a name that is too long, a folder that may not be entered
        return error.strerror or "cannot be read"
