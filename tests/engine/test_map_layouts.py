"""Layouts and neighbours: against plain arithmetic, the libraries' own answers, and for odd inputs."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from builders import unit_rows
from numpy.typing import NDArray
from test_clusters import blobs

from engine.errors import MissingDependencyError
from engine.layouts.beside import beside_nearest
from engine.layouts.pca import Plane, pca_plane
from engine.layouts.tsne import TsneChoice, tsne, tsne_choice, tsne_place
from engine.layouts.umap import umap_layout
from engine.map_quality import map_quality
from engine.nearest import cross_nearest, nearest_neighbours

QUICK = TsneChoice(5.0, None, 0, early_iterations=60, iterations=120)


def in_groups(xy: NDArray[np.float32], sizes: list[int]) -> float:
    """Share of points whose nearest on the map is of their own group, by plain loops."""
    group = np.repeat(np.arange(len(sizes)), sizes)
    right = 0
    for one in range(len(xy)):
        apart = [np.inf if other == one else float(((xy[one] - xy[other]) ** 2).sum()) for other in range(len(xy))]
        right += int(group[int(np.argmin(apart))] == group[one])
    return right / len(xy)


def test_exact_neighbours_are_those_of_plain_loops() -> None:
    rows = unit_rows(40, 5)
    found = nearest_neighbours(rows, 7)
    for one in range(40):
        apart = {other: float(np.linalg.norm(rows[one] - rows[other])) for other in range(40) if other != one}
        expected = sorted(apart, key=lambda other: apart[other])[:7]
        assert found.indices[one].tolist() == expected
        np.testing.assert_allclose(found.distances[one], [apart[other] for other in expected], atol=1e-3)
    assert found.exact


def test_equal_rows_are_never_their_own_neighbours() -> None:
    found = nearest_neighbours(np.tile(unit_rows(1, 4), (9, 1)), 3)
    assert (found.indices != np.arange(9)[:, None]).all()
    assert all(len({*row}) == 3 for row in found.indices.tolist())


def test_approximate_neighbours_find_nearly_all_with_true_distances_and_by_the_seed() -> None:
    rows = blobs([300] * 8, dim=16, spread=0.2)
    exact, rough = nearest_neighbours(rows, 10), nearest_neighbours(rows, 10, seed=3, exact_rows=100)
    recall = np.mean(
        [len({*a} & {*b}) / 10 for a, b in zip(exact.indices.tolist(), rough.indices.tolist(), strict=True)]
    )
    assert recall > 0.95 and not rough.exact
    assert (rough.indices != np.arange(len(rows))[:, None]).all()
    apart = np.linalg.norm(rows[:50, None] - rows[rough.indices[:50]], axis=2)
    np.testing.assert_allclose(rough.distances[:50], apart, atol=2e-3)
    again = nearest_neighbours(rows, 10, seed=3, exact_rows=100)
    assert (again.indices == rough.indices).all()


def test_pca_is_the_singular_value_decomposition() -> None:
    rows = unit_rows(60, 8)
    plane = pca_plane(rows)
    centred = rows.astype(np.float64) - rows.mean(axis=0)
    _, values, axes = np.linalg.svd(centred, full_matrices=False)
    for number in range(2):
        assert abs(float(axes[number] @ plane.axes[number])) == pytest.approx(1, abs=1e-5)
        assert plane.axes[number][np.abs(plane.axes[number]).argmax()] > 0
    np.testing.assert_allclose(plane.share, (values**2 / (values**2).sum())[:2], rtol=1e-4)
    again = Plane.from_model(plane.model())
    assert (again.project(rows) == plane.project(rows)).all()


@pytest.mark.parametrize("count", [1, 2, 3])
def test_pca_of_few_or_equal_rows_is_finite(count: int) -> None:
    assert np.isfinite(pca_plane(unit_rows(count, 5)).project(unit_rows(count, 5))).all()
    same = np.tile(unit_rows(1, 5), (count, 1))
    assert (np.abs(pca_plane(same).project(same)) < 1e-6).all()


def test_tsne_keeps_groups_together_the_same_for_the_same_seed() -> None:
    sizes = [40, 30, 20]
    rows = blobs(sizes)
    first, second = tsne(rows, 3, QUICK), tsne(rows, 3, QUICK)
    assert first.shape == (90, 2) and first.dtype == np.float32
    assert (first == second).all()
    assert in_groups(first, sizes) == 1
    quality = map_quality(rows, first)
    assert quality is not None and quality.trustworthiness > 0.9


def test_tsne_takes_neighbours_that_are_known() -> None:
    rows = blobs([20, 20])
    known = nearest_neighbours(rows, 20)
    assert (tsne(rows, 0, QUICK, known) == tsne(rows, 0, QUICK)).all()


@pytest.mark.parametrize("count", [8, 11])
def test_tsne_and_umap_of_few_or_equal_rows_are_finite(count: int) -> None:
    quick = TsneChoice(tsne_choice(count).perplexity, None, 0, 20, 20)
    for rows in (unit_rows(count, 5), np.tile(unit_rows(1, 5), (count, 1))):
        assert np.isfinite(tsne(rows, 0, quick)).all()


def test_a_large_set_starts_from_a_sample() -> None:
    assert tsne_choice(99_999) == TsneChoice(30.0, None, 0)
    assert tsne_choice(100_000) == TsneChoice(30.0, 4.0, 25_000)
    assert tsne_choice(31).perplexity == 10
    sizes = [60, 60, 60]
    rows = blobs(sizes)
    sampled = tsne(rows, 0, TsneChoice(5.0, 4.0, 100, early_iterations=60, iterations=120))
    assert in_groups(sampled, sizes) == 1


def test_placing_on_tsne_is_opentsnes_transform() -> None:
    from openTSNE import TSNE

    rows = blobs([60, 40, 30])
    old, new = np.delete(rows, np.arange(0, 130, 10), axis=0), rows[::10]
    embedding = TSNE(random_state=0, n_iter=40, early_exaggeration_iter=20, neighbors="exact").fit(old)
    expected = np.array(embedding.transform(new))
    xy = np.array(embedding).astype(np.float32)
    np.testing.assert_allclose(tsne_place(xy, old, new), expected, atol=2e-2)


def test_umap_finds_the_neighbours_of_many_rows_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = [30, 25, 20]
    rows = blobs(sizes)
    known = umap_layout(rows, seed=4, neighbours=nearest_neighbours(rows, 15))
    monkeypatch.setattr("engine.layouts.umap.EXACT_ROWS", 50)
    found = umap_layout(rows, seed=4)
    assert (found == umap_layout(rows, seed=4)).all()
    for xy in (known, found):
        assert in_groups(xy, sizes) == 1


def test_umap_keeps_groups_together_the_same_for_the_same_seed() -> None:
    sizes = [30, 25, 20]
    rows = blobs(sizes)
    first = umap_layout(rows, seed=4)
    assert (first == umap_layout(rows, seed=4)).all()
    assert in_groups(first, sizes) == 1
    assert np.isfinite(umap_layout(unit_rows(8, 5))).all()
    assert np.isfinite(umap_layout(np.tile(unit_rows(1, 5), (9, 1)))).all()


def test_beside_the_nearest_is_their_weighted_mean() -> None:
    rows, new = unit_rows(20, 4), unit_rows(6, 4, seed=9)
    xy = np.random.default_rng(0).normal(size=(20, 2)).astype(np.float32)
    found = beside_nearest(xy, rows, new)
    for number, row in enumerate(new):
        apart = sorted((float(np.linalg.norm(row - other)), place) for place, other in enumerate(rows))[:5]
        weights = [1 / distance for distance, _ in apart]
        mean = sum(weight * xy[place] for weight, (_, place) in zip(weights, apart, strict=True)) / sum(weights)
        np.testing.assert_allclose(found[number], mean, atol=1e-4)
    np.testing.assert_allclose(beside_nearest(xy, rows, rows[3:4]), xy[3:4], atol=1e-5)
    assert cross_nearest(rows[3:4], rows, 1).indices.tolist() == [[3]]


@pytest.mark.parametrize(
    ("module", "extra", "action"),
    [
        ("sklearn.decomposition", r"houndstooth\[maps\]", lambda: pca_plane(unit_rows(9, 4))),
        ("openTSNE", r"houndstooth\[maps\]", lambda: tsne(unit_rows(9, 4), 0, QUICK)),
        ("umap", r"houndstooth\[umap\]", lambda: umap_layout(unit_rows(9, 4))),
    ],
)
def test_a_missing_library_names_its_extra(module: str, extra: str, action, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setitem(sys.modules, module, None)
    for name in [name for name in sys.modules if name.startswith("openTSNE.")] if module == "openTSNE" else []:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingDependencyError, match=extra):
        action()
