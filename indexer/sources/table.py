"""A table of products: CSV, TSV, JSONL or Parquet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.attributes import AttributeType, AttributeValue
from engine.errors import SourceError
from indexer.remote.permission import Remote
from indexer.sources.base import SourceImage, SourceProblem
from indexer.sources.boxes import read_box
from indexer.sources.cells import ATTRIBUTE_TYPES, Misfit, as_text, attribute_name, fit, is_absent, shown
from indexer.sources.headers import Header, match_column, read_header
from indexer.sources.photo_cell import Whereabouts, find_photo
from indexer.sources.places import derived_product, locate, why_not_a_file
from indexer.sources.repeats import Repeats
from indexer.sources.rows import Row, Rows
from indexer.sources.rows_delimited import DelimitedRows
from indexer.sources.rows_jsonl import JsonLinesRows
from indexer.sources.rows_parquet import ParquetRows

TABLE_SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")


class TableSource:
    """Photos as the rows of a table name them, one photo a row.

    Which column is which, and what becomes of a cell that cannot be used: docs/sources.md. The whole table is read
    once on construction, to count its rows and infer types; the photos are not opened.
    """

    def __init__(
        self,
        path: Path,
        root: Path,
        columns: Mapping[str, str] | None = None,
        types: Mapping[str, AttributeType] | None = None,
        known: Mapping[str, AttributeType] | None = None,
        delimiter: str | None = None,
        remote: Remote | None = None,
    ) -> None:
        """path, root: absolute; the other parameters as in `open_source`, which is the way in."""
        self.name = str(path)
        self._file = path.name
        self._root = root.as_posix()
        self._remote = remote
        self._rows = open_rows(path, delimiter)
        if not len(self._rows):
            raise SourceError(f"{path}: the table has no rows")
        self._header = read_header(self._rows.columns, columns or {})
        if why := self._rows.unusable.get(self._header.image):
            raise SourceError(
                f"{path}: column {self._header.image} {why}: save the photos as files and give their paths"
            )
        chosen = _given_types(self._header, types or {})
        self.attribute_types = _settle_types(self._header, self._rows, chosen, known or {})
        self._guessed = self.attribute_types.keys() - chosen.keys() - (known or {}).keys()

    def __len__(self) -> int:
        """Number of rows: each gives a photo or a fatal problem."""
        return len(self._rows)

    def __iter__(self) -> Iterator[SourceImage | SourceProblem]:
        """What each row gives, after what is to be said of the table as a whole."""
        unusable = [
            f"column {column} is left out: it {why}"
            for column, why in self._rows.unusable.items()
            if column not in self._header.box  # a box may be a list
        ]
        for note in (*self._rows.notes, *self._header.left_out, *unusable, *self._suspects()):
            yield SourceProblem(self.name, self._file, note, fatal=False)
        repeats = Repeats(list(self.attribute_types))
        for row in self._rows:
            yield from self._read_row(row, repeats)

    def _suspects(self) -> Iterator[str]:
        """Columns that were guessed to be text and may be meant to be something else."""
        for name, column in self._header.attributes.items():
            if name in self._guessed and (found := self._rows.suspects.get(column)):
                where = f"{self._rows.unit} {found.row}"
                what = "not a number as 1299.5 is" if found.meant == "number" else "not true or false"
                yield (
                    f"column {column} was read as text: {shown(found.text)} in {where} is {what}; "
                    f"in a new catalog, --type {name}={found.meant} reads the {found.meant}s and leaves other cells out"
                )

    def _read_row(self, row: Row, repeats: Repeats) -> Iterator[SourceImage | SourceProblem]:
        """Problems of single cells, then the photo; or one fatal problem."""
        where = f"{self._file} {self._rows.unit} {row.number}"
        whole = f"{self.name} {self._rows.unit} {row.number}"
        if row.fault:
            yield SourceProblem(whole, where, row.fault)
            return
        photo = self._photo(row)
        if isinstance(photo, Misfit):
            yield SourceProblem(whole, where, photo.reason)
            return
        path = photo.path
        product, named, complaint = self._product(row, path)
        if earlier := repeats.earlier_row(product, path, row.number):
            yield SourceProblem(whole, where, f"repeats {self._rows.unit} {earlier}: product {product!r}, photo {path}")
            return
        if photo.packed is None and (why := why_not_a_file(path)):
            yield SourceProblem(path, where, f"photo {why}: {path}", product=product)
            return
        cells = self._cells(row)
        reasons = [*complaint, *cells.reasons]
        for name in repeats.contradictions(product, cells.attributes):
            column = self._header.attributes[name]
            reasons.append(
                f"column {column}: differs from an earlier row of product {product!r}; the first value stays"
            )
            del cells.attributes[name]
        for reason in reasons:
            yield SourceProblem(path, where, reason, fatal=False, product=product)
        yield SourceImage(
            Path(path), path, product, cells.attributes, cells.mask, cells.box, where, named,
            packed=photo.packed,
        )  # fmt: skip

    def _photo(self, row: Row) -> Whereabouts | Misfit:
        column = self._header.image
        cell = row.cells.get(column)
        if is_absent(cell):
            return Misfit(f"column {column} is empty: the row names no photo")
        found = find_photo(cell, self._root, self._remote)
        return Misfit(f"column {column}: {found.reason}") if isinstance(found, Misfit) else found

    def _product(self, row: Row, path: str) -> tuple[str, bool, list[str]]:
        """The product's id, whether the row names it, and what is wrong with the cell."""
        derived = derived_product(path, self._root)
        column = self._header.product
        if column is None:
            return derived, False, []
        cell = row.cells.get(column)
        product = Misfit("empty") if cell in (None, "") or is_absent(cell) else as_text(cell)
        if isinstance(product, Misfit):
            return derived, False, [f"column {column}: {product.reason}; the product is named after its photo"]
        return product, True, []

    def _cells(self, row: Row) -> _Cells:
        attributes: dict[str, AttributeValue] = {}
        reasons = []
        for name, type in self.attribute_types.items():
            column = self._header.attributes[name]
            value = fit(row.cells.get(column), type)
            if isinstance(value, Misfit):
                way_out = f"; in a new catalog, --type {name}=text reads the column as text"
                reasons.append(
                    f"column {column}: {value.reason}{way_out if type != 'text' and name in self._guessed else ''}"
                )
            elif value is not None:
                attributes[name] = value
        mask = self._mask(row)
        box = read_box([row.cells.get(column) for column in self._header.box])
        if isinstance(mask, Misfit):
            reasons.append(f"column {self._header.mask}: {mask.reason}; the whole photo is used")
        if isinstance(box, Misfit):
            reasons.append(f"column {', '.join(self._header.box)}: {box.reason}; the whole photo is used")
        return _Cells(
            attributes,
            None if isinstance(mask, Misfit) else mask,
            None if isinstance(box, Misfit) else box,
            reasons,
        )

    def _mask(self, row: Row) -> Path | Misfit | None:
        cell = row.cells.get(self._header.mask) if self._header.mask else None
        if is_absent(cell):
            return None
        found = locate(cell, self._root)
        if isinstance(found, Misfit):
            return found
        why = why_not_a_file(found)
        return Misfit(f"mask {why}: {found}") if why else Path(found)


