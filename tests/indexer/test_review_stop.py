"""The stop rule: a wrong stop in at most 5 % of reviews, however often one looks and however many models there are."""

from __future__ import annotations

import math
from bisect import bisect_left

import numpy as np
import pytest

from engine.errors import InputError
from indexer.labels.review.audit import SHARE, audit_order, lots, set_apart
from indexer.labels.review.stop import StopRule, judge, log_wealth, lower_bound

REVIEWS = 1500


def stopping_counts(n: int, target: float, alpha: float) -> int:
    """The least number right of n that stops; n + 1 where none does."""
    return bisect_left(range(n + 1), -math.log(alpha), key=lambda right: log_wealth(right, n, target))


def test_wealth_by_plain_loops() -> None:
    bets = [0.9 + 0.1 * (place + 0.5) / 64 for place in range(64)]
    total = sum((q / 0.9) ** 17 * ((1 - q) / 0.1) ** 3 for q in bets) / 64
    assert log_wealth(17, 20, 0.9) == pytest.approx(math.log(total))


def test_the_wealth_is_a_martingale_when_the_accuracy_is_the_one_denied() -> None:
    """Its expectation after one more answer is what it was, so it reaches 1 / alpha with a chance of alpha at most."""
    for right, n in ((0, 0), (9, 10), (40, 40), (30, 50)):
        now = math.exp(log_wealth(right, n, 0.95))
        after = 0.95 * math.exp(log_wealth(right + 1, n + 1, 0.95)) + 0.05 * math.exp(log_wealth(right, n + 1, 0.95))
        assert after == pytest.approx(now)
        worse = 0.9 * math.exp(log_wealth(right + 1, n + 1, 0.95)) + 0.1 * math.exp(log_wealth(right, n + 1, 0.95))
        assert worse < now


def test_looking_after_every_answer_stops_wrongly_in_5_percent_at_most() -> None:
    """One model whose accuracy is exactly the target, looked at after each of 800 answers."""
    generator = np.random.default_rng(0)
    right = (generator.random((REVIEWS, 800)) < 0.95).cumsum(axis=1)
    least = np.array([stopping_counts(n, 0.95, 0.05) for n in range(1, 801)])
    stopped = float((right >= least).any(axis=1).mean())
    assert 0.005 < stopped <= 0.05, stopped


def test_an_interval_made_for_one_look_would_stop_wrongly_far_too_often() -> None:
    """Clopper and Pearson's bound, each time at 95 %: why the rule is not that."""
    from scipy.stats import beta

    generator = np.random.default_rng(1)
    right = (generator.random((REVIEWS, 800)) < 0.95).cumsum(axis=1)[:, 9::10]
    n = np.arange(10, 801, 10)
    lower = beta.ppf(0.05, right, n - right + 1)
    assert float((lower >= 0.95).any(axis=1).mean()) > 0.12


def test_many_models_and_looks_stop_wrongly_in_5_percent_at_most() -> None:
    """Each page brings ten audit answers and another model, judged on all audit answers so far, as a review does.

    The models are right on 95 % of photos, drawn for each model apart, which is the worst that independent models do.
    """
    generator = np.random.default_rng(2)
    rule = StopRule()
    stopped = np.zeros(REVIEWS, np.bool_)
    look = 0
    for n in range(10, 601, 10):
        if n < rule.needed(look + 1):
            continue
        look += 1
        right = generator.binomial(n, 0.95, REVIEWS)
        stopped |= right >= stopping_counts(n, rule.target, rule.alpha(look))
    assert look > 30
    assert float(stopped.mean()) <= 0.05


def test_a_good_model_is_let_go() -> None:
    generator = np.random.default_rng(3)
    stopped = [judge(StopRule(), int(generator.binomial(400, 0.99)), 400, 4).stop for _ in range(200)]
    assert np.mean(stopped) > 0.75


def test_spending_adds_up_to_what_there_is() -> None:
    rule = StopRule(0.9, 0.99)
    assert sum(rule.alpha(look) for look in range(1, 100_000)) == pytest.approx(0.01, rel=1e-4)


@pytest.mark.parametrize("look", [1, 2, 7, 30])
def test_needed_is_the_least_number_that_can_pass(look: int) -> None:
    rule = StopRule()
    n = rule.needed(look)
    assert judge(rule, n, n, look - 1).stop
    assert not judge(rule, n - 1, n - 1, look - 1).stop
    assert log_wealth(n - 1, n - 1, 0.95) < -math.log(rule.alpha(look))


def test_the_bound_is_the_end_of_what_is_refuted() -> None:
    for right, n in ((100, 100), (190, 200), (150, 200), (5, 10)):
        found = lower_bound(right, n, 0.05)
        grid = np.linspace(0.001, right / n - 1e-9, 400)
        refuted = np.array([log_wealth(right, n, denied) >= -math.log(0.05) for denied in grid])
        assert not (np.diff(refuted.astype(int)) > 0).any(), "what is refuted is an interval from 0"
        assert refuted[grid < found - 1e-6].all() and not refuted[grid > found + 1e-6].any()
    assert lower_bound(0, 0, 0.05) == lower_bound(0, 5, 0.05) == 0


def test_the_verdict_and_the_bound_agree() -> None:
    for right in range(280, 301):
        verdict = judge(StopRule(), right, 300, 2)
        assert verdict.stop == (verdict.lower >= 0.95 - 1e-9)


def test_wrong_rules_are_told() -> None:
    with pytest.raises(InputError, match="target"):
        StopRule(1.0)
    with pytest.raises(InputError, match="confidence"):
        StopRule(0.9, 0)


def test_lots_are_even_and_stay() -> None:
    names = [f"p{number}" for number in range(4000)]
    drawn = lots("uuid", "category", names)
    assert drawn.min() >= 0 and drawn.max() < 1
    assert np.abs(np.histogram(drawn, 10, (0, 1))[0] - 400).max() < 80
    assert (lots("uuid", "category", names[::-1])[::-1] == drawn).all()
    other = lots("uuid", "maxi", names)
    assert abs(float(np.corrcoef(drawn, other)[0, 1])) < 0.06


def test_the_audit_is_of_whole_products_and_one_photo_speaks_for_each() -> None:
    products = [f"p{number // 3}" for number in range(900)]
    paths = [f"/photos/{number}.jpg" for number in range(900)]
    given = np.zeros(900, np.bool_)
    given[:30] = True  # the first ten products have the attribute from a table
    apart = set_apart("uuid", "category", products, given)
    assert not apart[:30].any()
    assert apart.mean() == pytest.approx(SHARE, abs=0.05)
    for number in range(0, 900, 3):
        assert len(set(apart[number : number + 3].tolist())) == 1
    order = audit_order("uuid", "category", products, paths, given)
    assert len({products[row] for row in order.tolist()}) == len(order) == apart.sum() // 3
    assert apart[order].all()
    # Products that come later change nothing for those that are there.
    fewer = audit_order("uuid", "category", products[:600], paths[:600], given[:600])
    assert [row for row in order.tolist() if row < 600] == fewer.tolist()
