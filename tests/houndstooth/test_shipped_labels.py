"""The labels that come with Houndstooth: whole files, told of new photos, told on demand."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

import houndstooth
from indexer.labels.shipped import AUTOMATIC, WEIGHTS, shipped_label, shipped_labels

KINDS = ("dress", "pants", "shoes", "hat")


@pytest.fixture
def photos(shared_data: Path, tmp_path: Path) -> Path:
    """Two photos of the official test part for each of some kinds, in one folder, so that no name tells the kind."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for kind in KINDS:
        for number, photo in enumerate(sorted((shared_data / "clothing" / "test" / kind).iterdir())[:2]):
            shutil.copy(photo, folder / f"{kind}{number}.jpg")
    return folder


def test_files_are_whole_and_have_cards() -> None:
    assert set(AUTOMATIC) <= set(shipped_labels())
    sums = (WEIGHTS / "SHA256SUMS").read_text(encoding="utf-8")
    for name in shipped_labels():
        file = WEIGHTS / f"label_{name}.safetensors"
        sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
        assert f"{sha256}  {file.name}\n" in sums
        assert sha256 in (WEIGHTS / f"label_{name}.md").read_text(encoding="utf-8")
        assert file.stat().st_size < 200_000
        model = shipped_label(name)
        assert model is not None and model.card["figures"] and model.card["data"]
    assert shipped_label("unheard") is None


def test_shipped_labels_fit_the_shipped_spaces() -> None:
    from indexer.spaces.registry import load

    for name in shipped_labels():
        model = shipped_label(name)
        assert model is not None
        for used in model.spaces:
            assert load(used.name).fingerprint == used.fingerprint, f"make label {name} anew: {used.name} has changed"


def test_a_new_catalog_tells_the_category(photos: Path, tmp_path: Path) -> None:
    catalog = houndstooth.open(tmp_path / "c.catalog", create=True)
    catalog.index(photos, spaces=["kind", "colour"], garments="none")
    (line,) = catalog.labels()
    assert (line.name, line.state, line.shipped) == ("category", "ready", True)
    assert sum(line.values["category"].values()) == 2 * len(KINDS)
    hits = catalog.similar(str(photos / "shoes0.jpg"), k=100, group="image").hits
    told = {Path(hit.image).stem: hit.attributes["category"] for hit in hits}
    right = sum(name.rstrip("01") == kind for name, kind in told.items())
    assert right >= 2 * len(KINDS) - 1, told
    assert all(0 < hit.confidences["category"] <= 1 for hit in hits)
    catalog.forget_label("category")
    shutil.copy(photos / "hat0.jpg", photos / "another.jpg")
    (photos / "another.jpg").write_bytes((photos / "another.jpg").read_bytes() + b"\0")
    catalog.index(photos)
    assert catalog.labels() == []  # who forgot it is not told it again


def test_a_category_of_another_type_stays_what_it_is(photos: Path, tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("image,category\nphotos/hat0.jpg,3\nphotos/hat1.jpg,4\n", encoding="utf-8")
    catalog = houndstooth.open(tmp_path / "c.catalog", create=True)
    catalog.index(table, spaces=["kind"], garments="none", types={"category": "number"})
    assert catalog.labels() == [] and catalog.own_attributes()["category"] == "number"


def test_maxi_is_told_on_demand(photos: Path, tmp_path: Path) -> None:
    if "maxi" not in shipped_labels():
        pytest.skip("no maxi label has been made: python -m houndstooth.make_shipped")
    catalog = houndstooth.open(tmp_path / "c.catalog", create=True)
    catalog.index(photos, spaces=["outline"])
    assert catalog.labels() == []
    applied = catalog.label("maxi")
    assert sum(applied.values["maxi"].values()) == applied.regions == 2 * len(KINDS)
    assert catalog.labels()[0].shipped