@dataclass(frozen=True)
class _Cells:
    attributes: dict[str, AttributeValue]
    mask: Path | None
    box: tuple[int, int, int, int] | None
    reasons: list[str]


def open_rows(path: Path, delimiter: str | None = None) -> Rows:
    """The rows of a table, by its suffix. Raises SourceError for another one, and for a file that is empty."""
    match path.suffix.lower():
        case ".csv" | ".tsv":
            return DelimitedRows(path, delimiter)
        case ".jsonl" | ".ndjson":
            return JsonLinesRows(path)
        case ".parquet":
            return ParquetRows(path)
        case _:
            raise SourceError(f"{path}: not a table Houndstooth reads: {', '.join(TABLE_SUFFIXES)}")


def _given_types(header: Header, given: Mapping[str, AttributeType]) -> dict[str, AttributeType]:
    """The types that the caller gave, by attribute."""
    chosen: dict[str, AttributeType] = {}
    for wanted, type in given.items():
        column = match_column(wanted, list(header.attributes.values()))
        name = next((name for name, own in header.attributes.items() if own == column), attribute_name(wanted))
        if name not in header.attributes:
            raise SourceError(f"no attribute {wanted!r} to type. There are: {', '.join(header.attributes) or 'none'}.")
        if type not in ATTRIBUTE_TYPES:
            raise SourceError(f"{wanted}={type!r}: a type is one of {', '.join(ATTRIBUTE_TYPES)}")
        chosen[name] = type
    return chosen


def _settle_types(
    header: Header, rows: Rows, chosen: Mapping[str, AttributeType], known: Mapping[str, AttributeType]
) -> dict[str, AttributeType]:
    """Each attribute's type: given by the caller, else the catalog's, else the table's; without any of them, none.

    So a column whose last value was deleted still says, of an attribute of the catalog, that there is none.
    """
    settled: dict[str, AttributeType] = {}
    for name, column in header.attributes.items():
        if column in rows.unusable:
            continue
        if name in chosen:
            settled[name] = chosen[name]
        elif name in known or column in rows.types:
            settled[name] = known[name] if name in known else rows.types[column]
    return settled
