"""The main job on a sample of real photos. The whole set: benchmarks/end_to_end.py."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

import houndstooth
from houndstooth import Catalog

CATEGORIES = ("dress", "hat", "pants", "shoes", "shorts", "skirt")
PER_CATEGORY = 12


@pytest.fixture(scope="module")
def photos(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve photos of each of six categories, linked into one folder."""
    folder = tmp_path_factory.mktemp("photos")
    for category in CATEGORIES:
        (folder / category).mkdir()
        for file in sorted((shared_data / "clothing" / "test" / category).iterdir())[:PER_CATEGORY]:
            (folder / category / file.name).symlink_to(file)
    return folder


@pytest.fixture(scope="module")
def catalog(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    catalog = houndstooth.open(tmp_path_factory.mktemp("catalog") / "real.catalog", create=True)
    report = catalog.index(photos)
    assert (report.counts.indexed, report.counts.failed) == (len(CATEGORIES) * PER_CATEGORY, 0)
    return catalog


def test_indexing_again_finds_everything_as_it_was(catalog: Catalog, photos: Path) -> None:
    assert catalog.index(photos).counts.unchanged == len(CATEGORIES) * PER_CATEGORY


def test_a_photo_finds_itself_first(catalog: Catalog, photos: Path) -> None:
    for category in CATEGORIES:
        photo = sorted((photos / category).iterdir())[0]
        hit = catalog.similar(photo, k=1).hits[0]
        assert (hit.product, hit.score) == (f"{category}/{photo.stem}", pytest.approx(1, abs=1e-3))


def test_filtered_searches_equal_brute_force(catalog: Catalog, tmp_path: Path) -> None:
    catalog.export("vgg", tmp_path / "vgg.npy")
    rows = np.load(tmp_path / "vgg.npy")
    table = pq.read_table(tmp_path / "vgg.parquet").to_pylist()
    for query in range(0, len(table), 7):
        for kinds in (("dress",), ("hat", "shoes"), CATEGORIES):
            where = "category in (" + ", ".join(f"'{kind}'" for kind in kinds) + ")"
            hits = catalog.similar(f"id:{table[query]['product']}", using={"vgg": 1}, where=where, k=10).hits
            scored = {
                table[other]["product"]: float(rows[query] @ rows[other])
                for other in range(len(table))
                if other != query and table[other]["category"] in kinds
            }
            # Stored rows are rounded: two photos that are as near as each other may change places.
            nearest = pytest.approx(sorted(scored.values(), reverse=True)[:10], abs=5e-4)
            assert [hit.score for hit in hits] == nearest
            assert [scored[hit.product] for hit in hits] == nearest


def test_shape_finds_the_category_more_often_than_chance(catalog: Catalog) -> None:
    same = total = 0
    for category in CATEGORIES:
        for hit in catalog.similar(f"id:{_first(catalog, category)}", using={"vgg": 1}, k=5).hits:
            same, total = same + (hit.attributes["category"] == category), total + 1
    assert same / total > 2 / len(CATEGORIES)


def test_clusters_are_exported_whole(catalog: Catalog, tmp_path: Path) -> None:
    run = catalog.cluster("colour", k=5, seed=1)
    catalog.export(run, tmp_path / "clusters.csv")
    with (tmp_path / "clusters.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(CATEGORIES) * PER_CATEGORY
    assert sorted({int(row["cluster"]) for row in rows}) == [1, 2, 3, 4, 5]
    assert all(Path(row["image"]).exists() for row in rows)


def test_the_catalog_is_whole(catalog: Catalog) -> None:
    assert catalog.check().findings == ()


def _first(catalog: Catalog, category: str) -> str:
    return catalog.similar(colours="grey", where=f"category = '{category}'", k=1).hits[0].product
