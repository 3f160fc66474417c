"""Where vectors of labelled photos are made that no catalog has: a catalog in a cache folder, kept for the next run."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from engine.batch import Counts
from engine.errors import InputError
from engine.ledger import failures
from engine.store import Store
from indexer.bulk import IndexOptions, StopRequest, index
from indexer.garments.find import GarmentStep
from indexer.labels.reading import Example
from indexer.labels.source import LabelledPhotos
from indexer.spaces.base import Extractor


def cache_folder(told: Sequence[str]) -> Path:
    """A folder of the user's cache for what these texts name: $XDG_CACHE_HOME, else ~/.cache."""
    home = os.environ.get("XDG_CACHE_HOME") or ""
    root = Path(home) if Path(home).is_absolute() else Path.home() / ".cache"
    return root / "houndstooth" / "train" / hashlib.sha256("\0".join(told).encode()).hexdigest()[:16]


def index_examples(
    folder: Path,
    name: str,
    examples: Sequence[Example],
    extractors: Mapping[str, Extractor],
    garments: GarmentStep,
    progress: Callable[[Counts], None],
    stop: StopRequest | None,
) -> tuple[Store, dict[str, str]]:
    """A catalog with vectors of the examples' photos, and for each photo that could not be read why.

    What an earlier run extracted is used again. Raises InputError when `stop` ended it early: it goes on the next time.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    store = Store.create(folder)
    source = LabelledPhotos(name, examples)
    report = index(store, source, extractors, IndexOptions(garments=garments), progress, stop)
    if report.interrupted:
        raise InputError(f"stopped after {report.counts.seen} photos: run the same command again to go on")
    return store, {line.path: line.reason for line in failures(store, run_id=report.run_id)}
