"""The extractors of a catalog's spaces, each made once, when it is first needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.errors import SpaceError
from engine.snapshot import Space

if TYPE_CHECKING:
    from indexer.spaces.base import Extractor

DEFAULT_SPACES = ("colour", "palette", "vgg")
"""What a new catalog gets when nobody says otherwise."""


class Extractors:
    """Extractors by name; keeps what it made."""

    def __init__(self) -> None:
        self._made: dict[str, Extractor] = {}

    def named(self, names: Sequence[str]) -> dict[str, Extractor]:
        """The extractors of these spaces. Raises SpaceError for a name that nothing installed provides."""
        from indexer.spaces.registry import load

        for name in names:
            if name not in self._made:
                self._made[name] = load(name)
        return {name: self._made[name] for name in names}

    def of(self, space: Space) -> Extractor:
        """The extractor that made a catalog's space. Raises SpaceError when the one installed is another."""
        extractor = self.named([space.name])[space.name]
        if extractor.fingerprint != space.fingerprint:
            raise SpaceError(
                f"space '{space.name}' was made by another version of its extractor ({space.fingerprint}, installed "
                f"{extractor.fingerprint}): run `houndstooth index` on the photos again, or ask by product id"
            )
        return extractor
