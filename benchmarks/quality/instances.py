"""How well are garments found one by one? Mask R-CNN taught and scored on rendered garments and street photos.

    python benchmarks/quality/instances.py --data ../shared/data --work build/instances
    python benchmarks/quality/instances.py --data ../shared/data --work build/instances --weights maskrcnn.safetensors

Makes a COCO data set in the work folder, trains a small network (or takes weights), and prints AP and AP50 a class on
the fifth of the pictures that was not learned from. It can be stopped; the same command goes on.

- rendered: one to four of the demo's garments on one background, with exact masks; a garment may hide a part of
  another.
- street: the photos of garment-masks. Of what is worn once (tops, coats, dresses, trousers, skirts) all pixels of a
  label are one instance, since an arm or a bag parts them; of shoes, bags and accessories, every connected component is
  one. Held out are the photos that the training of semantic masks holds out as well.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage
from tqdm import tqdm

from indexer.coco import CocoDataset, CocoWriter, read_coco
from indexer.demo import Background, random_garment, random_shot, render
from indexer.demo.background import draw_background
from indexer.demo.sample import WALLS
from indexer.garments.classes import CLOTHING_PARSING, FOLDER_KINDS, GARMENTS
from indexer.garments.maskrcnn_evaluation import table
from indexer.garments.maskrcnn_training import Asked, train

FRAME = (384, 512)
"""Width and height of a rendered picture."""
WORN_ONCE = ("top", "outer", "dress", "trousers", "skirt")
LEAST = 0.001
"""Share of the photo below which a component is a trace of the annotation, not a garment."""
HIDDEN = 0.4
"""Share of a garment that others may hide."""
KINDS = {**FOLDER_KINDS, "trousers": "trousers"}


def main() -> None:
    """Read the command line, make what is missing, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with garment-masks/")
    parser.add_argument("--work", type=Path, required=True, help="folder for the data set and the weights")
    parser.add_argument("--weights", type=Path, help="take these instead of training")
    parser.add_argument("--rendered", type=int, default=300, help="pictures to render")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, help="of torch")
    asked = parser.parse_args()

    coco, photos = asked.work / "instances.json", asked.work / "photos"
    if not coco.exists():
        make(asked.data / "garment-masks", asked.work, asked.rendered, asked.seed)
    weights = asked.weights or asked.work / "maskrcnn.safetensors"
    if not weights.exists():
        train(Asked(coco, photos, weights, size="small", epochs=asked.epochs, seed=asked.seed, threads=asked.threads,
                    resume=True))  # fmt: skip
    report(read_coco(coco), photos, weights)


def make(street: Path, work: Path, rendered: int, seed: int) -> None:
    """Write instances.json and photos/ to the work folder; street photos stay where they are, behind a link."""
    (work / "photos" / "rendered").mkdir(parents=True, exist_ok=True)
    link = work / "photos" / "street"
    if not link.exists():
        link.symlink_to((street / "photos").resolve(), target_is_directory=True)
    writer = CocoWriter(GARMENTS)
    for number in tqdm(range(rendered), desc="rendered"):
        name = f"rendered/{number:05d}.jpg"
        rgb, masks = composed(seed, number)
        Image.fromarray(rgb).save(work / "photos" / name, quality=90)
        writer.add(name, FRAME, masks, group=name)
    with (street / "labels.csv").open(newline="") as file:
        labels = {int(row["id"]): row["name"] for row in csv.DictReader(file)}
    for photo in tqdm(sorted((street / "photos").glob("*.jpg")), desc="street"):
        marks = np.asarray(Image.open(street / "masks" / f"{photo.stem}.png"))
        masks = list(instances(marks, labels))
        writer.add(f"street/{photo.name}", (marks.shape[1], marks.shape[0]), masks, group=photo.stem)
    writer.write(work / "instances.json")


