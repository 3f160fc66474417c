"""Whether readers stream: how much more memory four times as many rows take, and how fast they are read.

    python benchmarks/speed/source_memory.py
    python benchmarks/speed/source_memory.py --rows 50000 --only csv,tar

For every kind of source a synthetic one is written, of --rows rows and of four times as many, all of one photo that is
there; it is opened and iterated in a process of its own, which keeps nothing of what comes. bytes a row: what the peak
of its memory (VmHWM of /proc, so on Linux) grows by, divided by the rows that are more. What readers may remember is a
hash of each row and each product. Exits with 1 when a row costs more than 1,000 bytes, where the source is not one that
is read whole (COCO's JSON, the pixels of Fashion-MNIST).
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import json
import multiprocessing
import struct
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

MOST = 1_000
"""Bytes a row."""
WHOLE = frozenset(("coco", "fashion-mnist"))
"""Sources that are read whole: the JSON, of which an image may stand at the end; the pixels of a split."""


def _lines(path: Path, *head: str, rows: int, row: Callable[[int], str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as stream:
        stream.writelines(f"{line}\n" for line in head)
        stream.writelines(f"{row(number)}\n" for number in range(rows))
    return path


def _photo(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"photo")


def make_csv(home: Path, rows: int) -> Path:
    """Products with a text, a number and a boolean."""
    return _lines(home / "t.csv", "image,product id,brand,price,sale", rows=rows,
                  row=lambda n: f"x.jpg,p{n},brand {n % 100},{n % 90}.5,{'yes' if n % 2 else 'no'}")  # fmt: skip


def make_jsonl(home: Path, rows: int) -> Path:
    """The same as objects."""
    return _lines(home / "t.jsonl", rows=rows, row=lambda n: json.dumps({"image": "x.jpg", "sku": f"p{n}", "price": n}))


def make_parquet(home: Path, rows: int) -> Path:
    """The same in record batches."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({"image": ["x.jpg"] * rows, "sku": [f"p{n}" for n in range(rows)], "price": [*range(rows)]})
    pq.write_table(table, home / "t.parquet", row_group_size=10_000)
    return home / "t.parquet"


def make_oml(home: Path, rows: int) -> Path:
    """Query and gallery."""
    return _lines(home / "df.csv", "path,label,split,is_query,is_gallery,category", rows=rows,
                  row=lambda n: f"x.jpg,p{n},validation,{bool(n % 2)},{not n % 2},dress")  # fmt: skip


def make_google(home: Path, rows: int) -> Path:
    """With labels in quotes."""
    return _lines(home / "g.csv", rows=rows, row=lambda n: f'gs://b/x.jpg,{n},s,p{n},apparel,name,"style=a,colour=b",')


def make_in_shop(home: Path, rows: int) -> Path:
    """A partition with boxes and landmarks."""
    _photo(home / "Img/img/WOMEN/Dresses/id_1/01_1_front.jpg")
    name = "img/WOMEN/Dresses/id_1/01_1_front.jpg"
    _lines(home / "Eval/list_eval_partition.txt", str(rows), "image_name item_id evaluation_status", rows=rows,
           row=lambda n: f"{name}   id_{n:08d} gallery  ")  # fmt: skip
    _lines(home / "Anno/list_item_inshop.txt", str(rows), rows=rows, row=lambda n: f"id_{n:08d}")
    return home


def make_attributes(home: Path, rows: int) -> Path:
    """Category and Attribute with 100 of the 1,000 attributes; one photo a folder."""
    anno = home / "Anno"
    for number in range(rows):
        _photo(home / "img" / f"f{number:06d}" / "1.jpg")
    _lines(anno / "list_category_cloth.txt", "1", "category_name category_type", "Dress 3", rows=0, row=str)
    _lines(anno / "list_attr_cloth.txt", "100", "attribute_name attribute_type", rows=100, row=lambda n: f"dot {n}  1")
    _lines(anno / "list_category_img.txt", str(rows), "image_name category_label", rows=rows,
           row=lambda n: f"img/f{n:06d}/1.jpg   1 ")  # fmt: skip
    values = " ".join(["-1"] * 99 + ["1"])
    _lines(anno / "list_attr_img.txt", str(rows), "image_name attribute_labels", rows=rows,
           row=lambda n: f"img/f{n:06d}/1.jpg  {values}")  # fmt: skip
    return home


def make_folder(home: Path, rows: int) -> Path:
    """A hundred photos a folder."""
    for number in range(rows):
        _photo(home / f"{number // 100:05d}" / f"{number}.jpg")
    return home


def make_myntra(home: Path, rows: int) -> Path:
    """Names with commas."""
    head = "id,gender,masterCategory,subCategory,articleType,baseColour,season,year,usage,productDisplayName"
    for number in range(rows):
        _photo(home / "images" / f"{number}.jpg")
    _lines(home / "styles.csv", head, rows=rows, row=lambda n: f"{n},Men,A,B,Shirts,Blue,Fall,2011,Casual,A, B, {n}")
    return home


