"""Telling a catalog's photos a label: from their stored vectors, in batches, so that a kill loses at most one.

A region that lacks the vector of one space of several is told from the others, the missing one taken to be the mean of
the training photos; a region that has none of them is told nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.batch import NewRegion, Predicted
from engine.models import LABELS
from engine.settings import setting, write_setting
from engine.snapshot import Reader, Snapshot
from engine.values import declare, write_labels
from engine.writer import Writer
from indexer.labels.features import BATCH_ROWS, features_of, joined
from indexer.labels.kept import KeptLabel, delete_predicted, stale_spaces
from indexer.labels.model_file import LabelModel

Confidence = float | Mapping[str, float]


@dataclass(frozen=True)
class Applied:
    """What was told. values: attribute -> value as text -> regions. unsure: predictions below the wanted confidence.

    without: regions that have no vector to tell it from. done: whether all regions were told, or the run was stopped.
    """

    attribute: str
    regions: int
    values: Mapping[str, Mapping[str, int]]
    unsure: int
    without: int
    done: bool = True


def predict(model: LabelModel, features: NDArray[np.float32], confidence: Confidence, name: str) -> list[
    dict[str, Predicted]
]:  # fmt: skip
    """What the label says of each row of features (n, d): attribute -> value; nothing where it is not sure enough.

    confidence: the least chance of a value that is told, of all values or of each by its class. name: as it is signed.
    """
    chances = model.head.chances(features)
    some = np.asarray(~np.isnan(features).all(axis=1))
    told: list[dict[str, Predicted]] = []
    for row, has in zip(chances.astype(np.float64).tolist(), some.tolist(), strict=True):
        said: dict[str, Predicted] = {}
        if has and model.several:
            for label, chance in zip(model.classes, row, strict=True):
                there = chance > 0.5
                sure = chance if there else 1 - chance
                if sure >= least(confidence, label):
                    said[model.attribute_of(label)] = Predicted(there, sure, name)
        elif has:
            place = max(range(len(row)), key=row.__getitem__)
            label = model.classes[place]
            if row[place] >= least(confidence, label):
                said[model.attribute] = Predicted(label == "true" if model.boolean else label, row[place], name)
        told.append(said)
    return told


def least(confidence: Confidence, label: str) -> float:
    """The chance from which a value of this class is told."""
    return confidence.get(label, 0.0) if isinstance(confidence, Mapping) else confidence


def label_regions(regions: Sequence[NewRegion], labels: Sequence[KeptLabel]) -> list[NewRegion]:
    """Regions that were just extracted with what the labels say of them; what a space says of an attribute stays."""
    made = list(regions)
    for kept in labels:
        if kept.model is None or not made:
            continue
        features = joined([region.vectors for region in made], kept.model.spaces)
        said = predict(kept.model, features, kept.confidence, kept.name)
        made = [replace(region, predicted={**new, **region.predicted}) for region, new in zip(made, said, strict=True)]
    return made


def apply_label(
    writer: Writer,
    kept: KeptLabel,
    progress: Callable[[int, int], None] = lambda done, total: None,
    stopped: Callable[[], bool] = lambda: False,
    rows: int = BATCH_ROWS,
) -> Applied:
    """Tell every live region of the catalog; goes on where a run that was killed had come to.

    The label must be fresh (`indexer.labels.kept.require_fresh`). progress: called with (regions done, regions in all).
    stopped: asked between batches.
    """
    snapshot = Reader(writer.store).snapshot()
    ids = snapshot.region_ids
    start = int(np.searchsorted(ids, kept.through, side="right")) if kept.through else 0
    count = _Count(kept)
    for place in range(start, len(ids), rows):
        if stopped():
            return count.applied(done=False)
        progress(place, len(ids))
        part = ids[place : place + rows]
        _tell(writer, kept, snapshot, part, count, through=int(part[-1]))
    _finish(writer, kept)
    progress(len(ids), len(ids))
    return count.applied(done=True)


def tell_images(writer: Writer, kept: KeptLabel, image_ids: Sequence[int]) -> None:
    """Tell the live regions of these images, which got vectors after they were made.

    Nothing happens while the label's spaces are others than it was trained on: one of them is still being filled.
    """
    snapshot = Reader(writer.store).snapshot()
    if not image_ids or kept.model is None or stale_spaces(kept.model, snapshot.spaces):
        return
    ids = snapshot.region_ids[np.isin(snapshot.image_ids, np.array(image_ids, dtype=np.int64))]
    for place in range(0, len(ids), BATCH_ROWS):
        _tell(writer, kept, snapshot, ids[place : place + BATCH_ROWS], _Count(kept), None)


def _tell(
    writer: Writer, kept: KeptLabel, snapshot: Snapshot, part: NDArray[np.int64], count: _Count, through: int | None
) -> None:
    """One batch in one transaction, with how far the run has come."""
    model = kept.model
    if model is None:
        raise AssertionError("a label without a file cannot be told")
    features = features_of(snapshot, [snapshot.space(used.name) for used in model.spaces], part)
    said = predict(model, features, kept.confidence, kept.name)
    count.add(features, said)
    told = dict(setting(writer.store, LABELS) or {})
    with writer.change() as connection:
        attributes = declare(connection, model.attribute_types)
        for name in model.attribute_types:
            own = {number: row[name] for number, row in zip(part.tolist(), said, strict=True) if name in row}
            write_labels(connection, attributes[name], part.tolist(), own)
        if through is not None and kept.attribute in told:
            line = {**told[kept.attribute], "through": through}
            write_setting(connection, LABELS, {**told, kept.attribute: line})


def _finish(writer: Writer, kept: KeptLabel) -> None:
    """Note that all is told; what the label said before, of classes that it has no more, goes."""
    told = dict(setting(writer.store, LABELS) or {})
    if "through" in told.get(kept.attribute, {}):
        line = {key: value for key, value in told[kept.attribute].items() if key != "through"}
        with writer.change() as connection:
            delete_predicted(connection, kept.attribute, but=kept.name)
            write_setting(connection, LABELS, {**told, kept.attribute: line})


class _Count:
    """Adds up what was told."""

    def __init__(self, kept: KeptLabel) -> None:
        self._kept = kept
        self._types = kept.model.attribute_types if kept.model else {}
        self._values: dict[str, Counter[str]] = {name: Counter() for name in self._types}
        self._regions = self._unsure = self._without = 0

    def add(self, features: NDArray[np.float32], said: Sequence[Mapping[str, Predicted]]) -> None:
        """A batch."""
        lacking = np.asarray(np.isnan(features).all(axis=1))
        self._regions += len(said)
        self._without += int(lacking.sum())
        for has_none, row in zip(lacking.tolist(), said, strict=True):
            for name, values in self._values.items():
                if name in row:
                    values[
                        str(row[name].value).lower() if self._types[name] == "boolean" else str(row[name].value)
                    ] += 1
                elif not has_none:
                    self._unsure += 1

    def applied(self, done: bool) -> Applied:
        """The sums."""
        values = {name: dict(sorted(found.items())) for name, found in self._values.items()}
        return Applied(self._kept.attribute, self._regions, values, self._unsure, self._without, done)
