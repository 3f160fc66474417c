"""The map page in a headless Chromium, against the catalog's own numbers."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shops import Shop

import hatch_build
from engine.clusters import cluster
from engine.export import export_clusters, export_hits
from engine.maps import MapPoints, NewMap, StoredMap, save_map
from engine.pages.map import map_page
from engine.pages.map_view import MapView
from engine.query import Query
from engine.search import search
from engine.snapshot import Reader
from engine.store import Store
from engine.thumbnails import Thumbnails
from houndstooth.map_view import map_view

ROOT = Path(__file__).parents[2]
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
ROW = 3


@pytest.fixture(scope="module")
def reader(demo: Shop, tmp_path_factory: pytest.TempPathFactory) -> Reader:
    mine = tmp_path_factory.mktemp("map") / "shop.catalog"
    shutil.copytree(demo.catalog, mine)
    return Reader(Store.open(mine))


@pytest.fixture(scope="module")
def stored(reader: Reader) -> StoredMap:
    """Every region at a place of its own: two directions of its colours, and a little noise."""
    snapshot = reader.snapshot()
    rows = snapshot.vectors("colour").gather(snapshot.region_ids)
    left, _, _ = np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)
    xy = left[:, :2] / left[:, :2].std() + np.random.default_rng(0).normal(0, 0.3, (len(rows), 2))
    points = MapPoints(snapshot.region_ids, xy.astype(np.float32), np.zeros(len(rows), np.bool_))
    space = snapshot.space("colour")
    new = NewMap(
        "colours", "colour", space.id, "pca", "", 0, None, {"trustworthiness": 0.9}, {}, snapshot.generation, points
    )
    return save_map(reader.store, new, replace=False)


@pytest.fixture(scope="module")
def view(reader: Reader, stored: StoredMap) -> MapView:
    return map_view(reader, stored, neighbours=5)


def other_pages(reader: Reader, folder: Path) -> list[str]:
    """A page of search results and one of clusters."""
    vectors = reader.snapshot().vectors("colour")
    vector = vectors.gather(reader.snapshot().region_ids[:1])[0]
    found = search(reader, Query({"colour": vector / np.linalg.norm(vector)}, {"colour": 1.0}, k=6))
    export_hits(found, folder / "similar.html", Thumbnails(reader.store))
    export_clusters(reader, cluster(reader, "colour", 3), folder / "clusters.html")
    return [str(folder / "similar.html"), str(folder / "clusters.html")]


@pytest.fixture(scope="module")
def seen(view: MapView, reader: Reader, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What the browser saw."""
    if CHROMIUM is None:
        pytest.skip("no chromium on the path: install it, or set CHROMIUM to a Chromium or Chrome")
    folder = tmp_path_factory.mktemp("page")
    page = map_page(view, folder / "map.html").page
    hatch_build.install_packages()
    others = other_pages(reader, folder)
    script = str(ROOT / "web" / "tests" / "browser.mjs")
    done = hatch_build.node(script, CHROMIUM, str(page), str(folder), str(ROW), *others)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def product(view: MapView, row: int) -> str:
    column = view.columns["product"]
    return str(column.words[column.values[row]])


def test_nothing_is_fetched_and_nothing_fails(seen: Any) -> None:
    assert seen["errors"] == []
    assert [address.rsplit("/", 1)[1] for address in seen["fetched"]] == ["map.html", "similar.html", "clusters.html"]
    assert seen["title"] == "Map: colours"


def test_hover_shows_the_product_its_attributes_and_colours(seen: Any, view: MapView) -> None:
    category = view.columns["category"]
    dominant = view.columns["dominant_colour"]
    assert product(view, ROW) in seen["hover"]
    assert str(category.words[category.values[ROW]]) in seen["hover"]
    assert str(dominant.words[dominant.values[ROW]]) in seen["hover"]
    assert dominant.confidence is not None
    assert f"{round(float(dominant.confidence[ROW]) * 100)} %" in seen["hover"]
    largest = view.colours[int(view.shares[ROW].argmax())][0]
    assert seen["strip"].startswith(f"Colours: {largest} ")


def test_neighbours_are_those_of_a_search(seen: Any, view: MapView, reader: Reader) -> None:
    snapshot = reader.snapshot()
    assert list(seen["near"]) == list(snapshot.spaces)
    for space, there in seen["near"].items():
        region = view.region_ids[ROW : ROW + 1]
        if not snapshot.vectors(space).has(region)[0]:
            assert there == []
            continue
        vector = snapshot.vectors(space).gather(region)[0]
        hits = search(reader, Query({space: vector / np.linalg.norm(vector)}, {space: 1.0}, k=6)).hits
        expected = [hit for hit in hits if hit.product != product(view, ROW)][:5]
        assert [score for _, score in there] == pytest.approx([hit.score for hit in expected], abs=0.0101)
        clear = len({round(hit.score, 3) for hit in expected}) == len(expected)
        if clear:
            assert [name for name, _ in there] == [hit.product for hit in expected]
    assert seen["closed"] and seen["inSight"], "the drawer does not cover what it tells of"


def test_the_legend_filters(seen: Any, view: MapView) -> None:
    column = view.columns["category"]
    counts = np.bincount(column.values[column.values >= 0], minlength=len(column.words))
    code = list(column.words).index(seen["category"])
    assert int(seen["categoryCount"]) == counts[code] == counts.max()
    assert seen["filtered"] == f"{counts[code]} of {len(view)} pictures shown"
    assert seen["maskRows"] == np.flatnonzero(column.values == code).tolist()
    assert seen["nothing"].startswith("0 of ")


def test_a_lasso_exports_what_shows_inside_it(seen: Any, view: MapView) -> None:
    rows = seen["inLasso"]
    assert 0 < len(rows) <= len(seen["maskRows"])
    lines = list(csv.DictReader(io.StringIO(seen["csv"])))
    assert [line["product"] for line in lines] == [product(view, row) for row in rows]
    assert {line["category"] for line in lines} == {seen["category"]}
    price = view.columns["price"]
    assert [float(line["price"]) for line in lines] == [price.values[row] for row in rows]
    told = json.loads(seen["json"])
    assert told["map"] == "colours"
    assert told["products"] == list(dict.fromkeys(product(view, row) for row in rows))
    assert seen["live"] == f"{len(rows)} picture{'' if len(rows) == 1 else 's'} selected"
    assert seen["listed"] == min(50, len(rows)) and seen["listTitle"].startswith("Selection")


def test_the_keyboard_reaches_pictures(seen: Any, view: MapView) -> None:
    assert len(seen["byKeyboard"]) == 1 and seen["byKeyboard"][0] in seen["maskRows"]
    assert seen["openedByKeyboard"]
    name = view.columns["name"]
    opened = seen["byKeyboard"][0]
    assert seen["focusInside"] == f"{name.words[name.values[opened]]} and its neighbours"
    assert seen["focusBack"].startswith("Map of pictures. Arrow keys move it")


def test_nothing_bars_those_who_do_not_see_or_point(seen: Any) -> None:
    assert seen["barriers"] == []


def test_every_tool_is_in_sight_on_a_telephone(seen: Any) -> None:
    assert seen["outOfSight"] == [] and seen["wider"] <= 360
