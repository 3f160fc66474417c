"""A folder tree of photos, or one photo."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.attributes import AttributeType, AttributeValue
from engine.errors import SourceError
from indexer.sources.base import SourceImage, SourceProblem
from indexer.sources.cells import Misfit, fit
from indexer.sources.places import PICTURE_SUFFIXES, printable

CATALOG_SUFFIX = ".catalog"
EXPORTED = "houndstooth-export.json"
"""What `engine.export.place.new_folder` puts into a folder: the photos there are linked or copied from elsewhere."""


class FolderSource:
    """Every picture under a folder, by name; or the one picture that is given.

    A photo's product is its path in the folder without the suffix; `category` is the folder it lies in, and `folder`
    the whole way to it where that is longer. Hidden files and folders, catalogs, folders inside it that an export made
    and all that is no picture by its suffix are left out. Linked folders are followed, each once: not one that leads
    back into the tree.
    """

    def __init__(self, path: Path, known: Mapping[str, AttributeType] | None = None) -> None:
        """path: absolute; known: types that the catalog has. Raises SourceError where there is no picture."""
        self.name = str(path)
        self._path = path
        self._root = (path if path.is_dir() else path.parent).as_posix().rstrip("/") + "/"
        self.attribute_types: dict[str, AttributeType] = {
            name: (known or {}).get(name, "text") for name in ("category", "folder")
        }
        if path.is_dir():
            try:
                os.scandir(path).close()
            except OSError as error:
                raise SourceError(f"{path}: {error.strerror}") from error
        if not any(found.fatal for found in self._found()):
            raise SourceError(f"{path}: no pictures in this folder or below ({' '.join(sorted(PICTURE_SUFFIXES))})")

    def _found(self) -> Iterator[_Found]:
        return _walk(self._path) if self._path.is_dir() else iter([_Found(self.name)])

    def __len__(self) -> int:
        """Photos and fatal problems, by a pass over the tree that opens nothing."""
        return sum(1 for found in self._found() if found.fatal)

    def __iter__(self) -> Iterator[SourceImage | SourceProblem]:
        """Photos in the order of their names, folder by folder."""
        for found in self._found():
            path = found.path.replace(os.sep, "/")
            if found.trouble or not _is_utf8(path):
                reason = found.trouble or "the file name is not UTF-8: rename it"
                yield SourceProblem(printable(path), "", reason, found.fatal)
            else:
                yield from self._read(path)

    def _read(self, path: str) -> Iterator[SourceImage | SourceProblem]:
        inside = path.removeprefix(self._root)  # as text: Path takes long, and a folder may hold millions
        attributes, faults = folder_attributes(inside.split("/")[:-1], self.attribute_types)
        for reason in faults:
            yield SourceProblem(path, "", reason, fatal=False)
        yield SourceImage(Path(path), path, posixpath.splitext(inside)[0], attributes)


@dataclass(frozen=True)
class _Found:
    """A picture by its suffix, or what could not be read in its place. path: as the system gives it."""

    path: str
    trouble: str = ""
    fatal: bool = True


def folder_attributes(
    folders: Sequence[str], types: Mapping[str, AttributeType]
) -> tuple[dict[str, AttributeValue], list[str]]:
    """`category` and `folder` of a photo by the folders it lies in, and why one of them cannot be used."""
    told = {"category": folders[-1]} if folders else {}
    if len(folders) > 1:
        told["folder"] = "/".join(folders)
    attributes: dict[str, AttributeValue] = {}
    faults = []
    for name, text in told.items():
        value = fit(text, types[name])
        if isinstance(value, Misfit):
            faults.append(f"{name}: {value.reason}")
        elif value is not None:
            attributes[name] = value
    return attributes, faults


def is_picture_name(name: str) -> bool:
    """Whether a file's name says it is a picture."""
    stem, _, suffix = name.rpartition(".")
    return f".{suffix.lower()}" in PICTURE_SUFFIXES and stem[-1:] not in ("", "/", os.sep)


def _is_utf8(path: str) -> bool:
    return printable(path) == path


def _walk(root: Path) -> Iterator[_Found]:
    """All pictures below `root`; the names of one folder, and of those it lies in, are in memory at a time."""
    trees = [os.path.realpath(root)]  # what is read: the root, and each linked folder outside it
    waiting = [_folder(str(root), trees, top=True)]
    while waiting:
        item = next(waiting[-1], None)
        if item is None:
            waiting.pop()
        elif isinstance(item, _Found):
            yield item
        else:
            waiting.append(_folder(item, trees))


def _folder(path: str, trees: list[str], top: bool = False) -> Iterator[_Found | str]:
    """What is in one folder, by name: pictures and troubles, and the paths of the folders to read next.

    top: whether it is the one that was asked for, which is read even when an export made it.
    """
    try:
        entries = _scan(path)
    except OSError as error:
        yield _Found(path, f"the folder cannot be read: {error.strerror}")
        return
    if not top and entries.exported:
        yield _Found(path, "a folder that an export made: its photos are read where they are", fatal=False)
        return
    folders, links, troubles = entries.folders, entries.links, entries.troubles
    for name in sorted(entries.names):
        place = os.path.join(path, name)  # noqa: PTH118 - names stay text: a folder may hold millions
        if name in troubles:
            yield _Found(place, troubles[name], fatal=is_picture_name(name))
        elif name not in folders:
            yield _Found(place)
        elif name in links and (reason := _follow(place, trees)):
            yield _Found(place, reason, fatal=False)
        else:
            yield place


@dataclass
class _Entries:
    """Names of interest in one folder; those of its folders, of the links among them, and what is wrong by name.

    exported: whether an export made the folder.
    """

    names: list[str]
    folders: set[str]
    links: set[str]
    troubles: dict[str, str]
    exported: bool = False


def _scan(path: str) -> _Entries:
    found = _Entries([], set(), set(), {})
    with os.scandir(path) as entries:
        for entry in entries:
            if not entry.name.startswith("."):
                _sort_in(entry, found)
                found.exported = found.exported or entry.name == EXPORTED
    return found


def _sort_in(entry: os.DirEntry[str], found: _Entries) -> None:
    """Put one entry where it belongs; a file that is no picture belongs nowhere."""
    name = entry.name
    try:
        if entry.is_dir():
            if not name.lower().endswith(CATALOG_SUFFIX):
                found.names.append(name)
                found.folders.add(name)
                if entry.is_symlink():
                    found.links.add(name)
            return
        trouble = "" if entry.is_file() else _why_neither(entry)
    except OSError as error:  # a link to itself, a folder that may not be entered
        trouble = error.strerror or "cannot be read"
    if is_picture_name(name):
        found.names.append(name)
    elif trouble and entry.is_symlink():
        found.names.append(name)  # it may have been a folder of photos
    if trouble:
        found.troubles[name] = trouble


def _why_neither(entry: os.DirEntry[str]) -> str:
    if entry.is_symlink() and not Path(entry.path).exists():
        return "a link to what is not there"
    return "neither a file nor a folder"


def _follow(link: str, trees: list[str]) -> str | None:
    """Take a linked folder among the trees to read; or why not."""
    target = Path(os.path.realpath(link))
    for tree in trees:
        if target.is_relative_to(tree) or Path(tree).is_relative_to(target):
            return f"a link to {printable(str(target))}, which is read anyway or holds what is: not followed"
    trees.append(str(target))
    return None
