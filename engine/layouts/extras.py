"""The libraries that maps need, loaded where they are first used."""

from __future__ import annotations

import os
import warnings
from importlib import import_module
from types import ModuleType

from engine.errors import MissingDependencyError


def library(name: str, what: str, extra: str = "maps") -> ModuleType:
    """The module of this name. Raises MissingDependencyError that says what needs it and how to install it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # umap-learn warns of optional libraries that nobody asked for
            return import_module(name)
    except ImportError as error:
        raise MissingDependencyError(
            f"{what} needs {name.partition('.')[0]}: pip install 'houndstooth[{extra}]'"
        ) from error


def random_state(seed: int) -> int:
    """A seed as NumPy's legacy generators take it, in [0, 2^32)."""
    return seed % (1 << 32)


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
