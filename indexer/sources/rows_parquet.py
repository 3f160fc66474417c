"""Parquet, streamed by record batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from engine.attributes import AttributeType
from engine.errors import SourceError
from indexer.sources.cells import Suspect
from indexer.sources.rows import Row, distinct

if TYPE_CHECKING:
    import pyarrow as pa

_BATCH_ROWS = 1_024


class ParquetRows:
    """The rows of a Parquet file, with the types that its schema declares. Raises SourceError for another file."""

    unit: str = "row"
    columns: Sequence[str]
    types: Mapping[str, AttributeType]
    suspects: Mapping[str, Suspect]
    unusable: Mapping[str, str]
    notes: Sequence[str]

    def __init__(self, path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self._path = path
        try:
            with pq.ParquetFile(path) as file:
                fields = list(file.schema_arrow)
                self._count = file.metadata.num_rows
        except pa.ArrowException as error:
            raise SourceError(f"not a Parquet file that can be read: {error}") from error
        self.columns = distinct(field.name for field in fields)
        named = list(zip(self.columns, (field.type for field in fields), strict=True))
        self._skipped = {column for column, kind in named if _why_unusable(kind) and not _is_list(kind)}
        self.unusable = {column: why for column, kind in named if (why := _why_unusable(kind))}
        self.notes = []
        self.suspects = {}  # what a schema declares is meant
        self.types = {column: type for column, kind in named if (type := _attribute_type(kind))}

    def __iter__(self) -> Iterator[Row]:
        """Rows as Python values; dates and times as ISO text. Raises SourceError where the file is damaged."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        number = 0
        try:
            with pq.ParquetFile(self._path) as file:
                for batch in file.iter_batches(batch_size=_BATCH_ROWS, use_threads=False):
                    values = [_values(batch.column(at), name in self._skipped) for at, name in enumerate(self.columns)]
                    for cells in zip(*values, strict=True):
                        number += 1
                        yield Row(number, dict(zip(self.columns, cells, strict=True)))
        except (pa.ArrowException, OSError) as error:
            raise SourceError(f"{self._path}: cannot be read after row {number}: {error}") from error

    def __len__(self) -> int:
        """Number of rows."""
        return int(self._count)


def _plain_kind(kind: pa.DataType) -> pa.DataType:
    import pyarrow as pa

    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _is_list(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))


def _why_unusable(kind: pa.DataType) -> str | None:
    if _attribute_type(kind) or str(kind) == "null":
        return None
    return f"holds {kind}, which is neither text nor number nor boolean"


def _attribute_type(kind: pa.DataType) -> AttributeType | None:
    import pyarrow as pa

    kind = _plain_kind(kind)
    if pa.types.is_boolean(kind):
        return "boolean"
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return "number"
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return "text"
    return "text" if _is_date(kind) else None


def _is_date(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_date(kind) or pa.types.is_time(kind) or pa.types.is_timestamp(kind))


def _values(column: pa.Array, skip: bool) -> list[object]:
    import pyarrow as pa

    if skip:
        return [None] * len(column)
    plain = column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
    return list((plain.cast(pa.string()) if _is_date(plain.type) else plain).to_pylist())
