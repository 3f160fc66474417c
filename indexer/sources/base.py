"""What a reader of a folder, table or dataset gives to the indexer.

A reader is one class with a name, its attributes' types, a length and an iterator. It opens no photo: it says where
each one is, which product it shows and what is known of the product, and reports what it cannot use. A new reader is
one file in this folder and a line in `formats.py`; tests/contracts/test_source_contract.py holds what every one keeps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from engine.attributes import AttributeType, AttributeValue

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from indexer.decode.limits import DecodeLimits


class PackedPhoto(Protocol):
    """A photo that is no file of its own but lies in one: a member of an archive, a row of a database."""

    def read(self, limits: DecodeLimits) -> bytes:
        """The photo's bytes; called from several threads at once. PictureError when they cannot be had."""
        ...


class GivenMask(Protocol):
    """A mask that is no picture file: polygons, run lengths, some of the colours of a colour mask."""

    @property
    def key(self) -> str:
        """Names the mask: two of one key are the same."""
        ...

    def mask(self, limits: DecodeLimits) -> NDArray[np.bool_]:
        """bool (h, w) of the upright photo, at its size or uniformly scaled; called in threads. PictureError."""
        ...


@dataclass(frozen=True)
class SourceImage:
    """One photo to index.

    file: where to read it. path: how the catalog names it: absolute, "/" between folders, as text that UTF-8 can hold.
    product: the product's own id. attributes: of the product, typed as the source's `attribute_types` say; a later
    photo of a product never contradicts an earlier one. mask: a picture file whose non-zero (or opaque) pixels are the
    garment, or a mask in another form. box: x, y, width, height in pixels of the upright photo; x, y >= 0 and width,
    height >= 1, but it may reach past the photo's edge, which the reader does not know. row: where the source says so,
    e.g. "products.csv line 12"; "" where the photo itself is all there is. named: True when the source itself names the
    product, False when the id was derived from the file's name. own: attributes of this photo alone, typed alike; a
    name is either of products or of photos. packed: how to read a photo that lies in a file; then `file` is that file
    and `path` goes on inside it, "/data/shop.tar/dress/1.jpg".
    """

    file: Path
    path: str
    product: str
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)
    mask: Path | GivenMask | None = None
    box: tuple[int, int, int, int] | None = None
    row: str = ""
    named: bool = False
    own: Mapping[str, AttributeValue] = field(default_factory=dict)
    packed: PackedPhoto | None = None


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
