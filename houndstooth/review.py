"""Reviewing a label: which photos to look at next, on a page; and the answers back, kept, learned from and judged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from engine.errors import InputError
from engine.models import label_files
from engine.store import Store
from engine.writer import writing
from houndstooth.labels import apply, keep, label_name
from houndstooth.review_verdict import REVIEW, compare, is_foreign, judge_label, learned_of

if TYPE_CHECKING:
    from indexer.labels.gather import TrainingSet
    from indexer.labels.kept import KeptLabel
    from indexer.labels.review.asking import Asked
    from indexer.labels.review.pool import Pool
    from indexer.labels.review.stop import StopRule, Verdict
    from indexer.labels.train import Trained

AUDIT = 0.2
"""Of the photos of a page, those that check the model."""

Choice = Literal["uncertain-diverse", "uncertain", "random", "suspect"]
Progress = Callable[[str, int, int], None]


def _silent(stage: str, done: int, total: int) -> None: ...


@dataclass(frozen=True)
class ReviewOptions:
    """What is asked next. classes: what may be answered, besides what the label and the catalog's values say already.

    count: photos of a page. audit: the share of them that checks the model, in [0, 1]. spaces: whose vectors are
    compared and learned from; () for the label's own.
    """

    strategy: Choice = "uncertain-diverse"
    count: int = 50
    seed: int = 0
    audit: float = AUDIT
    classes: tuple[str, ...] = ()
    spaces: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.count < 1:
            raise InputError(f"a page has at least one photo, not {self.count}")
        if not 0 <= self.audit <= 1:
            raise InputError(f"audit is a share between 0 and 1, not {self.audit}")


@dataclass(frozen=True, eq=False)
class Next:
    """What a page asks. asked: in order. left: photos without an answer. nothing: why nothing is asked, else ""."""

    pool: Pool
    asked: tuple[Asked, ...]
    left: int
    nothing: str = ""


@dataclass(frozen=True, eq=False)
class Taken:
    """What became of answers. answers: in the file. changed: those that said something new. classes: answers by class.

    trained: what was learned, None where nothing was, and `untrained` says why; unless `same`: the catalog's label has
    learned from just these answers already. replaced: whether it is the catalog's
    label now; if not, the one before was right on more of the audit, `before_right` against `after_right` of
    `compared`. verdict: on the catalog's label, None where there is none that may be judged. audit: photos set apart to
    be asked, answered or not. told: value -> photos that it was told of.
    """

    answers: int
    changed: int
    classes: dict[str, int]
    trained: Trained | None = None
    untrained: str = ""
    same: bool = False
    replaced: bool = False
    before_right: int = 0
    after_right: int = 0
    compared: int = 0
    verdict: Verdict | None = None
    audit: int = 0
    told: dict[str, int] = field(default_factory=dict)


def next_photos(store: Store, name: str, options: ReviewOptions | None = None, progress: Progress = _silent) -> Next:
    """The photos to look at next. Changes nothing; the same catalog, options and seed give the same photos.

    Raises InputError where there are no classes to answer; SpaceError.
    """
    from indexer.labels.review.asking import ask_next, ask_suspects
    from indexer.labels.review.learn import find_suspects, learnable
    from indexer.labels.review.pool import open_pool

    options = options or ReviewOptions()
    name = label_name(name)
    kept = _kept(store, name)
    pool = open_pool(store, name, kept, options.classes, options.spaces)
    if options.strategy == "suspect":
        training = learnable(store, pool, _spaces(store, kept, options.spaces), progress)
        asked = ask_suspects(pool, find_suspects(training, pool, options.seed, progress), options.count)
    else:
        asked = ask_next(pool, options.strategy, options.count, options.audit, options.seed)
    done = "no label looks wrong" if options.strategy == "suspect" else "every photo has an answer"
    return Next(pool, tuple(asked), int((pool.given < 0).sum()), "" if asked else done)


def write_page(store: Store, name: str, following: Next, to: Path, command: str) -> None:
    """The page of `next_photos`, written whole or not at all. command: what is to be run with the answers."""
    from engine.pages.review import ReviewPhoto, review_page
    from houndstooth.review_pictures import pictures
    from indexer.labels.review.asking import WORDS

    pool = following.pool
    rows = [one.row for one in following.asked]
    photos = [
        ReviewPhoto(pool.paths[one.row], pool.products[one.row], jpeg, WORDS[one.why], box, one.predicted,
                    one.confidence, one.said)
        for one, (jpeg, box) in zip(following.asked, pictures(store, pool, rows), strict=True)
    ]  # fmt: skip
    html = review_page(label_name(name), pool.said, photos, command)
    to.parent.mkdir(parents=True, exist_ok=True)
    unfinished = to.with_name(to.name + ".tmp")
    unfinished.write_text(html, encoding="utf-8", errors="surrogateescape")
    unfinished.replace(to)


def take_answers(
    store: Store,
    name: str,
    file: Path,
    options: ReviewOptions | None = None,
    rule: StopRule | None = None,
    progress: Progress = _silent,
) -> Taken:
    """Keep the answers of a file as given values, learn from all but the audit, tell every photo, judge.

    All answers are kept in one transaction, or none: InputError then tells the lines that are wrong. Raises SpaceError,
    CatalogBusyError, MissingDependencyError; the answers are kept by then, and the same file may be given again.
    """
    from indexer.labels.review.learn import learnable
    from indexer.labels.review.pool import open_pool

    options = options or ReviewOptions()
    name = label_name(name)
    kept = _kept(store, name)
    changed, counts = _keep_answers(store, name, kept, file, options)
    pool = open_pool(store, name, kept, options.classes, options.spaces)
    taken = Taken(sum(counts.values()), changed, counts, audit=len(pool.audit))
    try:
        training = learnable(store, pool, _spaces(store, kept, options.spaces), progress)
        same = _has_learned(kept, training, options)
        trained = None if same else _train(store, training, kept, options, progress)
    except InputError as error:
        return replace(taken, untrained=str(error), verdict=judge_label(store, pool, kept, rule))
    if trained is not None:
        before, after, compared = compare(store, pool, kept, trained)
        replaced = kept is None or not is_foreign(store, kept) or after >= before
        if replaced:
            keep(store, trained.model)
        taken = replace(
            taken, trained=trained, replaced=replaced, before_right=before, after_right=after, compared=compared
        )
    if trained is not None or (kept is not None and kept.through is not None):  # else every photo is told already
        applied = apply(store, name, lambda done, total: progress("telling photos", done, total))
        told = {label: count for values in applied.values.values() for label, count in values.items()}
        taken = replace(taken, told=told)
    now = _kept(store, name)
    verdict = judge_label(store, open_pool(store, name, now, options.classes, options.spaces), now, rule)
    return replace(taken, same=same, verdict=verdict)


def _kept(store: Store, name: str) -> KeptLabel | None:
    from indexer.labels.kept import kept_labels

    return kept_labels(store).get(name) if name in label_files(store) else None


def _spaces(store: Store, kept: KeptLabel | None, named: Sequence[str]) -> list[str]:
    """Whose vectors are learned from: those named, else the label's, as far as they are there, else the usual."""
    from engine.snapshot import Reader
    from indexer.labels.features import default_spaces
    from indexer.labels.kept import stale_spaces

    snapshot = Reader(store).snapshot()
    model = kept.model if kept else None
    own = [one.name for one in model.spaces] if model and not stale_spaces(model, snapshot.spaces) else []
    return list(named) or own or default_spaces(snapshot)


