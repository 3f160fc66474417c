"""What a reader of a folder, table or dataset gives to the indexer.

A reader is one class with a name, its attributes' types, a length and an iterator. It opens no photo: it says where
each one is, which product it shows and what is known of the product, and reports what it cannot use. A new reader is
one file in this folder and a branch in `open.py`; tests/contracts/test_source_contract.py holds what every one keeps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from engine.attributes import AttributeType, AttributeValue


@dataclass(frozen=True)
class SourceImage:
    """One photo to index.

    file: where to read it. path: how the catalog names it: absolute, "/" between folders, as text that UTF-8 can hold.
    product: the product's own id. attributes: of the product, typed as the source's `attribute_types` say; a later
    photo of a product never contradicts an earlier one. mask: a picture file whose non-zero (or opaque) pixels are the
    garment. box: x, y, width, height in pixels of the upright photo; x, y >= 0 and width, height >= 1, but it may reach
    past the photo's edge, which the reader does not know. row: where the source says so, e.g. "products.csv line 12";
    "" where the photo itself is all there is. named: True when the source itself names the product, False when the id
    was derived from the file's name.
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
    """Something in the source that could not be used; `fatal` when its photo is lost, else only a cell is.

    path: the photo, where it is known and is what failed; else the source's file and row, e.g. "/shop/products.csv
    line 12". product: its id where known, else "". row: as in `SourceImage`. reason: what is wrong, for people.
    Over one pass no two fatal problems or photos have the same (path, product).
    """

    path: str
    row: str
    reason: str
    fatal: bool = True
    product: str = ""


class Source(Protocol):
    """A reader: iterate it for the photos and problems, as often as needed, in an order that does not change."""

    @property
    def name(self) -> str:
        """What was read, for people: the folder or table."""
        ...

    @property
    def attribute_types(self) -> Mapping[str, AttributeType]:
        """Name and type of every attribute that a photo may carry; known before the first iteration."""
        ...

    def __iter__(self) -> Iterator[SourceImage | SourceProblem]:
        """Photos and problems, streamed: memory does not grow with the photos, but for what tells repeats."""
        ...

    def __len__(self) -> int:
        """How many photos and fatal problems iteration will give, for the progress bar."""
        ...
