"""How well colours are named, and how well a search by colours finds garments of them.

    python benchmarks/quality/colours.py --data DATA
    python benchmarks/quality/colours.py --format json
    python benchmarks/quality/colours.py --tune

Naming: rendered garments of eleven colours, each shot before a white, a grey and a busy background, as JPEG, with their
own masks and with those that `--garments deeplab` finds; the share named right and the share of garments whose name
changes with the background alone, with Wilson intervals (Wilson 1927). Of rendered garments with patterns, the share
whose dominant colour is the name of one of the cloth's own: fine checks mix to something between.

Search: the masked photos of `clothing-masks/`, halved by who took them. Each garment of a half is asked for by its
median colour, and by the two colours of its two clusters; the answer is looked for in the rest of that half.
Precision@10 is the share of the ten best whose colour is within 0.05 of the one asked for (OKLab, of the garment's
mean; of a search by two colours within 0.1 by the earth mover's distance), over the queries that ten such garments
could answer, with intervals drawn over the people who took the photos. `--tune` prints the spread of the swatch and
the weights of the spaces on the other half; what is reported is never tuned on.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import math
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from zlib import crc32

import numpy as np
from metrics import bootstrap, ranked
from numpy.typing import NDArray
from PIL import Image
from sklearn.cluster import KMeans

from indexer import swatch as swatches
from indexer.colours import ColourShares, oklab_to_srgb, srgb_to_oklab
from indexer.decode import decode, read_picture
from indexer.demo.colours import ELEVEN
from indexer.demo.oracle import scene, solid_garment
from indexer.demo.render import render
from indexer.demo.sample import random_garment, random_shot
from indexer.demo.spec import CATEGORIES, PATTERNS
from indexer.garments.find import open_step
from indexer.masks import apply_mask
from indexer.picture import Picture
from indexer.spaces.colour import Colour
from indexer.spaces.palette import Palette
from indexer.swatch import COLOUR_QUERY_WEIGHTS, swatch

K = 10
NEAR_ONE, NEAR_TWO = 0.05, 0.1
CONTRAST = 0.25
"""Two colours closer than this in OKLab, or the lesser below a fifth, are one colour in two lights: not asked for."""
SIZE = (480, 640)
"""Pixels of a rendered photo, near those of the real ones."""
BACKGROUNDS = ("white", "grey", "busy")
SPACES = (Palette(), Colour())


def wilson(hits: int, n: int) -> tuple[float, float]:
    """95 % interval of a share."""
    z = 1.959964
    centre, spread = hits / n + z * z / (2 * n), z * math.sqrt(hits / n * (1 - hits / n) / n + z * z / (4 * n * n))
    return max(0.0, (centre - spread) / (1 + z * z / n)), min(1.0, (centre + spread) / (1 + z * z / n))


Masker = Callable[[list[Picture]], list[Picture]]


def found_masks(pictures: list[Picture]) -> list[Picture]:
    """The pictures as `--garments deeplab` would see them, told nothing about the garment."""
    nothing = [None] * len(pictures)
    whole = [replace(picture, mask=None) for picture in pictures]
    return [regions[0].picture for regions in open_step("deeplab").regions(whole, nothing, nothing)]


def rendered(seeds: int) -> list[tuple[str, list[Picture]]]:
    """Garments of eleven colours: what the colour is called, and a photo before each of the backgrounds."""
    made = []
    for colour, seed in itertools.product(ELEVEN, range(seeds)):
        garment = solid_garment(colour, CATEGORIES[seed % len(CATEGORIES)], seed)
        shots = random_shot(seed, 1 + seed % 3, SIZE)
        photos = [render(garment, replace(shots, background=scene(name, seed))) for name in BACKGROUNDS]
        made.append((colour.name, [replace(decode(photo.jpeg()), mask=photo.mask) for photo in photos]))
    return made


def measure_names(seeds: int) -> list[dict[str, object]]:
    """Rendered garments named, with their own masks and with those found."""
    garments = rendered(seeds)
    ways: dict[str, Masker] = {"masks given": lambda pictures: pictures, "masks found": found_masks}
    return [row for way, masker in ways.items() for row in _names_of(garments, masker, way)]


def _names_of(garments: list[tuple[str, list[Picture]]], masker: Masker, way: str) -> list[dict[str, object]]:
    """One row for each background, one for all, one for the change between them."""
    palette = Palette()
    vectors = palette.extract(masker([picture for _, shots in garments for picture in shots]))
    told = [str(said["dominant_colour"][0]) for said in palette.describe(vectors)]
    names = np.array(told).reshape(len(garments), len(BACKGROUNDS))
    right = names == np.array([[name] for name, _ in garments])
    rows = [
        _share(f"named right, {background} background, {way}", int(hits), len(garments))
        for background, hits in zip(BACKGROUNDS, right.sum(axis=0), strict=True)
    ]
    rows.append(_share(f"named right, all, {way}", int(right.sum()), right.size))
    changed = int((names != names[:, :1]).any(axis=1).sum())
    rows.append(_share(f"name changes with the background, {way}", changed, len(garments)))
    return rows


def measure_patterned(seeds: int) -> list[dict[str, object]]:
    """Whether the dominant colour is one of the cloth's: a row for each pattern, and one for all."""
    palette = Palette()
    rows, right = [], 0
    for pattern in PATTERNS:
        hits = 0
        for seed in range(seeds):
            garment = random_garment(seed, CATEGORIES[seed % len(CATEGORIES)], pattern)
            photo = render(garment, random_shot(seed, 1 + seed % 3, SIZE))
            cloth = [Picture(np.full((8, 8, 3), colour.rgb, np.uint8), None, (8, 8)) for colour in garment.colours]
            pictures = [replace(decode(photo.jpeg()), mask=photo.mask), *cloth]
            told, *own = (said["dominant_colour"][0] for said in palette.describe(palette.extract(pictures)))
            hits += told in own
        rows.append(_share(f"dominant colour is of the cloth, {pattern}", hits, seeds))
        right += hits
    return [*rows, _share("dominant colour is of the cloth, all", right, seeds * len(PATTERNS))]


