"""AP and AP50 a class of Mask R-CNN weights on a COCO file of garment instances.

    python -m indexer.garments.maskrcnn_evaluation --coco instances.json --photos folder --weights maskrcnn.safetensors

Needs the extra [train]. Reports on the fifth of the groups that training held out; `--part all` on every image, for a
file of its own that nothing was learned from.
"""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tabulate import tabulate

from engine.errors import HoundstoothError, InputError, MissingDependencyError
from indexer.coco import read_coco

if TYPE_CHECKING:
    from indexer.garments.instances.scoring import Report


def main() -> None:
    """Read the command line, print the table."""
    parser = argparse.ArgumentParser(prog="python -m indexer.garments.maskrcnn_evaluation", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--coco", type=Path, required=True, help="COCO JSON of instances")
    parser.add_argument("--photos", type=Path, required=True, help="folder that its file names lie in")
    parser.add_argument("--weights", type=Path, required=True, help="written by maskrcnn_training")
    parser.add_argument("--part", choices=("test", "all"), default="test")
    parser.add_argument("--device", default="auto")
    told = parser.parse_args()
    try:
        report = evaluate(told.coco, told.photos, told.weights, told.part, told.device)
    except HoundstoothError as error:
        raise SystemExit(f"{error}") from None
    sys.stdout.write(table(report) + "\n")


def evaluate(coco: Path, photos: Path, weights: Path, part: str = "test", device: str = "auto") -> Report:
    """Score weights on the held-out part of a data set, or all of it.

    Raises InputError for weights or a data set that do not do, MissingDependencyError without the extra [train].
    """
    dataset = read_coco(coco)
    try:
        from indexer.garments.instances.detect import Detector
        from indexer.garments.instances.network import device_of, load
        from indexer.garments.instances.samples import parts
        from indexer.garments.instances.scoring import LEAST, score
    except ImportError as error:
        raise MissingDependencyError(f"{error.name} is not installed: pip install 'houndstooth[train]'") from error
    network, told = load(weights)
    chosen = dataset if part == "all" else dataset.only(parts(dataset)[1])
    if not chosen.images:
        raise InputError(f"{coco} has no group that is held out; --part all reports on every image")
    return score(Detector(network, told, device_of(device), LEAST), told.classes, chosen, photos)


def table(report: Report) -> str:
    """The report for people: a row a class, then the mean over those that have instances."""
    from indexer.coco.precision import mean

    rows = [[c.name, _share(c.ap), _share(c.ap50), c.instances, c.images] for c in report.classes]
    ap, ap50 = mean(report.classes)
    total = ["mean", _share(ap), _share(ap50), sum(c.instances for c in report.classes), report.images]
    lines = [tabulate([*rows, total], ["class", "AP", "AP50", "instances", "images"], disable_numparse=True)]
    lines += [f"skipped {file}: {reason}" for file, reason in report.skipped.items()]
    return "\n".join(lines)


def _share(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}"


if __name__ == "__main__":
    main()
