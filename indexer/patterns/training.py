"""Trains the pattern network.

    python -m indexer.patterns.training --data data --labels benchmarks/labels --to pattern.safetensors --seed 0

Learns from rendered designs and from cloth of photographed garments; what is kept for validation is never learned
from, and the test part of `clothing` is never read. What was drawn and computed is kept under --work, and an
interrupted run goes on from there with --resume.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError, MissingDependencyError
from indexer.patterns.bank import Bank, cloth_bank, drawn_bank
from indexer.patterns.cloths import Cloth, read_clothing, read_folder, read_street
from indexer.patterns.designs import FAMILIES
from indexer.patterns.features import Features, features_of
from indexer.patterns.network import SIDE, imagenet
from indexer.patterns.recipe import Lesson, Recipe
from indexer.patterns.validate import watch
from indexer.patterns.weights import PatternWeights, load_pattern
from indexer.runtime.lite0 import Arrays

SHIPPED = Path(__file__).parent.parent / "weights" / "pattern.safetensors"
VIEWS = 4
"""Views of each design and garment in the bank."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class TrainReport:
    """What was done.

    garments: photographed garments learned from. designs: drawn ones. validation: garments kept for it. score: of the
    weights written, as `Watched.score` has it; start: of those that training began with, under its first projection.
    patterns: the names it tells apart. curve: (stage, step, loss, score).
    """

    garments: int
    designs: int
    validation: int
    score: float
    patterns: tuple[str, ...]
    curve: tuple[tuple[str, int, float, float], ...]


