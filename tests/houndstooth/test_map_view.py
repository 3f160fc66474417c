"""From a catalog and a stored map to what its page shows."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from shops import Shop

import houndstooth
from engine.errors import InputError
from engine.maps import MapPoints, NewMap, StoredMap, save_map
from engine.thumbnails import Thumbnails
from houndstooth import map_view as map_view_module
from houndstooth.map_pictures import draw_sheet, sheet_size, sprite_sizes
from houndstooth.map_view import map_view


@pytest.fixture
def catalog(demo: Shop, tmp_path: Path) -> houndstooth.Catalog:
    shutil.copytree(demo.catalog, tmp_path / "mine.catalog")
    return houndstooth.open(tmp_path / "mine.catalog")


def stored(catalog: houndstooth.Catalog, replace: bool = False) -> StoredMap:
    snapshot = catalog.reader.snapshot()
    xy = np.random.default_rng(5).normal(size=(len(snapshot.region_ids), 2)).astype(np.float32)
    points = MapPoints(snapshot.region_ids, xy, np.zeros(len(xy), np.bool_))
    space = snapshot.space("vgg")
    return save_map(
        catalog.store, NewMap("m", "vgg", space.id, "pca", "", 0, None, {}, {}, snapshot.generation, points), replace
    )


def test_every_point_brings_its_own_attributes_and_run(catalog: houndstooth.Catalog) -> None:
    run = catalog.cluster("colour", 4, name="four")
    kept = stored(catalog)
    view = map_view(catalog.reader, kept, "cluster:four", neighbours=3)
    assert view.colour_by == "run:four"
    snapshot = catalog.reader.snapshot(lambda known: known)
    assert sorted(view.region_ids.tolist()) == snapshot.region_ids.tolist()
    rows = snapshot.rows_of(view.region_ids)
    for name in ("product", "category", "price"):
        np.testing.assert_array_equal(view.columns[name].values, snapshot.columns([name])[name].values[rows])
    numbers = view.runs[0].numbers
    assert np.bincount(numbers, minlength=5)[1:].tolist() == [cluster.size for cluster in run.clusters]
    vectors = snapshot.vectors("colour").gather(view.region_ids)
    for row in np.flatnonzero(view.runs[0].second)[:20]:
        far = [float(np.linalg.norm(vectors[row] - cluster.centroid)) for cluster in run.clusters]
        own, other = far[numbers[row] - 1], far[view.runs[0].second[row] - 1]
        assert other == min(value for place, value in enumerate(far) if place != numbers[row] - 1)
        assert (other - own) / other < 0.1
    shares = {name.replace("_", " "): column for name, column in view.columns.items() if name.startswith("share_")}
    for place, (colour, _) in enumerate(view.colours):
        given = np.nan_to_num(shares[f"share {colour}"].values)
        np.testing.assert_allclose(view.shares[:, place] / 255, given, atol=0.002)


def test_points_whose_photo_left_are_left_out(catalog: houndstooth.Catalog) -> None:
    kept = stored(catalog)
    before = map_view(catalog.reader, kept, neighbours=2)
    catalog.remove(catalog.plan_removal(products=["P0001"]))
    after = map_view(catalog.reader, kept, neighbours=2)
    assert after.dropped == len(before) - len(after) > 0
    words = after.columns["product"].words[after.columns["product"].values]
    assert "P0001" not in set(words.tolist())


def test_what_cannot_be_coloured_by_is_told(catalog: houndstooth.Catalog) -> None:
    with pytest.raises(InputError, match=r"cannot colour by 'categroy': there are .*category"):
        map_view(catalog.reader, stored(catalog), "categroy")


def test_a_run_that_is_asked_for_is_on_the_page_though_newer_ones_fill_it(
    catalog: houndstooth.Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(map_view_module, "MAX_RUNS", 2)
    for name in ("first", "second", "third"):
        catalog.cluster("colour", 2, name=name)
    kept = stored(catalog)
    view = map_view(catalog.reader, kept, "cluster:first", neighbours=1)
    assert view.colour_by == "run:first" and [run.name for run in view.runs] == ["first", "third"]
    view = map_view(catalog.reader, kept, "cluster:colour", neighbours=1)
    assert view.colour_by == "run:third" and [run.name for run in view.runs] == ["second", "third"]


def test_pictures_on_a_sheet_are_the_stored_ones_whole_and_in_their_cells(catalog: houndstooth.Catalog) -> None:
    view = map_view(catalog.reader, stored(catalog), neighbours=1)
    size, sprites = view.pictures.size, view.pictures.sprites
    with Image.open(io.BytesIO(view.pictures.sheet(0, len(view)))) as opened:
        sheet = opened.convert("RGB")
    images = catalog.reader.snapshot().image_ids
    thumbnails = Thumbnails(catalog.store)
    for row in (0, 7, len(view) - 1):
        left, top = row % size.across * size.width, row // size.across * size.height
        width, height = sprites[row].tolist()
        there = np.asarray(sheet.crop((left, top, left + width, top + height)), np.float64)
        number = int(images[catalog.reader.snapshot().rows_of(view.region_ids[row : row + 1])[0]])
        with Image.open(io.BytesIO(thumbnails.get(number) or b"")) as whole:
            expected = np.asarray(whole.convert("RGB").resize((width, height), Image.Resampling.BOX), np.float64)
            assert abs(whole.width / whole.height - width / height) < 0.05
        assert np.abs(there - expected).mean() < 9
    assert view.pictures.thumbnails(0, 2) == [thumbnails.get(int(images[row])) for row in
                                             catalog.reader.snapshot().rows_of(view.region_ids[:2])]  # fmt: skip


def test_cells_suit_the_pictures() -> None:
    tall = sheet_size(np.full(9, 0.75))
    assert (tall.width, tall.height, tall.across, tall.down, tall.capacity) == (48, 64, 42, 32, 1344)
    assert (sheet_size(np.full(9, 2.0)).width, sheet_size(np.full(9, 2.0)).height) == (64, 32)
    assert sprite_sizes(np.array([0.75, 3.0, 0.1]), tall).tolist() == [[48, 64], [48, 16], [6, 64]]
    blank = draw_sheet([None, b"\xff\xd8broken"], np.full((2, 2), 48, np.uint8), tall)
    with Image.open(io.BytesIO(blank)) as opened:
        assert opened.convert("RGB").getextrema() == ((255, 255),) * 3
