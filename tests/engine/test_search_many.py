"""Many queries at once: what each gets alone, to the last bit, in one pass over the rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders import make_store, new_image, spec, unit_rows

import engine.search as module
from engine import narrowing, shortlist
from engine.batch import Batch, Counts
from engine.errors import FilterError, QueryError, SpaceError
from engine.indexes import refresh_index
from engine.query import Query, Results
from engine.scale import update_scales
from engine.search import search, search_many
from engine.snapshot import Reader
from engine.spaces import use_spaces
from engine.store import Store
from engine.tombstones import bury_images
from engine.vectors import SpaceVectors
from engine.writer import writing

SHAPE, COLOUR, IMAGES, PRODUCTS = 12, 20, 600, 150


def near_ties(rows: int, dim: int) -> np.ndarray:
    """Rows that are one row but for the last digits of float16: scores differ by as much as rounding moves them."""
    made = unit_rows(1, dim, 8) + 0.002 * unit_rows(rows, dim, 9)
    return (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Several images a product; some lack a space, some are copies, a third are nearly the same."""
    made = Store.create(tmp_path_factory.mktemp("many") / "c")
    shapes, colours = unit_rows(IMAGES, SHAPE, 1), unit_rows(IMAGES, COLOUR, 2)
    shapes[::3], colours[::3] = near_ties(200, SHAPE), near_ties(200, COLOUR)
    shapes[10:40] = shapes[10]  # copies, in as many products
    colours[10:40] = colours[10]
    with writing(made) as writer:
        spaces = use_spaces(writer, [spec("shape", SHAPE), spec("colour", COLOUR, reads="colour")])
        run = writer.start_run("index", "test")
        for start in range(0, IMAGES, 100):
            batch = Batch(attribute_types={"price": "number", "even": "boolean"})
            for row in range(start, start + 100):
                vectors = {"shape": shapes[row], "colour": colours[row]}
                if row % 7 == 3:
                    del vectors["colour"]
                product = f"p{row % PRODUCTS}"
                batch.images.append(new_image(product, vectors, path=f"/{row}.jpg"))
                batch.products[product] = {"price": float(row % PRODUCTS), "even": row % 2 == 0}
            batch.counts = Counts(seen=100, indexed=100)
            writer.commit(batch, run, spaces)
        bury_ids = Reader(made).snapshot().image_ids[[5, 99, 433]].tolist()
        with writer.change() as connection:
            bury_images(connection, bury_ids, writer.generation + 1)
        update_scales(writer)
    return made


@pytest.fixture(params=["whole", "pieces"])
def blocks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """All rows in a block, or blocks of a few rows, and several groups of queries."""
    if request.param == "pieces":
        monkeypatch.setattr(narrowing, "BLOCK_NUMBERS", 1_000)
        monkeypatch.setattr(module, "AT_ONCE", 16)


