"""AP and AP50 against values worked out by hand, and against plain loops."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.errors import InputError
from indexer.coco import CocoDataset, CocoImage, CocoInstance, Rle
from indexer.coco.precision import Found, mask_precision, mean
from indexer.coco.shape import Polygons

SIDE = 40
THRESHOLDS = [0.5 + 0.05 * n for n in range(10)]


def block(left: int, top: int, width: int, height: int) -> np.ndarray:
    mask = np.zeros((SIDE, SIDE), dtype=bool)
    mask[top : top + height, left : left + width] = True
    return mask


def truth(*instances: tuple[int, int, np.ndarray, bool], images: int = 2) -> CocoDataset:
    """Instances as (image, category, mask, crowd) of two categories."""
    found: dict[int, list[CocoInstance]] = {n: [] for n in range(1, images + 1)}
    for number, (image, category, mask, crowd) in enumerate(instances, start=1):
        found[image].append(CocoInstance(number, category, Rle.of(mask), crowd))
    entries = {n: CocoImage(n, f"{n}.jpg", SIDE, SIDE, str(n)) for n in found}
    return CocoDataset({1: "bag", 2: "hat"}, entries, {n: tuple(many) for n, many in found.items()})


def find(image: int, category: int, score: float, mask: np.ndarray) -> Found:
    return Found(image, category, score, Rle.of(mask))


def test_a_perfect_find() -> None:
    bag, hat = mask_precision(truth((1, 1, block(2, 2, 10, 10), False)), [find(1, 1, 0.3, block(2, 2, 10, 10))])
    assert (bag.name, bag.instances, bag.images) == ("bag", 1, 1)
    assert (bag.ap, bag.ap50) == pytest.approx((1, 1))
    assert (hat.instances, hat.images) == (0, 0)
    assert math.isnan(hat.ap)
    assert math.isnan(hat.ap50)
    assert mean([bag, hat]) == pytest.approx((1, 1))
    assert all(math.isnan(value) for value in mean([hat]))


def test_overlap_decides_at_how_many_thresholds() -> None:
    # 62 of 100 pixels: right at 0.50, 0.55 and 0.60, wrong at the seven above.
    part = block(2, 2, 10, 6) | block(2, 8, 2, 1)
    bag, _ = mask_precision(truth((1, 1, block(2, 2, 10, 10), False)), [find(1, 1, 0.3, part)])
    assert bag.ap == pytest.approx(0.3)
    assert bag.ap50 == pytest.approx(1)


def test_a_surer_wrong_find_costs_precision() -> None:
    # Right at rank 2 of 2, one of two instances: precision 1/2 at recall 0 to 0.5, which is 51 of the 101 points.
    both = truth((1, 1, block(0, 0, 10, 10), False), (2, 1, block(0, 0, 10, 10), False))
    bag, _ = mask_precision(both, [find(1, 1, 0.9, block(20, 20, 10, 10)), find(1, 1, 0.8, block(0, 0, 10, 10))])
    assert bag.ap50 == pytest.approx(51 * 0.5 / 101)
    assert bag.ap == pytest.approx(51 * 0.5 / 101)
    # The other way round, precision is 1 up to recall 0.5.
    bag, _ = mask_precision(both, [find(1, 1, 0.7, block(20, 20, 10, 10)), find(1, 1, 0.8, block(0, 0, 10, 10))])
    assert bag.ap50 == pytest.approx(51 / 101)


def test_the_same_thing_found_twice_counts_once() -> None:
    mask = block(0, 0, 10, 10)
    both = truth((1, 1, mask, False), (2, 1, mask, False))
    bag, _ = mask_precision(both, [find(1, 1, 0.9, mask), find(1, 1, 0.8, mask), find(2, 1, 0.7, mask)])
    # Ranks: right, wrong, right; precision 1 to recall 0.5, then 2/3.
    assert bag.ap50 == pytest.approx((51 + 50 * 2 / 3) / 101)


def test_crowds_are_neither_right_nor_wrong() -> None:
    seen = truth((1, 1, block(0, 0, 10, 10), False), (1, 1, block(20, 20, 20, 20), True))
    finds = [find(1, 1, 0.9, block(22, 22, 5, 5)), find(1, 1, 0.8, block(0, 0, 10, 10))]
    bag, _ = mask_precision(seen, finds)
    assert (bag.ap50, bag.instances) == pytest.approx((1, 1))


def test_classes_are_apart() -> None:
    seen = truth((1, 1, block(0, 0, 10, 10), False), (1, 2, block(20, 0, 10, 10), False))
    bag, hat = mask_precision(seen, [find(1, 2, 0.9, block(0, 0, 10, 10)), find(1, 2, 0.8, block(20, 0, 10, 10))])
    assert (bag.ap50, hat.ap50) == pytest.approx((0, 0.5))
    assert mean([bag, hat])[1] == pytest.approx(0.25)


def test_nothing_found_and_nothing_there() -> None:
    bag, _ = mask_precision(truth((1, 1, block(0, 0, 10, 10), False)), [])
    assert (bag.ap, bag.ap50) == (0.0, 0.0)
    assert mask_precision(CocoDataset({}, {}, {}), []) == []
    with pytest.raises(InputError, match="image 9 with category 1 is not in the data set"):
        mask_precision(truth(), [find(9, 1, 0.5, block(0, 0, 1, 1))])


def by_loops(seen: CocoDataset, finds: list[Found], category: int, threshold: float) -> float:
    """Greedy matching, surest first, and the mean of 101 interpolated precisions."""
    left = {image: [o.mask() for o in many if o.category == category] for image, many in seen.instances.items()}
    total = sum(len(masks) for masks in left.values())
    right: list[bool] = []
    for one in sorted((f for f in finds if f.category == category), key=lambda f: -f.score):
        mask = one.runs.mask()
        overlaps = [(mask & other).sum() / (mask | other).sum() for other in left[one.image]]
        best = int(np.argmax(overlaps)) if overlaps else -1
        right.append(best >= 0 and overlaps[best] >= threshold)
        if right[-1]:
            left[one.image].pop(best)
    points = []
    for recall in np.linspace(0, 1, 101):
        best_precision = 0.0
        for rank in range(1, len(right) + 1):
            if sum(right[:rank]) / total >= recall:
                best_precision = max(best_precision, sum(right[:rank]) / rank)
        points.append(best_precision)
    return float(np.mean(points))


def test_random_finds_as_by_loops() -> None:
    rng = np.random.default_rng(3)
    instances, finds = [], []
    for image in range(1, 7):
        for number in range(4):
            left, top = 20 * (number % 2), 20 * (number // 2)
            width, height = (int(v) for v in rng.integers(6, 18, 2))
            category = int(rng.integers(1, 3))
            instances.append((image, category, block(left, top, width, height), False))
            for _ in range(int(rng.integers(0, 3))):
                shift = (int(v) for v in rng.integers(0, 4, 2))
                moved = block(left + next(shift), top + next(shift), width, height)
                finds.append(
                    find(image, int(rng.integers(1, 3)) if rng.random() < 0.2 else category, rng.random(), moved)
                )
    seen = truth(*instances, images=6)
    for category, got in zip((1, 2), mask_precision(seen, finds), strict=True):
        assert got.ap50 == pytest.approx(by_loops(seen, finds, category, 0.5))
        assert got.ap == pytest.approx(np.mean([by_loops(seen, finds, category, t) for t in THRESHOLDS]))
        assert 0 < got.ap < got.ap50 < 1


def test_polygons_count_as_their_pixels() -> None:
    seen = truth((1, 1, block(0, 0, 10, 10), False))
    ring = np.array([[0.0, 0], [10, 0], [10, 10], [0, 10]])
    polygon = CocoInstance(1, 1, Polygons(SIDE, SIDE, (ring,)))
    told = CocoDataset(seen.categories, seen.images, {**seen.instances, 1: (polygon,)})
    assert mask_precision(told, [find(1, 1, 0.5, block(0, 0, 10, 10))])[0].ap == pytest.approx(1)
