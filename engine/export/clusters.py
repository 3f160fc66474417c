"""A cluster run as a table, a page or a folder of pictures."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from engine.cluster_runs import ClusterRun, open_run
from engine.cluster_sheet import Sheet, cluster_sheet
from engine.columns import column_values
from engine.export.folders import Originals, Shelf, write_folders
from engine.export.place import Exported, kind_of, new_file
from engine.export.rows import Table, array_field, attribute_fields, column_field
from engine.export.tables import TABLES
from engine.pages import clusters_page
from engine.pages.clusters import LIMIT
from engine.snapshot import Reader
from engine.store import Store
from engine.thumbnails import Thumbnails

CLUSTER_FIELDS = ("product", "image", "cluster", "cluster_name", "distance", "outlier", "medoid")


def export_clusters(
    source: Store | Reader,
    run: ClusterRun | str,
    to: Path | str,
    copies: bool = False,
    limit: int = LIMIT,
    originals: Originals | None = None,
) -> Exported:
    """Write a run to a file (.csv, .jsonl, .parquet: a row an image; .html: a contact sheet) or a folder of pictures.

    A photo with several regions in the run has a row for each. copies: files in the folder are copies rather than
    links. originals: see `write_folders`. limit: pictures a cluster on the page. A file that is there is replaced; see
    `new_folder` for folders.
    Members that were removed from the catalog since the run are left out, and counted. Raises InputError.
    """
    to = Path(to)
    kind = kind_of(to, (*TABLES, ".html"))
    reader = source if isinstance(source, Reader) else Reader(source)
    sheet = cluster_sheet(reader, open_run(reader.store, run) if isinstance(run, str) else run)
    if not kind:
        done = write_folders(to, _shelves(sheet), Thumbnails(reader.store), copies, originals)
        return replace(done, dropped=sheet.dropped)
    if kind == ".html":
        with new_file(to) as path:
            path.write_text(clusters_page(sheet, Thumbnails(reader.store), limit), encoding="utf-8")
    else:
        TABLES[kind](cluster_table(sheet), to)
    return Exported((to,), len(sheet.rows), sheet.dropped)


def cluster_table(sheet: Sheet) -> Table:
    """CLUSTER_FIELDS and every attribute, a row a member."""
    columns = sheet.snapshot.columns(["product", "image"])
    names = np.array(["", *(cluster.name for cluster in sheet.run.clusters)], dtype=object)
    fields = (
        column_field("product", columns["product"], sheet.rows),
        column_field("image", columns["image"], sheet.rows),
        array_field("cluster", "integer", sheet.members.numbers),
        array_field("cluster_name", "text", names[sheet.members.numbers]),
        array_field("distance", "number", sheet.members.distances),
        array_field("outlier", "boolean", sheet.members.outliers),
        array_field("medoid", "boolean", sheet.medoids),
    )
    return Table((*fields, *attribute_fields(sheet.snapshot, sheet.rows, CLUSTER_FIELDS)), len(sheet.rows))


def _shelves(sheet: Sheet) -> list[Shelf]:
    paths = sheet.snapshot.columns(["image"])["image"]
    shelves = []
    for cluster in sheet.run.clusters:
        rows = sheet.rows[sheet.members.numbers == cluster.number]
        image_ids = sheet.snapshot.image_ids[rows].tolist()
        pictures = zip(column_values(paths, rows), image_ids, strict=True)
        shelves.append(Shelf("-".join([f"{cluster.number:02d}", *re.findall(r"\w+", cluster.name)]), list(pictures)))
    return shelves
