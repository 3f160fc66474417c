"""How the network of garment masks is trained: splits, gradients, what is exported."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torch.nn import functional

from indexer.garments.classes import CLASSES, CLOTHING_PARSING, GARMENTS, LOOK_INTO_PERSON
from indexer.garments.second_look import windows
from indexer.garments.training.augment import (
    FIRST_GARMENT,
    FRAMINGS,
    augmented,
    grounds,
    looked_at,
    plain_ground,
    recoloured,
)
from indexer.garments.training.cache import IGNORE, SHARP, SIZE, Photos, label_table
from indexer.garments.training.depthwise import quicken
from indexer.garments.training.samples import CLOSER, EASY, EVEN, FLAT, HARD, Mixture, Samples
from indexer.garments.training.split import flat_photos, part_of, street_photos
from indexer.garments.training.train import Plan, foreground, intersection_over_union, segmentation_loss


def test_every_label_of_the_street_photos_has_one_class(shared_data: Path) -> None:
    with (shared_data / "garment-masks" / "labels.csv").open(newline="") as file:
        rows = {row["name"]: int(row["id"]) for row in csv.DictReader(file)}
    mapped = [label for labels in CLOTHING_PARSING.values() for label in labels]
    assert sorted(mapped) == sorted(rows)
    assert set(CLOTHING_PARSING) == set(CLASSES)
    table = label_table(shared_data)
    assert CLASSES[table[rows["cardigan"]]] == "outer"
    assert CLASSES[table[rows["null"]]] == "background"


def test_every_id_of_look_into_person_has_one_class() -> None:
    assert sorted(number for ids in LOOK_INTO_PERSON.values() for number in ids) == list(range(20))
    assert set(LOOK_INTO_PERSON) <= set(CLASSES)


def test_the_split_is_stable_and_a_fifth_is_held_out() -> None:
    assert [part_of(name) for name in ("0001", "0002", "0003", "0004")] == ["train", "train", "train", "train"]
    parts = Counter(part_of(str(number)) for number in range(5000))
    assert 0.18 < parts["test"] / 5000 < 0.22
    assert 0.05 < parts["validation"] / 5000 < 0.085


def test_no_sender_is_in_two_parts(shared_data: Path) -> None:
    with (shared_data / "clothing" / "senders.csv").open(newline="") as file:
        senders = {f"clothing/{row['path']}": row["sender_id"] for row in csv.DictReader(file)}
    by_part: dict[str, set[str]] = {"train": set(), "validation": set(), "test": set()}
    for example in flat_photos(shared_data):
        by_part[example.part].add(senders[str(example.photo.relative_to(shared_data))])
    assert not by_part["train"] & by_part["test"]
    assert not by_part["train"] & by_part["validation"]
    assert not by_part["validation"] & by_part["test"]
    street = Counter(example.part for example in street_photos(shared_data))
    assert street["test"] > 120
    assert street["train"] > 500


@pytest.mark.parametrize(
    ("kernel", "stride", "dilation", "rows", "columns"),
    [(5, 1, 2, 20, 15), (5, 2, 1, 12, 8), (3, 2, 1, 8, 6), (3, 1, 6, 9, 7)],
)
def test_quick_depthwise_gradients_are_autograds(
    kernel: int, stride: int, dilation: int, rows: int, columns: int
) -> None:
    torch.manual_seed(0)
    padding = dilation * (kernel // 2) if stride == 1 else 0
    module = nn.Conv2d(6, 6, kernel, stride, padding, dilation, groups=6).double()
    x = torch.randn(2, 6, rows, columns, dtype=torch.double, requires_grad=True)
    around = (kernel - stride) // 2, kernel - stride - (kernel - stride) // 2
    padded = x if stride == 1 else functional.pad(x, (*around, *around))
    want = module(padded)
    pull = torch.randn_like(want)
    expected = torch.autograd.grad(want, (x, module.weight, module.bias), pull)
    quicken(nn.Sequential(module))
    got = module(x)
    torch.testing.assert_close(got, want)
    for found, known in zip(torch.autograd.grad(got, (x, module.weight, module.bias), pull), expected, strict=True):
        torch.testing.assert_close(found, known)


def test_framing_moves_photo_and_labels_together() -> None:
    """A photo painted with its own labels still is, after any framing."""
    rng = np.random.default_rng(0)
    labels = np.zeros((400, 300), np.uint8)
    labels[100:300, 80:220] = 4
    labels[150:200, 120:170] = 6
    rgb = np.repeat(labels[..., None] * 40, 3, axis=2)
    agree = []
    for number in range(20):
        seed = np.random.default_rng(number)
        photo, marks = augmented(FRAMINGS["street"], rgb, labels, plain_ground(rng, (400, 300)), (192, 144), seed)
        assert photo.shape == (192, 144, 3)
        assert marks.shape == (96, 72)
        grey = photo[::2, ::2].astype(float).mean(2)
        known = marks != IGNORE
        levels = [
            grey[(marks == channel) & known].mean() for channel in (0, 4, 6) if ((marks == channel) & known).any()
        ]
        agree.append(len(levels) < 2 or np.ptp(levels) > 20)
    assert np.mean(agree) > 0.85  # some are put on another ground, or lit flat
    assert set(FRAMINGS) == {"street", "flat", "rendered", "figures"}


def test_recolouring_touches_garments_only() -> None:
    rng = np.random.default_rng(1)
    labels = rng.integers(0, len(CLASSES), (40, 30)).astype(np.uint8)
    labels[:3] = IGNORE
    rgb = rng.integers(0, 256, (40, 30, 3), dtype=np.uint8)
    changed = (recoloured(rgb, labels, rng) != rgb).any(2)
    assert changed.any()
    assert not changed[(labels < CLASSES.index(GARMENTS[0])) | (labels == IGNORE)].any()


def test_grounds_show_no_garment() -> None:
    rgb = np.zeros((3, 400, 300, 3), np.uint8)
    labels = np.zeros((3, 400, 300), np.uint8)
    rgb[:, 100:, :200] = 255
    labels[:, 100:, :200] = 2
    labels[2] = 2  # nothing free
    found = grounds(Photos(rgb, labels), 5, np.random.default_rng(0))
    assert found.shape == (2, 400, 300, 3)
    assert found.max() == 0


def test_measures_by_hand() -> None:
    matrix = np.zeros((len(CLASSES), len(CLASSES)), np.int64)
    matrix[0, 0], matrix[2, 2], matrix[2, 3], matrix[3, 3], matrix[0, 2] = 50, 10, 5, 20, 5
    shares = intersection_over_union(matrix)
    assert shares[2] == pytest.approx(10 / 20)
    assert shares[3] == pytest.approx(20 / 25)
    assert foreground(matrix) == pytest.approx(35 / 40)


def test_loss_falls_towards_the_truth_and_ignores_what_it_should() -> None:
    labels = torch.zeros(1, 8, 6, dtype=torch.long)
    labels[:, 2:5, 1:4] = 3
    right = functional.one_hot(labels, len(CLASSES)).permute(0, 3, 1, 2).float()
    weights = torch.ones(len(CLASSES))
    losses = [float(segmentation_loss(right * factor, labels, weights)) for factor in (-4.0, 0.0, 4.0, 40.0)]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 0.02
    hidden = labels.clone()
    hidden[:, 6:] = IGNORE
    wrong = right.clone() * 40
    wrong[:, :, 6:] *= -1
    assert float(segmentation_loss(wrong, hidden, weights)) < 0.02


def test_rate_rises_and_falls_in_every_cycle() -> None:
    plan = Plan(steps=1000, again=500, settle=300, finish=200, seed=0)
    rates = [plan.factor(step) for step in range(plan.last)]
    assert np.argmax(rates[:1000]) in range(90, 110)
    assert max(rates[1000:]) < max(rates)
    assert max(rates[end - 1] for end in (1000, 1500, 1800, 2000)) < 0.01
    assert max(rates[1000:1500]) > 0.3 > max(rates[1500:1800]) > max(rates[1800:]) > 0.1
    assert [end for *_, end in plan.stages()] == [600, 1000, 1500, 1800, 2000]
    assert [mixture for _, mixture, _ in plan.stages()] == [EASY, EASY, HARD, EVEN, FLAT]
    longer = replace(plan, figures=(400, 300))
    assert [(mixture, end) for _, mixture, end in longer.stages()][-2:] == [(CLOSER, 2400), (CLOSER, 2700)]
    assert [longer.factor(step) for step in range(2000)] == rates
    for start, end in ((2000, 2400), (2400, 2700)):
        assert 0.2 < max(longer.factor(step) for step in range(start, end)) < 0.4
        assert longer.factor(end - 1) < 0.01
    short = Plan(steps=1000, again=0, settle=0, finish=0, seed=0)
    assert [short.factor(step) for step in range(1000)] == rates[:1000]


def test_only_street_photos_are_made_harder_and_a_sample_is_the_same_each_time() -> None:
    rng = np.random.default_rng(3)
    rgb = rng.integers(0, 256, (4, *SIZE, 3), dtype=np.uint8)
    labels = np.zeros((4, *SIZE), np.uint8)
    labels[:, 150:250, 100:200] = FIRST_GARMENT
    photos = {source: Photos(rgb, labels) for source in ("street", "flat", "rendered")}

    def drawn(mixture: Mixture) -> list[bytes]:
        samples = Samples(photos, 0, (64, 48), 0, 24, mixture)
        return [samples[number][0].numpy().tobytes() for number in range(24)]

    flat_only = Mixture(0.0, 1.0, 0.0, 0.0)
    assert drawn(flat_only) == drawn(replace(flat_only, harder=1.0))
    assert drawn(EASY) == drawn(EASY)
    changed = [easy != hard for easy, hard in zip(drawn(EASY), drawn(HARD), strict=True)]
    assert any(changed) and not all(changed)
    for mixture in (EASY, HARD, EVEN, CLOSER):
        assert mixture.street + mixture.flat + mixture.rendered + mixture.figures == pytest.approx(1)


def someone(top: int, bottom: int, left: int, right: int) -> Photos:
    """A person whose class tells how far up it is: five bands from the head to the feet, before a grey background."""
    rgb, labels = np.full((1, *SHARP, 3), 128, np.uint8), np.zeros((1, *SHARP), np.uint8)
    for channel, rows in enumerate(np.array_split(np.arange(top, bottom), 5), start=1):
        labels[0, rows, left:right] = channel
        rgb[0, rows, left:right] = 40 * channel
    return Photos(rgb, labels)


def test_validation_looks_where_the_finder_looks() -> None:
    photos = someone(100, 500, 180, 260)
    seen = looked_at(photos, (96, 72))
    assert seen.rgb.shape == (2, 96, 72, 3)
    assert seen.labels.shape == (2, 96, 72)
    assert set(np.unique(seen.labels[0])) == {0, 1, 2, 3}
    assert set(np.unique(seen.labels[1])) == {0, 3, 4, 5}
    grey = np.where(seen.labels > 0, seen.labels * 40, 128)
    assert (np.abs(seen.rgb[..., 0] - grey.astype(float)) < 5).mean() > 0.9  # labels lie where the colours are
    # As the finder's own windows about the same person, of a photo that is two wide and three high:
    chances = np.zeros((len(CLASSES), 144, 96), np.float32)
    small = np.asarray(Image.fromarray(photos.labels[0]).resize((96, 144), Image.Resampling.NEAREST))
    np.put_along_axis(chances, small[None].astype(np.int64), 1, axis=0)
    for window, labels in zip(windows(chances, (1440, 960), 4 / 3), seen.labels, strict=True):
        shown = Image.fromarray(photos.labels[0]).resize((960, 1440), Image.Resampling.NEAREST)
        part = shown.crop((window.left, window.top, window.right, window.bottom))
        assert (np.asarray(part.resize((72, 96), Image.Resampling.NEAREST)) == labels).mean() > 0.93


def test_closer_looks_are_taken_about_the_person() -> None:
    photos = someone(150, 480, 40, 120)
    rng = np.random.default_rng(0)
    ground = plain_ground(rng, SHARP)
    shares = []
    for number in range(40):
        seed = np.random.default_rng(number)
        _, marks = augmented(FRAMINGS["figures"], photos.rgb[0], photos.labels[0], ground, (192, 144), seed, "look")
        assert marks.shape == (96, 72)
        shares.append(((marks > 0) & (marks != IGNORE)).mean())
    whole = (photos.labels[0] > 0).mean()
    assert np.median(shares) > 1.6 * whole
    assert min(shares) > 0.5 * whole  # never looks past the person
    empty = Photos(np.zeros((1, *SIZE, 3), np.uint8), np.zeros((1, *SIZE), np.uint8))
    samples = Samples({"street": empty, "flat": empty, "figures": photos}, 0, (64, 48), 0, 4, CLOSER)
    assert samples[0][0].shape == (3, 64, 48)
    assert samples[0][1].shape == (32, 24)
    assert all((samples[number][1] > 0).any() for number in range(4))
