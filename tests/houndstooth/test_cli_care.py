"""`houndstooth info`, `check`, `remove`, `compact`, `migrate`, `demo`, and which catalog they mean."""

from __future__ import annotations

import io
import json
import shutil
import sqlite3
from pathlib import Path

import pytest
from PIL import Image


def ledger_of(catalog: Path, sql: str) -> list:
    with sqlite3.connect(f"file:{catalog / 'catalog.db'}?mode=ro", uri=True) as connection:
        found = connection.execute(sql).fetchall()
    connection.close()
    return found


DIMENSIONS = {"colour": 512, "palette": 20, "vgg": 256, "pattern": 128, "kind": 320, "outline": 155}


def test_info_counts(cli, demo) -> None:
    told = cli("info", "--format", "json", "-c", demo.catalog).json
    assert (told["products"], told["images"], told["failed_files"]) == (40, len(demo.rows), 0)
    spaces = {space["name"]: space for space in told["spaces"]}
    told_refused = cli("info", "--refused", "--format", "json", "-c", demo.catalog).json["refused_photos"]
    assert all(line["reason"].startswith("pattern: ") for line in told_refused)
    assert {name: space["dim"] for name, space in spaces.items()} == DIMENSIONS
    for space in spaces.values():
        assert space["index"] == "flat" and space["bytes"] > 0
        refused = len(demo.rows) - space["rows"]
        assert refused == (len(told_refused) if space["name"] == "pattern" else 0)
    assert told["attributes"]["price"] == "number" and told["attributes"]["maxi"] == "boolean"
    assert told["runs"][0]["kind"] == "index" and told["runs"][0]["seen"] == len(demo.rows)
    text = cli("info", "-c", demo.catalog).out
    assert f"40 products, {len(demo.rows)} photos" in text and "price (number)" in text
    assert "share_COLOUR (beige, " in text and "share_beige" not in text


def test_info_lists_are_empty_where_nothing_is_wrong(cli, demo) -> None:
    told = cli("info", "--failures", "--problems", "--format", "json", "-c", demo.catalog).json
    assert told == {"failures": [], "problems": []}
    assert cli("info", "--failures", "-c", demo.catalog).out == "0 failures\n"


def test_check_is_clean(cli, demo) -> None:
    done = cli("check", "-c", demo.catalog)
    assert done.code == 0 and "all is well" in done.out
    told = cli("check", "--format", "json", "-c", demo.catalog).json
    assert told["clean"] is True and told["findings"] == [] and told["rows"] >= 4 * len(demo.rows)