def make_tar(home: Path, rows: int, name: str = "t.tar", mode: str = "w") -> Path:
    """WebDataset: a picture and a .json a sample."""
    with tarfile.open(home / name, mode) as archive:  # type: ignore[call-overload]
        for number in range(rows):
            for suffix, data in ((".jpg", bytes(5_000)), (".json", b'{"price": 3}')):
                member = tarfile.TarInfo(f"{number:07d}{suffix}")
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
            archive.members = []
    return home / name


def make_tar_gz(home: Path, rows: int) -> Path:
    """The same, packed."""
    return make_tar(home, rows, "t.tar.gz", "w:gz")


def make_zip(home: Path, rows: int) -> Path:
    """Pictures alone. Its list of members is in memory, as it is in every program that reads zips."""
    with zipfile.ZipFile(home / "t.zip", "w") as archive:
        for number in range(rows):
            archive.writestr(f"dress/{number:07d}.jpg", bytes(1_000))
    return home / "t.zip"


def make_coco(home: Path, rows: int) -> Path:
    """An annotation of one polygon a photo."""
    ring = [[1, 1, 20, 1, 20, 20, 1, 20]]
    told = {
        "images": [{"id": n, "file_name": "x.jpg", "width": 24, "height": 32} for n in range(rows)],
        "annotations": [{"id": n, "image_id": n, "category_id": 1, "segmentation": ring} for n in range(rows)],
        "categories": [{"id": 1, "name": "dress"}],
    }
    (home / "c.json").write_text(json.dumps(told))
    return home / "c.json"


def make_idx(home: Path, rows: int) -> Path:
    """Pictures of 28 x 28: 784 bytes each, of which a split is held."""
    head = struct.pack(">4I", 0x803, rows, 28, 28)
    (home / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(head + bytes(784 * rows), 1))
    labels = struct.pack(">2I", 0x801, rows) + bytes(rows)
    (home / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(labels, 1))
    return home


MAKERS: dict[str, Callable[[Path, int], Path]] = {
    "csv": make_csv, "jsonl": make_jsonl, "parquet": make_parquet, "open-metric-learning": make_oml,
    "google": make_google, "in-shop": make_in_shop, "attribute-prediction": make_attributes, "folder": make_folder,
    "myntra": make_myntra, "tar": make_tar, "tar.gz": make_tar_gz, "zip": make_zip, "coco": make_coco,
    "fashion-mnist": make_idx,
}  # fmt: skip


def read(place: Path) -> tuple[float, float, int]:
    """Peak of the memory in bytes, seconds, and photos, of a process that does nothing else."""
    from indexer.sources.base import SourceImage
    from indexer.sources.open import open_source

    started = time.perf_counter()
    source = open_source(place)
    photos = sum(isinstance(item, SourceImage) for item in source)
    seconds = time.perf_counter() - started
    told = Path("/proc/self/status").read_text()  # getrusage would tell the parent's peak, where that was higher
    peak = next(line for line in told.splitlines() if line.startswith("VmHWM"))
    return int(peak.split()[1]) * 1024.0, seconds, photos


def measure(name: str, rows: int) -> dict[str, float]:
    """Megabytes at both sizes, bytes a row, rows a second."""
    found = []
    for count in (rows, 4 * rows):
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder, "made")
            home.mkdir()
            _photo(home / "x.jpg") if name not in ("folder", "tar", "tar.gz", "zip") else None
            place = MAKERS[name](home, count)
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                peak, seconds, photos = pool.apply(read, (place,))
        if photos != count:
            raise SystemExit(f"{name}: {photos} photos of {count} rows")
        found.append((peak, seconds))
    (less, _), (more, seconds) = found
    return {
        "rows": 4 * rows, "megabytes": round(less / 1e6, 1), "megabytes_of_4_times": round(more / 1e6, 1),
        "bytes_a_row": round((more - less) / (3 * rows)), "rows_a_second": round(4 * rows / seconds),
    }  # fmt: skip


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5_000, help="of the smaller source; default: 5,000")
    parser.add_argument("--only", default=",".join(MAKERS), help=f"of {', '.join(MAKERS)}")
    parser.add_argument("--format", choices=["csv", "table"], default="table")
    options = parser.parse_args()
    wrong = []
    told = {name: measure(name, options.rows) for name in options.only.split(",")}
    if options.format == "csv":
        writer = csv.writer(out := io.StringIO())
        writer.writerow(["source", *next(iter(told.values()))])
        writer.writerows([name, *one.values()] for name, one in told.items())
        print(out.getvalue(), end="")
    for name, one in told.items():
        if options.format == "table":
            print(f"{name:22} {one['megabytes']:7.1f} MB, of 4 times as many {one['megabytes_of_4_times']:7.1f} MB: "
                  f"{one['bytes_a_row']:6.0f} bytes a row; {one['rows_a_second']:7.0f} rows a second")  # fmt: skip
        if one["bytes_a_row"] > MOST and name not in WHOLE:
            wrong.append(name)
    print(f"WRONG: {', '.join(wrong)}" if wrong else "all as it should be")
    raise SystemExit(1 if wrong else 0)


if __name__ == "__main__":
    main()
