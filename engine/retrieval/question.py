"""The question of an evaluation, and what a catalog fills in where it is left open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.attributes import AttributeType
from engine.errors import InputError, QueryError
from engine.filters import parse_filter
from engine.snapshot import Reader, Snapshot


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


def settle(reader: Reader, question: Question) -> tuple[Snapshot, Question]:
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
    weights = dict(question.weights) or {
        name: space.weight for name, space in snapshot.spaces.items() if space.weight > 0
    }
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


def matching(snapshot: Snapshot, text: str) -> NDArray[np.bool_]:
    """Which regions a filter keeps, bool (n,)."""
    condition = parse_filter(text, snapshot.attributes)
    return np.asarray(condition.evaluate(snapshot.columns(condition.names), len(snapshot.region_ids)))
