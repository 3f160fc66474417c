"""The approximate path: recall under filters against plain loops, and the life of an index beside its vectors."""

from __future__ import annotations

import logging
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders import add_products, make_store, new_image, spec, unit_rows
from sqlalchemy import select, update

import engine.search as search_module
from engine import indexes, matches, schema, shortlist
from engine.batch import Batch
from engine.checks import check
from engine.compaction import compact
from engine.durable import publish
from engine.index import VectorIndex
from engine.indexes import kind_for, open_index, refresh_index, refresh_indexes
from engine.lookup import find_product
from engine.query import Group, Query
from engine.removal import remove
from engine.scale import update_scales
from engine.search import search
from engine.shards import VectorShard
from engine.snapshot import Reader
from engine.spaces import use_spaces
from engine.store import Store
from engine.tombstones import bury_images
from engine.vectors import SpaceVectors
from engine.writer import writing
from houndstooth.repair import repair

ROWS, DIM, OTHER = 5_000, 24, 16
QUERIES = 8


def clustered(rows: int, dim: int, seed: int) -> np.ndarray:
    draw = np.random.default_rng(seed)
    made = draw.normal(size=(60, dim))[draw.integers(0, 60, rows)] + 0.6 * draw.normal(size=(rows, dim))
    return (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32)


