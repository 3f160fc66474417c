"""What is asked and what is answered. Frozen, and checked when made."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from engine.attributes import AttributeValue
from engine.errors import QueryError

Group = Literal["product", "image"]
UNIT_TOLERANCE = 1e-2
"""How far from 1 the length of a query's vector may be: what the catalog asks of its rows."""


@dataclass(frozen=True, eq=False)
class Query:
    """A search by vectors: what a photo, a product, colours or several examples all become.

    vectors: space name -> float (dim,), of unit length within 1e-2 and made exactly so. weights: the same space names
    -> how much each has to say, > 0; left out, all 1. where: a filter, "" for none. k: hits wanted. offset: hits to
    leave out before them. min_score: hits below it are left out. group: one hit a product (its best region) or one an
    image. exclude_products: ids in the database (`Product.id`), not keys.
    fingerprints: space -> that of the extractor the vectors are by, to be sure that the catalog's are by it too.
    Raises QueryError for what cannot be asked.
    """

    vectors: Mapping[str, NDArray[np.float32]]
    weights: Mapping[str, float] = field(default_factory=dict)
    where: str = ""
    k: int = 10
    offset: int = 0
    min_score: float | None = None
    group: Group = "product"
    exclude_products: frozenset[int] = frozenset()
    fingerprints: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "vectors", _checked_vectors(self.vectors))
        object.__setattr__(self, "weights", _checked_weights(self.weights, self.vectors))
        object.__setattr__(self, "exclude_products", frozenset(self.exclude_products))
        if not isinstance(self.where, str):
            raise QueryError(f"where is a filter as text, '' for none, not {self.where!r}")
        if not _is_whole(self.k) or self.k < 1:
            raise QueryError(f"k is the number of hits wanted, a whole number from 1, not {self.k!r}")
        if not _is_whole(self.offset) or self.offset < 0:
            raise QueryError(f"offset is the number of hits to leave out, a whole number from 0, not {self.offset!r}")
        if self.min_score is not None and not math.isfinite(self.min_score):
            raise QueryError(f"min_score is a number from -1 to 1, not {self.min_score!r}")
        if self.group not in get_args(Group):
            raise QueryError(f"group is 'product' or 'image', not {self.group!r}")

    def to_json(self) -> dict[str, Any]:
        """The query without its vectors, as JSON types."""
        return {
            "using": dict(self.weights),
            "where": self.where,
            "k": self.k,
            "offset": self.offset,
            "min_score": self.min_score,
            "group": self.group,
        }


@dataclass(frozen=True)
class Hit:
    """One answer. rank: from 1, pages counted through. product: its key. image: its path.

    score: in [-1, 1], higher is closer. scores: space name -> cosine, of the spaces it has a vector in. attributes: of
    the region, then of its product. confidences: those of the attributes that were predicted.
    """

    rank: int
    product: str
    image: str
    region_id: int
    image_id: int
    score: float
    scores: Mapping[str, float]
    attributes: Mapping[str, AttributeValue]
    confidences: Mapping[str, float]

    def to_json(self) -> dict[str, Any]:
        """The hit as JSON types, scores to six decimals, confidences as they are stored."""
        return {
            "rank": self.rank,
            "product": self.product,
            "image": self.image,
            "score": round(self.score, 6),
            "scores": {name: round(score, 6) for name, score in self.scores.items()},
            "attributes": dict(self.attributes),
            "confidences": dict(self.confidences),
        }


@dataclass(frozen=True, eq=False)
class Results:
    """The answer to a query from one generation of the catalog.

    matched: products (with group "image": images) that satisfy the filter, have a vector in a space asked for and
    are not excluded; without a min_score, hits number exactly min(k, matched - offset), or none. searched: regions
    that were compared with the query. exact: whether every matching region was compared, at full precision.
    """

    query: Query
    generation: int
    matched: int
    searched: int
    exact: bool
    hits: tuple[Hit, ...]

    def to_json(self, asked: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """One JSON object; `asked` says what the query's vectors were made from, and leads its entry."""
        return {
            "query": {**(asked or {}), **self.query.to_json()},
            "matched": self.matched,
            "searched": self.searched,
            "exact": self.exact,
            "hits": [hit.to_json() for hit in self.hits],
        }


def _is_whole(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _checked_vectors(vectors: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
    if not vectors:
        raise QueryError("a search needs a vector in at least one space")
    checked = {}
    for name, vector in vectors.items():
        copy = np.array(vector, dtype=np.float32)
        if copy.ndim != 1 or not np.isfinite(copy).all():
            raise QueryError(f"the vector in space '{name}' is not a row of finite numbers (shape {copy.shape})")
        length = float(np.linalg.norm(copy))
        if abs(length - 1) > UNIT_TOLERANCE:
            raise QueryError(f"the vector in space '{name}' has length {length:.3g}: it needs unit length")
        copy /= length
        copy.flags.writeable = False
        checked[name] = copy
    return checked


def _checked_weights(weights: Mapping[str, float], vectors: Mapping[str, Any]) -> dict[str, float]:
    if not weights:
        return dict.fromkeys(vectors, 1.0)
    if set(weights) != set(vectors):
        raise QueryError(
            f"weights are for {', '.join(sorted(weights))} and vectors for {', '.join(sorted(vectors))}: "
            "give both for the same spaces"
        )
    for name, weight in weights.items():
        if not math.isfinite(weight) or weight <= 0:
            raise QueryError(f"the weight of space '{name}' is {weight!r}: it must be above 0, or leave the space out")
    return {name: float(weights[name]) for name in vectors}
