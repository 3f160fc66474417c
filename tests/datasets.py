"""Small synthetic datasets in the layouts that people have them in, each with what goes wrong in such files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image


def photo(path: Path, seed: int = 0, size: tuple[int, int] = (24, 32)) -> Path:
    """A photo of blocks of colour, its kind by the suffix."""
    blocks = np.random.default_rng(seed).integers(0, 256, (4, 3, 3), dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(blocks).resize(size, Image.Resampling.NEAREST).save(path)
    return path


def text(path: Path, *lines: str, encoding: str = "utf-8", end: str = "\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes((end.join(lines) + end).encode(encoding))
    return path


IN_SHOP = (
    ("WOMEN/Dresses/id_00000002", "02_1_front", "id_00000002", "train"),
    ("WOMEN/Dresses/id_00000004", "01_2_side", "id_00000004", "query"),
    ("WOMEN/Dresses/id_00000004", "01_1_front", "id_00000004", "gallery"),
    ("MEN/Denim/id_00000008", "03_4_full", "id_00000008", "gallery"),
    ("MEN/Denim/id_00000008", "03_7_additional", "id_00000008", "query"),
)


def colour_mask(path: Path, *colours: tuple[int, int, int], size: tuple[int, int] = (24, 32)) -> Path:
    """A mask of bars of these colours on black, RGBA as the dataset's files are."""
    pixels = np.zeros((size[1], size[0], 4), np.uint8)
    pixels[..., 3] = 255
    for number, colour in enumerate(colours):
        pixels[8 : 8 + 12 - 2 * number, 4 + 6 * number : 10 + 6 * number, :3] = colour
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def in_shop(root: Path) -> Path:
    """Partition, boxes, landmarks, descriptions and colour masks; one line of the partition and one box are malformed."""
    home = root / "In-shop"
    for number, (folder, name, _, _) in enumerate(IN_SHOP[:4]):  # the last photo is missing
        photo(home / "Img" / "img" / folder / f"{name}.jpg", number)
    colour_mask(home / "Img" / "img" / IN_SHOP[0][0] / "02_1_front_segment.png", (255, 250, 205), (1, 2, 3))
    colour_mask(home / "Img" / "img" / IN_SHOP[2][0] / "01_1_front.png", (245, 222, 179), (255, 250, 205))
    rows = [f"img/{folder}/{name}.jpg    {item} {status}  " for folder, name, item, status in IN_SHOP]
    text(
        home / "Eval" / "list_eval_partition.txt",
        "7",
        "image_name item_id evaluation_status ",
        *rows,
        "img/WOMEN/Dresses/id_00000009/01_1_front.jpg  id_00000009  test",
        "img/WOMEN/Dresses/id_00000009/01_1_front.jpg",
        end="\r\n",
    )
    text(
        home / "Anno" / "list_bbox_inshop.txt",
        "3",
        "image_name clothes_type pose_type x_1 y_1 x_2 y_2",
        f"img/{IN_SHOP[0][0]}/{IN_SHOP[0][1]}.jpg  3  1  002 004 020 030   ",
        f"img/{IN_SHOP[3][0]}/{IN_SHOP[3][1]}.jpg  2  4  000 010 024 032",
        f"img/{IN_SHOP[1][0]}/{IN_SHOP[1][1]}.jpg  3  2  020 010 010 032",
    )
    text(
        home / "Anno" / "list_landmarks_inshop.txt",
        "2",
        "image_name clothes_type variation_type landmark_visibility_1 landmark_location_x_1 landmark_location_y_1",
        f"img/{IN_SHOP[3][0]}/{IN_SHOP[3][1]}.jpg 2 1 0 001 002 1 003 004 0 005 006 2 000 000",
        f"img/{IN_SHOP[0][0]}/{IN_SHOP[0][1]}.jpg 3 1 0 001 002",
    )
    text(home / "Anno" / "list_item_inshop.txt", "3", "id_00000002", "id_00000004", "id_00000008")
    told = [
        {"item": "id_00000002", "color": "Red", "description": ["A maxi dress.", "100% cotton"]},
        {"item": "id_00000004", "color": "Blue", "description": []},
        {"colour": "no item"},
    ]
    (home / "Anno" / "list_description_inshop.json").write_text(json.dumps(told))
    return home


DATASETS = [in_shop]
