"""Fitting heads: logistic regression or trees by scikit-learn, a small network by torch; using them needs neither."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError, MissingDependencyError
from indexer.labels.examples import Labelled
from indexer.labels.forest import LEAVES, TREES, grow
from indexer.labels.heads import (
    Head,
    Layer,
    Matrix,
    best_temperature,
    class_weights,
    layers_of,
    log_loss,
    moments,
    standardised,
)

Rows = NDArray[np.int64]
Targets = NDArray[np.int64] | NDArray[np.bool_]
HEADS = ("linear", "dense", "forest")
STRENGTHS = (0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 1.0)
"""C of scikit-learn, the inverse of the L2 penalty, among which the validation part chooses."""
HIDDEN, DROPOUT, LEARNING_RATE = 256, 0.5, 1e-4
"""The dense head of system 1: 256 rectified units, dropout, RMSprop."""
EPOCHS, PATIENCE, BATCH = 200, 10, 32


@dataclass(frozen=True, eq=False)
class Fitted:
    """A head with how it was chosen. chosen: the strength, the epochs or the size of a leaf, by name."""

    head: Head
    chosen: dict[str, Any]


def fit_head(
    kind: str,
    features: Matrix,
    labelled: Labelled,
    train: Rows,
    validation: Rows,
    seed: int,
    refit: bool = False,
    trees: int = TREES,
) -> Fitted:
    """Fit a head on the training rows; what its kind leaves open, and the temperature, the validation rows choose.

    features: float32 (n, d), a row for each of `labelled`, NaN where a photo lacks a space. refit: learn once more,
    from both parts with what was chosen (the temperature stays). trees: of a forest. Deterministic by the seed.
    Raises InputError for another kind, for no validation rows or for a class without training rows.
    """
    if kind not in HEADS:
        raise InputError(f"a head is one of {', '.join(HEADS)}, not {kind!r}")
    if not len(train) or not len(validation):
        raise InputError("a head needs photos to learn from and others to choose by")
    learners: dict[str, tuple[Callable[..., Fitted], Callable[..., Head]]] = {
        "linear": (_learn_linear, _fit_linear),
        "dense": (_learn_dense, _fit_dense),
        "forest": (partial(_learn_forest, trees=trees), partial(_fit_forest, trees=trees)),
    }
    learn, fit_again = learners[kind]
    made = learn(features, labelled, train, validation, seed)
    scores, truth = made.head.scores(features[validation]), labelled.targets[validation]
    temperature = best_temperature(scores, truth, labelled.several)
    if refit:
        both = np.sort(np.concatenate([train, validation]))
        made = Fitted(fit_again(features, labelled, both, seed, made.chosen), made.chosen)
    return Fitted(made.head.with_temperature(temperature), {**made.chosen, "temperature": round(temperature, 4)})


def head_fit(
    kind: str, features: Matrix, labelled: Labelled, trees: int = TREES
) -> Callable[[Rows, Rows, int], Callable[[Rows], Matrix]]:
    """As `indexer.labels.evaluate` wants it: fit(train, validation, seed) -> (rows -> chances)."""

    def fit(train: Rows, validation: Rows, seed: int) -> Callable[[Rows], Matrix]:
        head = fit_head(kind, features, labelled, train, validation, seed, trees=trees).head
        return lambda rows: head.chances(features[rows])

    return fit


def _learn_linear(features: Matrix, labelled: Labelled, train: Rows, validation: Rows, seed: int) -> Fitted:
    """Of the strengths the one whose scores, calibrated, make the validation part likeliest; the smaller of equals."""
    found: list[tuple[float, float, Head]] = []
    for strength in STRENGTHS:
        head = _fit_linear(features, labelled, train, seed, {"strength": strength})
        scores, truth = head.scores(features[validation]), labelled.targets[validation]
        warm = best_temperature(scores, truth, labelled.several)
        found.append((log_loss(scores / np.float32(warm), truth, labelled.several), strength, head))
    _, strength, head = min(found, key=lambda one: one[:2])
    return Fitted(head, {"strength": strength})


def _fit_linear(features: Matrix, labelled: Labelled, rows: Rows, seed: int, chosen: dict[str, Any]) -> Head:
    mean, scale = moments(features[rows])
    inputs = standardised(features[rows], mean, scale)
    columns = _binary_columns(labelled, rows)
    if columns is None:
        weights, bias = _logistic(inputs, labelled.targets[rows], len(labelled.classes), chosen["strength"], seed)
    else:
        made = [_logistic(inputs, column, 2, chosen["strength"], seed) for column in columns]
        weights = np.stack([weight[:, 1] - weight[:, 0] for weight, _ in made], axis=1)
        bias = np.array([own[1] - own[0] for _, own in made])
    return Head("linear", labelled.several, mean, scale, layers_of([(weights, bias)]))


def _binary_columns(labelled: Labelled, rows: Rows) -> list[NDArray[np.int64]] | None:
    if not labelled.several:
        return None
    return [labelled.targets[rows, number].astype(np.int64) for number in range(len(labelled.classes))]


def _logistic(
    inputs: Matrix, targets: Targets, classes: int, strength: float, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weights (d, classes) and bias (classes,) of balanced logistic regression; a class without rows is unlikely."""
    try:
        from sklearn.linear_model import LogisticRegression
    except ImportError as error:
        raise MissingDependencyError(
            "scikit-learn is not installed: training labels needs the extra [train]: pip install 'houndstooth[train]'"
        ) from error
    targets = targets.astype(np.int64)
    present = np.unique(targets)
    weights, bias = np.zeros((inputs.shape[1], classes)), np.full(classes, -30.0)
    if len(present) == 1:
        bias[present] = 0.0
        return weights, bias
    # The penalty's say must not grow with the features' number, so it is per feature of unit size.
    model = LogisticRegression(C=strength, class_weight="balanced", max_iter=1000, tol=1e-4, random_state=seed)
    model.fit(inputs.astype(np.float64), targets)
    if len(present) == 2:
        weights[:, present[1]], bias[present] = model.coef_[0], [0.0, model.intercept_[0]]
    else:
        weights[:, present], bias[present] = model.coef_.T, model.intercept_
    return weights, bias


