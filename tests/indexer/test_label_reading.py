"""Labels as people write them: folders, tables, what is wrong with them and where; groups; near-duplicates."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from builders import draw

from engine.errors import InputError
from indexer.labels.duplicates import find_duplicates, group_rows
from indexer.labels.gather import truth_of
from indexer.labels.reading import read_examples


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_folders_are_labels(tmp_path: Path) -> None:
    for name in ("dress/1.png", "dress/deep/2.png", "shirt/3.png", "4.png"):
        draw(tmp_path / name, 1)
    read = read_examples(tmp_path, "category")
    assert [(one.item, one.labels, one.part) for one in read.items] == [
        ("dress/1.png", ("dress",), ""),
        ("dress/deep/2.png", ("dress",), ""),
        ("shirt/3.png", ("shirt",), ""),
    ]
    assert read.problems == ("4.png: lies in no folder that is its label",) and not read.several


def test_parts_above_the_labels(tmp_path: Path) -> None:
    for name in ("train/dress/1.png", "Val/dress/2.png", "test/shirt/3.png"):
        draw(tmp_path / name, 1)
    read = read_examples(tmp_path, "category")
    assert {one.item: (one.labels, one.part) for one in read.items} == {
        "train/dress/1.png": (("dress",), "train"),
        "Val/dress/2.png": (("dress",), "validation"),
        "test/shirt/3.png": (("shirt",), "test"),
    }
    draw(tmp_path / "skirt" / "4.png", 1)
    with pytest.raises(InputError, match="beside them skirt"):
        read_examples(tmp_path, "category")


def test_a_table_of_photos(tmp_path: Path) -> None:
    table = write(
        tmp_path / "labels.csv",
        "image,Maxi,sender,product,split\na.png,yes,7,p1,train\nb.png,no,,p1,dev\nc.png,,7,p2,test\n"
        "d.png,no,8,p3,later\na.png,no,7,p1,test\n,yes,7,,test\n../x.png,yes,,,test\n",
    )
    read = read_examples(table, "maxi")
    assert [(one.item, one.labels, one.groups, one.part, one.where) for one in read.items] == [
        ("a.png", ("yes",), ("sender=7", "product=p1"), "train", "labels.csv line 2"),
        ("b.png", ("no",), ("product=p1",), "validation", "labels.csv line 3"),
    ]
    assert read.items[0].photo == str(tmp_path / "a.png")
    assert [problem.split(": ", 1) for problem in read.problems[:4]] == [
        ["labels.csv line 4", "column Maxi is empty: the row has no label"],
        ["labels.csv line 5", "column split: 'later' is none of the parts train, validation, test"],
        ["labels.csv line 6", "repeats line 2; the first one counts"],
        ["labels.csv line 7", "it names no photo and no product"],
    ]
    assert "leads out of" in read.problems[4] and len(read.problems) == 5


def test_paths_through_the_folder_above_are_the_same_photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = write(tmp_path / "labels.csv", "image,maxi\nin/a.png,yes\n")
    draw(tmp_path / "folders" / "yes" / "b.png", 1)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    for read in (read_examples(Path("../labels.csv"), "maxi"), read_examples(table, "maxi", Path("../here/.."))):
        assert [one.photo for one in read.items] == [(tmp_path / "in" / "a.png").as_posix()] and not read.problems
    (folder,) = read_examples(Path("../folders"), "maxi").items
    assert folder.photo == (tmp_path / "folders" / "yes" / "b.png").as_posix()


def test_several_labels_a_photo(tmp_path: Path) -> None:
    """An empty cell says nothing of its photo; that it has none of the labels is said by a separator alone."""
    table = write(tmp_path / "l.csv", "image,labels\na.png,party | long\nb.png,\nc.png,long\nd.png, | \n")
    read = read_examples(table, "style")
    assert read.several and [one.labels for one in read.items] == [("party", "long"), ("long",), ()]
    assert read.problems == (
        "l.csv line 3: column labels is empty: the row has no label; a photo of none of the labels has | there",
    )
    single = read_examples(write(tmp_path / "s.csv", "image,labels\na.png,party\nb.png,|\n"), "style")
    assert not single.several and single.problems == ("s.csv line 3: column labels is empty: the row has no label",)
    lines = '{"image": "a.png", "style": ["x", "y"]}\n{"image": "b.png", "style": ["x"]}\n'
    more = '{"image": "c.png", "style": []}\n{"image": "d.png", "style": null}\n{"image": "e.png"}\n'
    read = read_examples(write(tmp_path / "l.jsonl", lines + more), "style")
    assert read.several and [one.labels for one in read.items] == [("x", "y"), ("x",), ()]
    assert [problem.split(":")[0] for problem in read.problems] == ["l.jsonl line 4", "l.jsonl line 5"]


def test_parquet_and_products(tmp_path: Path) -> None:
    pq.write_table(pa.table({"sku": ["p1", "p2"], "label": ["a", "b"]}), tmp_path / "l.parquet")
    read = read_examples(tmp_path / "l.parquet", "kind")
    assert [(one.photo, one.product, one.item, one.where) for one in read.items] == [
        ("", "p1", "p1", "l.parquet row 1"),
        ("", "p2", "p2", "l.parquet row 2"),
    ]


def test_columns_can_be_named_and_wrong_ones_are_told(tmp_path: Path) -> None:
    table = write(tmp_path / "l.csv", "foto,length\na.png,maxi\n")
    with pytest.raises(InputError, match=r"no column says the labels.*foto, length"):
        read_examples(table, "maxi")
    with pytest.raises(InputError, match="no column names the photos"):
        read_examples(table, "maxi", columns={"label": "length"})
    read = read_examples(table, "maxi", columns={"label": "length", "image": "foto"})
    assert read.items[0].labels == ("maxi",)
    with pytest.raises(InputError, match="there is no column 'size'"):
        read_examples(table, "maxi", columns={"label": "size"})
    with pytest.raises(InputError, match="no role"):
        read_examples(table, "maxi", columns={"what": "length"})
    with pytest.raises(InputError, match="no such folder or file"):
        read_examples(tmp_path / "none.csv", "maxi")
    with pytest.raises(InputError, match="a folder or a table"):
        read_examples(write(tmp_path / "l.txt", "x"), "maxi")


@pytest.mark.parametrize(
    ("words", "name", "expected"),
    [
        (["no", "yes"], "maxi", {"no": False, "yes": True}),
        (["0", "1"], "maxi", {"0": False, "1": True}),
        (["maxi", "mini"], "maxi", {"maxi": True, "mini": False}),
        (["maxi", "midi", "mini"], "maxi", None),
        (["dress", "shirt"], "category", None),
    ],
)
def test_what_is_true_or_false(words: list[str], name: str, expected: dict[str, bool] | None) -> None:
    assert truth_of(words, name) == expected


def test_near_duplicates_by_hash_and_by_vector() -> None:
    """Rows 0 and 1 are copies, 2 is a bit off, 3 far off by its hash but near by its vector, 4 and 5 are strangers."""
    base = np.random.default_rng(0).normal(size=(6, 16))
    vectors = base / np.linalg.norm(base, axis=1, keepdims=True)
    vectors[3] = vectors[0] + 0.02 * vectors[4]
    vectors[3] /= np.linalg.norm(vectors[3])
    contents = [b"a" * 32, b"a" * 32, *(bytes([number]) * 32 for number in range(4))]
    hashes = np.array([0xF0F0F0F0F0F0F0F0, 0xF0F0F0F0F0F0F0F0, 0xF0F0F0F0F0F0F0F1, 0x0F0F0F0F0F0F0F0F,
                       0x123456789ABCDEF0, 0xFEDCBA9876543210], dtype=np.uint64)  # fmt: skip
    found = find_duplicates(contents, hashes, vectors.astype(np.float32))
    assert found.copies == 1
    assert {tuple(pair) for pair in found.near.tolist()} == {(0, 1), (0, 2), (1, 2), (0, 3)}
    assert found.photos == 4
    parts = ["train", "test", "test", "train", "test", "train"]
    assert found.crossing(parts) == {("test", "train"): 1, ("train", "test"): 2}
    groups = group_rows(6, found.near, [[], [], [], [], ["sender=1"], ["sender=1"]])
    assert groups.tolist() == [0, 0, 0, 0, 1, 1]
    alone = find_duplicates(contents, hashes, None)
    assert {tuple(pair) for pair in alone.near.tolist()} == {(0, 1), (0, 2), (1, 2)}


def test_near_pairs_are_those_of_two_plain_loops() -> None:
    draws = np.random.default_rng(3)
    centres = draws.normal(size=(40, 8))
    vectors = (centres[draws.integers(0, 40, 300)] + 0.15 * draws.normal(size=(300, 8))).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    hashes = draws.integers(1, 2**12, 300).astype(np.uint64)
    contents = [row.to_bytes(32, "big") for row in range(300)]
    expected = set()
    for one in range(300):
        for other in range(one + 1, 300):
            cosine = float(vectors[one] @ vectors[other])
            bits = int(hashes[one] ^ hashes[other]).bit_count()
            if bits <= 4 or cosine > 0.97 or (cosine > 0.9 and bits <= 10):
                expected.add((one, other))
    assert {tuple(pair) for pair in find_duplicates(contents, hashes, vectors).near.tolist()} == expected
