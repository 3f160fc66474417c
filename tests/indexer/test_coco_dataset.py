"""COCO files: read back as written and as pycocotools reads them, and told where they are wrong."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools.coco import COCO

from engine.errors import InputError, SourceError
from indexer.coco import CocoWriter, Rle, read_coco

# pycocotools' decoder has not caught up with NumPy 2's __array__.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
SIZES = {3: (33, 57), 1: (1, 1), 7: (101, 64), 2: (250, 19)}


def hard_case(rng: np.random.Generator) -> dict[str, Any]:
    """Odd sizes; up to three polygons, a bridged hole, run lengths of both spellings, crowds; shuffled."""
    images = [{"id": k, "file_name": f"a/{k}.jpg", "width": w, "height": h} for k, (w, h) in SIZES.items()]
    annotations: list[dict[str, Any]] = []
    for number in range(60):
        image = int(rng.choice(list(SIZES)))
        width, height = SIZES[image]
        kind = ("polygons", "hole", "plain", "compressed")[number % 4]
        segmentation: Any
        if kind == "polygons":
            several = [rng.random((int(rng.integers(3, 9)), 2)) * [width, height] for _ in range(3)]
            segmentation = [polygon.ravel().tolist() for polygon in several]
        elif kind == "hole":
            outer = np.array([[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [0.1, 0.9], [0.1, 0.1]])
            inner = np.array([[0.3, 0.3], [0.3, 0.7], [0.7, 0.7], [0.7, 0.3], [0.3, 0.3]])
            segmentation = [(np.concatenate([outer, inner]) * [width, height]).ravel().tolist()]
        else:
            runs = Rle.of(rng.random((height, width)) < 0.6)
            if runs.area == 0:
                continue
            counts = runs.counts.tolist() if kind == "plain" else runs.text()
            segmentation = {"size": [height, width], "counts": counts}
        crowd = int(kind in ("plain", "compressed") and number % 3 == 0)
        row = {"id": 1000 - number, "image_id": image, "category_id": 1 + number % 2, "iscrowd": crowd}
        annotations.append({**row, "segmentation": segmentation, "area": 1.0, "bbox": [0, 0, 1, 1]})
    order = rng.permutation(len(annotations))
    categories = [{"id": 2, "name": "scarf/tie", "supercategory": "x"}, {"id": 1, "name": "bag"}]
    told = {"info": {}, "licenses": [], "year": 2018, "images": images, "categories": categories}
    return {**told, "annotations": [annotations[n] for n in order]}


def test_hard_cases_as_pycocotools(tmp_path: Path) -> None:
    told = hard_case(np.random.default_rng(0))
    file = tmp_path / "instances.json"
    file.write_text(json.dumps(told))
    with contextlib.redirect_stdout(io.StringIO()):
        oracle = COCO(str(file))
    dataset = read_coco(file)
    assert dataset.categories == {2: "scarf/tie", 1: "bag"}
    assert list(dataset.images) == [3, 1, 7, 2]
    rows = {row["id"]: row for row in told["annotations"]}
    checked = 0
    for image, instances in dataset.instances.items():
        asked = [row["id"] for row in told["annotations"] if row["image_id"] == image]
        assert [one.id for one in instances] == asked
        for one in instances:
            want = oracle.annToMask(rows[one.id]).astype(bool)
            np.testing.assert_array_equal(one.mask(), want)
            assert (one.category, one.crowd) == (rows[one.id]["category_id"], bool(rows[one.id]["iscrowd"]))
            checked += bool(want.any())
    assert checked > 40
    assert dataset.left_out == ()


def test_written_masks_come_back(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    masks = [("dress", rng.random((40, 31)) < 0.5), ("bag", rng.random((40, 31)) < 0.1)]
    writer = CocoWriter(("bag", "dress"))
    assert writer.add("one.jpg", (31, 40), [*masks, ("bag", np.zeros((40, 31), bool))], group="u1") == 1
    assert writer.add("none.jpg", (5, 4), []) == 2
    writer.write(tmp_path / "made.json")
    dataset = read_coco(tmp_path / "made.json")
    assert [dataset.categories[one.category] for one in dataset.instances[1]] == ["dress", "bag"]
    for one, (_, mask) in zip(dataset.instances[1], masks, strict=True):
        np.testing.assert_array_equal(one.mask(), mask)
    assert dataset.instances[2] == ()
    assert [image.group for image in dataset.images.values()] == ["u1", "2"]
    with contextlib.redirect_stdout(io.StringIO()):
        oracle = COCO(str(tmp_path / "made.json"))
    np.testing.assert_array_equal(oracle.annToMask(oracle.anns[1]).astype(bool), masks[0][1])
    row = oracle.anns[2]
    rows, columns = np.nonzero(masks[1][1])
    assert row["bbox"] == [columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1]
    assert row["area"] == masks[1][1].sum()


def test_writer_refuses_what_does_not_fit() -> None:
    writer = CocoWriter(("bag",))
    with pytest.raises(InputError, match="no category 'hat'"):
        writer.add("a.jpg", (2, 2), [("hat", np.ones((2, 2), bool))])
    with pytest.raises(InputError, match="a mask is 3 x 2"):
        writer.add("a.jpg", (2, 2), [("bag", np.ones((2, 3), bool))])


def test_groups_and_missing_photos(tmp_path: Path) -> None:
    images = [
        {"id": 1, "file_name": "1.jpg", "width": 4, "height": 4, "post_id": 9, "user_id": 5},
        {"id": 2, "file_name": "2.jpg", "width": 4.0, "height": 4, "post_id": 9},
        {"id": 3, "file_name": "3.jpg", "width": 4, "height": 4, "group": "g"},
        {"id": 4, "file_name": "4.jpg", "width": 4, "height": 4, "post_id": None},
    ]
    dataset = read(tmp_path, {"images": images, "annotations": [], "categories": []})
    assert [image.group for image in dataset.images.values()] == ["5", "9", "g", "4"]
    (tmp_path / "2.jpg").write_bytes(b"x")
    assert [image.id for image in dataset.missing(tmp_path)] == [1, 3, 4]
    assert list(dataset.only({3, 1}).images) == [1, 3]


def read(folder: Path, told: object) -> Any:
    (folder / "told.json").write_text(json.dumps(told))
    return read_coco(folder / "told.json")


def whole(segmentation: object = ((0, 0, 3, 0, 3, 3),), **changed: object) -> dict[str, Any]:
    """A right file of one annotation, with changes."""
    annotation = {"id": 1, "image_id": 1, "category_id": 1, "segmentation": segmentation}
    return {
        "images": [{"id": 1, "file_name": "1.jpg", "width": 4, "height": 5}],
        "categories": [{"id": 1, "name": "bag"}],
        "annotations": [{**annotation, **changed}],
    }


def test_what_cannot_be_used_is_left_out_and_told(tmp_path: Path) -> None:
    for changed, reason in (
        ({"image_id": 8}, "annotations[0]: no image_id 8 in the file"),
        ({"category_id": 8}, "annotations[0]: no category_id 8 in the file"),
        ({"segmentation": []}, "annotations[0]: no mask"),
        ({"segmentation": None}, "annotations[0]: no mask"),
        ({"segmentation": [[1, 1, 2, 2]]}, "annotations[0]: no mask"),
        ({"segmentation": {"size": [5, 4], "counts": [20]}}, "annotations[0]: no mask"),
    ):
        dataset = read(tmp_path, whole(**changed))
        assert (dataset.left_out, dataset.instances) == ((reason,), {1: ()})


@pytest.mark.parametrize(
    ("segmentation", "told"),
    [
        ([[0, 0, 1, 1, 2]], r"annotations\[0\].segmentation\[0\] has 5 numbers"),
        ([[0, 0, 1, 1, 2, 2], "x"], r"segmentation\[1\] must be a list of numbers"),
        ([[0, 0, 1, "1", 2, 2]], r"segmentation\[0\] must be a list of numbers"),
        ([[0, 0, 1, 1e9, 2, 2]], r"segmentation\[0\] has coordinates that are not in a picture"),
        ([[0, 0, 1, float("nan"), 2, 2]], "not in a picture"),
        ([0, 0, 1, 1, 2, 2], "put it in brackets"),
        ("polygon", "must be a list of polygons or a run-length object, not 'polygon'"),
        ({"counts": [20]}, "segmentation has no 'size'"),
        ({"size": [4, 5], "counts": [20]}, r"size is \[4, 5\], and its image is \[5, 4\]"),
        ({"size": [5, 4], "counts": [3, 4]}, "sum to the picture's 20 pixels, and sum to 7"),
        ({"size": [5, 4], "counts": [30, -10]}, "counts"),
        ({"size": [5, 4], "counts": [10, -5, 15]}, "must be run lengths"),
        ({"size": [5, 4], "counts": "z"}, r"segmentation.counts: a compressed count has characters"),
        ({"size": [5, 4], "counts": 7}, "counts must be a compressed text"),
    ],
)
def test_wrong_segmentations_are_told_with_their_place(tmp_path: Path, segmentation: object, told: str) -> None:
    with pytest.raises(SourceError, match=told):
        read(tmp_path, whole(segmentation))


@pytest.mark.parametrize(
    ("file", "told"),
    [
        ([], "the file must be an object, not a list"),
        ({}, "the file has no 'categories'"),
        ({**whole(), "images": {}}, "images must be a list, not an object"),
        ({**whole(), "images": [4]}, r"images\[0\] must be an object, not 4"),
        ({**whole(), "images": whole()["images"] * 2}, r"images\[1\].id 1 is told twice"),
        ({**whole(), "categories": whole()["categories"] * 2}, r"categories\[1\].id 1 is told twice"),
        ({**whole(), "categories": [{"id": 1}]}, r"categories\[0\] has no 'name'"),
        (whole(image_id="1"), r"annotations\[0\].image_id must be a whole number, not '1'"),
        (whole(category_id=1.5), r"annotations\[0\].category_id must be a whole number, not 1.5"),
    ],
)
def test_wrong_files_are_told_with_their_place(tmp_path: Path, file: object, told: str) -> None:
    with pytest.raises(SourceError, match=told):
        read(tmp_path, file)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"file_name": "../1.jpg"}, "must lie inside the folder"),
        ({"file_name": "/1.jpg"}, "must lie inside the folder"),
        ({"file_name": "C:\\1.jpg"}, "must lie inside the folder"),
        ({"width": 0}, r"images\[0\].width must be 1 or more"),
        ({"width": True}, "must be a whole number"),
        ({"width": 100_000, "height": 100_000}, "over the limit of 50 megapixels"),
    ],
)
def test_wrong_images_are_told_with_their_place(tmp_path: Path, changed: dict[str, object], told: str) -> None:
    file = whole()
    file["images"][0].update(changed)
    with pytest.raises(SourceError, match=told):
        read(tmp_path, file)


def test_files_that_are_no_json(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    with pytest.raises(SourceError, match="cannot read"):
        read_coco(file)
    file.write_text('{"images": [\n  1,,\n]}')
    with pytest.raises(SourceError, match="is not JSON: line 2, column 5"):
        read_coco(file)
    file.write_bytes(b"\xff\xfe\xfd")
    with pytest.raises(SourceError, match="is not JSON"):
        read_coco(file)
    file.write_text("[" * 200_000)
    with pytest.raises(SourceError, match="is not JSON"):
        read_coco(file)
