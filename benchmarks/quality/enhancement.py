"""Does enlarging small patches by Real-ESRGAN help to group them by pattern?

    python benchmarks/quality/enhancement.py --data $HOUNDSTOOTH_DATA --cache enlarged/

Three sets of patches:

- `dress-patterns`: the middle of dress photos that are small by themselves, in nine noisy classes; nothing is reduced:
  this is the use that enhancement is meant for.
- `clothing`: the middle 128 x 128 pixels of garments with a pattern that was labelled by eye, of the test and
  validation parts; reduced two and four times.
- `rendered`: 128 x 128 views of designs by the generators that training never sees; reduced two and four times.

Each small patch goes to the network's 128 x 128 in one of several ways, and all patches of a set go the same way, but
for `mixed`, where an enlarged patch is compared with originals. 5-NN: the majority of the five nearest others has its
label (rendered: its generator). NMI: normalised mutual information of labels and k-means, mean of five seeds.
PSNR and the cosine between features say how far an enlarged patch is from its original: super-resolution can invent
texture. In brackets 95 % bootstrap intervals over patches (rendered: over designs). Everything is seeded.
"""

from __future__ import annotations

import argparse
import csv
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from metrics import bootstrap, knn_correct
from numpy.typing import NDArray
from PIL import Image

from engine.kmeans import assign, fit, in_pieces
from indexer.decode import read_picture
from indexer.patches.enhance import Enhancer, open_enhancer
from indexer.patterns.designs import HELD_OUT, draw
from indexer.patterns.network import SIDE, heard_network, imagenet
from indexer.patterns.views import view
from indexer.picture import Picture
from indexer.runtime.base import open_runtime
from indexer.spaces.registry import load

Rgb = NDArray[np.uint8]
Features = Callable[[Rgb], NDArray[np.float32]]
CLOTHING_CLASSES = ("checks", "denim", "floral", "knit", "plain", "stripes")
SMALL = (32, 80)
"""Pixels a side between which the patches of `dress-patterns` lie."""
WAYS = ("bicubic", "animevideov3", "x4plus")
HEADER = ("set", "small", "way", "features", "5-NN", "over bicubic", "NMI", "mixed 5-NN", "PSNR dB", "cosine")


@dataclass(frozen=True)
class Set:
    """Patches of cloth. small: uint8 (h, w, 3) each; original: the same, SIDE x SIDE, before it was reduced.

    labels, clusters: (n,); patches of one cluster are not independent.
    """

    name: str
    how: str
    small: Sequence[Rgb]
    original: Sequence[Rgb] | None
    labels: NDArray[np.str_]
    clusters: NDArray[np.str_]


