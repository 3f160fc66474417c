"""The photos on disk, which the catalog only points at."""

from __future__ import annotations

import stat
from pathlib import Path


def is_gone(path: Path) -> bool:
    """Whether there is surely no file: one that cannot be looked at (no permission, a disk that fails) is not gone.

    A photo inside an archive, `shop.tar/dress/1.jpg`, is there as long as the archive is.
    """
    try:
        path.stat()
    except FileNotFoundError:
        return True
    except NotADirectoryError:
        return holder(path) is None
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
