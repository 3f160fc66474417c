"""What the benchmark of garment masks counts."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.quality.garments import ROUNDS, Tally, class_rows, drawn, mask_rows, part
from indexer.garments.classes import CLASSES


def tally(rng: np.random.Generator, photos: int) -> Tally:
    squares = [rng.integers(0, 50, (len(CLASSES), len(CLASSES))) for _ in range(photos)]
    pairs = [(int(both), int(both + apart)) for both, apart in rng.integers(1, 90, (photos, 2))]
    names = ["plain" if number % 2 else "busy" for number in range(photos)]
    return Tally([str(n) for n in range(photos)], names, squares, pairs, pairs, [True] * (photos - 1) + [False])


def test_iou_is_pooled_over_pixels() -> None:
    counted = tally(np.random.default_rng(0), 12)
    rows = {row.measure: row for row in class_rows("set", counted, {"upper body": ("top", "outer")})}
    shares = []
    for channel, name in enumerate(CLASSES):
        both = either = 0
        for square in counted.confusions:
            for true in range(len(CLASSES)):
                for found in range(len(CLASSES)):
                    both += int(square[true, found]) * (true == found == channel)
                    either += int(square[true, found]) * (channel in (true, found))
        shares.append(both / either)
        assert rows[f"IoU {name}"].value == pytest.approx(both / either)
    assert rows["mIoU"].value == pytest.approx(np.mean(shares))
    assert all(row.low <= row.value <= row.high for row in rows.values())
    total = sum(counted.confusions)
    pair = [CLASSES.index("top"), CLASSES.index("outer")]
    inside = total[np.ix_(pair, pair)].sum()
    around = total[pair].sum() + total[:, pair].sum() - inside
    assert rows["IoU upper body"].value == pytest.approx(inside / around)


def test_masks_pooled_and_by_photo() -> None:
    counted = tally(np.random.default_rng(1), 10)
    rows = {row.measure: row for row in mask_rows("set", counted)}
    each = [both / either for both, either in counted.foreground]
    assert rows["foreground IoU, mean of photos"].value == pytest.approx(np.mean(each))
    pooled = sum(both for both, _ in counted.foreground) / sum(either for _, either in counted.foreground)
    assert rows["foreground IoU"].value == pytest.approx(pooled)
    assert rows["kind of the product right"].value == pytest.approx(0.9)
    busy = part(counted, "busy")
    assert busy.foreground == counted.foreground[::2]


def test_photos_of_one_group_are_drawn_together() -> None:
    often = drawn(["a", "b", "a", "c"])
    assert often.shape == (ROUNDS, 4)
    np.testing.assert_array_equal(often[:, 0], often[:, 2])
    assert set((often[:, 0] + often[:, 1] + often[:, 3]).tolist()) == {3}
