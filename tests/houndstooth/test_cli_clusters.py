"""`houndstooth cluster`, `clusters` and `export`."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from houndstooth.cli.counted import counted, three_places

FIELDS = ["product", "image", "cluster", "cluster_name", "distance", "outlier", "medoid"]


@pytest.fixture
def run(cli, shop):
    """A run of five clusters over colour, kept in the test's own catalog."""
    done = cli("cluster", "colour", "-k", 5, "-c", shop.catalog, "--format", "json")
    assert done.code == 0, done.err
    return done.json


def export(cli, shop, to: Path, *more: object) -> str:
    done = cli("export", "clusters", "colour", "--to", to, "-c", shop.catalog, *more)
    assert done.code == 0, done.err
    return done.out


def test_cluster_tells_of_its_run(run, shop) -> None:
    assert (run["name"], run["space"], run["k"], run["rows"]) == ("colour-k5", "colour", 5, len(shop.rows))
    sizes = [one["size"] for one in run["clusters"]]
    assert sum(sizes) == len(shop.rows) and sizes == sorted(sizes, reverse=True)
    assert all(one["name"] and one["medoid"] in shop.products() for one in run["clusters"])


def test_cluster_options(cli, shop, run) -> None:
    again = cli("cluster", "colour", "-k", 5, "--name", "again", "-c", shop.catalog, "--format", "json").json
    assert again["inertia"] == run["inertia"] and again["clusters"] == run["clusters"]
    other = cli("cluster", "colour", "-k", 5, "--seed", 3, "--name", "s", "-c", shop.catalog, "--format", "json").json
    assert other["seed"] == 3
    dresses = cli("cluster", "vgg", "-k", 3, "--where", "category = 'dress'", "-c", shop.catalog, "--format", "json")
    assert dresses.json["rows"] == sum(row["category"] == "dress" for row in shop.rows)
    taken = cli("cluster", "colour", "-k", 4, "--name", "again", "-c", shop.catalog)
    assert taken.code == 2 and "--replace" in taken.err
    replaced = cli("cluster", "colour", "-k", 4, "--name", "again", "--replace", "-c", shop.catalog, "--format", "json")
    assert replaced.json["k"] == 4


def test_replace_without_a_name_takes_the_place_of_the_made_name(cli, shop, run) -> None:
    def names() -> list[str]:
        return [one["name"] for one in cli("clusters", "list", "--format", "json", "-c", shop.catalog).json]

    again = cli("cluster", "colour", "-k", 5, "--seed", 3, "--replace", "-c", shop.catalog, "--format", "json").json
    assert (again["name"], again["seed"]) == ("colour-k5", 3) and again["id"] != run["id"]
    assert names() == ["colour-k5"]
    assert cli("cluster", "colour", "-k", 5, "-c", shop.catalog).code == 0
    assert names() == ["colour-k5", "colour-k5-2"]


def test_clusters_alone_lists(cli, shop, run, monkeypatch, tmp_path: Path) -> None:
    listed = cli("clusters", "-c", shop.catalog)
    assert listed.code == 0 and listed.out == cli("clusters", "list", "-c", shop.catalog).out
    assert f" {run['silhouette']:.3f} " in listed.out and str(run["silhouette"]) not in listed.out
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HOUNDSTOOTH_CATALOG", raising=False)
    for before in (["-c", shop.catalog], ["-c", tmp_path / "none"]):  # the nearer --catalog counts
        assert cli("clusters", *before, "list", "--format", "json", "-c", shop.catalog).json == [run]
    assert cli("clusters", "-c", shop.catalog, "--format", "json", "show", "colour").json == run
    assert cli("clusters").code == 3


def test_figures_for_people() -> None:
    assert [three_places(value) for value in (-0.0001, 0.0004, -0.0006, 1, None)] == [
        "0.000", "0.000", "-0.001", "1.000", "",
    ]  # fmt: skip
    assert (counted(1, "photo"), counted(0, "photo"), counted(2, "pair looks", "pairs look")) == (
        "1 photo", "0 photos", "2 pairs look",
    )  # fmt: skip


@pytest.mark.parametrize("by", ["silhouette", "stability"])
def test_auto_chooses_k(cli, shop, by: str) -> None:
    done = cli("cluster", "palette", "-k", "auto", "--by", by, "-c", shop.catalog, "--format", "json").json
    assert done["k"] >= 2 and done["parameters"]["asked"] == "auto" and done["parameters"]["by"] == by


