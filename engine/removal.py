"""Removing products, photos and spaces from the catalog. The photos on disk are never touched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import delete, select

from engine import schema
from engine.batch import Counts
from engine.database import stream_numbers
from engine.errors import InputError, SpaceError
from engine.filters import parse_filter
from engine.ledger import image_paths
from engine.ledger_lines import add_counts
from engine.lookup import find_product
from engine.photos import is_gone
from engine.snapshot import Reader, load_spaces
from engine.spaces import retire_space
from engine.store import Store
from engine.tombstones import bury_empty_products, bury_images
from engine.values import SQL_LIMIT
from engine.writer import writing


@dataclass(frozen=True)
class Removal:
    """What would be removed: image ids and their paths, and the number of products left without an image.

    what: the conditions, for people. images_before: how many images the catalog has.
    """

    what: str
    image_ids: tuple[int, ...]
    paths: tuple[str, ...]
    products: int
    images_before: int


def select_images(
    reader: Reader, where: str = "", products: Sequence[str] = (), missing: bool = False
) -> tuple[int, ...]:
    """Ids of the live images that meet every condition given: a filter, product ids, a file that is gone.

    Raises InputError when no condition is given, FilterError or QueryError for a bad one.
    """
    if not (where or products or missing):
        raise InputError("say what to remove: a filter, product ids, or what is missing on disk")
    snapshot = reader.snapshot((lambda known: parse_filter(where, known).names) if where else None)
    keep = np.ones(len(snapshot.region_ids), dtype=np.bool_)
    if where:
        condition = parse_filter(where, snapshot.attributes)
        keep &= condition.evaluate(snapshot.columns(condition.names), len(keep))
    if products:
        ids = [find_product(reader, text).id for text in products]
        keep &= np.isin(snapshot.product_ids, ids)
    chosen = np.unique(snapshot.image_ids[keep]).tolist()
    if missing:
        paths = image_paths(reader.store, chosen)
        chosen = [image_id for image_id in chosen if is_gone(paths[image_id])]
    return tuple(chosen)


def preview(store: Store, image_ids: Sequence[int], what: str) -> Removal:
    """What removing these images would take out; `what` says which they are."""
    paths = image_paths(store, image_ids)
    image = schema.image
    with store.database.read() as connection:
        statement = select(image.c.id, image.c.product_id).where(image.c.removed.is_(None))
        live, product = stream_numbers(connection, statement).T
    gone = np.isin(live, np.asarray(image_ids, dtype=np.int64))
    products = np.setdiff1d(product[gone], product[~gone])
    return Removal(what, tuple(image_ids), tuple(paths[image_id] for image_id in image_ids), len(products), len(live))


def remove(store: Store, image_ids: Sequence[int], what: str) -> int:
    """Remove images in one transaction, with their lines in the ledger; how many products went with them.

    what: said of the run in `houndstooth info`. Raises CatalogBusyError when another process writes.
    """
    if not image_ids:
        return 0
    with writing(store) as writer:
        run_id = writer.start_run("remove", what)
        with writer.change() as connection:
            bury_images(connection, image_ids, writer.generation + 1)
            products = bury_empty_products(connection, writer.generation + 1)
            for start in range(0, len(image_ids), SQL_LIMIT):
                part = list(image_ids[start : start + SQL_LIMIT])
                connection.execute(delete(schema.ledger).where(schema.ledger.c.image_id.in_(part)))
            add_counts(connection, run_id, Counts(seen=len(image_ids), indexed=len(image_ids)))
        writer.finish_run(run_id)
    return products


def drop_space(store: Store, name: str) -> None:
    """Take a space out of use, and the one that is being filled to replace it. The files are swept later.

    Raises SpaceError for an unknown space and for the last one, CatalogBusyError when another process writes.
    """
    with writing(store) as writer:
        with store.database.read() as connection:
            active, pending = load_spaces(connection), load_spaces(connection, pending=True)
        there = {**active, **pending}
        if name not in there:
            raise SpaceError(f"the catalog has no space '{name}': it has {', '.join(there) or 'none'}")
        if len(there) == 1 or [name] == list(active):
            raise SpaceError(f"'{name}' is the last space that answers: index the photos in another one first")
        with writer.change() as connection:
            for space in (spaces[name] for spaces in (active, pending) if name in spaces):
                retire_space(connection, space, writer.generation + 1)