def composed(seed: int, number: int) -> tuple[NDArray[np.uint8], list[tuple[str, NDArray[np.bool_]]]]:
    """A picture of one to four garments, uint8 (h, w, 3), and of each its kind and the part of it that is seen."""
    rng = np.random.default_rng([seed, number, 83])
    kind = ("plain", "gradient", "textured", "cluttered")[int(rng.choice(4, p=(0.3, 0.2, 0.2, 0.3)))]
    ground = Background(kind, WALLS[int(rng.integers(0, len(WALLS)))], int(rng.integers(0, 1 << 30)))
    picture = draw_background(ground, *FRAME)[: FRAME[1], : FRAME[0]].copy()
    wanted = int(rng.choice((1, 2, 3, 4), p=(0.2, 0.35, 0.3, 0.15)))
    shown: list[tuple[str, NDArray[np.bool_]]] = []
    whole: list[int] = []
    for _ in range(3 * wanted):  # attempts: one that would hide too much of another is dropped
        if len(shown) == wanted:
            break
        category, rgb, mask = _placed(rng, picture, wanted)
        left = [(seen & ~mask).sum() for _, seen in shown]
        if any(now < (1 - HIDDEN) * area for now, area in zip(left, whole, strict=True)):
            continue
        picture[mask] = rgb[mask]
        shown = [(name, seen & ~mask) for name, seen in shown]
        shown.append((KINDS[category], mask))
        whole.append(int(mask.sum()))
    return picture, shown


def _placed(
    rng: np.random.Generator, picture: NDArray[np.uint8], wanted: int
) -> tuple[str, NDArray[np.uint8], NDArray[np.bool_]]:
    """A garment somewhere on a frame like the picture: its category, uint8 (h, w, 3) and bool (h, w)."""
    share = (0.95, 0.72, 0.6, 0.52)[wanted - 1] * rng.uniform(0.75, 1.1)
    width, height = (max(64, round(min(share, 1.0) * side / 4) * 4) for side in FRAME)
    left, top = int(rng.integers(0, FRAME[0] - width + 1)), int(rng.integers(0, FRAME[1] - height + 1))
    own = int(rng.integers(0, 1 << 30))
    garment = random_garment(own)
    behind = picture[top : top + height, left : left + width].reshape(-1, 3).mean(0)
    shot = replace(
        random_shot(own, 1, (width, height)),
        background=Background("plain", tuple(int(v) for v in behind)),
        hanger=False,
    )
    photo = render(garment, shot)
    rgb, mask = np.zeros_like(picture), np.zeros(picture.shape[:2], dtype=bool)
    rgb[top : top + height, left : left + width] = photo.rgb
    mask[top : top + height, left : left + width] = photo.mask
    return garment.category, rgb, mask


def instances(marks: NDArray[np.uint8], labels: dict[int, str]) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """The kind and mask of every garment in a label map (h, w)."""
    kinds = {label: kind for kind in GARMENTS for label in CLOTHING_PARSING[kind]}
    for value in np.unique(marks).tolist():
        kind = kinds.get(labels[value])
        if kind is None:
            continue
        mask = marks == value
        parts, count = ndimage.label(mask, np.ones((3, 3)))
        sizes = np.bincount(parts.ravel(), minlength=count + 1)
        kept = [n for n in range(1, count + 1) if sizes[n] >= LEAST * marks.size]
        if kind in WORN_ONCE:
            if kept:
                yield kind, np.isin(parts, kept)
        else:
            yield from ((kind, parts == n) for n in kept)


def report(dataset: CocoDataset, photos: Path, weights: Path) -> None:
    """Print a table for each source."""
    from indexer.garments.instances.detect import Detector
    from indexer.garments.instances.network import device_of, load
    from indexer.garments.instances.samples import parts
    from indexer.garments.instances.scoring import LEAST as LEAST_SCORE
    from indexer.garments.instances.scoring import score

    network, told = load(weights)
    print(f"{weights.name}: {told.backbone}, pictures of {told.short_side} x {told.long_side}")
    detector = Detector(network, told, device_of("auto"), LEAST_SCORE)
    learned, held = parts(dataset)
    for source in ("rendered", "street"):
        own = [n for n in held if dataset.images[n].file.startswith(f"{source}/")]
        taught = sum(dataset.images[n].file.startswith(f"{source}/") for n in learned)
        with tqdm(total=len(own), desc=source) as bar:
            told_of = score(detector, told.classes, dataset.only(own), photos, lambda done: bar.update(done - bar.n))
        print(f"\n{source}: {taught} pictures learned from, {len(own)} held out\n{table(told_of)}")


if __name__ == "__main__":
    main()
