"""Small synthetic datasets in the layouts that people have them in, each with what goes wrong in such files."""

from __future__ import annotations

import gzip
import io
import json
import struct
import tarfile
import zipfile
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
    """Partition, boxes, landmarks, descriptions and colour masks; some lines are malformed."""
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


ATTRIBUTES = ("polka dot", "floral print", "maxi", "denim", "knee-length", "striped", "mini")
CLOTHES = ("Blouse", "Jeans", "Dress", "Cape")


def _attribute_lists(home: Path, anno: str) -> list[str]:
    names = [f"img/Sheer_Blouse/img_0000000{number}.jpg" for number in (1, 2, 3)]
    names += ["img/Maxi_Dress/img_00000001.jpg", "img/Gone_Dress/img_00000001.jpg"]
    for number, name in enumerate(names[:4]):
        photo(home / name, number)
    kinds = [f"{name}   {kind}" for name, kind in zip(CLOTHES, (1, 2, 3, 3), strict=True)]
    text(home / anno / "list_category_cloth.txt", "4", "category_name  category_type", *kinds)
    return names


def coarse(root: Path) -> Path:
    """Category and Attribute, coarse; lists in different orders, names in another case, malformed rows."""
    home = root / "Category"
    names = _attribute_lists(home, "Anno")
    text(
        home / "Anno" / "list_category_img.txt",
        "6",
        "image_name  category_label",
        *(f"{name}    {label} " for name, label in zip(names, ("1", "1", "9", "3", "3"), strict=True)),
        "img/only.jpg",
    )
    kinds = (1, 1, 3, 2, 3, 1, 3)
    told = [f"{name}   {kind}" for name, kind in zip(ATTRIBUTES, kinds, strict=True)]
    text(home / "Anno" / "list_attr_cloth.txt", "7", "attribute_name  attribute_type", *told)
    text(
        home / "Anno" / "list_attr_img.txt",
        "5",
        "image_name  attribute_labels",
        f"{names[0]}   1 -1 -1 -1 -1  0 -1",
        f"{names[3]}  -1  1  1 -1 -1 -1 -1 ",
        f"{names[1].replace('Sheer', 'sheer')}  -1 -1 -1  1  1  1 -1",
        f"{names[2]}  -1 -1",
        f"{names[4]}  -1 -1 -1 -1 -1 -1 -1",
    )
    text(
        home / "Anno" / "list_bbox.txt", "2", "image_name  x_1  y_1  x_2  y_2", f"{names[0]}  002 003 020 030",
        f"{names[1]}  010 010 010 010",
    )  # fmt: skip
    status = ("train", "val", "test", "test", "train")
    rows = [f"{name}    {one}" for name, one in zip(names, status, strict=True)]
    text(home / "Eval" / "list_eval_partition.txt", "5", "image_name  evaluation_status", *rows)
    return home


def fine(root: Path) -> Path:
    """Category and Attribute, fine: rows aligned by number; paths in another case than the disk."""
    home = root / "Fine"
    names = _attribute_lists(home, "Anno_fine")
    anno = home / "Anno_fine"
    text(anno / "train.txt", names[0].replace("Sheer", "sheer"), names[3], names[4])
    rows = ["0 " * 26, "1 0 0 0 0 0 0 0 0 0 1" + " 0" * 15, "0 0 1 0 0 0 0 0 0 0 0 1" + " 0" * 13 + " 7"]
    text(anno / "train_attr.txt", *rows)
    text(anno / "train_cate.txt", "1", "3", "3")
    text(anno / "train_bbox.txt", "1 2 20 30", "1 2 3", "1 2 20 30")
    return home


