"""What a reader of a dataset tells, one record a photo, and the source made of it.

A reader's file has `detect(place)`, which says from the shape of a folder whether it is this dataset, and
`read(place, how)`, which gives a `RecordSource` over a generator of records. What all readers must keep (a photo that
is there, no photo of a product twice, no product that contradicts itself, values of their attributes' types) is here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from engine.attributes import AttributeType, AttributeValue
from engine.errors import SourceError
from indexer.remote.permission import Remote
from indexer.sources.base import GivenMask, PackedPhoto, SourceImage, SourceProblem
from indexer.sources.cells import Misfit, fit
from indexer.sources.places import why_not_a_file
from indexer.sources.repeats import Repeats

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Reading:
    """How the caller wants a source read. root: where relative paths start, None for the reader's own choice.

    known: types of the attributes that the catalog has already. columns, types, delimiter: for tables. remote: the
    permission to read photos at addresses.
    """

    root: Path | None = None
    known: Mapping[str, AttributeType] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[str, AttributeType] = field(default_factory=dict)
    delimiter: str | None = None
    remote: Remote | None = None


@dataclass(frozen=True)
class Place:
    """Where a dataset says something: the file, and "line 12" or "annotations[3]" in it. part: its folder, if shown."""

    file: Path
    entry: str
    part: str = ""

    @property
    def row(self) -> str:
        """As `SourceImage.row`."""
        return f"{self.part}{'/' if self.part else ''}{self.file.name} {self.entry}"

    @property
    def whole(self) -> str:
        """The file's path with it."""
        return f"{self.file.as_posix()} {self.entry}"

    def lost(self, reason: str) -> SourceProblem:
        """What is said here costs its photo."""
        return SourceProblem(self.whole, self.row, reason)

    def kept(self, reason: str) -> SourceProblem:
        """What is said here cannot be used; no photo is lost."""
        return SourceProblem(self.whole, self.row, reason, fatal=False)


@dataclass(frozen=True)
class Record:
    """One photo as a dataset tells it. path: absolute, whether there is a file or not; the rest as in `SourceImage`.

    attributes, own: of the product, and of this photo alone; a value may be of any type that fits. faults: what is
    wrong with values of this photo, which is indexed without them.
    """

    place: Place
    path: str
    product: str
    attributes: Mapping[str, object] = field(default_factory=dict)
    own: Mapping[str, object] = field(default_factory=dict)
    mask: Path | GivenMask | None = None
    box: Box | None = None
    faults: tuple[str, ...] = ()
    packed: PackedPhoto | None = None
    holder: Path | None = None
    named: bool = True


class RecordSource:
    """A source over a generator of records, which may be run again and again."""

    def __init__(
        self,
        place: Path,
        types: Mapping[str, AttributeType],
        records: Callable[[], Iterator[Record | SourceProblem]],
        known: Mapping[str, AttributeType],
        count: int | None = None,
    ) -> None:
        """types: of every attribute that a record may have. count: of records and losses, where that is known."""
        self.name = str(place)
        self.attribute_types: dict[str, AttributeType] = {name: known.get(name, kind) for name, kind in types.items()}
        self._records = records
        self._count = count

    def __len__(self) -> int:
        """Number of records and losses; counted by a pass over them where it is not known."""
        return self._counted if self._count is None else self._count

    @cached_property
    def _counted(self) -> int:
        return sum(1 for item in self._records() if isinstance(item, Record) or item.fatal)

    def __iter__(self) -> Iterator[SourceImage | SourceProblem]:
        """The photos and problems, in the dataset's order."""
        repeats = Repeats(list(self.attribute_types))
        for number, item in enumerate(self._records(), 1):
            if isinstance(item, SourceProblem):
                yield item
            else:
                yield from self._photo(item, repeats, number)

    def _photo(self, record: Record, repeats: Repeats, number: int) -> Iterator[SourceImage | SourceProblem]:
        place, path, product = record.place, record.path, record.product
        if repeats.earlier_row(product, path, number):
            yield place.lost(f"repeats an earlier entry: product {product!r}, photo {path}")
            return
        if record.packed is None and (why := why_not_a_file(path)):
            yield SourceProblem(path, place.row, f"photo {why}: {path}", product=product)
            return
        reasons = list(record.faults)
        shared, own = self._fitted(record.attributes, reasons), self._fitted(record.own, reasons)
        for name in repeats.contradictions(product, shared):
            reasons.append(f"{name}: differs from an earlier entry of product {product!r}; the first value stays")
            del shared[name]
        for reason in reasons:
            yield SourceProblem(path, place.row, reason, fatal=False, product=product)
        file = Path(path) if record.holder is None else record.holder
        yield SourceImage(
            file, path, product, shared, record.mask, record.box, place.row, record.named, own, record.packed
        )

    def _fitted(self, values: Mapping[str, object], reasons: list[str]) -> dict[str, AttributeValue]:
        fitted: dict[str, AttributeValue] = {}
        for name, told in values.items():
            value = fit(told, self.attribute_types[name])
            if isinstance(value, Misfit):
                reasons.append(f"{name}: {value.reason}")
            elif value is not None:
                fitted[name] = value
        return fitted


def needed(place: Path, *names: str) -> Path:
    """The first of these files (paths from the folder on) that is there. Raises SourceError naming the first."""
    found = first_file(place, *names)
    if found is None:
        raise SourceError(f"{place}: {names[0]} is missing: the dataset cannot be read without it")
    return found


def first_file(place: Path, *names: str) -> Path | None:
    """The first of these files that is there; None where none is."""
    return next((place / name for name in names if (place / name).is_file()), None)
