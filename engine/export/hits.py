"""Search results as a table, a page or a folder of pictures."""

from __future__ import annotations

from pathlib import Path

from engine.errors import InputError
from engine.export.folders import Originals, Shelf, write_folders
from engine.export.place import Exported, kind_of, new_file
from engine.export.rows import Table, free_names, list_field, value_type
from engine.export.tables import TABLES
from engine.pages import QueryView, results_page
from engine.query import Hit, Results
from engine.thumbnails import Thumbnails


def export_hits(
    results: Results,
    to: Path | str,
    thumbnails: Thumbnails | None = None,
    query: QueryView | None = None,
    copies: bool = False,
    originals: Originals | None = None,
) -> Exported:
    """Write hits in order to a file (.csv, .jsonl, .parquet: a row a hit; .html: a page) or a folder of pictures.

    thumbnails: the catalog's, which pages and folders need. query: what the page says was asked. copies: files in
    the folder are copies rather than links. originals: see `write_folders`. Raises InputError.
    """
    to = Path(to)
    kind = kind_of(to, (*TABLES, ".html"))
    if kind in TABLES:
        TABLES[kind](hit_table(results), to)
        return Exported((to,), len(results.hits))
    if thumbnails is None:
        raise InputError(f"a page or a folder of pictures needs the catalog's thumbnails, and {to} is one")
    if kind == ".html":
        with new_file(to) as path:
            path.write_text(results_page(results, thumbnails, query), encoding="utf-8")
        return Exported((to,), len(results.hits))
    shelf = Shelf("", [(hit.image, hit.image_id) for hit in results.hits])
    return write_folders(to, [shelf], thumbnails, copies, originals)


def hit_table(results: Results) -> Table:
    """rank, product, image, score, score_SPACE of every space, and every attribute that a hit has."""
    hits = results.hits
    scores = {f"score_{name}": name for name in results.query.weights}
    fixed = ("rank", "product", "image", "score", *scores)
    known = sorted({name for hit in hits for name in hit.attributes})
    fields = [
        list_field("rank", "integer", [hit.rank for hit in hits]),
        list_field("product", "text", [hit.product for hit in hits]),
        list_field("image", "text", [hit.image for hit in hits]),
        list_field("score", "number", [round(hit.score, 6) for hit in hits]),
        *(list_field(field, "number", [_score(hit, name) for hit in hits]) for field, name in scores.items()),
    ]
    for name, column in free_names(known, fixed).items():
        values = [hit.attributes.get(name) for hit in hits]
        fields.append(list_field(column, value_type([value for value in values if value is not None]), values))
    return Table(tuple(fields), len(hits))


def _score(hit: Hit, space: str) -> float | None:
    """None where the hit has no vector in the space."""
    return round(hit.scores[space], 6) if space in hit.scores else None
