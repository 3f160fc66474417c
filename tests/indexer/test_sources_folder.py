"""The folder reader: what is a picture, what a product, and trees that are out of order."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.errors import SourceError
from engine.export.place import MANIFEST
from indexer.sources import folder as folder_module
from indexer.sources.base import SourceImage, SourceProblem
from indexer.sources.open import open_source

SUFFIXES = ["jpg", "jpeg", "jpe", "png", "webp", "gif", "apng", "bmp", "tif", "tiff", "heic", "heif", "avif", "mpo"]


def touch(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"")
    return root


def images(source: object) -> list[SourceImage]:
    return [item for item in source if isinstance(item, SourceImage)]


def problems(source: object) -> list[SourceProblem]:
    return [item for item in source if isinstance(item, SourceProblem)]


def test_products_categories_and_folders(tmp_path: Path) -> None:
    touch(tmp_path, "b.jpg", "dress/1163.jpg", "dress/1163.png", "train/red dress/7.v2.JPEG", "a.txt", "dress/x.csv")
    source = open_source(tmp_path)
    assert [(found.path, found.product, dict(found.attributes)) for found in images(source)] == [
        (f"{tmp_path}/b.jpg", "b", {}),
        (f"{tmp_path}/dress/1163.jpg", "dress/1163", {"category": "dress"}),
        (f"{tmp_path}/dress/1163.png", "dress/1163", {"category": "dress"}),
        (
            f"{tmp_path}/train/red dress/7.v2.JPEG",
            "train/red dress/7.v2",
            {"category": "red dress", "folder": "train/red dress"},
        ),
    ]
    assert all(str(found.file) == found.path and not found.named and not found.row for found in images(source))
    assert source.attribute_types == {"category": "text", "folder": "text"}
    assert len(source) == 4


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_kind_of_picture_in_any_case(tmp_path: Path, suffix: str) -> None:
    touch(tmp_path, f"a.{suffix}", f"b.{suffix.upper()}", f"c.{suffix.title()}", f"d.{suffix}x", suffix)
    assert [found.file.stem for found in images(open_source(tmp_path))] == ["a", "b", "c"]


def test_what_an_export_put_among_the_photos_is_left_out_and_told(tmp_path: Path) -> None:
    touch(tmp_path, "dress/1.jpg", "by-colour/01-red-dress/0001-1.jpg", f"by-colour/{MANIFEST}", "z.jpg")
    source = open_source(tmp_path)
    assert [found.product for found in images(source)] == ["dress/1", "z"] and len(source) == 2
    told = problems(source)
    assert [(one.path, one.fatal) for one in told] == [(f"{tmp_path}/by-colour", False)]
    assert "an export made" in told[0].reason
    alone = open_source(tmp_path / "by-colour")  # asked for by name, it is read
    assert [found.product for found in images(alone)] == ["01-red-dress/0001-1"] and problems(alone) == []


def test_hidden_files_and_catalogs_are_left_out(tmp_path: Path) -> None:
    touch(tmp_path, ".a.jpg", "._b.jpg", ".git/c.jpg", "shop.catalog/d.jpg", "deep/Old.Catalog/e.jpg", "x.jpg/f.jpg")
    assert [found.product for found in images(open_source(tmp_path))] == ["x.jpg/f"]


def test_names_are_sorted_whatever_the_file_system_says(tmp_path: Path) -> None:
    names = ["b/2.jpg", "a10.jpg", "b/1.jpg", "a/z.jpg", "B.jpg", "a2.jpg", "é.jpg", "c.jpg"]
    touch(tmp_path, *names)
    found = [item.path.removeprefix(f"{tmp_path}/") for item in images(open_source(tmp_path))]
    assert found == ["B.jpg", "a/z.jpg", "a10.jpg", "a2.jpg", "b/1.jpg", "b/2.jpg", "c.jpg", "é.jpg"]


def test_one_picture(tmp_path: Path) -> None:
    touch(tmp_path, "dress/1163.jpg", "dress/1164.jpg")
    source = open_source(tmp_path / "dress" / "1163.jpg")
    assert [(found.path, found.product, dict(found.attributes)) for found in source] == [
        (f"{tmp_path}/dress/1163.jpg", "1163", {})
    ]
    assert len(source) == 1


def test_paths_are_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "photos/a.jpg")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for given in ("photos", "./photos/", "photos/../photos", "~/photos", Path("photos")):
        assert [found.path for found in images(open_source(given))] == [f"{tmp_path}/photos/a.jpg"]


def test_a_folder_without_pictures(tmp_path: Path) -> None:
    touch(tmp_path, "a.txt", "b/c.pdf")
    with pytest.raises(SourceError, match=r"no pictures in this folder or below .*\.jpg"):
        open_source(tmp_path)


def test_links_that_lead_back_do_not_hang(tmp_path: Path) -> None:
    shop = touch(tmp_path / "shop", "a/1.jpg", "b/2.jpg")
    (shop / "a" / "up").symlink_to(shop)
    (shop / "b" / "other").symlink_to(shop / "a")
    (shop / "all").symlink_to(tmp_path)
    source = open_source(shop)
    assert [found.product for found in images(source)] == ["a/1", "b/2"]
    assert [(Path(found.path).name, found.fatal) for found in problems(source)] == [
        ("up", False),
        ("all", False),
        ("other", False),
    ]
    assert len(source) == 2


def test_linked_folders_outside_are_read_once(tmp_path: Path) -> None:
    shop = touch(tmp_path / "shop", "1.jpg")
    disk = touch(tmp_path / "disk", "dress/2.jpg")
    (disk / "back").symlink_to(shop)
    (disk / "self").symlink_to(disk)
    (shop / "new").symlink_to(disk)
    (shop / "newer").symlink_to(disk / "dress")
    source = open_source(shop)
    assert [found.product for found in images(source)] == ["1", "new/dress/2"]
    assert images(source)[1].attributes == {"category": "dress", "folder": "new/dress"}
    assert [Path(found.path).name for found in problems(source)] == ["back", "self", "newer"]


def test_broken_links_and_odd_files_are_reported(tmp_path: Path) -> None:
    touch(tmp_path, "ok.jpg")
    (tmp_path / "gone.jpg").symlink_to("nowhere.jpg")
    (tmp_path / "gone").symlink_to("nowhere")
    (tmp_path / "notes.txt").symlink_to("ok.jpg")
    (tmp_path / "self.png").symlink_to("self.png")
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "linked.jpg").symlink_to("ok.jpg")
    source = open_source(tmp_path)
    assert [Path(found.path).name for found in images(source)] == ["linked.jpg", "ok.jpg"]
    told = {Path(found.path).name: (found.reason, found.fatal) for found in problems(source)}
    assert told.pop("self.png")[1]
    assert told == {
        "gone": ("a link to what is not there", False),
        "gone.jpg": ("a link to what is not there", True),
        "pipe.jpg": ("neither a file nor a folder", True),
    }
    assert len(source) == 5


def test_a_folder_that_may_not_be_read_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "a/1.jpg", "locked/2.jpg", "z/3.jpg")
    true_scandir = os.scandir

    def scandir(path: str) -> object:  # the tests may run as root, whom no mode stops
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied", path)
        return true_scandir(path)

    monkeypatch.setattr(folder_module.os, "scandir", scandir)
    source = open_source(tmp_path)
    assert [found.product for found in images(source)] == ["a/1", "z/3"]
    expected = SourceProblem(f"{tmp_path}/locked", "", "the folder cannot be read: Permission denied")
    assert problems(source) == [expected]
    assert len(source) == 3
    with pytest.raises(SourceError, match="Permission denied"):
        open_source(tmp_path / "locked")


def test_names_that_are_not_utf8_are_reported_in_printable_form(tmp_path: Path) -> None:
    touch(tmp_path, "ok.jpg")
    strange = os.fsencode(tmp_path) + b"/caf\xe9"
    try:
        Path(os.fsdecode(strange)).mkdir()
    except OSError:
        pytest.skip("this file system takes only UTF-8 names")
    Path(os.fsdecode(strange + b"/1.jpg")).write_bytes(b"")
    Path(os.fsdecode(strange + b".jpg")).write_bytes(b"")
    source = open_source(tmp_path)
    assert [found.product for found in images(source)] == ["ok"]
    assert {found.path for found in problems(source)} == {f"{tmp_path}/caf\\xe9.jpg", f"{tmp_path}/caf\\xe9/1.jpg"}
    assert all(found.fatal and "not UTF-8" in found.reason for found in problems(source))
    for found in problems(source):
        found.path.encode()
    with pytest.raises(SourceError, match="not UTF-8") as caught:
        open_source(os.fsdecode(strange))
    str(caught.value).encode()


def test_names_with_spaces_line_breaks_and_quotes(tmp_path: Path) -> None:
    names = ["a b.jpg", "c\nd.jpg", "e'f\".jpg", "%20.jpg", "\u2028.jpg", "日本.jpg"]
    touch(tmp_path, *names)
    assert {found.file.name for found in images(open_source(tmp_path))} == set(names)


def test_a_type_that_the_catalog_has_is_kept(tmp_path: Path) -> None:
    touch(tmp_path, "7/1.jpg", "dress/2.jpg")
    source = open_source(tmp_path, known={"category": "number", "price": "number"})
    assert source.attribute_types == {"category": "number", "folder": "text"}
    assert [dict(found.attributes) for found in images(source)] == [{"category": 7.0}, {}]
    assert [(found.reason, found.fatal) for found in problems(source)] == [("category: 'dress' is not a number", False)]


def test_a_deep_tree(tmp_path: Path) -> None:
    deep = "/".join("d" for _ in range(300))
    touch(tmp_path, f"{deep}/1.jpg")
    (found,) = images(open_source(tmp_path))
    assert found.product == f"{deep}/1"


def test_the_real_photos(shared_data: Path) -> None:
    root = shared_data / "clothing" / "validation"
    source = open_source(root)
    found = images(source)
    walked = sorted(str(path) for path in root.rglob("*") if path.suffix.lower() == ".jpg")
    assert len(walked) > 100
    assert sorted(item.path for item in found) == walked
    assert len(source) == len(found)
    assert {item.attributes["category"] for item in found} == {path.name for path in root.iterdir() if path.is_dir()}
