"""`houndstooth evaluate retrieval` from a dataset's folder to figures and a page; `houndstooth sources`; `--source`."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import datasets
import pytest
from PIL import Image

from indexer.sources.formats import FORMATS

LIGHT = ("--spaces", "colour", "--garments", "given", "--format", "json")


def marked(root: Path) -> Path:
    """A table of Open Metric Learning: four items of their own colours, two photos each, and one without a partner."""
    colours = ((200, 30, 30), (30, 160, 40), (40, 60, 200), (230, 220, 40), (120, 120, 120))
    lines = ["path,label,split,is_query,is_gallery,category"]
    for item, colour in enumerate(colours):
        for view in range(2 if item < 4 else 1):
            name = f"{item}_{view}.png"
            root.mkdir(exist_ok=True)
            Image.new("RGB", (24, 32), tuple(part - 3 * view for part in colour)).save(root / name)
            lines.append(f"{name},item{item},validation,{view == 0},{view == 1},{'dress' if item % 2 else 'skirt'}")
    return datasets.text(root / "df.csv", *lines)


def test_from_a_marked_table_to_a_report(cli, tmp_path: Path) -> None:
    catalog = tmp_path / "c"
    assert cli("index", marked(tmp_path / "oml"), "-c", catalog, *LIGHT).json["indexed"] == 9
    told = cli("evaluate", "retrieval", "-c", catalog, "--format", "json")
    assert told.code == 0, told.err
    assert (told.json["queries"], told.json["gallery_photos"], told.json["unanswerable_queries"]) == (4, 4, 1)
    assert told.json["measures"]["recall@1"][0] == told.json["measures"]["mAP"][0] == 1.0
    assert set(told.json["groups"]) == {"dress", "skirt"} and len(told.json["cmc"]) == 50
    page = tmp_path / "report.html"
    text = cli("evaluate", "retrieval", "-c", catalog, "--to", page)
    assert text.out.startswith("4 queries of 4 products against 4 photos, compared by colour\n1 query left out")
    assert "recall@50" in text.out and "dress" in text.out
    assert "The worst queries" in page.read_text() and "item0" in page.read_text()
    assert cli("evaluate", "retrieval", "-c", catalog, "--to", tmp_path / "report.pdf").code == 2
    early = cli("evaluate", "retrieval", "-c", catalog, "--query", "nothing", "--to", tmp_path / "none" / "report.html")
    assert early.code == 2 and f"there is no folder {tmp_path / 'none'}" in early.err  # before anything is asked


def test_sources_are_listed_and_told(cli, tmp_path: Path) -> None:
    listed = cli("sources", "--format", "json").json
    assert [one["name"] for one in listed] == [one.name for one in FORMATS]
    assert all(one["reads"] and one["detected"] and "houndstooth index" in one["example"] for one in listed)
    assert cli("sources", marked(tmp_path / "oml")).out == "open-metric-learning\n"
    assert cli("sources", tmp_path / "gone").code == 2


def test_a_source_is_named(cli, tmp_path: Path) -> None:
    table = marked(tmp_path / "oml")
    as_table = cli("index", table, "--source", "table", "-c", tmp_path / "t", *LIGHT)
    assert as_table.json["indexed"] == 9  # products by path then: label is an attribute
    wrong = cli("index", table, "--source", "tabel", "-c", tmp_path / "x", *LIGHT)
    assert wrong.code == 2 and "did you mean 'table'" in wrong.err and not (tmp_path / "x").exists()
    rooted = cli("index", datasets.fashion_mnist(tmp_path), "--root", tmp_path, "-c", tmp_path / "x", *LIGHT)
    assert rooted.code == 2 and "read as fashion-mnist" in rooted.err


def test_paths_are_read_from_standard_input(cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = marked(tmp_path / "oml").parent
    listed = f"{folder}/0_0.png\0{folder}/1_0.png\0gone.png\0".encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(listed)))
    told = cli("index", "-", "-c", tmp_path / "c", *LIGHT)
    assert (told.json["indexed"], told.json["failed"]) == (2, 1)