def _share(measure: str, hits: int, n: int) -> dict[str, object]:
    low, high = wilson(hits, n)
    return {"measure": measure, "n": n, "value": hits / n, "low": low, "high": high}


@dataclass(frozen=True)
class Garments:
    """Masked photos of one half. vectors: by space. mean: OKLab (n, 3). one, two: OKLab (n, 3) and (n, 2, 3).

    shares: of the two colours, (n, 2). people: who took the photo, (n,).
    """

    vectors: dict[str, NDArray[np.float32]]
    mean: NDArray[np.float32]
    one: NDArray[np.float32]
    two: NDArray[np.float32]
    shares: NDArray[np.float64]
    people: NDArray[np.str_]


def read_garments(data: Path, half: int) -> Garments:
    """The garments of half 0 (for tuning) or 1 (held out)."""
    with (data / "clothing" / "senders.csv").open(newline="") as file:
        person = {f"clothing/{row['path']}": row["sender_id"] for row in csv.DictReader(file)}
    with (data / "clothing-masks" / "masks.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if crc32(person[row["photo"]].encode()) % 2 == half]
    pictures, labs = [], []
    for row in rows:
        photo = read_picture(data / row["photo"])
        mask = Image.open(data / "clothing-masks" / row["mask"]).convert("L").resize(photo.source_size)
        pictures.append(apply_mask(photo, np.asarray(mask) > 127))
        pixels = pictures[-1].pixels()
        labs.append(srgb_to_oklab(pixels[:: max(1, len(pixels) // 2000)]))
    clusters = [KMeans(2, n_init=1, random_state=0).fit(lab) for lab in labs]
    return Garments(
        vectors={space.name: space.extract(pictures) for space in SPACES},
        mean=np.array([lab.mean(axis=0) for lab in labs]),
        one=np.array([np.median(lab, axis=0) for lab in labs]),
        two=np.array([cluster.cluster_centers_ for cluster in clusters]),
        shares=np.array([np.bincount(cluster.labels_, minlength=2) / len(cluster.labels_) for cluster in clusters]),
        people=np.array([person[row["photo"]] for row in rows]),
    )


def move(garments: Garments, row: int) -> NDArray[np.float64]:
    """Earth mover's distance in OKLab from the two colours of a row to those of every row, (n,).

    Of two colours to two, one flow decides all, and the cost is linear in it: the best is at an end of its range.
    """
    costs = np.linalg.norm(garments.two[row][None, :, None] - garments.two[:, None], axis=3)
    mine, theirs = garments.shares[row, 0], garments.shares[:, 0]
    ends = []
    for flow in (np.maximum(0, mine + theirs - 1), np.minimum(mine, theirs)):
        flows = np.stack([flow, mine - flow, theirs - flow, 1 - mine - theirs + flow], axis=1)
        ends.append((flows * costs.reshape(-1, 4)).sum(axis=1))
    return np.minimum(*ends)


@dataclass(frozen=True)
class Task:
    """Queries over the garments of one half. distances: (queries, n), infinite to the garment itself."""

    name: str
    asked: list[ColourShares]
    rows: NDArray[np.intp]
    distances: NDArray[np.float64]
    near: float


def tasks_of(garments: Garments) -> tuple[Task, Task]:
    """To ask for each garment by its one colour, and by its two."""
    n = len(garments.mean)
    to_one = np.linalg.norm(garments.one[:, None] - garments.mean[None], axis=2).astype(np.float64)
    to_two = np.stack([move(garments, row) for row in range(n)])
    contrast = np.linalg.norm(garments.two[:, 0] - garments.two[:, 1], axis=1)
    plainly_two = (contrast >= CONTRAST) & (garments.shares.min(axis=1) >= 0.2)
    made = []
    for name, distances, near, wanted in (
        ("one colour", to_one, NEAR_ONE, np.ones(n, bool)),
        ("two colours", to_two, NEAR_TWO, plainly_two),
    ):
        np.fill_diagonal(distances, np.inf)
        rows = np.flatnonzero(wanted & ((distances < near).sum(axis=1) >= K))
        places = garments.one[:, None] if name == "one colour" else garments.two
        shares = np.ones((n, 1)) if name == "one colour" else garments.shares
        asked = [
            tuple((_triple(lab), float(share)) for lab, share in zip(places[row], shares[row], strict=True))
            for row in rows
        ]
        made.append(Task(name, asked, rows, distances[rows], near))
    return made[0], made[1]


def _triple(lab: NDArray[np.float32]) -> tuple[int, int, int]:
    r, g, b = (int(value) for value in oklab_to_srgb(lab))
    return r, g, b


def similarities(garments: Garments, task: Task) -> dict[str, NDArray[np.float64]]:
    """Of every query to every garment by space, in units of the spread between random pairs of garments."""
    queries = [swatch(colours) for colours in task.asked]
    pairs = np.random.default_rng(0).integers(0, len(garments.mean), (2, 20000))
    found = {}
    for space in SPACES:
        stored = garments.vectors[space.name]
        chance = (stored[pairs[0]] * stored[pairs[1]]).sum(axis=1)
        found[space.name] = (space.extract(queries) @ stored.T - chance.mean()) / chance.std()
        found[space.name][np.arange(len(task.rows)), task.rows] = -np.inf
    return found


def precision(found: dict[str, NDArray[np.float64]], weights: dict[str, float], task: Task) -> NDArray[np.float64]:
    """Precision@10 of every query, (queries,)."""
    total = np.sum([weight * found[name] for name, weight in weights.items() if weight], axis=0)
    return (np.take_along_axis(task.distances, ranked(total)[:, :K], axis=1) < task.near).mean(axis=1)


def measure_search(garments: Garments) -> list[dict[str, object]]:
    """Precision@10 of both kinds of query by each space alone and by both under the weights in use."""
    rows: list[dict[str, object]] = []
    for task in tasks_of(garments):
        found = similarities(garments, task)
        ways = {"palette alone": {"palette": 1.0}, "colour alone": {"colour": 1.0}, "both": dict(COLOUR_QUERY_WEIGHTS)}
        by_chance = (task.distances < task.near).mean(axis=1)
        for way, values in {
            "any garment": by_chance,
            **{way: precision(found, weights, task) for way, weights in ways.items()},
        }.items():
            interval = bootstrap(values, garments.people[task.rows])
            measure = f"precision@{K}, {task.name}, {way}"
            rows.append(
                {"measure": measure, "n": len(values)}
                | {"value": interval.mean, "low": interval.low, "high": interval.high}
            )
    return rows


def tune(garments: Garments, tell: Callable[[str], None]) -> None:
    """Precision@10 on the tuning half for every spread, by the histogram's part of the say."""
    parts = (0.0, 0.5, 2 / 3, 0.8, 1.0)
    tell("light  chroma  task         " + "  ".join(f"{part:5.2f}" for part in parts) + "   (part of colour)")
    for light in (0.0, 0.04, 0.06, 0.08, 0.1, 0.14):
        for chroma in (0.0, 0.01, 0.015, 0.02, 0.025, 0.03):
            swatches.LIGHT, swatches.CHROMA = light, chroma
            for task in tasks_of(garments):
                found = similarities(garments, task)
                means = [precision(found, {"colour": part, "palette": 1 - part}, task).mean() for part in parts]
                tell(f"{light:5.2f}  {chroma:6.3f}  {task.name:11s}  " + "  ".join(f"{mean:5.3f}" for mean in means))


def as_table(rows: Iterable[dict[str, object]]) -> str:
    """One line a measure."""
    lines = [f"{'measure':47s} {'n':>5s}  {'value':>6s}  95 % interval"]
    lines += [f"{r['measure']:47s} {r['n']:5d}  {r['value']:6.3f}  {r['low']:.3f} to {r['high']:.3f}" for r in rows]
    return "\n".join(lines)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    home = os.environ.get("HOUNDSTOOTH_DATA")
    parser.add_argument(
        "--data",
        type=Path,
        default=Path(home) if home else None,
        required=not home,
        help="folder with clothing/ and clothing-masks/ (docs/data.md); default: $HOUNDSTOOTH_DATA",
    )
    parser.add_argument("--seeds", type=int, default=12, help="rendered garments of each colour")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    parser.add_argument("--tune", action="store_true", help="print precision on the tuning half instead")
    given = parser.parse_args()
    if given.tune:
        tune(read_garments(given.data, half=0), print)
        return
    rows = measure_names(given.seeds) + measure_patterned(5 * given.seeds)
    rows += measure_search(read_garments(given.data, half=1))
    print(json.dumps({"rows": rows}, indent=1) if given.format == "json" else as_table(rows))


if __name__ == "__main__":
    main()
