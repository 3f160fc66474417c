"""Where an export goes: its kind by suffix, and files and folders that are whole or not there."""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from engine.errors import InputError

MANIFEST = "houndstooth-export.json"
"""In a folder that an export made: the names of all that it put there."""


@dataclass(frozen=True)
class Exported:
    """What an export wrote. rows: of the table, vectors or pictures. dropped: members removed from the catalog since.

    linked, copied: originals in a folder tree. thumbnails: pictures there whose original was not found.
    """

    paths: tuple[Path, ...]
    rows: int
    dropped: int = 0
    linked: int = 0
    copied: int = 0
    thumbnails: int = 0


def kind_of(to: Path, suffixes: Sequence[str]) -> str:
    """The suffix that says how to write, or "" for a folder. Raises InputError that lists the kinds there are."""
    if str(to) == "-":
        raise InputError("an export is a file or a folder, not standard output: name one, such as export.csv")
    if to.is_dir() or not to.suffix:
        return ""
    if to.suffix.lower() not in suffixes:
        raise InputError(
            f"cannot export to '{to.name}': end the name in {', '.join(suffixes)}, "
            "or in nothing for a folder of pictures"
        )
    return to.suffix.lower()


@contextmanager
def new_file(to: Path) -> Iterator[Path]:
    """A path to write to; what is there when the block ends takes the place of `to`, and nothing when it raises."""
    require_parent(to)
    tmp = to.with_name(f".{to.name[:100]}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        yield tmp
        with tmp.open("rb") as file:
            os.fsync(file.fileno())
        tmp.replace(to)
    except OSError as error:
        raise InputError(f"cannot write {to}: {error.strerror or error}") from error
    finally:
        tmp.unlink(missing_ok=True)


@contextmanager
def new_folder(to: Path) -> Iterator[Path]:
    """A folder to fill; it takes the place of `to` when the block ends, and nothing is left when it raises.

    A folder that is there already is replaced only when it is empty or holds nothing but what an earlier export put
    there; anything else is an InputError, and stays.
    """
    to = Path(os.path.abspath(to))  # noqa: PTH100 - "." has no name, and resolve() would follow a link
    if not to.name or to in (here := Path.cwd(), *here.parents):
        raise InputError(f"{to} holds the folder you work in, and an export takes a folder's place: name a new one")
    require_parent(to)
    if to.exists() and not to.is_dir():
        raise InputError(f"{to} is a file, and an export without a kind, such as .csv, is a folder: name another")
    old = to if to.is_dir() else None
    if old is not None:
        _require_ours(old)
    tmp = to.with_name(f".{to.name[:100]}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        tmp.mkdir()
        yield tmp
        made = sorted(_files(tmp))
        (tmp / MANIFEST).write_text(json.dumps({"made": made}, ensure_ascii=False, indent=0), encoding="utf-8")
        if old is not None:
            _require_ours(old)
            shutil.rmtree(old)
        tmp.rename(to)
    except OSError as error:
        raise InputError(f"cannot write {to}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(tmp, ignore_errors=True)


def require_parent(to: Path) -> None:
    """Raise InputError unless there is a folder to write into."""
    if not to.parent.is_dir():
        raise InputError(f"cannot write {to}: there is no folder {to.parent}")


def _require_ours(folder: Path) -> None:
    there = set(_files(folder)) - {MANIFEST}
    made: set[str] = set()
    if (folder / MANIFEST).is_file():
        try:
            made = set(json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["made"])
        except (ValueError, KeyError, TypeError):
            made = set()
    strangers = sorted(there - made)
    if strangers or folder.is_symlink():
        held = f"holds files that no export made ({', '.join(strangers[:3])})" if strangers else "is a link"
        raise InputError(f"{folder} {held}: name a new folder, nothing was changed")


def _files(folder: Path) -> Iterator[str]:
    """Everything in a folder but the folders themselves, relative, without following links."""
    for entry in os.scandir(folder):
        if entry.is_dir(follow_symlinks=False):
            yield from (f"{entry.name}/{name}" for name in _files(Path(entry.path)))
        else:
            yield entry.name
