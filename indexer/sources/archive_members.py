"""The members of tar and zip files, as pictures with the texts that share their name.

A member's path is only a name here, so that one with ".." or "/" before it can write nothing; such members are refused
all the same, for the name would say that the photo lies where it does not. WebDataset: https://github.com/webdataset.
"""

from __future__ import annotations

import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

from indexer.sources.base import PackedPhoto, SourceProblem
from indexer.sources.packed import ZIP_FAULTS, HeldMember, TarMember, ZipMember
from indexer.sources.places import PICTURE_SUFFIXES, printable
from indexer.sources.records import Place

MOST_TEXT: Final = 2**20
"""Bytes of a .json, .txt or .cls that are read, and of a header with a long name."""
_TAR_FAULTS = (tarfile.TarError, *ZIP_FAULTS)
_TEXTS = (".json", ".cls", ".txt")


@dataclass
class Sample:
    """A picture with the texts that share its name. start: where its bytes begin in a tar that is not compressed.

    data: its bytes, where the archive cannot be read out of order. texts: suffix -> bytes.
    """

    archive: Path
    picture: str
    size: int
    start: int | None = None
    data: bytes | None = None
    texts: dict[str, bytes] = field(default_factory=dict)

    def packed(self) -> PackedPhoto:
        """How to read the picture."""
        if self.data is not None:
            return HeldMember(self.data, self.size)
        if self.start is not None:
            return TarMember(self.archive, self.start, self.size)
        return ZipMember(self.archive, self.picture, self.size)


def samples(archive: Path) -> Iterator[Sample | SourceProblem]:
    """The pictures of an archive; members that follow each other under one name but for the suffix are one sample."""
    texts: dict[str, bytes] = {}
    waiting: list[Sample] = []
    key = ""
    for member in members(archive):
        if isinstance(member, SourceProblem):
            yield member
            continue
        name = PurePosixPath(member.picture)
        own = name.with_suffix("").as_posix()
        if own != key:
            yield from _finished(waiting, texts)
            key, waiting, texts = own, [], {}
        if name.suffix.lower() in PICTURE_SUFFIXES:  # the .json may come first
            waiting.append(member)
        else:
            texts[name.suffix.lower()] = member.data or b""
    yield from _finished(waiting, texts)


def _finished(waiting: list[Sample], texts: dict[str, bytes]) -> Iterator[Sample]:
    for sample in waiting:
        sample.texts = texts
        yield sample


def members(archive: Path) -> Iterator[Sample | SourceProblem]:
    """Every member that is a picture or a text, one of each name, and what is refused."""
    return _zip(archive) if archive.name.lower().endswith(".zip") else _tar(archive)


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


class _Header(tarfile.TarInfo):
    """A member's header; tarfile itself reads a long name or a table of attributes to its end, however long."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> _Header:
        """As `TarInfo.frombuf`. ReadError for a header that would fill the memory."""
        found = super().frombuf(buf, encoding, errors)
        if found.type in _LONG_HEADERS and found.size > MOST_TEXT:
            raise tarfile.ReadError(f"a header of {found.size:,} bytes")
        return found


_LONG_HEADERS = (
    *(tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE),
    *(tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK),
)


def _tar(path: Path) -> Iterator[Sample | SourceProblem]:
    """The members of a tar in its order, streamed; links and devices are refused."""
    plain = path.name.lower().endswith(".tar")
    seen: set[str] = set()
    try:
        with tarfile.open(path, "r:" if plain else "r|*", tarinfo=_Header) as archive:
            for member in archive:
                archive.members = []  # type: ignore[attr-defined]  # it would remember every member
                if member.isdir() or not _wanted(member.name):
                    continue
                name = _plain(member.name)
                if name is None or not member.isreg() or member.sparse is not None:
                    yield _refused(path, member.name, _ELSEWHERE if name is None else _NO_FILE)
                elif name in seen:
                    yield Place(path, f"member {name}").kept("a second one of this name: passed over")
                else:
                    seen.add(name)
                    yield _member(path, archive, member, name, plain)
            if plain and path.stat().st_size < archive.offset + tarfile.BLOCKSIZE:  # tarfile itself keeps silent
                yield Place(path, f"after {len(seen)} members").kept("ends without the mark of its end: is it whole?")
    except _TAR_FAULTS as error:
        yield Place(path, f"after {len(seen)} members").lost(f"the archive is damaged or cut: {error}")


def _member(path: Path, archive: tarfile.TarFile, member: tarfile.TarInfo, name: str, plain: bool) -> Sample:
    text = _is_text(name)
    if plain and not text:
        return Sample(path, name, member.size, start=member.offset_data)
    most = MOST_TEXT if text else 0 if member.size > _held_limit() else member.size
    stream = archive.extractfile(member) if most else None
    return Sample(path, name, member.size, data=stream.read(most) if stream is not None else b"")


def _held_limit() -> int:
    """Bytes of the largest picture of a packed tar that is held; of a larger one nothing is, and it fails."""
    from indexer.decode.limits import DEFAULT_LIMITS

    return int(DEFAULT_LIMITS.megabytes * 1e6)


def _is_text(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in _TEXTS


def _zip(path: Path) -> Iterator[Sample | SourceProblem]:
    """The members of a zip by name; of several of one name the last, as the archive itself finds it."""
    try:
        with zipfile.ZipFile(path) as archive:
            for member in sorted(archive.infolist(), key=lambda one: one.filename):
                if member.is_dir() or not _wanted(member.filename):
                    continue
                if why := _why_not(member):
                    yield _refused(path, member.filename, why)
                elif archive.getinfo(member.filename) is not member:
                    yield Place(path, f"member {member.filename}").kept("another of this name follows: passed over")
                elif _is_text(member.filename):
                    yield _zip_text(path, archive, member)
                else:
                    yield Sample(path, member.filename, member.file_size)
    except ZIP_FAULTS as error:
        yield Place(path, "members").lost(f"the archive is damaged or cut: {error}")


def _why_not(member: zipfile.ZipInfo) -> str:
    if _plain(member.filename) != member.filename:
        return _ELSEWHERE
    if member.external_attr >> 16 & 0o170000 not in (0, 0o100000):
        return _NO_FILE
    return "protected by a password" if member.flag_bits & 1 else ""


def _zip_text(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Sample | SourceProblem:
    try:
        with archive.open(member) as stream:
            return Sample(path, member.filename, member.file_size, data=stream.read(MOST_TEXT))
    except ZIP_FAULTS as error:
        return Place(path, f"member {member.filename}").kept(f"cannot be read: {error}; its picture is used without it")
