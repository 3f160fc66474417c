"""Folders of pictures: links, copies, thumbnails, clashes, and what is never deleted."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders import add_products, new_image, spec, unit_rows

from engine.batch import Batch
from engine.clusters import ClusterRun, cluster, members
from engine.errors import InputError
from engine.export import export_clusters
from engine.export.folders import safe_name
from engine.spaces import use_spaces
from engine.store import Store
from engine.thumbnails import Thumbnails
from engine.writer import writing


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Six products, their photos all called photo.jpg; the last one's is missing."""
    store = Store.create(tmp_path / "a.catalog")
    rows = unit_rows(6, 4)
    with writing(store) as writer:
        spaces = use_spaces(writer, [spec("vgg", 4)])
        run = writer.start_run("index", "test")
        batch = Batch(attribute_types={"category": "text"})
        for row in range(6):
            photo = tmp_path / "photos" / str(row) / "photo.jpg"
            photo.parent.mkdir(parents=True)
            photo.write_bytes(b"original %d" % row)
            batch.images.append(new_image(f"p{row}", {"vgg": rows[row]}, path=str(photo)))
            batch.products[f"p{row}"] = {"category": "a/b: ../c?"}
        writer.commit(batch, run, spaces)
    (tmp_path / "photos" / "5" / "photo.jpg").unlink()
    return store


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "houndstooth-export.json"
    }


def expected(store: Store, run: ClusterRun) -> dict[str, bytes]:
    """By plain Python: the medoid first, then by distance."""
    found = members(store, run)
    made = {}
    for one in run.clusters:
        here = [row for row in range(6) if found.numbers[row] == one.number]
        here.sort(key=lambda row: (found.region_ids[row] != one.medoid_region, found.distances[row]))
        folder = f"{one.number:02d}-a-b-c" + ("" if one.number == 1 else "-2")
        for position, row in enumerate(here, start=1):
            if row == 5:
                made[f"{folder}/{position:04d}-photo.thumbnail.jpg"] = Thumbnails(store).get(6) or b""
            else:
                made[f"{folder}/{position:04d}-photo.jpg"] = b"original %d" % row
    return made


@pytest.mark.parametrize("copies", [False, True])
def test_a_tree_of_links_or_copies(store: Store, tmp_path: Path, copies: bool) -> None:
    run, to = cluster(store, "vgg", 2), tmp_path / "tree"
    done = export_clusters(store, run, to, copies=copies)
    assert (done.rows, done.linked, done.copied, done.thumbnails) == (6, 0 if copies else 5, 5 if copies else 0, 1)
    assert contents(to) == expected(store, run)
    links = [path for path in to.rglob("*.jpg") if path.is_symlink()]
    assert len(links) == (0 if copies else 5)
    assert all(path.readlink().is_absolute() for path in links)


def test_an_earlier_export_is_replaced_and_originals_are_untouched(store: Store, tmp_path: Path) -> None:
    to = tmp_path / "tree"
    to.mkdir()
    export_clusters(store, cluster(store, "vgg", 2), to)
    first = contents(to)
    export_clusters(store, cluster(store, "vgg", 4), to)
    assert len({name.split("/")[0] for name in contents(to)}) == 4
    assert len(first) == len(contents(to)) == 6
    assert [path.read_bytes() for path in sorted((tmp_path / "photos").rglob("*.jpg"))] == [
        b"original %d" % row for row in range(5)
    ]
    assert not list(tmp_path.glob(".*.tmp"))


@pytest.mark.parametrize("stranger", ["notes.txt", "01-a-b-c/mine.jpg"])
def test_a_folder_with_files_of_others_is_left_alone(store: Store, tmp_path: Path, stranger: str) -> None:
    run, to = cluster(store, "vgg", 2), tmp_path / "tree"
    export_clusters(store, run, to)
    (to / stranger).parent.mkdir(exist_ok=True)
    (to / stranger).write_text("mine")
    before = contents(to)
    with pytest.raises(InputError, match="nothing was changed"):
        export_clusters(store, run, to)
    assert contents(to) == before
    with pytest.raises(InputError, match="holds files that no export made"):
        export_clusters(store, run, tmp_path / "photos")


def test_an_export_that_is_broken_off_leaves_the_old_folder(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, to = cluster(store, "vgg", 2), tmp_path / "tree"
    export_clusters(store, run, to)
    before = contents(to)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("engine.export.folders._put_thumbnail", interrupted)
    with pytest.raises(KeyboardInterrupt):
        export_clusters(store, run, to)
    assert contents(to) == before
    assert not list(tmp_path.glob(".*.tmp"))


@pytest.mark.parametrize("to", [".", "..", "/", "{here}", "{above}"])
def test_the_folder_one_works_in_is_not_replaced(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, to: str
) -> None:
    here = tmp_path / "above" / "here"
    here.mkdir(parents=True)
    monkeypatch.chdir(here)
    with pytest.raises(InputError, match="holds the folder you work in"):
        export_clusters(store, cluster(store, "vgg", 2), to.format(here=here, above=here.parent))
    assert Path.cwd() == here and not list(here.iterdir())
    export_clusters(store, cluster(store, "vgg", 3), "./tree/")
    assert contents(here / "tree")


def test_standard_output_is_no_folder(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="not standard output"):
        export_clusters(store, cluster(store, "vgg", 2), "-")
    assert not (tmp_path / "-").exists()


def test_names_are_safe_on_every_file_system() -> None:
    assert safe_name('a/b\\c:d*e?f"g<h>i|j\nk') == "a-b-c-d-e-f-g-h-i-j-k"
    assert safe_name("../..") == "unnamed"
    assert safe_name("") == "unnamed"
    assert safe_name("été dress.jpg") == "été dress.jpg"
    long = safe_name("é" * 300 + ".jpeg")
    assert len(long.encode()) <= 120
    assert long.endswith("é.jpeg")


def test_a_product_added_later_is_in_no_folder(store: Store, tmp_path: Path) -> None:
    run = cluster(store, "vgg", 2)
    add_products(store, {"vgg": unit_rows(2, 4, seed=5)}, first=50)
    assert export_clusters(store, run, tmp_path / "tree").rows == 6


def test_a_file_in_the_way_and_a_manifest_that_lies(store: Store, tmp_path: Path) -> None:
    run, file, folder = cluster(store, "vgg", 2), tmp_path / "file", tmp_path / "folder"
    file.write_text("mine")
    with pytest.raises(InputError, match=r"file is a file, .* name another"):
        export_clusters(store, run, file)
    assert file.read_text() == "mine"
    folder.mkdir()
    (folder / "mine.txt").write_text("mine")
    for manifest in ("not JSON", "[]", '{"made": 3}'):
        (folder / "houndstooth-export.json").write_text(manifest)
        with pytest.raises(InputError, match=r"mine\.txt"):
            export_clusters(store, run, folder)
    link = tmp_path / "link"
    (tmp_path / "elsewhere").mkdir()
    link.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="is a link"):
        export_clusters(store, run, link)
    assert link.is_symlink()
