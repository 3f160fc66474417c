"""Datasets broken in the ways that such files are: every message names the file, and the line where there is one."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import datasets
import pytest

from engine.errors import PictureError, SourceError
from indexer.decode.limits import DecodeLimits
from indexer.sources.base import Source, SourceImage, SourceProblem
from indexer.sources.open import find_source_format, open_source

PARTITION = "Eval/list_eval_partition.txt"
LIMITS = DecodeLimits()
Change = Callable[[str], str]


def change(path: Path, how: Change, encoding: str = "utf-8") -> Path:
    path.write_bytes(
        how(path.read_text(encoding="utf-8", errors="surrogateescape")).encode(encoding, "surrogateescape")
    )
    return path


def photos(source: Source) -> list[SourceImage]:
    return [one for one in source if isinstance(one, SourceImage)]


def told(source: Source) -> list[tuple[str, str]]:
    return [(one.row, one.reason) for one in source if isinstance(one, SourceProblem)]


def without_line(number: int) -> Change:
    return lambda text: "".join(text.splitlines(keepends=True)[: number - 1] + text.splitlines(keepends=True)[number:])


@pytest.mark.parametrize(
    ("make", "name", "how", "said"),
    [
        (datasets.in_shop, PARTITION, without_line(1), "line 1: must be the number of rows"),
        (datasets.in_shop, PARTITION, without_line(2), "line 2: must be the header"),
        (datasets.in_shop, PARTITION, lambda text: "", "line 1: must be the number of rows, not nothing"),
        (datasets.in_shop, "Anno/list_item_inshop.txt", without_line(1), "line 1: must be the number of rows"),
        (datasets.in_shop, "Anno/list_description_inshop.json", lambda text: text[:-20], "line 1: not JSON"),
        (datasets.coarse, "Anno/list_category_cloth.txt", without_line(3), "line 1: says 4 rows, and there are 3"),
        (datasets.coarse, "Anno/list_attr_cloth.txt", without_line(9), "line 1: says 7 rows, and there are 6"),
        (datasets.coarse, "Anno/list_category_cloth.txt", lambda text: text.replace("   3", ""), "line 5: must be a"),
        (datasets.coarse, PARTITION, lambda text: "x", "line 1: must be the number of rows"),
        (datasets.fine, "Anno_fine/train_attr.txt", lambda text: "\n" + text, "line 1: blank: rows belong together"),
        (datasets.fine, "Anno_fine/train_cate.txt", without_line(2), "line 2: 2 rows for the 3 photos of train.txt"),
        (datasets.myntra, "styles.csv", lambda text: text.replace("season", "Season of"), "line 1: must be the header"),
    ],
)  # fmt: skip
def test_a_list_that_cannot_be_read_is_refused_by_file_and_line(
    tmp_path: Path, make, name: str, how: Change, said: str
) -> None:
    home = make(tmp_path)
    change(home / name, how)
    with pytest.raises(SourceError) as error:
        list(open_source(home))
    assert str(error.value).startswith(f"{home / name} line ") and said in str(error.value)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize("make", [datasets.in_shop, datasets.coarse, datasets.fine])
def test_lists_in_other_encodings_with_other_line_ends_and_padding(tmp_path: Path, make, encoding: str) -> None:
    home = make(tmp_path / "plain")
    expected = [(one.product, dict(one.attributes), dict(one.own), one.box) for one in photos(open_source(home))]
    other = make(tmp_path / "other")
    for path in other.rglob("*.txt"):
        change(path, lambda text: text.replace("\r\n", "\n").replace("\n", "   \r\n"), encoding)
    assert expected == [
        (one.product, dict(one.attributes), dict(one.own), one.box) for one in photos(open_source(other))
    ]


def test_a_list_that_is_not_utf_8_is_read_and_told(tmp_path: Path) -> None:
    home = datasets.in_shop(tmp_path)
    change(home / PARTITION, lambda text: text.replace("MEN/Denim", "MEN/D\xe9nim"), "cp1252")
    said = "not UTF-8: read as Windows-1252. Save it as UTF-8 if photos are not found"
    assert ("list_eval_partition.txt line 1", said) in told(open_source(home))
    kept = dict(told(open_source(datasets.myntra(tmp_path))))
    assert "not UTF-8" in kept["styles.csv line 1"]


def test_a_list_that_was_cut_is_told(tmp_path: Path) -> None:
    home = datasets.in_shop(tmp_path)
    change(home / "Anno/list_bbox_inshop.txt", without_line(4))
    told_of = [row for row, reason in told(open_source(home)) if "line 1 says 3 rows, and there are 2" in reason]
    assert told_of == ["list_bbox_inshop.txt line 1"]


def test_blank_lines_before_the_header(tmp_path: Path) -> None:
    home = datasets.myntra(tmp_path)
    change(home / "styles.csv", lambda text: "\n \n" + text)
    assert find_source_format(home).name == "myntra"
    assert [one.row for one in photos(open_source(home))] == ["styles.csv line 4", "styles.csv line 5"]


@pytest.mark.parametrize("make", [datasets.open_metric_learning, datasets.google, datasets.pixplot])
def test_tables_of_others_with_stray_marks(tmp_path: Path, make) -> None:
    place = make(tmp_path / "plain")
    expected = [(one.product, dict(one.attributes), dict(one.own), one.box) for one in photos(open_source(place))]
    lines = (tmp_path / "cut").joinpath("x")
    for name, how, encoding in (
        ("marks", lambda text: "\n\n" + text.replace("\n", "\r\n"), "utf-16"),
        ("open quote", lambda text: text + 'x,"y\n', "utf-8"),
    ):
        other = change(make(tmp_path / name), how, encoding)
        found = [(one.product, dict(one.attributes), dict(one.own), one.box) for one in photos(open_source(other))]
        assert found == expected, name
    assert "a quote is not closed" in told(open_source(other))[-1][1]
    empty = change(make(lines), lambda text: text.splitlines()[0] + "\n")
    with pytest.raises(SourceError, match=f"{empty.name}: the table has no rows"):
        open_source(empty)
    change(empty, lambda text: "")
    with pytest.raises(SourceError, match=empty.name):
        open_source(empty, source=find_source_format(place).name)


def test_commas_at_the_end_of_googles_rows_and_a_quote_that_would_swallow_them(tmp_path: Path) -> None:
    place = datasets.google(tmp_path)
    expected = [one.product for one in photos(open_source(place))]
    change(place, lambda text: text.replace("\n", ",,\n"))
    assert [one.product for one in photos(open_source(place))] == expected
    rows = place.read_text().splitlines()
    place.write_text("\n".join([rows[0], 'gs://bucket/a.jpg,"1,set,p0,x,,,', *rows[1:]]))
    assert [one.product for one in photos(open_source(place))] == expected, "one row is lost, and not all after it"


def test_semicolons_hide_no_query(tmp_path: Path) -> None:
    place = datasets.open_metric_learning(tmp_path)
    change(place, lambda text: text.replace(",", ";"))
    assert find_source_format(place).name == "open-metric-learning"
    assert [one.product for one in photos(open_source(place))] == ["7", "8", "8", "9"]


def test_numbers_that_are_truths_are_no_numbers(tmp_path: Path) -> None:
    home = datasets.deepfashion2(tmp_path)
    (home / "train/annos/000001.json").write_text(
        json.dumps({"source": "shop", "pair_id": 1, "item1": {"category_id": True}, "item2": {"category_id": 1,
                    "style": True}}))  # fmt: skip
    reasons = dict(told(open_source(home)))
    assert "category_id of 1 to 13, not 'True'" in reasons["train/000001.json item1"]
    assert "style must be a whole number" in reasons["train/000001.json item2"]


def test_idx_files_that_go_on_after_their_end(tmp_path: Path) -> None:
    home = datasets.fashion_mnist(tmp_path)
    for name in ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"):
        whole = (home / name).read_bytes()
        (home / name).write_bytes(gzip.compress(gzip.decompress(whole) + b"x"))
        with pytest.raises(SourceError, match=rf"{name} byte \d+: more bytes than its header says"):
            list(open_source(home))
        (home / name).write_bytes(whole)


PICTURE = b"\x89PNG, or so it says"


def tar(path: Path, *members: tuple[str, bytes, bytes], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:
        for name, kind, target in members:
            one = tarfile.TarInfo(name)
            one.type, one.linkname = kind, target.decode()
            one.size = len(PICTURE) if kind == tarfile.REGTYPE else 0
            archive.addfile(one, io.BytesIO(PICTURE) if one.size else None)
    return path


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_tricks_in_a_tar(tmp_path: Path, mode: str) -> None:
    plain, out = tarfile.REGTYPE, ("../b.png", "/c.png", "C:\\d.png", "d/../../e.png", "x\\..\\..\\f.png")
    members = [("a.png", plain, b""), *((name, plain, b"") for name in out), ("./a.png", plain, b""),
               ("dev.png", tarfile.CHRTYPE, b""), ("disk.png", tarfile.BLKTYPE, b""),
               ("pipe.png", tarfile.FIFOTYPE, b""),
               ("hard.png", tarfile.LNKTYPE, b"a.png"), ("soft.png", tarfile.SYMTYPE, b"/etc/passwd"),
               ("A.png", plain, b""), ("con.png", plain, b""), ("x" * 300 + ".png", plain, b"")]  # fmt: skip
    source = open_source(tar(tmp_path / f"a.{'tar' if mode == 'w' else 'tar.gz'}", *members, mode=mode))
    assert [one.product for one in photos(source)] == ["a", "A", "con", "x" * 300]
    reasons = told(source)
    assert [reason for _, reason in reasons].count("a second one of this name: passed over") == 1
    assert [row for row, reason in reasons if "leads out" in reason] == [
        f"{source_name(source)} member {name}" for name in out
    ]
    assert sum("a link, a device" in reason for _, reason in reasons) == 5


def source_name(source: Source) -> str:
    return Path(source.name).name


def test_tricks_in_a_zip(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        for name in ("a.png", "../b.png", "/c.png", "A.png", "con.png", "t.png"):
            archive.writestr(name, PICTURE)
        archive.writestr("a.png", PICTURE + b", later")
        archive.writestr("t.json", json.dumps({"price": 3}))
        for name, mode in (("link.png", 0o120777), ("dev.png", 0o020666)):
            one = zipfile.ZipInfo(name)
            one.external_attr = mode << 16
            archive.writestr(one, "/etc/passwd")
    source = open_source(path)
    found = {one.product: one for one in photos(source)}
    assert set(found) == {"a", "A", "con", "t"} and found["t"].attributes == {"price": 3.0}
    assert found["a"].packed.read(LIMITS) == PICTURE + b", later", "what the archive itself calls a.png"
    reasons = dict(told(source))
    assert reasons["a.zip member a.png"] == "another of this name follows: passed over"
    assert all("refused" in reasons[f"a.zip member {name}"] for name in ("../b.png", "/c.png", "link.png", "dev.png"))
    data = bytearray(path.read_bytes())
    data[data.find(b'{"price"')] ^= 1
    path.write_bytes(data)
    source = open_source(path)
    assert len(photos(source)) == 4, "a broken text costs itself"
    assert "Bad CRC-32" in dict(told(source))["a.zip member t.json"]


def test_a_tar_that_was_cut_between_members_is_told(tmp_path: Path) -> None:
    path = tar(tmp_path / "a.tar", *((f"{number}.png", tarfile.REGTYPE, b"") for number in range(3)))
    assert told(open_source(path)) == []
    path.write_bytes(path.read_bytes()[: 2 * 1024 + 100])
    assert told(open_source(path)) == [("a.tar after 2 members", "ends without the mark of its end: is it whole?")]


def test_bombs_fill_no_memory(tmp_path: Path) -> None:
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.XHDTYPE, 200 * 2**20
    with gzip.open(tmp_path / "names.tar.gz", "wb", 1) as packed:
        packed.write(header.tobuf() + bytes(2**20))
    with tarfile.open(tmp_path / "large.tar.gz", "w:gz", compresslevel=1) as archive:
        for number in range(2):
            member = tarfile.TarInfo(f"{number}.png")
            member.size = 60 * 2**20
            archive.addfile(member, _Zeros())
    tracemalloc.start()
    with pytest.raises(SourceError, match=r"a header of 209,715,200 bytes"):
        open_source(tmp_path / "names.tar.gz")
    large = photos(open_source(tmp_path / "large.tar.gz"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(large) == 2 and peak < 20 * 2**20
    for one in large:
        with pytest.raises(PictureError, match="over the limit"):
            one.packed.read(LIMITS)


class _Zeros(io.RawIOBase):
    def read(self, size: int = -1) -> bytes:
        return bytes(size)


def test_a_database_that_is_still_packed_is_told(tmp_path: Path) -> None:
    (tmp_path / "photos.lmdb").mkdir()
    (tmp_path / "photos.lmdb" / "data.mdb").write_bytes(b"x")
    (tmp_path / "chictopia.sql.gz").write_bytes(gzip.compress(b"x"))
    with pytest.raises(SourceError, match=r"unpack chictopia.sql.gz into it first"):
        open_source(tmp_path)
