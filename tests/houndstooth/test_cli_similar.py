"""`houndstooth similar`: every way to ask, and every way to be answered."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from builders import draw
from pyarrow import parquet

import houndstooth

FIRST = "P0003"


def products(told: dict) -> list[str]:
    return [hit["product"] for hit in told["hits"]]


def test_json_has_exactly_the_documented_shape(ask) -> None:
    told = ask("--id", FIRST, "-k", 3)
    assert list(told) == ["query", "matched", "searched", "exact", "hits"]
    assert told["query"] == {
        "like": [f"id:{FIRST}"], "using": {"colour": 1.0, "palette": 0.5, "vgg": 1.0, "pattern": 1.0}, "where": "",
        "k": 3, "offset": 0, "min_score": None, "group": "product",
    }  # fmt: skip
    assert (told["matched"], told["exact"], len(told["hits"])) == (39, True, 3)
    for rank, hit in enumerate(told["hits"], start=1):
        assert list(hit) == ["rank", "product", "image", "score", "scores", "attributes", "confidences"]
        assert hit["rank"] == rank
        assert set(hit["scores"]) == {"colour", "palette", "vgg", "pattern"}
        assert Path(hit["image"]).is_file()
        assert {"category", "price", "brand", "maxi", "dominant_colour"} <= set(hit["attributes"])
        assert isinstance(hit["attributes"]["price"], float) and isinstance(hit["attributes"]["maxi"], bool)


def test_a_photo_of_the_catalog_finds_itself_first(ask, demo) -> None:
    told = ask(demo.photo(FIRST), "-k", 1)
    assert products(told) == [FIRST]
    assert told["hits"][0]["image"] == str(demo.photo(FIRST))
    assert told["hits"][0]["score"] == pytest.approx(1, abs=1e-3)


def test_a_photo_from_elsewhere_is_extracted_now(ask, demo, tmp_path: Path) -> None:
    from PIL import Image

    other = tmp_path / "résumé of 'a' dress.png"
    with Image.open(demo.photo(FIRST)) as photo:
        photo.resize((photo.width * 3 // 4, photo.height * 3 // 4)).save(other)
    told = ask(other, "-k", 5, "--using", "vgg")
    assert told["query"]["like"] == [str(other)]
    assert FIRST in products(told)


def test_a_mask_leaves_the_background_out(ask, cli, demo, tmp_path: Path) -> None:
    from PIL import Image

    row = next(row for row in demo.rows if row["product"] == FIRST)
    photo, mask = tmp_path / "small.png", demo.folder / row["mask"]
    with Image.open(demo.folder / row["image"]) as whole:
        whole.resize((whole.width * 3 // 4, whole.height * 3 // 4)).save(photo)
    plain = {hit["product"]: hit["score"] for hit in ask(photo, "-k", 40)["hits"]}
    told = ask(photo, "--mask", mask, "-k", 40, "--explain")
    assert products(told)[0] == FIRST and told["hits"][0]["score"] > plain[FIRST]
    assert told["query"]["mask"] == str(mask) and told["explanation"]["query"]["dominant_colour"]
    same = houndstooth.open(demo.catalog).similar(photo, k=40, mask=mask)
    assert [hit.product for hit in same.hits] == products(told)


def test_a_mask_counts_even_for_a_photo_of_the_catalog(ask, demo, tmp_path: Path) -> None:
    from PIL import Image

    with Image.open(demo.photo(FIRST)) as photo:
        background = Image.new("L", photo.size)
        background.paste(255, (0, 0, photo.width, 8))
    background.save(tmp_path / "edge.png")
    assert ask(demo.photo(FIRST), "-k", 1)["hits"][0]["score"] == pytest.approx(1, abs=1e-3)
    edge = ask(demo.photo(FIRST), "--mask", tmp_path / "edge.png", "-k", 40, "--using", "colour")["hits"]
    assert next(hit["score"] for hit in edge if hit["product"] == FIRST) < 0.9


def test_a_mask_that_cannot_be_used_is_said(cli, demo, tmp_path: Path) -> None:
    photo, other = demo.photo(FIRST), demo.photo("P0004")
    mask = demo.folder / next(row for row in demo.rows if row["product"] == FIRST)["mask"]
    for asked, said in [
        (["--id", FIRST, "--mask", mask], "a mask is for one photo asked with, and there are none"),
        ([photo, other, "--mask", mask], "a mask is for one photo asked with, and there are 2"),
        ([photo, "--mask", tmp_path / "no.png"], f"cannot use the mask {tmp_path / 'no.png'}: no such file"),
        ([photo, "--mask", demo.table], "the mask: "),
    ]:
        done = cli("similar", *asked, "-c", demo.catalog)
        assert done.code == 2 and said in done.err, done.err


def test_an_id_leaves_its_own_product_out(ask) -> None:
    told = ask("--id", FIRST, "-k", 100)
    assert len(told["hits"]) == told["matched"] == 39
    assert FIRST not in products(told)


def test_several_examples_are_combined(ask, demo) -> None:
    told = ask("--id", FIRST, "--id", "P0004", demo.photo("P0005"), "-k", 100)
    assert told["query"]["like"] == [str(demo.photo("P0005")), f"id:{FIRST}", "id:P0004"]
    assert not {FIRST, "P0004"} & set(products(told))
    assert products(told)[0] == "P0005"


def test_not_pushes_away(ask) -> None:
    plain = ask("--id", FIRST, "-k", 100)
    near = products(plain)[0]
    score = {hit["product"]: hit["score"] for hit in plain["hits"]}
    pushed = ask("--id", FIRST, "--not", f"id:{near}", "-k", 100)
    assert near not in products(pushed)
    assert pushed["query"]["unlike"] == [f"id:{near}"]
    like_it = products(ask("--id", near, "-k", 2))[:1]  # what is most like the unwanted falls
    after = {hit["product"]: hit["score"] for hit in pushed["hits"]}
    assert all(after[product] < score[product] for product in like_it if product in after)


def test_colours_alone(ask) -> None:
    everything = ask("--id", FIRST, "--group", "image", "-k", 1000)["hits"]
    purest = max(everything, key=lambda hit: hit["attributes"].get("share_green", 0))
    assert purest["attributes"]["share_green"] > 0.9
    told = ask("--colour", "green", "-k", 3)
    assert told["query"]["colours"] == "green"
    assert told["hits"][0]["attributes"]["dominant_colour"] == "green"
    shares = ask("--colour", "#1a1a2e:60,#ffffff:40", "-k", 5)
    assert len(shares["hits"]) == 5
    assert ask("--color", "green", "-k", 3)["hits"] == told["hits"]


def test_colours_beside_a_photo(ask) -> None:
    alone = {hit["product"]: hit["scores"]["colour"] for hit in ask("--id", FIRST, "-k", 100)["hits"]}
    both = {hit["product"]: hit["scores"]["colour"] for hit in ask("--id", FIRST, "--colour", "red", "-k", 100)["hits"]}
    reddest = ask("--colour", "red", "--using", "colour", "-k", 2)["hits"]
    red = next(hit["product"] for hit in reddest if hit["product"] != FIRST)
    assert both[red] > alone[red]


def test_weights_make_the_score(ask) -> None:
    told = ask("--id", FIRST, "--using", "vgg=2,colour=1", "--explain", "-k", 5)
    assert told["query"]["using"] == {"vgg": 2.0, "colour": 1.0}
    shares = {name: said["share"] for name, said in told["explanation"]["spaces"].items()}
    assert sum(shares.values()) == pytest.approx(1, abs=1e-3)
    for hit in told["hits"]:
        fused = sum(shares[name] * score for name, score in hit["scores"].items())
        assert hit["score"] == pytest.approx(fused, abs=2e-3)
    single = ask("--id", FIRST, "--using", "vgg", "-k", 5)
    assert all(hit["score"] == hit["scores"]["vgg"] for hit in single["hits"])


WHERES = [
    ("category = 'dress'", lambda row: row["category"] == "dress"),
    ("category = 'dress' and price < 80", lambda row: row["category"] == "dress" and float(row["price"]) < 80),
    ("category in ('skirt', 'shirt') and not maxi",
     lambda row: row["category"] in ("skirt", "shirt") and row["maxi"] == "false"),
    ("price between 30 and 60 or brand like 'B%'",
     lambda row: 30 <= float(row["price"]) <= 60 or row["brand"].startswith("B")),
    ("maxi", lambda row: row["maxi"] == "true"),
    ("product = 'P0009'", lambda row: row["product"] == "P0009"),
    ("price < 0", lambda row: False),
]  # fmt: skip


@pytest.mark.parametrize(("where", "keep"), WHERES, ids=[where for where, _ in WHERES])
@pytest.mark.parametrize("k", [1, 4, 1000])
def test_filtered_results_are_never_short(ask, demo, where, keep, k: int) -> None:
    told = ask("--id", FIRST, "--where", where, "-k", k)
    expected = demo.products(keep) - {FIRST}
    assert told["matched"] == len(expected)
    assert len(told["hits"]) == min(k, len(expected))
    assert set(products(told)) <= expected


def test_pages_join_up(ask) -> None:
    whole = ask("--id", FIRST, "-k", 12)["hits"]
    parts = [ask("--id", FIRST, "-k", 5, "--offset", offset)["hits"] for offset in (0, 5, 10)]
    assert [hit for part in parts for hit in part][:12] == whole
    assert ask("--id", FIRST, "-k", 5, "--offset", 39)["hits"] == []


def test_min_score_cuts(ask) -> None:
    whole = ask("--id", FIRST, "-k", 100)["hits"]
    middle = (whole[10]["score"] + whole[11]["score"]) / 2
    assert whole[10]["score"] > whole[11]["score"]
    cut = ask("--id", FIRST, "-k", 100, "--min-score", middle)["hits"]
    assert [hit["product"] for hit in cut] == [hit["product"] for hit in whole if hit["score"] >= middle]


def test_group_image_gives_every_photo(ask, demo) -> None:
    told = ask("--id", FIRST, "--group", "image", "-k", 1000)
    images = [hit["image"] for hit in told["hits"]]
    others = [str(demo.folder / row["image"]) for row in demo.rows if row["product"] != FIRST]
    assert sorted(images) == sorted(others)
    assert told["matched"] == len(others)
    assert [hit["score"] for hit in told["hits"]] == sorted((hit["score"] for hit in told["hits"]), reverse=True)


def test_explain_says_colours_and_counts(ask, cli, demo) -> None:
    told = ask("--id", FIRST, "--explain", "-k", 2)
    assert list(told) == ["query", "matched", "searched", "exact", "hits", "explanation"]
    assert isinstance(told["explanation"]["query"]["dominant_colour"], str)
    assert all("dominant_colour" in hit["attributes"] for hit in told["hits"])
    table = cli("similar", "--id", FIRST, "--explain", "-k", 2, "--catalog", demo.catalog).out
    assert "39 matched the filter" in table and "exactly" in table and "asked with: dominant colour" in table
    assert table.splitlines()[0].split()[:6] == ["rank", "product", "score", "colour", "palette", "vgg"]


def test_the_table_is_for_people(cli, demo) -> None:
    lines = cli("similar", "--id", FIRST, "-k", 4, "--catalog", demo.catalog).out.splitlines()
    assert lines[0].split()[:3] == ["rank", "product", "score"]
    assert len(lines) == 6 and lines[2].split()[0] == "1" and lines[2].split()[1].startswith("P")


def test_the_table_shows_attributes_of_the_catalogs_own(cli, tmp_path: Path) -> None:
    from PIL import Image

    rows = ["image,product,pattern,maker,note"]
    for number in range(3):
        Image.new("RGB", (40, 40), (60 * number + 40, 30, 90)).save(tmp_path / f"{number}.png")
        rows.append(f"{number}.png,Q{number},dots{number},M,{'long ' * 30}")
    (tmp_path / "t.csv").write_text("\n".join(rows), encoding="utf-8")
    assert cli("index", tmp_path / "t.csv", "--spaces", "palette", "-c", tmp_path / "c").code == 0
    lines = cli("similar", "--id", "Q0", "--using", "palette", "-c", tmp_path / "c").out.splitlines()
    head = lines[0].split()
    assert sorted(head[3:-1]) == ["colour", "dominant", "maker", "note", "pattern"] and head[3] == "dominant"
    assert any("dots1" in line for line in lines) and "share" not in lines[0]
    assert max(map(len, lines)) < 140 + len(str(tmp_path))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["--where", "product = 'P0003'"], "the only product that matches is the one asked with"),
        (["--id", "P0004", "--where", "product in ('P0003', 'P0004')"],
         "the only products that match are those asked with"),
        (["--where", "category = 'Dress' and price > 0"], "no product has category 'Dress': the nearest is dress"),
        (["--where", "category in ('zzz', 'qqq')"], "no product has category 'zzz': it is one of "),
        (["--where", "price < 0"], "nothing in the catalog satisfies the filter"),
        (["--where", "category = 'dress' and price < 0"], "nothing in the catalog satisfies the filter"),
        (["--where", "category != 'Dress' and price < 0"], "nothing in the catalog satisfies the filter"),
        (["--min-score", "2"], "none of the 39 that match scores 2 or more"),
        (["--offset", "39"], "--offset 39 leaves out all 39 that match"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_no_hits_say_why(cli, demo, asked: list[str], said: str) -> None:
    done = cli("similar", "--id", FIRST, *asked, "-c", demo.catalog)
    assert done.code == 0 and done.out.startswith(f"No hits: {said}"), done.out


def test_csv_and_paths_agree_with_json(ask, cli, demo) -> None:
    hits = ask("--id", FIRST, "-k", 4)["hits"]
    rows = list(
        csv.DictReader(io.StringIO(cli("similar", "--id", FIRST, "-k", 4, "--format", "csv", "-c", demo.catalog).out))
    )
    assert [(int(row["rank"]), row["product"], row["image"]) for row in rows] == [
        (hit["rank"], hit["product"], hit["image"]) for hit in hits
    ]
    assert [float(row["price"]) for row in rows] == [hit["attributes"]["price"] for hit in hits]
    paths = cli("similar", "--id", FIRST, "-k", 4, "--format", "paths", "-c", demo.catalog).out
    assert paths.splitlines() == [hit["image"] for hit in hits]


def test_html_is_one_page_with_its_pictures(cli, demo, tmp_path: Path) -> None:
    page = tmp_path / "hits.html"
    asked = ["similar", demo.photo(FIRST), "--colour", "navy", "--not", "id:P0004"]
    done = cli(*asked, "-k", 5, "--html", page, "-c", demo.catalog)
    assert done.code == 0 and str(page) in done.err and done.out.startswith("rank")
    text = page.read_text(encoding="utf-8")
    assert text.count("data:image/jpeg;base64,") == 5 + 2  # the hits, the photo asked with, the product not wanted
    assert not re.search(r"""(src|href)\s*=\s*(?!["']?(data:|#))|url\((?!["']?data:)|@import|<script""", text)
    assert demo.photo(FIRST).name in text and "P0004" in text


def test_batch_answers_line_by_line(cli, demo, tmp_path: Path) -> None:
    queries = tmp_path / "queries.txt"
    queries.write_text(f"id:{FIRST}\n\n/nowhere/none.jpg\n{demo.photo('P0004')}\nid:NOPE\n", encoding="utf-8")
    done = cli("similar", "--batch", queries, "-k", 2, "--where", "price > 0", "-c", demo.catalog)
    assert done.code == 2 and "2 lines could not be answered" in done.err
    told = [json.loads(line) for line in done.out.splitlines()]
    assert [one["query"]["like"] for one in told] == [
        [f"id:{FIRST}"], ["/nowhere/none.jpg"], [str(demo.photo("P0004"))], ["id:NOPE"],
    ]  # fmt: skip
    assert [len(one.get("hits", [])) for one in told] == [2, 0, 2, 0]
    assert "no such file" in told[1]["error"] and "no product 'NOPE'" in told[3]["error"]
    assert told[0]["hits"] == cli(
        "similar", "--id", FIRST, "-k", 2, "--format", "json", "-c", demo.catalog
    ).json["hits"]  # fmt: skip


def test_batch_says_a_wrong_filter_on_every_line(cli, demo, tmp_path: Path) -> None:
    queries = tmp_path / "queries.txt"
    queries.write_text(f"id:{FIRST}\nid:NOPE\nid:P0004\n", encoding="utf-8")
    done = cli("similar", "--batch", queries, "--where", "prise > 0", "-c", demo.catalog)
    told = [json.loads(line)["error"] for line in done.out.splitlines()]
    assert done.code == 2 and "3 lines could not be answered" in done.err
    assert "prise" in told[0] and told[0] == told[2] and "no product 'NOPE'" in told[1]


def test_batch_from_standard_input_answers_each_line_as_it_comes(demo) -> None:
    """A program that asks one question after the other, and waits for the answer to each."""
    command = [sys.executable, "-m", "houndstooth", "similar", "--batch", "-", "-k", "1", "-c", str(demo.catalog)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None and process.stdout is not None
        for product in (FIRST, "P0004"):
            process.stdin.write(f"id:{product}\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["query"]["like"] == [f"id:{product}"]
        process.stdin.close()
        assert process.wait(timeout=60) == 0


def test_batch_brings_its_own_questions(cli, demo, tmp_path: Path) -> None:
    done = cli("similar", "--batch", tmp_path / "q.txt", "--id", FIRST, "-c", demo.catalog)
    assert done.code == 2 and "--batch brings its own questions" in done.err
    done = cli("similar", "--batch", tmp_path / "q.txt", "--format", "csv", "-c", demo.catalog)
    assert done.code == 2 and "leave out --format csv" in done.err


@pytest.mark.parametrize("made", ["nothing", "folder"])
def test_batch_says_which_file_it_cannot_read(cli, demo, tmp_path: Path, made: str) -> None:
    queries = tmp_path / "queries"
    if made == "folder":
        queries.mkdir()
    done = cli("similar", "--batch", queries, "-c", demo.catalog)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"Error: cannot read questions from {queries}: ") and done.err.count("\n") == 1


def test_a_batch_line_that_is_not_utf8_fails_alone(cli, demo, tmp_path: Path) -> None:
    queries = tmp_path / "queries.txt"
    queries.write_bytes(b"\xef\xbb\xbfid:P0003\r\nid:\xe9t\xe9\r\nid:P0004\r\n")  # a BOM, then a line in Latin-1
    done = cli("similar", "--batch", queries, "-k", 1, "-c", demo.catalog)
    told = [json.loads(line) for line in done.out.splitlines()]
    assert done.code == 2 and [len(one.get("hits", [])) for one in told] == [1, 0, 1]
    assert told[1]["error"] == "the line is not UTF-8 text"


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_results_go_to_a_table(cli, ask, demo, tmp_path: Path, suffix: str) -> None:
    to = tmp_path / f"hits{suffix}"
    done = cli("similar", "--id", FIRST, "-k", 4, "--to", to, "-c", demo.catalog)
    assert done.code == 0 and f"Wrote {to}" in done.err and done.out.startswith("rank")
    if suffix == ".csv":
        rows = list(csv.DictReader(io.StringIO(to.read_text(encoding="utf-8"))))
    elif suffix == ".jsonl":
        rows = [json.loads(line) for line in to.read_text(encoding="utf-8").splitlines()]
    else:
        rows = parquet.read_table(to).to_pylist()
    hits = ask("--id", FIRST, "-k", 4)["hits"]
    assert [(int(row["rank"]), row["product"], row["image"], float(row["price"])) for row in rows] == [
        (hit["rank"], hit["product"], hit["image"], hit["attributes"]["price"]) for hit in hits
    ]
    assert [float(row["score"]) for row in rows] == pytest.approx([hit["score"] for hit in hits], abs=1e-6)


def test_results_go_to_a_page_and_to_a_folder(cli, ask, demo, tmp_path: Path) -> None:
    pages = tmp_path / "one.html", tmp_path / "two.html"
    done = cli("similar", "--id", FIRST, "-k", 3, "--html", pages[0], "--to", pages[1], "-c", demo.catalog)
    assert done.code == 0 and pages[0].read_text(encoding="utf-8") == pages[1].read_text(encoding="utf-8")
    images = [Path(hit["image"]) for hit in ask("--id", FIRST, "-k", 3)["hits"]]
    for name, options in (("links", []), ("copies", ["--copy"])):
        folder = tmp_path / name
        done = cli("similar", "--id", FIRST, "-k", 3, "--to", folder, *options, "-c", demo.catalog)
        assert done.code == 0 and done.err == f"Wrote {folder} (3 {name})\n"
        put = sorted(path for path in folder.iterdir() if path.name != "houndstooth-export.json")
        assert [path.name for path in put] == [f"{n:04d}-{image.name}" for n, image in enumerate(images, start=1)]
        assert [path.read_bytes() for path in put] == [image.read_bytes() for image in images]
        assert {path.is_symlink() for path in put} == {name == "links"}


def test_photos_in_an_archive_cannot_be_linked_to_and_the_folder_says_so(cli, tmp_path: Path) -> None:
    draw(tmp_path / "a.png", 1)
    with zipfile.ZipFile(tmp_path / "shop.zip", "w") as packed:
        packed.write(tmp_path / "a.png", "dress/a.png")
    catalog, folder = tmp_path / "shop.catalog", tmp_path / "hits"
    options = ("--spaces", "colour", "--garments", "none")
    assert cli("index", tmp_path / "shop.zip", *options, "-c", catalog).code == 0
    done = cli("similar", "--colour", "navy", "--to", folder, "-c", catalog)
    assert done.err == f"Wrote {folder} (1 thumbnail where a photo is gone or cannot be linked to)\n"
    assert cli("similar", "--colour", "navy", "--to", folder, "--copy", "-c", catalog).err.endswith("(1 copy)\n")


REFUSED = [
    (["id:\udcff"], 2, "it is not UTF-8 text"),
    (["--id", "\udcff"], 2, "it is not UTF-8 text"),
    (["\udcff.jpg"], 2, "no such file"),
    (["--id", "P0003", "--to", "hits.xls"], 2, "end the name in .csv, .jsonl, .parquet, .html"),
    (["--id", "P0003", "--to", "hits.csv", "--copy"], 2, "--copy is for a folder"),
    (["--id", "P0003", "--copy"], 2, "--copy is for a folder"),
    (["nothere.jpg"], 2, "cannot ask with nothere.jpg: no such file"),
    (["--id", "P0003", "--not", "P0004"], 2, "a product of the catalog is written id:P0004"),
    (["--id", "Q0003"], 2, "did you mean P0003"),
    (["--id", "P0003", "-k", "0"], 2, "a whole number from 1"),
    (["--id", "P0003", "-k", "many"], 2, "is not a valid integer"),
    (["--id", "P0003", "--offset", "-1"], 2, "a whole number from 0"),
    (["--id", "P0003", "--using", "vg=2"], 2, "did you mean 'vgg'?"),
    (["--id", "P0003", "--using", "vgg=2,colour,vgg=1"], 2, "'vgg' is given twice"),
    (["--id", "P0003", "--using", "vgg=x"], 2, "write it as vgg=2,colour=1"),
    (["--id", "P0003", "--using", "vgg=0"], 2, "must be above 0"),
    (["--id", "P0003", "--min-score", "nan"], 2, "min_score is a number"),
    (["--id", "P0003", "--group", "shop"], 2, "'product', 'image'"),
    (["--id", "P0003", "--format", "xml"], 2, "'table', 'json', 'csv', 'paths'"),
    (["--id", "P0003", "--wher", "maxi"], 2, "--where"),
    (["--id", "P0003", "--html", "page.pdf"], 2, "end 'page.pdf' in .html"),
    (["--id", "P0003", "--html", "/none/page.html"], 2, "there is no folder /none"),
    (["--colour", "nvy"], 2, "navy"),
    (["--colour", "navy", "--using", "vgg"], 2, "cannot see colours alone"),
    ([], 2, "ask with something"),
]


@pytest.mark.parametrize(("arguments", "code", "said"), REFUSED, ids=[" ".join(row[0]) or "nothing" for row in REFUSED])
def test_wrong_questions_get_an_answer_that_helps(cli, demo, arguments, code: int, said: str) -> None:
    done = cli("similar", *arguments, "--catalog", demo.catalog)
    assert (done.code, done.out) == (code, "")
    assert said in done.err
    assert "Traceback" not in done.err


def test_a_wrong_filter_is_shown_with_a_caret(cli, demo) -> None:
    done = cli("similar", "--id", FIRST, "--where", "price > 3 and categry = 'dress'", "-c", demo.catalog)
    assert done.code == 2
    assert "there is no attribute categry; did you mean category?" in done.err
    text, caret = done.err.rstrip().splitlines()[-2:]
    assert text[caret.index("^") : caret.rindex("^") + 1] == "categry"


def test_a_broken_photo_is_named(cli, demo, tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(demo.photo(FIRST).read_bytes()[:2000])
    done = cli("similar", broken, "-c", demo.catalog)
    assert done.code == 2 and f"cannot ask with {broken}" in done.err
    text = tmp_path / "text.jpg"
    text.write_text("no picture")
    done = cli("similar", text, "-c", demo.catalog)
    assert done.code == 2 and "not a picture" in done.err


def test_no_hits_says_why(cli, demo) -> None:
    def said(*arguments: str) -> str:
        done = cli("similar", "--id", FIRST, *arguments, "-c", demo.catalog)
        assert done.code == 0
        return done.out

    assert "nothing in the catalog satisfies the filter" in said("--where", "price < 0")
    assert "none of the 39 that match scores 0.999 or more" in said("--min-score", "0.999")
    assert "--offset 50 leaves out all 39" in said("--offset", "50")


def test_an_empty_catalog_says_so(cli, tmp_path: Path) -> None:
    import houndstooth

    houndstooth.open(tmp_path / "empty.catalog", create=True)
    done = cli("similar", "--colour", "red", "-c", tmp_path / "empty.catalog")
    assert done.code == 2 and "the catalog is empty: index photos into it first" in done.err