def dress_patterns(data: Path, each: int) -> Set:
    """The middle of the photo, half as wide as it: dress on all but a few. Photos where that is SMALL only."""
    rows = [row for row in read_csv(data / "dress-patterns/labels.csv") if row["pattern"] != "pattern"]
    halves = {row["image"]: Image.open(data / "dress-patterns" / row["image"]).width // 2 for row in rows}
    rows = [row for row in rows if SMALL[0] <= halves[row["image"]] <= SMALL[1]]
    chosen = balanced([row["pattern"] for row in rows], each)
    pictures = [rows[place]["image"] for place in chosen]
    small = [middle(read_picture(data / "dress-patterns" / name).rgb, halves[name]) for name in pictures]
    labels = np.array([rows[place]["pattern"] for place in chosen])
    return Set("dress-patterns", "as it is", small, None, labels, np.array([str(place) for place in chosen]))


def clothing(data: Path, labels: Path, each: int, times: int) -> Set:
    """The middle of garments whose pattern was labelled by eye."""
    rows = [row for row in read_csv(labels) if row["pattern"] in CLOTHING_CLASSES]
    rows = [row for row in rows if row["photo"].split("/")[1] != "train"]
    rows = [row for row in rows if row["photo"].split("/")[2] not in ("shoes", "hat")]
    chosen = balanced([row["pattern"] for row in rows], each)
    original = [middle(read_picture(data / rows[place]["photo"]).rgb, SIDE) for place in chosen]
    names = np.array([rows[place]["pattern"] for place in chosen])
    return Set("clothing", f"1/{times}", reduced(original, times), original, names, np.array([str(n) for n in chosen]))


def rendered(designs: int, views: int, times: int) -> Set:
    """Views of designs of the generators that no training sees."""
    rng = np.random.default_rng(0)
    original, labels, clusters = [], [], []
    for name in HELD_OUT:
        for seed in range(designs):
            drawing = draw(name, 10_000 + seed)
            original += [view(drawing, name, SIDE, rng) for _ in range(views)]
            labels += [name] * views
            clusters += [f"{name} {seed}"] * views
    return Set("rendered", f"1/{times}", reduced(original, times), original, np.array(labels), np.array(clusters))


def read_csv(file: Path) -> list[dict[str, str]]:
    """The rows of a table."""
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def balanced(labels: Sequence[str], each: int) -> list[int]:
    """Places of at most so many of every label, drawn with seed 0."""
    order = np.random.default_rng(0).permutation(len(labels))
    taken = {label: [place for place in order if labels[place] == label][:each] for label in sorted(set(labels))}
    return sorted(int(place) for places in taken.values() for place in places)


def middle(rgb: Rgb, side: int) -> Rgb:
    """The square of this side in the middle, or the largest that there is."""
    side = min(side, *rgb.shape[:2])
    top, left = (rgb.shape[0] - side) // 2, (rgb.shape[1] - side) // 2
    return np.ascontiguousarray(rgb[top : top + side, left : left + side])


def reduced(pictures: Sequence[Rgb], times: int) -> list[Rgb]:
    """Each picture with its sides divided, pixels averaged."""
    return [np.asarray(Image.fromarray(rgb).reduce(times)) for rgb in pictures]


def squared(rgb: Rgb, resample: Image.Resampling) -> Rgb:
    """The picture at the network's size; larger ones are averaged down."""
    how = Image.Resampling.BOX if min(rgb.shape[:2]) > SIDE else resample
    return np.asarray(Image.fromarray(rgb).resize((SIDE, SIDE), how))


def enlarged(patches: Set, way: str, cache: Path | None) -> Rgb:
    """All small patches of a set at the network's size, uint8 (n, SIDE, SIDE, 3)."""
    if way == "bicubic":
        return np.stack([squared(rgb, Image.Resampling.BICUBIC) for rgb in patches.small])
    file = cache and cache / f"{patches.name}-{patches.how.replace('/', '_')}-{way}-{len(patches.small)}.npy"
    if file and file.is_file():
        return np.load(file)
    enhancer, started = open_enhancer(way), time.monotonic()
    made = np.stack([squared(enhanced(enhancer, rgb), Image.Resampling.BICUBIC) for rgb in patches.small])
    seconds = (time.monotonic() - started) / len(made)
    print(f"({patches.name} {patches.how} {way}: {seconds:.2f} s a patch)", flush=True)
    if file:
        np.save(file, made)
    return made


def enhanced(enhancer: Enhancer | None, rgb: Rgb) -> Rgb:
    """Four times as large."""
    if enhancer is None:
        raise SystemExit("an enhancer is needed here")
    return enhancer.enlarge(rgb)


def frozen() -> Features:
    """EfficientNet-Lite0 as ImageNet left it, heard at five depths, square roots, unit length."""
    runtime = open_runtime(heard_network(imagenet()), "cpu")

    def features(pictures: Rgb) -> NDArray[np.float32]:
        rows = np.sqrt(np.maximum(runtime(pictures), 0))
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)

    return features


def space(name: str) -> Features:
    """A space of the registry, each patch a picture of its own."""
    extractor = load(name)
    return lambda pictures: extractor.extract([Picture(rgb) for rgb in pictures])


def correct(rows: NDArray[np.float32], gallery: NDArray[np.float32], labels: NDArray[np.str_]) -> NDArray[np.float64]:
    """1 where most of the five nearest of the gallery, the patch itself left out, have its label."""
    similarities = rows @ gallery.T
    np.fill_diagonal(similarities, -np.inf)
    return knn_correct(similarities, labels, labels)


