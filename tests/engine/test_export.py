"""What is exported is what the catalog holds: every kind of file read back."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders import make_store, unit_rows
from pyarrow import parquet

from engine.clusters import ClusterRun, cluster, members
from engine.errors import FilterError, InputError, SpaceError
from engine.export import export_clusters, export_hits, export_vectors
from engine.export.rows import free_names
from engine.query import Hit, Query, Results
from engine.snapshot import Reader
from engine.store import Store
from engine.thumbnails import Thumbnails

HOSTILE = "=cmd|' /C calc'!A0,\"<b>\nnew line; ünï"
FIXED = ["product", "image", "cluster", "cluster_name", "distance", "outlier", "medoid"]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Twelve products: some without a price, a category or a maxi; attributes named like fixed columns."""
    given: list[dict[str, Any]] = []
    for row in range(12):
        one: dict[str, Any] = {"category": HOSTILE if row == 3 else "dress", "distance": row / 3}
        if row % 2:
            one["price"] = float(row)
        if row % 3:
            one["maxi"] = row % 3 == 1
        given.append(one)
    types = {"category": "text", "price": "number", "maxi": "boolean", "distance": "number"}
    return make_store(tmp_path / "a.catalog", {"vgg": unit_rows(12, 6)}, given, types)  # type: ignore[arg-type]


@pytest.fixture
def run(store: Store) -> ClusterRun:
    return cluster(store, "vgg", 3)


def expected_rows(store: Store, run: ClusterRun) -> list[dict[str, Any]]:
    """The table, put together in plain Python from what the fixture wrote and the run holds."""
    found = members(store, run)
    medoids = {one.medoid_region for one in run.clusters}
    rows = []
    for region, number, distance, outlier in zip(
        found.region_ids.tolist(),
        found.numbers.tolist(),
        found.distances.tolist(),
        found.outliers.tolist(),
        strict=True,
    ):
        row = region - 1
        rows.append(
            {
                "product": f"p{row}", "image": f"/photos/p{row}.jpg", "cluster": number,
                "cluster_name": run.clusters[number - 1].name, "distance": distance, "outlier": outlier,
                "medoid": region in medoids, "category": HOSTILE if row == 3 else "dress",
                "attribute_distance": row / 3, "maxi": row % 3 == 1 if row % 3 else None,
                "price": float(row) if row % 2 else None,
            }
        )  # fmt: skip
    return sorted(rows, key=lambda one: (one["cluster"], not one["medoid"], one["distance"]))


