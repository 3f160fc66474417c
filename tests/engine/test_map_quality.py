"""Trustworthiness, continuity and neighbours kept, against scikit-learn and plain loops."""

from __future__ import annotations

import numpy as np
import pytest
from builders import unit_rows
from sklearn.manifold import trustworthiness

from engine.map_quality import map_quality


@pytest.mark.parametrize(("count", "k"), [(40, 5), (90, 12), (25, 1)])
def test_trustworthiness_and_continuity_are_scikit_learns(count: int, k: int) -> None:
    rows = unit_rows(count, 6)
    xy = (rows[:, :2] + np.random.default_rng(1).normal(scale=0.2, size=(count, 2))).astype(np.float32)
    found = map_quality(rows, xy, neighbours=k)
    assert found is not None
    assert found.trustworthiness == pytest.approx(trustworthiness(rows, xy, n_neighbors=k), abs=1e-9)
    assert found.continuity == pytest.approx(trustworthiness(xy, rows, n_neighbors=k), abs=1e-9)


def test_neighbours_kept_is_the_mean_overlap_by_plain_loops() -> None:
    rows = unit_rows(30, 4)
    xy = np.random.default_rng(2).normal(size=(30, 2)).astype(np.float32)
    found = map_quality(rows, xy, neighbours=6)
    shares = []
    for one in range(30):
        others = [other for other in range(30) if other != one]
        alike = sorted(others, key=lambda other: float(np.linalg.norm(rows[one] - rows[other])))[:6]
        beside = sorted(others, key=lambda other: float(np.linalg.norm(xy[one] - xy[other])))[:6]
        shares.append(len({*alike} & {*beside}) / 6)
    assert found is not None and found.neighbours_kept == pytest.approx(np.mean(shares))


def test_a_faithful_map_has_the_best_of_all_and_one_by_lot_about_half() -> None:
    angles = np.sort(np.random.default_rng(0).uniform(0, 3, 200))
    xy = np.column_stack([np.cos(angles), np.sin(angles)]).astype(np.float32)
    best = map_quality(xy, xy)
    assert best is not None and (best.trustworthiness, best.continuity, best.neighbours_kept) == (1, 1, 1)
    lot = map_quality(xy, np.random.default_rng(1).normal(size=(200, 2)).astype(np.float32))
    assert lot is not None and 0.4 < lot.trustworthiness < 0.6 and lot.neighbours_kept < 0.15


def test_large_maps_are_judged_on_a_sample_that_the_seed_draws() -> None:
    rows = unit_rows(400, 5)
    found = [map_quality(rows, rows[:, :2], seed, sample=100) for seed in (3, 3, 4)]
    assert found[0] == found[1] and found[0] != found[2]
    assert found[0] is not None and (found[0].sample, found[0].seed) == (100, 3)
    drawn = np.sort(np.random.default_rng(3).choice(400, 100, replace=False))
    expected = trustworthiness(rows[drawn], rows[drawn, :2], n_neighbors=12)
    assert found[0].trustworthiness == pytest.approx(expected, abs=1e-9)


def test_points_that_all_lie_at_one_place_have_no_quality() -> None:
    rows, nowhere = unit_rows(40, 5), np.full((40, 2), 7.0, np.float32)
    assert map_quality(rows, nowhere) is None
    assert map_quality(np.repeat(rows[:1], 40, axis=0), rows[:, :2]) is None
    nowhere[3] += 1e-3
    assert map_quality(rows, nowhere) is not None


def test_too_few_points_have_no_quality() -> None:
    assert map_quality(unit_rows(3, 4), np.zeros((3, 2), np.float32)) is None
    few = map_quality(unit_rows(4, 4), unit_rows(4, 4)[:, :2])
    assert few is not None and few.neighbours == 1
