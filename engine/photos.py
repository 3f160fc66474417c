"""The photos on disk, which the catalog only points at."""

from __future__ import annotations

from pathlib import Path


def is_gone(path: Path) -> bool:
    """Whether there is surely no file: one that cannot be looked at (no permission, a disk that fails) is not gone."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False
