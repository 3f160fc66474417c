"""Models that were fitted to a catalog: files in its `models/`, named by a space for its extractor to be built with.

A space's parameters say which under "models": option -> SHA-256. The record outlives the space's vectors: when the
extractor built with them replaces the one before, the new space keeps it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, update

from engine import schema
from engine.durable import hash_file, publish
from engine.errors import CatalogCorruptError
from engine.snapshot import MODELS, Space, load_spaces
from engine.store import Store

if TYPE_CHECKING:
    from engine.writer import Writer

SUFFIX = ".safetensors"


def models_of(space: Space) -> Mapping[str, str]:
    """Option -> SHA-256 of what was fitted for this space; mostly none."""
    found: Mapping[str, str] = space.parameters.get(MODELS, {})
    return found


def made_with(store: Store, space: Space) -> Mapping[str, str]:
    """Option -> SHA-256 of the catalog's own models that the vectors there were made with; mostly none.

    Not what `models_of` says while a model was fitted, or taken back, and the photos are not indexed again yet.
    """
    told = {option: value for option, value in space.parameters.items() if isinstance(value, str)}
    return {option: value for option, value in told.items() if model_path(store, value).is_file()}


def model_path(store: Store, sha256: str) -> Path:
    """Where the model of this hash lies."""
    return store.models / (sha256[:32] + SUFFIX)


def open_model(store: Store, sha256: str) -> Path:
    """As `model_path`, the file verified. Raises CatalogCorruptError, which says how to go on without it."""
    path = model_path(store, sha256)
    if wrong := model_fault(path, sha256):
        raise CatalogCorruptError(f"{path} {wrong}: run `houndstooth check --repair`, then index the photos again")
    return path


def model_fault(path: Path, sha256: str) -> str:
    """What is wrong with a model's file, or ""."""
    if not path.is_file():
        return "is missing"
    return "" if hash_file(path) == sha256 else "was altered"


def save_model(writer: Writer, space: str, option: str, data: bytes) -> None:
    """Publish a model and have the space's extractor built with it from the next indexing on. Raises SpaceError."""
    file = publish(writer.store.models, SUFFIX, [data])
    _record(writer, space, {option: file.sha256})


def drop_models(writer: Writer, space: str) -> None:
    """Have the space's extractor built as it is shipped again. The files are swept when nobody may read them."""
    _record(writer, space, {})


def model_names(connection: Connection) -> set[str]:
    """Files in `models/` that spaces in use name: those to be made with, and those that they were made with."""
    spaces = load_spaces(connection).values()
    told = [value for space in spaces for value in (*space.parameters.values(), *models_of(space).values())]
    return {sha256[:32] + SUFFIX for sha256 in told if isinstance(sha256, str)}


def _record(writer: Writer, name: str, models: Mapping[str, str]) -> None:
    with writer.change() as connection:
        space = load_spaces(connection)[name]
        parameters = {key: value for key, value in space.parameters.items() if key != MODELS}
        if models:
            parameters[MODELS] = dict(models)
        told = json.dumps(parameters, sort_keys=True)
        connection.execute(update(schema.space).where(schema.space.c.id == space.id).values(parameters=told))
