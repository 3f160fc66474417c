"""Keep what Pillow and libtiff print about damaged files from the caller: what matters becomes a PictureError."""

from __future__ import annotations

import ctypes
import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import PIL

# Pillow logs an error for some TIFFs; without any handler Python would print it.
logging.getLogger("PIL").addHandler(logging.NullHandler())

_lock = threading.Lock()
_depth = 0
_saved: warnings.catch_warnings[None] | None = None


@contextmanager
def quiet_pillow() -> Iterator[None]:
    """Ignore warnings raised inside Pillow while any thread is in here.

    `warnings.catch_warnings` alone restores the wrong filters when threads overlap, so the first one in sets the
    filter and the last one out restores what was there.
    """
    global _depth, _saved  # noqa: PLW0603 - the warning filters are global to the process, and so is this count
    with _lock:
        _depth += 1
        if _depth == 1:
            _saved = warnings.catch_warnings()
            _saved.__enter__()
            warnings.filterwarnings("ignore", module=r"PIL\.")
    try:
        yield
    finally:
        with _lock:
            _depth -= 1
            if _depth == 0 and _saved is not None:
                _saved.__exit__(None, None, None)
                _saved = None


@cache
def silence_libtiff() -> None:
    """Stop Pillow's own copy of libtiff from printing errors to the process's stderr; Pillow raises them all the same.

    Pillow has no switch for it. Where its copy is not found (a Pillow built otherwise) the lines are printed.
    """
    package = Path(PIL.__file__).parent
    for path in [*package.parent.glob("pillow.libs/libtiff*"), *package.glob(".dylibs/libtiff*")]:
        try:
            ctypes.CDLL(str(path)).TIFFSetErrorHandler(None)
        except (OSError, AttributeError):
            continue