def _keep_answers(
    store: Store, name: str, kept: KeptLabel | None, file: Path, options: ReviewOptions
) -> tuple[int, dict[str, int]]:
    """Answers that said something new, and all of the file by class."""
    from collections import Counter

    from engine.answers import write_answers
    from engine.values import declare
    from indexer.labels.review.answers import read_answers
    from indexer.labels.review.pool import open_pool

    with writing(store) as writer:
        pool = open_pool(store, name, kept, options.classes, options.spaces)
        answers = read_answers(file, name, store, pool.classes, pool.boolean)
        with writer.change() as connection:
            attribute = declare(connection, {name: "boolean" if pool.boolean else "text"})[name]
            changed = write_answers(connection, attribute, {one.photo.region_id: one.value for one in answers})
    counts = Counter(("yes" if one.value else "no") if isinstance(one.value, bool) else one.value for one in answers)
    return changed, dict(sorted(counts.items()))


def _train(
    store: Store, training: TrainingSet, kept: KeptLabel | None, options: ReviewOptions, progress: Progress
) -> Trained:
    """The head learned from what was given. Raises InputError where there is too little."""
    from indexer.labels.kept import catalog_uuid
    from indexer.labels.train import train_head

    told = {"source": str(store.root), "catalog": catalog_uuid(store), "given": True, REVIEW: True}
    return train_head(training, _head_kind(kept), "", options.seed, told=told, progress=progress)


def _head_kind(kept: KeptLabel | None) -> str:
    return kept.model.head.kind if kept and kept.model else "linear"


def _has_learned(kept: KeptLabel | None, training: TrainingSet, options: ReviewOptions) -> bool:
    """Whether the catalog's label was trained by a review on just this."""
    from indexer.labels.train import told_apart

    learned = learned_of(kept.model) if kept and kept.model else None
    return learned is not None and learned == told_apart(training, _head_kind(kept), "", options.seed)
