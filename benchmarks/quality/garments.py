"""How good are the masks of garments? DeepLabV3+ against labelled pixels on photos it never learned from.

    python benchmarks/quality/garments.py --data ../shared/data
    python benchmarks/quality/garments.py --data ../shared/data --weights my.safetensors --only street

- street: the fifth of garment-masks that no training sees (by a hash of the photo's name), labels made by people.
- flat: the photos of clothing-masks whose senders are in the held-out fifth; masks made by a cut-out network.
- worn: the photos worn of worn-to-product with their parse maps; no part of it was ever learned from or chosen on.
- rendered: the demo's garments by seeds of their own, each before all four kinds of background; exact masks.

IoU of a class is pooled over all pixels of the set, and mIoU is the mean over the classes that occur in it; intervals
are 95 % percentiles of 1,000 bootstrap draws of photos (flat: of senders). "network" is the likeliest class of every
pixel; "foreground" is the union of the garments that the finder gives; "product" the one garment taken for the product.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from indexer.decode import decode
from indexer.demo import Background, random_garment, random_shot, render
from indexer.demo.spec import BACKGROUNDS
from indexer.garments.choose import product_garments
from indexer.garments.classes import CLASSES, FOLDER_KINDS, GARMENTS, LOOK_INTO_PERSON
from indexer.garments.deeplab import DeepLab
from indexer.garments.garment import Garment
from indexer.garments.training.cache import RENDERED_KINDS, label_table
from indexer.garments.training.split import Example, flat_photos, street_photos

ROUNDS = 1000
BATCH = 32
FIRST = CLASSES.index(GARMENTS[0])
UPPER_BODY = ("top", "outer", "dress")
"""Which of the three an upper garment is, people and data sets disagree on; as one class it is also counted."""


@dataclass(frozen=True, eq=False)
class Shown:
    """A photo with its truth. labels: uint8 (h, w), channel of `CLASSES`. kind: of the one product, "" with several.

    group: photos of one group are drawn together. told: the category that a catalog would tell.
    """

    rgb: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    group: str
    kind: str = ""
    told: str = ""
    name: str = ""


@dataclass(frozen=True)
class Row:
    """One line of the tables: a value with its interval over n photos."""

    of: str
    measure: str
    value: float
    low: float
    high: float
    n: int


def street(data: Path) -> Iterator[Shown]:
    """Street photos of the held-out fifth."""
    table = label_table(data)
    for example in street_photos(data):
        if example.part == "test":
            rgb = decode(example.photo.read_bytes()).rgb
            yield Shown(rgb, _sized(table[np.asarray(Image.open(example.mask))], rgb), example.photo.stem)


def flat(data: Path) -> Iterator[Shown]:
    """Flat and hanging garments of the held-out senders, unsure masks included."""
    with (data / "clothing" / "senders.csv").open(newline="") as file:
        senders = {f"clothing/{row['path']}": row["sender_id"] for row in csv.DictReader(file)}
    for example in flat_photos(data, unsure=1.0):
        if example.part == "test":
            yield _flat(example, senders[str(example.photo.relative_to(data))])


def _flat(example: Example, sender: str) -> Shown:
    kind = FOLDER_KINDS[example.kind]
    mask = np.asarray(Image.open(example.mask).convert("L")) > 127
    rgb = decode(example.photo.read_bytes()).rgb
    labels = _sized(mask.astype(np.uint8) * np.uint8(CLASSES.index(kind)), rgb)
    return Shown(rgb, labels, sender, kind, example.kind)


def _sized(labels: NDArray[np.uint8], rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Labels at the size of the decoded picture, which large photos are reduced to."""
    height, width = rgb.shape[:2]
    return np.asarray(Image.fromarray(labels).resize((width, height), Image.Resampling.NEAREST))


