"""What a reader of a folder, table or dataset gives to the indexer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from engine.attributes import AttributeValue


@dataclass(frozen=True)
class SourceImage:
    """One photo to index.

    file: where to read it. path: how the catalog names it (absolute, as text). product: the product's own id.
    attributes: of the product, typed. mask: a picture file whose non-zero (or opaque) pixels are the garment.
    box: x, y, width, height in pixels of the upright photo. row: where the source says so, e.g. "products.csv line 12".
    named: True when the source itself names the product, False when the id was derived from the file's name.
    """

    file: Path
    path: str
    product: str
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)
    mask: Path | None = None
    box: tuple[int, int, int, int] | None = None
    row: str = ""
    named: bool = False


@dataclass(frozen=True)
class SourceProblem:
    """Something in the source that could not be used; `fatal` when its photo is lost, else only a cell is."""

    path: str
    row: str
    reason: str
    fatal: bool = True


class Source(Protocol):
    """A reader: iterate it for the photos and problems, in an order that does not change between runs."""

    name: str
    """What was read, for people: the folder or table."""

    def __iter__(self) -> Iterator[SourceImage | SourceProblem]:
        """Photos and problems, streamed."""
        ...

    def __len__(self) -> int:
        """How many photos and fatal problems iteration will give, for the progress bar."""
        ...
