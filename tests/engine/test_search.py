"""Search against an oracle in plain loops: scores, filters, groups, pages, ties, several spaces."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from builders import add_products, make_store, new_image, spec, unit_rows

import engine.search as module
from engine.batch import Batch, Counts, Predicted
from engine.errors import FilterError, QueryError, SpaceError
from engine.examples import combine, vectors_of_product
from engine.lookup import find_product
from engine.query import Query
from engine.scale import measure, update_scales
from engine.search import best_of_groups, search
from engine.snapshot import Reader
from engine.spaces import use_spaces
from engine.store import Store
from engine.tombstones import bury_images
from engine.writer import writing

SHAPE, COLOUR = 12, 20
PRODUCTS = 60


@dataclass(frozen=True)
class Photo:
    """One image as the oracle knows it."""

    number: int  # region id: they are given in order
    product: str
    path: str
    vectors: dict[str, list[float]]
    category: str
    price: float


def draw_photos() -> list[Photo]:
    shapes, colours = unit_rows(150, SHAPE, 1), unit_rows(150, COLOUR, 2)
    colours[20] = colours[90] = colours[140]  # exact ties
    shapes[20] = shapes[90] = shapes[140]
    photos = []
    for row in range(150):
        vectors = {"shape": shapes[row], "colour": colours[row]}
        if row % 7 == 3:
            del vectors["colour"]
        if row % 11 == 5:
            del vectors["shape"]
        if not vectors:
            vectors = {"shape": shapes[row]}
        product = row % PRODUCTS
        kept = {name: values.astype(np.float16).astype(float).tolist() for name, values in vectors.items()}
        photos.append(
            Photo(
                row + 1, f"p{product}", f"/photos/{row}.jpg", kept, "dress" if product % 3 else "skirt", float(product)
            )
        )
    return photos


PHOTOS = draw_photos()


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    store = Store.create(tmp_path_factory.mktemp("search") / "c")
    with writing(store) as writer:
        spaces = use_spaces(writer, [spec("shape", SHAPE), spec("colour", COLOUR, reads="colour")])
        run = writer.start_run("index", "test")
        for start in range(0, len(PHOTOS), 40):
            batch = Batch(attribute_types={"category": "text", "price": "number", "maxi": "boolean"})
            for photo in PHOTOS[start : start + 40]:
                vectors = {name: np.array(values, np.float32) for name, values in photo.vectors.items()}
                predicted = {"maxi": Predicted(photo.number % 2 == 0, 0.75, "test")}
                if photo.number % 5 == 0:
                    predicted["category"] = Predicted("coat", 0.6, "test")  # what is given beats it
                batch.images.append(new_image(photo.product, vectors, path=photo.path, predicted=predicted))
                batch.products[photo.product] = {"category": photo.category, "price": photo.price}
            batch.counts = Counts(seen=len(batch.images), indexed=len(batch.images))
            writer.commit(batch, run, spaces)
    return Reader(store)


def cosine(one: list[float], other: list[float]) -> float:
    dot = sum(a * b for a, b in zip(one, other, strict=True))
    return dot / math.sqrt(sum(a * a for a in one)) / math.sqrt(sum(b * b for b in other))


def by_loop(
    query: Query, shares: dict[str, float], where: Callable[[Photo], bool] = lambda photo: True
) -> tuple[int, list[tuple[str, float, dict[str, float]]]]:
    """matched, and the hits as (path, score, score a space)."""
    scored, groups = [], set()
    for photo in PHOTOS:
        if not where(photo) or all(name not in photo.vectors for name in query.vectors):
            continue
        group = photo.product if query.group == "product" else photo.path
        groups.add(group)
        each = {
            name: cosine(vector.tolist(), photo.vectors[name])
            for name, vector in query.vectors.items()
            if name in photo.vectors
        }
        # Where it has no vector it counts as a random pair.
        score = sum(shares[name] * (each[name] if name in each else MEANS[name]) for name in query.vectors)
        scored.append((-round(score, 6), photo.number, group, photo, each))
    hits, seen = [], set()
    for score, _, group, photo, each in sorted(scored, key=lambda entry: entry[:2]):
        if group not in seen and (query.min_score is None or -score >= query.min_score):
            seen.add(group)
            hits.append((photo.path, -score, each))
    return len(groups), hits[query.offset : query.offset + query.k]


def pairs_by_loop(name: str) -> list[float]:
    rows = [photo.vectors[name] for photo in PHOTOS if name in photo.vectors]
    return [cosine(rows[i], rows[j]) for i in range(len(rows)) for j in range(i)]


MEANS = {name: sum(pairs_by_loop(name)) / len(pairs_by_loop(name)) for name in ("shape", "colour")}


def spread_by_loop(name: str) -> float:
    cosines = pairs_by_loop(name)
    mean = MEANS[name]
    return math.sqrt(sum((value - mean) ** 2 for value in cosines) / len(cosines))


def shape_query(**settings: object) -> Query:
    return replace(Query({"shape": unit_rows(1, SHAPE, 77)[0]}), **settings)


def check(reader: Reader, query: Query, shares: dict[str, float], where: Callable[[Photo], bool] = lambda p: True):
    results = search(reader, query)
    matched, expected = by_loop(query, shares, where)
    assert results.matched == matched
    assert [hit.image for hit in results.hits] == [path for path, _, _ in expected]
    assert [hit.rank for hit in results.hits] == list(range(query.offset + 1, query.offset + 1 + len(expected)))
    for hit, (_, score, each) in zip(results.hits, expected, strict=True):
        assert hit.score == pytest.approx(score, abs=2e-6)
        assert hit.scores == pytest.approx(each, abs=2e-6)
    return results


@pytest.mark.parametrize("group", ["product", "image"])
@pytest.mark.parametrize("k", [1, 7, 1_000])
def test_one_space(reader: Reader, group: str, k: int) -> None:
    results = check(reader, shape_query(group=group, k=k), {"shape": 1.0})
    assert results.exact and len(results.hits) == min(k, results.matched)


@pytest.mark.parametrize(
    ("where", "same"),
    [
        ("category = 'dress' and price < 30", lambda p: p.category == "dress" and p.price < 30),
        ("maxi", lambda p: p.number % 2 == 0),
        ("product = 'p7'", lambda p: p.product == "p7"),
        ("price > 1000", lambda p: False),
        ("category = 'coat'", lambda p: False),
    ],
)
def test_filters(reader: Reader, where: str, same: Callable[[Photo], bool]) -> None:
    for group in ("product", "image"):
        check(reader, shape_query(where=where, group=group), {"shape": 1.0}, same)


def test_several_spaces_are_put_on_one_scale_and_weighed(reader: Reader) -> None:
    vectors = {"shape": unit_rows(1, SHAPE, 5)[0], "colour": unit_rows(1, COLOUR, 6)[0]}
    for weights in ({"shape": 1.0, "colour": 1.0}, {"shape": 2.0, "colour": 0.5}):
        say = {name: weights[name] / spread_by_loop(name) for name in weights}
        shares = {name: value / sum(say.values()) for name, value in say.items()}
        for group in ("product", "image"):
            check(reader, Query(vectors, weights, k=25, group=group), shares)


def test_the_same_photo_scores_one_and_far_ones_no_less_than_minus_one(reader: Reader) -> None:
    photo = next(photo for photo in PHOTOS if len(photo.vectors) == 2)
    query = Query({name: np.array(values) for name, values in photo.vectors.items()}, k=1_000)
    results = search(reader, query)
    assert results.hits[0].image == photo.path and results.hits[0].score == pytest.approx(1, abs=1e-6)
    assert all(-1 <= hit.score <= 1 for hit in results.hits)
    away = Query({name: -np.array(values) for name, values in photo.vectors.items()}, k=1_000, group="image")
    assert search(reader, away).hits[-1].score == pytest.approx(-1, abs=1e-6)


def test_pages_are_parts_of_one_list(reader: Reader) -> None:
    whole = search(reader, shape_query(k=60)).hits
    paged = [hit for page in range(12) for hit in search(reader, shape_query(k=5, offset=5 * page)).hits]
    assert paged == list(whole)
    assert search(reader, shape_query(k=5, offset=100)).hits == ()


def test_ties_go_by_region_id(reader: Reader) -> None:
    query = Query({"shape": np.array(PHOTOS[20].vectors["shape"])}, k=3, group="image")
    hits = search(reader, query).hits
    assert [hit.region_id for hit in hits] == [21, 91, 141]
    assert len({hit.score for hit in hits}) == 1
    # ... over the borders of the pieces that are scored at a time, and wherever the list is cut.
    scores = np.tile([0.5, 0.25, 0.5, 0.75], 5_000)
    groups = np.arange(len(scores))
    for wanted in (1, 4_999, 5_001, 9_000, 20_000):
        expected = sorted(range(len(scores)), key=lambda place: (-scores[place], place))[:wanted]
        assert best_of_groups(scores, groups, wanted).tolist() == expected


def test_min_score_cuts_the_list_and_not_the_count(reader: Reader) -> None:
    everything = search(reader, shape_query(k=60))
    cut = everything.hits[10].score - 1e-9
    results = search(reader, shape_query(k=60, min_score=cut))
    assert results.hits == everything.hits[:11] and results.matched == everything.matched
    assert search(reader, shape_query(min_score=1.0)).hits == ()


def test_an_excluded_product_is_neither_hit_nor_counted(reader: Reader) -> None:
    product = find_product(reader, "p20")
    query = Query({"shape": np.array(PHOTOS[20].vectors["shape"])}, k=1_000)
    with_it, without = search(reader, query), search(reader, replace(query, exclude_products=frozenset([product.id])))
    assert with_it.hits[0].product == "p20"
    assert "p20" not in {hit.product for hit in without.hits}
    assert without.matched == with_it.matched - 1 == len(without.hits)


def test_a_hit_shows_its_attributes_given_before_predicted(reader: Reader) -> None:
    for hit in search(reader, shape_query(k=1_000, group="image")).hits:
        photo = PHOTOS[hit.region_id - 1]
        assert hit.product == photo.product
        assert hit.attributes == {
            "category": photo.category,
            "price": photo.price,
            "maxi": photo.number % 2 == 0,
        }
        assert isinstance(hit.attributes["maxi"], bool)
        assert hit.confidences == {"maxi": 0.75}


def test_results_as_json(reader: Reader) -> None:
    results = search(reader, shape_query(k=2, where="price < 50"))
    told = json.loads(json.dumps(results.to_json({"product": "p1"}), allow_nan=False))
    assert list(told) == ["query", "matched", "searched", "exact", "hits"]
    assert told["query"]["product"] == "p1" and told["query"]["using"] == {"shape": 1.0}
    assert list(told["hits"][0]) == ["rank", "product", "image", "score", "scores", "attributes", "confidences"]
    assert told["matched"] == 50 and told["exact"] is True


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"k": 0}, "k is"),
        ({"k": 2.5}, "k is"),
        ({"offset": -1}, "offset"),
        ({"min_score": math.nan}, "min_score"),
        ({"group": "shop"}, "group"),
        ({"weights": {"shape": 0.0}}, "above 0"),
        ({"weights": {"shape": math.nan}}, "above 0"),
        ({"weights": {"colour": 1.0}}, "same spaces"),
        ({"vectors": {}}, "at least one space"),
        ({"vectors": {"shape": np.full(SHAPE, np.nan)}}, "finite"),
        ({"vectors": {"shape": np.ones((1, SHAPE))}}, "shape"),
        ({"vectors": {"shape": np.zeros(SHAPE)}}, "unit length"),
    ],
)
def test_what_cannot_be_asked(settings: dict[str, object], said: str) -> None:
    with pytest.raises(QueryError, match=said):
        shape_query(**settings)


def test_what_the_catalog_does_not_have(reader: Reader) -> None:
    with pytest.raises(QueryError, match="12 dimensions"):
        search(reader, Query({"shape": unit_rows(1, SHAPE + 1)[0]}))
    with pytest.raises(SpaceError, match="shape, colour"):
        search(reader, Query({"pattern": unit_rows(1, 4)[0]}))
    with pytest.raises(FilterError, match="price"):
        search(reader, shape_query(where="prise < 3"))


def test_removed_rows_vanish_and_new_ones_appear(tmp_path: Path) -> None:
    store = make_store(tmp_path / "c", {"shape": unit_rows(30, SHAPE)})
    reader, query = Reader(store), Query({"shape": unit_rows(30, SHAPE)[4]}, k=100)
    before = search(reader, query)
    assert before.hits[0].product == "p4" and before.matched == 30
    with writing(store) as writer, writer.change() as connection:
        bury_images(connection, [before.hits[0].image_id], writer.generation + 1)
    after = search(reader, query)
    assert after.matched == 29 == after.searched and "p4" not in {hit.product for hit in after.hits}
    add_products(store, {"shape": unit_rows(30, SHAPE)[4:5]}, first=100)
    again = search(reader, query)
    assert (again.hits[0].product, again.matched) == ("p100", 30)
    assert again.generation > after.generation > before.generation


def test_an_answer_is_of_one_generation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = unit_rows(30, SHAPE)
    store = make_store(tmp_path / "c", {"shape": rows})
    query, read = Query({"shape": rows[4]}, k=3), module._read
    calls = []

    def removing(at: Reader, ids: np.ndarray) -> object:
        calls.append(ids)
        if len(calls) == 1:  # the best hit goes between the search and the reading of what it shows
            with writing(at.store) as writer, writer.change() as connection:
                bury_images(connection, Reader(at.store).snapshot().image_ids[4:5].tolist(), writer.generation + 1)
        return read(at, ids)

    monkeypatch.setattr(module, "_read", removing)
    results = search(Reader(store), query)
    assert len(calls) == 2 and results.generation == store.generation() and results.matched == 29
    assert "p4" not in {hit.product for hit in results.hits}

    def changing(at: Reader, ids: np.ndarray) -> object:
        with writing(at.store) as writer, writer.change():
            calls.append(ids)
        return read(at, ids)

    monkeypatch.setattr(module, "_read", changing)  # a writer that never rests does not keep an answer away
    assert len(search(Reader(store), query).hits) == 3 and len(calls) == 2 + module.ATTEMPTS


def test_a_catalog_without_rows(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "c")
    with writing(store) as writer:
        use_spaces(writer, [spec("shape", SHAPE), spec("colour", COLOUR)])
        assert update_scales(writer) == []
    results = search(Reader(store), Query({"shape": unit_rows(1, SHAPE)[0], "colour": unit_rows(1, COLOUR)[0]}))
    assert (results.matched, results.searched, results.hits, results.exact) == (0, 0, (), True)


def test_the_scale_is_kept_and_only_measured_anew_when_rows_double(tmp_path: Path) -> None:
    store = make_store(tmp_path / "c", {"shape": unit_rows(40, SHAPE), "flat": np.repeat(unit_rows(1, 4), 40, axis=0)})
    with writing(store) as writer:
        assert update_scales(writer) == ["shape"]  # rows that are all alike have no spread to keep
        generation = writer.generation
        assert update_scales(writer) == [] and writer.generation == generation
    kept = Reader(store).snapshot().space("shape")
    rows = unit_rows(40, SHAPE).astype(np.float16).astype(float).tolist()
    cosines = [sum(a * b for a, b in zip(rows[i], rows[j], strict=True)) for i in range(40) for j in range(i)]
    assert kept.pair_mean == pytest.approx(np.mean(cosines), abs=1e-4)
    assert kept.pair_spread == pytest.approx(np.std(cosines), abs=1e-4)
    add_products(store, {"shape": unit_rows(39, SHAPE, 1)}, first=40)
    with writing(store) as writer:
        assert update_scales(writer) == []
    add_products(store, {"shape": unit_rows(1, SHAPE, 2)}, first=79)
    with writing(store) as writer:
        assert update_scales(writer) == ["shape"]


def test_a_sample_of_pairs_measures_what_all_pairs_do(tmp_path: Path) -> None:
    rows = unit_rows(500, 16) + np.float32(0.2)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    snapshot = Reader(make_store(tmp_path / "c", {"shape": rows})).snapshot()
    cosines = (rows @ rows.T)[np.triu_indices(500, 1)]
    found = measure(snapshot, "shape")
    assert found is not None and found == measure(snapshot, "shape")
    assert found == pytest.approx((cosines.mean(), cosines.std()), abs=0.01)


def test_negative_examples_push_away(reader: Reader) -> None:
    wanted, unwanted = unit_rows(1, SHAPE, 31), unit_rows(1, SHAPE, 32)
    mixed = combine(wanted, unwanted)
    by_hand = [a - 0.5 * b for a, b in zip(wanted[0].tolist(), unwanted[0].tolist(), strict=True)]
    length = math.sqrt(sum(value * value for value in by_hand))
    assert mixed.tolist() == pytest.approx([value / length for value in by_hand], abs=1e-6)
    plain, pushed = (search(reader, Query({"shape": vector}, k=10)) for vector in (wanted[0], mixed))

    def likeness(hits) -> float:
        return float(
            np.mean([cosine(unwanted[0].tolist(), PHOTOS[hit.region_id - 1].vectors["shape"]) for hit in hits])
        )

    assert likeness(pushed.hits) < likeness(plain.hits)


def test_examples_that_give_no_direction() -> None:
    rows = unit_rows(2, SHAPE)
    with pytest.raises(QueryError, match="at least one"):
        combine(rows[:0], rows)
    with pytest.raises(QueryError, match="cancel"):
        combine(np.stack([rows[0], -rows[0]]), rows[:0])
    with pytest.raises(QueryError, match="one space"):
        combine(rows, unit_rows(1, SHAPE + 1))


def test_vectors_of_a_product(reader: Reader) -> None:
    snapshot, product = reader.snapshot(), find_product(reader, "p3")
    expected = [photo.vectors["colour"] for photo in PHOTOS if photo.product == "p3" and "colour" in photo.vectors]
    found = vectors_of_product(snapshot, product.id, "colour")
    assert found.tolist() == [pytest.approx(row) for row in expected]
    assert vectors_of_product(snapshot, 10**6, "colour").shape == (0, COLOUR)


def test_products_are_found_by_key_or_by_its_end(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "c")
    keys = ["dress/1163", "dress/77", "skirt/77", "50%/off_1", "tops/summer/9", "1163x"]
    with writing(store) as writer:
        spaces = use_spaces(writer, [spec("shape", SHAPE)])
        run = writer.start_run("index", "test")
        rows = unit_rows(len(keys), SHAPE)
        batch = Batch(images=[new_image(key, {"shape": row}) for key, row in zip(keys, rows, strict=True)])
        writer.commit(batch, run, spaces)
    reader = Reader(store)
    for text, key in {
        "dress/1163": "dress/1163", "1163": "dress/1163", "skirt/77": "skirt/77", "9": "tops/summer/9",
        "summer/9": "tops/summer/9", "off_1": "50%/off_1", "1163x": "1163x",
    }.items():  # fmt: skip
        assert find_product(reader, text).key == key
    with pytest.raises(QueryError, match="dress/77, skirt/77"):
        find_product(reader, "77")
    with pytest.raises(QueryError, match=r"no product 'dress/1164': did you mean dress/1163"):
        find_product(reader, "dress/1164")
    for nothing in ("63", "off%", "of__1", "", "DRESS/1163"):
        with pytest.raises(QueryError, match="no product"):
            find_product(reader, nothing)
