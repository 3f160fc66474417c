"""The photos of a catalog as a review sees them: what is known of each, what the label says, which are set apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from engine import schema
from engine.answers import answered, products_given
from engine.columns import column_values
from engine.errors import InputError
from engine.snapshot import Reader, Snapshot
from engine.store import Store
from engine.values import known_attributes
from indexer.labels.examples import BOOLEAN
from indexer.labels.features import default_spaces, features_of, used_spaces
from indexer.labels.gather import truth_of
from indexer.labels.heads import moments, standardised
from indexer.labels.kept import KeptLabel, stale_spaces
from indexer.labels.model_file import LabelModel
from indexer.labels.review.audit import audit_order, set_apart


@dataclass(frozen=True, eq=False)
class Pool:
    """Photos, row by row, each by its first region, which is its product's own garment.

    classes: of the label. boolean: whether they are false and true. paths, products: (n,). regions, images: int64 (n,).
    features: float32 (n, d), standardised, 0 where a photo lacks a space. chances: float32 (n, c) of the catalog's
    label, None where it has none that can be told. has_vector: bool (n,). given: int64 (n,), class that was given, by
    a source or a person, -1 for none. answered: bool (n,), given by a person. apart: bool (n,), must not be learned
    from. audit: int64, the rows that are asked of those, in order.
    """

    attribute: str
    classes: tuple[str, ...]
    boolean: bool
    paths: tuple[str, ...]
    products: tuple[str, ...]
    regions: NDArray[np.int64]
    images: NDArray[np.int64]
    features: NDArray[np.float32]
    chances: NDArray[np.float32] | None
    has_vector: NDArray[np.bool_]
    given: NDArray[np.int64]
    answered: NDArray[np.bool_]
    apart: NDArray[np.bool_]
    audit: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.paths)

    @property
    def said(self) -> tuple[str, ...]:
        """The classes as a page and a table write them: no and yes for a boolean."""
        return ("no", "yes") if self.boolean else self.classes


def open_pool(
    store: Store, attribute: str, kept: KeptLabel | None, classes: Sequence[str] = (), spaces: Sequence[str] = ()
) -> Pool:
    """The pool of a catalog. classes: besides those that the label or what was given tells of.

    spaces: whose vectors are compared; () for the label's, or those that a label would read. Raises InputError where
    there are fewer than two classes, the attribute is a number or has several labels a photo, SpaceError.
    """
    snapshot = Reader(store).snapshot(lambda known: ["image", "product", *({attribute} & known.keys())])
    if not len(snapshot.region_ids):
        raise InputError("the catalog has no photos: index some first")
    if kept is not None and kept.model is not None and kept.model.several:
        raise InputError(f"'{attribute}' tells several labels a photo: a review asks for one class, or yes or no")
    model = kept.model if kept is not None and kept.model and not stale_spaces(kept.model, snapshot.spaces) else None
    known = snapshot.attributes.get(attribute)
    if known == "number":
        raise InputError(f"attribute '{attribute}' is a number: a review asks for classes, or yes or no")
    rows = np.unique(snapshot.image_ids, return_index=True)[1]
    words, own, apart, audit = _known(store, snapshot, attribute, rows)
    told, boolean = _classes(attribute, known, words, model.classes if model else (), classes)
    place = {name: number for number, name in enumerate(told)}
    names = list(spaces) or ([one.name for one in model.spaces] if model else default_spaces(snapshot))
    raw = features_of(snapshot, used_spaces(snapshot, names), snapshot.region_ids[rows])
    same = model is not None and names == [one.name for one in model.spaces]
    mean, scale = (model.head.mean, model.head.scale) if model and same else moments(raw)
    paths, products = _column(snapshot, "image", rows), _column(snapshot, "product", rows)
    return Pool(
        attribute,
        told,
        boolean,
        tuple(paths),
        tuple(products),
        snapshot.region_ids[rows],
        snapshot.image_ids[rows],
        standardised(raw, mean, scale),
        _chances(snapshot, model, snapshot.region_ids[rows], told),
        np.asarray(~np.isnan(raw).all(axis=1)),
        np.array([-1 if word is None else place[word] for word in words], dtype=np.int64),
        own,
        apart,
        audit,
    )


def _column(snapshot: Snapshot, name: str, rows: NDArray[np.intp]) -> list[str]:
    return [str(value) for value in column_values(snapshot.columns([name])[name], rows)]


def _known(
    store: Store, snapshot: Snapshot, attribute: str, rows: NDArray[np.intp]
) -> tuple[list[str | None], NDArray[np.bool_], NDArray[np.bool_], NDArray[np.int64]]:
    """What each photo was given, in words; which of it by a person; what is set apart; the audit's order."""
    paths, products = _column(snapshot, "image", rows), _column(snapshot, "product", rows)
    words: list[str | None] = [None] * len(rows)
    own = np.zeros(len(rows), np.bool_)
    by_source = np.zeros(len(rows), np.bool_)
    with store.database.read() as connection:
        catalog = str(connection.execute(select(schema.catalog.c.uuid)).scalar_one())
        here = known_attributes(connection).get(attribute)
        if here is not None:
            answers, sources = answered(connection, here[0]), products_given(connection, here[0])
            own = np.isin(snapshot.region_ids[rows], list(answers))
            by_source = np.isin(snapshot.product_ids[rows], list(sources))
    if here is not None:
        column = snapshot.columns([attribute])[attribute]
        sure = np.ones(len(rows), np.bool_) if column.confidence is None else np.isnan(column.confidence[rows])
        for number, value in enumerate(column_values(column, rows)):
            if sure[number] and value is not None:
                words[number] = BOOLEAN[int(value)] if isinstance(value, bool) else str(value)
    apart = set_apart(catalog, attribute, products, by_source)
    return words, own, apart, audit_order(catalog, attribute, products, paths, by_source)


def _classes(
    attribute: str, known: str | None, words: Sequence[str | None], model: Sequence[str], named: Sequence[str]
) -> tuple[tuple[str, ...], bool]:
    """The classes in the order of their names, and whether they are false and true."""
    told = [*model, *sorted({word for word in words if word is not None}), *named]
    fresh = truth_of(list(named), attribute) if named and known is None and not model else None
    if known == "boolean" or tuple(model) == BOOLEAN or fresh is not None:
        return BOOLEAN, True
    classes = tuple(sorted({name.strip() for name in told if name.strip()}))  # so that keys stay from page to page
    if wrong := [name for name in classes if "|" in name]:
        raise InputError(f"the class '{wrong[0]}' has a '|', which parts labels in a table: rename it")
    if len(classes) < 2:
        raise InputError(
            f"'{attribute}' has {'only the class ' + classes[0] if classes else 'no classes yet'}: "
            "name what may be answered, --classes a,b,c"
        )
    return classes, False


def _chances(
    snapshot: Snapshot, model: LabelModel | None, region_ids: NDArray[np.int64], classes: tuple[str, ...]
) -> NDArray[np.float32] | None:
    """What the label says, in the order of `classes`; 0 for a class that it does not know."""
    if model is None:
        return None
    spaces = [snapshot.space(one.name) for one in model.spaces]
    chances = np.zeros((len(region_ids), len(classes)), np.float32)
    chances[:, [classes.index(name) for name in model.classes]] = model.head.chances(
        features_of(snapshot, spaces, region_ids)
    )
    return chances