def test_clusters_are_listed_shown_compared_renamed_deleted(cli, shop, run) -> None:
    def clusters(*arguments: object):
        done = cli("clusters", *arguments, "-c", shop.catalog)
        assert done.code == 0, done.err
        return done

    cli("cluster", "vgg", "-k", 5, "-c", shop.catalog)
    assert [one["name"] for one in clusters("list", "--format", "json").json] == ["colour-k5", "vgg-k5"]
    assert "colour-k5" in clusters("list").out
    assert clusters("show", "colour", "--format", "json").json == run
    assert clusters("show", run["id"]).out.startswith("colour-k5: ")
    agree = clusters("compare", "colour-k5", "colour-k5", "--format", "json").json
    assert agree["adjusted_mutual_information"] == pytest.approx(1) and agree["shared"] == len(shop.rows)
    assert clusters("compare", "colour", "vgg", "--format", "json").json["adjusted_mutual_information"] < 0.9
    assert "adjusted mutual information" in clusters("compare", "colour", "vgg").out
    assert "my colours" in clusters("rename", "colour-k5", "my colours").out
    assert clusters("show", "my colours", "--format", "json").json["id"] == run["id"]
    assert "Deleted my colours" in clusters("delete", "my colours").out
    assert [one["name"] for one in clusters("list", "--format", "json").json] == ["vgg-k5"]
    clusters("delete", "vgg-k5")
    assert "houndstooth cluster colour" in clusters("list").out


def test_csv_jsonl_and_parquet_say_the_same(cli, shop, run, tmp_path: Path) -> None:
    from pyarrow import parquet

    for suffix in (".csv", ".jsonl", ".parquet"):
        said = export(cli, shop, tmp_path / f"clusters{suffix}")
        assert said == f"Wrote {len(shop.rows)} photos to {tmp_path / f'clusters{suffix}'}\n"
    with (tmp_path / "clusters.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    objects = [json.loads(line) for line in (tmp_path / "clusters.jsonl").read_text(encoding="utf-8").splitlines()]
    rows = parquet.read_table(tmp_path / "clusters.parquet").to_pylist()
    assert list(lines[0])[:7] == list(objects[0])[:7] == list(rows[0])[:7] == FIELDS
    assert {"category", "price", "brand", "maxi", "dominant_colour"} <= set(lines[0])
    assert [row["image"] for row in lines] == [row["image"] for row in objects] == [row["image"] for row in rows]
    assert sorted(row["image"] for row in rows) == sorted(str(shop.folder / row["image"]) for row in shop.rows)
    prices = {row["product"]: float(row["price"]) for row in shop.rows}
    for line, told, row in zip(lines, objects, rows, strict=True):
        assert int(line["cluster"]) == told["cluster"] == row["cluster"]
        assert float(line["price"]) == told["price"] == row["price"] == prices[row["product"]]
        assert (line["outlier"] == "true") == told["outlier"] == row["outlier"]
    for one in run["clusters"]:
        mine = [row for row in rows if row["cluster"] == one["number"]]
        assert len(mine) == one["size"] and {row["cluster_name"] for row in mine} == {one["name"]}
        assert [row["product"] for row in mine if row["medoid"]] == [one["medoid"]]
        assert mine[0]["medoid"] and mine[0]["distance"] == min(row["distance"] for row in mine)


def test_a_page_shows_every_cluster(cli, shop, run, tmp_path: Path) -> None:
    export(cli, shop, tmp_path / "clusters.html")
    page = (tmp_path / "clusters.html").read_text(encoding="utf-8")
    assert page.count("data:image/jpeg;base64,") >= len(shop.rows)
    assert all(one["name"] in page for one in run["clusters"])


def test_folders_of_links_and_copies(cli, shop, run, tmp_path: Path) -> None:
    assert f"({len(shop.rows)} links)" in export(cli, shop, tmp_path / "links")
    assert f"({len(shop.rows)} copies)" in export(cli, shop, tmp_path / "copies", "--copy")
    for kind in ("links", "copies"):
        folders = sorted(path for path in (tmp_path / kind).iterdir() if path.is_dir())
        assert [len(list(folder.iterdir())) for folder in folders] == [one["size"] for one in run["clusters"]]
    pictures = list((tmp_path / "links").rglob("*.jpg"))
    assert all(path.is_symlink() and path.exists() for path in pictures) and len(pictures) == len(shop.rows)
    assert not any(path.is_symlink() for path in (tmp_path / "copies").rglob("*.jpg"))
    done = cli("export", "clusters", "colour", "--to", tmp_path / "c.csv", "--copy", "-c", shop.catalog)
    assert done.code == 2 and "--copy is for a folder" in done.err and not (tmp_path / "c.csv").exists()
    strangers = tmp_path / "strangers"
    strangers.mkdir()
    (strangers / "thesis.doc").write_text("mine")
    done = cli("export", "clusters", "colour", "--to", strangers, "-c", shop.catalog)
    assert done.code == 2 and "thesis.doc" in done.err
    assert (strangers / "thesis.doc").read_text() == "mine"


def test_removed_members_are_left_out_and_said(cli, shop, run, tmp_path: Path) -> None:
    gone = sum(row["product"] == "P0001" for row in shop.rows)
    assert cli("remove", "--id", "P0001", "-c", shop.catalog).code == 0
    assert f"{gone} removed since and left out" in export(cli, shop, tmp_path / "c.csv")


def test_vectors(cli, shop, tmp_path: Path) -> None:
    from pyarrow import parquet

    where = "category = 'dress'"
    done = cli("export", "vectors", "vgg", "--to", tmp_path / "v.npy", "--where", where, "-c", shop.catalog)
    assert done.code == 0 and "v.npy" in done.out and "v.parquet" in done.out
    vectors, rows = np.load(tmp_path / "v.npy"), parquet.read_table(tmp_path / "v.parquet").to_pylist()
    assert vectors.dtype == np.float32 and vectors.shape == (len(rows), 256)
    assert [row["image"] for row in rows] == [
        str(shop.folder / row["image"]) for row in shop.rows if row["category"] == "dress"
    ]
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=2e-3)
    # A row says what a search says of the same photo.
    near = cli(
        "similar", rows[0]["image"], "--using", "vgg", "--group", "image", "--where", where, "-k", "1000",
        "--format", "json", "-c", shop.catalog,
    ).json["hits"]  # fmt: skip
    scores = {hit["image"]: hit["score"] for hit in near}
    for row, cosine in zip(rows, vectors @ vectors[0], strict=True):
        assert scores[row["image"]] == pytest.approx(float(cosine), abs=3e-3)


