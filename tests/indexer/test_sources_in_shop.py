"""The reader of DeepFashion In-Shop, on lists as the dataset writes them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from builders import Shop
from datasets import colour_mask, in_shop, photo, text
from PIL import Image

from engine.errors import SourceError
from indexer.decode.limits import DecodeLimits
from indexer.sources.base import SourceImage, SourceProblem
from indexer.sources.given import ColourSegment, ShapesMask
from indexer.sources.open import find_source_format, open_source


def images(place: Path, **how: str) -> dict[str, SourceImage]:
    found = [item for item in open_source(place, **how) if isinstance(item, SourceImage)]
    return {f"{item.product} {item.file.name}": item for item in found}


def test_it_is_found_out_by_its_partition(tmp_path: Path) -> None:
    assert find_source_format(in_shop(tmp_path)).name == "in-shop"


def test_products_splits_boxes_and_descriptions(tmp_path: Path) -> None:
    found = images(in_shop(tmp_path))
    assert list(found) == [
        "id_00000002 02_1_front.jpg", "id_00000004 01_2_side.jpg", "id_00000004 01_1_front.jpg",
        "id_00000008 03_4_full.jpg",
    ]  # fmt: skip
    first, query, gallery, denim = found.values()
    assert first.attributes == {
        "gender": "WOMEN", "category": "Dresses", "colour": "Red", "description": "A maxi dress. 100% cotton",
    }  # fmt: skip
    assert first.box == (2, 4, 18, 26) and first.own["pose"] == "front" and first.own["clothes"] == "full"
    assert first.own["split"] == "train" and first.own["is_query"] is False and first.own["is_gallery"] is False
    assert query.own["is_query"] is True and gallery.own["is_gallery"] is True
    assert query.box is None and query.own["variant"] == "01" and query.own["pose"] == "side"
    assert denim.own["visible_landmarks"] == 2 and denim.own["pose"] == "zoom-out"  # of the list, not of the file name


def test_what_is_wrong_is_told_with_file_and_line(tmp_path: Path) -> None:
    problems = [item for item in open_source(in_shop(tmp_path)) if isinstance(item, SourceProblem)]
    told = {(item.row, item.fatal): item.reason for item in problems}
    assert "covers nothing" in told["list_bbox_inshop.txt line 5", False]
    assert "8 landmarks" in told["list_landmarks_inshop.txt line 4", False]
    assert "'item'" in told["list_description_inshop.json [2]", False]
    assert "photo not found" in told["list_eval_partition.txt line 7", True]
    assert "one of train, query, gallery" in told["list_eval_partition.txt line 8", True]
    assert "1 cells, and must have 3" in told["list_eval_partition.txt line 9", True]
    assert len(told) == len(problems) == 6


def test_masks_by_both_tables_of_colours(tmp_path: Path) -> None:
    home = in_shop(tmp_path)
    pixels = np.asarray(Image.open(home / "Img/img/WOMEN/Dresses/id_00000004/01_1_front.png"))[..., :3]
    for how, dress in (("in-shop", (255, 250, 205)), ("in-shop-readme", (16, 78, 139))):
        found = images(home, source=how)["id_00000004 01_1_front.jpg"].mask
        assert isinstance(found, ColourSegment)
        wanted = (pixels == dress).all(2)
        if how == "in-shop-readme":  # no dress under those names: "outer", which a dress is taken for
            wanted = (pixels == (255, 250, 205)).all(2)
        assert np.array_equal(found.mask(DecodeLimits()), wanted)
    first = images(home)["id_00000002 02_1_front.jpg"].mask
    assert isinstance(first, ColourSegment) and first.mask(DecodeLimits()).any()  # with a colour that nobody knows


def test_a_mask_without_a_garment_leaves_the_whole_photo(tmp_path: Path) -> None:
    mask = ColourSegment(colour_mask(tmp_path / "x.png", (144, 238, 144)), "dress")
    assert mask.mask(DecodeLimits()).all()


def test_high_resolution_photos_come_first_and_have_no_boxes(tmp_path: Path) -> None:
    home = in_shop(tmp_path)
    photo(home / "Img/img_highres/WOMEN/Dresses/id_00000002/02_1_front.jpg", 9, (48, 64))
    first = images(home)["id_00000002 02_1_front.jpg"]
    assert "img_highres" in first.path and first.box is None


def test_coco_masks(tmp_path: Path) -> None:
    home = in_shop(tmp_path)
    coco = {
        "images": [{"id": 7, "file_name": "img/WOMEN/Dresses/id_00000004/01_2_side.jpg", "width": 24, "height": 32}],
        "categories": [{"id": 1, "name": "dress"}, {"id": 2, "name": "face"}],
        "annotations": [
            {"id": 1, "image_id": 7, "category_id": 2, "segmentation": [[0, 0, 24, 0, 24, 4, 0, 4]]},
            {"id": 2, "image_id": 7, "category_id": 1, "segmentation": [[4, 8, 12, 8, 12, 24, 4, 24]]},
        ],
    }
    text(home / "Anno/segmentation/DeepFashion_segmentation_query.json", json.dumps(coco))
    found = images(home)["id_00000004 01_2_side.jpg"].mask
    assert isinstance(found, ShapesMask)
    wanted = np.zeros((32, 24), bool)
    wanted[8:24, 4:12] = True
    assert np.array_equal(found.mask(DecodeLimits()), wanted)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (("many", "image_name item_id evaluation_status"), "line 1: must be the number of rows, not 'many'"),
        (("1",), "line 2: must be the header"),
    ],
)
def test_a_partition_that_is_none(tmp_path: Path, lines: tuple[str, ...], message: str) -> None:
    text(tmp_path / "Eval" / "list_eval_partition.txt", *lines)
    with pytest.raises(SourceError, match=message):
        open_source(tmp_path, source="in-shop")


def test_query_and_gallery_of_one_product_are_told_apart_in_the_catalog(tmp_path: Path) -> None:
    home = in_shop(tmp_path)
    shop = Shop(tmp_path)
    shop.photos = home / "Img" / "img"
    source = open_source(home)
    first = shop.index(source)
    assert (first.counts.indexed, first.counts.failed) == (4, 3)
    folder = "WOMEN/Dresses/id_00000004"
    assert shop.attribute(f"{folder}/01_2_side.jpg", "is_query") == 1
    assert shop.attribute(f"{folder}/01_1_front.jpg", "is_query") == 0
    assert shop.attribute(f"{folder}/01_1_front.jpg", "category") == "Dresses"
    assert shop.index(open_source(home)).counts.unchanged == 4
    path = home / "Eval" / "list_eval_partition.txt"
    path.write_bytes(path.read_bytes().replace(b"id_00000004 query", b"id_00000004 train"))
    assert shop.index(open_source(home)).counts.indexed == 1  # told otherwise: written again
    assert shop.attribute(f"{folder}/01_2_side.jpg", "is_query") == 0
