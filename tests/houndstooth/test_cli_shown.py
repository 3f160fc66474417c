"""What a terminal is shown: names as they are, on one line, without anything that it would obey."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image

from houndstooth.cli.shown import short, shown, shown_path, table_text

HOSTILE = ("\x1b[2Jclear", "two\nlines", "tab\there", "bell\x07", "\u202ebackwards", "\x9b31mred")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("Alder & Finch, été 漢字 👗", "Alder & Finch, été 漢字 👗"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("two\r\nlines\t.", "two\\r\\nlines\\t."),
        ("a\u202eb\u2066c", "a\\u202eb\\u2066c"),
        (os.fsdecode(b"latin-\xe9.jpg"), "latin-\\xe9.jpg"),
        ("\ud800", "\\ud800"),
        (7.5, "7.5"),
    ],
)
def test_shown(value: object, said: str) -> None:
    assert shown(value) == said


def test_short_values() -> None:
    assert short(None) == "" and short(12.5) == "12.5" and short("two\n lines") == "two lines"
    assert (short(True), short(False)) == ("true", "false")  # as a filter and every table write them
    assert short("W" * 90) == "W" * 37 + "..." and short("W" * 40) == "W" * 40
    assert short("red " + "W" * 90).startswith("red WWW")


def test_paths_in_the_current_folder_are_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert shown_path(f"{tmp_path}/photos/1.jpg") == "photos/1.jpg"
    assert shown_path(f"{tmp_path}-2/1.jpg") == f"{tmp_path}-2/1.jpg"
    assert shown_path("https://shop.example/1.jpg") == "https://shop.example/1.jpg"
    monkeypatch.chdir("/")
    assert shown_path("/photos/1.jpg") == "photos/1.jpg"


def test_ids_that_look_like_numbers_stay_as_they_are() -> None:
    rows = [["0007", 3, 0.25], ["1e5", 12, -0.0], ["79.50", 100, None]]
    assert table_text(rows, ["product", "size", "score"]).splitlines() == [
        "product      size    score",
        "---------  ------  -------",
        "0007            3    0.250",
        "1e5            12    0.000",
        "79.50         100",
    ]
    assert table_text([], ["a", "b"]).split() == ["a", "b", "---", "---"]


def test_nothing_that_a_terminal_obeys_is_printed(cli, tmp_path: Path) -> None:
    """Products, brands and file names of a stranger, through every command that prints names."""
    folder, catalog = tmp_path / "photos", tmp_path / "c"
    for number, name in enumerate(HOSTILE):
        (folder / f"brand{name}").mkdir(parents=True)
        Image.new("RGB", (40, 40), (40 * number, 30, 90)).save(folder / f"brand{name}" / f"{name}.png")
        (folder / f"{name}-broken.png").write_bytes(b"no picture")
    (folder / "again\x1b[2J").symlink_to(folder)
    made = cli("index", folder, "--spaces", "colour,palette", "--garments", "none", "-c", catalog)
    assert made.code == 0, made.err
    first = f"id:brand{HOSTILE[0]}/{HOSTILE[0]}"
    asked = [
        made,
        cli("similar", first, "-k", 9, "--explain", "-c", catalog),
        cli("similar", first, "--where", f"category = '{HOSTILE[1]}'", "-c", catalog),
        cli("similar", "--id", "\x1b[2Jclea", "-c", catalog),
        cli("similar", f"{tmp_path}/\x1b[2J.jpg", "-c", catalog),
        cli("cluster", "colour", "-k", 2, "--name", "mine", "-c", catalog),
        cli("clusters", "-c", catalog),
        cli("info", "-c", catalog),
        cli("info", "--failures", "--problems", "--near-duplicates", "--unmasked", "-c", catalog),
        cli("map", "colour", "--method", "pca", "--name", "here", "-c", catalog),
        cli("map", "here", "--place", folder, "-c", catalog),
        cli("garments", folder, "--garments", "given", "--to", tmp_path / "cut"),
        cli("patches", folder, "--garments", "none", "--to", tmp_path / "patches"),
        cli("remove", "--id", first.removeprefix("id:"), "--dry-run", "-c", catalog),
    ]
    for done in asked:
        obeyed = set(done.out + done.err) & set("\x00\x07\x08\t\r\x1b\x7f\x9b\u202e")
        assert not obeyed, (obeyed, done.out, done.err)
    table = asked[1].out.splitlines()
    assert [line.split()[0] for line in table[2 : table.index("")]] == ["1", "2", "3", "4", "5"]
    assert "brandtwo\\nlines/two\\nlines" in asked[1].out
    assert "\\x1b[2Jclear-broken.png" in made.err
