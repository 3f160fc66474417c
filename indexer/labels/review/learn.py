"""Learning from what a catalog was given, the audit left out; and which of those labels are probably wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.snapshot import Reader
from engine.store import Store
from indexer.labels.evaluate import evaluate
from indexer.labels.features import used_spaces
from indexer.labels.fit import head_fit
from indexer.labels.gather import TrainingSet, find_photos, gather, given_examples
from indexer.labels.review.pool import Pool
from indexer.labels.review.suspect import suspects
from indexer.labels.splits import parse_scheme

SCHEME = "5-fold"
"""How chances are made of photos that were not learned from."""

FEWEST = 5
"""Photos that a class needs before it is learned: one for each fold. Its photos wait until then."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Suspect:
    """A photo whose label is probably wrong. row: in the pool. given: the class of the label. better: the likelier one.

    confidence: the chance of the likelier class.
    """

    row: int
    given: str
    better: str
    confidence: float


def learnable(store: Store, pool: Pool, spaces: Sequence[str], progress: Progress) -> TrainingSet:
    """The photos that were given the attribute, without those set apart and those of classes with too few photos.

    Raises InputError where fewer than two classes are left.
    """
    examples = given_examples(store, pool.attribute)
    apart = {product for product, out in zip(pool.products, pool.apart.tolist(), strict=True) if out}
    left = replace(examples, items=tuple(one for one in examples.items if one.product not in apart))
    counts = Counter(label for one in left.items for label in one.labels)
    left = replace(left, items=tuple(one for one in left.items if counts[one.labels[0]] >= FEWEST))
    if sum(count >= FEWEST for count in counts.values()) < 2:
        had = ", ".join(f"{label} {count}" for label, count in sorted(counts.items())) or "none"
        raise InputError(
            f"a class needs {FEWEST} photos with an answer, those of the audit not counted, and two classes must have "
            f"them; there are: {had}"
        )
    found = find_photos(store, left.items)
    used = used_spaces(Reader(store).snapshot(), spaces)
    return gather(pool.attribute, left, [found], [used], {}, progress)


def find_suspects(training: TrainingSet, pool: Pool, seed: int, progress: Progress) -> list[Suspect]:
    """Labels that are probably wrong, the likeliest first, by 5-fold cross-validation; those a person gave left out.

    Raises InputError where a class has too few photos to be cross-validated.
    """
    labelled = training.labelled
    fit = head_fit("linear", training.features, labelled)
    said = evaluate(labelled, fit, parse_scheme(SCHEME), seed, progress).predictions
    found = suspects(said.chances, _numbers(said.targets))
    row_of = {region: row for row, region in enumerate(pool.regions.tolist())}
    told = []
    for place, better in zip(found.rows.tolist(), found.better.tolist(), strict=True):
        row = row_of[int(labelled.regions[said.rows[place]])]
        if not pool.answered[row]:
            given = labelled.classes[int(said.targets[place])]
            told.append(Suspect(row, given, labelled.classes[better], float(said.chances[place, better])))
    return told


def _numbers(targets: NDArray[np.int64] | NDArray[np.bool_]) -> NDArray[np.int64]:
    return targets.astype(np.int64)
