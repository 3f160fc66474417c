"""Which photos are asked next: by plain loops, and by what must hold for any input."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.errors import InputError
from indexer.labels.review.diversity import Factored, gradients, seeds, unit
from indexer.labels.review.strategies import CANDIDATES, STRATEGIES, Strategy, choose
from indexer.labels.review.typical import typical
from indexer.labels.review.uncertainty import uncertainty


def some_chances(rows: int, classes: int, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).dirichlet(np.full(classes, 0.5), rows).astype(np.float32)


def some_features(rows: int, dim: int, seed: int = 1) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=(rows, dim)).astype(np.float32)


def test_uncertainty_by_plain_loops() -> None:
    chances = some_chances(40, 5)
    margins, entropies = uncertainty(chances), uncertainty(chances, "entropy")
    for row, own in enumerate(chances.astype(float).tolist()):
        first, second = sorted(own, reverse=True)[:2]
        assert margins[row] == pytest.approx(1 - (first - second), abs=1e-6)
        entropy = -sum(chance * math.log(chance) for chance in own if chance > 0)
        assert entropies[row] == pytest.approx(entropy / math.log(5), abs=1e-6)


def test_uncertainty_at_its_ends() -> None:
    sure, torn = np.array([[1, 0, 0]], np.float32), np.full((1, 3), 1 / 3, np.float32)
    for measure in ("margin", "entropy"):
        assert uncertainty(sure, measure)[0] == pytest.approx(0)
        assert uncertainty(torn, measure)[0] == pytest.approx(1)
    several = np.array([[0.99, 0.5], [0.99, 0.02], [0, 1]], np.float32)
    assert uncertainty(several, several=True) == pytest.approx([1, 0.04, 0], abs=1e-6)
    assert uncertainty(several, "entropy", several=True)[0] == pytest.approx(1)
    assert uncertainty(np.array([[0.5], [0.9]], np.float32)) == pytest.approx([1, 0.2], abs=1e-6)


def test_gradients_are_those_of_the_cross_entropy_under_the_guess() -> None:
    """Against torch: the gradient of the last layer's weights and offset when the likeliest class is the truth."""
    torch = pytest.importorskip("torch")
    features, rows = unit(some_features(6, 4)), 6
    weight = torch.randn(3, 4, generator=torch.Generator().manual_seed(0), requires_grad=True)
    offset = torch.zeros(3, requires_grad=True)
    scores = torch.from_numpy(features) @ weight.T + offset
    chances = scores.softmax(1).detach().numpy()
    made = gradients(features, chances)
    for row in range(rows):
        loss = torch.nn.functional.cross_entropy(scores[row : row + 1], scores[row : row + 1].argmax(1))
        on_weight, on_offset = torch.autograd.grad(loss, [weight, offset], retain_graph=True)
        expected = torch.cat([on_weight, on_offset[:, None]], dim=1).numpy()
        np.testing.assert_allclose(np.outer(made.left[row], made.right[row]), expected, atol=1e-6)


def test_factored_distances_are_those_of_the_products() -> None:
    rows = Factored(some_features(12, 3), some_features(12, 5, 2))
    outer = np.stack([np.outer(a, b).ravel() for a, b in zip(rows.left, rows.right, strict=True)])
    np.testing.assert_allclose(rows.lengths, (outer**2).sum(axis=1), rtol=1e-4)
    for row in range(12):
        expected = ((outer - outer[row]) ** 2).sum(axis=1)
        np.testing.assert_allclose(rows.distances(row, rows.lengths), expected, atol=1e-3)


def test_seeds_are_drawn_by_squared_distance() -> None:
    """Rows 0, 1 and 3 on a line: from 0, the second is drawn 1 : 9."""
    line = Factored(np.ones((3, 1), np.float32), np.array([[0], [1], [3]], np.float32))
    allowed = np.arange(3, dtype=np.int64)
    second = [int(seeds(line, allowed, 2, np.random.default_rng(seed), first=0)[1]) for seed in range(2000)]
    assert set(second) == {1, 2}
    assert np.mean(np.array(second) == 2) == pytest.approx(0.9, abs=0.02)


