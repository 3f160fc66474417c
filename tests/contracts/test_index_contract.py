"""What every kind of index must do, checked against plain loops and the bytes it writes."""

from __future__ import annotations

import io
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from builders import unit_rows

from engine.errors import CatalogCorruptError, SpaceError
from engine.index import KINDS, VectorIndex
from engine.shards import VectorShard
from engine.vectors import SpaceVectors

DIM = 96
TOLERANCE = {"ivf-sq8": 0.01, "ivf-rabitq": 0.4}  # of an approximate score
RECALL = {"ivf-sq8": 0.9, "ivf-rabitq": 0.6}  # of the ten nearest, before the rows themselves are compared


def clustered(rows: int, seed: int = 0) -> np.ndarray:
    """Rows around 40 centres, as embeddings lie: codes say how a row differs from its cell's centre."""
    draw = np.random.default_rng(seed)
    made = unit_rows(40, DIM)[draw.integers(0, 40, rows)] * 10 + 0.5 * draw.normal(size=(rows, DIM))
    return (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32)


def space_of(rows: np.ndarray, first: int = 1, step: int = 1) -> SpaceVectors:
    ids = np.arange(first, first + step * len(rows), step, dtype=np.int64)
    return SpaceVectors(rows.shape[1], [VectorShard(ids, rows.astype(np.float16))])


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def space() -> SpaceVectors:
    return space_of(clustered(2_000), first=5, step=3)


@pytest.fixture(scope="module")
def index(kind: str, space: SpaceVectors) -> VectorIndex:
    return VectorIndex.build(space, kind)


def nearest_by_loop(space: SpaceVectors, allowed: np.ndarray, query: np.ndarray, k: int) -> list[int]:
    scored = []
    for number in allowed.tolist():
        row = space.gather(np.array([number]))[0]
        scored.append((-sum(float(a) * float(b) for a, b in zip(row, query, strict=True)), number))
    return [number for _, number in sorted(scored)[:k]]


@pytest.mark.parametrize("count", [1_000, 100, 10])
def test_a_subset_is_searched_as_if_it_were_all_there_is(
    index: VectorIndex, space: SpaceVectors, kind: str, count: int
) -> None:
    draw = np.random.default_rng(count)
    overlap = []
    for query in clustered(5, seed=count):
        allowed = np.sort(draw.choice(space.ids, count, replace=False))
        found = index.search(query[None], 10, allowed)
        assert np.isin(found.ids[0], allowed).all()
        truth = nearest_by_loop(space, allowed, query, 10)
        overlap.append(len(set(truth) & set(found.ids[0].tolist())) / 10)
        exact = np.vecdot(space.gather(found.ids[0]), query)
        assert np.abs(exact - found.scores[0]).max() < TOLERANCE[kind]
    assert np.mean(overlap) >= RECALL[kind]


def test_no_id_outside_the_allowed_comes_back_whatever_they_are(index: VectorIndex, space: SpaceVectors) -> None:
    queries = unit_rows(3, DIM, seed=9)
    strange = np.array([-1, 0, 1, 2, 3, 4, 5, 6, 8, 10**9], dtype=np.int64)  # 5 and 8 are in the index
    for allowed in (strange, strange[::-1].copy(), space.ids[-1:], space.ids[::7]):
        found = index.search(queries, 50, allowed)
        assert np.isin(found.ids[found.ids >= 0], np.intersect1d(allowed, space.ids)).all()
        assert (np.sort(found.ids, axis=1)[:, -1] >= 0).all()
    assert sorted(index.search(queries[:1], 50, strange).ids[0].tolist())[-2:] == [5, 8]


def test_too_few_rows_are_padded(index: VectorIndex, space: SpaceVectors) -> None:
    found = index.search(unit_rows(2, DIM, seed=3), 8, space.ids[100:103])
    assert (found.ids[:, 3:] == -1).all() and np.isneginf(found.scores[:, 3:]).all()
    for row, scores in zip(found.ids, found.scores, strict=True):
        assert sorted(row[:3].tolist()) == space.ids[100:103].tolist()
        assert (np.diff(scores[:3]) <= 0).all()
    everything = index.search(unit_rows(1, DIM, seed=3), len(space) + 5)
    assert sorted(everything.ids[0].tolist()) == [*[-1] * 5, *space.ids.tolist()]


