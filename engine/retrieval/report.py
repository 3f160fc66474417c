"""What an evaluation found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.retrieval.intervals import Interval
from engine.retrieval.question import Question


@dataclass(frozen=True)
class Found:
    """A gallery photo that a query found."""

    image_id: int
    region_id: int
    rank: int
    score: float
    right: bool


@dataclass(frozen=True)
class WorstQuery:
    """A query and what it found: the first hits, then the first right one if it is not among them."""

    image_id: int
    region_id: int
    label: str
    first_right: int
    right: int
    hits: tuple[Found, ...]


@dataclass(frozen=True)
class Figures:
    """Measures of a set of queries: name -> mean and 95 % interval over products. products: that were asked for."""

    queries: int
    products: int
    measures: Mapping[str, Interval]


@dataclass(frozen=True)
class RetrievalReport:
    """What was measured, of which generation.

    unanswerable: queries left out because the gallery has no photo of what they show. cmc: share of queries with a
    right photo among the first 1, 2, ... 50. groups: value of `per` -> figures, largest first.
    """

    question: Question
    generation: int
    gallery: int
    unanswerable: int
    whole: Figures
    cmc: tuple[float, ...]
    groups: Mapping[str, Figures]
    worst: tuple[WorstQuery, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values; the worst queries by their image ids."""
        asked = self.question
        return {
            "spaces": dict(asked.weights), "query": asked.query, "gallery": asked.gallery, "same": asked.same,
            "per": asked.per, "seed": asked.seed, "generation": self.generation, "gallery_photos": self.gallery,
            "unanswerable_queries": self.unanswerable, **_figures(self.whole), "cmc": list(self.cmc),
            "groups": {name: _figures(one) for name, one in self.groups.items()},
        }  # fmt: skip


def _figures(figures: Figures) -> dict[str, Any]:
    measures = {name: [one.mean, one.low, one.high] for name, one in figures.measures.items()}
    return {"queries": figures.queries, "products": figures.products, "measures": measures}