def read_csv(path: Path) -> list[dict[str, Any]]:
    boolean: dict[str, bool | None] = {"true": True, "false": False, "": None}
    parse: dict[str, Callable[[str], Any]] = {
        "cluster": int, "distance": float, "outlier": lambda text: boolean[text], "medoid": lambda text: boolean[text],
        "attribute_distance": float, "maxi": lambda text: boolean[text],
        "price": lambda text: float(text) if text else None,
    }  # fmt: skip
    with path.open(encoding="utf-8", newline="") as file:
        return [{name: parse.get(name, str)(text) for name, text in row.items()} for row in csv.DictReader(file)]


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def read_parquet(path: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = parquet.read_table(path).to_pylist()
    return rows


@pytest.mark.parametrize(("suffix", "read"), [("csv", read_csv), ("jsonl", read_jsonl), ("parquet", read_parquet)])
def test_clusters_come_back_from_every_kind_of_table(
    store: Store, run: ClusterRun, tmp_path: Path, suffix: str, read: Callable[[Path], list[dict[str, Any]]]
) -> None:
    to = tmp_path / f"clusters.{suffix}"
    to.write_text("old")
    done = export_clusters(store, run.name, to)
    assert (done.paths, done.rows, done.dropped) == ((to,), 12, 0)
    rows = read(to)
    assert list(rows[0]) == [*FIXED, "category", "attribute_distance", "maxi", "price"]
    assert rows == expected_rows(store, run)
    assert not list(tmp_path.glob(".*.tmp")), "no temporary file is left"


def test_parquet_is_typed(store: Store, run: ClusterRun, tmp_path: Path) -> None:
    export_clusters(store, run, tmp_path / "c.parquet")
    schema = parquet.read_schema(tmp_path / "c.parquet")
    types = {name: str(schema.field(name).type) for name in schema.names}
    assert types == {
        "product": "string", "image": "string", "cluster": "int64", "cluster_name": "string", "distance": "double",
        "outlier": "bool", "medoid": "bool", "category": "string", "attribute_distance": "double", "maxi": "bool",
        "price": "double",
    }  # fmt: skip


def test_whole_numbers_have_no_point_in_texts(store: Store, run: ClusterRun, tmp_path: Path) -> None:
    export_clusters(store, run, tmp_path / "c.csv")
    with (tmp_path / "c.csv").open(encoding="utf-8", newline="") as file:
        prices = {row["product"]: row["price"] for row in csv.DictReader(file)}
    assert (prices["p3"], prices["p4"]) == ("3", "")


def remove_product(store: Store, key: str) -> None:
    """Tombstones, as removing makes them."""
    from engine import schema
    from engine.tombstones import bury_images
    from engine.writer import writing

    with writing(store) as writer, writer.change() as connection:
        image, product = schema.image, schema.product
        ids = connection.execute(
            image.select().with_only_columns(image.c.id).join(product).where(product.c.key == key)
        ).scalars()
        bury_images(connection, list(ids), writer.generation + 1)


def test_members_removed_since_are_left_out_and_counted(store: Store, run: ClusterRun, tmp_path: Path) -> None:
    remove_product(store, "p11")
    remove_product(store, "p4")
    done = export_clusters(store, run, tmp_path / "c.jsonl")
    assert (done.rows, done.dropped) == (10, 2)
    assert {row["product"] for row in read_jsonl(tmp_path / "c.jsonl")} == {f"p{row}" for row in range(11)} - {"p4"}
    page = tmp_path / "c.html"
    assert export_clusters(store, run, page).dropped == 2
    assert "2 members left the catalog since" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["c.xlsx", "c.csv.gz"])
def test_an_unknown_kind_is_refused_and_the_kinds_are_listed(
    store: Store, run: ClusterRun, tmp_path: Path, name: str
) -> None:
    with pytest.raises(InputError, match=r"\.csv, \.jsonl, \.parquet, \.html"):
        export_clusters(store, run, tmp_path / name)


