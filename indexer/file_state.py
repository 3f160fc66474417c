"""What tells that a photo is as it was, without reading it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from engine.errors import PictureError
from engine.photos import holder


@dataclass(frozen=True)
class FileState:
    """bytes: size. mtime_ns: time of the last change; of a listed object a number made of what its store told."""

    bytes: int
    mtime_ns: int

    @staticmethod
    def of(path: Path) -> FileState:
        """Of the file, or of the archive that the photo lies in. Raises PictureError when there is no such file."""
        try:
            found = path.stat()
        except NotADirectoryError as error:
            inside = holder(path)
            if inside is None:
                raise PictureError(f"cannot be read: {error.strerror}") from error
            return FileState.of(inside)
        except (OSError, ValueError) as error:
            raise PictureError(f"cannot be read: {getattr(error, 'strerror', None) or error}") from error
        return FileState.of_status(found)

    @staticmethod
    def of_status(status: os.stat_result) -> FileState:
        """Of a file that was asked, or that is open."""
        return FileState(status.st_size, status.st_mtime_ns)
