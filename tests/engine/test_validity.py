"""Silhouette and adjusted mutual information: by hand, by plain loops, and as scikit-learn has them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from builders import unit_rows
from sklearn.metrics import adjusted_mutual_info_score, silhouette_score

from engine.validity import adjusted_mutual_information, silhouette


def test_silhouette_by_hand() -> None:
    rows = np.array([[0.0], [1.0], [5.0], [7.0]], np.float32)
    # a: own cluster, b: the other. 0: a 1, b 6; 1: a 1, b 5; 5: a 2, b 4.5; 7: a 2, b 6.5.
    expected = (5 / 6 + 4 / 5 + 2.5 / 4.5 + 4.5 / 6.5) / 4
    assert silhouette(rows, np.array([3, 3, 8, 8])) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("rows", "dim", "k"), [(50, 3, 2), (300, 16, 7), (2100, 8, 30)])
def test_silhouette_is_scikit_learns(rows: int, dim: int, k: int) -> None:
    made = unit_rows(rows, dim, seed=rows)
    labels = np.random.default_rng(k).integers(0, k, rows)
    labels[0] = k  # one alone
    assert silhouette(made, labels) == pytest.approx(silhouette_score(made.astype(np.float64), labels), abs=1e-6)


def test_silhouette_at_the_edges() -> None:
    rows = np.zeros((4, 2), np.float32)
    assert silhouette(rows, np.zeros(4, int)) is None
    assert silhouette(rows, np.array([0, 0, 1, 1])) == 0.0
    assert silhouette(rows, np.arange(4)) == 0.0


@pytest.mark.parametrize(("rows", "k", "other"), [(10, 2, 3), (500, 5, 5), (3000, 40, 7), (64, 64, 2)])
def test_adjusted_mutual_information_is_scikit_learns(rows: int, k: int, other: int) -> None:
    generator = np.random.default_rng(rows)
    a = generator.integers(0, k, rows)
    b = np.where(generator.random(rows) < 0.5, a % other, generator.integers(0, other, rows))
    assert adjusted_mutual_information(a, b) == pytest.approx(adjusted_mutual_info_score(a, b), abs=1e-6)


def test_adjusted_mutual_information_by_hand() -> None:
    # Sizes (2, 2) against (2, 2): an overlap of 2 has probability 1/6, of 1 4/6; so the expected information is
    # 4 cells * 1/6 * (1/2 log 2) = log 2 / 3; that of independent groups is 0, and both entropies are log 2.
    a, crossed = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    expected = (0 - math.log(2) / 3) / (math.log(2) - math.log(2) / 3)
    assert adjusted_mutual_information(a, crossed) == pytest.approx(expected, abs=1e-12)
    assert adjusted_mutual_information(a, np.array([7, 7, 2, 2])) == pytest.approx(1.0)
    assert adjusted_mutual_information(np.zeros(4), np.ones(4)) == 1.0
    with pytest.raises(ValueError, match="4 and 3 rows"):
        adjusted_mutual_information(a, a[:3])
