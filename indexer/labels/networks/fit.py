"""A backbone as something that `indexer.labels.evaluate` can train and test."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError, MissingDependencyError
from indexer.labels.examples import Labelled
from indexer.labels.fit import head_fit
from indexer.labels.networks.augment import augmented
from indexer.labels.networks.backbones import Backbone, backbone_named
from indexer.labels.networks.photos import prepared_photos
from indexer.labels.networks.recipe import Recipe
from indexer.labels.networks.weights import Origin, find_weights

Rows = NDArray[np.int64]
Chances = Callable[[Rows], NDArray[np.float32]]
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, eq=False)
class NetworkFit:
    """fit(train, validation, seed) -> (rows -> chances), of photos prepared once.

    backbone: its name. weights: where they come from, for the report: "RANDOM..." where ImageNet's could not be had.
    """

    backbone: str
    weights: str
    recipe: Recipe
    _fit: Callable[[Rows, Rows, int], Chances]

    def __call__(self, train: Rows, validation: Rows, seed: int) -> Chances:
        """Learn from the training rows; stop, choose and calibrate by the validation rows."""
        if not len(train) or not len(validation):
            raise InputError("a network needs photos to learn from and others to stop by")
        return self._fit(train, validation, seed)


def network_fit(
    backbone: str,
    photos: Sequence[Path],
    labelled: Labelled,
    work: Path,
    weights: Path | None = None,
    recipe: Recipe | None = None,
    progress: Progress = lambda stage, done, total: None,
) -> NetworkFit:
    """A backbone to be trained on a label.

    backbone: one of BACKBONES. photos: the file of each row of `labelled`. work: a folder for arrays that are kept from
    run to run. weights: see `find_weights`. recipe: Recipe() when None, a frozen backbone and a dense head.
    Raises InputError for another backbone, unreadable photos or weights of another network; MissingDependencyError
    without torch.
    """
    chosen, how = backbone_named(backbone), recipe or Recipe()
    if len(photos) != len(labelled):
        raise ValueError(f"{len(labelled)} rows are labelled, and {len(photos)} photos given")
    if how.blocks > chosen.blocks > 0:
        raise InputError(f"{backbone} has {chosen.blocks} blocks, and {how.blocks} are to be trained")
    try:
        from indexer.labels.networks import tune
    except ImportError as error:
        raise MissingDependencyError(
            "torch is not installed: backbones are trained with it: pip install 'houndstooth[train]'"
        ) from error
    origin = find_weights(chosen, weights)
    side = how.side or chosen.side
    pictures, key = prepared_photos(photos, chosen, side, work, progress)
    if how.blocks or not chosen.blocks:

        def tuned(train: Rows, validation: Rows, seed: int) -> Chances:
            return tune.tune(
                chosen, origin, pictures, labelled, (train, validation), how, seed,
                lambda done, total: progress(f"{backbone}: epochs", done, total),
            )  # fmt: skip

        return NetworkFit(backbone, origin.told, how, tuned)
    return NetworkFit(backbone, origin.told, how, _frozen(chosen, origin, pictures, labelled, how, work, key, progress))


def _frozen(
    backbone: Backbone,
    origin: Origin,
    pictures: NDArray[np.uint8],
    labelled: Labelled,
    recipe: Recipe,
    work: Path,
    key: str,
    progress: Progress,
) -> Callable[[Rows, Rows, int], Chances]:
    """A head on what the frozen backbone gives: computed once, but of augmented copies, which each fit makes anew."""
    from indexer.labels.networks.tune import features

    def say(done: int, total: int) -> None:
        progress(f"{backbone.name}: features", done, total)

    file = work / f"features-{key}-{_digest(origin)}.npy"
    if not file.exists():
        half = file.with_suffix(".part.npy")
        np.save(half, features(backbone, origin, pictures, 0, say))
        half.rename(file)
    held: NDArray[np.float32] = np.load(file)

    def fit(train: Rows, validation: Rows, seed: int) -> Chances:
        made, rows, known = [held], [np.arange(len(labelled), dtype=np.int64)], train
        for copy in range(recipe.copies):
            shown = augmented(pictures[train], (seed, 33, copy))
            made.append(features(backbone, origin, shown, 0, say))
            rows.append(train)
            known = np.concatenate([known, len(labelled) + copy * len(train) + np.arange(len(train))])
        return head_fit(recipe.head, np.concatenate(made), labelled.take(np.concatenate(rows)))(known, validation, seed)

    return fit


def _digest(origin: Origin) -> str:
    told = hashlib.sha256(origin.told.encode())
    for name in sorted(origin.arrays):
        told.update(name.encode())
        told.update(np.ascontiguousarray(origin.arrays[name]).tobytes())
    return told.hexdigest()[:16]
