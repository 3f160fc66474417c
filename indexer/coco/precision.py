"""Average precision of masks a class, as COCO reports it, by COCO's own evaluation (pycocotools)."""

from __future__ import annotations

import contextlib
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError, MissingDependencyError
from indexer.coco.dataset import CocoDataset
from indexer.coco.rle import Rle


@dataclass(frozen=True)
class Found:
    """A mask found on an image of a data set. score: any number, higher is surer."""

    image: int
    category: int
    score: float
    runs: Rle


@dataclass(frozen=True)
class ClassPrecision:
    """How well one class is found.

    ap: mean over the IoU thresholds 0.50, 0.55, ... 0.95 of the mean precision at recall 0, 0.01, ... 1; ap50 at the
    threshold 0.50 alone. Both in [0, 1], nan for a class without instances. instances, images: how many it has
    (crowds not counted), and on how many images.
    """

    name: str
    ap: float
    ap50: float
    instances: int
    images: int


def mask_precision(truth: CocoDataset, found: Sequence[Found]) -> list[ClassPrecision]:
    """The precision of what was found on every image of a data set, a class each, in the order of the categories.

    At most 100 finds an image and class count, the surest. A find over a crowd is neither right nor wrong.
    Lin et al., "Microsoft COCO: Common Objects in Context", 2014; https://cocodataset.org/#detection-eval.
    Raises InputError for a find on an unknown image or of an unknown category, MissingDependencyError without
    pycocotools.
    """
    for find in found:
        if find.image not in truth.images or find.category not in truth.categories:
            raise InputError(f"image {find.image} with category {find.category} is not in the data set")
    precision = _precision(truth, found)
    return [
        _of_class(truth, category, name, precision[:, :, number])
        for number, (category, name) in enumerate(truth.categories.items())
    ]


def mean(classes: Sequence[ClassPrecision]) -> tuple[float, float]:
    """AP and AP50 over the classes that have instances, each class counting the same; nan where none has."""
    known = [c for c in classes if c.instances]
    if not known:
        return math.nan, math.nan
    return float(np.mean([c.ap for c in known])), float(np.mean([c.ap50 for c in known]))


def _of_class(truth: CocoDataset, category: int, name: str, precision: NDArray[np.float64]) -> ClassPrecision:
    """precision: (thresholds, recalls); COCO marks what is not defined by -1."""
    counts = [sum(one.category == category and not one.crowd for one in many) for many in truth.instances.values()]
    known = (precision > -1).all() and sum(counts) > 0
    ap, ap50 = (float(precision.mean()), float(precision[0].mean())) if known else (math.nan, math.nan)
    return ClassPrecision(name, ap, ap50, sum(counts), sum(count > 0 for count in counts))


def _precision(truth: CocoDataset, found: Sequence[Found]) -> NDArray[np.float64]:
    """COCOeval's precision of all areas: (10 thresholds, 101 recalls, categories)."""
    if not truth.images:
        return np.full((10, 101, len(truth.categories)), -1.0)
    try:
        from pycocotools.cocoeval import COCOeval
    except ImportError as error:
        raise MissingDependencyError(
            "pycocotools is not installed, which reckons average precision: pip install 'houndstooth[train]'"
        ) from error
    with contextlib.redirect_stdout(io.StringIO()):  # it prints what it does
        evaluation = COCOeval(_indexed(truth, _truth_rows(truth)), _indexed(truth, _found_rows(found)), "segm")
        evaluation.params.catIds = list(truth.categories)
        evaluation.params.imgIds = list(truth.images)
        evaluation.evaluate()
        evaluation.accumulate()
    every_area, most_finds = 0, -1
    precision: NDArray[np.float64] = evaluation.eval["precision"][:, :, :, every_area, most_finds]
    return precision


def _indexed(truth: CocoDataset, annotations: list[dict[str, Any]]) -> Any:
    """pycocotools' data set of the same images and categories."""
    from pycocotools.coco import COCO

    told = COCO()
    told.dataset = {
        "images": [{"id": i.id, "width": i.width, "height": i.height} for i in truth.images.values()],
        "categories": [{"id": key, "name": name} for key, name in truth.categories.items()],
        "annotations": [{**row, "id": number} for number, row in enumerate(annotations, start=1)],
    }
    told.createIndex()
    return told


def _truth_rows(truth: CocoDataset) -> list[dict[str, Any]]:
    rows = []
    for image, instances in truth.instances.items():
        for instance in instances:
            runs = instance.shape if isinstance(instance.shape, Rle) else Rle.of(instance.mask())
            rows.append({**_row(image, instance.category, runs), "iscrowd": int(instance.crowd)})
    return rows


def _found_rows(found: Sequence[Found]) -> list[dict[str, Any]]:
    return [{**_row(f.image, f.category, f.runs), "score": float(f.score), "iscrowd": 0} for f in found]


def _row(image: int, category: int, runs: Rle) -> dict[str, Any]:
    segmentation = {"size": [runs.height, runs.width], "counts": runs.text()}
    return {"image_id": image, "category_id": category, "segmentation": segmentation, "area": runs.area}
