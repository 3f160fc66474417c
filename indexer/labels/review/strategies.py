"""Ways to choose the photos that a person looks at next, by name. Deterministic by the seed."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from indexer.labels.review.diversity import gradients, seeds
from indexer.labels.review.typical import typical
from indexer.labels.review.uncertainty import uncertainty

Strategy = Literal["random", "uncertain", "uncertain-diverse"]
STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)
DEFAULT: Strategy = "uncertain-diverse"
CANDIDATES = 10
"""uncertain-diverse draws among the least sure photos, so many times as many as are wanted."""


def choose(
    strategy: Strategy,
    features: NDArray[np.float32],
    chances: NDArray[np.float32] | None,
    known: NDArray[np.int64],
    count: int,
    seed: int = 0,
    several: bool = False,
) -> NDArray[np.int64]:
    """Row numbers of the photos to look at next, most wanted first: int64 (min(count, n - known),), each once.

    features: float32 (n, d), standardised, without NaN. chances: float32 (n, c), what the model says; None where there
    is none yet. known: int64, rows that need no look. random: each set of rows is equally likely. uncertain: largest
    margin uncertainty first. uncertain-diverse: k-means++ seeding over the gradients of the least sure rows
    (`diversity`). Without a model the last two take typical photos of different kinds (`typical`).
    Raises InputError for another strategy.
    """
    if strategy not in STRATEGIES:
        raise InputError(f"a strategy is one of {', '.join(STRATEGIES)}, not {strategy!r}")
    generator = np.random.default_rng(seed)
    left = np.setdiff1d(np.arange(len(features), dtype=np.int64), known)
    shuffled = generator.permutation(left)
    if strategy == "random":
        return shuffled[:count]
    if chances is None:
        return typical(features, left, count, seed, known)
    unsure = uncertainty(chances[shuffled], several=several)
    ordered = shuffled[np.argsort(-unsure, kind="stable")]
    if strategy == "uncertain":
        return ordered[:count]
    candidates = np.sort(ordered[: CANDIDATES * count])
    rows = gradients(features[candidates], chances[candidates], several)
    first = int(rows.lengths.argmax()) if len(candidates) else None
    return candidates[seeds(rows, np.arange(len(candidates), dtype=np.int64), count, generator, first=first)]
