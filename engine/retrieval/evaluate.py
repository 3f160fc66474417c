"""Every query against the gallery: where what is right comes, over all, by group, and at its worst."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.attributes import Column
from engine.columns import column_values
from engine.errors import QueryError
from engine.retrieval.intervals import bootstrap
from engine.retrieval.measures import CURVE, first_ranks, measure, recall_at
from engine.retrieval.question import Question, matching, settle
from engine.retrieval.ranking import Photos, rankings
from engine.retrieval.report import Figures, Found, RetrievalReport, WorstQuery
from engine.snapshot import Reader, Snapshot

Progress = Callable[[int, int], None]
SHOWN = 8
"""Hits that are kept of each of the worst queries."""


def evaluate_retrieval(
    reader: Reader, question: Question, progress: Progress = lambda done, total: None
) -> RetrievalReport:
    """Ask with every query photo and see where the gallery's photos of the same thing come.

    A photo counts once, by its best region, and is never an answer to itself. Queries of which the gallery has nothing
    are left out and counted. All gallery photos are compared: memory is that of their vectors.

    Raises QueryError when nothing marks query and gallery or one is empty, FilterError, SpaceError, and InputError for
    an attribute that the catalog does not have.
    """
    snapshot, question = settle(reader, question)
    keep = {part: matching(snapshot, text) for part, text in (("query", question.query), ("gallery", question.gallery))}
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
