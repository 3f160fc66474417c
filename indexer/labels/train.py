"""A label from its training set: judged by a scheme on photos not learned from, then fitted on all that may be used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.store import now, program
from indexer.labels.evaluate import Evaluation, evaluate
from indexer.labels.fit import fit_head, head_fit
from indexer.labels.gather import TrainingSet
from indexer.labels.intervals import group_intervals
from indexer.labels.metrics import measures
from indexer.labels.model_file import LabelModel
from indexer.labels.splits import Scheme, make_splits, parse_scheme

DEFAULT_SCHEME = "5-fold"
"""How a head is judged where nobody says and the labels bring no parts: every photo is tested on once."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, eq=False)
class Trained:
    """A label with what it was made from and how it was judged."""

    model: LabelModel
    training: TrainingSet
    evaluation: Evaluation


def choose_scheme(training: TrainingSet, text: str = "") -> Scheme:
    """The scheme that is named, else the parts that the labels bring, else DEFAULT_SCHEME."""
    if text:
        return parse_scheme(text)
    return parse_scheme("given" if training.labelled.given_parts else DEFAULT_SCHEME)


def train_head(
    training: TrainingSet,
    kind: str = "linear",
    scheme: str = "",
    seed: int = 0,
    told: Mapping[str, Any] | None = None,
    progress: Progress = lambda stage, done, total: None,
) -> Trained:
    """Judge a head of this kind, then fit the one that is kept.

    The one kept learns from all photos, or from all but the test part where parts were given. told: what else the card is
    to say. Raises InputError where the photos do not suffice.
    """
    labelled = training.labelled
    chosen = choose_scheme(training, scheme)
    evaluation = evaluate(labelled, head_fit(kind, training.features, labelled), chosen, seed, progress)
    progress("the label itself", 0, 1)
    if chosen.kind == "given":
        learned, aside = evaluation.splits[0].train, evaluation.splits[0].validation
    else:
        split = make_splits(labelled, Scheme("hold-out", share=0.2), seed)[0]
        learned, aside = np.sort(np.concatenate([split.train, split.validation])), split.test
    fitted = fit_head(kind, training.features, labelled, learned, aside, seed, refit=True)
    card = {
        **_card(training, evaluation, kind, seed, len(learned) + len(aside)),
        "chosen": fitted.chosen,
        "metrics": card_metrics(evaluation, seed),
        **(told or {}),
    }
    model = LabelModel(labelled.attribute, labelled.classes, labelled.several, training.spaces, fitted.head, card)
    progress("the label itself", 1, 1)
    return Trained(model, training, evaluation)


def card_metrics(evaluation: Evaluation, seed: int) -> dict[str, dict[str, float]]:
    """Each measure with the ends of its 95 % interval, by groups, as JSON types; what is not defined is left out."""
    values = measures(evaluation.predictions)
    intervals = group_intervals(evaluation.predictions, seed=seed)
    told = {}
    for name, value in values.items():
        if value is not None:
            told[name] = {"value": round(value, 4)}
            interval = intervals.get(name)
            if interval is not None:
                told[name] |= {"low": round(interval.low, 4), "high": round(interval.high, 4)}
    return told


def _card(training: TrainingSet, evaluation: Evaluation, kind: str, seed: int, learned: int) -> dict[str, Any]:
    """What the file says of itself."""
    labelled = training.labelled
    counts = {name: int(count) for name, count in zip(labelled.classes, labelled.counts(), strict=True)}
    tested = evaluation.predictions
    return {
        "made": now(),
        "program": program(),
        "seed": seed,
        "head": kind,
        "photos": {
            "labelled": len(labelled),
            "learned_from": learned,
            "by_class": counts,
            "groups": len(np.unique(labelled.groups)),
            "unusable": len(training.problems),
            "copies": training.duplicates.copies,
            "near_duplicate_pairs": len(training.duplicates.near),
        },
        "scheme": str(evaluation.scheme),
        "tested": len(tested),
        "tested_that_cross": int(tested.leaked.sum()),
        "right": round(float(tested.correct.mean()), 4),
    }
