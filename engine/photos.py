"""The photos on disk, which the catalog only points at."""

from __future__ import annotations

import stat
from pathlib import Path


def is_gone(path: Path) -> bool:
    """Whether there is surely no file: one that cannot be looked at (no permission, a disk that fails) is not gone.

    A photo inside a file, `shop.tar/dress/1.jpg`, is there as long as that file is.
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


def holder(path: Path) -> Path | None:
    """The regular file that a path leads into: the archive of a photo that is one of its members; None elsewhere."""
    for parent in path.parents:
        try:
            mode = parent.stat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:
            return None
        return parent if stat.S_ISREG(mode) else None
    return None