def test_seeds_of_rows_that_coincide() -> None:
    same = Factored(np.ones((5, 1), np.float32), np.ones((5, 2), np.float32))
    drawn = seeds(same, np.array([0, 2, 4]), 9, np.random.default_rng(0))
    assert sorted(drawn.tolist()) == [0, 2, 4]


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("model", [True, False])
def test_every_strategy(strategy: Strategy, model: bool) -> None:
    features, chances = some_features(60, 8), some_chances(60, 4) if model else None
    known = np.array([3, 5, 59], dtype=np.int64)
    chosen = choose(strategy, features, chances, known, 10, seed=4)
    assert len(set(chosen.tolist())) == 10
    assert not set(chosen.tolist()) & set(known.tolist())
    again = choose(strategy, features.copy(), chances, known, 10, seed=4)
    assert chosen.tolist() == again.tolist()
    everything = choose(strategy, features, chances, known, 1000, seed=4)
    assert sorted([*everything.tolist(), *known.tolist()]) == list(range(60))
    assert len(choose(strategy, features, chances, np.arange(60), 5)) == 0


def test_uncertain_takes_the_least_sure_first() -> None:
    chances = some_chances(50, 3)
    unsure = [1 - (max(own) - sorted(own)[-2]) for own in chances.astype(float).tolist()]
    chosen = choose("uncertain", some_features(50, 4), chances, np.empty(0, np.int64), 7)
    assert [round(unsure[row], 6) for row in chosen.tolist()] == [round(one, 6) for one in sorted(unsure)[::-1][:7]]


def test_uncertain_diverse_takes_unsure_photos_that_differ() -> None:
    """Ten copies of one unsure photo and ten other unsure ones, among many sure ones: the copies are asked once."""
    generator = np.random.default_rng(3)
    features = np.concatenate([np.repeat(generator.normal(size=(1, 16)), 10, 0), generator.normal(size=(190, 16))])
    chances = np.tile(np.array([[0.98, 0.01, 0.01]], np.float32), (200, 1))
    chances[:20] = [0.5, 0.49, 0.01]
    chosen = choose("uncertain-diverse", features.astype(np.float32), chances, np.empty(0, np.int64), 8, seed=1)
    assert (chosen >= 20).sum() <= 1, "sure ones have short gradients: together they are one place, the origin"
    assert (chosen < 10).sum() <= 1
    assert CANDIDATES * 8 > 20


def test_random_is_even() -> None:
    features = some_features(20, 2)
    counts = np.zeros(20)
    for seed in range(600):
        counts[choose("random", features, None, np.array([0]), 5, seed)] += 1
    assert counts[0] == 0
    expected = 600 * 5 / 19
    assert ((counts[1:] - expected) ** 2 / expected).sum() < 42  # chi-squared, 18 degrees: 1 in 1000 above


def test_typical_takes_the_middle_of_each_kind() -> None:
    generator = np.random.default_rng(0)
    middles = np.eye(4, 12) * 10
    features = np.concatenate([middles[kind] + generator.normal(0, 0.5, (30, 12)) for kind in range(4)])
    features = features.astype(np.float32)
    chosen = typical(features, np.arange(120), 4, 0, np.empty(0, np.int64))
    assert sorted((chosen // 30).tolist()) == [0, 1, 2, 3]
    rows = unit(features)
    for row in chosen.tolist():
        own = rows[row // 30 * 30 : row // 30 * 30 + 30]
        distances = ((own - own.mean(axis=0)) ** 2).sum(axis=1)
        assert ((rows[row] - own.mean(axis=0)) ** 2).sum() == pytest.approx(distances.min(), rel=1e-4)
    # A kind that is known is not asked again.
    left = np.setdiff1d(np.arange(120), [0])
    assert set((typical(features, left, 3, 0, np.array([0])) // 30).tolist()) == {1, 2, 3}


def test_typical_of_photos_that_coincide() -> None:
    chosen = typical(np.ones((9, 3), np.float32), np.arange(1, 9), 20, 0, np.array([0]))
    assert sorted(chosen.tolist()) == list(range(1, 9))


def test_an_unknown_strategy_is_told() -> None:
    with pytest.raises(InputError, match="uncertain-diverse, not 'best'"):
        choose("best", some_features(3, 2), None, np.empty(0, np.int64), 1)  # type: ignore[arg-type]
