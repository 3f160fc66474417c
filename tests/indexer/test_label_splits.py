"""Divisions: groups whole, classes in proportion, everything the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedGroupKFold

from engine.errors import InputError
from indexer.labels.evaluate import evaluate
from indexer.labels.examples import Labelled
from indexer.labels.splits import Scheme, crossing, group_folds, make_splits, parse_scheme


def labelled(targets, groups, classes=3, part=None, several=False):
    targets = np.asarray(targets)
    count = len(targets)
    return Labelled(
        "kind",
        tuple("abcdefghij"[:classes]),
        several,
        tuple(f"{number}.jpg" for number in range(count)),
        np.arange(count, dtype=np.int64),
        targets,
        np.asarray(groups, np.int64),
        tuple(part or [""] * count),
    )


def drawn(seed=0, count=400, groups=60, classes=3):
    generator = np.random.default_rng(seed)
    return labelled(
        generator.choice(classes, count, p=generator.dirichlet(np.full(classes, 5))),
        (generator.pareto(1.2, count) * 4).astype(int) % groups,
        classes,
    )


@pytest.mark.parametrize("text", ["80/20", "50/50", "70/30", "3x80/20", "5-fold", "2x3-fold", "5x2cv"])
@given(seed=st.integers(0, 50))
@settings(max_examples=3, deadline=None)
def test_no_group_is_on_two_sides_and_every_photo_is_on_one(text, seed):
    photos = drawn(seed)
    scheme = parse_scheme(text)
    splits = make_splits(photos, scheme, seed)
    assert len(splits) == scheme.repeats * (scheme.folds if scheme.kind == "k-fold" else 1)
    for split in splits:
        sides = [split.train, split.validation, split.test]
        assert sorted(np.concatenate(sides).tolist()) == list(range(len(photos)))
        assert all(len(side) and (np.diff(side) > 0).all() for side in sides)
        seen = [set(photos.groups[side].tolist()) for side in sides]
        assert not (seen[0] & seen[1] or seen[0] & seen[2] or seen[1] & seen[2])
        assert not crossing(photos, split).any()
        assert set(photos.targets[split.train].tolist()) == {0, 1, 2}
    again = make_splits(photos, scheme, seed)
    assert all(np.array_equal(one.test, other.test) for one, other in zip(splits, again, strict=True))
    assert all(np.array_equal(one.validation, other.validation) for one, other in zip(splits, again, strict=True))


def test_folds_of_each_repeat_test_every_photo_once_and_repeats_differ():
    photos = drawn(3)
    splits = make_splits(photos, parse_scheme("3x5-fold"), 1)
    tests = [np.concatenate([split.test for split in splits if split.repeat == repeat]) for repeat in range(3)]
    assert all(sorted(test.tolist()) == list(range(len(photos))) for test in tests)
    assert splits[0].test.tolist() != splits[5].test.tolist()


def test_folds_are_balanced_as_well_as_those_of_scikit_learn():
    """The worst gap between a class's share of a fold and an equal share, over ten data sets."""
    ours, theirs = [], []
    for seed in range(10):
        photos = drawn(seed, count=600, groups=150, classes=4)
        marks = photos.targets[:, None] == np.arange(4)
        folds = group_folds(photos.groups, marks, 5, np.random.default_rng(seed))
        other = np.zeros(len(photos), int)
        splitter = StratifiedGroupKFold(5, shuffle=True, random_state=seed)
        for number, (_, test) in enumerate(splitter.split(np.zeros(len(photos)), photos.targets, photos.groups)):
            other[test] = number
        for found, worst in ((folds, ours), (other, theirs)):
            shares = np.array([[(marks[found == fold, c]).sum() for c in range(4)] for fold in range(5)]) / marks.sum(0)
            worst.append(np.abs(shares - 0.2).max())
    assert np.mean(ours) <= np.mean(theirs) + 0.01


