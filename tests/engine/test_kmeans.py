"""k-means against plain loops and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from builders import unit_rows
from sklearn.cluster import KMeans

from engine import kmeans
from engine.choose_k import choose_k, stability
from engine.kmeans import assign, distinct_rows, fit, in_pieces, initial_centroids, lloyd, means


@pytest.mark.parametrize(("rows", "dim", "k"), [(400, 8, 5), (900, 32, 12)])
def test_inertia_is_within_a_percent_of_scikit_learns(rows: int, dim: int, k: int) -> None:
    made = unit_rows(rows, dim, seed=1)
    made[::3] += np.float32(0.5)
    theirs = KMeans(k, n_init=10, random_state=0).fit(made).inertia_
    assert fit(made, k, seed=0, n_init=10).inertia <= theirs * 1.01


def test_assignment_by_plain_loops_in_any_pieces() -> None:
    rows, centroids = unit_rows(50, 4), unit_rows(6, 4, seed=1)
    found = assign(lambda: (rows[start : start + 7] for start in range(0, 50, 7)), centroids)
    for row in range(50):
        squared = [float(((rows[row].astype(np.float64) - centre) ** 2).sum()) for centre in centroids]
        assert found.labels[row] == squared.index(min(squared))
        assert found.squared[row] == pytest.approx(min(squared), abs=1e-6)
    for number in range(6):
        here = [row for row in range(50) if found.labels[row] == number]
        assert found.counts[number] == len(here)
        np.testing.assert_allclose(found.sums[number], sum((rows[row] for row in here), np.zeros(4)), atol=1e-5)
    assert found.inertia == pytest.approx(float(found.squared.astype(np.float64).sum()))


def test_an_assignment_after_another_changes_its_sums_alone() -> None:
    rows, centroids = unit_rows(300, 4), unit_rows(6, 4, seed=1)
    rows[:40] = centroids[2] + np.float32(1e-4) * unit_rows(40, 4, seed=3)  # so near that norms cannot tell how near
    pieces = lambda: (rows[start : start + 70] for start in range(0, 300, 70))  # noqa: E731
    before = assign(pieces, unit_rows(6, 4, seed=2))
    after, anew = assign(pieces, centroids, before), assign(pieces, centroids)
    assert (before.labels != anew.labels).any()
    np.testing.assert_array_equal(after.labels, anew.labels)
    np.testing.assert_array_equal(after.counts, anew.counts)
    np.testing.assert_allclose(after.sums, anew.sums, atol=1e-5)
    exact = ((rows.astype(np.float64) - centroids[anew.labels]) ** 2).sum(axis=1)
    np.testing.assert_allclose(after.squared, exact, rtol=1e-4)


def test_a_tie_goes_to_the_lower_number() -> None:
    found = assign(in_pieces(np.zeros((3, 2), np.float32), 2), np.array([[1, 0], [-1, 0]], np.float32))
    assert found.labels.tolist() == [0, 0, 0]


def test_an_empty_cluster_takes_the_farthest_row() -> None:
    rows = np.array([[0, 0], [1, 0], [10, 0]], np.float32)
    centroids = np.array([[0, 0], [99, 99]], np.float32)
    found = assign(in_pieces(rows, 2), centroids)
    assert found.counts.tolist() == [3, 0]
    moved = means(found, centroids, lambda numbers: rows[numbers])
    np.testing.assert_allclose(moved, [[0.5, 0], [10, 0]])
    assert lloyd(rows, centroids).inertia == pytest.approx(0.5)


def test_seeding_prefers_what_is_far() -> None:
    rows = np.concatenate([np.zeros((50, 2)), np.ones((50, 2)) * 5, [[90, 90]]]).astype(np.float32)
    for seed in range(10):
        chosen = initial_centroids(rows, 3, np.random.default_rng(seed))
        assert sorted(map(tuple, chosen.tolist())) == [(0, 0), (5, 5), (90, 90)]


def test_rows_that_differ_by_less_than_rounding_still_seed_k_centroids() -> None:
    rows = np.ones((5, 2), np.float32) + np.arange(5, dtype=np.float32)[:, None] * np.float32(1e-4)
    assert len(initial_centroids(rows, 5, np.random.default_rng(0))) == 5
    assert distinct_rows(rows, 9) == 5


def test_the_same_seed_gives_the_same_bits_and_others_differ() -> None:
    rows = unit_rows(300, 16)
    first, second = fit(rows, 9, seed=3, n_init=2), fit(rows, 9, seed=3, n_init=2)
    assert first.centroids.tobytes() == second.centroids.tobytes()
    assert fit(rows, 9, seed=4, n_init=1).centroids.tobytes() != first.centroids.tobytes()


def test_more_starts_are_never_worse() -> None:
    rows = unit_rows(300, 16)
    inertias = [fit(rows, 12, seed=0, n_init=starts).inertia for starts in (1, 3, 8)]
    assert inertias == sorted(inertias, reverse=True)


def test_the_number_of_threads_changes_nothing_that_matters() -> None:
    from threadpoolctl import threadpool_limits

    rows = unit_rows(600, 64)
    many = fit(rows, 8, seed=0, n_init=2)
    with threadpool_limits(1):
        one = fit(rows, 8, seed=0, n_init=2)
    np.testing.assert_allclose(one.centroids, many.centroids, atol=1e-5)


def test_distinct_rows_stops_at_enough_and_knows_minus_zero() -> None:
    rows = np.array([[0.0, 1], [-0.0, 1], [2, 1], [3, 1]], np.float32)
    assert distinct_rows(rows, 10) == 3
    assert distinct_rows(rows, 2) == 2


def test_pieces_shrink_as_k_grows() -> None:
    assert kmeans.piece_rows(10) == kmeans.PIECE_ROWS
    assert kmeans.piece_rows(1000) * 1000 <= kmeans.PIECE_CELLS
    assert kmeans.piece_rows(10**9) == 256


def test_stability_is_whole_for_clear_groups_and_less_for_none() -> None:
    groups = np.repeat(np.eye(4, dtype=np.float32), 30, axis=0) + unit_rows(120, 4) * np.float32(0.05)
    assert stability(groups, 4, seed=0).score == pytest.approx(1.0)
    assert stability(unit_rows(120, 4), 7, seed=0).score < 0.9


def test_choosing_k_lists_every_candidate_below_the_number_of_different_rows() -> None:
    chosen, scores = choose_k(unit_rows(7, 3), "silhouette", seed=0)
    assert [one.k for one in scores] == [2, 3, 4, 5, 6]
    assert chosen == max(scores, key=lambda one: one.score).k
