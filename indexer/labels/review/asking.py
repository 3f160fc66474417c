"""The photos of one page: some that teach the model most, and some of the audit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from indexer.labels.review.learn import Suspect
from indexer.labels.review.pool import Pool
from indexer.labels.review.strategies import Strategy, choose

Why = Literal["audit", "unsure", "random", "typical", "suspect"]
WORDS: dict[Why, str] = {
    "audit": "Drawn by lot to check the model: asked without a hint, and never learned from.",
    "unsure": "The model is unsure here.",
    "random": "Drawn at random.",
    "typical": "Typical of its kind.",
    "suspect": "The label may be wrong.",
}


@dataclass(frozen=True)
class Asked:
    """A photo to be asked. row: in the pool. predicted, confidence: what may be shown. said: the label it was given."""

    row: int
    why: Why
    predicted: str | None = None
    confidence: float | None = None
    said: str | None = None


def ask_next(pool: Pool, strategy: Strategy, count: int, audit: float, seed: int) -> list[Asked]:
    """At most `count` photos without an answer, a share `audit` of them of the audit, in an order drawn by the seed."""
    open_audit = pool.audit[pool.given[pool.audit] < 0]
    lots = open_audit[: round(count * audit)]
    known = np.flatnonzero((pool.given >= 0) | pool.apart | ~pool.has_vector).astype(np.int64)
    chosen = choose(strategy, pool.features, pool.chances, known, count - len(lots), seed)
    if len(chosen) + len(lots) < count:  # a small catalog: what is left of the audit
        lots = open_audit[: count - len(chosen)]
    why: Why = "random" if strategy == "random" else "typical" if pool.chances is None else "unsure"
    asked = [*(Asked(row, "audit") for row in lots.tolist()), *_shown(pool, chosen, why)]
    order = np.random.default_rng([seed, 1]).permutation(len(asked))
    return [asked[place] for place in order.tolist()]


def ask_suspects(pool: Pool, found: list[Suspect], count: int) -> list[Asked]:
    """The first of the suspects, in their order."""
    name = dict(zip(pool.classes, pool.said, strict=True))
    return [
        Asked(one.row, "suspect", name[one.better], one.confidence, name[one.given]) for one in found[: max(count, 0)]
    ]


def _shown(pool: Pool, rows: NDArray[np.int64], why: Why) -> list[Asked]:
    if pool.chances is None:
        return [Asked(row, why) for row in rows.tolist()]
    best = pool.chances[rows].argmax(axis=1)
    return [
        Asked(row, why, pool.said[number], float(pool.chances[row, number]))
        for row, number in zip(rows.tolist(), best.tolist(), strict=True)
    ]
