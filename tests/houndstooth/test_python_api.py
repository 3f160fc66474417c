"""The public Python API, as the README shows it, and what it answers to wrong input."""

from __future__ import annotations

import csv
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

import houndstooth
from houndstooth import errors
from houndstooth.asking import Ask


def test_the_public_names() -> None:
    assert houndstooth.__all__ == [
        "Catalog", "ClusterRun", "Hit", "HoundstoothError", "IndexReport", "Query", "Results", "errors", "open",
    ]  # fmt: skip
    assert all(getattr(houndstooth, name) is not None for name in houndstooth.__all__)
    with pytest.raises(AttributeError, match="no attribute 'opne'"):
        houndstooth.opne  # noqa: B018


def test_the_public_methods() -> None:
    assert [name for name in vars(houndstooth.Catalog) if not name.startswith("_")] == [
        "path", "index", "similar", "ask", "query", "search", "explain", "cluster", "clusters", "map", "maps", "place",
        "place_new", "draw_map", "export", "fit", "unfit", "train_label", "label", "labels", "forget_label", "drop",
        "plan_removal", "remove", "check", "repair", "compact", "info", "own_attributes",
    ]  # fmt: skip


def test_the_version_is_that_of_the_package() -> None:
    from importlib.metadata import version

    assert houndstooth.__version__ == version("houndstooth")


def test_the_errors_of_the_docstring_are_all() -> None:
    words = re.findall(r"\w+", errors.__doc__ or "")
    drawn = {word for word in words if word.endswith("Error")}
    assert set(errors.__all__) == drawn
    assert all(issubclass(getattr(errors, name), houndstooth.HoundstoothError) for name in errors.__all__)


@pytest.fixture
def real(shared_data: Path, tmp_path: Path) -> Path:
    """A folder `photos` of 60 real photos in folders by category, 12 of each of 5, and `dress.jpg` beside it."""
    photos = tmp_path / "photos"
    test = shared_data / "clothing" / "test"
    for category in ("dress", "pants", "shirt", "shoes", "skirt"):
        (photos / category).mkdir(parents=True)
        for photo in sorted((test / category).iterdir())[:12]:
            shutil.copy(photo, photos / category)
    shutil.copy(sorted((test / "dress").iterdir())[12], tmp_path / "dress.jpg")
    return tmp_path


