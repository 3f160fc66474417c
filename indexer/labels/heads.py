"""What a fitted label is: a standardisation, one or two layers and a temperature, applied with NumPy alone.

A linear head is multinomial logistic regression; a dense head has one hidden layer of rectified units; a forest's are
decision trees. All give chances: softmax over the classes, or a sigmoid each where a photo may have several. The
temperature is Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural Networks", ICML 2017.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from indexer.labels.trees import Trees

Matrix = NDArray[np.float32]
BLOCK_ROWS = 8_192
"""Rows whose chances are computed at a time."""


@dataclass(frozen=True, eq=False)
class Layer:
    """weight: float32 (inputs, outputs). bias: float32 (outputs,)."""

    weight: Matrix
    bias: Matrix

    @property
    def shape(self) -> tuple[int, int]:
        """Inputs and outputs."""
        inputs, outputs = self.weight.shape
        return int(inputs), int(outputs)

    def __call__(self, rows: Matrix) -> Matrix:
        """float32 (n, inputs) -> (n, outputs)."""
        made: Matrix = rows @ self.weight + self.bias
        return made


@dataclass(frozen=True, eq=False)
class Head:
    """A fitted head over features of d numbers, for c classes.

    kind: "linear", "dense" or "forest", for people. mean, scale: float32 (d,), what features are brought to zero mean
    and unit size with. layers: one (linear; trees), or two with rectified units between. temperature: what scores are
    divided by.
    """

    kind: str
    several: bool
    mean: Matrix
    scale: Matrix
    layers: tuple[Layer | Trees, ...]
    temperature: float = 1.0

    def __post_init__(self) -> None:
        shapes = [layer.shape for layer in self.layers]
        joints = [(own[1], following[0]) for own, following in pairwise(shapes)]
        if (
            not shapes
            or shapes[0][0] != len(self.mean)
            or self.scale.shape != self.mean.shape
            or any(own != following for own, following in joints)
        ):
            raise InputError(f"the layers {shapes} of a head do not fit features of {len(self.mean)} numbers")
        dense = [part for one in self.layers if isinstance(one, Layer) for part in (one.weight, one.bias)]
        if not all(np.isfinite(array).all() for array in (self.mean, self.scale, *dense)) or not (self.scale > 0).all():
            raise InputError("a head holds numbers that are not finite")
        if not 0 < self.temperature < np.inf:
            raise InputError(f"a head's temperature must be above 0, not {self.temperature}")

    @property
    def dim(self) -> int:
        """Length of the features."""
        return len(self.mean)

    @property
    def width(self) -> int:
        """Number of classes."""
        return self.layers[-1].shape[1]

    def scores(self, features: Matrix) -> Matrix:
        """Scores before the temperature, float32 (n, c). NaN stands for a feature that a photo lacks: the mean."""
        if features.ndim != 2 or features.shape[1] != self.dim:
            raise ValueError(f"features must be (n, {self.dim}), not {features.shape}")
        made = np.empty((len(features), self.width), dtype=np.float32)
        for start in range(0, len(features), BLOCK_ROWS):
            rows = standardised(features[start : start + BLOCK_ROWS], self.mean, self.scale)
            for layer in self.layers[:-1]:
                rows = np.maximum(layer(rows), 0)
            made[start : start + BLOCK_ROWS] = self.layers[-1](rows)
        return made

    def chances(self, features: Matrix) -> Matrix:
        """Chances of the classes, float32 (n, c) in [0, 1]; each row sums to 1 unless several."""
        return chances_of(self.scores(features) / np.float32(self.temperature), self.several)

    def with_temperature(self, temperature: float) -> Head:
        """The same head, calibrated otherwise."""
        return replace(self, temperature=temperature)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Everything but the words, by name."""
        made: dict[str, NDArray[np.generic]] = {
            "mean": self.mean,
            "scale": self.scale,
            "temperature": np.array([self.temperature], dtype=np.float32),
        }
        for number, layer in enumerate(self.layers):
            if isinstance(layer, Trees):
                made |= {f"trees.{name}": array for name, array in layer.arrays().items()}
            else:
                made |= {f"layers.{number}.weight": layer.weight, f"layers.{number}.bias": layer.bias}
        return made

    @staticmethod
    def of_arrays(kind: str, several: bool, arrays: Mapping[str, NDArray[np.generic]]) -> Head:
        """The head that `arrays` told of. Raises InputError when it did not."""
        try:
            layers: list[Layer | Trees] = []
            if "trees.roots" in arrays:
                trees = {name.removeprefix("trees."): array for name, array in arrays.items()}
                layers.append(Trees.of_arrays(trees))
            while f"layers.{len(layers)}.weight" in arrays:
                name = f"layers.{len(layers)}"
                layers.append(Layer(_plain(arrays[f"{name}.weight"], 2), _plain(arrays[f"{name}.bias"], 1)))
            mean, scale = _plain(arrays["mean"], 1), _plain(arrays["scale"], 1)
            temperature = float(_plain(arrays["temperature"], 1)[0])
        except (KeyError, IndexError) as error:
            raise InputError(f"the head lacks {error}") from error
        return Head(kind, several, mean, scale, tuple(layers), temperature)


