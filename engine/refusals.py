"""What to do when the disk refuses: the second half of every message that says so."""

from __future__ import annotations

import errno

from engine.errors import CatalogError

_FULL = "free some space there, then run the command again; what was published before is kept"
_LOCKED_UP = "make it writable"
_BROKEN = "check the disk, and free some space if it is full"
_BY_ERRNO = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: f"the quota is used up: {_FULL}",
    errno.EFBIG: _FULL,
    errno.EROFS: _LOCKED_UP,
    errno.EACCES: _LOCKED_UP,
    errno.EPERM: _LOCKED_UP,
    errno.EMFILE: "let a process open more files at once (`ulimit -n`, or LimitNOFILE= of a service)",
    errno.ENFILE: "let the system open more files at once, or close other programs",
    errno.ENOENT: "check that the folder is still there",
}
_BY_WORDS = {  # SQLite's own
    "full": _FULL,
    "readonly": _LOCKED_UP,
    "unable to open": "check that the folder is there, and make it writable",
}


def refused(what: str, error: OSError) -> CatalogError:
    """The error to raise when the operating system refuses. what: "cannot write to PATH"."""
    return CatalogError(f"{what}: {error.strerror or error}: {_BY_ERRNO.get(error.errno or 0, _BROKEN)}")


def refused_by_sqlite(what: str, said: str) -> CatalogError:
    """The same when SQLite refuses. said: its message."""
    return CatalogError(f"{what}: {said}: {next((todo for word, todo in _BY_WORDS.items() if word in said), _BROKEN)}")
