"""From what a person asks with (photos, products, colours; liked and not) to a query by vectors."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import PictureError, QueryError, SpaceError
from engine.examples import combine, vectors_of_product
from engine.known import refusal_of, regions_of_content
from engine.lookup import Product, find_product
from engine.query import Group, Query
from engine.snapshot import Reader, Snapshot

if TYPE_CHECKING:
    from houndstooth.extractors import Extractors
    from houndstooth.garments import Garments
    from indexer.picture import Picture

PRODUCT_PREFIX = "id:"
AGAIN = "run `houndstooth index` again"
Rows = NDArray[np.float32]


@dataclass(frozen=True)
class Ask:
    """What is asked. examples, unlike: paths of photos, or "id:PRODUCT". colours: "#1a1a2e:60,#ffffff:40".

    using: space -> weight; None for the default. mask: path of a picture of the garment in the photo asked with, as
    `indexer.masks.apply_mask` takes it; the examples hold exactly one photo then. The rest is as in `Query`.
    """

    examples: Sequence[str | PathLike[str]] = ()
    unlike: Sequence[str | PathLike[str]] = ()
    colours: str = ""
    using: Mapping[str, float] | None = None
    where: str = ""
    k: int = 10
    offset: int = 0
    min_score: float | None = None
    group: Group = "product"
    mask: str | PathLike[str] | None = None

    def to_json(self) -> dict[str, Any]:
        """What the query was made from, as JSON types."""
        told: dict[str, Any] = {}
        if self.examples:
            told["like"] = [str(example) for example in self.examples]
        if self.mask is not None:
            told["mask"] = str(self.mask)
        if self.colours:
            told["colours"] = self.colours
        if self.unlike:
            told["unlike"] = [str(example) for example in self.unlike]
        return told


@dataclass(frozen=True, eq=False)
class Photo:
    """A photo asked with. regions: of the catalog's image of the same content, int64 (m,), m may be 0.

    mask: the bytes of a mask given with it, None for none; it has no regions then, for its vectors are its own.
    garments: how its garment is told from what surrounds it.
    """

    path: str
    data: bytes
    regions: NDArray[np.int64]
    mask: bytes | None = None
    garments: Garments | None = None

    @staticmethod
    def read(path: str, garments: Garments | None = None) -> Photo:
        """Raises PictureError that names the photo and says what else it may have been meant to be."""
        from indexer.decode import read_file

        try:
            return Photo(path, read_file(Path(path)), np.empty(0, dtype=np.int64), garments=garments)
        except PictureError as error:
            hint = f" (a product of the catalog is written {PRODUCT_PREFIX}{path})" if not Path(path).exists() else ""
            raise PictureError(f"cannot ask with {path}: {error}{hint}") from error

    @cached_property
    def picture(self) -> Picture:
        """The photo, decoded when it is needed, without what its mask leaves out."""
        from indexer.decode import decode
        from indexer.masks import apply_mask

        try:
            picture = decode(self.data)
            if self.mask is not None:
                return apply_mask(picture, self.mask)
            return picture if self.garments is None else self.garments.of_product(picture)
        except PictureError as error:
            raise PictureError(f"cannot ask with {self.path}: {error}") from error


@dataclass(frozen=True, eq=False)
class _Examples:
    """Examples of one kind: photos, and products of the catalog."""

    photos: Sequence[Photo]
    products: Sequence[Product]


def make_query(ask: Ask, reader: Reader, extractors: Extractors, garments: Garments) -> Query:
    """The query by vectors. Raises QueryError, SpaceError or PictureError with what to do."""
    _require_shape(ask)
    if not (ask.examples or ask.colours):
        raise QueryError("ask with something: a photo, a product id, or colours")
    snapshot = reader.snapshot()
    weights = _weights(ask, snapshot)
    liked, unliked = _load_liked(ask, reader, garments), _load(ask.unlike, reader, garments)
    vectors: dict[str, Rows] = {}
    for name in weights:
        required = ask.using is not None
        positives = [
            *_rows(liked, name, reader, extractors, required),
            *_swatch_rows(ask.colours, name, snapshot, extractors),
        ]
        if positives:
            unwanted = _matrix(_rows(unliked, name, reader, extractors, required))
            vectors[name] = combine(np.stack(positives), unwanted)
        elif ask.using is not None:
            raise QueryError(
                f"nothing to compare in space '{name}': it cannot see colours alone; leave it out of --using"
            )
    if not vectors:
        raise QueryError("the examples have no vectors in any of the spaces asked for")
    return Query(
        vectors=vectors,
        weights={name: weights[name] for name in vectors},
        where=ask.where,
        k=ask.k,
        offset=ask.offset,
        min_score=ask.min_score,
        group=ask.group,
        fingerprints={name: snapshot.space(name).fingerprint for name in vectors},
        exclude_products=frozenset(product.id for product in [*liked.products, *unliked.products]),
    )


def ask_rows(ask: Ask, name: str, reader: Reader, extractors: Extractors, garments: Garments) -> Rows | None:
    """What is liked, combined, in one space: unit float32 (1, dim); None when it has no vector there."""
    snapshot = reader.snapshot()
    liked = _load_liked(ask, reader, garments)
    rows = [*_rows(liked, name, reader, extractors, False), *_swatch_rows(ask.colours, name, snapshot, extractors)]
    return combine(np.stack(rows), _matrix([]))[None] if rows else None


def _require_shape(ask: Ask) -> None:
    """Raise QueryError for what Python would take apart letter by letter, or trip over somewhere within."""
    if ask.using is not None and not isinstance(ask.using, Mapping):
        raise QueryError(f"using says how much each space counts, as in {{'vgg': 2, 'colour': 1}}, not {ask.using!r}")
    for name, given in (("examples", ask.examples), ("unlike", ask.unlike)):
        if isinstance(given, str | PathLike) or not all(isinstance(one, str | PathLike) for one in given):
            raise QueryError(f'{name} are paths of photos or "id:PRODUCT", each one text, not {given!r}')


def _weights(ask: Ask, snapshot: Snapshot) -> dict[str, float]:
    if not snapshot.spaces:
        raise QueryError("the catalog is empty: index photos into it first")
    if ask.using is not None:
        for name in ask.using:
            snapshot.space(name)
        return dict(ask.using)
    if ask.colours and not ask.examples:
        from indexer.swatch import COLOUR_QUERY_WEIGHTS

        weights = {name: weight for name, weight in COLOUR_QUERY_WEIGHTS.items() if name in snapshot.spaces}
    else:
        weights = {space.name: space.weight for space in snapshot.spaces.values() if space.weight > 0}
    if not weights:
        raise QueryError(f"say which spaces to compare, with weights, of: {', '.join(snapshot.spaces)}")
    return weights


def _load_liked(ask: Ask, reader: Reader, garments: Garments) -> _Examples:
    liked = _load(ask.examples, reader, garments)
    if ask.mask is None:
        return liked
    if len(liked.photos) != 1:
        raise QueryError(f"a mask is for one photo asked with, and there are {len(liked.photos) or 'none'}")
    from indexer.decode import read_file

    try:
        mask = read_file(Path(ask.mask))
    except PictureError as error:
        raise PictureError(f"cannot use the mask {fspath(ask.mask)}: {error}") from error
    return replace(liked, photos=[replace(liked.photos[0], mask=mask, regions=np.empty(0, dtype=np.int64))])


def _load(examples: Sequence[str | PathLike[str]], reader: Reader, garments: Garments) -> _Examples:
    photos, products = [], []
    for example in examples:
        text = fspath(example)
        if text.startswith(PRODUCT_PREFIX):
            products.append(find_product(reader, text.removeprefix(PRODUCT_PREFIX)))
        else:
            photos.append(_load_photo(text, reader, garments))
    return _Examples(photos, products)


def _load_photo(path: str, reader: Reader, garments: Garments) -> Photo:
    """A photo to ask with; if the catalog has it, byte by byte, as the catalog knows it: with its mask or box."""
    photo = Photo.read(path, garments)
    return replace(photo, regions=regions_of_content(reader.store, hashlib.sha256(photo.data).digest()))


def _rows(examples: _Examples, name: str, reader: Reader, extractors: Extractors, required: bool) -> list[Rows]:
    """One row an example: a product with several images gives their mean direction.

    An example that the space refused gives none; required: raises then.
    """
    rows: list[Rows] = []
    snapshot = reader.snapshot()
    vectors = snapshot.vectors(name)
    strangers = [photo for photo in examples.photos if not vectors.has(photo.regions).any()]
    if strangers:
        extractor = extractors.of(snapshot.space(name))
        pictures = [photo.picture for photo in strangers]
        why = extractor.refuse(pictures)
        if any(why) and required:
            wrong = next(place for place, reason in enumerate(why) if reason)
            raise PictureError(f"cannot ask with {strangers[wrong].path} in space '{name}': {why[wrong]}")
        if taken := [picture for picture, reason in zip(pictures, why, strict=True) if reason is None]:
            rows.extend(extractor.extract(taken))
    for photo in examples.photos:
        if photo not in strangers:
            rows.append(vectors.gather(photo.regions[vectors.has(photo.regions)][:1])[0])  # its product's own garment
    for product in examples.products:
        stored = vectors_of_product(snapshot, product.id, name)
        if len(stored):
            rows.append(combine(stored, stored[:0]))
        elif required:
            why_not = refusal_of(reader.store, product.id, snapshot.space(name).id)
            raise SpaceError(f"product '{product.key}' has no vector in space '{name}': {why_not or AGAIN}")
    return rows


def _swatch_rows(colours: str, name: str, snapshot: Snapshot, extractors: Extractors) -> list[Rows]:
    if not colours or snapshot.space(name).reads != "colour":
        return []
    from indexer.colours import parse_colours
    from indexer.swatch import swatch

    return list(extractors.of(snapshot.space(name)).extract([swatch(parse_colours(colours))]))


def _matrix(rows: list[Rows]) -> Rows:
    return np.stack(rows) if rows else np.empty((0, 0), dtype=np.float32)
