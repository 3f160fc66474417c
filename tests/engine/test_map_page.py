"""The data of a map page, read back as the page reads it; and where its pictures go."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders import unit_rows
from numpy.typing import NDArray

from engine.attributes import Column
from engine.errors import InputError
from engine.near_products import near_products
from engine.pages.map import map_page
from engine.pages.map_order import map_order
from engine.pages.map_payload import pack, payload
from engine.pages.map_view import MapPictures, MapView, NearView, RunView, SheetSize
from engine.second_cluster import second_clusters
from engine.stored_maps import StoredMap

HOSTILE = '</script><script>alert("é")</script>\u2028{{DATA}}'
ROWS = 600
KINDS = {"f4": "<f4", "f8": "<f8", "u1": "u1", "i1": "i1", "i2": "<i2", "i4": "<i4"}


def view(cell: tuple[int, int] | None = None, rows: int = ROWS) -> MapView:
    draw = np.random.default_rng(1)
    words = np.array([HOSTILE, *(f"p{number}" for number in range(1, rows))], dtype=object)
    columns = {
        "product": Column("product", "text", np.arange(rows, dtype=np.int32), words),
        "price": Column("price", "number", np.where(draw.random(rows) < 0.2, np.nan, draw.random(rows) * 90)),
        "maxi": Column("maxi", "boolean", draw.integers(-1, 2, rows).astype(np.int8), confidence=np.where(
            draw.random(rows) < 0.5, np.nan, draw.random(rows)).astype(np.float32)),
        "dominant_colour": Column("dominant_colour", "text", draw.integers(-1, 2, rows).astype(np.int32),
                                  np.array(["light_blue", "no colour"], dtype=object)),
        "share_light_blue": Column("share_light_blue", "number", draw.random(rows)),
    }  # fmt: skip
    stored = StoredMap(3, HOSTILE, "colour", 1, "grid" if cell else "tsne", "price < 9", 0, rows, cell,
                       {"trustworthiness": 0.91}, "2026-01-01T00:00:00", 4, {"aspect": 0.75})  # fmt: skip
    xy = draw.normal(size=(rows, 2)).astype(np.float32) * (9, 4)
    if cell:
        xy = np.column_stack([np.arange(rows) % cell[0], -(np.arange(rows) // cell[0])])
    return MapView(
        title=HOSTILE, map=stored, region_ids=np.arange(rows, dtype=np.int64), xy=xy.astype(np.float32),
        placed=np.zeros(rows, np.bool_), columns=columns, colours=(("light blue", "#a9cdec"),),
        shares=draw.integers(0, 256, (rows, 1)).astype(np.uint8),
        runs=(RunView("r", "colour", ("a", "b"), draw.integers(0, 3, rows).astype(np.int32),
                      np.zeros(rows, np.int32)),),
        near=(NearView("colour", draw.integers(-1, rows, (rows, 3)).astype(np.int32),
                       draw.random((rows, 3)).astype(np.float32)),),
        pictures=MapPictures(SheetSize(64, 64, 16, 16), np.full((rows, 2), 60, np.uint8),
                             lambda start, stop: b"\xff\xd8sheet %d %d" % (start, stop),
                             lambda start, stop: [None if row % 7 == 0 else b"\xff\xd8%d" % row
                                                  for row in range(start, stop)]),
        colour_by="dominant_colour",
    )  # fmt: skip


def read(data: bytes, place: dict[str, Any]) -> NDArray[Any]:
    return np.frombuffer(data, KINDS[place["type"]], place["length"], place["at"])


def block(html: str, name: str) -> str:
    return re.findall(rf'<script type="[a-z/-]+" id="{name}">([^<]*)</script>', html)[0]


def test_the_page_reads_back_what_was_written(tmp_path: Path) -> None:
    made = view()
    written = map_page(made, tmp_path / "map.html")
    assert written.folder is None and written.bytes == (tmp_path / "map.html").stat().st_size
    html = (tmp_path / "map.html").read_text(encoding="utf-8")
    header, data = json.loads(block(html, "header")), base64.b64decode(block(html, "data"))
    assert header["title"] == header["map"]["name"] == HOSTILE
    assert "</script><script>alert" not in html
    columns = {column["name"]: column for column in header["columns"]}
    assert list(columns) == ["product", "price", "maxi", "dominant_colour"]
    assert columns["product"]["words"][0] == HOSTILE
    np.testing.assert_array_equal(read(data, columns["price"]["values"]), made.columns["price"].values)
    np.testing.assert_array_equal(read(data, columns["maxi"]["values"]), made.columns["maxi"].values)
    sure, told = made.columns["maxi"].confidence, read(data, columns["maxi"]["confidence"])
    assert sure is not None
    np.testing.assert_array_equal(told == 255, np.isnan(sure))
    np.testing.assert_allclose(told[told < 255] / 200, sure[~np.isnan(sure)], atol=0.0026)
    assert columns["dominant_colour"]["swatches"] == ["#a9cdec", None]
    np.testing.assert_array_equal(read(data, header["shares"]), made.shares.ravel())
    np.testing.assert_array_equal(read(data, header["runs"][0]["numbers"]), made.runs[0].numbers)
    np.testing.assert_array_equal(read(data, header["near"][0]["rows"]), made.near[0].rows.ravel())
    np.testing.assert_array_equal(read(data, header["near"][0]["scores"]), made.near[0].scores.ravel())
    assert all(place["at"] % 8 == 0 for place in [header["xy"], header["shares"], columns["price"]["values"]])


def test_positions_are_centred_and_y_grows_downwards() -> None:
    made = view()
    header, data = payload(made)
    xy = read(data, header["xy"]).reshape(-1, 2)
    assert xy.min(axis=0) + xy.max(axis=0) == pytest.approx([0, 0], abs=1e-5)
    assert np.abs(xy).max() == pytest.approx(1)
    assert np.corrcoef(xy[:, 1], made.xy[:, 1])[0, 1] == pytest.approx(-1)
    spread = np.ptp(xy, axis=0) / np.ptp(made.xy, axis=0)
    assert spread[0] == pytest.approx(spread[1], rel=1e-5), "the shape of the map is kept"


def test_a_grid_keeps_its_cells_and_their_aspect() -> None:
    header, data = payload(view((30, 20)))
    assert header["grid"] == {"columns": 30, "rows": 20, "aspect": 0.75}
    assert read(data, header["xy"]).reshape(-1, 2)[[0, 31]].tolist() == [[0, 0], [1, 1]]


def test_every_picture_is_in_a_pack_and_sheets_come_before_the_script(tmp_path: Path) -> None:
    map_page(view(), tmp_path / "map.html")
    html = (tmp_path / "map.html").read_text(encoding="utf-8")
    assert base64.b64decode(block(html, "sheet-2")) == b"\xff\xd8sheet 512 600"
    assert html.index('id="sheet-2"') < html.index("houndstooth_take") < html.index('id="pack-0"')
    for row in (0, 5, 255, 256, 599):
        whole = base64.b64decode(block(html, f"pack-{row // 256}"))
        count = int(np.frombuffer(whole, "<u4", 1)[0])
        ends = np.frombuffer(whole, "<u4", count + 1, 4)
        start = 4 * (count + 2)
        found = whole[start + ends[row % 256] : start + ends[row % 256 + 1]]
        assert found == (b"" if row % 7 == 0 else b"\xff\xd8%d" % row)
    assert pack([]) == bytes(8)


def test_a_page_fetches_nothing_and_runs_only_its_own_script(tmp_path: Path) -> None:
    map_page(view(), tmp_path / "map.html")
    html = (tmp_path / "map.html").read_text(encoding="utf-8")
    policy = re.findall(r'Content-Security-Policy" content="([^"]+)"', html)[0]
    assert policy.startswith("default-src 'none'") and "script-src 'sha256-" in policy and "file:" not in policy
    addresses = set(re.findall(r"https?://[\w.-]+", re.sub(r'octet-stream" id="[^<]+', "", html)))
    assert addresses <= {"http://www.w3.org"}, "names of XML name spaces"


def test_above_the_limit_pictures_go_into_a_folder(tmp_path: Path) -> None:
    written = map_page(view(), tmp_path / "big.html", limit=1000)
    assert written.folder == tmp_path / "big_files"
    html = (tmp_path / "big.html").read_text(encoding="utf-8")
    assert json.loads(block(html, "header"))["files"] == "big_files"
    assert 'id="pack-0"' not in html and "'self' file:" in html
    script = (tmp_path / "big_files" / "sheet-0.js").read_text(encoding="ascii")
    name, text = re.fullmatch(r'houndstooth_take\("([\w-]+)","([^"]+)"\);\n', script).groups()  # type: ignore[union-attr]
    assert (name, base64.b64decode(text)) == ("sheet-0", b"\xff\xd8sheet 0 256")
    map_page(view(), tmp_path / "big.html", limit=1000)
    (tmp_path / "big_files" / "mine.txt").write_text("x")
    with pytest.raises(InputError, match=r"mine\.txt"):
        map_page(view(), tmp_path / "big.html", limit=1000)


def test_wrong_names_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"an \.html file"):
        map_page(view(), tmp_path / "map.pdf")


def test_the_order_spreads_over_the_map_first_and_is_the_same_every_time() -> None:
    xy = np.random.default_rng(3).normal(size=(5000, 2))
    order = map_order(xy)
    np.testing.assert_array_equal(np.sort(order), np.arange(5000))
    np.testing.assert_array_equal(order, map_order(xy))
    unit = (xy - xy.min(axis=0)) / np.ptp(xy, axis=0).max()
    cells = {tuple(cell) for cell in (unit * 7.999).astype(int).tolist()}
    first = (unit[order[: len(cells)]] * 7.999).astype(int).tolist()
    assert len({tuple(cell) for cell in first}) > 0.9 * len(cells)
    assert len(map_order(np.zeros((0, 2)))) == 0
    assert sorted(map_order(np.zeros((9, 2))).tolist()) == list(range(9))


@pytest.mark.parametrize("count", [2, 7, 90])
def test_near_products_are_those_that_comparing_all_pairs_finds(count: int) -> None:
    rows = unit_rows(count, 5, seed=count)
    products = np.random.default_rng(0).integers(0, max(2, count // 4), count)
    found, scores = near_products(rows, products, 6)
    for row in range(count):
        best: dict[int, float] = {}
        for other in range(count):
            if products[other] != products[row]:
                cosine = float(rows[row] @ rows[other])
                best[int(products[other])] = max(best.get(int(products[other]), -2.0), cosine)
        expected = sorted(best, key=lambda product: -best[product])[:6]
        there = found[row][found[row] >= 0]
        assert products[there].tolist() == expected
        assert scores[row][: len(there)] == pytest.approx([best[product] for product in expected], abs=1e-4)
        assert (scores[row][len(there) :] == 0).all()


def test_a_point_between_two_clusters_has_both() -> None:
    centroids = np.array([[0, 0], [10, 0], [0, 40]], np.float32)
    rows = np.array([[1, 0], [4.9, 0], [5.1, 0], [0, 21], [4, 0]], np.float32)
    numbers = np.array([1, 1, 2, 3, 1], np.int32)
    expected = []
    for row, own in zip(rows, numbers, strict=True):
        far = [float(np.hypot(*(row - centre))) for centre in centroids]
        others = [number for number in (1, 2, 3) if number != own]
        other = min(others, key=lambda number: far[number - 1])
        expected.append(other if (far[other - 1] - far[own - 1]) / far[other - 1] < 0.1 else 0)
    assert expected == [0, 2, 1, 1, 0]
    assert second_clusters(rows, centroids, numbers).tolist() == expected
    assert second_clusters(rows, centroids[:1], np.ones(5, np.int32)).tolist() == [0] * 5
