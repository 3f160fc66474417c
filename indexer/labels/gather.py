"""From labelled photos to what a head learns from: their regions in a catalog, vectors, targets and groups."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, func, select

from engine import schema
from engine.durable import hash_file
from engine.errors import InputError
from engine.snapshot import Reader, Space
from engine.store import Store
from engine.values import SQL_LIMIT
from indexer.labels.duplicates import Duplicates, find_duplicates, group_rows
from indexer.labels.examples import BOOLEAN, Labelled
from indexer.labels.features import features_of
from indexer.labels.model_file import SpaceUsed
from indexer.labels.reading import Example, Examples
from indexer.sources.cells import fit

DUPLICATE_SPACE = "vgg"
"""In whose vectors near-duplicates are looked for, where it is read: in `kind` all dresses are near each other."""


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """Photos to learn a label from, row by row.

    features: float32 (n, d), vectors of `spaces` joined, NaN where a photo lacks one. paths: of the photos, absolute.
    problems: what could not be used, one line each. taught: space -> bool (n,), photos that its network was taught by:
    on those a label looks better than it is.
    """

    labelled: Labelled
    features: NDArray[np.float32]
    spaces: tuple[SpaceUsed, ...]
    paths: tuple[str, ...]
    duplicates: Duplicates
    problems: tuple[str, ...] = ()
    taught: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)

    def columns(self, names: Sequence[str]) -> NDArray[np.float32]:
        """The features of some of the spaces."""
        place, parts = 0, {}
        for space in self.spaces:
            parts[space.name] = self.features[:, place : place + space.dim]
            place += space.dim
        return np.concatenate([parts[name] for name in names], axis=1)


@dataclass(frozen=True)
class Photo:
    """A photo of a catalog: its first region, which is its product's own."""

    region_id: int
    path: str
    product: str
    sha256: bytes
    phash: int


@dataclass(frozen=True, eq=False)
class Found:
    """Examples with the photos they name, in one catalog. strangers: those whose photo it does not have."""

    store: Store
    pairs: tuple[tuple[Example, Photo], ...]
    strangers: tuple[Example, ...]


def find_photos(store: Store, examples: Sequence[Example]) -> Found:
    """The catalog's photos of the examples: by their path, by their content, or all of a product's."""
    with store.database.read() as connection:
        by_path: dict[str, list[Photo]] = {}
        for photo in _photos(connection, "path", sorted({one.photo for one in examples if one.photo})):
            by_path.setdefault(photo.path, []).append(photo)
        by_product: dict[str, list[Photo]] = {}
        for photo in _photos(connection, "product", sorted({one.product for one in examples if not one.photo})):
            by_product.setdefault(photo.product, []).append(photo)
        other = [one for one in examples if one.photo and one.photo not in by_path]
        content = {one.photo: _content(one.photo) for one in other}
        by_content: dict[bytes, Photo] = {}
        for photo in _photos(connection, "sha256", sorted({own for own in content.values() if own is not None})):
            by_content.setdefault(photo.sha256, photo)
    pairs: list[tuple[Example, Photo]] = []
    strangers: list[Example] = []
    for one in examples:
        if not one.photo:
            found = by_product.get(one.product, [])
        elif one.photo in by_path:
            same = by_path[one.photo]
            found = [next((photo for photo in same if photo.product == one.product), same[0])]
        else:
            known = by_content.get(content[one.photo] or b"")
            found = [known] if known else []
        pairs.extend((one, photo) for photo in found)
        if not found:
            strangers.append(one)
    return Found(store, tuple(pairs), tuple(strangers))


def _content(path: str) -> bytes | None:
    try:
        return bytes.fromhex(hash_file(Path(path)))
    except OSError:
        return None


def _photos(connection: Connection, by: str, values: Sequence[object]) -> Iterator[Photo]:
    """Live photos by path, product or sha256, in the order of their regions."""
    image, product, region = schema.image, schema.product, schema.region
    first = (
        select(region.c.image_id, func.min(region.c.id).label("id"))
        .where(region.c.removed.is_(None))
        .group_by(region.c.image_id)
        .subquery()
    )
    column = product.c.key if by == "product" else image.c[by]
    statement = (
        select(first.c.id, image.c.path, product.c.key, image.c.sha256, image.c.phash)
        .join(image, image.c.id == first.c.image_id)
        .join(product, product.c.id == image.c.product_id)
        .where(image.c.removed.is_(None))
        .order_by(first.c.id)
    )
    for start in range(0, len(values), SQL_LIMIT):
        for row in connection.execute(statement.where(column.in_(values[start : start + SQL_LIMIT]))):
            yield Photo(row.id, row.path, row.key, row.sha256, row.phash & (2**64 - 1))


def given_examples(store: Store, attribute: str) -> Examples:
    """The photos whose attribute was given, not predicted, in a catalog. Raises InputError when there is none."""
    reader = Reader(store)
    known = reader.snapshot().attributes
    if attribute not in known:
        own = ", ".join(sorted(known)) or "none"
        raise InputError(
            f"the catalog has no attribute '{attribute}' to learn from: name labelled photos with --from. It has: {own}"
        )
    if known[attribute] == "number":
        raise InputError(f"attribute '{attribute}' is a number: a label tells classes apart, or true from false")
    snapshot = reader.snapshot(lambda names: [attribute])
    column = snapshot.columns([attribute])[attribute]
    given = column.values >= 0
    if column.confidence is not None:
        given &= np.isnan(column.confidence)
    _, first = np.unique(snapshot.image_ids, return_index=True)
    rows = np.intersect1d(np.flatnonzero(given), first)
    words = column.words if column.type == "text" else np.array(BOOLEAN, dtype=object)
    labels = {int(snapshot.region_ids[row]): str(words[column.values[row]]) for row in rows.tolist()}
    image, region = schema.image, schema.region
    items = []
    with store.database.read() as connection:
        for row in connection.execute(
            select(region.c.id, image.c.path, schema.product.c.key)
            .join(image, image.c.id == region.c.image_id)
            .join(schema.product, schema.product.c.id == image.c.product_id)
            .where(region.c.removed.is_(None))
            .order_by(region.c.id)
        ):
            if row.id in labels:
                items.append(Example(row.path, row.key, row.path, (labels[row.id],)))
    if not items:
        raise InputError(f"no photo of the catalog was given '{attribute}': name labelled photos with --from")
    return Examples(str(store.root), False, tuple(items), ())


