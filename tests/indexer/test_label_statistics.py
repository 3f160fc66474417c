"""Measures, intervals, calibration, abstention and comparisons against libraries, plain loops and simulation."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics

from benchmarks.quality.interval_coverage import World, covered
from engine.errors import InputError
from indexer.labels.abstain import clopper_pearson_lower, conformal_sets, precision_threshold
from indexer.labels.calibration import calibrated, calibration, calibration_error, reliability, scaled
from indexer.labels.compare import five_by_two, five_by_two_tests, paired_difference
from indexer.labels.evaluate import evaluate
from indexer.labels.examples import Labelled
from indexer.labels.intervals import epoch_wobble, group_intervals, photo_interval, wilson
from indexer.labels.learning_curve import learning_curve, nested
from indexer.labels.metrics import class_scores, confusion, measure_names, measures
from indexer.labels.predictions import Predictions
from indexer.labels.splits import parse_scheme
from indexer.labels.weighted import weighted_measure


def predictions(seed=0, count=300, classes=3, several=False, sharp=1.5):
    """Chances that are right by construction: the truth is drawn from them. Rounded, so that some are equal."""
    generator = np.random.default_rng(seed)
    if several:
        chances = np.round(generator.random((count, classes)), 2)
        targets = generator.random((count, classes)) < chances
    else:
        logits = generator.normal(size=(count, classes)) * sharp
        chances = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        targets = np.array([generator.choice(classes, p=row) for row in chances])
    rows = np.arange(count)
    names = tuple(f"{number}.jpg" for number in rows.tolist())
    return Predictions(
        "kind", tuple("abcdefghij"[:classes]), several, names, rows, targets, chances.astype(np.float32),
        generator.integers(0, count // 4, count), rows % 3, np.zeros(count, bool),
    )  # fmt: skip


def test_measures_are_those_of_scikit_learn_and_of_plain_loops():
    told = predictions(1)
    found, exact = measures(told), told.chances.astype(float)
    right = sum(int(row.argmax()) == truth for row, truth in zip(told.chances, told.targets, strict=True))
    assert found["accuracy"] == pytest.approx(right / len(told))
    assert found["balanced_accuracy"] == pytest.approx(metrics.balanced_accuracy_score(told.targets, told.predicted))
    assert found["roc_auc"] == pytest.approx(
        metrics.roc_auc_score(told.targets, exact / exact.sum(1, keepdims=True),
                              multi_class="ovr", average="macro")
    )  # fmt: skip
    for number, score in enumerate(class_scores(told)):
        both = sum(int(p == number and t == number) for p, t in zip(told.predicted, told.targets, strict=True))
        assert score.recall == pytest.approx(both / int((told.targets == number).sum()))
        assert score.precision == pytest.approx(both / int((told.predicted == number).sum()))


def test_rows_of_the_confusion_matrix_sum_to_the_class_counts():
    told = predictions(2, classes=5)
    assert confusion(told).sum(1).tolist() == np.bincount(told.targets, minlength=5).tolist()
    for truth in range(5):
        for said in range(5):
            assert confusion(told)[truth, said] == sum((told.targets == truth) & (told.predicted == said))


@pytest.mark.parametrize(("classes", "several"), [(2, False), (4, False), (3, True)])
def test_measures_of_weights_agree_with_repeating_the_photos(classes, several):
    told = predictions(3, classes=classes, several=several)
    generator = np.random.default_rng(0)
    times = generator.integers(0, 4, (3, len(told)))
    whole = measures(told)
    for name in measure_names(told):
        measure = weighted_measure(told, name)
        assert measure(np.ones((1, len(told))))[0] == pytest.approx(whole[name], abs=1e-6)
        for row, value in zip(times, measure(times.astype(float)), strict=True):
            repeated = told.part(np.repeat(np.arange(len(told)), row))
            assert value == pytest.approx(measures(repeated)[name], abs=1e-6), name


def test_several_labels_are_measured_label_by_label():
    told = predictions(4, several=True)
    found = measures(told)
    said = told.chances > 0.5
    assert found["subset_accuracy"] == pytest.approx(metrics.accuracy_score(told.targets, said))
    assert found["hamming_accuracy"] == pytest.approx(1 - metrics.hamming_loss(told.targets, said))
    for average in ("macro", "micro"):
        expected = metrics.average_precision_score(told.targets, told.chances, average=average)
        assert found[f"{average}_map"] == pytest.approx(expected)
        assert found[f"{average}_f1"] == pytest.approx(metrics.f1_score(told.targets, said, average=average))


def test_a_class_that_does_not_occur_has_no_area():
    told = predictions(5)
    alone = told.part(told.targets == 1)
    assert measures(alone)["roc_auc"] is None
    assert group_intervals(alone, rounds=50)["roc_auc"] is None
    with pytest.raises(InputError):
        measures(told.part(np.zeros(len(told), bool)))


@pytest.mark.parametrize(("right", "count"), [(0, 5), (5, 5), (1, 3), (87, 100), (950, 1000)])
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_wilson_is_scipys(right, count, level):
    expected = stats.binomtest(right, count).proportion_ci(level, method="wilson")
    found = wilson(right, count, level)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_a_photo_tested_in_every_repeat_is_one_photo():
    told = predictions(6)
    twice = told.part(np.tile(np.arange(len(told)), 5))
    assert photo_interval(twice) == photo_interval(told)
    one, five = group_intervals(told, ["accuracy"])["accuracy"], group_intervals(twice, ["accuracy"])["accuracy"]
    assert five.high - five.low == pytest.approx(one.high - one.low, rel=0.1)


@pytest.mark.parametrize(
    "world",
    [World("accuracy", 60, 4, 0.92, 0.1), World("accuracy", 120, 1, 0.9, 0.0), World("roc_auc", 40, 3, 0.9, 0.1)],
    ids=lambda world: f"{world.measure}-{world.groups}",
)
def test_intervals_hold_the_truth_as_often_as_they_say(world):
    """1000 tests know it to 1.4 points; benchmarks/quality/interval_coverage.py asks more of them and more worlds."""
    found = {one.method: one.share for one in covered(world, 1000, rounds=200, seed=1)}
    assert 0.93 <= found["logit-t"] <= 0.97
    if world.alike and world.measure == "accuracy":
        assert found["Wilson"] < 0.9  # why photos in groups need the bootstrap
    elif world.measure == "accuracy":
        assert 0.93 <= found["Wilson"] <= 0.97


def test_the_wobble_over_epochs_does_not_know_how_many_photos_there_are():
    epochs = [0.91, 0.93, 0.95, 0.92, 0.94]
    found = epoch_wobble(epochs)
    half = stats.t.ppf(0.975, 4) * np.std(epochs, ddof=1)
    assert (found.low, found.high) == pytest.approx((0.93 - half, 0.93 + half))
    with pytest.raises(InputError):
        epoch_wobble([0.9])


def test_chances_that_are_right_are_calibrated_and_made_too_sure_are_brought_back():
    told, aside = predictions(7, count=4000), predictions(8, count=4000)
    assert calibration_error(reliability(told)) < 0.03
    sure, sure_aside = scaled(told, 0.4), scaled(aside, 0.4)
    found = calibration(sure, sure_aside)
    assert found.error_before > 0.08
    assert found.error_after < 0.03
    assert found.temperatures == pytest.approx([2.5] * 3, rel=0.15)
    after, _ = calibrated(sure, sure_aside)
    assert np.array_equal(after.predicted, told.predicted)
    assert after.chances.sum(1) == pytest.approx(1, abs=1e-5)


def test_bins_are_those_of_a_plain_loop():
    told = predictions(9)
    confidence = told.chances.max(1)
    for one in reliability(told, 5):
        mine = [place for place, sure in enumerate(confidence.tolist()) if one.low < sure <= one.high]
        assert one.photos == len(mine)
        assert one.right == pytest.approx(np.mean(told.correct[mine]) if mine else 0)
        assert one.confidence == pytest.approx(np.mean(confidence[mine]) if mine else 0)


def test_a_threshold_for_a_precision_breaks_its_promise_no_more_often_than_it_says():
    """Confidence is uniform and the share right rises with it: at a threshold t the true precision is known."""
    generator = np.random.default_rng(0)
    broken = answered = 0
    for _ in range(200):
        confidence = generator.random(600)
        right = generator.random(600) < 0.7 + 0.3 * confidence
        found = precision_threshold(confidence, right, 0.9)
        if found.confidence is not None:
            answered += 1
            broken += 0.7 + 0.3 * (found.confidence + 1) / 2 < 0.9
            assert found.lower >= 0.9
    assert answered > 120
    assert broken / 200 <= 0.08  # 5 % and twice the simulation's own error


def test_a_threshold_counts_photos_of_a_group_for_what_they_are_worth():
    generator = np.random.default_rng(1)
    groups = np.repeat(np.arange(30), 20)
    right = (generator.random(30) < 0.93)[groups]
    confidence = np.full(600, 0.95)
    alone = precision_threshold(confidence, right, 0.8)
    assert alone.lower == pytest.approx(stats.binomtest(int(right.sum()), 600, alternative="greater")
                                        .proportion_ci(0.95, "exact").low)  # fmt: skip
    assert precision_threshold(confidence, right, 0.5, groups).lower < alone.lower - 0.03
    assert clopper_pearson_lower(0, 10) == 0
    # All right: 600 photos of 30 groups are worth 30, and a photo in three folds is one.
    sure = precision_threshold(confidence, np.ones(600, bool), 0.8, groups)
    assert sure.lower == pytest.approx(0.05 ** (1 / 30))
    assert precision_threshold(confidence, np.ones(600, bool), 0.95, groups).confidence is None


def test_no_threshold_is_better_than_a_promise_that_does_not_hold():
    found = precision_threshold(np.full(40, 0.99), np.ones(40, bool), 0.99)
    assert found.confidence is None
    assert found.answered == 0


@pytest.mark.parametrize("wanted", [0.8, 0.9, 0.95])
def test_conformal_sets_hold_the_truth_as_often_as_wanted(wanted):
    shares = []
    for seed in range(40):
        aside, told = predictions(seed, 200, 4), predictions(1000 + seed, 300, 4)
        inside = conformal_sets(aside.chances, aside.targets, wanted).members(told.chances)
        shares.append(inside[np.arange(300), told.targets].mean())
    assert wanted - 0.015 <= np.mean(shares) <= wanted + 0.03
    few = conformal_sets(aside.chances[:5], aside.targets[:5], 0.9)
    assert few.members(told.chances).all()  # five photos cannot promise 90 %


def test_dietterichs_and_alpaydins_tests_by_hand_and_under_no_difference():
    differences = np.array([[0.02, 0.04], [0.01, 0.03], [0.03, 0.05], [0.0, 0.02], [0.02, 0.02]])
    spread = sum(((row - row.mean()) ** 2).sum() for row in differences)
    t, f = five_by_two_tests(differences)
    assert t.statistic == pytest.approx(0.02 / np.sqrt(spread / 5))
    assert t.p == pytest.approx(2 * (1 - stats.t.cdf(t.statistic, 5)))
    assert f.statistic == pytest.approx((differences**2).sum() / (2 * spread))
    assert f.p == pytest.approx(1 - stats.f.cdf(f.statistic, 10, 5))
    generator = np.random.default_rng(0)
    found = [[one.p < 0.05 for one in five_by_two_tests(generator.normal(size=(5, 2)))] for _ in range(500)]
    # Both are cautious: a difference and its repeat's variance are not independent.
    assert (np.mean(found, axis=0) < 0.06).all()
    assert five_by_two_tests(np.zeros((5, 2)))[0].p == 1


def world(seed=0, count=400):
    """Photos with one feature each, that tells their class, and a fit that learns the classes' means."""
    generator = np.random.default_rng(seed)
    targets = generator.integers(0, 2, count)
    features = targets + generator.normal(size=count)
    photos = Labelled("kind", ("a", "b"), False, tuple(map(str, range(count))), np.arange(count), targets,
                      generator.integers(0, count // 2, count), ("",) * count)  # fmt: skip

    def fit_by(noise):
        def fit(train, validation, seed):
            means = [features[train][targets[train] == number].mean() for number in (0, 1)]
            draws = np.random.default_rng(seed)

            def chances(rows):
                seen = features[rows] + noise * draws.normal(size=len(rows))
                logit = (means[1] - means[0]) * (seen - sum(means) / 2)
                chance = 1 / (1 + np.exp(-logit))
                return np.stack([1 - chance, chance], axis=1)

            return chances

        return fit

    return photos, fit_by


def test_two_classifiers_are_compared_on_the_same_photos_only():
    photos, fit_by = world()
    good, bad = (evaluate(photos, fit_by(noise), parse_scheme("5x2cv"), seed=1) for noise in (0, 5))
    t, f = five_by_two(good, bad)
    assert (
        t.difference == f.difference == pytest.approx(good.predictions.correct.mean() - bad.predictions.correct.mean())
    )
    assert f.p < 0.05
    gap = paired_difference(good, bad)
    assert gap.interval.low > 0
    assert gap.interval.low < gap.value < gap.interval.high
    other = evaluate(photos, fit_by(0), parse_scheme("5x2cv"), seed=2)
    with pytest.raises(InputError, match="same divisions"):
        five_by_two(good, other)
    fifth = evaluate(photos, fit_by(0), parse_scheme("5-fold"), seed=1)
    with pytest.raises(InputError, match="5x2cv"):
        five_by_two(fifth, fifth)


def test_a_learning_curve_learns_from_nested_parts_with_every_class():
    photos, fit_by = world(3)
    rows = np.arange(len(photos))
    parts = nested(photos, rows, (0.05, 0.3, 1.0), np.random.default_rng(0))
    assert [set(one.tolist()) <= set(other.tolist()) for one, other in pairwise(parts)] == [True] * 2
    assert len(parts[-1]) == len(rows)
    for part, share in zip(parts, (0.05, 0.3, 1.0), strict=True):
        assert share * len(rows) - 1 <= len(part) <= share * len(rows) + 20
        assert set(photos.targets[part].tolist()) == {0, 1}
        outside = np.setdiff1d(rows, part)
        assert not set(photos.groups[part].tolist()) & set(photos.groups[outside].tolist())
    seen = []

    def fit(train, validation, seed):
        seen.append((len(train), len(validation)))
        return fit_by(0)(train, validation, seed)

    curve = learning_curve(photos, fit, shares=(1.0, 0.1), repeats=2)
    assert [point.photos for point in curve] == sorted(point.photos for point in curve)
    assert curve[0].photos == pytest.approx(np.mean([sum(seen[0]), sum(seen[2])]))
    assert all(point.low <= point.right <= point.high and len(point.each) == 2 for point in curve)
