"""What is committed is what is read: rows, vectors, attributes, generations."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from builders import add_products, make_store, new_image, spec, unit_rows

from engine.batch import Batch, NewRegion, NewVectors, Predicted
from engine.errors import CatalogBusyError, InputError, SpaceError
from engine.promotion import promote_spaces
from engine.query import Query
from engine.search import search
from engine.snapshot import Reader, load_spaces
from engine.spaces import use_spaces
from engine.store import Store
from engine.writer import Writer, writing


def test_vectors_come_back_by_region_id(tmp_path: Path) -> None:
    rows = {"vgg": unit_rows(250, 16), "colour": unit_rows(250, 8, seed=1)}
    snapshot = Reader(make_store(tmp_path / "a.catalog", rows)).snapshot()
    assert snapshot.region_ids.tolist() == list(range(1, 251))
    shuffled = np.random.default_rng(0).permutation(snapshot.region_ids)
    for name, values in rows.items():
        np.testing.assert_allclose(snapshot.vectors(name).gather(shuffled), values[shuffled - 1], atol=1e-3)
        together = [vectors for _, vectors in snapshot.vectors(name).chunks(rows=64)]
        np.testing.assert_allclose(np.concatenate(together), values, atol=1e-3)


def test_columns_follow_the_regions(tmp_path: Path) -> None:
    given = [{"category": "dress", "price": 20.0, "maxi": True}, {"category": "skirt"}, {"price": 5.5, "maxi": False}]
    store = make_store(
        tmp_path / "a.catalog",
        {"vgg": unit_rows(3, 4)},
        given,
        {"category": "text", "price": "number", "maxi": "boolean"},
    )
    snapshot = Reader(store).snapshot(lambda known: known)
    columns = snapshot.columns(snapshot.attributes)
    category = columns["category"]
    assert [category.words[code] if code >= 0 else None for code in category.values] == ["dress", "skirt", None]
    np.testing.assert_array_equal(columns["price"].values, [20.0, np.nan, 5.5])
    assert columns["maxi"].values.tolist() == [1, -1, 0]
    assert [columns["product"].words[code] for code in columns["product"].values] == ["p0", "p1", "p2"]
    assert columns["width"].values.tolist() == [480, 480, 480]


def test_given_beats_predicted_and_predicted_keeps_its_confidence(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "a.catalog")
    with writing(store) as writer:
        spaces = use_spaces(writer, [spec("colour", 4, reads="colour")])
        run = writer.start_run("index", "test")
        rows = unit_rows(2, 4)
        told = {"dominant_colour": Predicted("navy", 0.75, "palette")}
        batch = Batch(images=[new_image(f"p{row}", {"colour": rows[row]}, predicted=told) for row in range(2)])
        batch.products = {"p0": {"dominant_colour": "black"}}
        writer.commit(batch, run, spaces)
    column = Reader(store).snapshot(lambda known: ["dominant_colour"]).columns(["dominant_colour"])["dominant_colour"]
    assert [column.words[code] for code in column.values] == ["black", "navy"]
    assert column.confidence is not None
    np.testing.assert_array_equal(column.confidence, np.array([np.nan, 0.75]))


@pytest.mark.parametrize("sure", [0.1, 0.9, 0.7, 1 / 3, 0.8734567165374756])
def test_a_hit_meets_a_filter_for_the_confidence_that_it_shows(tmp_path: Path, sure: float) -> None:
    store = Store.create(tmp_path / "a.catalog")
    row = unit_rows(1, 4)[0]
    with writing(store) as writer:
        spaces = use_spaces(writer, [spec("colour", 4, reads="colour")])
        told = {"dominant_colour": Predicted("navy", sure, "palette")}
        batch = Batch(images=[new_image("p", {"colour": row}, predicted=told)])
        writer.commit(batch, writer.start_run("index", "test"), spaces)
    reader = Reader(store)
    (hit,) = search(reader, Query({"colour": row})).hits
    shown = hit.confidences["dominant_colour"]
    assert shown == sure
    for condition, matched in [(">=", 1), ("<=", 1), ("=", 1), (">", 0), ("<", 0), ("!=", 0)]:
        where = f"dominant_colour.confidence {condition} {shown!r}"
        assert search(reader, Query({"colour": row}, where=where)).matched == matched, where


def test_numbers_of_numpy_are_stored_as_numbers(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "a.catalog")
    with writing(store) as writer:
        spaces = use_spaces(writer, [spec("colour", 4, reads="colour")])
        told = {
            "dominant_colour": Predicted("navy", np.float32(0.75), "palette"),
            "shine": Predicted(np.float32(0.5), np.float32(0.25), "palette"),
        }
        image = new_image("p", {"colour": unit_rows(1, 4)[0]}, predicted=told)
        (region,) = image.regions
        box = tuple(np.arange(1, 5))
        image = replace(image, regions=[replace(region, box=box, masked=np.bool_(True))])
        types = {"dominant_colour": "text", "shine": "number"}
        writer.commit(Batch(images=[image], attribute_types=types), writer.start_run("index", "test"), spaces)
    with store.database.read() as connection:
        rows = connection.exec_driver_sql(
            "SELECT typeof(confidence), confidence, typeof(number) FROM region_value ORDER BY attribute_id"
        ).all()
        region_row = connection.exec_driver_sql("SELECT x, y, width, height, masked FROM region").one()
    assert sorted(tuple(row) for row in rows) == [("real", 0.25, "real"), ("real", 0.75, "null")]
    assert tuple(region_row) == (1, 2, 3, 4, 1)


def test_an_image_of_the_same_path_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    store = make_store(tmp_path / "a.catalog", {"vgg": unit_rows(3, 4)})
    add_products(store, {"vgg": unit_rows(1, 4, seed=9)}, first=1)
    snapshot = Reader(store).snapshot()
    assert snapshot.region_ids.tolist() == [1, 3, 4]
    assert len(snapshot.vectors("vgg")) == 4


def test_a_reader_keeps_its_generation_and_the_next_call_sees_the_new_one(tmp_path: Path) -> None:
    store = make_store(tmp_path / "a.catalog", {"vgg": unit_rows(3, 4)})
    reader = Reader(store)
    before = reader.snapshot()
    add_products(store, {"vgg": unit_rows(2, 4, seed=9)}, first=3)
    assert len(before.region_ids) == 3
    assert len(before.vectors("vgg")) == 3
    assert len(reader.snapshot().region_ids) == 5


def test_two_writers_the_second_gets_a_clear_error(tmp_path: Path) -> None:
    store = make_store(tmp_path / "a.catalog", {"vgg": unit_rows(3, 4)})
    with writing(store), pytest.raises(CatalogBusyError, match="another process is writing"), writing(store):
        pass


def test_a_writer_whose_generation_moved_changes_nothing(tmp_path: Path) -> None:
    store = make_store(tmp_path / "a.catalog", {"vgg": unit_rows(3, 4)})
    late = Writer(store)  # as if the lock did not hold, on a network file system for example
    add_products(store, {"vgg": unit_rows(2, 4, seed=9)}, first=3)
    spaces = dict(Reader(store).snapshot().spaces)
    with pytest.raises(CatalogBusyError):
        late.commit(Batch(images=[new_image("x", {"vgg": unit_rows(1, 4)[0]})]), 1, spaces)
    assert len(Reader(store).snapshot().region_ids) == 5


def test_a_changed_extractor_replaces_its_space_when_no_image_lacks_it(tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.jpg" for number in range(3)]
    store = Store.create(tmp_path / "a.catalog")
    with writing(store) as writer:
        run = writer.start_run("index", "test")
        spaces = use_spaces(writer, [spec("vgg", 4)])
        old = [new_image(file.name, {"vgg": row}, str(file)) for file, row in zip(files, unit_rows(3, 4), strict=True)]
        writer.commit(Batch(images=old), run, spaces)
        for file in files[:2]:
            file.touch()  # the third photo is gone: it cannot be extracted again, and holds nothing up
        changed = use_spaces(writer, [spec("vgg", 6, fingerprint="e" * 16)])
        assert (changed["vgg"].dim, changed["vgg"].fingerprint) == (6, "e" * 16)
        rows = unit_rows(2, 6)
        writer.commit(Batch(vectors=[NewVectors(1, [NewRegion({"vgg": rows[0]})])]), run, changed)
        assert promote_spaces(writer) == {"vgg": 2}
        assert Reader(store).snapshot().space("vgg").dim == 4  # still the old one, whole
        assert len(Reader(store).snapshot().vectors("vgg")) == 3
        writer.commit(Batch(vectors=[NewVectors(2, [NewRegion({"vgg": rows[1]})])]), run, changed)
        assert promote_spaces(writer) == {}
    after = Reader(store).snapshot()
    assert (after.space("vgg").dim, after.vectors("vgg").ids.tolist()) == (6, [1, 2])


def test_going_back_to_the_old_extractor_drops_the_one_being_filled(tmp_path: Path) -> None:
    store = make_store(tmp_path / "a.catalog", {"vgg": unit_rows(3, 4)})
    with writing(store) as writer:
        use_spaces(writer, [spec("vgg", 6, fingerprint="e" * 16)])
        again = use_spaces(writer, [spec("vgg", 4)])
        assert again == dict(Reader(store).snapshot().spaces)
        with store.database.read() as connection:
            assert load_spaces(connection, pending=True) == {}


@pytest.mark.parametrize("bad", [np.zeros(4), np.full(4, np.nan), np.ones(4), unit_rows(1, 5)[0]])
def test_a_vector_that_is_not_of_the_space_is_refused(tmp_path: Path, bad: np.ndarray) -> None:
    store = make_store(tmp_path / "a.catalog", {"vgg": unit_rows(3, 4)})
    with writing(store) as writer:
        spaces = use_spaces(writer, [spec("vgg", 4)])
        with pytest.raises(SpaceError):
            writer.commit(Batch(images=[new_image("x", {"vgg": bad.astype(np.float32)})]), 1, spaces)
    assert len(Reader(store).snapshot().region_ids) == 3


def test_an_attribute_keeps_its_type(tmp_path: Path) -> None:
    store = make_store(tmp_path / "a.catalog", {"vgg": unit_rows(1, 4)}, [{"price": 1.0}], {"price": "number"})
    with pytest.raises(InputError, match="price"):
        add_products(store, {"vgg": unit_rows(1, 4)}, [{"price": "cheap"}], {"price": "text"}, first=7)
