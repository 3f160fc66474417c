"""`houndstooth map`, `maps` and `export map`, and static pictures."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

import houndstooth
from engine.layouts import tsne as tsne_module
from houndstooth.map_new_photos import PlacedPhoto
from houndstooth.map_picture import map_picture
from houndstooth.map_picture_files import NEW, draw_picture

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer iterations: these maps are small."""
    advice = tsne_module.tsne_choice
    monkeypatch.setattr(
        tsne_module, "tsne_choice", lambda rows: replace(advice(rows), early_iterations=50, iterations=100)
    )


@pytest.fixture
def made(cli, shop):
    """A grid over colour."""
    done = cli("map", "colour", "--method", "grid", "-c", shop.catalog, "--format", "json")
    assert done.code == 0, done.err
    return done.json


def test_map_tells_of_itself_and_is_kept(cli, shop, made) -> None:
    assert (made["name"], made["space"], made["method"], made["rows"]) == (
        "colour-grid",
        "colour",
        "grid",
        len(shop.rows),
    )
    assert made["columns"] * made["lines"] >= len(shop.rows)
    assert 0.5 < made["quality"]["trustworthiness"] <= 1
    listed = cli("maps", "-c", shop.catalog, "--format", "json").json
    assert [{key: one[key] for key in made if key != "files"} for one in listed] == [
        {key: made[key] for key in made if key != "files"}
    ]
    shown = cli("maps", "show", "colour", "-c", shop.catalog)
    assert shown.out.startswith("colour-grid: ") and "trustworthiness 0." in shown.out
    assert "colour-grid" in cli("maps", "list", "-c", shop.catalog).out
    assert cli("maps", "rename", "colour-grid", "by colour", "-c", shop.catalog).out == "It is called by colour now\n"
    assert cli("maps", "delete", "by colour", "-c", shop.catalog).out == "Deleted by colour\n"
    assert "No maps yet" in cli("maps", "-c", shop.catalog).out


