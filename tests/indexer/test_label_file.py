"""The file of a label: the same bytes twice, everything back, and clear words for what is no such file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from engine.batch import NewRegion, Predicted
from engine.errors import InputError
from indexer.labels.apply import label_regions, predict
from indexer.labels.examples import BOOLEAN
from indexer.labels.heads import Head, Layer
from indexer.labels.kept import KeptLabel
from indexer.labels.model_file import LabelModel, SpaceUsed, load_label, read_label

SPACES = (SpaceUsed("vgg", 3, "a" * 16), SpaceUsed("pattern", 2, "b" * 16))


def made(classes: tuple[str, ...] = BOOLEAN, several: bool = False, name: str = "maxi") -> LabelModel:
    draw = np.random.default_rng(0)
    layer = Layer(draw.normal(size=(5, len(classes))).astype(np.float32), np.zeros(len(classes), np.float32))
    head = Head("linear", several, np.zeros(5, np.float32), np.ones(5, np.float32), (layer,), 0.8)
    return LabelModel(name, classes, several, SPACES, head, {"seed": 3, "metrics": {"accuracy": {"value": 0.9}}})


def test_everything_comes_back(tmp_path: Path) -> None:
    model = made(("dress", "Kleid ä"), name="category")
    assert len({model.to_bytes() for _ in range(20)}) == 1  # its SHA-256 names it in a catalog
    model.save(tmp_path / "sub" / "x.safetensors")
    back = load_label(tmp_path / "sub" / "x.safetensors")
    assert back.told() == model.told()
    rows = np.random.default_rng(1).normal(size=(7, 5)).astype(np.float32)
    np.testing.assert_array_equal(back.head.chances(rows), model.head.chances(rows))
    assert sorted(path.name for path in (tmp_path / "sub").iterdir()) == ["x.safetensors"]


def test_types_of_the_attributes() -> None:
    assert made().attribute_types == {"maxi": "boolean"}
    assert made(("a", "b")).attribute_types == {"maxi": "text"}
    assert made(("Party wear", "long"), several=True).attribute_types == {
        "maxi_party_wear": "boolean",
        "maxi_long": "boolean",
    }


def test_other_files_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no label at"):
        load_label(tmp_path / "none.safetensors")
    with pytest.raises(InputError, match="not a safetensors file"):
        read_label(b"\x00" * 100, "x")
    with pytest.raises(InputError, match="not a safetensors file"):
        read_label(made().to_bytes()[:-3], "x")
    save_file({"a": np.zeros(2)}, tmp_path / "a.safetensors", {"format": "something"})
    with pytest.raises(InputError, match="is no label"):
        load_label(tmp_path / "a.safetensors")
    for told in ('{"format": "houndstooth label 1"}', '{"format": "houndstooth label 1", "attribute": 3}'):
        save_file({"a": np.zeros(2)}, tmp_path / "a.safetensors", {"label": told})
        with pytest.raises(InputError, match="card cannot be read"):
            load_label(tmp_path / "a.safetensors")
    with pytest.raises(InputError, match="not 4 and 2"):
        replace(made(), spaces=(SpaceUsed("vgg", 4, "a" * 16),))


def test_predictions_by_hand() -> None:
    """A region that lacks one space is told from the other; one that lacks both is told nothing."""
    model = made()
    rows = np.array([[1, 0, 0, 0, 0], [1, 0, 0, np.nan, np.nan], [np.nan] * 5], dtype=np.float32)
    scores = rows[0] @ model.head.layers[0].weight / 0.8
    chance = 1 / (1 + np.exp(scores[0] - scores[1]))
    one, two, three = predict(model, rows, 0.0, "label:maxi:x")
    assert one["maxi"].value == (chance > 0.5) and one["maxi"].model == "label:maxi:x"
    assert one["maxi"].confidence == pytest.approx(max(chance, 1 - chance), abs=1e-6)
    assert two == one and three == {}
    sure = one["maxi"].confidence
    assert predict(model, rows, sure - 1e-9, "m")[0] and not predict(model, rows, sure + 1e-6, "m")[0]
    told = "true" if chance > 0.5 else "false"
    assert not predict(model, rows, {told: 1.0}, "m")[0]
    assert predict(model, rows, {"other": 1.0}, "m")[0]


def test_regions_that_were_just_extracted() -> None:
    model = made()
    kept = KeptLabel("maxi", "f" * 64, model)
    vectors = {"vgg": np.array([1, 0, 0], np.float32), "pattern": np.array([0, 1], np.float32)}
    regions = [NewRegion(vectors), NewRegion({"colour": np.ones(2, np.float32)}), NewRegion({"vgg": vectors["vgg"]})]
    both, none, part = label_regions(regions, [kept])
    rows = np.array([[1, 0, 0, 0, 1], [1, 0, 0, np.nan, np.nan]], dtype=np.float32)
    expected = predict(model, rows, 0.0, f"label:maxi:{'f' * 16}")
    assert (both.predicted, part.predicted, none.predicted) == (expected[0], expected[1], {})
    said = Predicted(True, 0.5, "space:x")
    (kept_by_space,) = label_regions([NewRegion(vectors, predicted={"maxi": said})], [kept])
    assert kept_by_space.predicted == {"maxi": said}  # what a space tells stays
