"""Answers about photos: they beat what sources give and models predict, and stay when photos are extracted again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from builders import add_products, make_store, new_image, spec, unit_rows
from sqlalchemy import select

from engine import schema
from engine.answers import answered, products_given, write_answers
from engine.attributes import AttributeValue
from engine.batch import Batch, Counts, Predicted
from engine.checks import check
from engine.columns import column_values
from engine.compaction import compact
from engine.errors import InputError
from engine.snapshot import Reader
from engine.spaces import use_spaces
from engine.store import Store
from engine.values import declare, write_labels
from engine.writer import writing


def answer(store: Store, name: str, kind: str, answers: Mapping[int, AttributeValue]) -> int:
    with writing(store) as writer, writer.change() as connection:
        return write_answers(connection, declare(connection, {name: kind})[name], answers)  # type: ignore[dict-item]


def seen(store: Store, name: str) -> dict[str, tuple[object, float]]:
    """Image path -> what a filter sees, and its confidence, NaN where it was given."""
    snapshot = Reader(store).snapshot(lambda known: [name, "image"])
    columns = snapshot.columns([name, "image"])
    rows = np.arange(len(snapshot.region_ids))
    sure = columns[name].confidence
    values, images = (column_values(columns[one], rows) for one in (name, "image"))
    return {
        str(image): (value, float("nan") if sure is None else float(sure[row]))
        for row, (image, value) in enumerate(zip(images, values, strict=True))
    }


@pytest.fixture
def store(tmp_path: Path) -> Store:
    given: list[Mapping[str, AttributeValue]] = [{"category": "dress"}, {"category": "skirt"}, {}, {}]
    return make_store(tmp_path / "a.catalog", {"shape": unit_rows(4, 8)}, given, {"category": "text"})


def test_an_answer_beats_a_source_and_a_prediction(store: Store) -> None:
    ids = Reader(store).snapshot().region_ids.tolist()
    predicted = {number: Predicted("hat", 0.7, "label:category:1") for number in ids}
    with writing(store) as writer, writer.change() as connection:
        write_labels(connection, declare(connection, {})["category"], ids, predicted)
    assert answer(store, "category", "text", {ids[1]: "shirt", ids[2]: "shoes"}) == 2
    told = {path.rsplit("/", 1)[1]: (value, np.isnan(sure)) for path, (value, sure) in seen(store, "category").items()}
    assert told == {
        "p0.jpg": ("dress", True), "p1.jpg": ("shirt", True), "p2.jpg": ("shoes", True), "p3.jpg": ("hat", False)
    }  # fmt: skip
    # A label told again leaves answers alone.
    with writing(store) as writer, writer.change() as connection:
        write_labels(connection, declare(connection, {})["category"], ids, predicted)
        assert set(answered(connection, 1)) == {ids[1], ids[2]}
        assert len(products_given(connection, 1)) == 2
    assert not check(store).findings


def test_only_what_is_new_is_counted(store: Store) -> None:
    ids = Reader(store).snapshot().region_ids.tolist()
    assert answer(store, "maxi", "boolean", {ids[0]: True, ids[1]: False}) == 2
    assert answer(store, "maxi", "boolean", {ids[0]: True, ids[1]: True}) == 1
    assert [value for value, _ in seen(store, "maxi").values()] == [True, True, None, None]


def test_a_value_of_another_type_keeps_nothing(store: Store) -> None:
    ids = Reader(store).snapshot().region_ids.tolist()
    before = store.generation()
    with pytest.raises(InputError, match="is not a boolean"):
        answer(store, "maxi", "boolean", {ids[0]: True, ids[1]: "yes"})
    assert store.generation() == before
    assert "maxi" not in Reader(store).snapshot().attributes


def again(store: Store, product: str, content: str | None = None, path: str | None = None) -> None:
    """Index a product's photo anew, as another garment finder does."""
    with writing(store) as writer:
        spaces = use_spaces(writer, [spec("shape", 8)])
        run = writer.start_run("index", "test")
        image = new_image(product, {"shape": unit_rows(1, 8, seed=9)[0]}, path, content)
        writer.commit(Batch(images=[image], counts=Counts(seen=1, indexed=1)), run, spaces)
        writer.finish_run(run)


def test_an_answer_stays_when_its_photo_is_extracted_again(store: Store) -> None:
    ids = Reader(store).snapshot().region_ids.tolist()
    answer(store, "category", "text", {ids[1]: "shirt", ids[2]: "shoes"})
    again(store, "p1")
    now = Reader(store).snapshot().region_ids.tolist()
    assert ids[1] not in now
    assert seen(store, "category")["/photos/p1.jpg"][0] == "shirt"
    with writing(store) as writer:
        compact(writer, everything=True)
    with store.database.read() as connection:
        owners = set(connection.execute(select(schema.region_value.c.region_id)).scalars())
        assert set(answered(connection, 1)) == {now[-1], ids[2]}
    assert owners == {now[-1], ids[2]}
    again(store, "p1")
    assert seen(store, "category")["/photos/p1.jpg"][0] == "shirt"


def test_an_answer_goes_with_the_photo_that_it_was_about(store: Store) -> None:
    """Other content at the same path is another photo."""
    ids = Reader(store).snapshot().region_ids.tolist()
    answer(store, "category", "text", {ids[1]: "shirt", ids[3]: "hat"})
    again(store, "p1", content="another photo")
    again(store, "p3", path="/photos/other.jpg", content="/photos/p3.jpg")  # the same content, another image
    told = seen(store, "category")
    assert told["/photos/p1.jpg"][0] == "skirt"
    assert told["/photos/p3.jpg"][0] == "hat"
    assert told["/photos/other.jpg"][0] is None


def test_products_that_come_later_have_no_answers(store: Store) -> None:
    ids = Reader(store).snapshot().region_ids.tolist()
    answer(store, "category", "text", {ids[0]: "hat"})
    add_products(store, {"shape": unit_rows(2, 8, seed=5)}, first=10)
    assert [value for value, _ in seen(store, "category").values()] == ["hat", "skirt", None, None, None, None]