def _learn_forest(features: Matrix, labelled: Labelled, train: Rows, validation: Rows, seed: int, trees: int) -> Fitted:
    """Of the sizes of a leaf the one whose scores, calibrated, make the validation part likeliest."""
    found: list[tuple[float, int, Head]] = []
    for least in LEAVES:
        head = grow(features, labelled, train, seed, least, trees)
        scores, truth = head.scores(features[validation]), labelled.targets[validation]
        warm = best_temperature(scores, truth, False)
        found.append((log_loss(scores / np.float32(warm), truth, False), least, head))
    _, least, head = min(found, key=lambda one: one[:2])
    return Fitted(head, {"leaf": least})


def _fit_forest(
    features: Matrix, labelled: Labelled, rows: Rows, seed: int, chosen: dict[str, Any], trees: int
) -> Head:
    return grow(features, labelled, rows, seed, chosen["leaf"], trees)


def _learn_dense(features: Matrix, labelled: Labelled, train: Rows, validation: Rows, seed: int) -> Fitted:
    mean, scale = moments(features[train])
    held = standardised(features[validation], mean, scale)
    layers, epochs = _train(
        standardised(features[train], mean, scale), labelled, train, seed, EPOCHS, (held, labelled.targets[validation])
    )
    return Fitted(Head("dense", labelled.several, mean, scale, layers), {"epochs": epochs})


def _fit_dense(features: Matrix, labelled: Labelled, rows: Rows, seed: int, chosen: dict[str, Any]) -> Head:
    mean, scale = moments(features[rows])
    layers, _ = _train(standardised(features[rows], mean, scale), labelled, rows, seed, chosen["epochs"], None)
    return Head("dense", labelled.several, mean, scale, layers)


def _train(
    inputs: Matrix, labelled: Labelled, rows: Rows, seed: int, epochs: int, held: tuple[Matrix, Targets] | None
) -> tuple[tuple[Layer, ...], int]:
    """Layers of the best epoch on what is held out, and its number; of the last one where nothing is."""
    try:
        import torch
    except ImportError as error:
        raise MissingDependencyError(
            "torch is not installed: the dense head needs the extra [train]: pip install 'houndstooth[train]'"
        ) from error
    targets, classes = labelled.targets[rows], len(labelled.classes)
    with torch.random.fork_rng(devices=[]), _one_thread(torch):
        torch.manual_seed(seed)
        network = torch.nn.Sequential(
            torch.nn.Linear(inputs.shape[1], HIDDEN),
            torch.nn.ReLU(),
            torch.nn.Dropout(DROPOUT),
            torch.nn.Linear(HIDDEN, classes),
        )
        optimiser = torch.optim.RMSprop(network.parameters(), lr=LEARNING_RATE)
        loss_of = _loss(torch, labelled.several, targets, classes)
        data = torch.from_numpy(np.ascontiguousarray(inputs))
        truth = torch.from_numpy(np.ascontiguousarray(targets))
        best, kept, at = np.inf, _layers(network), 0
        for epoch in range(1, epochs + 1):
            network.train()
            for part in torch.randperm(len(data)).split(BATCH):
                optimiser.zero_grad()
                loss_of(network(data[part]), truth[part]).backward()
                optimiser.step()
            if held is None:
                kept, at = _layers(network), epoch
                continue
            layers = _layers(network)
            now = Head("dense", labelled.several, np.zeros(inputs.shape[1], np.float32),
                       np.ones(inputs.shape[1], np.float32), layers)  # fmt: skip
            loss = log_loss(now.scores(held[0]), held[1], labelled.several)
            if loss < best:
                best, kept, at = loss, layers, epoch
            elif epoch - at >= PATIENCE:
                break
    return kept, at


@contextmanager
def _one_thread(torch: Any) -> Iterator[None]:
    """Layers so small are quicker on one thread, and add up in the same order."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _loss(torch: Any, several: bool, targets: Targets, classes: int) -> Callable[[Any, Any], Any]:
    """Cross-entropy under which all classes weigh the same."""
    if several:
        positive = np.maximum(targets.sum(axis=0), 1)
        weight = torch.tensor((len(targets) - positive) / positive, dtype=torch.float32).clamp(0.05, 20)
        return lambda scores, truth: torch.nn.functional.binary_cross_entropy_with_logits(
            scores, truth.float(), pos_weight=weight
        )
    whole = targets.astype(np.int64)
    each = np.zeros(classes, np.float32)
    each[whole] = class_weights(whole, classes)
    weight = torch.from_numpy(each)
    return lambda scores, truth: torch.nn.functional.cross_entropy(scores, truth, weight=weight)


def _layers(network: Any) -> tuple[Layer, ...]:
    return layers_of([
        (network[place].weight.detach().numpy().T.copy(), network[place].bias.detach().numpy().copy())
        for place in (0, 3)
    ])  # fmt: skip
