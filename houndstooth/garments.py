"""How a catalog tells garments from what surrounds them: chosen once, kept with it, the same for photos asked with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.models import GARMENTS, Recipe, garment_recipe, keep_file, open_model
from engine.settings import keep_setting
from engine.store import Store
from engine.writer import writing

if TYPE_CHECKING:
    from indexer.garments.find import GarmentStep
    from indexer.picture import Picture

DEFAULT = "deeplab"
"""What a new catalog gets when nobody says otherwise."""
BEFORE = "given"
"""What a catalog does that was made before it could be chosen."""


class Garments:
    """The garment step of a catalog, made when it is first needed and kept."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._made: dict[str, GarmentStep] = {}
        self._passing: dict[str, object] = {}  # options that are not recorded

    @property
    def choice(self) -> str:
        """One of `indexer.garments.find.CHOICES`."""
        return garment_recipe(self._store)[0] or BEFORE

    def step(self) -> GarmentStep:
        """The step that photos are indexed and asked with. Raises as `indexer.garments.find.open_step` does."""
        from indexer.garments.find import open_step

        choice, recipe = garment_recipe(self._store)
        key = self._key()
        if key not in self._made:
            files = {option: open_model(self._store, sha256) for option, sha256 in recipe.models.items()}
            self._made[key] = open_step(choice or BEFORE, {**recipe.options, **files, **self._passing})
        return self._made[key]

    def _key(self) -> str:
        choice, recipe = garment_recipe(self._store)
        return repr((choice, sorted(recipe.models.items()), sorted(recipe.options.items()), self._passing))

    def of_product(self, picture: Picture) -> Picture:
        """A picture asked with, as it would be indexed: with the mask of its product's garment."""
        return self.step().regions([picture], [None], [None])[0][0].picture

    def choose(self, choice: str | None, options: Mapping[str, object] | None = None) -> None:
        """Have photos looked at so from now on. choice: None keeps the catalog's; a catalog without photos gets one.

        options: of the finder, added to those given before for the same; files are copied into the catalog. Raises
        InputError, SpaceError, MissingDependencyError before anything is changed.
        """
        from indexer.garments.find import FINDERS, finder_class, open_step
        from indexer.spaces.registry import fit_options, options_of

        before, recipe = garment_recipe(self._store)
        wanted = choice or before or (DEFAULT if self._store.generation() == 0 else BEFORE)
        if wanted == before and not options:
            return
        models, texts = (dict(recipe.models), dict(recipe.options)) if wanted == before else ({}, {})
        files = {option: open_model(self._store, sha256) for option, sha256 in models.items()}
        step = open_step(wanted, {**texts, **files, **(options or {})})
        if step.finder is not None:  # a library that it lacks is told now
            step.finder.find([np.full((64, 64, 3), 128, dtype=np.uint8)])
        with writing(self._store) as writer:
            if wanted in FINDERS:
                made = finder_class(wanted)
                for option, value in fit_options(made, options or {}, "the garment finder").items():
                    if option in made.transient:
                        self._passing[option] = value
                        continue
                    models.pop(option, None)
                    texts.pop(option, None)
                    if option in made.files and value not in made.files[option]:
                        models[option] = keep_file(writer, Path(str(value)).read_bytes())
                    elif value != options_of(made)[option]:
                        texts[option] = value
            keep_setting(writer, GARMENTS, {"choice": wanted, **Recipe(models, texts).told()})
        self._made[self._key()] = step