def nmi(rows: NDArray[np.float32], labels: NDArray[np.str_]) -> float:
    """Of k-means with as many groups as labels: twice the mutual information over the sum of the entropies."""
    values = []
    for seed in range(5):
        k = len(np.unique(labels))
        found = assign(in_pieces(rows, k), fit(rows, k, seed, n_init=3).centroids).labels
        joint = np.zeros((k, k))
        np.add.at(joint, (np.unique(labels, return_inverse=True)[1], found), 1 / len(rows))
        mine, other = entropy(joint.sum(1)), entropy(joint.sum(0))
        values.append(2 * (mine + other - entropy(joint.ravel())) / (mine + other))
    return float(np.mean(values))


def entropy(shares: NDArray[np.float64]) -> float:
    """Nats."""
    there = shares[shares > 0]
    return float(-(there * np.log(there)).sum())


def psnr(pictures: Rgb, originals: Rgb) -> float:
    """The mean over patches of 10 log10 (255^2 / mean squared error), dB."""
    errors = ((pictures.astype(np.float64) - originals) ** 2).mean((1, 2, 3))
    return float((10 * np.log10(255**2 / np.maximum(errors, 1e-9))).mean())


def told(values: NDArray[np.float64], clusters: NDArray[np.str_]) -> str:
    """A mean with its interval."""
    found = bootstrap(values, clusters)
    return f"{found.mean:.3f} ({found.low:.3f} to {found.high:.3f})"


def compare(patches: Set, heard: dict[str, Features], cache: Path | None) -> None:
    """Print the rows of a set."""
    originals = None if patches.original is None else np.stack(list(patches.original))
    ways = {way: enlarged(patches, way, cache) for way in WAYS}
    if originals is not None:
        ways = {"(original)": originals, **ways}
    for name, features in heard.items():
        rows = {way: features(pictures) for way, pictures in ways.items()}
        right = {way: correct(found, found, patches.labels) for way, found in rows.items()}
        for way, found in rows.items():
            cells = [patches.name, patches.how, way, name, told(right[way], patches.clusters)]
            cells.append("" if way == "bicubic" else told(right[way] - right["bicubic"], patches.clusters))
            cells.append(f"{nmi(found, patches.labels):.3f}")
            if originals is None or way == "(original)":
                cells += ["", "", ""]
            else:
                mixed = correct(found, rows["(original)"], patches.labels)
                cosine = float((found * rows["(original)"]).sum(1).mean())
                cells += [told(mixed, patches.clusters), f"{psnr(ways[way], originals):.1f}", f"{cosine:.3f}"]
            print("| " + " | ".join(cells) + " |", flush=True)


def main() -> None:
    """Make the sets, enlarge them, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("HOUNDSTOOTH_DATA"), help="default: the variable")
    parser.add_argument(
        "--spaces", default="pattern", help="spaces besides the frozen features, by commas; may be empty"
    )
    parser.add_argument("--cache", type=Path, help="a folder that keeps what was enlarged")
    parser.add_argument("--each", type=int, default=16, help="patches a class of the real sets")
    parser.add_argument("--views", type=int, default=3, help="views of each of the 36 rendered designs")
    chosen = parser.parse_args()
    if chosen.data is None:
        parser.error("name the folder of the data: --data, or $HOUNDSTOOTH_DATA")
    if chosen.cache:
        chosen.cache.mkdir(parents=True, exist_ok=True)
    labels = Path(__file__).parents[1] / "labels" / "pattern_clothing.csv"
    heard = {"frozen": frozen()} | {name: space(name) for name in chosen.spaces.split(",") if name}
    print("| " + " | ".join(HEADER) + " |")
    print("|" + "---|" * len(HEADER))
    sets = [lambda: dress_patterns(chosen.data, chosen.each)]
    for times in (4, 2):
        sets.append(lambda times=times: clothing(chosen.data, labels, chosen.each, times))
        sets.append(lambda times=times: rendered(3, chosen.views, times))
    for made in sets:
        compare(made(), heard, chosen.cache)


if __name__ == "__main__":
    main()