VECTORS = {"shape": clustered(ROWS, DIM, 1), "colour": clustered(ROWS, OTHER, 2)}
QUERY_ROWS = {"shape": clustered(QUERIES, DIM, 3), "colour": clustered(QUERIES, OTHER, 4)}
TOWARDS = QUERY_ROWS["shape"].mean(axis=0) / np.linalg.norm(QUERY_ROWS["shape"].mean(axis=0))
SIDE = VECTORS["shape"] @ TOWARDS
ROW = np.arange(ROWS)
FILTERS = {
    "": ROW >= 0,
    "half": ROW % 2 == 0,
    "twentieth": ROW % 20 == 3,
    "rare": ROW % 200 == 3,
    "number = 4321": ROW == 4321,
    "side < 0": SIDE < 0,  # the rows that match lie away from the queries
    "side < -0.3": SIDE < -0.3,
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    made = Store.create(tmp_path_factory.mktemp("indexes") / "c")
    attributes = [
        {
            "number": float(row),
            "half": row % 2 == 0,
            "twentieth": row % 20 == 3,
            "rare": row % 200 == 3,
            "side": float(SIDE[row]),
        }
        for row in range(ROWS)
    ]
    types = {"number": "number", "half": "boolean", "twentieth": "boolean", "rare": "boolean", "side": "number"}
    add_products(made, VECTORS, attributes, types, batch_rows=1_000)
    with writing(made) as writer:
        update_scales(writer)
        assert refresh_indexes(writer, flat_rows=1_000) == {"shape": "ivf-sq8", "colour": "ivf-sq8"}
    return made


@pytest.fixture
def short_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists and first cells small enough for 5,000 rows to be searched as 500,000 are."""
    for name, value in {"DEPTH": 32, "SIZE": 4, "LARGEST": 1}.items():
        monkeypatch.setattr(shortlist, name, value)


def by_loop(vectors: dict[str, np.ndarray], shares: dict[str, float], mask: np.ndarray, k: int) -> list[str]:
    """Products of the k best rows under the mask: one row at a time, as the catalog rounds them."""
    scored = []
    for row in np.flatnonzero(mask).tolist():
        score = 0.0
        for name, share in shares.items():
            stored = ROUNDED[name][row]
            score += share * sum(map(float.__mul__, stored, vectors[name].tolist())) / LENGTHS[name][row]
        scored.append((-score, row))
    return [f"p{row}" for _, row in sorted(scored)[:k]]


ROUNDED = {name: rows.astype(np.float16).astype(float).tolist() for name, rows in VECTORS.items()}
LENGTHS = {name: [math.sqrt(sum(value * value for value in row)) for row in rows] for name, rows in ROUNDED.items()}


@pytest.mark.parametrize("where", FILTERS)
@pytest.mark.parametrize("path", ["flat", "ivf"])
@pytest.mark.parametrize("spaces", [("shape",), ("colour", "shape")], ids=["one", "two"])
@pytest.mark.usefixtures("short_lists")
def test_recall_under_filters(store: Store, where: str, path: str, spaces: tuple[str, ...]) -> None:
    reader, mask = Reader(store), FILTERS[where]
    say = {name: 1 / (reader.snapshot().space(name).pair_spread or math.nan) for name in spaces}
    shares = {name: value / sum(say.values()) for name, value in say.items()}
    overlap, approximate = [], 0
    for number in range(QUERIES):
        vectors = {name: QUERY_ROWS[name][number] for name in spaces}
        query = Query(vectors, where=where, k=10)
        results = search(reader, query, exact_rows=0 if path == "ivf" else ROWS)
        found = [hit.product for hit in results.hits]
        assert results.matched == mask.sum()
        assert len(found) == min(10, results.matched) == len(set(found))
        assert all(mask[int(product[1:])] for product in found)
        truth = by_loop({name: query.vectors[name] for name in spaces}, shares, mask, 10)
        overlap.append(len(set(truth) & set(found)) / len(truth))
        approximate += not results.exact
        assert results.searched <= results.matched and (results.searched == results.matched or not results.exact)
    assert np.mean(overlap) >= 0.99
    # Small sets are compared whole even where an index is asked for; the others must not be, or nothing was tested.
    assert approximate == 0 if path == "flat" or mask.sum() < 200 else approximate >= QUERIES / 2


@pytest.mark.usefixtures("short_lists")
def test_pages_of_an_approximate_search_are_parts_of_one_list(store: Store) -> None:
    reader = Reader(store)
    query = {"shape": QUERY_ROWS["shape"][0]}
    whole = search(reader, Query(query, k=60), exact_rows=0)
    assert not whole.exact
    paged = [hit for page in range(10) for hit in search(reader, Query(query, k=6, offset=6 * page), exact_rows=0).hits]
    assert [hit.region_id for hit in paged] == [hit.region_id for hit in whole.hits]
    assert [hit.score for hit in paged] == [hit.score for hit in whole.hits]


def test_as_many_rows_are_compared_whole_as_their_numbers_allow(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    reader, one = Reader(store), Query({"shape": QUERY_ROWS["shape"][0]}, k=3)
    both = Query({name: rows[0] for name, rows in QUERY_ROWS.items()}, k=3)
    monkeypatch.setattr("engine.search.EXACT_NUMBERS", ROWS * DIM)
    assert search(reader, one).exact and not search(reader, both).exact
    monkeypatch.setattr("engine.search.EXACT_NUMBERS", ROWS * (DIM + OTHER))
    assert search(reader, both).exact


@pytest.mark.usefixtures("short_lists")
@pytest.mark.parametrize("where", ["", "half"])
@pytest.mark.parametrize("group", ["product", "image"])
def test_excluded_products_in_an_approximate_search(store: Store, where: str, group: Group) -> None:
    reader, vectors = Reader(store), {"shape": QUERY_ROWS["shape"][4]}
    best = [hit.product for hit in search(reader, Query(vectors, where=where, group=group, k=20)).hits]
    for asked in (1_000, 0, 1_000):  # the set of matches is kept from one to the next, the exclusion is not
        exclude = frozenset(find_product(reader, name).id for name in (*best[:3], best[5], "p1"))  # p1 is no half
        query = Query(vectors, where=where, group=group, k=16, exclude_products=exclude)
        found = search(reader, query, exact_rows=asked and ROWS)
        assert [hit.product for hit in found.hits] == [*best[3:5], *best[6:]]
        assert found.exact == bool(asked)
        assert found.matched == (ROWS if not where else ROWS // 2) - (5 if not where else 4)
        assert found.searched <= found.matched and (found.searched == found.matched or not asked)
        assert [hit.product for hit in search(reader, Query(vectors, where=where, group=group, k=20)).hits] == best


@pytest.mark.usefixtures("short_lists")
def test_min_score_in_an_approximate_search(store: Store) -> None:
    reader, vectors = Reader(store), {"shape": QUERY_ROWS["shape"][1]}
    floor = search(reader, Query(vectors, k=30)).hits[-1].score
    exact = search(reader, Query(vectors, k=60, min_score=floor))
    rough = search(reader, Query(vectors, k=60, min_score=floor), exact_rows=0)
    assert exact.exact and not rough.exact and len(exact.hits) == 30
    assert [hit.product for hit in rough.hits] == [hit.product for hit in exact.hits]


@pytest.mark.usefixtures("short_lists")
def test_products_of_many_images_are_not_short(tmp_path: Path) -> None:
    """Each product has 40 images that are nearly the same: a list of rows holds few products."""
    store = Store.create(tmp_path / "c")
    rows = np.repeat(unit_rows(50, DIM), 40, axis=0) + 0.01 * unit_rows(2_000, DIM, 1)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    with writing(store) as writer:
        spaces = use_spaces(writer, [spec("shape", DIM)])
        run = writer.start_run("index", "test")
        images = [new_image(f"p{row // 40}", {"shape": rows[row]}, path=f"/{row}.jpg") for row in range(2_000)]
        writer.commit(Batch(images=images), run, spaces)
        refresh_index(writer, "shape", flat_rows=100)
    query = Query({"shape": unit_rows(1, DIM, 9)[0]}, k=10)
    exact, rough = (search(Reader(store), query, exact_rows=count) for count in (2_000, 0))
    assert [hit.product for hit in rough.hits] == [hit.product for hit in exact.hits]
    assert len(exact.hits) == 10 and exact.matched == rough.matched == 50


@pytest.fixture
def small(tmp_path: Path) -> Store:
    store = make_store(tmp_path / "c", {"shape": clustered(400, DIM, 5)})
    with writing(store) as writer:
        assert refresh_index(writer, "shape", flat_rows=100) == "ivf-sq8"
    return store


def record(store: Store):
    with store.database.read() as connection:
        return connection.execute(select(schema.vector_index)).one_or_none()


@pytest.mark.usefixtures("short_lists")
def test_rows_newer_than_the_index_are_found(small: Store) -> None:
    reader, fresh = Reader(small), clustered(30, DIM, 6)
    search(reader, Query({"shape": fresh[0]}), exact_rows=0)
    add_products(small, {"shape": fresh}, first=400)
    for number, row in enumerate(fresh):
        results = search(reader, Query({"shape": row}, k=3), exact_rows=0)
        assert results.hits[0].product == f"p{400 + number}" and results.matched == 430
        assert not results.exact


@pytest.mark.usefixtures("short_lists")
@pytest.mark.parametrize("exact_rows", [0, 1_000])
def test_what_is_kept_of_a_filter_ends_with_its_generation(small: Store, exact_rows: int) -> None:
    """Matches and subsets are kept for the next search under the same filter; new rows are found all the same."""
    reader, query = Reader(small), Query({"shape": clustered(1, DIM, 11)[0]}, where="width > 0", k=5)
    first, again = (search(reader, query, exact_rows) for _ in range(2))
    assert first.hits == again.hits and first.exact == bool(exact_rows) and len(reader.snapshot().matches) == 1
    add_products(small, {"shape": clustered(1, DIM, 11)}, first=400)
    found = search(reader, query, exact_rows)
    assert found.hits[0].product == "p400" and found.matched == 401
    with writing(small) as writer, writer.change() as connection:
        bury_images(connection, [found.hits[0].image_id], writer.generation + 1)
    assert search(reader, query, exact_rows).hits == first.hits
    for number in range(10):
        search(reader, Query(query.vectors, where=f"width > {number}"), exact_rows)
    assert len(reader.snapshot().matches) == matches.KEPT


@pytest.mark.usefixtures("short_lists")
@pytest.mark.parametrize("newer", [0, 40], ids=["whole", "rows newer than the indexes"])
def test_what_indexes_make_of_a_filter_is_made_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, newer: int
) -> None:
    """By each of the spaces, whatever else is searched meanwhile."""
    rows = {"shape": clustered(440, DIM, 5), "colour": clustered(440, OTHER, 6)}
    made = make_store(tmp_path / "c", {name: some[:400] for name, some in rows.items()})
    with writing(made) as writer:
        assert refresh_indexes(writer, flat_rows=100) == dict.fromkeys(rows, "ivf-sq8")
    if newer:
        add_products(made, {name: some[400:] for name, some in rows.items()}, first=400)
    asked = []
    subset = VectorIndex.subset
    monkeypatch.setattr(VectorIndex, "subset", lambda index, ids: asked.append(index) or subset(index, ids))
    reader = Reader(made)
    for turn in range(6):
        for where in ("", "width > 0", "width > 1"):
            for using in (("shape",), ("colour", "shape")):
                if len(using) == 1 and where:
                    continue
                vectors = {name: rows[name][turn] for name in using}
                exclude = frozenset([turn + 1]) if turn % 2 else frozenset()
                found = search(reader, Query(vectors, where=where, exclude_products=exclude), exact_rows=0)
                assert not found.exact and found.matched == 400 + newer - len(exclude)
    assert len(asked) == 1 + 3 * 2


def with_gaps(root: Path, rows: dict[str, np.ndarray], gaps: dict[str, np.ndarray], indexed: int) -> Store:
    """A catalog whose rows lack a vector where `gaps` says so; the first `indexed` are in the indexes."""
    made = Store.create(root)
    count = len(rows["shape"])
    with writing(made) as writer:
        spaces = use_spaces(writer, [spec(name, some.shape[1]) for name, some in rows.items()])
        for part in (range(indexed), range(indexed, count)):
            vectors = [{name: some[row] for name, some in rows.items() if not gaps[name][row]} for row in part]
            images = [new_image(f"p{row}", each) for row, each in zip(part, vectors, strict=True)]
            if images:
                writer.commit(Batch(images=images), writer.start_run("index", "test"), spaces)
            if part.start == 0:
                update_scales(writer)
                for name in rows:
                    refresh_index(writer, name, flat_rows=1)
    return made


@pytest.mark.usefixtures("short_lists")
@pytest.mark.parametrize("newer", [0, 30])
@pytest.mark.parametrize("kind", ["half lack one", "few lack one", "few have it"])
def test_rows_that_a_space_refused_are_found_without_comparing_all_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, newer: int
) -> None:
    """They are on the lists of the other space only, and count as a random pair in the one they lack."""
    row = np.arange(3_000 + newer)
    colour = {"half lack one": row % 2 == 0, "few lack one": row % 20 == 0, "few have it": row % 100 != 0}[kind]
    gaps = {"colour": colour, "shape": ~colour & (row % 50 == 7)}
    rows = {"shape": clustered(len(row), DIM, 5), "colour": clustered(len(row), OTHER, 6)}
    reader, overlap, compared = Reader(with_gaps(tmp_path / "c", rows, gaps, 3_000)), [], []
    cosines = search_module._cosines_or_mean
    monkeypatch.setattr(
        search_module, "_cosines_or_mean", lambda *asked: compared.append(len(asked[2])) or cosines(*asked)
    )
    asked = {name: clustered(12, some.shape[1], 9) for name, some in rows.items()}
    for number in range(12):
        query = Query({name: some[number] for name, some in asked.items()})
        exact = [hit.region_id for hit in search(reader, query).hits]
        compared.clear()
        rough = search(reader, query, exact_rows=0)
        overlap += [len({hit.region_id for hit in rough.hits} & set(exact)) / 10]
        assert not rough.exact and max(compared) < 1_000
    assert np.mean(overlap) >= 0.98


@pytest.mark.usefixtures("short_lists")
def test_no_row_scores_above_the_bound_wherever_it_has_no_vector(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The few colours there are lie opposite to what is asked: the others, which have none, lie above them."""
    row, query = np.arange(3_000), {"shape": clustered(1, DIM, 9)[0], "colour": clustered(1, OTHER, 9)[0]}
    rows = {"shape": clustered(3_000, DIM, 5), "colour": -query["colour"] + 0.1 * clustered(3_000, OTHER, 6)}
    rows["colour"] /= np.linalg.norm(rows["colour"], axis=1, keepdims=True)
    reader = Reader(with_gaps(tmp_path / "c", rows, {"colour": row % 10 != 0, "shape": row < 0}, 3_000))
    snapshot = reader.snapshot()
    bound_of, ids, above = shortlist._bound, snapshot.region_ids, []

    def checked(task: Any, lists: Any, compared: Any, count: int) -> float:
        bound = bound_of(task, lists, compared, count)
        read = ~np.isin(ids, compared.ids)
        for name, one in lists.items():
            cells = task.indexes[name]._cells(ids)
            read &= np.isin(cells, one.walk._cells[: one.walk._read]) | ~snapshot.vectors(name).has(ids)
        each = {name: task.cosines(name, ids[read]) for name in lists}
        above.append(shortlist.fuse(each, task.shares).max(initial=-np.inf) > bound)
        return bound

    monkeypatch.setattr(shortlist, "_bound", checked)
    assert not search(reader, Query(query), exact_rows=0).exact
    assert above and not any(above)


@pytest.mark.usefixtures("short_lists")
def test_many_copies_of_one_photo_are_settled_by_a_longer_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No list that ends among them can tell which of them are first; one that goes beyond can."""
    rows = clustered(3_000, DIM, 5)
    draw = np.random.default_rng(0)
    rows[draw.permutation(3_000)[:300]] = rows[7]
    made = make_store(tmp_path / "c", {"shape": rows})
    with writing(made) as writer:
        refresh_index(writer, "shape", flat_rows=100)
    sizes = []
    lists = shortlist._List
    monkeypatch.setattr(shortlist, "_List", lambda walk, size: sizes.append(size) or lists(walk, size))
    reader = Reader(made)
    for query in (Query({"shape": rows[7]}, k=20), Query({"shape": rows[7]}, k=20, group="image")):
        sizes.clear()
        rough, exact = search(reader, query, exact_rows=0), search(reader, query)
        assert [hit.region_id for hit in rough.hits] == [hit.region_id for hit in exact.hits]
        assert not rough.exact and rough.searched < 3_000
        assert sizes[0] < 300 < sizes[-1] < 3_000


@pytest.mark.usefixtures("short_lists")
def test_removed_rows_do_not_come_back_from_the_index(small: Store) -> None:
    reader, query = Reader(small), Query({"shape": clustered(400, DIM, 5)[7]}, k=10)
    before = search(reader, query, exact_rows=0)
    with writing(small) as writer, writer.change() as connection:
        bury_images(connection, [hit.image_id for hit in before.hits], writer.generation + 1)
    after = search(reader, query, exact_rows=0)
    assert not before.exact and not after.exact and len(after.hits) == 10
    assert not {hit.product for hit in before.hits} & {hit.product for hit in after.hits}


def test_an_index_is_made_anew_when_it_fell_behind_and_left_alone_before(small: Store) -> None:
    made = record(small)
    assert (made.rows, made.kind) == (400, "ivf-sq8")
    assert (small.indexes / made.name).stat().st_size == made.bytes
    with writing(small) as writer:
        generation = writer.generation
        assert refresh_index(writer, "shape", flat_rows=100) == "ivf-sq8"
        assert writer.generation == generation
    add_products(small, {"shape": clustered(60, DIM, 7)}, first=400)
    with writing(small) as writer:
        refresh_index(writer, "shape", flat_rows=100)
    assert record(small).name == made.name
    add_products(small, {"shape": clustered(80, DIM, 8)}, first=460)
    with writing(small) as writer:
        refresh_index(writer, "shape", flat_rows=100)
    assert record(small).rows == 540
    index = open_index(small, 1)
    assert index is not None and index.covers(Reader(small).snapshot().region_ids).all()


def test_an_index_of_many_removed_rows_is_made_anew_and_dropped_when_few_are_left(small: Store) -> None:
    images = Reader(small).snapshot().image_ids
    with writing(small) as writer, writer.change() as connection:
        bury_images(connection, images[:100].tolist(), writer.generation + 1)
    with writing(small) as writer:
        assert refresh_index(writer, "shape", flat_rows=100) == "ivf-sq8"
        assert record(small).rows == 300
        assert refresh_index(writer, "shape", flat_rows=1_000) == "flat"
        assert record(small) is None and open_index(small, 1) is None
        generation = writer.generation
        assert refresh_index(writer, "shape", flat_rows=1_000) == "flat" and writer.generation == generation


@pytest.mark.parametrize("how", ["altered", "cut", "missing"])
def test_a_broken_index_is_never_used_and_made_anew(small: Store, how: str, caplog: pytest.LogCaptureFixture) -> None:
    path = small.indexes / record(small).name
    indexes._opened.clear()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.unlink()
    if how != "missing":
        path.write_bytes(content if how == "altered" else content[:-9])
    with caplog.at_level(logging.WARNING):
        results = search(Reader(small), Query({"shape": clustered(1, DIM, 5)[0]}), exact_rows=0)
    assert results.exact and len(results.hits) == 10
    assert "check --repair" in caplog.text
    with writing(small) as writer, writer.change():
        pass  # the index is no longer known to be of this generation
    with writing(small) as writer:
        refresh_index(writer, "shape", flat_rows=100)
    assert open_index(small, 1) is not None


def test_an_index_is_opened_once_a_process(small: Store) -> None:
    assert open_index(small, 1) is open_index(Store.open(small.root), 1)


def test_a_dropped_index_is_let_go(small: Store) -> None:
    query = Query({"shape": clustered(1, DIM, 5)[0]})
    search(Reader(small), query, exact_rows=0)
    held = [key for key in indexes._opened if key[0] == small.root.absolute()]
    assert held
    with writing(small) as writer:
        assert refresh_index(writer, "shape", flat_rows=1_000) == "flat"
    assert search(Reader(small), query, exact_rows=0).exact
    assert not [key for key in indexes._opened if key[0] == small.root.absolute()]


def test_fewer_groups_than_are_settled_are_compared_whole(small: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists could never settle them, and grew in vain."""
    asked = []
    monkeypatch.setattr("engine.search.search_shortlist", lambda *all_: asked.append(all_))
    reader, shape = Reader(small), clustered(1, DIM, 5)[0]
    groups = len(set(reader.snapshot().product_ids.tolist()))
    assert search(reader, Query({"shape": shape}, k=1), exact_rows=0).exact
    assert len(asked) == (groups >= shortlist.DEPTH)
    monkeypatch.setattr(shortlist, "DEPTH", groups + 1)
    asked.clear()
    assert search(reader, Query({"shape": shape}, k=1), exact_rows=0).exact
    assert not asked
    monkeypatch.setattr(shortlist, "DEPTH", groups)
    search(reader, Query({"shape": shape}, k=1), exact_rows=0)
    assert asked


def test_kinds_by_size() -> None:
    assert [kind_for(rows) for rows in (0, 99_999, 100_000, 10**7)] == ["flat", "flat", "ivf-sq8", "ivf-sq8"]


def put_index(store: Store, index: VectorIndex, rows: int | None = None) -> None:
    """Have the catalog's record name another index, its hash and size right."""
    file = publish(store.indexes, indexes.SUFFIX, [index.to_bytes()])
    with store.lock(), store.database.write() as connection:  # the lock's end seals the database
        connection.execute(
            update(schema.vector_index).values(
                name=file.name, sha256=file.sha256, bytes=file.bytes, rows=rows or len(index), kind=index.kind
            )
        )


def vectors_like(store: Store, seed: int) -> SpaceVectors:
    """Other vectors under the ids of the catalog's."""
    there = Reader(store).snapshot().vectors("shape")
    return SpaceVectors(DIM, [VectorShard(there.ids, clustered(len(there), DIM, seed).astype(np.float16))])


@pytest.mark.parametrize("kind", ["ivf-sq8", "ivf-rabitq"])
def test_check_finds_an_index_of_other_vectors(small: Store, kind: str) -> None:
    put_index(small, VectorIndex.build(Reader(small).snapshot().vectors("shape"), kind))
    assert check(small).clean
    put_index(small, VectorIndex.build(vectors_like(small, seed=6), kind))
    (finding,) = check(small).findings
    assert (finding.part, finding.subject) == ("index", "space shape") and "are other vectors in it" in finding.message
    repair(small, check(small))
    assert check(small).clean


def test_check_finds_an_index_that_lacks_rows_or_says_another_count(small: Store) -> None:
    vectors = Reader(small).snapshot().vectors("shape")
    put_index(small, VectorIndex.build(vectors, ids=vectors.ids[: int(0.85 * len(vectors))]))
    assert check(small).clean  # as many as indexing may leave
    few = VectorIndex.build(vectors, ids=vectors.ids[:200])
    put_index(small, few)
    assert [finding.message for finding in check(small).findings] == ["200 of 400 rows are not in it"]
    with small.lock(), small.database.write() as connection:
        connection.execute(update(schema.run).values(finished=None))
    assert check(small).clean  # an indexing that was broken off may leave more
    put_index(small, few, rows=201)
    assert "200 rows of 24, not ivf-sq8, 201 rows of 24" in check(small).findings[0].message
    more = SpaceVectors(DIM, [VectorShard(vectors.ids + 10, vectors.gather(vectors.ids).astype(np.float16))])
    put_index(small, VectorIndex.build(more))
    messages = [finding.message for finding in check(small).findings]
    assert "10 of its 400 rows were never in the catalog" in messages


def test_a_removal_or_compaction_that_was_killed_before_it_renewed_the_index_leaves_a_clean_catalog(
    small: Store,
) -> None:
    vectors = Reader(small).snapshot().vectors("shape")
    put_index(small, VectorIndex.build(vectors, ids=vectors.ids[: int(0.85 * len(vectors))]))
    images = Reader(small).snapshot().image_ids.tolist()
    remove(small, images[:320], "most of those in the index")
    assert check(small).clean
    with writing(small) as writer:
        compact(writer, everything=True, grace=0)
    assert check(small).clean
