"""`houndstooth prepare in-shop`: pairs of flat files, label ids, resumable."""

from __future__ import annotations

import csv
import io
import signal
import subprocess
import sys
from pathlib import Path

import datasets
import numpy as np
import pytest
from PIL import Image

from indexer.garments.colour_masks import COLOURS, NAMES, read_colour_mask
from indexer.prepare_in_shop import mask_png

FIRST = "WOMEN-Dresses-id_00000002-02_1_front"


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def by_plain_loops(path: Path, column: int) -> np.ndarray:
    """Label ids, a pixel at a time."""
    pixels = np.asarray(Image.open(path))[..., :3]
    ids = np.zeros(pixels.shape[:2], np.uint8)
    for row in range(ids.shape[0]):
        for at in range(ids.shape[1]):
            names = COLOURS.get(tuple(int(part) for part in pixels[row, at]))
            ids[row, at] = NAMES.index(names[column]) if names else 0
    return ids


def test_pairs_masks_and_counts(cli, tmp_path: Path) -> None:
    home, to = datasets.in_shop(tmp_path), tmp_path / "pairs"
    told = cli("prepare", "in-shop", home, "--to", to, "--mapping", "both", "--format", "json").json
    assert (told["pairs"], told["made"], told["unpaired"], told["failed"]) == (2, 2, 2, [])
    segment = home / "Img/img/WOMEN/Dresses/id_00000002/02_1_front_segment.png"
    for folder, column in (("masks", 0), ("masks-readme", 1)):
        made = Image.open(to / folder / f"{FIRST}.png")
        assert made.mode == "P" and np.array_equal(np.asarray(made), by_plain_loops(segment, column))
    photo = to / "photos" / f"{FIRST}.jpg"
    assert photo.read_bytes() == (home / "Img/img/WOMEN/Dresses/id_00000002/02_1_front.jpg").read_bytes()
    pixels = np.asarray(Image.open(segment))[..., :3]
    count = int((pixels == (1, 2, 3)).all(2).sum())
    assert told["unknown_colours"] == {"#010203": count}
    assert table(to / "unknown.csv") == [{"colour": "#010203", "pixels": str(count), "masks": "1"}]
    rows = table(to / "pairs.csv")
    assert [row["split"] for row in rows] == ["train", "gallery"] and rows[0]["category"] == "Dresses"
    labels = {row["name"]: row for row in table(to / "labels.csv")}
    assert labels["dress"]["colour"] == "#fffacd" and labels["dress"]["colour_by_readme"] == "#104e8b"


def test_a_second_run_makes_only_what_is_missing_or_changed(cli, tmp_path: Path) -> None:
    home, to = datasets.in_shop(tmp_path), tmp_path / "pairs"
    run = ("prepare", "in-shop", home, "--to", to, "--links", "--format", "json")
    first = cli(*run).json
    assert (to / "photos" / f"{FIRST}.jpg").stat().st_nlink == 2
    assert cli(*run).json == {**first, "made": 0}  # the counts of unknown colours stay
    (to / "masks" / f"{FIRST}.png").unlink()
    with (to / "done.jsonl").open("a") as ledger:
        ledger.write('{"name": "cut')  # as a kill leaves it
    again = cli(*run).json
    assert (again["pairs"], again["made"]) == (2, 1) and (to / "masks" / f"{FIRST}.png").is_file()
    segment = home / "Img/img/WOMEN/Dresses/id_00000002/02_1_front_segment.png"
    datasets.colour_mask(segment, (255, 140, 0))
    changed = cli(*run).json
    assert changed["made"] == 1 and changed["unknown_colours"] == {}
    assert NAMES.index("bag") in np.asarray(Image.open(to / "masks" / f"{FIRST}.png"))


def test_a_damaged_mask_is_told_and_the_rest_made(cli, tmp_path: Path) -> None:
    home, to = datasets.in_shop(tmp_path), tmp_path / "pairs"
    segment = home / "Img/img/WOMEN/Dresses/id_00000002/02_1_front_segment.png"
    segment.write_bytes(segment.read_bytes()[:60])
    done = cli("prepare", "in-shop", home, "--to", to)
    assert done.code == 1 and done.out.startswith("1 pair in ") and f"failed: {FIRST}" in done.err


def test_what_cannot_be_prepared(cli, tmp_path: Path) -> None:
    home = datasets.in_shop(tmp_path)
    inside = cli("prepare", "in-shop", home, "--to", home / "pairs")
    assert inside.code == 2 and "lies inside" in inside.err
    (tmp_path / "empty").mkdir()
    none = cli("prepare", "in-shop", tmp_path / "empty", "--to", tmp_path / "pairs")
    assert none.code == 2 and "nor any .jpg" in none.err


def test_a_mask_of_full_size_comes_back_pixel_by_pixel() -> None:
    draw = np.random.default_rng(0)
    colours = np.array(list(COLOURS), np.uint8)
    chosen = draw.integers(0, len(colours), (1101, 750))
    out = io.BytesIO()
    Image.fromarray(colours[chosen]).save(out, "PNG", compress_level=1)
    made = np.asarray(Image.open(io.BytesIO(mask_png(read_colour_mask(out.getvalue())))))
    ids = np.array([NAMES.index(names[0]) for names in COLOURS.values()], np.uint8)
    assert np.array_equal(made, ids[chosen])


KILLED = """
import os, signal, sys
from pathlib import Path
from indexer.prepare_in_shop import prepare

def die(done, total):
    if done == 5:
        os.kill(os.getpid(), signal.SIGKILL)

prepare(Path(sys.argv[1]), Path(sys.argv[2]), progress=die)
"""


def test_a_run_that_is_killed_goes_on_to_the_same_end(cli, tmp_path: Path) -> None:
    place, to = tmp_path / "In-shop", tmp_path / "pairs"
    for number in range(12):
        home = place / "WOMEN" / "Skirts" / f"id_{number:08d}"
        datasets.photo(home / "01_1_front.jpg", number)
        datasets.colour_mask(home / "01_1_front_segment.png", (250, 235, 215), (number, 2, 3))
    killed = subprocess.run([sys.executable, "-c", KILLED, place, to], check=False, timeout=120)
    assert killed.returncode == -signal.SIGKILL
    (to / "masks" / sorted(path.name for path in (to / "masks").glob("*.png"))[0]).write_bytes(b"")  # a power cut
    assert cli("prepare", "in-shop", place, "--to", to).code == 0
    assert cli("prepare", "in-shop", place, "--to", tmp_path / "whole").code == 0
    for path in sorted((tmp_path / "whole").rglob("*.*")):
        if path.suffix in (".png", ".jpg", ".csv"):
            assert (to / path.relative_to(tmp_path / "whole")).read_bytes() == path.read_bytes(), path
    assert len(table(to / "pairs.csv")) == 12 and not list(to.rglob("*.tmp"))


@pytest.mark.parametrize("column", [0, 1])
def test_every_colour_has_its_label(tmp_path: Path, column: int) -> None:
    for colour, names in COLOURS.items():
        out = io.BytesIO()
        Image.new("RGB", (2, 2), colour).save(out, "PNG")
        labels = read_colour_mask(out.getvalue(), ("actual", "readme")[column]).labels
        assert (labels == NAMES.index(names[column])).all()
