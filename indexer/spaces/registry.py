"""Spaces by name: those built in, and those that other packages add by entry point."""

from __future__ import annotations

import difflib
from importlib.metadata import EntryPoint, entry_points

from engine.errors import MissingDependencyError, SpaceError
from indexer.spaces.base import Extractor

GROUP = "houndstooth.spaces"


def available() -> dict[str, EntryPoint]:
    """Every installed space by name, sorted; nothing is imported."""
    return {point.name: point for point in sorted(entry_points(group=GROUP), key=lambda point: point.name)}


def load(name: str) -> Extractor:
    """The space of this name with its defaults.

    Raises SpaceError, with the nearest name, when none has it, and when what is installed under it is no Extractor;
    MissingDependencyError when it needs a library that is not installed.
    """
    spaces = available()
    if name not in spaces:
        near = difflib.get_close_matches(name, spaces, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise SpaceError(f"no space is called {name!r}: {hint}installed are {', '.join(spaces)}")
    try:
        made = spaces[name].load()
    except AttributeError as error:
        raise SpaceError(f"the space {name!r} ({spaces[name].value}) is not there: {error}") from error
    except ImportError as error:
        raise MissingDependencyError(f"the space {name!r} ({spaces[name].value}) does not import: {error}") from error
    if not (isinstance(made, type) and issubclass(made, Extractor)):
        raise SpaceError(f"the space {name!r}: {spaces[name].value} is no subclass of indexer.spaces.base.Extractor")
    if made.name != name:
        raise SpaceError(f"the entry point {name!r}: {spaces[name].value} is a space called {made.name!r}")
    return made()
