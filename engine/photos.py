"""The photos, which the catalog only points at: files, members of archives and databases, addresses."""

from __future__ import annotations

import re
import stat
from pathlib import Path

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


def is_address(path: str) -> bool:
    """Whether a photo's path is an address, `https://shop.example/1.jpg` or `s3://bucket/1.jpg`, and no file's."""
    return _ADDRESS.match(path) is not None


def is_gone(path: str | Path) -> bool:
    """Whether there is surely no photo: one that cannot be looked at (no permission, a disk that fails) is not gone.

    A photo inside an archive, `shop.tar/dress/1.jpg`, is there as long as the archive is. One at an address is never
    known to be gone: nothing is asked over a network here.
    """
    if is_address(str(path)):
        return False
    try:
        Path(path).stat()
    except FileNotFoundError:
        return True
    except NotADirectoryError:
        return holder(Path(path)) is None
    except OSError:
        return False
    return False


HOLDERS = (
    *(".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".zip"),
    *(".mdb", ".lmdb", "-ubyte", "-ubyte.gz"),
)
"""How the names of files end that photos may lie in: archives, LMDB, idx."""


def holder(path: Path) -> Path | None:
    """The archive or database that a path leads into; None where it leads into none, or into another kind of file."""
    for parent in path.parents:
        try:
            mode = parent.stat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:
            return None
        return parent if stat.S_ISREG(mode) and parent.name.lower().endswith(HOLDERS) else None
    return None
