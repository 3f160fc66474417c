"""How the extractor of a catalog's space is built: options, and files of the catalog's own in its `models/`.

A space's parameters say what it is to be built with from the next indexing on: files (a fitted projection, weights)
under "models", option -> SHA-256, and other options under "options". The record outlives the space's vectors: when the
extractor built so replaces the one before, the new space keeps it. What the vectors there were made with is told apart.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select, update

from engine import schema
from engine.durable import hash_file, publish
from engine.errors import CatalogCorruptError
from engine.settings import keep_setting, setting
from engine.snapshot import MADE, MODELS, OPTIONS, Space, load_spaces
from engine.store import Store

if TYPE_CHECKING:
    from engine.writer import Writer

SUFFIX = ".safetensors"
GARMENTS = "garments"
"""The setting that says how garments are found: {"choice": ..., and a recipe as spaces have it}."""

LABELS = "labels"
"""The setting that says which labels photos are told: attribute -> {"sha256": of its file in `models/`, ...}."""


@dataclass(frozen=True)
class Recipe:
    """What an extractor is built with. models: option -> SHA-256 of a file in `models/`. options: option -> value."""

    models: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)

    def told(self) -> dict[str, dict[str, Any]]:
        """As a space's parameters tell it; nothing for an extractor as it comes."""
        told: dict[str, dict[str, Any]] = {MODELS: dict(self.models), OPTIONS: dict(self.options)}
        return {key: value for key, value in told.items() if value}

    def parameters(self) -> dict[str, dict[str, Any]]:
        """What a space that an extractor built so fills is to have among its parameters."""
        return {**self.told(), MADE: dict(self.options)} if self.options else self.told()


def wanted(space: Space) -> Recipe:
    """What the space's extractor is to be built with from the next indexing on."""
    return Recipe(space.parameters.get(MODELS, {}), space.parameters.get(OPTIONS, {}))


def made_with(store: Store, space: Space) -> Recipe:
    """What the vectors there were made with.

    Not what `wanted` says while that was changed and the photos are not indexed again yet.
    """
    told = {option: value for option, value in space.parameters.items() if isinstance(value, str)}
    models = {option: value for option, value in told.items() if model_path(store, value).is_file()}
    return Recipe(models, space.parameters.get(MADE, {}))


def garment_recipe(store: Store) -> tuple[str, Recipe]:
    """How garments are found in photos that are indexed, "" where nobody chose, and what the finder is built with."""
    told = setting(store, GARMENTS) or {}
    return told.get("choice", ""), Recipe(told.get(MODELS, {}), told.get(OPTIONS, {}))


def forget_garment_files(writer: Writer) -> None:
    """Have the garment finder built without files of the catalog's own."""
    choice, recipe = garment_recipe(writer.store)
    keep_setting(writer, GARMENTS, {"choice": choice, **Recipe({}, recipe.options).told()})


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


def keep_file(writer: Writer, data: bytes) -> str:
    """Publish a file in `models/`; its SHA-256. It is swept when no space names it for an hour."""
    return publish(writer.store.models, SUFFIX, [data]).sha256


def save_model(writer: Writer, space: str, option: str, data: bytes) -> None:
    """Publish a model and have the space's extractor built with it from the next indexing on."""
    before = wanted(every_space(writer.store)[space])
    record(writer, space, Recipe({**before.models, option: keep_file(writer, data)}, before.options))


def drop_models(writer: Writer, space: str, option: str | None = None) -> None:
    """Have the space's extractor built without its own files, or one of them, again.

    The files are swept when nobody may read them.
    """
    before = wanted(every_space(writer.store)[space])
    kept = {name: sha256 for name, sha256 in before.models.items() if option is not None and name != option}
    record(writer, space, Recipe(kept, before.options))


def model_names(connection: Connection, garments: Recipe) -> set[str]:
    """Files in `models/` that spaces in use name, are or were made with, and those of the finder and of labels."""
    spaces = [*load_spaces(connection).values(), *load_spaces(connection, pending=True).values()]
    told = [value for space in spaces for value in (*space.parameters.values(), *wanted(space).models.values())]
    told += garments.models.values()
    told += _label_files(connection).values()
    return {sha256[:32] + SUFFIX for sha256 in told if isinstance(sha256, str)}


def label_files(store: Store) -> dict[str, str]:
    """The catalog's labels: attribute -> SHA-256 of the file that tells it."""
    with store.database.read() as connection:
        return _label_files(connection)


def _label_files(connection: Connection) -> dict[str, str]:
    statement = select(schema.setting.c.value).where(schema.setting.c.name == LABELS)
    told = connection.execute(statement).scalar_one_or_none()
    return {} if told is None else {name: line["sha256"] for name, line in json.loads(told).items()}


def forget_labels(writer: Writer, attributes: Collection[str]) -> None:
    """Have photos told these labels no longer; what was told stays, until it is cleared."""
    told = dict(setting(writer.store, LABELS) or {})
    keep_setting(writer, LABELS, {name: line for name, line in told.items() if name not in attributes})


def every_space(store: Store) -> dict[str, Space]:
    """The spaces that answer, by name, and those still being filled whose name none of them has."""
    with store.database.read() as connection:
        return {**load_spaces(connection, pending=True), **load_spaces(connection)}


def record(writer: Writer, name: str, recipe: Recipe) -> None:
    """Have the extractor of a space that is there built so from the next indexing on."""
    space = every_space(writer.store)[name]
    if recipe == wanted(space):
        return
    own = {key: value for key, value in space.parameters.items() if key not in (MODELS, OPTIONS)}
    told = json.dumps({**own, **recipe.told()}, sort_keys=True)
    with writer.change() as connection:
        connection.execute(update(schema.space).where(schema.space.c.id == space.id).values(parameters=told))
