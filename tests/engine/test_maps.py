"""Maps of a catalog: made, kept, renamed, deleted, added to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from builders import add_products, make_store, spec
from pyarrow import parquet
from sqlalchemy import update
from test_clusters import blobs

from engine import schema
from engine.checks import check
from engine.errors import CatalogBusyError, FilterError, InputError, SpaceError
from engine.export import export_map
from engine.layouts import tsne as tsne_module
from engine.map_placing import place_missing, place_rows
from engine.map_quality import map_quality
from engine.maps import (
    GridWish,
    StoredMap,
    delete_map,
    list_maps,
    make_map,
    map_points,
    open_map,
    rename_map,
)
from engine.removal import remove
from engine.snapshot import Reader
from engine.spaces import use_spaces
from engine.store import Store
from engine.stored_maps import METHODS, Method
from engine.writer import writing

SIZES = [12, 20, 8]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer iterations: these maps are small."""
    advice = tsne_module.tsne_choice
    monkeypatch.setattr(
        tsne_module, "tsne_choice", lambda rows: replace(advice(rows), early_iterations=50, iterations=100)
    )


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """p0..p11 dresses, p12..p31 skirts, p32..p39 hats; prices 0 to 39, three of them unknown."""
    categories = [name for name, size in zip(("dress", "skirt", "hat"), SIZES, strict=True) for _ in range(size)]
    given = [
        {"category": category} | ({"price": float(39 - row)} if row not in (3, 14, 33) else {})
        for row, category in enumerate(categories)
    ]
    return make_store(tmp_path / "a.catalog", {"vgg": blobs(SIZES)}, given, {"category": "text", "price": "number"})


def places(store: Store, made: StoredMap) -> dict[int, tuple[float, float]]:
    """Where each region is."""
    points = map_points(store, made)
    return dict(zip(points.region_ids.tolist(), map(tuple, points.xy.tolist()), strict=True))


@pytest.mark.parametrize("method", ["pca", "tsne", "umap", "grid"])
def test_a_map_is_made_measured_and_kept(store: Store, method: Method) -> None:
    made = make_map(store, "vgg", method, seed=5)
    assert (made.name, made.space, made.method, made.rows, made.seed) == (f"vgg-{method}", "vgg", method, 40, 5)
    assert set(made.quality) == {"trustworthiness", "continuity", "neighbours_kept"}
    assert all(0 <= value <= 1 for value in made.quality.values())
    assert made.quality["trustworthiness"] > 0.6
    assert made.parameters["judged"] == {"neighbours": 12, "rows": 40, "seed": 5}
    points = map_points(store, made)
    assert points.region_ids.tolist() == list(range(1, 41))
    assert np.isfinite(points.xy).all() and not points.placed.any()
    again = make_map(store, "vgg", method, seed=5)
    assert again.name == f"vgg-{method}-2" and places(store, again) == places(store, made)
    assert check(store).clean


def test_a_filter_chooses_who_is_on_it_and_few_are_laid_out_by_pca(store: Store) -> None:
    hats = make_map(store, "vgg", where=" category = 'hat' ", name="hats")
    assert (hats.where, hats.rows) == ("category = 'hat'", 8)
    few = make_map(store, "vgg", where="category = 'hat' and price < 5")
    assert few.rows < 8 and few.parameters["laid_out_by"] == "pca"
    alone = make_map(store, "vgg", "grid", where="price = 39")
    assert (alone.rows, alone.cell, dict(alone.quality)) == (1, (1, 1), {})


