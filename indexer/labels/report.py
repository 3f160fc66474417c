"""Everything that an evaluation found, in one value, and its files: a page, JSON, or Markdown."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.export.place import new_file
from engine.store import now, program
from indexer.labels.abstain import Abstention, abstention
from indexer.labels.calibration import Calibration, calibration
from indexer.labels.compare import Difference, PairedTest, five_by_two, paired_difference
from indexer.labels.evaluate import Evaluation, FoldScore
from indexer.labels.intervals import Interval, epoch_wobble, group_intervals, photo_interval
from indexer.labels.learning_curve import CurvePoint
from indexer.labels.metrics import TITLES, ClassScore, class_scores, confusion, measures
from indexer.labels.predictions import Predictions

MISTAKES = 60
FORMATS = (".html", ".json", ".md")
Picture = Callable[[str], bytes | None]


@dataclass(frozen=True)
class Measured:
    """A measure with its interval over groups; None where there is none."""

    name: str
    value: float
    interval: Interval | None

    @property
    def title(self) -> str:
        """What people call it."""
        return TITLES[self.name]


@dataclass(frozen=True)
class Mistake:
    """A photo taken for what it is not. picture: JPEG bytes; not part of the JSON."""

    item: str
    truth: str
    told: str
    confidence: float
    picture: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class ModelReport:
    """What is known of one model. photo_interval: Wilson's, of the share right, as if photos were independent.

    right_unleaked: the share right of photos whose group was not learned from, None when none was or all were. wobble:
    the old interval over epochs, where epochs were told. wrong: photos that were wrong at least once.
    """

    name: str
    measured: tuple[Measured, ...]
    photo_interval: Interval
    classes: tuple[ClassScore, ...]
    confusion: tuple[Any, ...]
    folds: tuple[FoldScore, ...]
    calibration: Calibration
    abstention: Abstention
    right_unleaked: float | None
    wobble: Interval | None
    mistakes: tuple[Mistake, ...]
    wrong: int
    seconds: float

    def measure(self, name: str) -> Measured:
        """One of the measures."""
        return next(one for one in self.measured if one.name == name)


@dataclass(frozen=True)
class Comparison:
    """The first model against another. tests: Dietterich's and Alpaydin's, under 5x2cv only."""

    first: str
    other: str
    difference: Difference
    tests: tuple[PairedTest, ...]


@dataclass(frozen=True)
class Taught:
    """Of the photos tested, those that the network of a space was taught by. right_of_others: None where all are."""

    space: str
    tested: int
    right_of_others: float | None


@dataclass(frozen=True)
class Report:
    """What a label is worth. models: the first is the one that the report is about.

    tested: predictions made of photos not learned from; a photo is in it once a repeat. leaked: those whose group was
    learned from all the same (parts that were given). copies, near_pairs: identical photos, and pairs that look nearly
    the same. taught: spaces that know photos tested. problems: photos that could not be used, one line each. facts:
    what else is to be told, by label.
    """

    attribute: str
    classes: tuple[str, ...]
    several: bool
    scheme: str
    seed: int
    photos: int
    groups: int
    tested: int
    leaked: int
    models: tuple[ModelReport, ...]
    comparisons: tuple[Comparison, ...]
    curve: tuple[CurvePoint, ...]
    copies: int
    near_pairs: int
    taught: tuple[Taught, ...]
    problems: tuple[str, ...]
    facts: Mapping[str, str]
    notes: tuple[str, ...]
    made: str
    program: str

    @property
    def main(self) -> ModelReport:
        """The model that the report is about."""
        return self.models[0]

    def told(self) -> dict[str, Any]:
        """The report as JSON types, without pictures."""
        found: dict[str, Any] = _plain(asdict(self))
        for model in found["models"]:
            for one in model["mistakes"]:
                del one["picture"]
        return found


def build_report(
    evaluations: Mapping[str, Evaluation],
    *,
    curve: Sequence[CurvePoint] = (),
    epochs: Mapping[str, Sequence[float]] | None = None,
    problems: Sequence[str] = (),
    copies: int = 0,
    near_pairs: int = 0,
    taught: Mapping[str, NDArray[np.bool_]] | None = None,
    facts: Mapping[str, str] | None = None,
    picture: Picture | None = None,
    precision: float = 0.95,
    coverage: float = 0.95,
    mistakes: int = MISTAKES,
) -> Report:
    """A report of one or several models, by name, on the same photos; the first is the one that it is about.

    Name it first for a reason that is not these figures: the best of several on a test part looks better than it is.
    epochs: model -> accuracy after each epoch, for the old interval. picture: a photo's JPEG thumbnail by its name, for
    the mistakes. taught: space -> bool (n,), photos that its network was taught by, by rows of what is labelled; they
    are told of the first model, which reads it. precision, coverage: what abstention is asked for. Raises InputError
    when models were not evaluated on the same divisions.
    """
    if not evaluations:
        raise InputError("a report needs at least one model that was evaluated")
    names = list(evaluations)
    first = evaluations[names[0]]
    told = [
        _model(name, one, (epochs or {}).get(name, ()), picture if place == 0 else None, precision, coverage, mistakes)
        for place, (name, one) in enumerate(evaluations.items())
    ]
    comparisons = tuple(_comparison(names[0], first, name, evaluations[name]) for name in names[1:])
    labelled = first.labelled
    made = Report(
        labelled.attribute,
        labelled.classes,
        labelled.several,
        str(first.scheme),
        first.seed,
        len(labelled),
        len(np.unique(labelled.groups)),
        len(first.predictions),
        int(first.predictions.leaked.sum()),
        tuple(told),
        comparisons,
        tuple(curve),
        copies,
        near_pairs,
        _taught(first, taught or {}),
        tuple(problems),
        dict(facts or {}),
        (),
        now(),
        program(),
    )
    from indexer.labels.report_text import notes_of

    return replace(made, notes=notes_of(made))


def _taught(evaluation: Evaluation, taught: Mapping[str, NDArray[np.bool_]]) -> tuple[Taught, ...]:
    tested = evaluation.predictions
    found = []
    for space, known in taught.items():
        old = known[tested.rows]
        if old.any():
            others = None if old.all() else float(tested.correct[~old].mean())
            found.append(Taught(space, int(old.sum()), others))
    return tuple(found)


def write_report(report: Report, to: Path) -> None:
    """Write the report as its extension says: .html, .json or .md. Raises InputError for another."""
    from indexer.labels.report_text import markdown, page

    suffix = to.suffix.lower()
    if suffix not in FORMATS:
        raise InputError(f"{to.name}: a report is written as {', '.join(FORMATS)}")
    if suffix == ".json":
        text = json.dumps(report.told(), indent=1, ensure_ascii=False) + "\n"
    else:
        text = page(report) if suffix == ".html" else markdown(report)
    with new_file(to) as draft:
        draft.write_text(text, encoding="utf-8")


def _model(
    name: str,
    evaluation: Evaluation,
    epochs: Sequence[float],
    picture: Picture | None,
    precision: float,
    coverage: float,
    limit: int,
) -> ModelReport:
    tested = evaluation.predictions
    values, intervals = measures(tested), group_intervals(tested, seed=evaluation.seed)
    measured = tuple(Measured(key, value, intervals[key]) for key, value in values.items() if value is not None)
    wrong, shown = _mistakes(tested, picture, limit)
    leaked = tested.leaked
    return ModelReport(
        name,
        measured,
        photo_interval(tested),
        class_scores(tested),
        tuple(confusion(tested).tolist()),
        evaluation.scores,
        calibration(tested, evaluation.validation),
        abstention(tested, evaluation.validation, precision, coverage),
        float(tested.correct[~leaked].mean()) if leaked.any() and not leaked.all() else None,
        epoch_wobble(epochs) if len(epochs) > 1 else None,
        shown,
        wrong,
        evaluation.seconds,
    )


def _mistakes(tested: Predictions, picture: Picture | None, limit: int) -> tuple[int, tuple[Mistake, ...]]:
    """How many photos were wrong, and the surest mistakes first, each photo once: the time it was surest."""
    places = np.flatnonzero(~tested.correct)
    sure = tested.confidence
    if tested.several:
        off = np.asarray(tested.predicted != tested.targets)
        sure = np.where(off, sure, 0).max(1, initial=0)
    order = places[np.lexsort((tested.rows[places], -sure[places]))]
    _, first = np.unique(tested.rows[order], return_index=True)
    once = order[np.sort(first)]
    shown = tuple(
        Mistake(
            tested.items[place],
            tested.truth(place),
            tested.told(place),
            float(sure[place]),
            picture(tested.items[place]) if picture else None,
        )
        for place in once[:limit].tolist()
    )
    return len(once), shown


def _comparison(name: str, first: Evaluation, other: str, second: Evaluation) -> Comparison:
    tests: tuple[PairedTest, ...] = ()
    if str(first.scheme) == "5x2cv":
        tests = five_by_two(first, second)
    return Comparison(name, other, paired_difference(first, second), tests)


def _plain(value: Any) -> Any:
    """JSON types of nested values: bytes stay (they are taken out), tuples become lists, NaN and infinity null."""
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value
