"""A projection of the catalog's own: fitted, put to use by the next indexing, checked, and taken back."""

from __future__ import annotations

import csv
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from shops import Shop

import houndstooth
from houndstooth import errors
from indexer.decode import read_picture
from indexer.spaces.vgg import Vgg
from indexer.vgg.projection import fit_projection, load_projection

DIM = 24
PHOTOS = 32


def models(catalog: Path) -> list[Path]:
    return sorted((catalog / "models").iterdir())


def vgg_of(catalog: houndstooth.Catalog):
    return next(space for space in catalog.info().spaces if space.name == "vgg")


@pytest.fixture(scope="module")
def few(demo: Shop) -> Shop:
    """The shop's first photos, in vgg alone."""
    rows = demo.rows[:PHOTOS]
    table, place = demo.folder / "few.csv", demo.folder / "few.catalog"
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    houndstooth.open(place, create=True).index(table, spaces=["vgg"])
    return Shop(demo.folder, table, place, rows)


@pytest.fixture
def shop(few: Shop, tmp_path: Path) -> Shop:
    mine = tmp_path / "mine.catalog"
    shutil.copytree(few.catalog, mine)
    return replace(few, catalog=mine)


@pytest.fixture
def fitted(cli, shop):
    """The shop's catalog after `fit` and before the next `index`."""
    done = cli("fit", "vgg", "--dim", DIM, "-c", shop.catalog, "--format", "json")
    assert done.code == 0, done.err
    assert done.json == {"space": "vgg", "photos": len(shop.rows), "unreadable": 0, "dim": DIM}
    return shop


def test_the_file_is_the_pca_of_the_catalogs_photos(fitted) -> None:
    (file,) = models(fitted.catalog)
    pictures = [read_picture(fitted.folder / row["image"]) for row in fitted.rows]
    garments = houndstooth.open(fitted.catalog)._garments
    expected = fit_projection(Vgg().raw([garments.of_product(picture) for picture in pictures]), DIM)
    found = load_projection(file)
    np.testing.assert_allclose(found.mean, expected.mean, atol=1e-5)
    overlap = np.linalg.svd(found.basis @ expected.basis.T, compute_uv=False)  # 1 where the subspaces agree
    assert overlap.min() > 0.99


def test_it_answers_as_before_until_indexed_and_then_with_its_own(cli, fitted, tmp_path: Path) -> None:
    catalog = houndstooth.open(fitted.catalog)
    from PIL import Image

    stranger = tmp_path / "stranger.png"
    with Image.open(fitted.photo("P0003")) as photo:
        photo.resize((300, 400)).save(stranger)
    before = catalog.similar(stranger, using={"vgg": 1}, k=5)
    assert vgg_of(catalog).dim == 256 and before.query.vectors["vgg"].shape == (256,)
    report = catalog.index(fitted.table)
    assert report.counts.indexed == len(fitted.rows)
    assert vgg_of(catalog).dim == DIM
    after = catalog.similar(stranger, using={"vgg": 1}, k=5)
    assert after.query.vectors["vgg"].shape == (DIM,) and after.hits[0].score > 0.8
    own = Vgg(projection=models(fitted.catalog)[0])
    stored = catalog.reader.snapshot().vectors("vgg")
    first = catalog.reader.snapshot().region_ids[:1]
    assert np.vecdot(stored.gather(first), own.extract([_first(catalog)]))[0] > 0.8  # indexed with a mask, read without
    assert catalog.index(fitted.table).counts.unchanged == len(fitted.rows)
    other_process = houndstooth.open(fitted.catalog)
    assert other_process.similar(stranger, using={"vgg": 1}, k=5).hits == after.hits
    assert cli("check", "-c", fitted.catalog).code == 0


def _first(catalog: houndstooth.Catalog):
    from engine.lookup import read_cards

    number = int(catalog.reader.snapshot().region_ids[0])
    with catalog.store.database.read() as connection:
        return read_picture(Path(read_cards(connection, [number])[number].image))


def test_check_finds_a_broken_projection_and_repair_goes_back(cli, fitted) -> None:
    houndstooth.open(fitted.catalog).index(fitted.table)
    (file,) = models(fitted.catalog)
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    done = cli("check", "-c", fitted.catalog)
    assert done.code == 1 and file.name in done.out and "was altered" in done.out
    refused = cli("index", fitted.table, "-c", fitted.catalog)
    assert refused.code == 3 and "houndstooth check --repair" in refused.err
    repaired = cli("check", "--repair", "-c", fitted.catalog)
    assert repaired.code == 0 and "lost its own projection" in repaired.out
    catalog = houndstooth.open(fitted.catalog)
    catalog.index(fitted.table)
    assert vgg_of(catalog).dim == 256 and catalog.check().clean


def test_undo_goes_back_at_the_next_indexing(cli, fitted) -> None:
    catalog = houndstooth.open(fitted.catalog)
    catalog.index(fitted.table)
    assert "Back to the shipped projection" in cli("fit", "vgg", "--undo", "-c", fitted.catalog).out
    assert cli("fit", "vgg", "--undo", "-c", fitted.catalog).out == "Nothing was fitted\n"
    assert catalog.similar(fitted.photo("P0003"), using={"vgg": 1}).hits
    catalog.compact()  # sweeps nothing that vectors in use were made with
    assert len(models(fitted.catalog)) == 1
    catalog.index(fitted.table)
    assert vgg_of(catalog).dim == 256


def test_files_that_nothing_names_are_swept(fitted) -> None:
    from engine.compaction import sweep
    from engine.writer import writing

    catalog = houndstooth.open(fitted.catalog)
    catalog.fit("vgg", dim=DIM // 2)
    assert len(models(fitted.catalog)) == 2
    with writing(catalog.store) as writer:
        sweep(writer, grace=0)
    assert len(models(fitted.catalog)) == 1


def test_the_same_seed_fits_the_same_file(shop) -> None:
    catalog = houndstooth.open(shop.catalog)
    for seed in (1, 1, 2):
        catalog.fit("vgg", dim=8, photos=20, seed=seed)
    assert len(models(shop.catalog)) == 2


def test_wrong_input(cli, shop, demo) -> None:
    with pytest.raises(errors.SpaceError, match="nothing to fit"):
        houndstooth.open(demo.catalog).fit("colour")
    catalog = houndstooth.open(shop.catalog)
    with pytest.raises(errors.SpaceError, match="did you mean 'vgg'"):
        catalog.fit("vg")
    with pytest.raises(errors.InputError, match=f"the catalog has {len(shop.rows)} to read"):
        catalog.fit("vgg")
    with pytest.raises(errors.InputError, match="choose more, or a smaller dim"):
        catalog.fit("vgg", photos=100)
    with pytest.raises(errors.InputError, match="from 2"):
        catalog.fit("vgg", dim=0)
    done = cli("fit", "vgg", "-c", shop.catalog)
    assert done.code == 2 and "a dim of at most" in done.err
    assert list((shop.catalog / "models").iterdir()) == []
