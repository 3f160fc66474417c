"""Pictures in folders: links to the originals, or copies, named so that a file browser shows them in order."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.errors import PictureError
from engine.export.place import Exported, new_folder
from engine.photos import is_address
from engine.thumbnails import Thumbnails

_LONGEST = 120
_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]+')


@dataclass(frozen=True, eq=False)
class Shelf:
    """A folder to fill. name: "" for the top one. pictures: (path, image id), in order."""

    name: str
    pictures: Iterable[tuple[str, int]]


Originals = Callable[[str], bytes]
"""Reads a photo by its path in the catalog where that is no file, in an archive, say. PictureError where it cannot."""


def write_folders(
    to: Path,
    shelves: Sequence[Shelf],
    thumbnails: Thumbnails,
    copies: bool = False,
    originals: Originals | None = None,
) -> Exported:
    """Put every picture into its shelf's folder as POSITION-FILENAME; names are safe on every common file system.

    Links, or copies of the originals; where an original is missing, or lies where nothing can link to, its thumbnail.
    """
    linked = copied = small = rows = 0
    with new_folder(to) as top:
        for shelf in shelves:
            folder = top / safe_name(shelf.name) if shelf.name else top
            folder.mkdir(exist_ok=True)
            for position, (path, image_id) in enumerate(shelf.pictures, start=1):
                rows += 1
                place = folder / safe_name(f"{position:04d}-{path.rpartition('/')[2]}")
                is_file = not is_address(path) and Path(path).is_file()
                if copies and is_file:
                    shutil.copyfile(path, place)
                    copied += 1
                elif is_file:
                    place.symlink_to(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow the original
                    linked += 1
                elif copies and originals and _copy(path, place, originals):
                    copied += 1
                else:
                    small += _put_thumbnail(place, thumbnails.get(image_id))
    return Exported((to,), rows, linked=linked, copied=copied, thumbnails=small)


def _copy(path: str, place: Path, originals: Originals) -> bool:
    """Whether the original could be had."""
    try:
        place.write_bytes(originals(path))
    except PictureError:
        return False
    return True


def _put_thumbnail(place: Path, picture: bytes | None) -> int:
    if picture is None:
        return 0
    place.with_name(f"{place.stem}.thumbnail.jpg").write_bytes(picture)
    return 1


def safe_name(name: str) -> str:
    """A file or folder name without characters that some file system refuses, of at most 120 bytes, suffix kept."""
    clean = _UNSAFE.sub("-", name).strip(" .-") or "unnamed"
    if len(clean.encode()) <= _LONGEST:
        return clean
    stem, suffix = os.path.splitext(clean)  # noqa: PTH122 - a name, not a path
    suffix = suffix if len(suffix.encode()) <= 10 else ""
    room = _LONGEST - len(suffix.encode())
    return stem.encode()[:room].decode(errors="ignore").strip(" .-") + suffix
