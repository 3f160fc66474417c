"""What the audit says of a catalog's label, and which labels were looked at: each look spends part of the risk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.settings import setting, write_setting
from engine.store import Store
from engine.writer import writing

if TYPE_CHECKING:
    from indexer.labels.kept import KeptLabel
    from indexer.labels.model_file import LabelModel
    from indexer.labels.review.pool import Pool
    from indexer.labels.review.stop import StopRule, Verdict
    from indexer.labels.train import Trained

REVIEW = "review"
"""The setting that says which models were looked at: attribute -> {"scored": what names each, in order}."""


def learned_of(model: LabelModel) -> str | None:
    """What a label learned from, as `told_apart` names it; None of one that was not trained by a review."""
    return str(model.card["learned"]) if model.card.get(REVIEW) and "learned" in model.card else None


def _identity(model: LabelModel, sha256: str) -> str:
    """What names a model that was looked at: one that was learned again from the same is the same."""
    return learned_of(model) or sha256


def is_foreign(store: Store, kept: KeptLabel) -> bool:
    """Whether the label was learned from more than the catalog was given, which a few answers need not outweigh."""
    return kept.model is not None and not (_saw_photos(store, kept) and kept.model.card.get("given"))


def _saw_photos(store: Store, kept: KeptLabel) -> bool:
    """Whether the label was learned from photos of this catalog, wherever its folder lies now."""
    from indexer.labels.kept import catalog_uuid

    return kept.model is not None and kept.model.card.get("catalog") == catalog_uuid(store)


def _audited(pool: Pool) -> Any:
    """Rows of the audit that are answered."""
    return pool.audit[pool.given[pool.audit] >= 0]


def compare(store: Store, pool: Pool, kept: KeptLabel | None, trained: Trained) -> tuple[int, int, int]:
    """Audit answers that the label before and the new one have right, and how many there are."""
    from engine.snapshot import Reader
    from indexer.labels.features import features_of
    from indexer.labels.model_file import sha256_of

    rows = _audited(pool)
    if kept is None or not is_foreign(store, kept) or pool.chances is None:
        return 0, 0, 0
    snapshot = Reader(store).snapshot()
    spaces = [snapshot.space(one.name) for one in trained.model.spaces]
    chances = trained.model.head.chances(features_of(snapshot, spaces, pool.regions[rows]))
    new = [pool.classes.index(trained.model.classes[number]) for number in chances.argmax(axis=1).tolist()]
    before = int((pool.chances[rows].argmax(axis=1) == pool.given[rows]).sum())
    after = int((new == pool.given[rows]).sum())
    for model, sha256 in ((kept.model, kept.sha256), (trained.model, sha256_of(trained.model.to_bytes()))):
        if model is not None:
            _score(store, pool.attribute, _identity(model, sha256))
    return before, after, len(rows)


def _scored(store: Store, name: str) -> list[str]:
    return list((setting(store, REVIEW) or {}).get(name, {}).get("scored", []))


def _score(store: Store, name: str, identity: str) -> int:
    """How many models were looked at before this one, which is noted."""
    scored = _scored(store, name)
    if identity not in scored:
        told = dict(setting(store, REVIEW) or {})
        with writing(store) as writer, writer.change() as connection:
            write_setting(connection, REVIEW, {**told, name: {"scored": [*scored, identity]}})
    return scored.index(identity) if identity in scored else len(scored)


def judge_label(store: Store, pool: Pool, kept: KeptLabel | None, rule: StopRule | None) -> Verdict | None:
    """What the audit says of the catalog's label, None where it may have learned from it."""
    from indexer.labels.review.stop import StopRule, judge

    rule = rule or StopRule()
    saw_audit = kept is not None and _saw_photos(store, kept) and not (kept.model and kept.model.card.get(REVIEW))
    if kept is None or kept.model is None or pool.chances is None or saw_audit:
        return None
    rows = _audited(pool)
    right = int(((pool.chances[rows].argmax(axis=1) == pool.given[rows]) & pool.has_vector[rows]).sum())
    scored, identity = _scored(store, pool.attribute), _identity(kept.model, kept.sha256)
    before = scored.index(identity) if identity in scored else len(scored)
    if len(rows) >= rule.needed(before + 1):
        before = _score(store, pool.attribute, identity)
    return judge(rule, right, len(rows), before)