def gather(
    attribute: str,
    examples: Examples,
    found: Sequence[Found],
    spaces: Sequence[Sequence[Space]],
    reasons: Mapping[str, str],
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> TrainingSet:
    """What a head of this attribute learns from.

    found: of one catalog or several. spaces: of each, the same by name and fingerprint. reasons: photo -> why it could
    not be read, for those that no catalog has. Raises InputError when no photo or one class is left.
    """
    pairs = [pair for one in found for pair in one.pairs]
    problems = list(examples.problems)
    strangers = found[-1].strangers if found else examples.items
    for one in strangers:
        why = reasons.get(one.photo) or ("the catalog has no such photo" if one.photo else "there is no such product")
        problems.append(f"{one.where or one.item}: {why}" + (f": {one.item}" if one.where else ""))
    if not pairs:
        first = f" The first: {problems[0]}" if problems else ""
        raise InputError(f"{examples.source}: none of the {len(problems)} labelled photos can be used.{first}")
    progress("vectors", 0, len(pairs))
    features = np.concatenate([
        features_of(
            Reader(one.store).snapshot(), own, np.array([photo.region_id for _, photo in one.pairs], dtype=np.int64)
        )
        for one, own in zip(found, spaces, strict=True)
        if one.pairs
    ])  # fmt: skip
    progress("near-duplicates", 0, len(pairs))
    used = tuple(SpaceUsed(space.name, space.dim, space.fingerprint) for space in spaces[0])
    duplicates = _duplicates(pairs, features, used)
    # What a product is called is its catalog's own: "1" of two catalogs are two products.
    said = [
        [*example.groups, f"{place}:{photo.product}"] for place, one in enumerate(found) for example, photo in one.pairs
    ]
    classes, targets = _targets(attribute, examples, [example for example, _ in pairs])
    labelled = Labelled(
        attribute,
        classes,
        examples.several,
        tuple(example.item if example.photo else photo.path for example, photo in pairs),
        np.array([photo.region_id if place == 0 else -1 for place, one in enumerate(found) for _, photo in one.pairs],
                 dtype=np.int64),
        targets,
        group_rows(len(pairs), duplicates.near, said),
        tuple(example.part for example, _ in pairs),
    )  # fmt: skip
    paths = tuple(example.photo or photo.path for example, photo in pairs)
    hashes = np.array([photo.phash for _, photo in pairs], dtype=np.uint64)
    return TrainingSet(labelled, features, used, paths, duplicates, tuple(problems), _taught(used, hashes))


def _taught(spaces: Sequence[SpaceUsed], hashes: NDArray[np.uint64]) -> dict[str, NDArray[np.bool_]]:
    """Which photos the networks of these spaces were taught by: known of the shipped network of `kind`."""
    from indexer.kinds.taught import taught_photos
    from indexer.spaces.kind import Kind

    if not any(space.name == Kind.name and space.fingerprint == Kind().fingerprint for space in spaces):
        return {}
    known = taught_photos(hashes)
    return {Kind.name: known} if known.any() else {}


def _duplicates(
    pairs: Sequence[tuple[Example, Photo]], features: NDArray[np.float32], spaces: Sequence[SpaceUsed]
) -> Duplicates:
    place = 0
    blocks = {}
    for space in spaces:
        blocks[space.name] = features[:, place : place + space.dim]
        place += space.dim
    block = blocks.get(DUPLICATE_SPACE)
    hashes = np.array([photo.phash for _, photo in pairs], dtype=np.uint64)
    return find_duplicates([photo.sha256 for _, photo in pairs], hashes, block)


def _targets(
    attribute: str, examples: Examples, chosen: Sequence[Example]
) -> tuple[tuple[str, ...], NDArray[np.int64] | NDArray[np.bool_]]:
    """The classes and each photo's; false and true where that is what the labels say."""
    words = sorted({label for one in chosen for label in one.labels})
    if examples.several:
        place = {word: number for number, word in enumerate(words)}
        marks = np.zeros((len(chosen), len(words)), dtype=np.bool_)
        for row, one in enumerate(chosen):
            marks[row, [place[label] for label in one.labels]] = True
        return tuple(words), marks
    truth = truth_of(words, attribute)
    if truth is not None:
        return BOOLEAN, np.array([int(truth[one.labels[0]]) for one in chosen], dtype=np.int64)
    place = {word: number for number, word in enumerate(words)}
    return tuple(words), np.array([place[one.labels[0]] for one in chosen], dtype=np.int64)


def truth_of(words: Sequence[str], attribute: str) -> dict[str, bool] | None:
    """Label -> true or false, for a label of two classes that are so, or of which one is the attribute's own name.

    "yes" and "no", "1" and "0"; and "maxi" and "mini" for the attribute maxi. None for others.
    """
    read = {word: fit(word, "boolean") for word in words}
    if all(isinstance(said, bool) for said in read.values()):
        return {word: bool(said) for word, said in read.items()}
    own = [word for word in words if word.lower() == attribute.lower()]
    if len(words) == 2 and len(own) == 1:
        return {word: word == own[0] for word in words}
    return None
