"""Rows of a space, gathered from shards: against NumPy's own conversion and plain loops."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import SpaceError
from engine.shards import VectorShard
from engine.vectors import SpaceVectors


def test_every_finite_half_becomes_the_same_number() -> None:
    halves = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    halves = halves[np.isfinite(halves)].reshape(-1, 64)
    ids = np.arange(1, len(halves) + 1)
    rows = SpaceVectors(64, [VectorShard(ids, halves)]).gather(ids)
    assert rows.dtype == np.float32
    np.testing.assert_array_equal(rows.view(np.uint32), halves.astype(np.float32).view(np.uint32))  # -0.0 too


@pytest.mark.parametrize("mixed", [False, True])
def test_rows_come_in_the_order_asked_for(mixed: bool) -> None:
    draw = np.random.default_rng(0)
    ids = np.setdiff1d(np.arange(1, 200), [3, 77, 78])
    if mixed:  # after a repair or a merge, shards' ids may lie among each other's
        ids = draw.permutation(ids)
    parts = [np.sort(part) for part in np.array_split(ids, 5)]
    shards = [VectorShard(part, draw.normal(size=(len(part), 8)).astype(np.float16)) for part in parts]
    kept = {int(number): row for shard in shards for number, row in zip(shard.ids, shard.vectors, strict=True)}
    vectors = SpaceVectors(8, shards)
    for asked in (
        vectors.ids,
        vectors.ids[10:30],
        vectors.ids[::-1],
        draw.choice(ids, 50),
        np.array([5, 5, 4], np.int64),
    ):
        expected = np.array([kept[number] for number in asked.tolist()], np.float32)
        np.testing.assert_array_equal(vectors.gather(asked), expected)
        pieces = list(vectors.chunks(asked, 7))
        np.testing.assert_array_equal(np.concatenate([rows for _, rows in pieces]), expected)
        np.testing.assert_array_equal(np.concatenate([part for part, _ in pieces]), asked)
    some = np.array([-1, 0, 1, 3, 77, 199, 200, 10**12])
    assert vectors.has(some).tolist() == [number in kept for number in some.tolist()]
    with pytest.raises(SpaceError, match="2 of 3 regions"):
        vectors.gather(np.array([1, 3, 10**12]))
    assert vectors.gather(np.empty(0, np.int64)).shape == (0, 8)


def test_no_rows() -> None:
    empty = SpaceVectors(4, [])
    assert len(empty) == 0 and not empty.has(np.array([0, 1, -5])).any()
