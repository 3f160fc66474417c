"""Do a source's attributes agree with those of the catalog and of the spaces it is indexed in?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from engine.attributes import AttributeType
from engine.errors import InputError

if TYPE_CHECKING:
    from indexer.spaces.base import Extractor


Types = Mapping[str, AttributeType]


def require_types(source: Types, catalog: Types, spaces: Mapping[str, type[Extractor]]) -> None:
    """Raise InputError when a name has another type in the source than in the catalog or in what a space tells."""
    for name, kind in source.items():
        if catalog.get(name, kind) != kind:
            raise InputError(_clash(name, kind, f"in the catalog it is {catalog[name]}", "leave its --type out, or "))
        for space, made in spaces.items():
            if made.describes.get(name, kind) != kind:
                raise InputError(_clash(name, kind, f"the space {space} tells a {made.describes[name]} of that name"))


def _clash(name: str, kind: str, other: str, instead: str = "") -> str:
    return f"attribute '{name}' is {kind} here, and {other}: {instead}name it otherwise with --column my_{name}={name}"