def train_pattern(
    source: Path,
    to: Path,
    *,
    seed: int = 0,
    epochs: int = 10,
    designs: int = 4,
    work: Path | None = None,
    resume: bool = False,
    progress: Progress | None = None,
) -> TrainReport:
    """Train on a folder of patches, from the network that comes with Houndstooth, and write the result.

    source: pictures in sub-folders named after their pattern, or without. A quarter of them, by the hash of their
    names, is kept for validation. epochs: how often each picture is seen. designs: so many rendered designs of every
    generator are learned beside, so that what the network knew is not forgotten. work: folder for what is computed
    once and for the checkpoint; a temporary one by default. resume: go on from the checkpoint there.

    Raises InputError for a folder with fewer than 10 pictures that can be read, MissingDependencyError without torch.
    """
    _require_torch()
    say = progress or (lambda stage, done, total: None)
    if resume and work is None:
        raise InputError("a run goes on from its working folder: name the one it began with")
    cloths = read_folder(source, lambda done, total: say("reading", done, total))
    if len(cloths) < 10:
        raise InputError(f"{source} has {len(cloths)} pictures that can be read; training needs 10 or more")
    # Without names of one's own, those that the rendered designs teach stay.
    names = tuple(sorted({cloth.pattern for cloth in cloths if cloth.pattern})) or (FAMILIES if designs else ())
    steps = max(60, epochs * len(cloths) // Recipe.real)
    start = load_pattern(SHIPPED).network
    with TemporaryDirectory() as temporary:
        folder = work or Path(temporary)
        return _train({"own": cloths}, [], names, start, to, Size(designs, steps, 0), seed, folder, resume, say)


@dataclass(frozen=True)
class Size:
    """How much is learned. designs: of every generator. head_steps, fine_steps: as `Recipe` has them."""

    designs: int = 60
    head_steps: int = 200
    fine_steps: int = 0


def train_shipped(
    data: Path, labels: Path, to: Path, *, seed: int, size: Size, work: Path, resume: bool, progress: Progress
) -> TrainReport:
    """Train the network that comes with Houndstooth, from ImageNet's weights.

    data: the folder with clothing/, clothing-masks/ and garment-masks/. labels: that with pattern_clothing.csv and
    pattern_garment_masks.csv. Kept for validation: the validation part of clothing, and a quarter of the senders of its
    train part and of the street photos.
    """
    _require_torch()
    street = read_street(
        data, labels / "pattern_garment_masks.csv", lambda done, total: progress("street", done, total)
    )
    told = labels / "pattern_clothing.csv"
    photos, watched = (
        read_clothing(data, told, (part,), lambda done, total: progress("clothing", done, total), outlines=True)
        for part in ("train", "validation")
    )
    sources = {"street": street, "train": photos}
    return _train(sources, watched, FAMILIES, imagenet(), to, size, seed, work, resume, progress)


def _train(
    sources: Mapping[str, Sequence[Cloth]],
    watched: Sequence[Cloth],
    names: tuple[str, ...],
    start: dict[str, NDArray[np.float32]],
    to: Path,
    size: Size,
    seed: int,
    work: Path,
    resume: bool,
    progress: Progress,
) -> TrainReport:
    """Learn from the sources but a quarter of their groups; that quarter and `watched` are for validation."""
    from indexer.patterns.calibrate import calibrated
    from indexer.patterns.learn import learn

    work.mkdir(parents=True, exist_ok=True)
    checkpoint = work / "checkpoint.pt"
    if not resume:
        checkpoint.unlink(missing_ok=True)
    lesson, garments, designs = _lesson(sources, names, start, size, seed, work, progress)
    held = [cloth for cloths in sources.values() for cloth in cloths if _in_validation(cloth)]
    seen = watch([*held, *watched])
    features = features_of(seen.squares, start, size.fine_steps > 0)
    recipe = Recipe(head_steps=size.head_steps, fine_steps=size.fine_steps)
    learned = learn(lesson, features, seen.score, start, max(1, len(names)), recipe, seed, checkpoint, progress)
    arrays = dict(learned.arrays)
    photographed = (lesson.kind == "") & (lesson.family >= 0)
    common = np.bincount(lesson.family[photographed], minlength=len(names)).astype(np.float64) / VIEWS
    weight, bias = (arrays.pop(f"family.{part}")[: len(names)] for part in ("weight", "bias"))
    made, score = calibrated(PatternWeights(arrays, names, weight, bias), seen, common)
    to.parent.mkdir(parents=True, exist_ok=True)
    made.save(to, {"seed": str(seed), "size": json.dumps(asdict(size)), "score": f"{score:.4f}"})
    return TrainReport(garments, designs, len(seen.pattern), score, names, tuple(learned.curve))


def _lesson(
    sources: Mapping[str, Sequence[Cloth]],
    names: tuple[str, ...],
    start: Arrays,
    size: Size,
    seed: int,
    work: Path,
    progress: Progress,
) -> tuple[Lesson, int, int]:
    """What is learned from, and how many garments and designs that is."""

    def say(stage: str) -> Callable[[int, int], None]:
        return lambda done, total: progress(stage, done, total)

    banks, features, kept = [], [], []
    for name, cloths in sources.items():
        bank = cloth_bank(work / name, cloths, VIEWS, SIDE, seed, say(f"views of {name}"))
        banks.append(bank)
        kept.append(bank.only(np.array([not _in_validation(cloth) for cloth in cloths])))
        features.append(features_of(bank.pictures, start, size.fine_steps > 0, work / name, say(f"features of {name}")))
    if size.designs:
        bank = drawn_bank(work / "drawn", size.designs, VIEWS, SIDE, seed, say("designs"))
        banks.append(bank)
        kept.append(np.ones(len(bank.item), np.bool_))
        features.append(
            features_of(bank.pictures, start, size.fine_steps > 0, work / "drawn", say("features of designs"))
        )
    bank, rows = Bank.joined(banks), np.flatnonzero(np.concatenate(kept))
    item, kind, family = bank.item[rows], bank.kind[rows], _numbers(bank.pattern[rows], names)
    heard, lower = (np.concatenate([getattr(f, part) for f in features])[rows] for part in ("heard", "lower"))
    # A patch of a T-shirt with one print shows a corner of it, or plain cloth: near nothing in particular.
    near = np.where((kind == "") & (bank.pattern[rows] == "graphic"), -1, family)
    lesson = Lesson(item, family, near, kind, Features(heard, lower))
    return lesson, len(np.unique(item[kind == ""])), len(np.unique(item[kind != ""]))


def _numbers(pattern: NDArray[np.str_], names: tuple[str, ...]) -> NDArray[np.int64]:
    place = {name: number for number, name in enumerate(names)}
    return np.array([place.get(str(name), -1) for name in pattern], np.int64)


def _in_validation(cloth: Cloth) -> bool:
    """Whether a garment is kept for validation: a quarter of the groups, by the hash of their names."""
    return hashlib.sha256(cloth.group.encode()).digest()[0] % 4 == 0


def _require_torch() -> None:
    try:
        import torch  # noqa: F401
    except ImportError as error:
        raise MissingDependencyError("training needs torch: pip install 'houndstooth[train]'") from error


def main() -> None:
    """Read the command line, train, print the report."""
    parser = argparse.ArgumentParser(prog="python -m indexer.patterns.training", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--data", type=Path, required=True, help="folder with clothing/, clothing-masks/, garment-masks/"
    )
    parser.add_argument("--labels", type=Path, required=True, help="folder with pattern_clothing.csv and its sibling")
    parser.add_argument("--to", type=Path, required=True, help="file to write")
    parser.add_argument("--work", type=Path, default=Path("build/pattern"), help="folder for what is computed once")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--designs", type=int, default=Size.designs, help="rendered designs of every generator")
    parser.add_argument("--head-steps", type=int, default=Size.head_steps)
    parser.add_argument("--fine-steps", type=int, default=Size.fine_steps)
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint under --work")
    asked = parser.parse_args()
    begun, last = time.monotonic(), [""]

    def say(stage: str, done: int, total: int) -> None:
        if stage != last[0] or done % 100 == 0 or done == total:
            sys.stderr.write(f"{time.monotonic() - begun:7.0f} s  {stage} {done} of {total}\n")
            last[0] = stage

    report = train_shipped(
        asked.data,
        asked.labels,
        asked.to,
        seed=asked.seed,
        size=Size(asked.designs, asked.head_steps, asked.fine_steps),
        work=asked.work,
        resume=asked.resume,
        progress=say,
    )
    sys.stdout.write(json.dumps(asdict(report), indent=1) + "\n")


if __name__ == "__main__":
    main()