def test_a_hold_out_has_about_its_share_and_each_group_is_tested_as_often_as_another():
    sizes = np.array([30] * 4 + [3] * 60)
    groups = np.repeat(np.arange(64), sizes)
    photos = labelled(np.random.default_rng(0).integers(0, 2, len(groups)), groups, 2)
    splits = make_splits(photos, parse_scheme("60x80/20"), 0)
    assert np.mean([len(split.test) / len(photos) for split in splits]) == pytest.approx(0.2, abs=0.03)
    tested = np.array([np.isin(np.arange(64), photos.groups[split.test]) for split in splits]).mean(0)
    assert tested[:4].mean() == pytest.approx(0.2, abs=0.09)
    assert tested[4:].mean() == pytest.approx(0.2, abs=0.04)


def test_several_labels_are_kept_in_proportion():
    generator = np.random.default_rng(1)
    targets = generator.random((500, 3)) < [0.5, 0.2, 0.06]
    photos = labelled(targets, generator.integers(0, 200, 500), 3, several=True)
    for split in make_splits(photos, parse_scheme("5-fold"), 0):
        assert np.abs(targets[split.test].mean(0) - targets.mean(0)).max() < 0.03


@pytest.mark.parametrize(
    ("targets", "groups", "scheme", "said"),
    [
        ([0] * 10 + [1] * 3, [*range(10), 99, 99, 99], "80/20", "All 3 photos labelled 'b' are of one group"),
        ([0] * 10, list(range(10)), "80/20", "No photo is labelled 'b'"),
    ],
)
def test_what_cannot_be_divided_says_why(targets, groups, scheme, said):
    with pytest.raises(InputError, match=said):
        make_splits(labelled(targets, groups, 2), parse_scheme(scheme))


@pytest.mark.parametrize("text", ["", "80", "0/20", "1-fold", "0x5-fold", "80/20x3", "five"])
def test_a_scheme_that_is_none_is_refused(text):
    with pytest.raises(InputError):
        parse_scheme(text)


def test_given_parts_are_taken_as_they_are_and_what_crosses_is_told():
    part = ["train"] * 60 + ["test"] * 40
    groups = [*range(60), 0, 1, *range(62, 100)]
    photos = labelled([0, 1] * 50, groups, 2, part)
    (split,) = make_splits(photos, parse_scheme("given"), 0)
    assert split.test.tolist() == list(range(60, 100))
    assert not set(split.validation.tolist()) & set(split.train.tolist())
    assert sorted([*split.train, *split.validation]) == list(range(60))
    assert np.flatnonzero(crossing(photos, split)).tolist() == [0, 1]
    with pytest.raises(InputError, match="no part"):
        make_splits(labelled([0, 1] * 50, groups, 2), parse_scheme("given"))


def test_evaluation_asks_only_for_what_was_not_learned_and_keeps_names_with_truth():
    photos = drawn(5)
    asked = []

    def fit(train, validation, seed):
        held = set(train.tolist())

        def chances(rows):
            assert not held & set(rows.tolist())
            asked.append(seed)
            made = np.full((len(rows), 3), 0.05, np.float32)
            made[np.arange(len(rows)), photos.targets[rows]] = 0.9
            return made

        return chances

    found = evaluate(photos, fit, Scheme("k-fold", folds=4), seed=7)
    assert len(set(asked)) == 4
    assert found.predictions.correct.all()
    assert sorted(found.predictions.items) == sorted(photos.items)
    for place, row in enumerate(found.predictions.rows.tolist()):
        assert found.predictions.items[place] == photos.items[row]
        assert found.predictions.truth(place) == photos.classes[photos.targets[row]]
    assert [score.right for score in found.scores] == [1.0] * 4


@pytest.mark.parametrize("wrong", [np.nan, 1.5, 0.5])
def test_chances_that_are_none_are_refused(wrong):
    photos = drawn(5)
    with pytest.raises(InputError, match="chances"):
        evaluate(
            photos, lambda train, validation, seed: lambda rows: np.full((len(rows), 3), wrong), Scheme("hold-out")
        )
