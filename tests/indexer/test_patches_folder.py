"""Photos to a folder of patches: what is cut, what is recorded, and what a second run does."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from engine.errors import InputError
from indexer.garments.find import GarmentStep
from indexer.garments.garment import Garment, GarmentFinder
from indexer.patches.book import Line, open_book, read_book
from indexer.patches.enhance import Enhancer
from indexer.patches.make import PatchOptions, PatchReport, make_patches
from indexer.sources.open import open_source


def cloth(height: int, width: int, seed: int) -> NDArray[np.uint8]:
    """Noise of blocks of 4 pixels, so that it survives halving."""
    small = np.random.default_rng(seed).integers(0, 256, (height // 4 + 1, width // 4 + 1, 3), np.uint8)
    return small.repeat(4, 0).repeat(4, 1)[:height, :width]


def save(path: Path, rgb: NDArray[np.uint8], mask: NDArray[np.bool_] | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if mask is not None:
        rgb = np.dstack([rgb, mask.astype(np.uint8) * 255])
    Image.fromarray(rgb).save(path)
    return path


def make(folder: Path, to: Path, options: PatchOptions | None = None) -> PatchReport:
    report = make_patches([open_source(folder)], to, options)
    assert report.reconciled
    return report


def pictures(to: Path) -> set[str]:
    return {path.relative_to(to).as_posix() for path in to.rglob("*.png")}


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    whole = np.zeros((300, 200), bool)
    whole[20:280, 20:180] = True
    tiny = np.zeros((300, 200), bool)
    tiny[100:130, 50:68] = True
    save(folder / "dress" / "large.png", cloth(300, 200, 1), whole)
    save(folder / "dress" / "tiny.png", cloth(300, 200, 2), tiny)
    save(folder / "skirt" / "plain.png", cloth(120, 90, 3))
    (folder / "skirt" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    return folder


def test_every_photo_is_cut_refused_or_failed_and_says_why(photos: Path, tmp_path: Path) -> None:
    to = tmp_path / "patches"
    report = make(photos, to)
    assert (report.photos, report.cut, report.unchanged, len(report.refused), len(report.failed)) == (4, 2, 0, 1, 1)
    (refused,) = report.refused
    assert (
        refused[0].endswith("tiny.png") and refused[1] == "the largest patch of cloth is 18 x 30 px, and 32 are needed"
    )
    assert report.failed[0][0].endswith("broken.jpg") and report.failed[0][1]
    lines = read_book(to)
    assert {line.patch for line in lines if line.patch} == pictures(to)
    assert {Path(line.patch).parent.name for line in lines if line.patch} == {"dress", "skirt"}
    assert [line.state for line in lines].count("cut") == report.patches == len(pictures(to))
    with (to / "patches.csv").open(encoding="utf-8", newline="") as file:
        header = next(csv.reader(file))
    assert header[:8] == ["photo", "product", "patch", "garment", "x", "y", "width", "height"]


def test_a_patch_is_the_photos_own_pixels(photos: Path, tmp_path: Path) -> None:
    to = tmp_path / "patches"
    make(photos, to)
    line = next(line for line in read_book(to) if line.photo.endswith("large.png"))
    assert line.x > 20 and line.x + line.width < 180 and line.y > 20 and line.y + line.height < 280
    assert line.width > 140 and line.height > 240 and line.inside == 1.0 and line.sharpness > 100
    expected = cloth(300, 200, 1)[line.y : line.y + line.height, line.x : line.x + line.width]
    np.testing.assert_array_equal(np.asarray(Image.open(to / line.patch)), expected)


@pytest.mark.parametrize("size", [(1600, 1200), (1501, 1001), (3001, 900), (901, 700)])
def test_large_photos_are_cut_at_their_own_resolution(tmp_path: Path, size: tuple[int, int]) -> None:
    height, width = size
    rgb = cloth(height, width, 4)
    mask = np.zeros(size, bool)
    mask[height // 4 : height * 3 // 4, width // 5 : width * 4 // 5] = True
    save(tmp_path / "photos" / "a.png", rgb, mask)
    make(tmp_path / "photos", tmp_path / "patches", PatchOptions(largest_side=300, least_side=100))
    lines = read_book(tmp_path / "patches")
    assert len(lines) == 3
    for line in lines:
        place = (slice(line.y, line.y + line.height), slice(line.x, line.x + line.width))
        np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "patches" / line.patch)), rgb[place])
        assert mask[place].all()
        assert min(line.width, line.height) >= 100 and max(line.width, line.height) <= 300


def test_a_turned_jpeg_and_a_table_with_boxes_and_masks(tmp_path: Path) -> None:
    rgb = cloth(400, 600, 5)
    exif = Image.Exif()
    exif[0x0112] = 6  # the stored picture is to be turned by a quarter, clockwise
    (tmp_path / "shop").mkdir()
    Image.fromarray(rgb).save(tmp_path / "shop" / "turned.jpg", exif=exif, quality=100, subsampling=0)
    upright = np.rot90(rgb, -1)
    mask = np.zeros(upright.shape[:2], np.uint8)
    mask[150:450, 100:300] = 255
    Image.fromarray(mask).save(tmp_path / "shop" / "mask.png")
    table = tmp_path / "shop" / "products.csv"
    table.write_text("image,product,mask,x,y,width,height\nturned.jpg,one,mask.png,50,100,300,400\n", encoding="utf-8")
    make(table, tmp_path / "patches")
    line = read_book(tmp_path / "patches")[0]
    place = (slice(line.y, line.y + line.height), slice(line.x, line.x + line.width))
    assert line.product == "one" and (mask[place] == 255).all() and line.width > 150 and line.height > 250
    found = np.asarray(Image.open(tmp_path / "patches" / line.patch)).astype(int)
    assert np.abs(found - upright[place]).mean() < 3


def test_a_second_run_does_only_what_is_new_changed_or_failed(photos: Path, tmp_path: Path) -> None:
    to = tmp_path / "patches"
    make(photos, to)
    before = {path: path.stat().st_mtime_ns for path in to.rglob("*.png")}
    again = make(photos, to)
    assert (again.cut, again.unchanged, len(again.refused), len(again.failed), again.patches) == (0, 3, 0, 1, 0)
    assert {path: path.stat().st_mtime_ns for path in to.rglob("*.png")} == before
    save(photos / "skirt" / "new.png", cloth(80, 80, 6))
    save(photos / "skirt" / "plain.png", cloth(100, 64, 7))
    third = make(photos, to)
    assert (third.photos, third.cut, third.unchanged, len(third.failed)) == (5, 2, 2, 1)
    sizes = {Path(line.photo).name: (line.width, line.height) for line in read_book(to)}
    assert sizes["plain.png"] == (64, 100) and sizes["new.png"] == (80, 80)
    assert len(read_book(to)) == len({(line.photo, line.patch) for line in read_book(to)})


def test_patches_among_the_photos_are_not_cut_again(photos: Path) -> None:
    first, again = make(photos, photos / "patches"), make(photos, photos / "patches")
    assert (first.photos, again.photos, again.cut, again.patches) == (4, 4, 0, 0)
    there = len(pictures(photos / "patches"))
    assert make(photos / "patches", photos / "patches").photos == there  # asked for by name


def test_other_options_make_other_patches_and_leave_no_old_ones(photos: Path, tmp_path: Path) -> None:
    to = tmp_path / "patches"
    make(photos, to, PatchOptions(largest_side=64))
    many = pictures(to)
    report = make(photos, to, PatchOptions(most=1))
    assert report.cut == 2 and report.unchanged == 0 and report.patches == 2
    assert pictures(to) < many and len(pictures(to)) == 2
    assert {line.patch for line in read_book(to) if line.patch} == pictures(to)


def test_a_patch_that_was_deleted_is_made_again(photos: Path, tmp_path: Path) -> None:
    to = tmp_path / "patches"
    make(photos, to)
    gone = to / sorted(pictures(to))[0]
    gone.unlink()
    assert make(photos, to).cut == 1
    assert gone.is_file()


def test_a_photo_that_two_sources_have_is_done_once(photos: Path, tmp_path: Path) -> None:
    sources = [open_source(photos / "skirt" / "plain.png"), open_source(photos / "skirt" / "plain.png")]
    assert make_patches(sources, tmp_path / "patches").photos == 1


class Finder(GarmentFinder):
    """Finds the two halves of what is brighter than black; nothing in a black photo."""

    name = "halves"
    several = True
    fingerprint = "0123456789abcdef"

    def find(self, pictures):  # type: ignore[no-untyped-def]
        found = []
        for picture in pictures:
            mask = picture.any(axis=2)
            left, right = mask.copy(), mask.copy()
            left[:, picture.shape[1] // 2 :] = False
            right[:, : picture.shape[1] // 2] = False
            found.append([Garment("top", left, 0.9), Garment("bag", right, 0.5)] if mask.any() else [])
        return found


def test_every_garment_that_a_finder_finds_has_patches(tmp_path: Path) -> None:
    save(tmp_path / "photos" / "a.png", np.maximum(cloth(200, 300, 8), 1))
    save(tmp_path / "photos" / "night.png", np.zeros((200, 300, 3), np.uint8))
    report = make(tmp_path / "photos", tmp_path / "patches", PatchOptions(GarmentStep(Finder()), most=1))
    assert report.refused[0][1] == "no garment was found"
    lines = [line for line in read_book(tmp_path / "patches") if line.patch]
    assert [line.garment for line in lines] == ["top", "bag"] and all(line.of == 2 for line in lines)
    assert lines[0].x + lines[0].width <= 150 <= lines[1].x


class Blocks(Enhancer):
    """Every pixel four times over."""

    name = "blocks"
    fingerprint = "fedcba9876543210"

    def _run(self, picture: NDArray[np.float32]) -> NDArray[np.float32]:
        return picture.repeat(4, 1).repeat(4, 2)


def test_only_small_patches_are_enlarged(photos: Path, tmp_path: Path) -> None:
    report = make(photos, tmp_path / "patches", PatchOptions(enhancer=Blocks(), enhance_below=100, most=1))
    assert report.enhanced == 1
    for line in (line for line in read_book(tmp_path / "patches") if line.patch):
        with Image.open(tmp_path / "patches" / line.patch) as picture:
            size = picture.size
        if line.photo.endswith("plain.png"):
            assert line.enhanced == "blocks" and size == (4 * 90, 4 * 120)
        else:
            assert line.enhanced == "" and size == (line.width, line.height)


def test_lines_that_a_kill_cut_off_are_done_again(photos: Path, tmp_path: Path) -> None:
    to = tmp_path / "patches"
    make(photos, to, PatchOptions(largest_side=64))
    whole = (to / "patches.csv").read_bytes()
    expected = read_book(to)
    for end in range(1, len(whole), 37):
        (to / "patches.csv").write_bytes(whole[:end])
        if end < whole.index(b"\n"):
            with pytest.raises(InputError, match="none that Houndstooth wrote"):
                make(photos, to, PatchOptions(largest_side=64))
            continue
        make(photos, to, PatchOptions(largest_side=64))
        assert sorted(read_book(to), key=str) == sorted(expected, key=str)
        assert pictures(to) == {line.patch for line in expected if line.patch}


def test_a_run_that_is_killed_goes_on(tmp_path: Path) -> None:
    folder, to = tmp_path / "photos", tmp_path / "patches"
    for number in range(60):
        save(folder / f"{number}.png", cloth(300, 300, number))
    program = (
        "import sys; from pathlib import Path; from indexer.patches.make import make_patches;"
        "from indexer.sources.open import open_source; make_patches([open_source(sys.argv[1])], Path(sys.argv[2]))"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program, str(folder), str(to)], cwd=Path(__file__).parents[2], start_new_session=True
    )
    deadline = time.monotonic() + 60
    while len(pictures(to)) < 5 and time.monotonic() < deadline and child.poll() is None:
        time.sleep(0.005)
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    (to / f".{0}.png.abcdef12.tmp").write_bytes(b"half")
    report = make(folder, to)
    assert report.photos == 60 and report.unchanged + report.cut == 60 and report.cut >= 1
    assert len(read_book(to)) == 60 and {line.patch for line in read_book(to)} == pictures(to)
    assert not list(to.rglob(".*.tmp"))
    for path in to.rglob("*.png"):
        with Image.open(path) as picture:
            picture.load()
    assert make(folder, to).unchanged == 60


def test_two_runs_do_not_write_to_one_folder(photos: Path, tmp_path: Path) -> None:
    with open_book(tmp_path / "patches"), pytest.raises(InputError, match="another run"):
        make(photos, tmp_path / "patches")


def test_a_line_that_leads_out_of_the_folder_is_not_followed(photos: Path, tmp_path: Path) -> None:
    outside = save(tmp_path / "mine.png", cloth(40, 40, 9))
    to = tmp_path / "patches"
    make(photos, to)
    line = next(line for line in read_book(to) if line.photo.endswith("plain.png"))
    with (to / "patches.csv").open("a", encoding="utf-8", newline="") as file:
        bad = replace(line, patch="../mine.png", settings="other")
        csv.writer(file, lineterminator="\n").writerow(vars(bad).values())
    make(photos, to)
    make(photos, to, PatchOptions(most=1))
    assert outside.is_file()


def test_odd_names_stay_inside_the_folder_and_apart(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    for name in ("a b", "a;b"):
        save(tmp_path / f"{name}.png", cloth(60, 60, 1))
    table.write_text('image,category\na b.png,"../../up"\na;b.png,"../../up"\n', encoding="utf-8")
    make(table, tmp_path / "patches")
    names = pictures(tmp_path / "patches")
    assert len(names) == 2 and all(len(Path(name).parts) == 2 and ".." not in name for name in names)
    assert isinstance(read_book(tmp_path / "patches")[0], Line)
