"""Photos in tar and zip files, plain or in WebDataset's layout, read where they lie: nothing is unpacked to disk."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from functools import lru_cache, partial
from pathlib import Path, PurePosixPath
from threading import Lock
from typing import Final

from engine.attributes import AttributeType
from engine.errors import PictureError, SourceError
from indexer.sources.archive_members import Sample, members, samples
from indexer.sources.base import PackedPhoto, SourceProblem
from indexer.sources.cells import TypeGuess, attribute_name
from indexer.sources.headers import RESERVED
from indexer.sources.places import PICTURE_SUFFIXES
from indexer.sources.records import Place, Reading, Record, RecordSource

TARS: Final = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
SUFFIXES: Final = (*TARS, ".zip")


def _archives(place: Path) -> list[Path]:
    """The archive, or the shards of a folder that holds nothing but archives and files that are no pictures."""
    if place.is_file():
        return [place] if place.name.lower().endswith(SUFFIXES) else []
    if not place.is_dir():
        return []
    found = []
    with os.scandir(place) as entries:  # a folder of photos may hold a million of them: the first one tells
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir() or PurePosixPath(entry.name).suffix.lower() in PICTURE_SUFFIXES:
                return []
            if entry.is_file() and entry.name.lower().endswith(SUFFIXES):
                found.append(Path(entry.path))
    return sorted(found)


def detect(place: Path) -> bool:
    """Whether it is an archive by its name, or a folder of them."""
    return bool(_archives(place))


def read(place: Path, how: Reading) -> RecordSource:
    """A product a picture, named by its path in the archive; where members of one name but for the suffix are a picture
    and a .json, .cls or .txt (WebDataset), these are its attributes.

    The archives are passed over once here, for the attributes and their types, and at each iteration.
    """
    archives = _archives(place)
    if not archives:
        raise SourceError(f"{place}: no archive: {', '.join(SUFFIXES)}")
    guesses: dict[str, TypeGuess] = {}
    count = pictures = 0
    for item in _samples(archives):
        count += isinstance(item, Sample) or item.fatal
        if isinstance(item, Sample):
            pictures += 1
            for name, value in _attributes(item, []).items():
                guesses.setdefault(name, TypeGuess(parse=False, column=name)).add(value)
    if not pictures:
        first = next((item.reason for item in _samples(archives) if isinstance(item, SourceProblem)), "")
        raise SourceError(f"{place}: no pictures in it{f': {first}' if first else ''}")
    types: dict[str, AttributeType] = {name: guess.type for name, guess in guesses.items() if guess.type}
    return RecordSource(place, types, partial(_records, archives, types), how.known, count)


def _records(archives: list[Path], types: Mapping[str, AttributeType]) -> Iterator[Record | SourceProblem]:
    for item in _samples(archives):
        if isinstance(item, SourceProblem):
            yield item
            continue
        faults: list[str] = []
        values = {name: value for name, value in _attributes(item, faults).items() if name in types}
        member = PurePosixPath(item.picture)
        packed = item.packed()
        product = member.with_suffix("").as_posix()
        if len(archives) > 1:
            product = f"{_stem(item.archive)}/{product}"
        yield Record(
            Place(item.archive, f"member {item.picture}"), f"{item.archive.as_posix()}/{item.picture}", product, values,
            faults=tuple(faults), packed=packed, holder=item.archive, named=False,
        )  # fmt: skip


def _stem(archive: Path) -> str:
    name = archive.name
    suffix = max((one for one in SUFFIXES if name.lower().endswith(one)), key=len)
    return name[: -len(suffix)]


def _attributes(sample: Sample, faults: list[str]) -> dict[str, object]:
    """What the texts beside a picture say; a plain archive's folder is the category."""
    found: dict[str, object] = {}
    folder = PurePosixPath(sample.picture).parent.name
    if folder:
        found["category"] = folder
    for suffix, data in sample.texts.items():
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            faults.append(f"{suffix}: not UTF-8")
            continue
        if suffix == ".json":
            found |= _of_json(text, faults)
        else:
            found["class" if suffix == ".cls" else "text"] = text.strip()
    return found


def _of_json(text: str, faults: list[str]) -> dict[str, object]:
    try:
        told = json.loads(text)
    except (ValueError, RecursionError) as error:
        faults.append(f".json: not JSON: {error}")
        return {}
    if not isinstance(told, dict):
        faults.append(".json: must be an object")
        return {}
    named = {attribute_name(key): value for key, value in told.items() if isinstance(value, str | int | float | bool)}
    return {name: value for name, value in named.items() if name and name not in RESERVED}


def _samples(archives: list[Path]) -> Iterator[Sample | SourceProblem]:
    for path in archives:
        yield from samples(path)


def reopen(archive: Path, inside: str) -> PackedPhoto:
    """The member of an archive by its name. Raises PictureError where there is none.

    Quick for members asked for in the archive's order: a tar is passed over from where the last one was found.
    """
    try:
        state = archive.stat()
    except OSError as error:
        raise PictureError(f"the archive cannot be read: {error.strerror}") from None
    found = _opened(archive, state.st_size, state.st_mtime_ns).find(inside)
    if found is None:
        raise PictureError(f"{archive.name} has no member {inside}")
    return found.packed()


class _Forward:
    """An archive that is read forwards, from its beginning again where a name lies before the last one."""

    def __init__(self, archive: Path) -> None:
        self._archive = archive
        self._members = members(archive)
        self._lock = Lock()

    def find(self, name: str) -> Sample | None:
        with self._lock:
            if found := self._next(name):
                return found
            self._members = members(self._archive)
            return self._next(name)

    def _next(self, name: str) -> Sample | None:
        return next((one for one in self._members if isinstance(one, Sample) and one.picture == name), None)


@lru_cache(2)
def _opened(archive: Path, size: int, mtime_ns: int) -> _Forward:
    return _Forward(archive)
