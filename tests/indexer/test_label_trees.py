"""The head of a forest: as scikit-learn's trees, after a file, and with what is missing."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesClassifier

from engine.errors import InputError
from indexer.labels.examples import Labelled
from indexer.labels.fit import fit_head
from indexer.labels.forest import grow
from indexer.labels.heads import Head, standardised
from indexer.labels.model_file import LabelModel, SpaceUsed, read_label
from indexer.labels.trees import Trees


def labelled(targets: np.ndarray, classes: tuple[str, ...]) -> Labelled:
    rows = len(targets)
    names = tuple(map(str, range(rows)))
    return Labelled("kind", classes, False, names, np.arange(rows), targets, np.arange(rows), ("",) * rows)


@pytest.fixture
def ring() -> tuple[np.ndarray, Labelled]:
    """What no line parts: inside a ring or outside it, and seven numbers that say nothing."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(400, 9)).astype(np.float32)
    return features, labelled((np.hypot(features[:, 0], features[:, 1]) > 1.2).astype(np.int64), ("in", "out", "never"))


def test_chances_are_scikit_learns(ring: tuple[np.ndarray, Labelled]) -> None:
    features, known = ring
    rows = np.arange(300)
    head = grow(features, known, rows, seed=3, least=2, trees=20)
    oracle = ExtraTreesClassifier(20, min_samples_leaf=2, class_weight="balanced", random_state=3)
    inputs = standardised(features, head.mean, head.scale)
    oracle.fit(inputs[rows], known.targets[rows])
    shares = oracle.predict_proba(inputs)
    wanted = (20 * np.column_stack([shares, np.zeros(400)]) + 1 / 3) / 21  # one tree more that knows nothing
    np.testing.assert_allclose(head.chances(features), wanted, atol=1e-5)


def test_a_forest_sees_what_a_line_cannot(ring: tuple[np.ndarray, Labelled]) -> None:
    features, known = ring
    train, validation, test = np.arange(200), np.arange(200, 280), np.arange(280, 400)
    right = {}
    for kind in ("linear", "forest"):
        made = fit_head(kind, features, known, train, validation, seed=0)
        right[kind] = float((made.head.chances(features[test]).argmax(1) == known.targets[test]).mean())
    assert right["forest"] > 0.85 > right["linear"]
    again = fit_head("forest", features, known, train, validation, seed=0, refit=True)
    assert again.chosen["leaf"] in (2, 4, 8) and again.head.kind == "forest"


def test_a_file_keeps_it_bit_for_bit(ring: tuple[np.ndarray, Labelled]) -> None:
    features, known = ring
    head = grow(features, known, np.arange(400), seed=0, least=2, trees=5).with_temperature(0.7)
    model = LabelModel("kind", known.classes, False, (SpaceUsed("shape", 9, "0" * 16),), head, {})
    data = model.to_bytes()
    back = read_label(data, "x")
    np.testing.assert_array_equal(back.head.chances(features), head.chances(features))
    assert back.to_bytes() == data
    missing = features[:3].copy()
    missing[:, 4] = np.nan
    filled = features[:3].copy()
    filled[:, 4] = head.mean[4]
    np.testing.assert_array_equal(head.chances(missing), head.chances(filled))


@pytest.mark.parametrize(
    "change", [{"right": 0}, {"right": 10_000}, {"feature": 40}, {"feature": -2}, {"threshold": np.nan}, {"roots": -1}]
)
def test_damaged_trees_are_refused(ring: tuple[np.ndarray, Labelled], change: dict[str, float]) -> None:
    """A file from elsewhere must not lead a walk in circles or out of its arrays."""
    features, known = ring
    head = grow(features, known, np.arange(400), seed=0, least=2, trees=2)
    arrays = head.arrays()
    ((name, value),) = change.items()
    arrays[f"trees.{name}"] = arrays[f"trees.{name}"].copy()
    arrays[f"trees.{name}"][0] = value
    with pytest.raises(InputError, match="damaged"):
        Head.of_arrays("forest", False, arrays)
    with pytest.raises(InputError, match="lack"):
        Trees.of_arrays({})


def test_several_labels_a_photo_are_refused(ring: tuple[np.ndarray, Labelled]) -> None:
    features, _ = ring
    marks = features[:, :2] > 0
    rows = len(marks)
    several = Labelled("kind", ("a", "b"), True, tuple(map(str, range(rows))), np.arange(rows), marks, np.arange(rows),
                       ("",) * rows)  # fmt: skip
    with pytest.raises(InputError, match="need --head linear or dense"):
        grow(features, several, np.arange(rows), 0, 2)
