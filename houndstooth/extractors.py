"""The extractors of a catalog's spaces, each made once, when it is first needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import HoundstoothError, MissingDependencyError, PictureError, SpaceError
from engine.models import Recipe, every_space, keep_file, made_with, open_model, record, wanted
from engine.snapshot import Space
from engine.store import Store
from engine.writer import writing

if TYPE_CHECKING:
    from indexer.spaces.base import Extractor
    from indexer.spaces.vgg import Vgg

DEFAULT_SPACES = ("colour", "palette", "vgg", "pattern", "kind", "outline")
"""What a new catalog gets when nobody says otherwise."""


Options = Mapping[str, object]
"""Of a space's constructor: option -> value, texts where the command line gives them."""


def require_runnable(extractors: Mapping[str, Extractor]) -> None:
    """Raise before a space is made, not after, when an extractor lacks a library or its files are of no use to it."""
    from indexer.picture import Picture

    grey = Picture(np.full((64, 64, 3), 128, dtype=np.uint8), None, (64, 64))
    for extractor in extractors.values():
        try:
            extractor.extract([grey])
        except PictureError:  # what it cannot take is told photo by photo
            continue
        except HoundstoothError:
            raise
        except Exception:
            continue


class Extractors:
    """Extractors by name, built as the catalog records it; keeps what it made."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._made: dict[str, Extractor] = {}
        self._new: dict[str, Recipe] = {}  # of spaces that the catalog does not have yet
        self._passing: dict[str, dict[str, object]] = {}  # options that are not recorded

    def named(self, names: Sequence[str]) -> dict[str, Extractor]:
        """The extractors that these spaces are to be indexed with.

        Raises SpaceError for an unknown name, and for a space of the catalog whose extractor is not installed.
        """
        spaces = every_space(self._store)
        self.classes(names)
        return {name: self._get(name, self._wanted(name, spaces)) for name in names}

    def classes(self, names: Sequence[str]) -> dict[str, type[Extractor]]:
        """The classes of these spaces. Raises as `named` does."""
        from indexer.spaces.registry import space_class

        spaces = every_space(self._store)
        found = {}
        for name in names:
            try:
                found[name] = space_class(name)
            except (SpaceError, MissingDependencyError) as error:
                if name not in spaces:
                    raise
                raise type(error)(
                    f"{error}. The catalog has a space of that name: install the package that it came from to index "
                    f"in it, or take it out of the catalog with `houndstooth drop {name}`"
                ) from error
        return found

    def of(self, space: Space) -> Extractor:
        """The extractor that made a catalog's space. Raises SpaceError when the one installed is another."""
        self.classes([space.name])
        extractor = self._get(space.name, made_with(self._store, space))
        if extractor.fingerprint != space.fingerprint:
            raise SpaceError(
                f"space '{space.name}' was made by another version of its extractor ({space.fingerprint}, installed "
                f"{extractor.fingerprint}): run `houndstooth index` on the photos again, or ask by product id"
            )
        return extractor

    def set_options(self, name: str, options: Options) -> None:
        """Have a space indexed with these options from now on, added to those that it was given before.

        What changes its vectors is recorded with the space, a file by its content: the catalog keeps a copy. A default
        takes an option back. Raises SpaceError, InputError, MissingDependencyError before anything is changed.
        """
        from indexer.spaces.registry import fit_options, load, options_of

        tried = load(name, options)
        require_runnable({name: tried})
        spaces = every_space(self._store)
        before = self._wanted(name, spaces)
        models, texts = dict(before.models), dict(before.options)
        with writing(self._store) as writer:
            for option, value in fit_options(type(tried), options).items():
                if option in tried.transient:
                    self._passing.setdefault(name, {})[option] = value
                    continue
                models.pop(option, None)
                texts.pop(option, None)
                if option in tried.files and value not in tried.files[option]:
                    models[option] = keep_file(writer, Path(str(value)).read_bytes())
                elif value != options_of(type(tried))[option]:
                    texts[option] = value
            if name in spaces:
                record(writer, name, Recipe(models, texts))
            else:
                self._new[name] = Recipe(models, texts)

    def to_fit(self) -> Vgg:
        """The `vgg` extractor without a projection of the catalog's own, which is fitted to what it says before its."""
        from indexer.spaces.vgg import Vgg

        recipe = self._wanted("vgg", every_space(self._store))
        models = {option: sha256 for option, sha256 in recipe.models.items() if option != "projection"}
        made = self._get("vgg", Recipe(models, recipe.options))
        if not isinstance(made, Vgg):
            raise SpaceError("the space 'vgg' that is installed is not Houndstooth's: its projection cannot be fitted")
        return made

    def _wanted(self, name: str, spaces: Mapping[str, Space]) -> Recipe:
        return wanted(spaces[name]) if name in spaces else self._new.get(name, Recipe())

    def _get(self, name: str, recipe: Recipe) -> Extractor:
        passing = self._passing.get(name, {})
        key = repr((name, sorted(recipe.models.items()), sorted(recipe.options.items()), sorted(passing.items())))
        if key not in self._made:
            from indexer.spaces.registry import load

            files = {option: open_model(self._store, sha256) for option, sha256 in recipe.models.items()}
            made = load(name, {**recipe.options, **files, **passing})
            made.recorded = recipe.parameters()
            self._made[key] = made
        return self._made[key]
