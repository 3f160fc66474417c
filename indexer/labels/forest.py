"""Fitting a forest: extremely randomised trees by scikit-learn (Geurts, Ernst and Wehenkel 2006), as plain numbers.

Where what counts is a combination of few numbers, such as where a hem lies and whether legs are seen below it, trees
see what a linear head cannot.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError, MissingDependencyError
from indexer.labels.examples import Labelled
from indexer.labels.heads import Head, moments, standardised
from indexer.labels.trees import LEAF, Trees

TREES = 300
LEAVES = (2, 4, 8)
"""Photos that a leaf holds at least, among which the validation part chooses."""


def grow(
    features: NDArray[np.float32],
    labelled: Labelled,
    rows: NDArray[np.int64],
    seed: int,
    least: int,
    trees: int = TREES,
) -> Head:
    """A forest on these rows, classes weighted to the same sum. least: photos of a leaf. Deterministic by the seed.

    features: float32 (n, d), a row for each of `labelled`, NaN where a photo lacks a space. Raises InputError where a
    photo may have several labels.
    """
    try:
        from sklearn.ensemble import ExtraTreesClassifier
    except ImportError as error:
        raise MissingDependencyError(
            "scikit-learn is not installed: training labels needs the extra [train]: pip install 'houndstooth[train]'"
        ) from error
    if labelled.several:
        raise InputError("a forest tells one class a photo: photos of several labels need --head linear or dense")
    mean, scale = moments(features[rows])
    model = ExtraTreesClassifier(trees, min_samples_leaf=least, class_weight="balanced", random_state=seed, n_jobs=1)
    model.fit(standardised(features[rows], mean, scale), labelled.targets[rows])
    grown = _plain(model.estimators_, features.shape[1], np.asarray(model.classes_, np.int64), len(labelled.classes))
    return Head("forest", False, mean, scale, (grown,))


def _plain(estimators: list[Any], inputs: int, present: NDArray[np.int64], classes: int) -> Trees:
    """scikit-learn's trees, which are in depth-first order too, in one. present: classes that its columns stand for."""
    roots, features, thresholds, rights, leaves = [], [], [], [], []
    nodes = held = 0
    for estimator in estimators:
        tree = estimator.tree_
        leaf = tree.children_left == -1
        if not (tree.children_left[~leaf] == np.flatnonzero(~leaf) + 1).all():
            raise AssertionError("scikit-learn's trees are no longer in depth-first order")
        roots.append(nodes)
        features.append(np.where(leaf, LEAF, tree.feature))
        thresholds.append(np.where(leaf, 0.0, tree.threshold))
        rights.append(np.where(leaf, held + leaf.cumsum() - 1, nodes + tree.children_right))
        shares = np.zeros((int(leaf.sum()), classes))
        shares[:, present] = tree.value[leaf, 0] / tree.value[leaf, 0].sum(axis=1, keepdims=True)
        leaves.append(shares)
        nodes, held = nodes + len(leaf), held + int(leaf.sum())
    return Trees(
        inputs,
        np.array(roots, np.int32),
        np.concatenate(features).astype(np.int16),
        np.concatenate(thresholds).astype(np.float32),
        np.concatenate(rights).astype(np.int32),
        np.concatenate(leaves).astype(np.float32),
    )
