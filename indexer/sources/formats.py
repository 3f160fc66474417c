"""Every reader, in the order in which a folder or file is offered to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from engine.errors import SourceError
from indexer.sources import (
    archive,
    attribute_prediction,
    attribute_prediction_fine,
    coco_json,
    csv_tables,
    deepfashion2,
    fashion_mnist,
    in_shop,
    myntra,
    paperdoll,
)
from indexer.sources.base import Source
from indexer.sources.folder import FolderSource, is_picture_name
from indexer.sources.path_list import read_paths
from indexer.sources.records import Reading
from indexer.sources.table import TABLE_SUFFIXES, TableSource


@dataclass(frozen=True)
class Format:
    """A kind of source. reads: what it is. shape: what it is known by. example: a command.

    detect: whether a folder or file is one; it opens little and changes nothing. read: the source there; it may raise
    SourceError. options: whether root, columns, types and delimiter mean something to it; `root` alone where "root".
    """

    name: str
    reads: str
    shape: str
    example: str
    detect: Callable[[Path], bool]
    read: Callable[[Path, Reading], Source]
    options: str = ""


def _never(place: Path) -> bool:
    return False


def _is_table(place: Path) -> bool:
    return place.is_file() and place.suffix.lower() in TABLE_SUFFIXES


def _read_table(place: Path, how: Reading) -> Source:
    return TableSource(place, how.root or place.parent, how.columns, how.types, how.known, how.delimiter, how.remote)


def _is_folder(place: Path) -> bool:
    return place.is_dir() or (place.is_file() and is_picture_name(place.name))


def _read_folder(place: Path, how: Reading) -> Source:
    return FolderSource(place, how.known)


def _no_folder(place: Path, how: Reading) -> Source:
    raise SourceError(f"{place}: is no address such as s3://bucket/photos")


def _read_stdin(place: Path, how: Reading) -> Source:
    import sys

    return read_paths(sys.stdin.buffer, how.root or Path.cwd(), how.remote)


FORMATS: tuple[Format, ...] = (
    Format(
        "in-shop",
        "DeepFashion In-Shop Retrieval: partition, boxes, landmarks, descriptions, masks",
        "Eval/list_eval_partition.txt with the columns image_name item_id evaluation_status",
        "houndstooth index In-shop --garments given",
        in_shop.detect,
        in_shop.read,
        "root",
    ),
    Format(
        "in-shop-readme",
        "the same, the colours of its masks as its readme tells them",
        "only by name",
        "houndstooth index In-shop --source in-shop-readme --garments given",
        _never,
        in_shop.read_as_readme,
        "root",
    ),
    Format(
        "attribute-prediction",
        "DeepFashion Category and Attribute Prediction, coarse: category, length, maxi, pattern, boxes",
        "Anno/list_category_img.txt (or Anno_coarse/)",
        "houndstooth index Category-and-Attribute",
        attribute_prediction.detect,
        attribute_prediction.read,
        "root",
    ),
    Format(
        "attribute-prediction-fine",
        "its fine annotations: category, length, maxi, pattern, boxes",
        "Anno_fine/train_attr.txt, where there is no list of the coarse annotations",
        "houndstooth index Category-and-Attribute --source attribute-prediction-fine",
        attribute_prediction_fine.detect,
        attribute_prediction_fine.read,
        "root",
    ),
    Format(
        "deepfashion2",
        "DeepFashion2: garments of shops and users, paired, with boxes and polygons",
        "train/ or validation/ with image/ and annos/ in it",
        "houndstooth index deepfashion2 --garments given",
        deepfashion2.detect,
        deepfashion2.read,
    ),
    Format(
        "modanet",
        "ModaNet's garments on PaperDoll's photos (photos.lmdb needs the extra [lmdb])",
        "modanet2018_instances_train.json, with photos.lmdb or images/ beside it",
        "houndstooth index modanet --garments given",
        paperdoll.detect_modanet,
        paperdoll.read_modanet,
        "root",
    ),
    Format(
        "paperdoll",
        "PaperDoll's photos of Chictopia: SQLite and LMDB (needs the extra [lmdb])",
        "photos.lmdb beside an SQLite file (unpacked)",
        "houndstooth index paperdoll",
        paperdoll.detect,
        paperdoll.read,
    ),
    Format(
        "coco",
        "any COCO JSON of instances: a product an annotation, with its mask and box",
        "a .json file with images, annotations and categories",
        "houndstooth index instances.json --root photos --garments given",
        coco_json.detect,
        coco_json.read,
        "root",
    ),
    Format(
        "fashion-mnist",
        "Fashion-MNIST: idx files of pictures and labels",
        "train-images-idx3-ubyte.gz or t10k-images-idx3-ubyte.gz",
        "houndstooth index /usr/share/datasets/fashion-mnist --garments given",
        fashion_mnist.detect,
        fashion_mnist.read,
    ),
    Format(
        "myntra",
        "Kaggle's fashion-product-images (Myntra): styles.csv and images/",
        "styles.csv with the columns id, gender, masterCategory, subCategory, articleType",
        "houndstooth index fashion-product-images",
        myntra.detect,
        myntra.read,
        "root",
    ),
    Format(
        "google-product-search",
        "the list of images of Google's Vision Product Search",
        "a .csv whose columns begin image-uri, image-id, product-set-id, or that has no header and gs:// addresses",
        "houndstooth index products.csv --source google-product-search --root bucket",
        csv_tables.detect_google,
        csv_tables.read_google,
        "root",
    ),
    Format(
        "open-metric-learning",
        "a table of Open Metric Learning: products by label, query and gallery marked",
        "a .csv with the columns path, label and one of split, is_query, is_gallery",
        "houndstooth index df.csv --root photos",
        csv_tables.detect_oml,
        csv_tables.read_oml,
        "root",
    ),
    Format(
        "pixplot",
        "metadata of PixPlot",
        "a .csv with the column filename, one of tags and permalink, and none that PixPlot does not know",
        "houndstooth index metadata.csv --root photos",
        csv_tables.detect_pixplot,
        csv_tables.read_pixplot,
        "root",
    ),
    Format(
        "archive",
        "photos in tar and zip files, WebDataset's shards among them, read where they lie",
        f"a file ending in {' '.join(archive.SUFFIXES)}, or a folder of nothing else",
        "houndstooth index shards",
        archive.detect,
        archive.read,
    ),
    Format(
        "paths",
        "a list of paths on standard input, one a line or ended by NUL",
        "- in the place of a path",
        "find photos -mtime -1 -print0 | houndstooth index -",
        _never,
        _read_stdin,
        "root",
    ),
    Format(
        "bucket",
        "photos under a prefix of a bucket, or one at a web address (needs the extra [remote])",
        "an address in the place of a path, with --allow-remote",
        "houndstooth index s3://shop/photos --allow-remote",
        _never,
        _no_folder,
    ),
    Format(
        "table",
        "a table of products: CSV, TSV, JSON Lines, Parquet",
        f"a file ending in {' '.join(TABLE_SUFFIXES)} with a column that names photos",
        "houndstooth index products.csv --root photos",
        _is_table,
        _read_table,
        "all",
    ),
    Format(
        "folder",
        "a tree of photos, or one photo; the folder that a photo lies in is its category",
        "a folder that is none of the others, with pictures in it",
        "houndstooth index photos",
        _is_folder,
        _read_folder,
    ),
)


def find_format(place: Path) -> Format | None:
    """The first reader that knows this folder or file; None where none does."""
    return next((one for one in FORMATS if _knows(one, place)), None)


def _knows(one: Format, place: Path) -> bool:
    try:
        return one.detect(place)
    except PermissionError:  # what cannot be looked into is told by the reader that takes any folder or table
        return False