def standardised(features: Matrix, mean: Matrix, scale: Matrix) -> Matrix:
    """(features - mean) / scale, float32 (n, d), with 0, the mean, where a feature is NaN."""
    made = (features - mean) / scale
    return np.asarray(np.where(np.isnan(made), np.float32(0), made), dtype=np.float32)


def chances_of(scores: NDArray[np.floating], several: bool) -> Matrix:
    """Softmax of each row, or the sigmoid of each number when several; float32 (n, c)."""
    wide = scores.astype(np.float64)
    if several:
        return (0.5 * (1 + np.tanh(wide / 2))).astype(np.float32)  # the sigmoid, without overflow
    shares = np.exp(wide - wide.max(axis=1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True), dtype=np.float32)


def moments(features: Matrix) -> tuple[Matrix, Matrix]:
    """Mean and spread, float32 (d,) each, of features (n, d), NaN left out; of one that never varies, spread 1."""
    known = ~np.isnan(features)
    count = np.maximum(known.sum(axis=0), 1)
    filled = np.where(known, features, 0).astype(np.float64)
    mean = filled.sum(axis=0) / count
    spread = np.sqrt(np.where(known, (features - mean) ** 2, 0).sum(axis=0) / count)
    return mean.astype(np.float32), np.where(spread > 1e-9, spread, 1).astype(np.float32)


def _plain(array: NDArray[np.generic], axes: int) -> Matrix:
    if array.ndim != axes:
        raise InputError(f"a head's array has the shape {array.shape}")
    return np.ascontiguousarray(array.astype(np.float32))


def best_temperature(scores: Matrix, targets: NDArray[np.int64] | NDArray[np.bool_], several: bool) -> float:
    """The temperature in [0.05, 20] under which the targets are likeliest, by golden-section search on its logarithm.

    The targets are smoothed by Laplace's rule of succession, as in Platt, "Probabilistic Outputs for Support Vector
    Machines", 1999: of n photos that are all told right, the chances come near n / (n + 1), not 1. The negative
    log-likelihood is convex in the inverse of the temperature, so the one minimum is found.
    """
    if not len(scores):
        return 1.0
    low, high, ratio = np.log(0.05), np.log(20.0), (np.sqrt(5) - 1) / 2

    def loss(place: float) -> float:
        return log_loss(scores / np.float32(np.exp(place)), targets, several, smoothed=True)

    left, right = high - ratio * (high - low), low + ratio * (high - low)
    at_left, at_right = loss(left), loss(right)
    while high - low > 1e-4:
        if at_left <= at_right:
            high, right, at_right = right, left, at_left
            left = high - ratio * (high - low)
            at_left = loss(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + ratio * (high - low)
            at_right = loss(right)
    return float(np.exp((low + high) / 2))


def log_loss(
    scores: Matrix, targets: NDArray[np.int64] | NDArray[np.bool_], several: bool, smoothed: bool = False
) -> float:
    """Mean negative log-likelihood of the targets under scores (n, c).

    smoothed: under targets that are as sure as n photos can make one: 1 / (n + c) is kept for each other class.
    """
    wide = scores.astype(np.float64)
    rows, classes = wide.shape
    kept = 1 / (rows + (2 if several else classes)) if smoothed else 0.0
    if several:
        losses = np.logaddexp(0, np.where(targets, -wide, wide)), np.logaddexp(0, np.where(targets, wide, -wide))
        return float(np.mean((1 - kept) * losses[0] + kept * losses[1]))
    shifted = wide - wide.max(axis=1, keepdims=True)
    losses_of = np.log(np.exp(shifted).sum(axis=1))[:, None] - shifted
    right = losses_of[np.arange(rows), targets.astype(np.int64)]
    return float(np.mean((1 - classes * kept) * right + kept * losses_of.sum(axis=1)))


def class_weights(targets: NDArray[np.int64], classes: int) -> NDArray[np.float64]:
    """The weight of each row (n,) under which all classes that are there weigh the same; their mean is 1."""
    counts = np.bincount(targets, minlength=classes)
    present = max(int((counts > 0).sum()), 1)
    return np.asarray(len(targets) / (present * np.maximum(counts, 1)))[targets]


def layers_of(arrays: Sequence[tuple[NDArray[np.floating], NDArray[np.floating]]]) -> tuple[Layer, ...]:
    """Layers from pairs of weight (inputs, outputs) and bias."""
    return tuple(
        Layer(np.ascontiguousarray(weight, dtype=np.float32), np.ascontiguousarray(bias, dtype=np.float32))
        for weight, bias in arrays
    )
