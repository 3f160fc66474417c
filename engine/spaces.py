"""The spaces that a catalog is written in: registered, replaced while they are filled, retired."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, delete, insert, select, update

from engine import schema
from engine.attributes import AttributeType
from engine.shard_rows import retire_shards
from engine.snapshot import MODELS, OPTIONS, Space, load_spaces
from engine.values import declare

if TYPE_CHECKING:
    from engine.writer import Writer


@dataclass(frozen=True)
class SpaceSpec:
    """What the indexer says of a space it writes."""

    name: str
    dim: int
    fingerprint: str
    parameters: Mapping[str, Any]
    weight: float
    reads: str
    attribute_types: Mapping[str, AttributeType]


def use_spaces(writer: Writer, specs: Sequence[SpaceSpec]) -> dict[str, Space]:
    """The spaces to write, by name, registered where they are new.

    In a catalog that has images a new space, or one whose extractor changed, is pending: the old one answers until
    `engine.promotion.promote_spaces` finds that nothing is missing from the new.
    """
    with writer.database.read() as connection:
        active, pending = load_spaces(connection), load_spaces(connection, pending=True)
        any_image = select(schema.image.c.id).where(schema.image.c.removed.is_(None)).limit(1)
        filled = connection.execute(any_image).first() is not None
    used: dict[str, Space] = {}
    fresh: list[SpaceSpec] = []
    over: list[Space] = []
    for spec in specs:
        there = [kind[spec.name] for kind in (active, pending) if spec.name in kind]
        same = next((space for space in there if space.fingerprint == spec.fingerprint), None)
        if same is None:
            fresh.append(spec)
        else:
            used[spec.name] = same
        # A pending space that is not the one wanted never will be; the one that answers stays until it is replaced.
        over += [space for space in there if space is not same and (not filled or space is pending.get(spec.name))]
    if fresh or over:
        with writer.change() as connection:
            for space in over:
                retire_space(connection, space, writer.generation + 1)
            for spec in fresh:
                before = active.get(spec.name) or pending.get(spec.name)
                _register(connection, spec, before, pending=filled)
    with writer.database.read() as connection:
        made = load_spaces(connection, pending=filled)
    return {**used, **{spec.name: made[spec.name] for spec in fresh}}


def _register(connection: Connection, spec: SpaceSpec, before: Space | None, pending: bool) -> None:
    parameters = dict(spec.parameters)
    for key in (MODELS, OPTIONS):
        if before is not None and key in before.parameters:
            parameters[key] = before.parameters[key]
    connection.execute(
        insert(schema.space).values(
            name=spec.name,
            dim=spec.dim,
            metric="cosine",
            fingerprint=spec.fingerprint,
            parameters=json.dumps(parameters, sort_keys=True),
            weight=spec.weight,
            reads=spec.reads,
            pending=pending,
        )
    )
    declare(connection, spec.attribute_types)


def retire_space(connection: Connection, space: Space, generation: int) -> None:
    """Take a space out of use, with its shards, its index and what it predicted."""
    connection.execute(update(schema.space).where(schema.space.c.id == space.id).values(removed=generation))
    retire_shards(connection, schema.shard.c.space_id == space.id, generation)
    connection.execute(schema.vector_index.delete().where(schema.vector_index.c.space_id == space.id))
    connection.execute(delete(schema.refusal).where(schema.refusal.c.space_id == space.id))
    connection.execute(
        delete(schema.region_value).where(schema.region_value.c.model == f"{space.name}:{space.fingerprint}")
    )
