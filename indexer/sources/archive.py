"""Photos in tar and zip files, plain or in WebDataset's layout, read where they lie: nothing is unpacked to disk.

A member's path is only a name here, so that one with ".." or "/" before it can write nothing; such members are refused
all the same, for the name would say that the photo lies where it does not. WebDataset: https://github.com/webdataset.
"""

from __future__ import annotations

import json
import os
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from engine.attributes import AttributeType
from engine.errors import PictureError, SourceError
from indexer.sources.base import SourceProblem
from indexer.sources.cells import TypeGuess, attribute_name
from indexer.sources.folder import printable
from indexer.sources.headers import RESERVED
from indexer.sources.places import PICTURE_SUFFIXES
from indexer.sources.records import Place, Reading, Record, RecordSource

if TYPE_CHECKING:
    from indexer.decode.limits import DecodeLimits

TARS: Final = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
SUFFIXES: Final = (*TARS, ".zip")
_MOST_TEXT = 2**20
"""Bytes of a .json, .txt or .cls that are read."""
_FAULTS = (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, OSError, NotImplementedError, RuntimeError)
_TEXTS = (".json", ".cls", ".txt")


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
        count += isinstance(item, _Sample) or item.fatal
        if isinstance(item, _Sample):
            pictures += 1
            for name, value in _attributes(item, []).items():
                guesses.setdefault(name, TypeGuess(parse=False, column=name)).add(value)
    if not pictures:
        first = next((item.reason for item in _samples(archives) if isinstance(item, SourceProblem)), "")
        raise SourceError(f"{place}: no pictures in it{f': {first}' if first else ''}")
    types: dict[str, AttributeType] = {name: guess.type for name, guess in guesses.items() if guess.type}
    return RecordSource(place, types, partial(_records, archives, types), how.known, count)