def test_nothing_to_search(index: VectorIndex) -> None:
    nothing = np.empty(0, np.int64)
    found = index.search(unit_rows(2, DIM), 4, nothing)
    assert (found.ids == -1).all() and np.isneginf(found.scores).all()
    assert index.search(np.empty((0, DIM), np.float32), 4).ids.shape == (0, 4)


def test_a_walk_reads_every_allowed_row_once_and_those_of_the_nearest_cells_first(
    index: VectorIndex, space: SpaceVectors
) -> None:
    subset = index.subset(space.ids[::2])
    for query in clustered(4, seed=4):
        walk, seen, last, nearest = index.walk(query, subset), [], 0, []
        for wanted in (1, 100, 100, 500, 10_000):
            scores, ids = walk.read(wanted, 2_000)
            assert (np.diff(scores) <= 0).all() and walk.compared >= min(wanted, 1_000)
            assert len(ids) == walk.compared - last and (last < wanted or not len(ids))
            seen, last = [*seen, *ids.tolist()], walk.compared
            nearest.append(float(np.vecdot(space.gather(ids), query).mean()) if len(ids) else None)
        assert walk.ended and sorted(seen) == space.ids[::2].tolist()
        assert nearest[0] > nearest[-1]
        assert (
            index.search(query[None], 10, subset).ids[0].tolist()
            == index.search(query[None], 900, subset).ids[0, :10].tolist()
        )


def test_a_walk_gives_the_best_of_the_cells_it_reads(index: VectorIndex, space: SpaceVectors) -> None:
    query, subset = clustered(1, seed=6)[0], index.subset(space.ids)
    long, short = index.walk(query, subset), index.walk(query, subset)
    for wanted in (200, 700, 2_000):
        assert short.read(wanted, 7)[1].tolist() == long.read(wanted, 2_000)[1][:7].tolist()


