"""The question of an evaluation, and its report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.attributes import AttributeType, Column
from engine.columns import column_values
from engine.errors import InputError, QueryError
from engine.filters import parse_filter
from engine.retrieval.intervals import Interval, bootstrap
from engine.retrieval.measures import CURVE, KS, first_ranks, measure, recall_at
from engine.retrieval.ranking import Photos, rankings
from engine.snapshot import Reader, Snapshot

Progress = Callable[[int, int], None]
SHOWN = 8
"""Hits that are kept of each of the worst queries."""


@dataclass(frozen=True)
class Question:
    """What is measured.

    weights: space -> weight, as in a search; empty for all spaces of the catalog at their own. query, gallery: filters
    that say which photos ask and which answer; "" for what the catalog's `is_query` and `is_gallery`, or `split`, mark.
    same: the attribute that photos of one thing share. per: the attribute of queries to tell results apart by; None
    for `category` where there is one, "" for none. worst: how many of the worst queries to keep. seed: of intervals.
    """

    weights: Mapping[str, float] = field(default_factory=dict)
    query: str = ""
    gallery: str = ""
    same: str = "product"
    per: str | None = None
    worst: int = 0
    seed: int = 0


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


def evaluate_retrieval(
    reader: Reader, question: Question, progress: Progress = lambda done, total: None
) -> RetrievalReport:
    """Ask with every query photo and see where the gallery's photos of the same thing come.

    A photo counts once, by its best region, and is never an answer to itself. Queries of which the gallery has nothing
    are left out and counted. All gallery photos are compared: memory is that of their vectors.

    Raises QueryError when nothing marks query and gallery or one is empty, FilterError, SpaceError, and InputError for
    an attribute that the catalog does not have.
    """
    snapshot, question = _asked(reader, question)
    keep = {
        part: _matching(snapshot, text) for part, text in (("query", question.query), ("gallery", question.gallery))
    }
    has = np.logical_or.reduce([snapshot.vectors(name).has(snapshot.region_ids) for name in question.weights])
    queries, gallery = Photos.of(snapshot, keep["query"] & has).first(), Photos.of(snapshot, keep["gallery"] & has)
    for part, photos in (("query", queries), ("gallery", gallery)):
        if not len(photos.rows):
            raise QueryError(f"no photo of the catalog is a {part}: none satisfies {getattr(question, part)!r}")
    labels = _codes(snapshot.columns([question.same])[question.same])
    own, theirs, firsts = labels[queries.rows], labels[gallery.first().rows], gallery.first()
    found = _ask(snapshot, question, queries, gallery, own, theirs, progress)
    if not len(found.places):
        raise QueryError(f"of no query is there a photo of the same {question.same} in the gallery")
    values = np.stack(list(found.measures.values()), axis=1)
    asked = own[found.places]
    whole = _mean(values, asked, list(found.measures), question.seed)
    cmc = tuple(float(recall_at(found.ranks, k).mean()) for k in range(1, CURVE + 1))
    groups = _groups(snapshot, question, queries.rows[found.places], values, asked, list(found.measures))
    worst = _worst(snapshot, question, queries, firsts, found)
    return RetrievalReport(
        question,
        snapshot.generation,
        len(firsts.rows),
        len(queries.rows) - len(found.places),
        whole,
        cmc,
        groups,
        worst,
    )


def _asked(reader: Reader, question: Question) -> tuple[Snapshot, Question]:
    """The snapshot with every column that is needed, and the question with nothing left open."""
    filled: list[Question] = []

    def names(known: Mapping[str, AttributeType]) -> set[str]:
        whole = _filled(question, known)
        filled.append(whole)
        read = {
            name for text in (whole.query, whole.gallery) if text.strip() for name in parse_filter(text, known).names
        }
        return {*read, whole.same, *([whole.per] if whole.per else [])}

    snapshot = reader.snapshot(names)
    weights = dict(question.weights) or {name: space.weight for name, space in snapshot.spaces.items()}
    for name, weight in weights.items():
        snapshot.space(name)
        if not weight > 0:
            raise QueryError(f"the weight of '{name}' must be above 0, got {weight:g}")
    one = filled[-1]
    return snapshot, Question(weights, one.query, one.gallery, one.same, one.per, one.worst, one.seed)


def _filled(question: Question, known: Mapping[str, AttributeType]) -> Question:
    query, gallery = question.query, question.gallery
    if not (query.strip() and gallery.strip()):
        if known.get("is_query") == known.get("is_gallery") == "boolean":
            query, gallery = query or "is_query", gallery or "is_gallery"
        elif known.get("split") == "text":
            query, gallery = query or "split = 'query'", gallery or "split = 'gallery'"
        else:
            raise QueryError(
                "nothing marks queries and gallery: the catalog has neither is_query and is_gallery nor split. Say "
                'which photos ask and which answer as filters: --query "worn" --gallery "not worn"'
            )
    per = question.per if question.per is not None else ("category" if "category" in known else "")
    for name in (question.same, per):
        if name and name not in known:
            raise InputError(f"the catalog has no attribute '{name}': it has {', '.join(sorted(known))}")
    return Question(question.weights, query, gallery, question.same, per, question.worst, question.seed)


def _matching(snapshot: Snapshot, text: str) -> NDArray[np.bool_]:
    condition = parse_filter(text, snapshot.attributes)
    return np.asarray(condition.evaluate(snapshot.columns(condition.names), len(snapshot.region_ids)))


def _codes(column: Column) -> NDArray[np.int64]:
    """A number for each value of an attribute, -1 where there is none: int64 (regions,)."""
    values = column.values
    if values.dtype.kind != "f":
        return np.asarray(values, dtype=np.int64)
    codes = np.full(len(values), -1, dtype=np.int64)
    there = ~np.isnan(values)
    codes[there] = np.unique(values[there], return_inverse=True)[1]
    return codes


@dataclass(frozen=True, eq=False)
class _Answers:
    """Of the queries that can be answered: their places, measures, first right ranks, right photos, first hits."""

    places: NDArray[np.intp]
    measures: dict[str, NDArray[np.float64]]
    ranks: NDArray[np.int64]
    right: NDArray[np.int64]
    heads: list[tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.bool_], int, float]]


def _ask(
    snapshot: Snapshot,
    question: Question,
    queries: Photos,
    gallery: Photos,
    own: NDArray[np.int64],
    theirs: NDArray[np.int64],
    progress: Progress,
) -> _Answers:
    parts: list[tuple[NDArray[np.intp], dict[str, NDArray[np.float64]], NDArray[np.int64], NDArray[np.int64]]] = []
    heads = []
    for places, order, scores in rankings(snapshot, question.weights, queries, gallery):
        right = (theirs[order] == own[places][:, None]) & (own[places] >= 0)[:, None] & np.isfinite(scores)
        known = right.any(1)
        if known.any():
            ranks = first_ranks(right[known])
            parts.append((places[known], measure(right[known]), ranks, right[known].sum(1)))
            if question.worst:
                for row, rank in zip(np.flatnonzero(known), ranks, strict=True):
                    at = order[row, rank - 1]
                    heads.append(
                        (order[row, :SHOWN], scores[row, :SHOWN], right[row, :SHOWN], at, scores[row, rank - 1])
                    )
        progress(int(places[-1]) + 1, len(queries.rows))
    if not parts:
        nothing = np.empty(0, dtype=np.int64)
        return _Answers(nothing, {}, nothing, nothing, [])
    names = parts[0][1].keys()
    return _Answers(
        np.concatenate([part[0] for part in parts]),
        {name: np.concatenate([part[1][name] for part in parts]) for name in names},
        np.concatenate([part[2] for part in parts]),
        np.concatenate([part[3] for part in parts]),
        heads,
    )


def _mean(values: NDArray[np.float64], labels: NDArray[np.int64], names: list[str], seed: int) -> Figures:
    intervals = bootstrap(values, labels, seed)
    return Figures(len(values), len(np.unique(labels)), dict(zip(names, intervals, strict=True)))


def _groups(
    snapshot: Snapshot,
    question: Question,
    rows: NDArray[np.intp],
    values: NDArray[np.float64],
    labels: NDArray[np.int64],
    names: list[str],
) -> dict[str, Figures]:
    if not question.per:
        return {}
    told = np.array([str(value) for value in column_values(snapshot.columns([question.per])[question.per], rows)])
    found = {str(name): np.flatnonzero(told == name) for name in np.unique(told)}
    order = sorted(found, key=lambda name: (-len(found[name]), name))
    return {name: _mean(values[found[name]], labels[found[name]], names, question.seed) for name in order}


def _worst(
    snapshot: Snapshot, question: Question, queries: Photos, gallery: Photos, found: _Answers
) -> tuple[WorstQuery, ...]:
    """The queries whose first right photo comes last; of equal ones those of the lower average precision."""
    if not question.worst:
        return ()
    order = np.lexsort((found.places, found.measures["mAP"], -found.ranks))[: question.worst]
    column = snapshot.columns([question.same])[question.same]

    def hit(place: int, rank: int, score: float, right: bool) -> Found:
        return Found(int(gallery.images[place]), int(snapshot.region_ids[gallery.rows[place]]), rank, score, right)

    worst = []
    for number in order.tolist():
        near, scores, right, at, score = found.heads[number]
        hits = [
            hit(int(place), rank, float(one), bool(is_right))
            for rank, (place, one, is_right) in enumerate(zip(near, scores, right, strict=True), 1)
            if np.isfinite(one)
        ]
        first = int(found.ranks[number])
        if first > len(near):
            hits = [*hits[: SHOWN - 1], hit(int(at), first, float(score), True)]
        row = queries.rows[found.places[number]]
        label = str(column_values(column, np.array([row]))[0])
        image, region = int(queries.images[found.places[number]]), int(snapshot.region_ids[row])
        worst.append(WorstQuery(image, region, label, first, int(found.right[number]), tuple(hits)))
    return tuple(worst)


__all__ = ["KS", "Figures", "Found", "Question", "RetrievalReport", "WorstQuery", "evaluate_retrieval"]