REFUSED = [
    (["cluster"], "Missing argument 'SPACE'"),
    (["cluster", "colr"], "did you mean 'colour'?"),
    (["cluster", "colour", "-k", "x"], "neither a whole number nor auto"),
    (["cluster", "colour", "-k", "0"], "a whole number of at least 1"),
    (["cluster", "colour", "-k", "5000"], "ask for k ="),
    (["cluster", "colour", "--where", "categry = 1"], "did you mean category?"),
    (["cluster", "colour", "--where", "price < 0"], "no photo matches"),
    (["cluster", "colour", "--name", "12"], "cannot name a cluster run"),
    (["clusters", "lst"], "Did you mean 'list'?"),
    (["clusters", "show", "nope"], "no cluster run is named 'nope'"),
    (["clusters", "show", "\udcff"], "it is not UTF-8 text"),
    (["export", "clusters", "colour", "--to", "/"], "holds the folder you work in"),
    (["clusters", "compare", "nope", "nope"], "no cluster run is named 'nope'"),
    (["export"], "Usage: houndstooth export"),
    (["export", "clustr", "colour"], "Did you mean 'clusters'?"),
    (["export", "clusters", "colour"], "Missing option '--to'"),
    (["export", "clusters", "nope", "--to", "{tmp}/c.csv"], "no cluster run is named 'nope'"),
    (["export", "clusters", "colour", "--to", "{tmp}/c.txt"], ".csv, .jsonl, .parquet, .html"),
    (["export", "clusters", "colour", "--to", "{tmp}/no/c.csv"], "there is no folder"),
    (["export", "vectors", "vg", "--to", "{tmp}/v.npy"], "did you mean 'vgg'?"),
    (["export", "vectors", "vgg", "--to", "{tmp}/v.csv"], "in .npy"),
    (["export", "vectors", "vgg", "--to", "{tmp}/v.npy", "--where", "categry = 1"], "did you mean category?"),
]


def test_wrong_input_gets_an_answer_that_helps(cli, shop, run, tmp_path: Path) -> None:
    for arguments, said in REFUSED:
        named = [argument.format(tmp=tmp_path) for argument in arguments]
        done = cli(*named, *(["-c", shop.catalog] if len(named) > 1 and named[1] not in ("lst", "clustr") else []))
        assert (done.code, done.out) == (2, ""), (arguments, done)
        assert said in done.err, (arguments, done.err)
        assert "Traceback" not in done.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.catalog"]