def questions(count: int = 40, **settings: Any) -> list[Query]:
    """Some near the rows that are nearly the same, some anywhere."""
    shapes = np.concatenate([near_ties(count // 2, SHAPE), unit_rows(count - count // 2, SHAPE, 4)])
    colours = np.concatenate([near_ties(count // 2, COLOUR), unit_rows(count - count // 2, COLOUR, 5)])
    using = settings.pop("using", ("shape",))
    rows = {"shape": shapes, "colour": colours}
    return [Query({name: rows[name][number] for name in using}, **settings) for number in range(count)]


def told(results: Sequence[Results]) -> list[Any]:
    """All that is told, floats to the last bit."""
    return [(one.generation, one.matched, one.searched, one.exact, one.hits) for one in results]


KINDS: dict[str, dict[str, Any]] = {
    "products": {},
    "images": {"group": "image"},
    "filter": {"where": "price < 90 and even"},
    "few match": {"where": "price < 3"},
    "none match": {"where": "price < 0"},
    "a later page": {"k": 7, "offset": 21},
    "two spaces": {"using": ("shape", "colour"), "weights": {"shape": 2.0, "colour": 1.0}},
    "two spaces, images": {"using": ("shape", "colour"), "group": "image", "k": 30},
    "no more than score": {"min_score": 0.5, "k": 40},
    "one hit": {"k": 1},
    "all": {"k": 1000},
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.usefixtures("blocks")
def test_each_gets_what_it_gets_alone(store: Store, kind: str) -> None:
    reader, asked = Reader(store), questions(**KINDS[kind])
    assert told(search_many(reader, asked)) == told([search(reader, query) for query in asked])


@pytest.mark.usefixtures("blocks")
def test_products_that_are_left_out_differ_from_query_to_query(store: Store) -> None:
    reader, asked = Reader(store), questions()
    first = [frozenset(hit.product for hit in search(reader, query).hits[:4]) for query in asked]
    with store.database.read() as connection:
        ids = dict(connection.exec_driver_sql("SELECT key, id FROM product").all())  # type: ignore[arg-type]
    asked = [
        Query(query.vectors, exclude_products=frozenset(ids[name] for name in names) if number % 3 else frozenset())
        for number, (query, names) in enumerate(zip(asked, first, strict=True))
    ]
    found = search_many(reader, asked)
    assert told(found) == told([search(reader, query) for query in asked])
    for number, (one, names) in enumerate(zip(found, first, strict=True)):
        assert bool(names & {hit.product for hit in one.hits}) == (number % 3 == 0)


def test_other_filters_spaces_and_weights_in_one_list(store: Store) -> None:
    reader = Reader(store)
    asked = [query for kind in KINDS.values() for query in questions(6, **kind)]
    asked = [asked[place] for place in np.random.default_rng(0).permutation(len(asked))]
    seen: list[tuple[int, int]] = []
    found = search_many(reader, asked, progress=lambda done, total: seen.append((done, total)))
    assert told(found) == told([search(reader, query) for query in asked])
    assert seen[-1] == (len(asked), len(asked)) and len(seen) == len({done for done, _ in seen})
    assert search_many(reader, []) == []


def test_rows_are_read_once_for_all(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    reader, asked, read = Reader(store), questions(), []
    gather = SpaceVectors.gather

    def counted(self: SpaceVectors, ids: np.ndarray) -> np.ndarray:
        read.append(len(ids))
        return gather(self, ids)

    monkeypatch.setattr(SpaceVectors, "gather", counted)
    search_many(reader, asked[20:])
    together = sum(read)
    read.clear()
    for query in asked[20:]:
        search(reader, query)
    assert together < sum(read) / 5


def test_a_product_of_blocks_alone_would_not_do(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the allowance for rounding some of what is nearly the same would be missed."""
    reader, asked = Reader(store), questions()[:20]
    alone = told([search(reader, query) for query in asked])
    monkeypatch.setattr(narrowing, "slack", lambda snapshot, shares: 0.0)
    assert told(search_many(reader, asked)) != alone


@pytest.mark.usefixtures("blocks")
def test_so_many_copies_that_they_cannot_all_be_kept(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has more to keep than its part is answered as if alone; the others are not."""
    reader, asked, given_up = Reader(store), questions(k=3), []
    alone = told([search(reader, query) for query in asked])
    narrowed = narrowing.narrow

    def noted(*given: Any) -> list[narrowing.Places | None]:
        found = narrowed(*given)
        given_up.extend(places is None for places in found)
        return found

    monkeypatch.setattr(module, "narrow", noted)
    for pairs, some in ((narrowing.MANY, False), (1_000, True)):
        given_up.clear()
        monkeypatch.setattr(narrowing, "MANY", pairs)
        assert told(search_many(reader, asked)) == alone
        assert any(given_up) == some and not all(given_up)


@pytest.mark.parametrize("dim", [3, 64, 700])
def test_rounding_stays_within_the_allowance(tmp_path: Path, dim: int) -> None:
    made = make_store(tmp_path / "c", {"vgg": np.concatenate([unit_rows(200, dim), near_ties(200, dim)])})
    snapshot = Reader(made).snapshot()
    asked = np.concatenate([unit_rows(30, dim, 3), near_ties(30, dim)])
    rough = narrowing._scores(snapshot, {"vgg": asked}, snapshot.region_ids, {"vgg": 1.0})
    exact = [module.cosines(snapshot, "vgg", snapshot.region_ids, row) for row in asked]
    worst = np.abs(rough - np.stack(exact)).max()
    assert 0 < worst < narrowing.slack(snapshot, {"vgg": 1.0}) / 2


@pytest.fixture
def indexed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Lists and cells small enough for 2,000 rows to be searched as 500,000 are."""
    for name, value in {"DEPTH": 32, "SIZE": 4, "LARGEST": 1}.items():
        monkeypatch.setattr(shortlist, name, value)
    draw = np.random.default_rng(0)
    rows = unit_rows(40, SHAPE, 6)[draw.integers(0, 40, 2_000)] + 0.1 * unit_rows(2_000, SHAPE, 7)
    rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    made = make_store(
        tmp_path / "c", {"shape": rows}, [{"price": float(row)} for row in range(2_000)], {"price": "number"}
    )
    with writing(made) as writer:
        assert refresh_index(writer, "shape", flat_rows=100) == "ivf-sq8"
    return made


@pytest.mark.parametrize("where", ["", "price < 600"])
def test_through_an_index_each_gets_what_it_gets_alone(indexed: Store, where: str) -> None:
    reader, asked = Reader(indexed), questions(where=where)
    found = search_many(reader, asked, exact_rows=0)
    assert told(found) == told([search(reader, query, exact_rows=0) for query in asked])
    assert not all(one.exact for one in found)
    assert all(one.exact for one in search_many(reader, asked, exact_rows=2_000))


def test_answers_are_each_of_one_generation(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    reader, asked, read = Reader(store), questions(8), module._read
    before, calls = store.generation(), []

    def changing(at: Reader, ids: np.ndarray) -> object:
        calls.append(ids)
        if len(calls) == 2:  # the first of the second group's attempts
            with writing(at.store) as writer, writer.change():
                pass
        return read(at, ids)

    monkeypatch.setattr(module, "_read", changing)
    monkeypatch.setattr(module, "AT_ONCE", 4)
    found = search_many(reader, asked)
    assert [one.generation for one in found] == [before] * 4 + [before + 1] * 4
    assert len(calls) == 3


def test_what_cannot_be_asked(store: Store) -> None:
    reader, asked = Reader(store), questions(3)
    with pytest.raises(FilterError, match="pric"):
        search_many(reader, [*asked, Query(asked[0].vectors, where="pric < 3")])
    with pytest.raises(QueryError, match="12 dimensions"):
        search_many(reader, [*asked, Query({"shape": unit_rows(1, 5)[0]})])
    with pytest.raises(SpaceError, match="no space 'shap'"):
        search_many(reader, [*asked, Query({"shap": asked[0].vectors["shape"]})])