def deepfashion2(root: Path) -> Path:
    """Two photos of a pair, one with two garments; a garment without partner; malformed files."""
    home = root / "df2"

    def garment(category: int, style: int, box: list[float]) -> dict:
        x1, y1, x2, y2 = box
        ring = [x1, y1, x2, y1, x2, y2, x1, y2]
        marks = [1, 2, 2, 3, 4, 1, 0, 0, 0, 5, 6, 2]
        return {
            "category_id": category,
            "style": style,
            "bounding_box": box,
            "landmarks": marks,
            "segmentation": [ring],
        }

    def photos(part: str, number: int, told: object) -> None:
        photo(home / part / "image" / f"{number:06d}.jpg", number)
        text(home / part / "annos" / f"{number:06d}.json", told if isinstance(told, str) else json.dumps(told))

    shop = {"source": "shop", "pair_id": 1, "item1": garment(10, 1, [2, 4, 20, 28])}
    photos("train", 1, shop)
    user = {
        "source": "user",
        "pair_id": 1,
        "item1": garment(10, 1, [0, 0, 12, 16]),
        "item2": garment(8, 0, [3, 3, 9, 9]),
    }
    photos("train", 2, user)
    photos("train", 3, {"source": "user", "pair_id": 1, "item1": garment(14, 1, [0, 0, 9, 9])})
    photos("train", 4, "{broken")
    photos("validation", 1, {"source": "user", "pair_id": 1, "item1": garment(1, 2, [5, 5, 5, 9])})
    twice = {"source": "shop", "pair_id": 9, "item1": garment(1, 2, [1, 1, 9, 9]), "item2": garment(1, 2, [2, 2, 8, 8])}
    photos("validation", 2, twice)
    (home / "validation" / "image" / "000001.jpg").unlink()
    return home


def coco_data() -> dict:
    return {
        "info": {},
        "images": [
            {"id": number, "file_name": f"{number:07d}.jpg", "width": 24, "height": 32} for number in (10, 11, 12)
        ],
        "categories": [{"id": 6, "name": "dress"}, {"id": 1, "name": "bag"}],
        "annotations": [
            {"id": 1, "image_id": 11, "category_id": 1, "bbox": [1, 2, 3, 4]},
            {"id": 2, "image_id": 10, "category_id": 6, "bbox": [4, 4, 10, 20],
             "segmentation": [[4, 4, 14, 4, 14, 12, 4, 12], [4, 16, 14, 16, 14, 24, 4, 24]]},
            {"id": 3, "image_id": 11, "category_id": 6, "segmentation": {"size": [32, 24], "counts": [64, 64, 640]}},
            {"id": 4, "image_id": 99, "category_id": 6, "bbox": [1, 2, 3, 4]},
            {"id": 5, "image_id": 10, "category_id": 6, "segmentation": [[1, 2, 3]], "bbox": [1, 2, 3, 4]},
            {"id": 6, "image_id": 10, "category_id": 6},
        ],
    }  # fmt: skip


def coco(root: Path) -> Path:
    """Polygons, run lengths, a box alone; annotations not grouped by image, some malformed; an image without any."""
    for number in (10, 11, 12):
        photo(root / "coco" / "images" / f"{number:07d}.jpg", number)
    return text(root / "coco" / "instances.json", json.dumps(coco_data()))


