"""All 70,000 pictures of Fashion-MNIST through the whole of Houndstooth: how fast, in how much memory, how well told.

    apt-get install dataset-fashion-mnist
    python benchmarks/fashion_mnist.py
    python benchmarks/fashion_mnist.py --sample vgg=8000 --format json

Indexes every picture in the cheap space `colour`, indexes again, checks the catalog, and, where --sample says so, every
so many-th picture of either split in a further space. Each picture of the official test split is then given the class
that most of its ten nearest pictures of the official train split have (of equal ones the nearest's); the classes took
no part in making the vectors. recall: the share of a class that is told right, and the mean over the ten classes, with
a 95 % bootstrap interval over the test pictures. Exits with 1 when totals do not add up, or a class is never told.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.columns import column_values
from houndstooth import Catalog
from indexer.sources.base import Source, SourceImage, SourceProblem
from indexer.sources.open import open_source

HOME = Path("/usr/share/datasets/fashion-mnist")
NEIGHBOURS = 10
ROUNDS = 2_000
CHUNK = 500


class EveryNth:
    """Every so many-th picture of a source, so that both splits keep their share."""

    def __init__(self, source: Source, wanted: int) -> None:
        self.name = source.name
        self.attribute_types = source.attribute_types
        self._source = source
        self._step = max(1, len(source) // wanted)

    def __iter__(self) -> Iterator[SourceImage | SourceProblem]:
        """The pictures, in the source's order."""
        return islice(iter(self._source), 0, None, self._step)

    def __len__(self) -> int:
        """How many there are."""
        return (len(self._source) + self._step - 1) // self._step


@dataclass(frozen=True)
class Told:
    """How well classes are told from neighbours. recall: mean over classes; low, high: its 95 % interval."""

    train: int
    test: int
    recall: float
    low: float
    high: float
    by_class: Mapping[str, float]


@dataclass(frozen=True)
class Measured:
    """One space. again: seconds of a second run over the same files. megabytes: most memory that the process held."""

    space: str
    pictures: int
    seconds: float
    rate: float
    again: float
    megabytes: float
    wrong: tuple[str, ...]
    told: Told


def measure(source: Source, space: str, home: Path) -> Measured:
    """Index a source in one space, twice, and tell the classes of its test pictures."""
    catalog = Catalog(home / f"{space}.catalog", create=True)
    first = catalog.index(source, spaces=[space], garments="given")
    again = catalog.index(source)
    wrong = []
    if not (first.counts.reconciled and first.counts.indexed + first.counts.duplicate == len(source)):
        wrong.append(f"{first.counts} for {len(source)} pictures")
    if again.counts.unchanged != len(source):
        wrong.append(f"again: {again.counts} for {len(source)} pictures")
    if not (checked := catalog.check()).clean:
        wrong.append(f"check: {checked.findings[:3]}")
    told = tell(catalog, space)
    wrong += [f"{name} is never told" for name, share in told.by_class.items() if not share]
    return Measured(
        space, len(source), round(first.seconds, 1), round(len(source) / first.seconds, 1), round(again.seconds, 1),
        round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 0), tuple(wrong), told,
    )  # fmt: skip


def tell(catalog: Catalog, space: str) -> Told:
    """The classes of the test pictures, by their nearest train pictures."""
    snapshot = catalog.reader.snapshot(lambda known: {"category", "split"})
    columns = snapshot.columns(["category", "split"])
    rows = np.arange(len(snapshot.region_ids))
    names, classes = np.unique(np.array(column_values(columns["category"], rows), dtype=str), return_inverse=True)
    is_train = np.array([value == "train" for value in column_values(columns["split"], rows)])
    vectors = snapshot.vectors(space).gather(snapshot.region_ids).astype(np.float32)
    train, test = np.flatnonzero(is_train), np.flatnonzero(~is_train)
    said = np.concatenate([
        vote(vectors[test[start : start + CHUNK]] @ vectors[train].T, classes[train])
        for start in range(0, len(test), CHUNK)
    ])  # fmt: skip
    right = said == classes[test]
    mean, low, high = recall_interval(right, classes[test], len(names))
    shares = {str(name): round(float(right[classes[test] == one].mean()), 3) for one, name in enumerate(names)}
    return Told(len(train), len(test), round(mean, 4), round(low, 4), round(high, 4), shares)


def vote(scores: NDArray[np.float32], classes: NDArray[np.int64]) -> NDArray[np.int64]:
    """The class of most of the ten nearest (q,), from scores (q, n) and the classes (n,) of what they belong to."""
    near = np.argpartition(-scores, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]
    order = np.argsort(-np.take_along_axis(scores, near, axis=1), axis=1, kind="stable")
    found = classes[np.take_along_axis(near, order, axis=1)]
    votes = (found[:, :, None] == found[:, None, :]).sum(2)  # of each neighbour's class
    return np.asarray(found[np.arange(len(found)), votes.argmax(1)])  # the first of the largest is the nearest


def recall_interval(right: NDArray[np.bool_], classes: NDArray[np.int64], count: int) -> tuple[float, float, float]:
    """The mean over classes of the share that is right, and its 95 % interval."""

    def mean(drawn: NDArray[np.intp]) -> float:
        hits = np.bincount(classes[drawn], weights=right[drawn], minlength=count)
        return float((hits / np.maximum(1, np.bincount(classes[drawn], minlength=count))).mean())

    draw = np.random.default_rng(0)
    means = [mean(draw.integers(0, len(right), len(right))) for _ in range(ROUNDS)]
    return mean(np.arange(len(right))), *(float(one) for one in np.percentile(means, [2.5, 97.5]))


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=HOME, help=f"folder with the four idx files; default: {HOME}")
    parser.add_argument("--space", default="colour", help="space of all pictures; default: colour")
    parser.add_argument("--sample", action="append", default=[], metavar="SPACE=PICTURES", help="may be repeated")
    parser.add_argument("--format", choices=["table", "json"], default="table")
    options = parser.parse_args()
    started = time.perf_counter()
    whole = open_source(options.data, source="fashion-mnist")
    jobs: list[tuple[str, Source]] = [(options.space, whole)]
    for one in options.sample:
        space, _, wanted = one.partition("=")
        jobs.append((space, EveryNth(whole, int(wanted))))
    done = []
    with tempfile.TemporaryDirectory() as home:
        for space, source in jobs:
            done.append(measure(source, space, Path(home)))
            if options.format == "table":
                show(done[-1])
    if options.format == "json":
        print(json.dumps({"seconds": round(time.perf_counter() - started, 1), "spaces": [asdict(one) for one in done]}))
    raise SystemExit(1 if any(one.wrong for one in done) else 0)


def show(one: Measured) -> None:
    """Print a space."""
    print(f"{one.space}: {one.pictures:,} pictures in {one.seconds} s, {one.rate} a second; again in {one.again} s; "
          f"at most {one.megabytes:.0f} MB")  # fmt: skip
    told = one.told
    print(f"  recall of classes {told.recall} ({told.low} to {told.high}), {told.test:,} test by {told.train:,} train")
    print("  " + ", ".join(f"{name} {share}" for name, share in told.by_class.items()))
    print("\n".join(f"  WRONG: {wrong}" for wrong in one.wrong) or "  all as it should be")


if __name__ == "__main__":
    main()
