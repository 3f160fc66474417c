"""Do the intervals hold what they promise? The share of simulated tests whose interval holds the truth.

    python benchmarks/quality/interval_coverage.py --tests 1000

Photos come in groups (senders, products), whose photos are more alike than others by a correlation within groups; a
measure's true value is known. Of each test `group_intervals` and `wilson` make a 95 % interval. An interval that
promises 95 % should hold the truth in 93 to 97 % of the tests.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from indexer.labels.intervals import bootstrap_interval, drawn_groups, wilson
from indexer.labels.weighted import roc_auc


@dataclass(frozen=True)
class World:
    """What photos are drawn from. size: mean photos a group, geometric. truth: of the measure. alike: correlation."""

    measure: str
    groups: int
    size: float
    truth: float
    alike: float


@dataclass(frozen=True)
class Covered:
    """The share of tests whose interval held the truth, and its mean width."""

    world: World
    method: str
    share: float
    width: float


WORLDS = tuple(
    World(measure, groups, size, truth, alike)
    for measure in ("accuracy", "roc_auc")
    for groups, size, truth, alike in (
        (20, 10, 0.9, 0.1),
        (30, 20, 0.8, 0.05),
        (50, 5, 0.95, 0.1),
        (100, 8, 0.95, 0.3),
        (200, 3, 0.9, 0.2),
        (200, 3, 0.97, 0.2),
        (400, 1.5, 0.95, 0.1),
        (300, 1, 0.9, 0.0),
    )
)


def drawn_accuracy(world: World, generator: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The group of each photo and whether it was right: a group's own share is Beta distributed."""
    groups = np.repeat(np.arange(world.groups), generator.geometric(1 / world.size, world.groups))
    share = np.full(world.groups, world.truth)
    if world.alike:
        strength = 1 / world.alike - 1
        share = generator.beta(world.truth * strength, (1 - world.truth) * strength, world.groups)
    return groups, (generator.random(len(groups)) < share[groups]).astype(np.float64)


def drawn_chances(
    world: World, generator: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """The group, class and score of each photo: normal, a part of it the group's own, the classes so far apart that the
    area under the curve is the truth.
    """
    groups = np.repeat(np.arange(world.groups), generator.geometric(1 / world.size, world.groups))
    truth = (generator.random(len(groups)) < 0.5).astype(np.float64)
    apart = np.sqrt(2) * NormalDist().inv_cdf(world.truth)
    own, rest = generator.normal(size=world.groups)[groups], generator.normal(size=len(groups))
    return groups, truth, truth * apart + np.sqrt(world.alike) * own + np.sqrt(1 - world.alike) * rest


def covered(world: World, tests: int, rounds: int = 1000, seed: int = 0) -> list[Covered]:
    """The coverage of each method in a world."""
    generator = np.random.default_rng(seed)
    held: dict[str, list[tuple[bool, float]]] = {}
    for _ in range(tests):
        if world.measure == "accuracy":
            groups, right = drawn_accuracy(world, generator)
            sums, sizes = np.bincount(groups, weights=right), np.bincount(groups)
            times = drawn_groups(world.groups, rounds, generator)
            value, draws = float(right.mean()), times @ sums / (times @ sizes)
            made = {"Wilson": wilson(float(right.sum()), len(right))}
        else:
            groups, truth, scores = drawn_chances(world, generator)
            area = roc_auc(truth, scores)
            times = drawn_groups(world.groups, rounds, generator)
            value, draws = float(area(np.ones((1, len(groups))))[0]), area(times[:, groups])
            made = {}
        for method in ("logit-t", "percentile"):
            interval = bootstrap_interval(value, draws, world.groups, method=method)
            if interval is not None:
                made[method] = interval
        for method, interval in made.items():
            inside = interval.low <= world.truth <= interval.high
            held.setdefault(method, []).append((inside, interval.high - interval.low))
    return [Covered(world, method, *np.mean(found, axis=0).tolist()) for method, found in held.items()]


def main() -> None:
    """Prints a line for each world and method."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tests", type=int, default=1000, help="simulated tests of each world")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--format", choices=("table", "json"), default="table")
    options = parser.parse_args()
    found = [covered(world, options.tests, seed=options.seed) for world in tqdm(WORLDS, disable=None)]
    if options.format == "json":
        print(json.dumps([asdict(one) for row in found for one in row], indent=1))
        return
    print("| measure | groups | photos a group | truth | alike | logit-t | percentile | Wilson |")
    print("|---|---|---|---|---|---|---|---|")
    for world, row in zip(WORLDS, found, strict=True):
        share = {one.method: f"{one.share * 100:.1f} %" for one in row}
        cells = " | ".join(share.get(method, "") for method in ("logit-t", "percentile", "Wilson"))
        print(f"| {world.measure} | {world.groups} | {world.size:g} | {world.truth} | {world.alike} | {cells} |")


if __name__ == "__main__":
    main()
