"""Confident learning: against plain loops over the paper's definitions, and wrong labels that were planted."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from indexer.labels.review.suspect import suspects


def by_loops(chances: NDArray[np.float32], labels: NDArray[np.int64]) -> tuple[dict[int, int], list[list[int]]]:
    """Suspect row -> class, and the confident joint, as the paper's equations 1 and 2 say them."""
    width = chances.shape[1]
    means = []
    for name in range(width):
        own = [float(chances[row, name]) for row in range(len(labels)) if labels[row] == name]
        means.append(sum(own) / len(own) if own else float("inf"))
    joint = [[0] * width for _ in range(width)]
    found = {}
    for row in range(len(labels)):
        reached = [name for name in range(width) if chances[row, name] >= means[name] - 1e-9]
        if not reached:
            continue
        best = max(reached, key=lambda name: chances[row, name])
        joint[labels[row]][best] += 1
        if best != labels[row]:
            found[row] = best
    return found, joint


@pytest.mark.parametrize("seed", range(5))
def test_by_plain_loops(seed: int) -> None:
    generator = np.random.default_rng(seed)
    chances = generator.dirichlet(np.full(4, 0.7), 80).astype(np.float32)
    labels = generator.integers(0, 3, 80)  # nothing is labelled with the last class
    expected, joint = by_loops(chances, labels)
    for ranking in ("margin", "self-confidence"):
        found = suspects(chances, labels, ranking)
        assert dict(zip(found.rows.tolist(), found.better.tolist(), strict=True)) == expected
        assert found.joint.tolist() == joint
        assert 3 not in found.better
        scores = []
        for row in found.rows.tolist():
            own = float(chances[row, labels[row]])
            other = max(float(chances[row, name]) for name in range(4) if name != labels[row])
            scores.append(own - other if ranking == "margin" else own)
        np.testing.assert_allclose(found.score, scores, atol=1e-6)
        assert scores == sorted(scores)


def test_planted_errors_are_found_and_come_first() -> None:
    """Three kinds that a model tells apart well: 5 % of their labels are exchanged."""
    generator = np.random.default_rng(0)
    truth = generator.integers(0, 3, 600)
    scores = generator.normal(0, 1, (600, 3))
    scores[np.arange(600), truth] += 4
    chances = (np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)).astype(np.float32)
    wrong = generator.permutation(600)[:30]
    labels = truth.copy()
    labels[wrong] = (labels[wrong] + 1) % 3
    found = suspects(chances, labels)
    assert np.isin(wrong, found.rows).mean() >= 0.65  # those that the model is sure of: its list is short and right
    assert np.isin(found.rows, wrong).mean() >= 0.9
    assert (found.better[np.isin(found.rows, wrong)] == truth[found.rows[np.isin(found.rows, wrong)]]).mean() >= 0.95


def test_labels_that_the_model_believes_are_not_suspected() -> None:
    chances = np.eye(3, dtype=np.float32)[[0, 1, 2, 0, 1]] * 0.94 + 0.02
    assert len(suspects(chances, np.array([0, 1, 2, 0, 1]))) == 0
