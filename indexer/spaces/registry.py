"""Spaces by name: those built in, and those that other packages add by entry point."""

from __future__ import annotations

import difflib
import inspect
import os
from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from os import PathLike, fspath

from engine.errors import MissingDependencyError, SpaceError
from indexer.garments.garment import GarmentFinder
from indexer.spaces.base import Extractor

GROUP = "houndstooth.spaces"
BUILT_IN = {
    "colour": "indexer.spaces.colour:Colour",
    "kind": "indexer.spaces.kind:Kind",
    "outline": "indexer.spaces.outline:Outline",
    "palette": "indexer.spaces.palette:Palette",
    "pattern": "indexer.spaces.pattern:Pattern",
    "vgg": "indexer.spaces.vgg:Vgg",
}
_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def available() -> dict[str, EntryPoint]:
    """Every space by name, sorted: those built in, and those of packages that are installed; nothing is imported."""
    points = [EntryPoint(name, value, GROUP) for name, value in BUILT_IN.items()]
    points += [point for point in entry_points(group=GROUP) if point.name not in BUILT_IN]
    return {point.name: point for point in sorted(points, key=lambda point: point.name)}


def load(name: str, options: Mapping[str, object] | None = None) -> Extractor:
    """The space of this name, made with these of its constructor's parameters and its defaults for the rest.

    Raises what `space_class` and `fit_options` do, and what the constructor does.
    """
    made = space_class(name)
    return made(**fit_options(made, options or {}))


def space_class(name: str) -> type[Extractor]:
    """The class of the space of this name.

    Raises SpaceError, with the nearest name, when none has it, and when what is installed under it is no Extractor;
    MissingDependencyError when it needs a library that is not installed.
    """
    spaces = available()
    if name not in spaces:
        near = difflib.get_close_matches(name, spaces, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise SpaceError(f"no space is called {name!r}: {hint}installed are {', '.join(spaces)}")
    _require_own_name(name)
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
    return made


def _require_own_name(name: str) -> None:
    """Raise SpaceError when an installed package gives another space the name of one that is built in."""
    other = [point.value for point in entry_points(group=GROUP) if point.name == name]
    if name in BUILT_IN and any(value != BUILT_IN[name] for value in other):
        raise SpaceError(f"the entry point {name!r} ({', '.join(other)}) has the name of a space that is built in")


def options_of(made: type[Extractor] | type[GarmentFinder]) -> dict[str, object]:
    """Parameters of a constructor, with their defaults."""
    return {name: parameter.default for name, parameter in inspect.signature(made).parameters.items()}


def fit_options(
    made: type[Extractor] | type[GarmentFinder], options: Mapping[str, object], what: str = "the space"
) -> dict[str, object]:
    """Options as the constructor takes them: texts become what its defaults are. Raises SpaceError for a wrong one.

    what: what the class is, for people.
    """
    known = options_of(made)
    fitted = {}
    for option, value in options.items():
        if option not in known:
            there = f"it has {', '.join(known)}" if known else "it has none"
            raise SpaceError(f"{what} {made.name!r} has no option {option!r}: {there}")
        given = fspath(value) if isinstance(value, PathLike) else value
        if option in made.files and isinstance(given, str) and given not in made.files[option]:
            given = os.path.expanduser(given)  # noqa: PTH111 - a text stays one
        fitted[option] = _as_its_default(f"{made.name}.{option}", given, known[option])
    return fitted


def _as_its_default(told: str, value: object, default: object) -> object:
    """A text as the type of the default; anything else as it is."""
    if not isinstance(value, str) or not isinstance(default, bool | int | float):
        return value
    try:
        return _TRUTH[value.lower()] if isinstance(default, bool) else type(default)(value)
    except (KeyError, ValueError) as error:
        raise SpaceError(f"the option {told} is a {type(default).__name__}, not {value!r}") from error
