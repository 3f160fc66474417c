"""Finds the photos of a dataset where its lists spell paths in another case than the disk."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path, PurePosixPath

from indexer.sources.cells import Misfit, shown
from indexer.sources.places import MAX_PATH

FOLDERS = 4_096
"""Folders whose names are remembered."""


class PhotoFinder:
    """Paths inside one of several folders, the first that has the photo."""

    def __init__(self, *folders: Path) -> None:
        """folders: absolute, at least one."""
        self._folders = folders
        self._names = lru_cache(FOLDERS)(_names)

    def find(self, path: str) -> str | Misfit:
        """The absolute path of a photo, "/" between folders; in the first folder where there is none in any.

        A Misfit for a path that is absolute, leads out of the folder or is no path.
        """
        plain = PurePosixPath(path.replace("\\", "/"))
        if plain.is_absolute() or ".." in plain.parts or not plain.parts or len(path) > MAX_PATH:
            return Misfit(f"{shown(path)} is not a path inside the dataset's folder")
        for folder in self._folders:
            whole = folder / plain
            if whole.is_file():
                return whole.as_posix()
            if found := self._in_other_case(folder, plain.parts):
                return found
        return (self._folders[0] / plain).as_posix()

    def _in_other_case(self, folder: Path, parts: tuple[str, ...]) -> str | None:
        here = str(folder)
        for part in parts:
            names = self._names(here)
            name = part if part in names.values() else names.get(part.lower())
            if name is None:
                return None
            here = os.path.join(here, name)  # noqa: PTH118 - text is quicker, and there are many
        return Path(here).as_posix() if Path(here).is_file() else None


def _names(folder: str) -> dict[str, str]:
    """Lower case -> the name as it is; empty for what is no folder."""
    try:
        return {name.lower(): name for name in sorted(os.listdir(folder), reverse=True)}  # noqa: PTH208
    except OSError:
        return {}
