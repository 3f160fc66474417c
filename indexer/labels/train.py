"""A label from its training set: judged by a scheme on photos not learned from, then fitted on all that may be used."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.errors import InputError
from engine.store import now, program
from indexer.labels.abstain import abstention
from indexer.labels.evaluate import Evaluation, evaluate
from indexer.labels.fit import fit_head, head_fit
from indexer.labels.forest import TREES
from indexer.labels.gather import TrainingSet
from indexer.labels.intervals import group_intervals
from indexer.labels.metrics import measures
from indexer.labels.model_file import LabelModel
from indexer.labels.predictions import Predictions
from indexer.labels.splits import Scheme, make_splits, parse_scheme

PRECISIONS = (0.8, 0.85, 0.9, 0.95, 0.97, 0.98, 0.99, 0.995)
"""Precisions whose thresholds a label's card tells."""
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
    trees: int = TREES,
) -> Trained:
    """Judge a head of this kind, then fit the one that is kept.

    The one kept learns from all photos, or from all but the test part where parts were given. told: what else the card
    is to say. trees: of a forest. Raises InputError where the photos do not suffice.
    """
    labelled = training.labelled
    chosen = choose_scheme(training, scheme)
    evaluation = evaluate(labelled, head_fit(kind, training.features, labelled, trees), chosen, seed, progress)
    progress("the label itself", 0, 1)
    if chosen.kind == "given":
        learned, aside = evaluation.splits[0].train, evaluation.splits[0].validation
    else:
        split = make_splits(labelled, Scheme("hold-out", share=0.2), seed)[0]
        learned, aside = np.sort(np.concatenate([split.train, split.validation])), split.test
    fitted = fit_head(kind, training.features, labelled, learned, aside, seed, refit=True, trees=trees)
    card = {
        **_card(training, evaluation, kind, seed, len(learned) + len(aside)),
        "learned": told_apart(training, kind, scheme, seed),
        "chosen": fitted.chosen,
        "metrics": card_metrics(evaluation.predictions, seed),
        "thresholds": card_thresholds(evaluation.predictions, evaluation.validation),
        **(told or {}),
    }
    model = LabelModel(labelled.attribute, labelled.classes, labelled.several, training.spaces, fitted.head, card)
    progress("the label itself", 1, 1)
    return Trained(model, training, evaluation)


def told_apart(training: TrainingSet, kind: str, scheme: str, seed: int) -> str:
    """Names all that decides what a head of this kind learns from a training set, 32 hex digits.

    The same photos, labels, vectors, groups, parts and seed give the same; when it was learned is not in it.
    """
    labelled = training.labelled
    told = [
        kind, scheme, seed, labelled.attribute, labelled.classes, labelled.several, labelled.part,
        [(space.name, space.fingerprint) for space in training.spaces],
    ]  # fmt: skip
    digest = hashlib.sha256(json.dumps(told).encode())
    for array in (training.features, labelled.regions, labelled.targets, labelled.groups):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:32]


def card_metrics(tested: Predictions, seed: int) -> dict[str, dict[str, float]]:
    """Each measure with the ends of its 95 % interval, by groups, as JSON types; what is not defined is left out."""
    values = measures(tested)
    intervals = group_intervals(tested, seed=seed)
    told = {}
    for name, value in values.items():
        if value is not None:
            told[name] = {"value": round(value, 4)}
            interval = intervals.get(name)
            if interval is not None:
                told[name] |= {"low": round(interval.low, 4), "high": round(interval.high, 4)}
    return told


def card_thresholds(tested: Predictions, validation: Predictions) -> dict[str, dict[str, float | None]]:
    """For each precision of PRECISIONS that can be promised: the confidence from which on, as JSON types.

    Chosen on the validation sides; answered, precision: what it did on the test sides.
    """
    told: dict[str, dict[str, float | None]] = {}
    for wanted in PRECISIONS:
        found = abstention(tested, validation, wanted)
        if found.threshold.confidence is not None:
            told[f"{wanted:g}"] = {
                "confidence": found.threshold.confidence,
                "answered": round(found.answered, 4),
                "precision": None if found.precision is None else round(found.precision, 4),
            }
    return told


def confidence_for(card: Mapping[str, Any], precision: float) -> float:
    """The confidence that a label's card promises this precision from. Raises InputError where it promises less."""
    promised = {float(wanted): float(found["confidence"]) for wanted, found in card.get("thresholds", {}).items()}
    enough = [wanted for wanted in sorted(promised) if wanted >= precision]
    if not enough:
        most = f"at most {max(promised):g}" if promised else "none"
        raise InputError(
            f"no confidence promises a precision of {precision:g}: the photos that this label was judged on promise "
            f"{most}. Label more photos, or ask for less"
        )
    return promised[enough[0]]


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
        **_on_taught(training, tested),
        "right": round(float(tested.correct.mean()), 4),
    }


def _on_taught(training: TrainingSet, tested: Predictions) -> dict[str, Any]:
    """For the card: of the photos tested those that a space's network was taught by, and how many others are right."""
    told = {}
    for space, known in training.taught.items():
        old = known[tested.rows]
        if old.any():
            others = None if old.all() else round(float(tested.correct[~old].mean()), 4)
            told[space] = {"tested": int(old.sum()), "right_of_others": others}
    return {"tested_that_a_space_was_taught_by": told} if told else {}
