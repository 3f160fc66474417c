"""The retrieval measures against plain loops and scikit-learn."""

from __future__ import annotations

import importlib.util
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

FILE = Path(__file__).parents[2] / "benchmarks" / "quality" / "metrics.py"


@pytest.fixture(scope="module")
def metrics() -> ModuleType:
    spec = importlib.util.spec_from_file_location("quality_metrics", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["quality_metrics"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def drawn() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Similarities (30, 200) without ties, gallery labels, query labels."""
    rng = np.random.default_rng(3)
    return rng.permutation(6000).reshape(30, 200) / 6000, rng.choice(list("abcd"), 200), rng.choice(list("abcd"), 30)


def test_precision_at_1(metrics: ModuleType, drawn: tuple) -> None:
    similar, gallery, queries = drawn
    nearest = [max(range(200), key=row.__getitem__) for row in similar]
    want = [float(gallery[found] == query) for found, query in zip(nearest, queries, strict=True)]
    np.testing.assert_array_equal(metrics.precision_at_1(similar, gallery, queries), want)


def test_average_precision_is_sklearns(metrics: ModuleType, drawn: tuple) -> None:
    similar, gallery, queries = drawn
    want = [average_precision_score(gallery == query, row) for row, query in zip(similar, queries, strict=True)]
    np.testing.assert_allclose(metrics.average_precision(similar, gallery, queries), want, atol=1e-12)


def test_average_precision_of_a_label_nobody_has(metrics: ModuleType) -> None:
    none = metrics.average_precision(np.ones((1, 3)), np.array(["a", "b", "c"]), np.array(["z"]))
    np.testing.assert_array_equal(none, [0])


def test_majority_of_five(metrics: ModuleType, drawn: tuple) -> None:
    similar, gallery, queries = drawn
    want = []
    for row, query in zip(similar, queries, strict=True):
        nearest = sorted(range(200), key=lambda g: -row[g])[:5]
        counts = Counter(gallery[g] for g in nearest)
        best = max(counts, key=lambda label: (counts[label], sum(row[g] for g in nearest if gallery[g] == label)))
        want.append(float(best == query))
    got = metrics.knn_correct(similar, gallery, queries)
    np.testing.assert_array_equal(got, want)
    assert 0 < got.mean() < 1


def test_equal_votes_go_to_the_nearer(metrics: ModuleType) -> None:
    similar = np.array([[0.9, 0.8, 0.7, 0.69, 0.1]])
    gallery = np.array(["b", "a", "a", "b", "c"])
    assert metrics.knn_correct(similar, gallery, np.array(["b"])) == [1]  # 0.9 + 0.69 against 0.8 + 0.7
    assert metrics.knn_correct(similar, gallery, np.array(["a"])) == [0]


def test_bootstrap_interval_is_the_normal_one_for_independent_values(metrics: ModuleType) -> None:
    values = np.random.default_rng(0).normal(5, 2, 400)
    got = metrics.bootstrap(values, np.arange(400), seed=1)
    half = 1.96 * values.std() / np.sqrt(400)
    assert got.mean == pytest.approx(values.mean())
    assert got.low == pytest.approx(values.mean() - half, abs=0.03)
    assert got.high == pytest.approx(values.mean() + half, abs=0.03)
    assert metrics.bootstrap(values, np.arange(400), seed=1) == got


def test_bootstrap_of_copies_is_as_wide_as_of_the_originals(metrics: ModuleType) -> None:
    values = np.random.default_rng(0).normal(0, 1, 100)
    once = metrics.bootstrap(values, np.arange(100))
    nine = metrics.bootstrap(np.repeat(values, 9), np.repeat(np.arange(100), 9))
    assert nine.high - nine.low == pytest.approx(once.high - once.low)
