"""Reviewing a label: which photos to look at next, on a page; and the answers back, kept, learned from and judged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from engine.errors import InputError
from engine.models import label_files
from engine.settings import setting, write_setting
from engine.store import Store
from engine.writer import writing
from houndstooth.labels import apply, keep, label_name

if TYPE_CHECKING:
    from indexer.labels.kept import KeptLabel
    from indexer.labels.review.asking import Asked
    from indexer.labels.review.pool import Pool
    from indexer.labels.review.stop import StopRule, Verdict
    from indexer.labels.train import Trained

REVIEW = "review"
"""The setting that says which models were looked at: attribute -> {"scored": SHA-256 of each, in order}."""
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
    """What a page asks. asked: in order. left: photos without an answer."""

    pool: Pool
    asked: tuple[Asked, ...]
    left: int


@dataclass(frozen=True, eq=False)
class Taken:
    """What became of answers. answers: in the file. changed: those that said something new. classes: answers by class.

    trained: what was learned, None where nothing was, and `untrained` says why. replaced: whether it is the catalog's
    label now; if not, the one before was right on more of the audit, `before_right` against `after_right` of
    `compared`. verdict: on the catalog's label, None where there is none that may be judged. audit: photos set apart to
    be asked, answered or not. told: value -> photos that it was told of.
    """

    answers: int
    changed: int
    classes: dict[str, int]
    trained: Trained | None = None
    untrained: str = ""
    replaced: bool = False
    before_right: int = 0
    after_right: int = 0
    compared: int = 0
    verdict: Verdict | None = None
    audit: int = 0
    told: dict[str, int] = field(default_factory=dict)


def next_photos(store: Store, name: str, options: ReviewOptions | None = None, progress: Progress = _silent) -> Next:
    """The photos to look at next. Changes nothing; the same catalog, options and seed give the same photos.

    Raises InputError where there are no classes to answer, or nothing is left to ask; SpaceError.
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
    if not asked:
        what = "no label looks wrong" if options.strategy == "suspect" else "every photo has an answer"
        raise InputError(f"there is nothing to ask: {what}")
    return Next(pool, tuple(asked), int((pool.given < 0).sum()))


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
    from indexer.labels.review.pool import open_pool

    options = options or ReviewOptions()
    name = label_name(name)
    kept = _kept(store, name)
    changed, counts = _keep_answers(store, name, kept, file, options)
    pool = open_pool(store, name, kept, options.classes, options.spaces)
    answers = sum(counts.values())
    trained, why = _train(store, pool, kept, options, progress)
    if trained is None:
        verdict, _ = _judge(store, pool, kept, rule)
        return Taken(answers, changed, counts, untrained=why, verdict=verdict, audit=len(pool.audit))
    before, after, compared = _compare(store, pool, kept, trained)
    replaced = kept is None or not _is_foreign(store, kept) or after >= before
    if replaced:
        keep(store, trained.model, kept.confidence if kept else 0.0)
    applied = apply(store, name, lambda done, total: progress("telling photos", done, total))
    now = _kept(store, name)
    verdict, audited = _judge(store, open_pool(store, name, now, options.classes, options.spaces), now, rule)
    told = {label: count for values in applied.values.values() for label, count in values.items()}
    return Taken(
        answers, changed, counts, trained, "", replaced, before, after, compared, verdict, audited, told
    )  # fmt: skip


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
    store: Store, pool: Pool, kept: KeptLabel | None, options: ReviewOptions, progress: Progress
) -> tuple[Trained | None, str]:
    """The head learned from what was given, or why there is none yet."""
    from indexer.labels.kept import catalog_uuid
    from indexer.labels.review.learn import learnable
    from indexer.labels.train import train_head

    told = {"source": str(store.root), "catalog": catalog_uuid(store), "given": True, REVIEW: True}
    kind = kept.model.head.kind if kept and kept.model else "linear"
    try:
        training = learnable(store, pool, _spaces(store, kept, options.spaces), progress)
        return train_head(training, kind, "", options.seed, told=told, progress=progress), ""
    except InputError as error:
        return None, str(error)


def _is_foreign(store: Store, kept: KeptLabel) -> bool:
    """Whether the label was learned from more than the catalog was given, which a few answers need not outweigh."""
    return kept.model is not None and not (_saw_photos(store, kept) and kept.model.card.get("given"))


def _saw_photos(store: Store, kept: KeptLabel) -> bool:
    """Whether the label was learned from photos of this catalog, wherever its folder lies now."""
    from indexer.labels.kept import catalog_uuid

    return kept.model is not None and kept.model.card.get("catalog") == catalog_uuid(store)


def _audited(pool: Pool) -> Any:
    """Rows of the audit that are answered."""
    return pool.audit[pool.given[pool.audit] >= 0]


def _compare(store: Store, pool: Pool, kept: KeptLabel | None, trained: Trained) -> tuple[int, int, int]:
    """Audit answers that the label before and the new one have right, and how many there are."""
    from engine.snapshot import Reader
    from indexer.labels.features import features_of
    from indexer.labels.model_file import sha256_of

    rows = _audited(pool)
    if kept is None or not _is_foreign(store, kept) or pool.chances is None:
        return 0, 0, 0
    snapshot = Reader(store).snapshot()
    spaces = [snapshot.space(one.name) for one in trained.model.spaces]
    chances = trained.model.head.chances(features_of(snapshot, spaces, pool.regions[rows]))
    new = [pool.classes.index(trained.model.classes[number]) for number in chances.argmax(axis=1).tolist()]
    before = int((pool.chances[rows].argmax(axis=1) == pool.given[rows]).sum())
    after = int((new == pool.given[rows]).sum())
    for sha256 in (kept.sha256, sha256_of(trained.model.to_bytes())):
        _score(store, pool.attribute, sha256)
    return before, after, len(rows)


def _scored(store: Store, name: str) -> list[str]:
    return list((setting(store, REVIEW) or {}).get(name, {}).get("scored", []))


def _score(store: Store, name: str, sha256: str) -> int:
    """How many models were looked at before this one, which is noted."""
    scored = _scored(store, name)
    if sha256 not in scored:
        told = dict(setting(store, REVIEW) or {})
        with writing(store) as writer, writer.change() as connection:
            write_setting(connection, REVIEW, {**told, name: {"scored": [*scored, sha256]}})
    return scored.index(sha256) if sha256 in scored else len(scored)


def _judge(store: Store, pool: Pool, kept: KeptLabel | None, rule: StopRule | None) -> tuple[Verdict | None, int]:
    """What the audit says of the catalog's label, None where it may have learned from it; and photos of the audit."""
    from indexer.labels.review.stop import StopRule, judge

    rule = rule or StopRule()
    saw_audit = kept is not None and _saw_photos(store, kept) and not (kept.model and kept.model.card.get(REVIEW))
    if kept is None or pool.chances is None or saw_audit:
        return None, len(pool.audit)
    rows = _audited(pool)
    right = int(((pool.chances[rows].argmax(axis=1) == pool.given[rows]) & pool.has_vector[rows]).sum())
    scored = _scored(store, pool.attribute)
    before = scored.index(kept.sha256) if kept.sha256 in scored else len(scored)
    if len(rows) >= rule.needed(before + 1):
        before = _score(store, pool.attribute, kept.sha256)
    return judge(rule, right, len(rows), before), len(pool.audit)