def test_the_readme_on_real_photos(real: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(real)

    import houndstooth

    catalog = houndstooth.open("shop.catalog", create=True)
    report = catalog.index("photos/")
    hits = catalog.similar("dress.jpg", k=10, where="category = 'dress'", using={"vgg": 2, "colour": 1})
    run = catalog.cluster("colour", k=12)
    catalog.export(run, "clusters.csv")

    assert report.counts.seen == report.counts.indexed == 60 and report.counts.failed == 0
    assert (
        hits.matched == 12 and len(hits.hits) == 10 and {hit.attributes["category"] for hit in hits.hits} == {"dress"}
    )
    with Path("clusters.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 60 and {int(row["cluster"]) for row in rows} == set(range(1, 13))
    # Shape alone finds dresses for a dress: 12 of 60 are, so a fifth would be chance.
    found = catalog.similar("dress.jpg", k=10, using={"vgg": 1})
    assert sum(hit.attributes["category"] == "dress" for hit in found.hits) >= 4
    again = catalog.index("photos/")
    assert again.counts.unchanged == 60
    assert catalog.check().clean
    assert repr(catalog) == "Catalog('shop.catalog')"


def test_results_are_values(demo) -> None:
    catalog = houndstooth.open(demo.catalog)
    results = catalog.similar("id:P0003", k=4)
    assert isinstance(results, houndstooth.Results) and all(isinstance(hit, houndstooth.Hit) for hit in results.hits)
    with pytest.raises(AttributeError):
        results.hits[0].score = 2  # type: ignore[misc]
    assert results.to_json()["hits"][0]["product"] == results.hits[0].product
    assert [hit.score for hit in results.hits] == sorted((hit.score for hit in results.hits), reverse=True)


def test_examples_are_paths_texts_and_products(demo) -> None:
    catalog = houndstooth.open(str(demo.catalog))
    path = demo.photo("P0003")
    assert catalog.similar(path, k=3).hits == catalog.similar(str(path), k=3).hits
    mixed = catalog.similar(path, "id:P0004", unlike=["id:P0005", demo.photo("P0006")], colours="navy", k=40)
    assert "P0004" not in {hit.product for hit in mixed.hits}


def test_many_questions_at_once_and_vectors_of_ones_own(demo) -> None:
    catalog = houndstooth.open(demo.catalog)
    asked = [Ask([f"id:P{number:04d}"], where="price > 0", k=5) for number in range(3, 9)]
    told: list[tuple[int, int]] = []
    found = catalog.search(
        [catalog.query(ask) for ask in asked], progress=lambda done, total: told.append((done, total))
    )
    assert [one.hits for one in found] == [catalog.ask(ask).hits for ask in asked]
    assert told == [(6, 6)]
    own = houndstooth.Query({"palette": np.eye(20, dtype=np.float32)[0]}, k=2)
    assert len(catalog.search([own])[0].hits) == 2


def test_an_open_catalog_sees_what_others_do(shop) -> None:
    mine, other = houndstooth.open(shop.catalog), houndstooth.open(shop.catalog)
    assert mine.similar("id:P0003", k=100).matched == 39
    plan = other.plan_removal(where="category = 'dress'")
    assert other.remove(plan) == plan.products > 0
    after = (
        mine.similar("id:P0003", k=100) if "P0003" not in shop.products(lambda r: r["category"] == "dress") else None
    )
    assert after is None or after.matched == 39 - plan.products
    assert mine.info().products == 40 - plan.products
    other.compact()
    assert mine.check().clean


def test_a_reader_of_ones_own(tmp_path: Path, demo) -> None:
    from indexer.sources.open import open_source

    catalog = houndstooth.open(tmp_path / "c", create=True)
    seen = []
    report = catalog.index(
        open_source(demo.folder / "photos"), spaces=["colour"], progress=lambda counts: seen.append(counts.seen)
    )
    assert report.counts.indexed == len(demo.rows) == seen[-1]
    assert [space.name for space in catalog.info().spaces] == ["colour"]


def test_export_of_everything(shop, tmp_path: Path) -> None:
    catalog = houndstooth.open(shop.catalog)
    results = catalog.similar("id:P0003", k=4)
    for name in ("hits.csv", "hits.jsonl", "hits.parquet", "hits.html", "folder"):
        done = catalog.export(results, tmp_path / name)
        assert done.rows == 4 and (tmp_path / name).exists()
    assert len(list((tmp_path / "folder").glob("*.jpg"))) == 4
    run = catalog.cluster("colour", k=4)
    assert catalog.export(run, tmp_path / "copies", copies=True).copied == len(shop.rows)
    assert catalog.export("vgg", tmp_path / "v.npy", where="maxi").rows == sum(r["maxi"] == "true" for r in shop.rows)
    assert [one.name for one in catalog.clusters()] == [run.name] and catalog.clusters("vgg") == []
    with pytest.raises(errors.InputError, match="where is for vectors"):
        catalog.export(run, tmp_path / "c.csv", where="maxi")
    with pytest.raises(errors.InputError, match="copies are for folders"):
        catalog.export("vgg", tmp_path / "v.npy", copies=True)


def test_wrong_input_raises_what_the_docstrings_say(demo, tmp_path: Path) -> None:
    catalog = houndstooth.open(demo.catalog)
    with pytest.raises(errors.CatalogNotFoundError, match="no catalog at"):
        houndstooth.open(tmp_path / "none")
    with pytest.raises(errors.QueryError, match="ask with something"):
        catalog.similar()
    with pytest.raises(errors.PictureError, match="no such file"):
        catalog.similar(tmp_path / "none.jpg")
    with pytest.raises(errors.FilterError, match="did you mean category"):
        catalog.similar("id:P0003", where="categry = 'dress'")
    with pytest.raises(errors.SpaceError, match="did you mean 'vgg'"):
        catalog.similar("id:P0003", using={"vg": 1})
    for using in ("colour", ["colour", "vgg"]):
        with pytest.raises(errors.QueryError, match="using says how much each space counts"):
            catalog.similar("id:P0003", using=using)  # type: ignore[arg-type]
    with pytest.raises(errors.QueryError, match="unlike are paths of photos"):
        catalog.similar("id:P0003", unlike="id:P0004")
    with pytest.raises(errors.QueryError, match="examples are paths of photos"):
        catalog.similar(["id:P0003", "id:P0004"])  # type: ignore[arg-type]
    with pytest.raises(errors.QueryError, match="where is a filter as text"):
        catalog.similar("id:P0003", where=None)  # type: ignore[arg-type]
    with pytest.raises(errors.SpaceError, match="no space 'shape'"):
        catalog.cluster("shape")
    with pytest.raises(errors.SourceError, match="no such folder or file"):
        catalog.index(tmp_path / "none")
    with pytest.raises(errors.InputError, match="above 0"):
        catalog.index(demo.table, max_megapixels=0)
    with pytest.raises(errors.InputError, match="say what to remove"):
        catalog.plan_removal()
