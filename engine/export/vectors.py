"""The raw vectors of a space: a NumPy array, and beside it a table that says what each row is."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engine.errors import InputError
from engine.export.place import Exported, new_file
from engine.export.rows import Table, array_field, attribute_fields, column_field
from engine.export.tables import fill_parquet
from engine.matching import matching_rows
from engine.snapshot import Reader
from engine.store import Store

VECTOR_FIELDS = ("product", "image", "region")


def export_vectors(source: Store | Reader, space: str, to: Path | str, where: str = "") -> Exported:
    """Write `to`, NAME.npy: float32 (n, dim), C order, and NAME.parquet: VECTOR_FIELDS and every attribute, row by row.

    Rows are the live regions in the space that match the filter, by ascending region id; possibly none.
    Raises InputError for another suffix, SpaceError and FilterError.
    """
    to = Path(to)
    if to.suffix.lower() != ".npy" or to.is_dir():
        raise InputError(f"vectors are exported to a NumPy file with a table beside it: end '{to.name}' in .npy")
    reader = source if isinstance(source, Reader) else Reader(source)
    snapshot, rows = matching_rows(reader, space, where, lambda known: known)
    vectors = snapshot.vectors(space)
    ids = snapshot.region_ids[rows]
    columns = snapshot.columns(["product", "image"])
    table = Table(
        (
            column_field("product", columns["product"], rows),
            column_field("image", columns["image"], rows),
            array_field("region", "integer", ids),
            *attribute_fields(snapshot, rows, VECTOR_FIELDS),
        ),
        len(rows),
    )
    beside = to.with_suffix(".parquet")
    with new_file(beside) as table_path, new_file(to) as array_path:  # both are whole before either is in place
        fill_parquet(table, table_path)
        with array_path.open("wb") as file:
            header = {"descr": "<f4", "fortran_order": False, "shape": (len(ids), vectors.dim)}
            np.lib.format.write_array_header_1_0(file, header)
            for _, part in vectors.chunks(ids):
                file.write(part.astype("<f4", copy=False).tobytes())
    return Exported((to, beside), len(rows))