def fashion_mnist(root: Path) -> Path:
    """Four pictures in two parts, one of no class."""
    home = root / "fashion-mnist"
    home.mkdir(parents=True)
    draw = np.random.default_rng(3)
    for part, labels in (("train", [9, 0, 12]), ("t10k", [3])):
        pictures = np.zeros((len(labels), 28, 28), np.uint8)
        pictures[:, 6:22, 8:20] = draw.integers(1, 256, (len(labels), 16, 12))
        head = struct.pack(">4I", 0x803, len(labels), 28, 28)
        (home / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(head + pictures.tobytes()))
        told = struct.pack(">2I", 0x801, len(labels)) + bytes(labels)
        (home / f"{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(told))
    return home


def myntra(root: Path) -> Path:
    """Names with commas without quotes, a missing photo, a row that is none."""
    home = root / "myntra"
    for number in (15970, 39386):
        photo(home / "images" / f"{number}.jpg", number)
    text(
        home / "styles.csv",
        "id,gender,masterCategory,subCategory,articleType,baseColour,season,year,usage,productDisplayName",
        "15970,Men,Apparel,Topwear,Shirts,Navy Blue,Fall,2011,Casual,Turtle Check Men Navy Blue Shirt",
        "39386,Women,Apparel,Dress,Dresses,Rosé,Summer,2012.0,Casual,Peter, Paul & Mary, Dress",
        "59263,Women,Accessories,Watches,Watches,Silver,Winter,,Casual,Titan Watch",
        "what,Women",
        encoding="cp1252",
    )
    return home


def open_metric_learning(root: Path) -> Path:
    """Query and gallery by columns; a box; a label that is missing."""
    home = root / "oml"
    for number in range(4):
        photo(home / "images" / f"{number}.jpg", number)
    return text(
        home / "df.csv",
        "path,label,split,is_query,is_gallery,category,x_1,x_2,y_1,y_2",
        "images/0.jpg,7,train,,,dress,,,,",
        "images/1.jpg,8,validation,True,False,dress,2,20,4,30",
        "images/2.jpg,8,validation,False,True,dress,9,9,4,30",
        "images/3.jpg,,validation,False,True,dress,,,,",
        "images/4.jpg,9,validation,maybe,True,dress,,,,",
        "images/3.jpg,9,validation,maybe,True,dress,,,,",
    )


def google(root: Path) -> Path:
    """With a header; labels in quotes; a polygon; addresses of a bucket."""
    home = root / "google"
    for name in ("a.jpg", "bucket/b.jpg", "deep/c.jpg"):
        photo(home / name, len(name))
    return text(
        home / "images.csv",
        "image-uri,image-id,product-set-id,product-id,product-category,product-display-name,labels,bounding-poly",
        'gs://bucket/a.jpg,1,set,p1,apparel-v2,"Dress, red","style=casual,color=red","2,4,20,4,20,30,2,30"',
        'gs://bucket/b.jpg,2,set,p1,apparel-v2,"Dress, red","style=casual,nothing","0.1,0.1,0.9,0.9"',
        "gs://bucket/deep/c.jpg,3,set,p2,apparel-v2,,,",
        "https://example.com/d.jpg,4,set,p2,apparel-v2,,,",
        "gs://bucket/gone.jpg,5,set,p3,apparel-v2,,style=casual,color=red,10",
        "gs://bucket/gone.jpg,5,set,p3,apparel-v2,,,",
    )


def pixplot(root: Path) -> Path:
    """Tags parted by bars; a position."""
    home = root / "pixplot"
    for number in range(2):
        photo(home / f"{number}.jpg", number)
    return text(
        home / "metadata.csv",
        "filename,category,tags,description,permalink,year,label,x,y",
        "0.jpg,dress, red | long|,A dress,https://example.com/0,1999,one,0.5,-2",
        "1.jpg,skirt,,,,,,,",
        ",skirt,,,,,,,",
    )


def webdataset(root: Path) -> Path:
    """Two shards; .json, .cls and .txt beside pictures; names that lead out, a link, a second file of one name."""
    home = root / "shards"
    home.mkdir(parents=True)
    picture = photo(root / "one.jpg", 1).read_bytes()
    other = photo(root / "two.png", 2).read_bytes()
    (root / "one.jpg").unlink(), (root / "two.png").unlink()
    for shard in range(2):
        members = [
            ("00.jpg", picture if shard else other),
            ("00.json", json.dumps({"Price": 3.5, "maxi": True, "tags": ["x"], "product": "no"}).encode()),
            ("00.cls", b"3\n"),
            ("01.json", b"{broken"),
            ("01.jpg", other),
            ("../02.jpg", picture),
            ("/etc/03.jpg", picture),
            ("01.jpg", picture),
            ("readme.md", b"-"),
        ]
        with tarfile.open(home / f"shard-{shard:06d}.tar", "w") as archive:
            for name, data in members:
                told = tarfile.TarInfo(name)
                told.size = len(data)
                archive.addfile(told, io.BytesIO(data))
            link = tarfile.TarInfo("04.jpg")
            link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
            archive.addfile(link)
    return home


def tar_gz(root: Path) -> Path:
    """A compressed tar, which has one order only."""
    path = root / "photos.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for number in range(3):
            data = photo(root / "x.png", number).read_bytes()
            told = tarfile.TarInfo(f"dress/{number}.png")
            told.size = len(data)
            archive.addfile(told, io.BytesIO(data))
    (root / "x.png").unlink()
    return path


def zipped(root: Path) -> Path:
    """A zip with a name that leads out."""
    path = root / "photos.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(2):
            archive.writestr(f"skirt/{number}.png", photo(root / "x.png", number).read_bytes())
        archive.writestr("../out.png", b"x")
        archive.writestr("__MACOSX/skirt/._0.png", b"x")
    (root / "x.png").unlink()
    return path


DATASETS = [
    in_shop, coarse, fine, deepfashion2, coco, fashion_mnist, myntra, open_metric_learning, google, pixplot, webdataset,
    tar_gz, zipped,
]  # fmt: skip