def damage(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


@pytest.mark.parametrize("folder", ["vectors", "thumbnails"])
def test_a_damaged_file_is_found_and_healed(cli, shop, folder: str) -> None:
    before = cli("similar", "--id", "P0003", "-k", 40, "--format", "json", "-c", shop.catalog).json["hits"]
    broken = max((shop.catalog / folder).iterdir(), key=lambda path: path.stat().st_size)
    damage(broken)
    done = cli("check", "-c", shop.catalog, "--format", "json")
    assert done.code == 1 and not done.json["clean"]
    assert [finding["part"] for finding in done.json["findings"] if finding["subject"] == broken.name] == [folder]
    text = cli("check", "-c", shop.catalog)
    assert text.code == 1 and broken.name in text.out and "was altered" in text.out
    repaired = cli("check", "--repair", "-c", shop.catalog)
    assert repaired.code == 0, repaired.out
    if folder == "vectors":
        assert "run `houndstooth index` on them again" in repaired.out
        assert cli("index", shop.table, "-c", shop.catalog, "--format", "json").json["indexed"] > 0
    assert cli("check", "-c", shop.catalog).code == 0
    after = cli("similar", "--id", "P0003", "-k", 40, "--format", "json", "-c", shop.catalog).json["hits"]
    assert [(hit["product"], hit["image"]) for hit in after] == [(hit["product"], hit["image"]) for hit in before]


def test_a_missing_file_is_found(cli, shop) -> None:
    min((shop.catalog / "vectors").iterdir()).unlink()
    done = cli("check", "-c", shop.catalog)
    assert done.code == 1 and "is missing" in done.out and "wrong" in done.out


def test_remove_says_first_and_then_does(cli, shop) -> None:
    photos = [row for row in shop.rows if row["product"] == "P0002"]
    dry = cli("remove", "--id", "P0002", "--dry-run", "-c", shop.catalog)
    assert dry.out.startswith(f"{len(photos)} of {len(shop.rows)} photos, 1 product\n")
    assert str(shop.photo("P0002")) in dry.out
    told = cli("remove", "--id", "P0002", "--dry-run", "--format", "json", "-c", shop.catalog).json
    assert told["removed"] is False and told["paths"] == [str(shop.folder / row["image"]) for row in photos]
    assert cli("info", "--format", "json", "-c", shop.catalog).json["products"] == 40
    done = cli("remove", "--id", "P0002", "-c", shop.catalog)
    assert done.code == 0 and done.out.endswith(f"\nRemoved {len(photos)} photos, 1 product\n") and len(photos) > 1
    assert cli("info", "--format", "json", "-c", shop.catalog).json["products"] == 39
    gone = cli("similar", "--id", "P0002", "-c", shop.catalog)
    assert gone.code == 2 and "no product 'P0002'" in gone.err
    assert shop.photo("P0002").is_file()
    assert cli("check", "-c", shop.catalog).code == 0
    back = cli("index", shop.table, "-c", shop.catalog, "--format", "json").json
    assert (back["indexed"], back["unchanged"]) == (len(photos), len(shop.rows) - len(photos))


def test_remove_by_filter_and_by_all_conditions(cli, shop) -> None:
    dresses = shop.products(lambda row: row["category"] == "dress")
    told = cli("remove", "--where", "category = 'dress'", "--format", "json", "-c", shop.catalog).json
    assert told["removed"] is True and told["products"] == len(dresses)
    left = cli("similar", "--id", "P0002", "-k", 100, "--format", "json", "-c", shop.catalog).json
    assert left["matched"] == 40 - len(dresses) - ("P0002" not in dresses)
    one = sorted(shop.products() - dresses)[0]
    both = cli("remove", "--where", "price < 0", "--id", one, "--format", "json", "-c", shop.catalog).json
    assert both["images"] == 0 and both["removed"] is False


@pytest.fixture
def disk(cli, tmp_path: Path) -> tuple[Path, Path]:
    """Eight photos on a disk that may go away, and their catalog."""
    photos = tmp_path / "disk"
    photos.mkdir()
    for number in range(8):
        Image.new("RGB", (32, 32), (30 * number, 40, 90)).save(photos / f"{number}.png")
    assert cli("index", photos, "--spaces", "colour", "-c", tmp_path / "c").code == 0
    return photos, tmp_path / "c"


def test_remove_missing(cli, disk: tuple[Path, Path]) -> None:
    photos, catalog = disk
    assert cli("remove", "--missing", "--format", "json", "-c", catalog).json["images"] == 0
    (photos / "3.png").unlink()
    told = cli("remove", "--missing", "--format", "json", "-c", catalog).json
    assert told["paths"] == [str(photos / "3.png")] and told["removed"] is True
    shutil.move(photos, photos.with_name("away"))
    refused = cli("remove", "--missing", "-c", catalog)
    assert refused.code == 2 and "is a disk away?" in refused.err
    assert cli("info", "--format", "json", "-c", catalog).json["images"] == 7
    assert cli("remove", "--missing", "--yes", "-c", catalog).code == 0
    assert cli("info", "--format", "json", "-c", catalog).json["images"] == 0
    assert cli("check", "-c", catalog).code == 0


def test_a_person_is_asked(cli, shop, monkeypatch: pytest.MonkeyPatch) -> None:
    class Keyboard(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Keyboard("n\n"))
    done = cli("remove", "--id", "P0002", "-c", shop.catalog)
    assert done.code == 0 and "Remove them from the catalog? [y/N]" in done.out and "Nothing was removed." in done.out
    assert cli("info", "--format", "json", "-c", shop.catalog).json["products"] == 40
    monkeypatch.setattr("sys.stdin", Keyboard("y\n"))
    assert cli("remove", "--id", "P0002", "-c", shop.catalog).code == 0
    assert cli("info", "--format", "json", "-c", shop.catalog).json["products"] == 39


def test_compact(cli, shop) -> None:
    cli("remove", "--where", "price > 50", "-c", shop.catalog)
    done = cli("compact", "-c", shop.catalog)
    assert done.code == 0 and "files rewritten as" in done.out
    told = cli("info", "--format", "json", "-c", shop.catalog).json
    assert told["removed_regions"] == 0 and all(space["shards"] == 1 for space in told["spaces"])
    assert cli("check", "-c", shop.catalog).code == 0


def test_migrate(cli, shop) -> None:
    from engine.schema import HEAD

    done = cli("migrate", "-c", shop.catalog)
    assert done.code == 0 and f"is up to date (schema {HEAD})" in done.out
    missing = cli("migrate", "-c", shop.catalog.with_name("none"))
    assert missing.code == 3 and "no catalog at" in missing.err


def test_a_newer_catalog_asks_for_a_newer_program(cli, shop) -> None:
    with sqlite3.connect(shop.catalog / "catalog.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    done = cli("info", "-c", shop.catalog)
    assert done.code == 3 and "upgrade" in done.err


def test_a_damaged_database_is_said(cli, shop) -> None:
    (shop.catalog / "catalog.db").write_bytes(b"not a database at all" * 300)
    for command in (["info"], ["similar", "--id", "P0001"], ["check"]):
        done = cli(*command, "-c", shop.catalog)
        assert done.code == 3 and "catalog.db" in done.err and "Traceback" not in done.err


@pytest.mark.parametrize(
    "command",
    [
        ["info"], ["check"], ["similar", "--id", "P0001"], ["cluster", "colour"], ["clusters", "list"], ["compact"],
        ["export", "clusters", "colour", "--to", "c.csv"], ["export", "vectors", "vgg", "--to", "v.npy"],
        ["remove", "--missing"], ["fit", "vgg"],
    ],
    ids=lambda command: " ".join(command[:2]),
)  # fmt: skip
def test_no_catalog_there(cli, tmp_path: Path, command: list[str]) -> None:
    done = cli(*command, "--catalog", tmp_path / "none.catalog")
    assert (done.code, done.out) == (3, "")
    assert f"no catalog at {tmp_path / 'none.catalog'}" in done.err and "houndstooth index" in done.err
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_no_catalog(cli, photo_file: Path) -> None:
    for command in (["info"], ["similar", "--id", "P0001"], ["index", photo_file.parent], ["migrate"]):
        done = cli(*command, "--catalog", photo_file)
        assert (done.code, done.out) == (3, "")
        assert done.err == f"Error: {photo_file} is a file, not a catalog's folder\n"


@pytest.fixture
def photo_file(tmp_path: Path) -> Path:
    Image.new("RGB", (32, 32), (3, 40, 90)).save(tmp_path / "a.png")
    return tmp_path / "a.png"


def test_which_catalog(cli, demo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HOUNDSTOOTH_CATALOG", raising=False)
    assert "no catalog at houndstooth.catalog" in cli("info").err
    monkeypatch.setenv("HOUNDSTOOTH_CATALOG", str(demo.catalog))
    assert cli("info", "--format", "json").json["path"] == str(demo.catalog)
    done = cli("info", "--catalog", tmp_path / "other")
    assert done.code == 3 and str(tmp_path / "other") in done.err
    monkeypatch.delenv("HOUNDSTOOTH_CATALOG")
    shutil.copytree(demo.catalog, tmp_path / "houndstooth.catalog")
    assert cli("info", "--format", "json").json["products"] == 40


def test_demo_draws(cli, tmp_path: Path) -> None:
    done = cli("demo", tmp_path / "shop", "--products", 2, "--seed", 5)
    assert done.code == 0 and "of 2 products" in done.out and str(tmp_path / "shop" / "products.csv") in done.out
    lines = (tmp_path / "shop" / "truth.jsonl").read_text().splitlines()
    assert len(lines) == len(list((tmp_path / "shop" / "photos").rglob("*.jpg"))) and json.loads(lines[0])
    refused = cli("demo", tmp_path / "shop2", "--products", 0)
    assert refused.code == 2 and "x>=1" in refused.err


def test_the_ledger_remembers_every_file(demo) -> None:
    states = dict(ledger_of(demo.catalog, "SELECT state, COUNT(*) FROM ledger GROUP BY state"))
    assert states == {"indexed": len(demo.rows)}


def test_a_removed_photo_that_is_still_there_comes_back(cli, shop) -> None:
    assert cli("remove", "--id", "P0003", "--yes", "-c", shop.catalog).code == 0
    assert cli("similar", "--id", "P0003", "-c", shop.catalog).code == 2
    views = sum(row["product"] == "P0003" for row in shop.rows)
    assert cli("index", shop.table, "-c", shop.catalog, "--format", "json").json["indexed"] == views
    assert cli("similar", "--id", "P0003", "-k", 1, "-c", shop.catalog).code == 0
    assert "comes back with the next" in " ".join(cli("remove", "--help").out.split())


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        (PermissionError(13, "Permission denied", "/shop/x.csv"), "Error: /shop/x.csv: Permission denied\n"),
        (OSError("something else"), "Error: something else\n"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), "Error: not UTF-8 text: 'utf-8' codec"),
    ],
)
def test_what_nothing_nearer_caught_is_one_line(cli, demo, monkeypatch, raised: Exception, said: str) -> None:
    def broken(*_: object) -> None:
        raise raised

    monkeypatch.setattr("engine.store.Store.open", staticmethod(broken))
    done = cli("info", "-c", demo.catalog)
    assert done.code == 2 and done.err.startswith(said) and done.err.count("\n") == 1
