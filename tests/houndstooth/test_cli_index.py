"""`houndstooth index` on folders and tables, with everything that goes wrong in them."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest
from PIL import Image
from web_shop import open_web_shop

LIGHT = ("--spaces", "colour,palette")


def draw(path: Path, colour: tuple[int, int, int]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (48, 64), colour).save(path)
    return path


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    for number in range(6):
        draw(folder / ("dress" if number % 2 else "skirt") / f"{number}.png", (40 * number, 90, 200 - 30 * number))
    return folder


def index(cli, *arguments: object) -> dict:
    done = cli("index", *arguments, *LIGHT, "--format", "json")
    assert done.code == 0, done.err
    return done.json


def totals(told: dict) -> tuple[int, ...]:
    return tuple(told[name] for name in ("seen", "indexed", "unchanged", "duplicate", "failed"))


def test_json_summary_and_an_unchanged_second_run(cli, photos: Path, tmp_path: Path) -> None:
    catalog = tmp_path / "shop.catalog"
    first = index(cli, photos, "-c", catalog)
    assert list(first) == [
        "catalog", "seen", "indexed", "unchanged", "duplicate", "failed", "problems", "products_changed",
        "near_duplicates", "unmasked", "refused", "reconciled", "interrupted", "waiting", "seconds",
    ]  # fmt: skip
    assert totals(first) == (6, 6, 0, 0, 0) and first["reconciled"] is True and first["interrupted"] is False
    assert totals(index(cli, photos, "-c", catalog)) == (6, 0, 6, 0, 0)
    assert totals(index(cli, photos, "-c", catalog, "--recheck")) == (6, 0, 6, 0, 0)
    draw(photos / "dress" / "new.png", (1, 2, 3))
    draw(photos / "dress" / "1.png", (200, 0, 0))
    assert totals(index(cli, photos, "-c", catalog)) == (7, 2, 5, 0, 0)


def test_folder_names_become_categories(cli, photos: Path, tmp_path: Path) -> None:
    index(cli, photos, "-c", tmp_path / "c")
    done = cli("similar", "--colour", "blue", "--where", "category = 'dress'", "-c", tmp_path / "c", "--format", "json")
    assert {Path(hit["image"]).parent.name for hit in done.json["hits"]} == {"dress"}
    assert done.json["matched"] == 3


def test_the_text_summary_lists_failures_on_stderr(cli, photos: Path, tmp_path: Path) -> None:
    for number in range(7):
        (photos / f"broken{number}.jpg").write_bytes(b"\xff\xd8\xff\xe0 not really")
    shutil.copy(photos / "dress" / "1.png", photos / "dress" / "again.png")
    done = cli("index", photos, *LIGHT, "-c", tmp_path / "c")
    assert done.code == 0
    assert done.out.startswith("14 files seen: 6 indexed, 0 unchanged, 1 duplicate, 7 failed")
    assert done.err.count("  failed: ") == 5 and "`houndstooth info --failures` lists all 7" in done.err
    listed = cli("info", "--failures", "--format", "json", "-c", tmp_path / "c").json["failures"]
    assert len(listed) == 7 and all(line["reason"] for line in listed)
    strict = cli("index", photos, *LIGHT, "-c", tmp_path / "c", "--strict")
    assert strict.code == 1
    text = cli("info", "--failures", "-c", tmp_path / "c").out
    assert text.startswith("7 failures\n") and "broken3.jpg" in text


def test_files_of_which_none_can_be_used(cli, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 not really")
    done = cli("index", tmp_path / "photos", *LIGHT, "-c", tmp_path / "c")
    assert done.code == 1 and done.out.startswith("1 file seen: 0 indexed, 0 unchanged, 0 duplicate, 1 failed")
    assert cli("info", "--failures", "-c", tmp_path / "c").out.startswith("1 failure\n")
    draw(tmp_path / "photos" / "whole.png", (1, 2, 3))
    assert cli("index", tmp_path / "photos", *LIGHT, "-c", tmp_path / "c").code == 0
    assert cli("index", tmp_path / "photos", *LIGHT, "-c", tmp_path / "c").code == 0  # unchanged is usable


def test_photos_without_a_mask_are_counted(cli, tmp_path: Path) -> None:
    for number in range(3):
        draw(tmp_path / f"{number}.png", (40 * number, 90, 20))
    mask = Image.new("L", (48, 64))
    mask.paste(255, (8, 8, 30, 30))
    mask.save(tmp_path / "mask.png")
    table = tmp_path / "t.csv"
    table.write_text("image,mask\n0.png,mask.png\n1.png,\n2.png,\n", encoding="utf-8")
    given = (*LIGHT, "--garments", "given")
    assert index(cli, table, "--garments", "given", "-c", tmp_path / "a")["unmasked"] == 2
    assert index(cli, table, "-c", tmp_path / "a")["unmasked"] == 0  # told of what this run indexed
    assert (
        "2 photos have no garment mask, so their colours include"
        in cli("index", table, *given, "-c", tmp_path / "b").out
    )
    table.write_text("image,mask\n0.png,mask.png\n1.png,\n", encoding="utf-8")
    assert (
        "1 photo has no garment mask, so its colours include" in cli("index", table, *given, "-c", tmp_path / "c").out
    )
    table.write_text("image,mask\n0.png,mask.png\n", encoding="utf-8")
    assert "mask" not in cli("index", table, *given, "-c", tmp_path / "d").out


def test_a_table_reports_rows_and_columns(cli, photos: Path, tmp_path: Path) -> None:
    table = tmp_path / "products.csv"
    table.write_text(
        "sku,foto,price,brand\n"
        "a,dress/1.png,10,Bell\n"
        "b,dress/3.png,cheap,Bell\n"  # a type that is wrong
        "c,dress/none.png,12,Ash\n"  # a photo that is missing
        "a,skirt/0.png,11,Bell\n"  # a price that contradicts
        "d,skirt/2.png,13,\n"
    )
    told = index(
        cli, table, "--root", photos, "--column", "image=foto", "--column", "product=sku", "--type", "price=number",
        "-c", tmp_path / "c",
    )  # fmt: skip
    assert totals(told) == (5, 4, 0, 0, 1) and told["problems"] == 2
    problems = cli("info", "--problems", "--format", "json", "-c", tmp_path / "c").json["problems"]
    assert {(line["source"], line["reason"].split(":")[0]) for line in problems} == {
        ("products.csv line 3", "column price"), ("products.csv line 5", "column price"),
    }  # fmt: skip
    failed = cli("info", "--failures", "--format", "json", "-c", tmp_path / "c").json["failures"]
    assert [(line["source"], line["reason"].split(":")[0]) for line in failed] == [
        ("products.csv line 4", "photo not found")
    ]
    with table.open("a") as file:
        file.write("e,,14,\n")
    said = cli(
        "index", table, "--root", photos, "--column", "image=foto", "--column", "product=sku", "-c", tmp_path / "c"
    )
    assert "2 problems that cost no photo: `houndstooth info --problems` lists them" in said.out
    listed = cli("info", "--failures", "-c", tmp_path / "c").out
    assert f"  {table} line 7  column foto is empty" in listed  # and not the row once more
    assert f"  {photos / 'dress' / 'none.png'}  products.csv line 4  photo not found" in listed
    hits = cli("similar", "--id", "b", "--where", "price <= 12", "-c", tmp_path / "c", "--format", "json").json
    assert [hit["product"] for hit in hits["hits"]] == ["a"]


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_other_tables(cli, photos: Path, tmp_path: Path, suffix: str) -> None:
    rows = [
        {"product": f"p{n}", "image": f"{'dress' if n % 2 else 'skirt'}/{n}.png", "price": 5.5 * n} for n in range(4)
    ]
    table = photos / f"products{suffix}"
    if suffix == ".jsonl":
        table.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        import pyarrow as pa
        from pyarrow import parquet

        parquet.write_table(pa.Table.from_pylist(rows), table)
    assert totals(index(cli, table, "-c", tmp_path / "c")) == (4, 4, 0, 0, 0)
    told = cli("similar", "--id", "p0", "--where", "price > 6", "-c", tmp_path / "c", "--format", "json").json
    assert {hit["product"] for hit in told["hits"]} == {"p2", "p3"}


def test_size_limits(cli, photos: Path, tmp_path: Path) -> None:
    Image.new("RGB", (2000, 1000)).save(photos / "large.png")
    assert totals(index(cli, photos, "--max-megapixels", "1", "-c", tmp_path / "a"))[4] == 1
    reason = cli("info", "--failures", "-c", tmp_path / "a").out
    assert "large.png" in reason and "megapixels" in reason
    assert totals(index(cli, photos, "--max-megabytes", "0.001", "-c", tmp_path / "b"))[4] >= 1


def test_a_library_that_is_missing_is_told_before_a_space_is_made(
    cli, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as without:
        for module in ("openvino", "torch", "faiss"):
            without.setitem(sys.modules, module, None)
        done = cli("index", photos, "-c", tmp_path / "c")
        assert done.code == 3 and "pip install 'houndstooth[cpu]'" in done.err
        light = index(cli, photos, "--garments", "given", "-c", tmp_path / "c")
        assert totals(light) == (6, 6, 0, 0, 0)  # without a network it goes on
    assert [space["name"] for space in cli("info", "--format", "json", "-c", tmp_path / "c").json["spaces"]] == [
        "colour",
        "palette",
    ]


def test_more_spaces_later(cli, photos: Path, tmp_path: Path) -> None:
    catalog = tmp_path / "c"
    assert cli("index", photos, "--spaces", "colour", "-c", catalog).code == 0
    assert [space["name"] for space in cli("info", "--format", "json", "-c", catalog).json["spaces"]] == ["colour"]
    told = cli("index", photos, "--spaces", "palette", "-c", catalog, "--format", "json").json
    assert totals(told) == (6, 6, 0, 0, 0)
    spaces = cli("info", "--format", "json", "-c", catalog).json["spaces"]
    assert [(space["name"], space["rows"]) for space in spaces] == [("colour", 6), ("palette", 6)]


AWKWARD = [
    "with space.png",
    'it\'s "quoted".png',
    "été 漢字 🧥.png",
    "semi;colon,comma.png",
    "-dash.png",
    "#hash%20.png",
]


def test_awkward_file_names(cli, tmp_path: Path) -> None:
    folder = tmp_path / "my photos" / "robe d'été"
    for number, name in enumerate(AWKWARD):
        draw(folder / name, (50 * number, 255 - 50 * number, 77))
    catalog = tmp_path / "my catalog's"
    assert totals(index(cli, folder.parent, "-c", catalog)) == (len(AWKWARD), len(AWKWARD), 0, 0, 0)
    for name in AWKWARD:
        done = cli(
            "similar",
            folder / name,
            "-k",
            "1",
            "--where",
            "category = 'robe d''été'",
            "--format",
            "paths",
            "-c",
            catalog,
        )
        assert done.out == f"{folder / name}\n"
    done = cli("similar", folder / AWKWARD[2], "-k", "6", "--format", "json", "-c", catalog)
    assert {Path(hit["image"]).name for hit in done.json["hits"]} == set(AWKWARD)
    assert cli("check", "-c", catalog).code == 0


def test_near_duplicates_are_told_not_dropped(cli, demo, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    shutil.copy(demo.photo("P0001"), folder / "a.jpg")
    shutil.copy(demo.photo("P0002"), folder / "b.jpg")
    with Image.open(demo.photo("P0001")) as photo:
        photo.save(folder / "c.jpg", quality=60)
    told = index(cli, folder, "-c", tmp_path / "c")
    assert totals(told) == (3, 3, 0, 0, 0) and told["near_duplicates"] == 1
    pairs = cli("info", "--near-duplicates", "--format", "json", "-c", tmp_path / "c").json["near_duplicates"]
    assert [(Path(pair["path"]).name, Path(pair["other"]).name) for pair in pairs] == [("a.jpg", "c.jpg")]
    bits = pairs[0]["bits"]
    listed = cli("info", "--near-duplicates", "-c", tmp_path / "c").out
    assert listed == f"1 near duplicate\n  {folder}/a.jpg  {folder}/c.jpg  {bits} of 64 bits differ\n"


def test_a_link_that_is_not_followed_is_no_cell(cli, photos: Path, tmp_path: Path) -> None:
    (photos / "again").symlink_to(photos)
    said = cli("index", photos, *LIGHT, "-c", tmp_path / "c").out
    assert "1 problem that cost no photo: `houndstooth info --problems` lists them" in said and "cell" not in said
    assert "again  a link to" in cli("info", "--problems", "-c", tmp_path / "c").out


REFUSED = [
    (["nothere"], "there is no such folder or file"),
    (["{photos}", "--root", "."], "are for tables"),
    (["{photos}", "--type", "price"], "has no '='"),
    (["{photos}", "--type", "price=nmber"], "none of the types text, number, boolean"),
    (["{photos}", "--column", "image"], "has no '='"),
    (["{photos}", "--spaces", "colr"], "did you mean 'colour'?"),
    (["{photos}", "--max-megapixels", "-3"], "x>0"),
    (["{table}", "--column", "image=foto"], "names a column that is not there"),
    (["{table}", "--type", "nothing=number"], "nothing"),
]


@pytest.mark.parametrize(("arguments", "said"), REFUSED, ids=[" ".join(row[0]) for row in REFUSED])
def test_wrong_sources_make_no_catalog(cli, photos: Path, tmp_path: Path, arguments, said: str) -> None:
    table = tmp_path / "products.csv"
    table.write_text("image,product\ndress/1.png,a\n")
    named = [argument.format(photos=photos, table=table) for argument in arguments]
    done = cli("index", *named, "-c", tmp_path / "c")
    assert done.code == 2 and said in done.err, done.err
    assert not (tmp_path / "c" / "catalog.db").exists()


def test_a_folder_of_other_things_is_no_catalog(cli, photos: Path, tmp_path: Path) -> None:
    done = cli("index", photos, *LIGHT, "-c", photos)
    assert done.code == 3 and "holds other files" in done.err
    assert sorted(path.name for path in photos.iterdir()) == ["dress", "skirt"]


def test_a_folder_without_pictures_is_refused(cli, tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    done = cli("index", tmp_path / "none", *LIGHT, "-c", tmp_path / "c")
    assert done.code == 2 and "no pictures in this folder or below" in done.err


@pytest.mark.parametrize("where", ["there", "new"])
def test_a_type_that_clashes_is_refused_before_anything_is_read(
    cli, shop, tmp_path: Path, monkeypatch, where: str
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("a photo was read")

    monkeypatch.setattr("indexer.bulk.take_in", never)
    if where == "there":
        before = cli("info", "--format", "json", "-c", shop.catalog).out
        done = cli("index", shop.table, "--type", "price=text", "-c", shop.catalog)
        says = [
            "'price' is text here, and in the catalog it is number",
            "leave its --type out",
            "--column my_price=price",
        ]
        assert cli("info", "--format", "json", "-c", shop.catalog).out == before
    else:
        table, place = shop.folder / "clash.csv", tmp_path / "new.catalog"
        table.write_text(f"image,dominant_colour\n{shop.rows[0]['image']},7\n", encoding="utf-8")
        done = cli("index", table, "-c", place)
        says = [
            "'dominant_colour' is number here",
            "palette tells a text",
            "--column my_dominant_colour=dominant_colour",
        ]
        assert not place.exists()
    assert done.code == 2 and all(part in done.err for part in says), done.err


def test_a_clash_goes_away_with_another_name(cli, shop, tmp_path: Path) -> None:
    table, place = shop.folder / "clash2.csv", tmp_path / "new.catalog"
    table.write_text(f"image,dominant_colour\n{shop.rows[0]['image']},7\n", encoding="utf-8")
    done = cli("index", table, "--column", "my_dominant_colour=dominant_colour", "--spaces", "palette", "-c", place)
    assert done.code == 0, done.err
    told = cli("info", "--format", "json", "-c", place).json["attributes"]
    assert (told["my_dominant_colour"], told["dominant_colour"]) == ("number", "text")


@pytest.mark.parametrize("where", ["there", "new"])
def test_a_table_is_surveyed_once(cli, shop, tmp_path: Path, monkeypatch, where: str) -> None:
    from indexer.sources import rows_delimited

    surveyed = []
    survey = rows_delimited.survey

    def counted(*arguments, **more):
        surveyed.append(1)
        return survey(*arguments, **more)

    monkeypatch.setattr(rows_delimited, "survey", counted)
    place = shop.catalog if where == "there" else tmp_path / "new.catalog"
    assert cli("index", shop.table, "--spaces", "colour", "-c", place).code == 0
    assert len(surveyed) == 1


def test_addresses_are_read_when_that_is_asked_for(cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("aiohttp", reason="aiohttp is optional: pip install 'houndstooth[remote]'")
    monkeypatch.delenv("HOUNDSTOOTH_ALLOW_REMOTE", raising=False)
    catalog, table = tmp_path / "c", tmp_path / "products.csv"
    with open_web_shop() as web:
        web.photos["/1.png"] = draw(tmp_path / "1.png", (200, 30, 40)).read_bytes()
        table.write_text(f"image,product\n{web.address('/1.png?token=hunter2')},p1\n")
        refused = cli("index", table, *LIGHT, "-c", catalog)
        assert refused.code == 1 and "--allow-remote" in refused.err and "hunter2" not in refused.out + refused.err
        inside = cli("index", table, *LIGHT, "-c", catalog, "--allow-remote")
        assert inside.code == 1 and "--allow-private" in inside.err and not web.asked
        told = index(cli, table, "-c", catalog, "--allow-remote", "--allow-private")
        assert totals(told) == (1, 1, 0, 0, 0)
        monkeypatch.setenv("HOUNDSTOOTH_ALLOW_REMOTE", "1")
        monkeypatch.setenv("HOUNDSTOOTH_ALLOW_PRIVATE", "1")
        assert totals(index(cli, table, "-c", catalog)) == (1, 0, 1, 0, 0)
        done = cli("similar", "--id", "p1", "-c", catalog, "--format", "json")
        assert done.code == 0 and "hunter2" not in done.out


def test_a_bucket_is_not_a_folder(cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOUNDSTOOTH_ALLOW_REMOTE", raising=False)
    done = cli("index", "s3://shop/photos", "-c", tmp_path / "c")
    assert done.code == 2 and "s3://shop/photos is an address" in done.err and "--allow-remote" in done.err
    alone = cli("index", tmp_path, "-c", tmp_path / "c", "--allow-private")
    assert alone.code == 2 and "give --allow-remote as well" in alone.err
    assert not (tmp_path / "c").exists()
    assert cli("sources", "s3://shop/photos").out == "bucket\n"
