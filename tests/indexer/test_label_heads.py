"""Heads: what NumPy computes is what scikit-learn and torch would; calibration; determinism; what is missing."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from sklearn.linear_model import LogisticRegression

from engine.errors import InputError
from indexer.labels.examples import Labelled
from indexer.labels.fit import fit_head, head_fit
from indexer.labels.heads import (
    Head,
    Layer,
    best_temperature,
    chances_of,
    class_weights,
    log_loss,
    moments,
    standardised,
)


def clouds(classes: int, each: int = 40, dim: int = 6, seed: int = 0, spread: float = 1.5) -> tuple[
    NDArray[np.float32], NDArray[np.int64]
]:  # fmt: skip
    """Overlapping clouds of points, one a class, of unequal sizes."""
    draw = np.random.default_rng(seed)
    targets = np.concatenate([np.full(each * (1 + number % 2), number) for number in range(classes)]).astype(np.int64)
    centres = draw.normal(size=(classes, dim))
    order = draw.permutation(len(targets))
    targets = targets[order]
    return (centres[targets] + spread * draw.normal(size=(len(targets), dim))).astype(np.float32), targets


def labelled_of(targets: NDArray[np.int64] | NDArray[np.bool_], several: bool = False) -> Labelled:
    width = targets.shape[1] if several else int(targets.max()) + 1
    rows = len(targets)
    return Labelled(
        "kind",
        tuple(f"class{number}" for number in range(width)),
        several,
        tuple(f"{row}.jpg" for row in range(rows)),
        np.arange(rows, dtype=np.int64),
        targets,
        np.arange(rows, dtype=np.int64),
        ("",) * rows,
    )


@pytest.mark.parametrize("classes", [2, 4])
def test_linear_chances_are_those_of_scikit_learn(classes: int) -> None:
    features, targets = clouds(classes)
    labelled = labelled_of(targets)
    train, held = np.arange(0, len(targets) * 3 // 4), np.arange(len(targets) * 3 // 4, len(targets))
    fitted = fit_head("linear", features, labelled, train, held, seed=0)
    mean, scale = features[train].mean(0), features[train].std(0)
    oracle = LogisticRegression(C=fitted.chosen["strength"], class_weight="balanced", max_iter=5000, tol=1e-8)
    oracle.fit((features[train] - mean) / scale, targets[train])
    expected = oracle.predict_proba((features[held] - mean) / scale)
    own = fitted.head.with_temperature(1.0).chances(features[held])
    np.testing.assert_allclose(own, expected, atol=2e-3)
    np.testing.assert_allclose(own.sum(1), 1, atol=1e-6)


def test_several_labels_are_a_regression_each() -> None:
    draw = np.random.default_rng(1)
    features = draw.normal(size=(160, 5)).astype(np.float32)
    targets = (features @ draw.normal(size=(5, 3)) + 0.5 * draw.normal(size=(160, 3))) > 0.3
    labelled = labelled_of(targets, several=True)
    train, held = np.arange(120), np.arange(120, 160)
    fitted = fit_head("linear", features, labelled, train, held, seed=0)
    own = fitted.head.with_temperature(1.0).chances(features[held])
    mean, scale = features[train].mean(0), features[train].std(0)
    for number in range(3):
        oracle = LogisticRegression(C=fitted.chosen["strength"], class_weight="balanced", max_iter=5000, tol=1e-8)
        oracle.fit((features[train] - mean) / scale, targets[train, number])
        np.testing.assert_allclose(
            own[:, number], oracle.predict_proba((features[held] - mean) / scale)[:, 1], atol=2e-3
        )


def test_the_dense_head_is_what_torch_computes() -> None:
    features, targets = clouds(3, dim=8)
    labelled = labelled_of(targets)
    train, held = np.arange(90), np.arange(90, len(targets))
    head = fit_head("dense", features, labelled, train, held, seed=3).head
    inputs = torch.from_numpy((features[held] - head.mean) / head.scale)
    first, second = head.layers
    hidden = torch.relu(inputs @ torch.from_numpy(first.weight) + torch.from_numpy(first.bias))
    scores = hidden @ torch.from_numpy(second.weight) + torch.from_numpy(second.bias)
    expected = torch.softmax(scores / head.temperature, dim=1).numpy()
    np.testing.assert_allclose(head.chances(features[held]), expected, atol=1e-5)
    assert first.weight.shape == (8, 256) and second.weight.shape == (256, 3)


@pytest.mark.parametrize("kind", ["linear", "dense"])
def test_the_same_seed_gives_the_same_head(kind: str) -> None:
    features, targets = clouds(2)
    labelled = labelled_of(targets)
    train, held = np.arange(80), np.arange(80, len(targets))
    before = torch.random.get_rng_state()
    one, two = (fit_head(kind, features, labelled, train, held, seed=5).head.arrays() for _ in range(2))
    assert one.keys() == two.keys() and all(np.array_equal(one[name], two[name]) for name in one)
    assert torch.equal(before, torch.random.get_rng_state())  # nobody else's draws are touched
    other = fit_head(kind, features, labelled, train, held, seed=6).head.arrays()
    if kind == "dense":
        assert any(not np.array_equal(one[name], other[name]) for name in one)


def test_a_head_learns_what_can_be_learned() -> None:
    features, targets = clouds(3, each=60, spread=0.4)
    labelled = labelled_of(targets)
    train, held, test = np.arange(150), np.arange(150, 190), np.arange(190, len(targets))
    for kind in ("linear", "dense"):
        chances = head_fit(kind, features, labelled)(train, held, 0)
        assert np.mean(chances(test).argmax(1) == targets[test]) > 0.9


def test_refitting_learns_from_both_parts_and_keeps_what_was_chosen() -> None:
    features, targets = clouds(2)
    labelled = labelled_of(targets)
    train, held = np.arange(80), np.arange(80, len(targets))
    once = fit_head("linear", features, labelled, train, held, seed=0)
    again = fit_head("linear", features, labelled, train, held, seed=0, refit=True)
    assert once.chosen == again.chosen
    np.testing.assert_allclose(again.head.mean, features.mean(0), atol=1e-5)
    np.testing.assert_allclose(once.head.mean, features[train].mean(0), atol=1e-5)


def test_a_missing_block_is_the_mean_and_changes_nothing_else() -> None:
    features, targets = clouds(2, dim=6)
    features[::7, 3:] = np.nan
    labelled = labelled_of(targets)
    head = fit_head("linear", features, labelled, np.arange(80), np.arange(80, len(targets)), seed=0).head
    filled = np.where(np.isnan(features), head.mean, features)
    np.testing.assert_allclose(head.chances(features), head.chances(filled), atol=1e-6)
    known = ~np.isnan(features[:80, 4])
    assert head.mean[4] == pytest.approx(features[:80, 4][known].mean(), abs=1e-5)


def test_moments_by_hand() -> None:
    rows = np.array([[1, 5, np.nan], [3, 5, 2]], dtype=np.float32)
    mean, scale = moments(rows)
    assert mean.tolist() == [2, 5, 2] and scale.tolist() == [1, 1, 1]
    assert standardised(rows, mean, scale).tolist() == [[-1, 0, 0], [1, 0, 0]]


@pytest.mark.parametrize("several", [False, True])
def test_the_temperature_is_the_likeliest(several: bool) -> None:
    """Against scipy; chances that are too sure by a factor of three get a temperature of about three."""
    draw = np.random.default_rng(2)
    scores = draw.normal(size=(4000, 3)).astype(np.float32)
    chances = chances_of(scores, several)
    if several:
        targets: NDArray[np.bool_] | NDArray[np.int64] = draw.random((4000, 3)) < chances
    else:
        targets = np.array([draw.choice(3, p=row / row.sum()) for row in chances.astype(np.float64)], dtype=np.int64)
    found = best_temperature(scores * 3, targets, several)
    oracle = minimize_scalar(
        lambda place: log_loss(scores * 3 / np.float32(np.exp(place)), targets, several, smoothed=True),
        bounds=(-3, 3),
        method="bounded",
    )
    assert found == pytest.approx(float(np.exp(oracle.x)), rel=1e-2) and found == pytest.approx(3, rel=0.15)


def test_photos_that_are_all_right_do_not_make_certain() -> None:
    """Laplace's rule: 18 photos, all right by far, give chances near 19/20."""
    targets = np.array([0, 1] * 9)
    scores = np.where(np.arange(2) == targets[:, None], 20, -20).astype(np.float32)
    sure = chances_of(scores / np.float32(best_temperature(scores, targets, False)), False).max(1)
    assert sure.min() == pytest.approx(19 / 20, abs=0.01)