def test_the_map_is_a_table_of_every_photo(cli, shop, made, tmp_path: Path) -> None:
    for name in ("m.csv", "m.json", "m.jsonl"):
        done = cli("export", "map", "colour", "--to", tmp_path / name, "-c", shop.catalog)
        assert done.code == 0, done.err
    with (tmp_path / "m.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    plain = json.loads((tmp_path / "m.json").read_text())
    lines = [json.loads(line) for line in (tmp_path / "m.jsonl").read_text().splitlines()]
    assert plain == lines and len(rows) == len(plain) == len(shop.rows)
    assert {row["product"] for row in rows} == shop.products()
    assert list(rows[0])[:5] == ["product", "image", "projection_x", "projection_y", "placed"]
    assert len({(row["projection_x"], row["projection_y"]) for row in rows}) == len(rows)
    wrong = cli("export", "map", "colour", "--to", tmp_path / "m.pdf", "-c", shop.catalog)
    assert wrong.code == 2
    assert all(suffix in wrong.err for suffix in (".csv", ".jsonl", ".parquet", ".json", ".html", ".png", ".svg"))
    wrong = cli("export", "map", "colour", "--to", tmp_path / "m.csv", "--colour-by", "category", "-c", shop.catalog)
    assert wrong.code == 2 and "--colour-by" in wrong.err


def test_pictures_show_every_photo_of_a_grid_whole(cli, shop, made, tmp_path: Path) -> None:
    done = cli("export", "map", "colour", "--to", tmp_path / "m.svg", "--colour-by", "category", "-c", shop.catalog)
    assert done.code == 0, done.err
    root = ElementTree.parse(tmp_path / "m.svg").getroot()
    images = root.findall(f"{SVG}image")
    assert len(images) == len(shop.rows)
    for image in images:
        with Image.open(io.BytesIO(base64.b64decode(image.attrib["href"].split(",")[1]))) as photo:
            shape = float(image.attrib["width"]) / float(image.attrib["height"])
            assert shape == pytest.approx(photo.width / photo.height, rel=0.02)
    legend = " ".join(text.text or "" for text in root.findall(f"{SVG}text"))
    for category in {row["category"] for row in shop.rows}:
        assert re.search(rf"{category}  \d+", legend)
    done = cli("export", "map", "colour", "--to", tmp_path / "m.png", "--dark", "-c", shop.catalog)
    with Image.open(tmp_path / "m.png") as picture:
        assert picture.getpixel((2, 2)) == (0x15, 0x16, 0x1A) and picture.width > 1000


def test_thumbnails_never_hide_each_other(cli, shop) -> None:
    assert cli("map", "vgg", "--method", "pca", "-c", shop.catalog).code == 0
    opened = houndstooth.open(shop.catalog)
    drawn = map_picture(opened.reader, opened.maps("vgg")[0], "price")
    assert len(drawn.shown) + len(drawn.dots) == len(shop.rows) and len(drawn.shown) > 0.8 * len(shop.rows)
    held = np.zeros((drawn.height, drawn.width), np.int64)
    for one in drawn.shown:
        held[round(one.y + 1) : round(one.y + one.height - 1), round(one.x + 1) : round(one.x + one.width - 1)] += 1
    assert held.max() == 1
    assert drawn.legend is not None and drawn.legend.ramp is not None
    low, high = drawn.legend.ramp
    prices = [float(row["price"]) for row in shop.rows if row["price"]]
    assert min(prices) <= low < high <= max(prices)
    assert draw_picture(drawn).size == (drawn.width, drawn.height)


def test_new_photos_at_one_place_all_show(cli, shop) -> None:
    """They are larger than the others, and move aside by their own size."""
    assert cli("map", "vgg", "--method", "pca", "-c", shop.catalog).code == 0
    opened = houndstooth.open(shop.catalog)
    new = [PlacedPhoto(f"{number}.jpg", 0.0, 0.0, "P0003", "P0003_0.jpg", 0.9) for number in range(3)]
    drawn = map_picture(opened.reader, opened.maps("vgg")[0], new=new)
    first, second, third = (one for one in drawn.shown if one.new)
    for one, other in ((first, second), (first, third), (second, third)):
        assert abs(one.x - other.x) >= one.width - 1 or abs(one.y - other.y) >= one.height - 1


def test_new_photos_find_their_places_and_change_nothing(cli, shop, made, tmp_path: Path) -> None:
    folder = tmp_path / "new"
    folder.mkdir()
    for number, name in enumerate(("P0003", "P0009")):
        shutil.copy(shop.photo(name), folder / f"{number}.jpg")
    (folder / "2.jpg").write_bytes(b"not a picture")
    before = cli("maps", "-c", shop.catalog, "--format", "json").json
    arguments = ("map", "colour", "--place", folder, "-c", shop.catalog)
    told = cli(*arguments, "--to", tmp_path / "p.svg", "--format", "json")
    assert told.code == 0, told.err
    assert [one["product"] for one in told.json["placed"]] == ["P0003", "P0009"]
    # Not 1: the catalog's photos brought their masks, of these the garment is found.
    assert all(one["score"] > 0.97 for one in told.json["placed"])
    assert [Path(one["photo"]).name for one in told.json["failed"]] == ["2.jpg"]
    assert f'fill="{NEW}"' in (tmp_path / "p.svg").read_text()
    assert cli("maps", "-c", shop.catalog, "--format", "json").json == before
    table = cli(*arguments, "--to", tmp_path / "p.png")
    assert "2 photos on colour-grid" in table.out and "not placed: " in table.out
    assert f"photos and 2 new ones to {tmp_path / 'p.png'}" in table.out
    gone = cli("map", "colour", "--place", tmp_path / "gone", "-c", shop.catalog)
    assert gone.code == 2 and f"there is no folder or photo {tmp_path / 'gone'}" in gone.err
    page = cli(*arguments, "--to", tmp_path / "p.html")
    assert page.code == 2 and "--place-new" in page.err


def test_photos_indexed_later_are_placed(cli, shop, made, tmp_path: Path) -> None:
    folder = tmp_path / "later"
    folder.mkdir()
    with Image.open(shop.photo("P0005")) as photo:
        photo.rotate(180).save(folder / "turned.jpg")
    assert cli("index", folder, "-c", shop.catalog).code == 0
    done = cli("map", "colour", "--place-new", "-c", shop.catalog, "--format", "json")
    assert done.code == 0, done.err
    assert done.json["placed"] == 1 and done.json["map"]["rows"] == len(shop.rows) + 1
    assert cli("map", "colour", "--place-new", "-c", shop.catalog, "--format", "json").json["placed"] == 0
    said = cli("map", "colour", "--place-new", "-c", shop.catalog).out
    assert said.startswith("0 photos placed (all that the space has and the map's filter lets through is on it); ")


def test_what_was_drawn_is_counted_without_what_left_the_catalog(cli, shop, made, tmp_path: Path) -> None:
    assert cli("remove", "--id", "P0001", "-c", shop.catalog).code == 0
    gone = sum(row["product"] == "P0001" for row in shop.rows)
    left = len(shop.rows) - gone
    for name in ("m.html", "m.png", "m.csv"):
        done = cli("export", "map", "colour", "--to", tmp_path / name, "-c", shop.catalog)
        said = f"Wrote {left} photos to {tmp_path / name} ({gone} removed since and left out)\n"
        assert (done.code, done.out) == (0, said), done.err


def test_wrong_questions_are_answered_before_any_work(cli, shop, tmp_path: Path) -> None:
    for arguments, said in [
        (("map", "colour", "--to", tmp_path / "m.pdf"), "end the name in .html, .png, .svg"),
        (("map", "colour", "--to", tmp_path / "no" / "m.png"), "there is no folder"),
        (("map", "colour", "--dark"), "--to"),
        (("map", "colour", "--place", tmp_path, "--method", "pca"), "leave out what makes one"),
        (("map", "colour", "--place", tmp_path, "--place-new"), "not in the catalog"),
        (("map", "colour", "--place", tmp_path / "no"), "no map is named 'colour'"),
        (("map", "colour", "--place-new"), "no map is named 'colour'"),
        (
            (
                "map",
                "nope",
            ),
            "no space 'nope'",
        ),
        (("map", "colour", "--columns", 3), "for the grid"),
        (("map", "colour", "--colour-by", "nope", "--to", tmp_path / "m.png"), "cannot colour by 'nope'"),
        (
            ("map", "colour", "--colour-by", "cluster:nope", "--to", tmp_path / "m.html"),
            "no cluster run is named 'nope'",
        ),
        (("map", "colour", "--place", tmp_path, "--to", tmp_path / "m.html"), "--place-new"),
        (("map", "colour", "--method", "grid", "--aspect", "wide"), "write 3:4"),
        (("maps", "show", "nope"), "no map is named 'nope'"),
    ]:
        done = cli(*arguments, "-c", shop.catalog)
        assert done.code == 2 and said in done.err, (arguments, done.err)
    assert cli("maps", "-c", shop.catalog, "--format", "json").json == []


def test_colouring_by_clusters_and_unknown_things(cli, shop, made, tmp_path: Path) -> None:
    assert cli("cluster", "colour", "-k", 3, "-c", shop.catalog).code == 0
    done = cli(
        "export", "map", "colour", "--to", tmp_path / "c.svg", "--colour-by", "cluster:colour-k3", "-c", shop.catalog
    )
    assert done.code == 0 and "clusters colour-k3" in (tmp_path / "c.svg").read_text()
    wrong = cli("export", "map", "colour", "--to", tmp_path / "c.svg", "--colour-by", "nope", "-c", shop.catalog)
    assert wrong.code == 2 and "cannot colour by 'nope'" in wrong.err
