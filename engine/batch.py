"""What the indexer hands to the writer: one batch, published whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.attributes import AttributeType, AttributeValue


@dataclass(frozen=True)
class Predicted:
    """A predicted value of an attribute, with the model's confidence in [0, 1] and its name."""

    value: AttributeValue
    confidence: float
    model: str


@dataclass(frozen=True, eq=False)
class NewRegion:
    """What is compared: the whole photo, or a box (x, y, width, height, pixels of the upright photo) in it.

    vectors: space name -> float32 (dim,), unit length. refused: space name -> why the region has no vector there; an
    image's regions name the same spaces in the two together. predicted: attribute name -> value. found: whether a
    garment finder made the region, rather than the source.
    """

    vectors: Mapping[str, NDArray[np.float32]]
    box: tuple[int, int, int, int] | None = None
    masked: bool = False
    predicted: Mapping[str, Predicted] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    found: bool = False

    @property
    def tried(self) -> set[str]:
        """Names of the spaces that it was extracted in, whether it has a vector there or not."""
        return {*self.vectors, *self.refused}


@dataclass(frozen=True)
class Entry:
    """One line of the ledger: how a file that was seen ended.

    state: indexed, duplicate or failed. reason: why it failed, or the path it is a duplicate of (of_product: and the
    product of that), or what is to say of an indexed photo. source: where the source names it. bytes, mtime_ns: of the
    file, to tell next time whether it changed. image_id: the image it stands for; None: a new one, or the one that the
    rest of the line tells.
    """

    path: str
    product: str
    state: str
    reason: str = ""
    source: str = ""
    bytes: int | None = None
    mtime_ns: int | None = None
    image_id: int | None = None
    of_product: str = ""


@dataclass(frozen=True, eq=False)
class NewImage:
    """A photo with its regions. It takes the place of the product's image of the same path, if there is one.

    sha256: 32 bytes, of the file. given: a hash of what made its regions besides the photo (box, mask, garment finder),
    or "". phash: 64 bits, unsigned. thumbnail: a JPEG.
    """

    entry: Entry
    sha256: bytes
    given: str
    width: int
    height: int
    phash: int
    thumbnail: bytes
    regions: Sequence[NewRegion]


@dataclass(frozen=True, eq=False)
class NewVectors:
    """Vectors in further spaces for the regions of an image that is there already, in their order.

    phash: of its photo, which was read again; None: as it is.
    """

    image_id: int
    regions: Sequence[NewRegion]
    phash: int | None = None


@dataclass(frozen=True)
class Problem:
    """A cell of a table that could not be used; its photo went on without it."""

    path: str
    source: str
    reason: str


@dataclass(frozen=True)
class Counts:
    """How the files of a batch or run ended; `seen` is their sum, counted on its own."""

    seen: int = 0
    indexed: int = 0
    unchanged: int = 0
    duplicate: int = 0
    failed: int = 0
    problems: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.seen + other.seen,
            self.indexed + other.indexed,
            self.unchanged + other.unchanged,
            self.duplicate + other.duplicate,
            self.failed + other.failed,
            self.problems + other.problems,
        )

    @property
    def reconciled(self) -> bool:
        """Whether every file seen ended in exactly one way."""
        return self.seen == self.indexed + self.unchanged + self.duplicate + self.failed


@dataclass
class Batch:
    """Everything that one publication brings.

    moved: image id -> the path its photo has now. blanks: product id -> attributes that the source has a column for
    and no value, cleared at the end of the run where no other batch of it says them. unheard: ids of products that the
    source says more of, in rows that could not be read: nothing of these is cleared.
    products: product id -> given attributes, for every product seen, changed or not (the writer compares).
    entries: ledger lines of files that brought no image. buried: image ids that leave the catalog.
    """

    images: list[NewImage] = field(default_factory=list)
    vectors: list[NewVectors] = field(default_factory=list)
    products: dict[str, Mapping[str, AttributeValue]] = field(default_factory=dict)
    attribute_types: dict[str, AttributeType] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    buried: list[int] = field(default_factory=list)
    moved: dict[int, str] = field(default_factory=dict)
    blanks: dict[str, frozenset[str]] = field(default_factory=dict)
    unheard: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    counts: Counts = Counts()

    @property
    def only_sightings(self) -> bool:
        """Whether the batch brings nothing but products that may be as they were."""
        return not (self.images or self.vectors or self.entries or self.buried or self.moved or self.problems)