def test_log_loss_by_hand() -> None:
    scores = np.log(np.array([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]], dtype=np.float32))
    targets = np.array([0, 1])
    assert log_loss(scores, targets, False) == pytest.approx(-(np.log(0.5) + np.log(0.8)) / 2, abs=1e-6)
    smoothed = (
        -(0.6 * np.log(0.5) + 0.2 * 2 * np.log(0.25) + 0.6 * np.log(0.8) + 0.2 * 2 * np.log(0.1)) / 2
    )  # of 2 photos and 3 classes each other class keeps 1/5
    assert log_loss(scores, targets, False, smoothed=True) == pytest.approx(smoothed, abs=1e-6)
    two = np.array([[0.0, np.log(3)]], dtype=np.float32)
    assert log_loss(two, np.array([[True, False]]), True) == pytest.approx(-(np.log(0.5) + np.log(0.25)) / 2, abs=1e-6)


def test_class_weights_make_classes_weigh_the_same() -> None:
    targets = np.array([0, 0, 0, 1])
    weights = class_weights(targets, 3)
    assert weights[:3].sum() == pytest.approx(weights[3]) and weights.mean() == pytest.approx(1)


def test_heads_that_cannot_be_are_refused() -> None:
    weight, bias = np.zeros((4, 2), np.float32), np.zeros(2, np.float32)
    good = Head("linear", False, np.zeros(4, np.float32), np.ones(4, np.float32), (Layer(weight, bias),))
    assert good.dim == 4 and good.width == 2
    for mean, scale, temperature in (
        (np.zeros(3, np.float32), np.ones(3, np.float32), 1.0),
        (np.zeros(4, np.float32), np.zeros(4, np.float32), 1.0),
        (np.full(4, np.nan, np.float32), np.ones(4, np.float32), 1.0),
        (np.zeros(4, np.float32), np.ones(4, np.float32), 0.0),
    ):
        with pytest.raises(InputError):
            Head("linear", False, mean, scale, (Layer(weight, bias),), temperature)
    features, targets = clouds(2)
    labelled = labelled_of(targets)
    with pytest.raises(InputError, match="choose by"):
        fit_head("linear", features, labelled, np.arange(80), np.arange(0), seed=0)
    with pytest.raises(InputError, match="linear, dense"):
        fit_head("deep", features, labelled, np.arange(80), np.arange(80, 90), seed=0)
