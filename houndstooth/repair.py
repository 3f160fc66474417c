"""Mending a catalog as far as it is derived: thumbnails from the photos, FAISS files from the vectors."""

from __future__ import annotations

from dataclasses import dataclass

from engine.checks import CheckReport
from engine.indexes import FLAT, refresh_index
from engine.models import GARMENTS, drop_models, forget_garment_files, forget_labels
from engine.repair import retire_broken
from engine.snapshot import load_spaces
from engine.store import Store
from engine.writer import writing
from indexer.decode import DecodeLimits
from indexer.rethumb import rebuild_thumbnails


@dataclass(frozen=True)
class RepairReport:
    """What was done. retired: files taken out of use. reindex: photos whose vectors the next `index` extracts again.

    unfitted: spaces whose own projection was broken, or "garments" for the finder's own weights: the next `index` uses
    them as shipped.
    thumbnails, indexes: made anew. without_thumbnail: photos that could not be read for one.
    """

    retired: int
    reindex: int
    thumbnails: int
    indexes: int
    without_thumbnail: int
    unfitted: tuple[str, ...] = ()


def repair(store: Store, report: CheckReport) -> RepairReport:
    """Take what `check` found broken out of use, and make anew what can be."""
    with writing(store) as writer:
        done = retire_broken(writer, report)
        made, failed = rebuild_thumbnails(writer, done.pictures, DecodeLimits())
        with store.database.read() as connection:
            names = list(load_spaces(connection))
        indexes = sum(refresh_index(writer, name) != FLAT for name in names) if done.indexes else 0
        broken = {finding.subject.removeprefix("space ") for finding in report.findings if finding.part == "models"}
        for name in sorted(broken):
            if name == GARMENTS:
                forget_garment_files(writer)
            elif name.startswith("label "):
                forget_labels(writer, [name.removeprefix("label ")])
            else:
                drop_models(writer, name)
    return RepairReport(done.retired, done.reindex, made, indexes, len(failed), tuple(sorted(broken)))