def worn(data: Path) -> Iterator[Shown]:
    """Photos worn of worn-to-product, their maps of 20 labels brought to the ten classes."""
    table = np.zeros(256, np.uint8)
    for name, ids in LOOK_INTO_PERSON.items():
        table[list(ids)] = CLASSES.index(name)
    root = data / "worn-to-product"
    with (root / "pairs.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            rgb = decode((root / row["worn"]).read_bytes()).rgb
            yield Shown(rgb, _sized(table[np.asarray(Image.open(root / row["parse"]))], rgb), row["product_id"])


def rendered(count: int, first: int = 700_000) -> Iterator[Shown]:
    """Rendered garments of unseen seeds, each before every kind of background."""
    for seed in range(first, first + count):
        garment = random_garment(seed)
        for view, ground in enumerate(BACKGROUNDS):
            shot = random_shot(seed, view)
            photo = render(garment, replace(shot, background=Background(ground, shot.background.rgb, seed)))
            kind = RENDERED_KINDS[garment.category]
            labels = photo.mask.astype(np.uint8) * np.uint8(CLASSES.index(kind))
            rgb = np.asarray(Image.open(io.BytesIO(photo.jpeg())).convert("RGB"))
            yield Shown(rgb, labels, str(seed), kind, garment.category, ground)


@dataclass(eq=False)
class Tally:
    """What was counted photo by photo. confusions: of the network, by true and found class.

    foreground, product: pixels in both and in either.
    """

    groups: list[str]
    names: list[str]
    confusions: list[NDArray[np.int64]]
    foreground: list[tuple[int, int]]
    product: list[tuple[int, int]]
    right_kind: list[bool]


def counted(finder: DeepLab, photos: Iterator[Shown], total: str) -> Tally:
    """Runs the network and the finder over photos and counts."""
    tally = Tally([], [], [], [], [], [])
    batch: list[Shown] = []
    for shown in tqdm(photos, desc=total, unit="photo", disable=None):
        batch.append(shown)
        if len(batch) == BATCH:
            _count(finder, batch, tally)
            batch = []
    if batch:
        _count(finder, batch, tally)
    return tally


def _count(finder: DeepLab, batch: list[Shown], tally: Tally) -> None:
    pictures = [shown.rgb for shown in batch]
    for shown, chances, garments in zip(batch, finder.chances(pictures), finder.find(pictures), strict=True):
        pairs = shown.labels.astype(np.int64) * len(CLASSES) + _likeliest(chances, shown.labels.shape)
        square = np.bincount(pairs.ravel(), minlength=len(CLASSES) ** 2).reshape(len(CLASSES), -1)
        tally.confusions.append(square)
        tally.groups.append(shown.group)
        tally.names.append(shown.name)
        truth = shown.labels >= FIRST
        tally.foreground.append(_overlap(_union(garments, truth.shape), truth))
        if shown.kind:
            first = product_garments(garments, shown.told)[:1]
            tally.product.append(_overlap(_union(first, truth.shape), truth))
            largest = product_garments(garments)[:1]
            tally.right_kind.append(bool(largest) and largest[0].kind == shown.kind)


def _likeliest(chances: NDArray[np.float32], size: tuple[int, ...]) -> NDArray[np.int64]:
    """The class of every pixel of a picture: the chances interpolated to its size, then the largest."""
    height, width = size
    planes = [Image.fromarray(plane).resize((width, height), Image.Resampling.BILINEAR) for plane in chances]
    winners: NDArray[np.int64] = np.stack([np.asarray(plane) for plane in planes]).argmax(0)
    return winners


def _union(garments: list[Garment], size: tuple[int, ...]) -> NDArray[np.bool_]:
    mask = np.zeros(size, bool)
    for garment in garments:
        mask |= garment.mask
    return mask


def _overlap(found: NDArray[np.bool_], truth: NDArray[np.bool_]) -> tuple[int, int]:
    return int((found & truth).sum()), int((found | truth).sum())


def drawn(groups: list[str], seed: int = 0) -> NDArray[np.int64]:
    """How often each photo is in each bootstrap draw of whole groups: (rounds, photos)."""
    _, member = np.unique(groups, return_inverse=True)
    count = int(member.max()) + 1
    picks = np.random.default_rng(seed).integers(0, count, (ROUNDS, count))
    often = np.stack([np.bincount(pick, minlength=count) for pick in picks])
    return often[:, member]


def class_rows(of: str, tally: Tally, joined: dict[str, tuple[str, ...]] | None = None) -> list[Row]:
    """mIoU and the IoU of every class that occurs, of the network; then of classes joined to one."""
    squares = np.stack(tally.confusions)
    often = drawn(tally.groups)
    occurs = [channel for channel in range(len(CLASSES)) if squares[:, channel].any()]
    both = squares[:, range(len(CLASSES)), range(len(CLASSES))]
    either = squares.sum(1) + squares.sum(2) - both
    shares, spread = both.sum(0) / np.maximum(either.sum(0), 1), (often @ both) / np.maximum(often @ either, 1)
    n = len(squares)
    rows = [_row(of, "mIoU", float(shares[occurs].mean()), spread[:, occurs].mean(1), n)]
    rows += [
        _row(of, f"IoU {CLASSES[c]}", float(shares[c]), spread[:, c], int(squares[:, c].any(1).sum())) for c in occurs
    ]
    for name, classes in (joined or {}).items():
        channels = [CLASSES.index(c) for c in classes]
        inside = squares[:, channels][:, :, channels].sum((1, 2))
        around = squares[:, channels].sum((1, 2)) + squares[:, :, channels].sum((1, 2)) - inside
        draws = (often @ inside) / np.maximum(often @ around, 1)
        rows.append(_row(of, f"IoU {name}", float(inside.sum() / around.sum()), draws, n))
    return rows


def mask_rows(of: str, tally: Tally) -> list[Row]:
    """Pooled and mean IoU of the finder's masks."""
    often = drawn(tally.groups)
    rows = []
    for measure, pairs in (("foreground", tally.foreground), ("product", tally.product)):
        if pairs:
            both, either = np.array(pairs).T
            rows.append(
                _row(of, f"{measure} IoU", both.sum() / either.sum(), (often @ both) / (often @ either), len(both))
            )
            each = both / np.maximum(either, 1)
            draws = (often @ each) / often.sum(1)
            rows.append(_row(of, f"{measure} IoU, mean of photos", float(each.mean()), draws, len(both)))
            good = (each >= 0.5).astype(float)
            rows.append(_row(of, f"{measure} IoU >= 0.5", float(good.mean()), (often @ good) / often.sum(1), len(both)))
    if tally.right_kind:
        right = np.array(tally.right_kind, float)
        rows.append(
            _row(of, "kind of the product right", float(right.mean()), (often @ right) / often.sum(1), len(right))
        )
    return rows


def _row(of: str, measure: str, value: float, draws: NDArray[np.floating], n: int) -> Row:
    low, high = np.percentile(draws, [2.5, 97.5])
    return Row(of, measure, float(value), float(low), float(high), n)


def part(tally: Tally, name: str) -> Tally:
    """The photos of this name."""
    at = [row for row, each in enumerate(tally.names) if each == name]
    columns = (tally.groups, tally.names, tally.confusions, tally.foreground, tally.product, tally.right_kind)
    return Tally(*([column[row] for row in at] for column in columns))  # type: ignore[arg-type]


def measure(finder: DeepLab, data: Path, only: list[str], count: int) -> list[Row]:
    """All rows of the sets asked for."""
    rows: list[Row] = []
    if "street" in only:
        tally = counted(finder, street(data), "street")
        rows += class_rows("street", tally, {"upper body": UPPER_BODY}) + mask_rows("street", tally)
    if "flat" in only:
        tally = counted(finder, flat(data), "flat")
        rows += mask_rows("flat", tally)
    if "worn" in only:
        tally = counted(finder, worn(data), "worn")
        rows += class_rows("worn", tally, {"upper body": UPPER_BODY}) + mask_rows("worn", tally)
    if "rendered" in only:
        tally = counted(finder, rendered(count), "rendered")
        for name in BACKGROUNDS:
            rows += mask_rows(f"rendered, {name}", part(tally, name))
    return rows


def as_table(rows: list[Row]) -> str:
    """One line a measure."""
    lines = [f"{'set':22s} {'measure':30s} {'n':>5s}  {'value':>6s}  95 % interval"]
    lines += [f"{r.of:22s} {r.measure:30s} {r.n:5d}  {r.value:6.3f}  {r.low:.3f} to {r.high:.3f}" for r in rows]
    return "\n".join(lines)


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    home = os.environ.get("HOUNDSTOOTH_DATA")
    parser.add_argument(
        "--data",
        type=Path,
        default=Path(home) if home else None,
        required=not home,
        help="folder with garment-masks/, clothing/, clothing-masks/, worn-to-product/; default: $HOUNDSTOOTH_DATA",
    )
    parser.add_argument("--weights", default="shipped", help="a file that the training wrote; default: those shipped")
    parser.add_argument("--only", nargs="+", choices=("street", "flat", "worn", "rendered"))
    parser.add_argument("--rendered", type=int, default=60, help="rendered garments, four photos each")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    given = parser.parse_args()
    only = given.only or ["street", "flat", "worn", "rendered"]
    rows = measure(DeepLab(given.weights), given.data, only, given.rendered)
    print(json.dumps({"rows": [vars(row) for row in rows]}, indent=1) if given.format == "json" else as_table(rows))


if __name__ == "__main__":
    main()
