"""`houndstooth patches`: what it prints and how it exits."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image


def draw(path: Path, side: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.effect_noise((side, side), 60).convert("RGB").save(path)
    return path


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    draw(tmp_path / "photos" / "dress" / "a.png", 100)
    draw(tmp_path / "photos" / "dress" / "b.png", 20)
    return tmp_path / "photos"


def test_json_and_a_second_run(cli, photos: Path, tmp_path: Path) -> None:
    done = cli("patches", photos, "--to", tmp_path / "p", "--garments", "none", "--format", "json")
    assert done.code == 0, done.err
    assert {name: value for name, value in done.json.items() if name not in ("seconds", "folder", "reasons")} == {
        "photos": 2, "cut": 1, "unchanged": 0, "refused": 1, "failed": 0, "patches": 1, "enhanced": 0, "problems": 0,
        "reconciled": True,
    }  # fmt: skip
    (reason,) = done.json["reasons"]
    assert reason["photo"].endswith("b.png") and "20 x 20 px, and 32 are needed" in reason["reason"]
    again = cli("patches", photos, "--to", tmp_path / "p", "--garments", "none")
    assert again.code == 0 and "2 photos: 0 cut, 2 unchanged, 0 refused, 0 failed" in again.out


def test_refusals_are_told_and_fail_when_nothing_was_cut(cli, photos: Path, tmp_path: Path) -> None:
    done = cli("patches", photos, "--to", tmp_path / "p", "--garments", "none", "--least-side", 150)
    assert done.code == 1
    assert "2 refused" in done.out and "the largest patch of cloth is 100 x 100 px, and 150 are needed" in done.err


def test_the_patches_can_be_indexed(cli, photos: Path, tmp_path: Path) -> None:
    assert cli("patches", photos, "--to", tmp_path / "p", "--garments", "none").code == 0
    told = cli(
        "index", tmp_path / "p", "-c", tmp_path / "c", "--spaces", "colour", "--as", "patches", "--format", "json"
    )
    assert told.code == 0, told.err
    assert told.json["indexed"] == 1
    said = cli("index", tmp_path / "p", "-c", tmp_path / "d", "--spaces", "colour", "--as", "patches")
    assert said.code == 0 and "mask" not in said.out  # a patch is all cloth


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--largest-side", 20), "less than --least-side"),
        (("--enhance", "x9"), "one of off, x4plus, animevideov3, or a .pth file"),
        (("--enhance", "nothing.pth"), "there is no such file"),
    ],
)
def test_wrong_questions(cli, photos: Path, tmp_path: Path, arguments: tuple[object, ...], said: str) -> None:
    done = cli("patches", photos, "--to", tmp_path / "p", "--garments", "none", *arguments)
    assert done.code == 2 and said in done.err
    assert not (tmp_path / "p").exists()


def test_a_photo_that_is_not_there(cli, tmp_path: Path) -> None:
    done = cli("patches", tmp_path / "none.jpg", "--to", tmp_path / "p", "--garments", "none")
    assert done.code == 2 and "there is no such folder or file" in done.err


def test_a_table_whose_photos_lie_elsewhere(cli, photos: Path, tmp_path: Path) -> None:
    table = tmp_path / "tables" / "t.csv"
    table.parent.mkdir()
    table.write_text("foto,price,path\ndress/a.png,cheap,7\ndress/b.png,9,8\nnone.png,10,9\n", encoding="utf-8")
    told = ("--root", photos, "--column", "image=foto", "--garments", "none")
    done = cli("patches", table, "--to", tmp_path / "p", *told)
    assert done.code == 0, done.err
    assert "3 photos: 1 cut, 0 unchanged, 1 refused, 1 failed" in done.out
    assert f"failed: {photos / 'none.png'}: photo not found" in done.err
    done = cli("patches", photos, "--to", tmp_path / "p", "--root", photos)
    assert done.code == 2 and "are for tables" in done.err


def test_more_than_are_shown_are_listed_in_the_record(cli, tmp_path: Path) -> None:
    for number in range(7):
        draw(tmp_path / "photos" / f"{number}.png", 20)
    done = cli("patches", tmp_path / "photos", "--to", tmp_path / "p", "--garments", "none")
    assert done.err.count("  refused: ") == 5 and done.err.endswith(
        f"{tmp_path / 'p' / 'patches.csv'} lists all 7 refused\n"
    )