@dataclass
class _Sample:
    """A picture with the texts that share its name. data: its bytes, where the archive cannot be read out of order."""

    archive: Path
    picture: str
    size: int
    start: int | None
    data: bytes | None
    texts: dict[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class TarMember:
    """A member of a tar that is not compressed: where its bytes begin, and how many they are."""

    archive: Path
    start: int
    size: int

    def read(self, limits: DecodeLimits) -> bytes:
        """The bytes, from the file."""
        limits.check_bytes(self.size)
        try:
            with self.archive.open("rb") as stream:
                stream.seek(self.start)
                found = stream.read(self.size)
        except OSError as error:
            raise PictureError(f"cannot be read: {error.strerror}") from None
        if len(found) < self.size:
            raise PictureError("the archive is cut")
        return found


@dataclass(frozen=True, eq=False)
class HeldMember:
    """A member of a compressed tar, held in memory since it was passed: such an archive has one order only."""

    data: bytes
    size: int

    def __eq__(self, other: object) -> bool:
        return isinstance(other, HeldMember) and (self.data, self.size) == (other.data, other.size)

    def __hash__(self) -> int:
        return hash(self.data)

    def read(self, limits: DecodeLimits) -> bytes:
        """The bytes; PictureError when they were more than is held."""
        limits.check_bytes(self.size)
        if len(self.data) < self.size:
            raise PictureError("the member is larger than what is read from a compressed archive")
        return self.data


@dataclass(frozen=True)
class ZipMember:
    """A member of a zip by its name."""

    archive: Path
    name: str
    size: int

    def read(self, limits: DecodeLimits) -> bytes:
        """The bytes, unpacked; never more than the archive's list says, whatever the packed stream holds."""
        limits.check_bytes(self.size)
        try:
            with zipfile.ZipFile(self.archive) as archive, archive.open(self.name) as stream:
                found = stream.read(self.size + 1)
        except (*_FAULTS, KeyError) as error:
            raise PictureError(f"cannot be read from the archive: {error}") from None
        if len(found) != self.size:
            raise PictureError("the archive's list says another size than the member has")
        return found


def _records(archives: list[Path], types: Mapping[str, AttributeType]) -> Iterator[Record | SourceProblem]:
    for item in _samples(archives):
        if isinstance(item, SourceProblem):
            yield item
            continue
        faults: list[str] = []
        values = {name: value for name, value in _attributes(item, faults).items() if name in types}
        member = PurePosixPath(item.picture)
        packed = _packed(item)
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


def _packed(sample: _Sample) -> TarMember | ZipMember | HeldMember:
    if sample.data is not None:
        return HeldMember(sample.data, sample.size)
    if sample.start is not None:
        return TarMember(sample.archive, sample.start, sample.size)
    return ZipMember(sample.archive, sample.picture, sample.size)


def _attributes(sample: _Sample, faults: list[str]) -> dict[str, object]:
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


def _samples(archives: list[Path]) -> Iterator[_Sample | SourceProblem]:
    for path in archives:
        members = _zip(path) if path.name.lower().endswith(".zip") else _tar(path)
        yield from _joined(path, members)


def _joined(path: Path, members: Iterator[_Sample | SourceProblem]) -> Iterator[_Sample | SourceProblem]:
    """Members that follow each other under one name but for the suffix, as one sample (`.json` may come first)."""
    texts: dict[str, bytes] = {}
    waiting: list[_Sample] = []
    key = ""
    for member in members:
        if isinstance(member, SourceProblem):
            yield member
            continue
        name = PurePosixPath(member.picture)
        own = name.with_suffix("").as_posix()
        if own != key:
            yield from _finished(waiting, texts)
            key, waiting, texts = own, [], {}
        if name.suffix.lower() in PICTURE_SUFFIXES:
            waiting.append(member)
        else:
            texts[name.suffix.lower()] = member.data or b""
    yield from _finished(waiting, texts)


def _finished(waiting: list[_Sample], texts: dict[str, bytes]) -> Iterator[_Sample]:
    for sample in waiting:
        sample.texts = texts
        yield sample


def _wanted(name: str) -> bool:
    plain = PurePosixPath(name)
    hidden = any(part.startswith(".") and part not in (".", "..") for part in plain.parts) or "__MACOSX" in plain.parts
    return not hidden and plain.suffix.lower() in (*PICTURE_SUFFIXES, *_TEXTS)


def _plain(name: str) -> str | None:
    """The member's name without "./"; None for one that leads elsewhere or cannot be stored."""
    path = PurePosixPath(name.replace("\\", "/"))
    bad = path.is_absolute() or ".." in path.parts or not path.parts or ":" in path.parts[0] or "\0" in name
    return None if bad or printable(name) != name else path.as_posix()


def _refused(path: Path, name: str, why: str) -> SourceProblem:
    shown = printable(name)[:200]
    fatal = PurePosixPath(shown).suffix.lower() in PICTURE_SUFFIXES
    place = Place(path, f"member {shown}")
    return place.lost(why) if fatal else place.kept(why)


_ELSEWHERE = "its name leads out of the archive, or cannot be stored: refused"
_NO_FILE = "a link, a device or a file with holes: refused"


def _tar(path: Path) -> Iterator[_Sample | SourceProblem]:
    """The members of a tar in its order, streamed; links and devices are refused."""
    plain = path.name.lower().endswith(".tar")
    seen: set[str] = set()
    try:
        with tarfile.open(path, "r:" if plain else "r|*") as archive:
            for member in archive:
                archive.members = []  # type: ignore[attr-defined]  # it would remember every member
                if member.isdir() or not _wanted(member.name):
                    continue
                name = _plain(member.name)
                if member.name in seen:
                    yield Place(path, f"member {printable(member.name)}").kept("a second one of this name: passed over")
                    continue
                seen.add(member.name)
                if name is None or not member.isreg() or member.sparse is not None:
                    yield _refused(path, member.name, _ELSEWHERE if name is None else _NO_FILE)
                    continue
                yield _member(path, archive, member, name, plain)
    except _FAULTS as error:
        yield Place(path, f"after {len(seen)} members").lost(f"the archive is damaged or cut: {error}")


def _member(path: Path, archive: tarfile.TarFile, member: tarfile.TarInfo, name: str, plain: bool) -> _Sample:
    text = PurePosixPath(name).suffix.lower() in _TEXTS
    if plain and not text:
        return _Sample(path, name, member.size, member.offset_data, None)
    stream = archive.extractfile(member)
    most = _MOST_TEXT if text else int(_held_limit())
    data = stream.read(min(member.size, most)) if stream is not None else b""
    return _Sample(path, name, member.size, None, data)


def _held_limit() -> float:
    from indexer.decode.limits import DEFAULT_LIMITS

    return DEFAULT_LIMITS.megabytes * 1e6


def _zip(path: Path) -> Iterator[_Sample | SourceProblem]:
    """The members of a zip by name."""
    try:
        with zipfile.ZipFile(path) as archive:
            seen: set[str] = set()
            for member in sorted(archive.infolist(), key=lambda one: one.filename):
                if member.is_dir() or not _wanted(member.filename):
                    continue
                name = _plain(member.filename)
                linked = member.external_attr >> 16 & 0o170000 == 0o120000
                if name is None or name != member.filename or linked or member.flag_bits & 1:
                    why = _NO_FILE if linked else "protected by a password" if member.flag_bits & 1 else _ELSEWHERE
                    yield _refused(path, member.filename, why)
                elif name not in seen:
                    seen.add(name)
                    text = PurePosixPath(name).suffix.lower() in _TEXTS
                    data = None
                    if text:
                        with archive.open(member) as stream:
                            data = stream.read(_MOST_TEXT)
                    yield _Sample(path, name, member.file_size, None, data)
    except _FAULTS as error:
        yield Place(path, "members").lost(f"the archive is damaged or cut: {error}")