def test_a_place_that_cannot_be_written_is_an_error(store: Store, run: ClusterRun, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no folder"):
        export_clusters(store, run, tmp_path / "missing" / "c.csv")


def test_an_export_that_is_broken_off_leaves_the_old_file(
    store: Store, run: ClusterRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = tmp_path / "c.csv"
    to.write_text("old")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("engine.export.tables._cell", interrupted)
    with pytest.raises(KeyboardInterrupt):
        export_clusters(store, run, to)
    assert to.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.catalog", "c.csv"]


def test_names_that_are_taken_get_a_prefix() -> None:
    assert free_names(["a", "score"], ["score"]) == {"a": "a", "score": "attribute_score"}
    assert free_names(["attribute_score", "score"], ["score"]) == {
        "attribute_score": "attribute_score",
        "score": "attribute_attribute_score",
    }


# Vectors


def test_vectors_come_back_in_the_order_of_their_table(store: Store, tmp_path: Path) -> None:
    done = export_vectors(store, "vgg", tmp_path / "v.npy")
    assert done.paths == (tmp_path / "v.npy", tmp_path / "v.parquet")
    array = np.load(tmp_path / "v.npy")
    assert (array.dtype, array.shape, done.rows) == (np.dtype("<f4"), (12, 6), 12)
    snapshot = Reader(store).snapshot()
    np.testing.assert_array_equal(array, snapshot.vectors("vgg").gather(snapshot.region_ids))
    table = read_parquet(tmp_path / "v.parquet")
    assert [row["product"] for row in table] == [f"p{row}" for row in range(12)]
    assert [row["region"] for row in table] == snapshot.region_ids.tolist()
    assert [row["price"] for row in table] == [float(row) if row % 2 else None for row in range(12)]


def test_vectors_under_a_filter_and_none_at_all(store: Store, tmp_path: Path) -> None:
    assert export_vectors(store, "vgg", tmp_path / "v.npy", where="price > 6").rows == 3
    np.testing.assert_allclose(np.load(tmp_path / "v.npy"), unit_rows(12, 6)[[7, 9, 11]], atol=1e-3)
    assert [row["product"] for row in read_parquet(tmp_path / "v.parquet")] == ["p7", "p9", "p11"]
    assert export_vectors(store, "vgg", tmp_path / "v.npy", where="price > 600").rows == 0
    assert np.load(tmp_path / "v.npy").shape == (0, 6)


def test_vectors_that_cannot_be_exported(store: Store, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"end 'v\.csv' in \.npy"):
        export_vectors(store, "vgg", tmp_path / "v.csv")
    with pytest.raises(SpaceError, match="no space 'colour'"):
        export_vectors(store, "colour", tmp_path / "v.npy")
    with pytest.raises(FilterError):
        export_vectors(store, "vgg", tmp_path / "v.npy", where="nothing = 1")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.catalog"]


# Hits


def some_results(hits: int = 3) -> Results:
    made = tuple(
        Hit(
            rank=number + 1,
            product=f"p{number}",
            image=f"/photos/p{number}.jpg",
            region_id=number + 1,
            image_id=number + 1,
            score=1 - number / 10,
            scores={"vgg": 0.5, "colour": number / 4},
            attributes={"category": HOSTILE, "price": 9.5} if number else {"maxi": True, "rank": 7.0},
            confidences={},
        )
        for number in range(hits)
    )
    unit = np.array([1, 0], np.float32)
    return Results(Query({"vgg": unit, "colour": unit}, {"vgg": 2, "colour": 1}), 4, 3, 3, True, made)


HIT_ROWS = [
    {"rank": 1, "product": "p0", "image": "/photos/p0.jpg", "score": 1.0, "score_vgg": 0.5, "score_colour": 0.0,
     "category": None, "maxi": True, "price": None, "attribute_rank": 7.0},
    {"rank": 2, "product": "p1", "image": "/photos/p1.jpg", "score": 0.9, "score_vgg": 0.5, "score_colour": 0.25,
     "category": HOSTILE, "maxi": None, "price": 9.5, "attribute_rank": None},
]  # fmt: skip


def test_hits_come_back_from_jsonl_and_parquet(tmp_path: Path) -> None:
    for suffix, read in (("jsonl", read_jsonl), ("parquet", read_parquet)):
        assert export_hits(some_results(2), tmp_path / f"h.{suffix}").rows == 2
        assert read(tmp_path / f"h.{suffix}") == HIT_ROWS


def test_hits_come_back_from_csv(tmp_path: Path) -> None:
    export_hits(some_results(2), tmp_path / "h.csv")
    with (tmp_path / "h.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == list(HIT_ROWS[0])
    assert rows[1]["category"] == HOSTILE
    assert [float(row["score_colour"]) for row in rows] == [0.0, 0.25]


def test_no_hits_are_a_header(tmp_path: Path) -> None:
    assert export_hits(some_results(0), tmp_path / "h.csv").rows == 0
    assert (tmp_path / "h.csv").read_text() == "rank,product,image,score,score_vgg,score_colour\n"


def test_pages_and_folders_of_hits_need_thumbnails(store: Store, tmp_path: Path) -> None:
    for name in ("h.html", "folder"):
        with pytest.raises(InputError, match="thumbnails"):
            export_hits(some_results(), tmp_path / name)
        export_hits(some_results(), tmp_path / name, Thumbnails(store))
    assert sorted(path.name for path in (tmp_path / "folder").iterdir()) == [
        "0001-p0.thumbnail.jpg", "0002-p1.thumbnail.jpg", "0003-p2.thumbnail.jpg", "houndstooth-export.json",
    ]  # fmt: skip
