"""The extractors of a catalog's spaces, each made once, when it is first needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import MissingDependencyError, SpaceError
from engine.models import made_with, models_of, open_model
from engine.snapshot import Space, load_spaces
from engine.store import Store

if TYPE_CHECKING:
    from indexer.spaces.base import Extractor
    from indexer.spaces.vgg import Vgg

DEFAULT_SPACES = ("colour", "palette", "vgg")
"""What a new catalog gets when nobody says otherwise."""


def require_runnable(extractors: Mapping[str, Extractor]) -> None:
    """Raise MissingDependencyError when one needs a library that is not there: before its space is made, not after."""
    from indexer.picture import Picture

    grey = Picture(np.full((64, 64, 3), 128, dtype=np.uint8), None, (64, 64))
    for extractor in extractors.values():
        try:
            extractor.extract([grey])
        except MissingDependencyError:
            raise
        except Exception:  # what it cannot take is told photo by photo
            continue


class Extractors:
    """Extractors by name, built with what was fitted to the catalog; keeps what it made."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._made: dict[tuple[str, tuple[tuple[str, str], ...]], Extractor] = {}

    def named(self, names: Sequence[str]) -> dict[str, Extractor]:
        """The extractors that these spaces are to be indexed with. Raises SpaceError for an unknown name."""
        with self._store.database.read() as connection:
            spaces = load_spaces(connection)
        return {name: self._get(name, models_of(spaces[name]) if name in spaces else {}) for name in names}

    def of(self, space: Space) -> Extractor:
        """The extractor that made a catalog's space. Raises SpaceError when the one installed is another."""
        extractor = self._get(space.name, made_with(self._store, space))
        if extractor.fingerprint != space.fingerprint:
            raise SpaceError(
                f"space '{space.name}' was made by another version of its extractor ({space.fingerprint}, installed "
                f"{extractor.fingerprint}): run `houndstooth index` on the photos again, or ask by product id"
            )
        return extractor

    def shipped_vgg(self) -> Vgg:
        """The `vgg` extractor as it is shipped: a projection is fitted to what it says before its own."""
        from indexer.spaces.vgg import Vgg

        made = self._get("vgg", {})
        if not isinstance(made, Vgg):
            raise SpaceError("the space 'vgg' that is installed is not Houndstooth's: its projection cannot be fitted")
        return made

    def _get(self, name: str, models: Mapping[str, str]) -> Extractor:
        key = (name, tuple(sorted(models.items())))
        if key not in self._made:
            self._made[key] = self._make(name, models)
        return self._made[key]

    def _make(self, name: str, models: Mapping[str, str]) -> Extractor:
        if models:
            from indexer.spaces.vgg import Vgg  # the only space that can be fitted

            return Vgg(projection=open_model(self._store, models["projection"]))
        from indexer.spaces.registry import load

        return load(name)