def test_a_grid_has_the_shape_asked_for_and_a_cell_for_each(store: Store) -> None:
    made = make_map(store, "vgg", "grid", grid=GridWish(columns=7, aspect=1.5))
    assert made.cell == (7, 6) and made.parameters["aspect"] == 1.5
    xy = map_points(store, made).xy
    cells = sorted((-int(y), int(x)) for x, y in xy)
    assert cells == [(number // 7, number % 7) for number in range(40)]


def test_a_grid_by_an_attribute_ascends_from_left_to_right_and_the_unknown_come_last(store: Store) -> None:
    made = make_map(store, "vgg", "grid", grid=GridWish(columns=8, by="price"))
    column = {region: x for region, (x, _) in places(store, made).items()}
    known = [region for region in range(1, 41) if region - 1 not in (3, 14, 33)]
    for one in known:
        for other in known:
            if 40 - one < 40 - other:  # a lower price
                assert column[one] <= column[other]
    assert all(column[unknown + 1] >= max(column[region] for region in known) for unknown in (3, 14, 33))


def test_names_are_given_once_and_may_change(store: Store) -> None:
    first = make_map(store, "vgg", "pca", name="spring")
    with pytest.raises(InputError, match="a map named 'spring' is there already"):
        make_map(store, "vgg", "pca", name="spring")
    second = make_map(store, "vgg", "pca", name="spring", replace=True)
    assert [one.id for one in list_maps(store)] == [second.id] and second.id != first.id
    made = make_map(store, "vgg", "pca")
    assert rename_map(store, made.id, "autumn").name == "autumn"
    with pytest.raises(InputError, match="already"):
        rename_map(store, "autumn", "spring")
    with pytest.raises(InputError, match="cannot name a map"):
        rename_map(store, "autumn", "7")
    assert open_map(store, "vgg").name == "autumn"
    assert open_map(store, str(second.id)).name == "spring"
    assert delete_map(store, "spring").id == second.id
    with pytest.raises(InputError, match=r"no map is named 'spring'.*autumn"):
        open_map(store, "spring")
    delete_map(store, "autumn")
    with store.database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM map_point").scalar_one() == 0


@pytest.mark.parametrize("method", ["pca", "tsne", "umap", "grid"])
def test_what_is_indexed_later_is_placed_and_nothing_moves(store: Store, method: Method) -> None:
    made = make_map(store, "vgg", method)
    before = places(store, made)
    reader = Reader(store)
    add_products(store, {"vgg": blobs([3, 0, 4], seed=9)}, first=40)
    now, fresh = place_missing(reader, made)
    assert now.rows == 47 and fresh.region_ids.tolist() == list(range(41, 48)) and fresh.placed.all()
    after = places(store, now)
    assert {region: after[region] for region in before} == before
    points = map_points(store, now)
    assert points.placed.tolist() == [False] * 40 + [True] * 7
    if method == "grid":
        assert len(set(after.values())) == 47 and now.cell is not None and now.cell[0] * now.cell[1] >= 47
    else:
        group = {region: (region > 12) + (region > 32) for region in range(1, 41)}
        for region in range(41, 48):
            nearest = min(before, key=lambda other: float(np.hypot(*np.subtract(after[region], before[other]))))
            assert group[nearest] == (0 if region < 44 else 2)
    rows = reader.snapshot().vectors("vgg").gather(points.region_ids)
    shown = points.xy * np.array([now.parameters.get("aspect", 1.0), 1.0], np.float32)
    measured = map_quality(rows, shown, made.seed)
    assert measured is not None and now.quality == measured.measures, "measured again, with what was placed"
    assert now.parameters["judged"]["rows"] == 47
    assert place_missing(reader, now)[1].region_ids.size == 0
    assert check(store).clean


def test_rows_that_are_on_the_map_are_placed_where_they_are(store: Store) -> None:
    reader = Reader(store)
    rows = reader.snapshot().vectors("vgg").gather(reader.snapshot().region_ids)
    made = make_map(store, "vgg", "pca")
    placed = place_rows(reader, made, rows[:5])
    np.testing.assert_allclose(placed.xy, map_points(store, made).xy[:5], atol=1e-5)
    assert placed.nearest.tolist() == [1, 2, 3, 4, 5]
    np.testing.assert_allclose(placed.scores, 1, atol=1e-3)


def test_what_left_the_catalog_leaves_its_cell_taken_and_is_no_reference(store: Store) -> None:
    made = make_map(store, "vgg", "grid")
    remove(store, list(range(1, 13)), "all dresses")
    add_products(store, {"vgg": blobs([2, 0, 0], seed=5)}, first=60)
    now, fresh = place_missing(Reader(store), made)
    assert len(fresh) == 2 and len(set(places(store, now).values())) == 42
    done = export_map(store, now, store.root.parent / "m.csv")
    assert (done.rows, done.dropped) == (30, 12)


def test_photos_that_are_all_alike_are_laid_out_and_not_measured(tmp_path: Path) -> None:
    store = make_store(tmp_path / "b.catalog", {"vgg": np.repeat(blobs([1]), 12, axis=0)}, [{}] * 12, {})
    for method in METHODS:
        made = make_map(store, "vgg", method)
        assert np.isfinite(map_points(store, made).xy).all()
        assert made.quality == {} and "judged" not in made.parameters


def test_a_space_made_anew_needs_a_new_map(store: Store) -> None:
    made = make_map(store, "vgg", "pca")
    with store.database.write() as connection:
        connection.execute(update(schema.space).values(removed=9))
    with writing(store) as writer:
        use_spaces(writer, [spec("vgg", 8, fingerprint="e" * 16)])
    with store.database.write() as connection:
        connection.execute(update(schema.space).values(pending=False))
    with pytest.raises(InputError, match=r"made anew since the map 'vgg-pca'.*--replace"):
        place_rows(Reader(store), made, blobs([1]))


def test_what_cannot_be_asked_is_said(store: Store) -> None:
    for wrong, error, said in [
        ({"space": "nope"}, SpaceError, "no space 'nope'"),
        ({"where": "colour = 'red'"}, FilterError, "colour"),
        ({"where": "price > 1000"}, InputError, "nothing to map: no photo matches"),
        ({"method": "isomap"}, InputError, "laid out by pca, tsne, umap, grid"),
        ({"seed": -1}, InputError, "seed"),
        ({"name": "12"}, InputError, "cannot name a map"),
        ({"grid": GridWish(3)}, InputError, "for the grid, not for tsne"),
        ({"method": "grid", "grid": GridWish(by="nope")}, InputError, "no attribute 'nope'"),
        ({"method": "grid", "grid": GridWish(0)}, InputError, "columns"),
    ]:
        with pytest.raises(error, match=said):
            make_map(store, **{"space": "vgg", **wrong})  # type: ignore[arg-type]
    assert list_maps(store) == []


def test_a_map_waits_for_another_writer_and_then_says_so(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.named_runs.PATIENCE_SECONDS", 0.3)
    with writing(store), pytest.raises(CatalogBusyError):
        make_map(store, "vgg", "pca")


def test_check_finds_a_map_that_lost_points_and_a_cell_held_twice(store: Store) -> None:
    made = make_map(store, "vgg", "grid")
    point = schema.map_point
    with store.database.write() as connection:
        connection.execute(update(point).where(point.c.region_id <= 2).values(x=0, y=0))
    assert any(one.part == "maps" and "one cell" in one.message for one in check(store).findings)
    with store.database.write() as connection:
        connection.exec_driver_sql("DELETE FROM map_point WHERE region_id < 5")
    assert any(f"map {made.id} has another number" in one.message for one in check(store).findings)


def test_the_table_has_the_columns_that_embedding_atlas_reads(store: Store, tmp_path: Path) -> None:
    made = make_map(store, "vgg", "pca")
    export_map(store, "vgg-pca", tmp_path / "m.parquet")
    table = parquet.read_table(tmp_path / "m.parquet")
    assert table.column_names == ["product", "image", "projection_x", "projection_y", "placed", "category", "price"]
    assert table["product"].to_pylist() == [f"p{number}" for number in range(40)]
    xy = map_points(store, made).xy
    assert np.column_stack([table["projection_x"], table["projection_y"]]).tolist() == xy.astype(float).tolist()
    with pytest.raises(InputError, match=r"end the name in .*parquet"):
        export_map(store, made, tmp_path / "m.xlsx")