@pytest.mark.parametrize("at_first", [1, 3, 10, 11])
def test_a_walk_that_orders_a_few_cells_first_reads_what_one_that_orders_all_does(
    index: VectorIndex, space: SpaceVectors, at_first: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    subset, query = index.subset(space.ids[1::3]), clustered(1, seed=7)[0]
    monkeypatch.setattr(index, "_centroids", index._centroids[[0, 1, 2] * (len(index._centroids) // 3 + 1)])
    monkeypatch.setattr(index, "_centroids", index._centroids[: len(subset.per_cell)])  # as many, many equally near

    def pieces() -> list[list[int]]:
        walk = index.walk(query, subset)
        return [walk.read(wanted, 2_000)[1].tolist() for wanted in (1, 40, 41, 300, 10_000)]

    whole = pieces()
    monkeypatch.setattr("engine.index.NEAREST_CELLS", at_first)
    assert pieces() == whole and sum(map(len, whole)) == subset.size


def test_bytes_hold_the_whole_index(index: VectorIndex, kind: str, space: SpaceVectors) -> None:
    again = VectorIndex.read(io.BytesIO(index.to_bytes()))
    assert (again.kind, again.dim, len(again)) == (kind, DIM, len(space))
    assert again.ids().tolist() == space.ids.tolist()
    queries = unit_rows(3, DIM, seed=5)
    for allowed in (None, space.ids[::5]):
        before, after = index.search(queries, 20, allowed), again.search(queries, 20, allowed)
        assert np.array_equal(before.ids, after.ids) and np.array_equal(before.scores, after.scores)


def test_bytes_that_are_no_index_are_refused(index: VectorIndex) -> None:
    with pytest.raises(CatalogCorruptError):
        VectorIndex.read(io.BytesIO(index.to_bytes()[:1_000]))
    with pytest.raises(CatalogCorruptError):
        VectorIndex.read(io.BytesIO(b"no index at all, but some bytes"))


@pytest.mark.parametrize("rows", [1, 2, 40])
def test_very_few_rows(kind: str, rows: int) -> None:
    space = space_of(unit_rows(rows, DIM))
    index = VectorIndex.build(space, kind)
    found = index.search(space.gather(space.ids[:1]), rows)
    assert sorted(found.ids[0].tolist()) == space.ids.tolist()


def test_rows_that_are_all_alike(kind: str) -> None:
    space = space_of(np.repeat(unit_rows(1, DIM), 300, axis=0))
    found = VectorIndex.build(space, kind).search(unit_rows(1, DIM), 300)
    assert sorted(found.ids[0].tolist()) == space.ids.tolist()


def test_rows_added_later_are_found(kind: str, space: SpaceVectors) -> None:
    index = VectorIndex.build(space, kind, ids=space.ids[:1_500])
    late = space.ids[1_500:]
    assert not index.covers(late).any()
    index.add(late, space.gather(late))
    assert index.covers(space.ids).all() and index.ids().tolist() == space.ids.tolist()
    found = index.search(space.gather(late[:5]), 1, late)
    assert found.ids[:, 0].tolist() == late[:5].tolist()
    with pytest.raises(SpaceError, match="once"):
        index.add(late[:1], space.gather(late[:1]))


def test_wrong_shapes_are_caught_before_faiss_sees_them(index: VectorIndex, space: SpaceVectors) -> None:
    for wrong in (np.zeros((1, DIM)), np.zeros((1, DIM + 1), np.float32), np.zeros(DIM, np.float32)):
        with pytest.raises(SpaceError, match=str(DIM)):
            index.search(wrong, 3)
        with pytest.raises(SpaceError, match=str(DIM)):
            index.add(np.array([10**6], dtype=np.int64), wrong)
    # Rows that are not next to each other in memory are read in their order all the same.
    strided = np.asfortranarray(unit_rows(4, DIM, seed=6))
    assert np.array_equal(index.search(strided, 5).ids, index.search(np.ascontiguousarray(strided), 5).ids)


def test_threads_search_one_index_with_filters_of_their_own(index: VectorIndex, space: SpaceVectors) -> None:
    queries = unit_rows(40, DIM, seed=7)
    subsets = [space.ids[start::11] for start in range(40)]

    def ask(number: int) -> list[int]:
        return index.search(queries[number : number + 1], 10, subsets[number]).ids[0].tolist()

    alone = [ask(number) for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(40))) == alone


def test_unknown_kinds_and_no_rows_are_refused(space: SpaceVectors, kind: str) -> None:
    with pytest.raises(SpaceError, match="ivf-sq8"):
        VectorIndex.build(space, "hnsw")
    with pytest.raises(SpaceError, match="at least one row"):
        VectorIndex.build(SpaceVectors(DIM, []), kind)


def test_the_seed_decides_the_index(kind: str, space: SpaceVectors) -> None:
    one, same = (VectorIndex.build(space, kind, seed=3) for _ in range(2))
    query = unit_rows(1, DIM, seed=8)
    first, second = (found.walk(query[0], found.subset(space.ids)).read(400, 30) for found in (one, same))
    assert np.array_equal(first[1], second[1])


BESIDE_TORCH = """
import io
import faiss.contrib.torch_utils
import numpy as np
from engine.index import VectorIndex
from engine.shards import VectorShard
from engine.vectors import SpaceVectors

rows = np.eye(8, dtype=np.float32)
index = VectorIndex.build(SpaceVectors(8, [VectorShard(np.arange(1, 9), rows.astype(np.float16))]))
print(VectorIndex.read(io.BytesIO(index.to_bytes())).search(rows, 1).ids.ravel().tolist())
"""


def test_an_index_answers_where_faiss_was_made_to_return_tensors() -> None:
    """As pytorch-metric-learning does when it is imported."""
    pytest.importorskip("torch")
    done = subprocess.run([sys.executable, "-c", BESIDE_TORCH], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, str(list(range(1, 9)))), done.stderr
