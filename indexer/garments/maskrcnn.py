"""Garments by Mask R-CNN: each one in a picture with a mask of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError, MissingDependencyError
from indexer.garments.garment import Garment, GarmentFinder

if TYPE_CHECKING:
    from indexer.garments.instances.description import Description
    from indexer.garments.instances.detect import Detection, Detector

VERSION = 1
"""Raised by hand whenever the same weights would find other masks."""
SAME = 0.7
"""Intersection over union from which two masks are taken for one garment, whatever the classes."""
PART = 0.8
"""Share of a mask inside another of its class from which it is taken for a part of it."""


@dataclass(frozen=True, eq=False)
class Instance(Garment):
    """A garment with the name of its class in the data set that the network learned from, such as "sunglasses"."""

    label: str = ""


class MaskRcnn(GarmentFinder):
    """Mask R-CNN (He et al., ICCV 2017) through torchvision, with weights of your own.

    weights: a file written by `python -m indexer.garments.maskrcnn_training`. device: "auto", "cpu" or "cuda". score:
    least confidence, in (0, 1). Of two masks of one garment the surer is kept: those with an intersection over union of
    0.7 or more, or of one class with 0.8 of the smaller inside the larger.
    Raises InputError for weights that cannot be read, MissingDependencyError without torch and torchvision. The network
    is built at the first picture.
    """

    name = "maskrcnn"
    several = True
    files: ClassVar[Mapping[str, Collection[str]]] = {"weights": ()}
    transient = ("device",)

    def __init__(self, weights: str | Path, device: str = "auto", score: float = 0.5) -> None:
        if not 0 < score < 1:
            raise InputError(f"the least score is above 0 and below 1, got {score}")
        self._file, self._device, self._score = Path(weights), device, score
        self._told = _description(self._file)
        with self._file.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        told = f"{self.name}|{VERSION}|{digest}|{score}"
        self.fingerprint = hashlib.sha256(told.encode()).hexdigest()[:16]

    @property
    def classes(self) -> dict[str, str]:
        """The names that instances may have, and the kind of each."""
        return dict(zip(self._told.classes, self._told.kinds, strict=True))

    def find(self, pictures: Sequence[NDArray[np.uint8]]) -> list[list[Garment]]:
        """The garments of each uint8 RGB picture (h, w, 3), `Instance`s, the largest first; none where none is seen."""
        if not pictures:
            return []
        found = self._detector(pictures)
        garments: list[list[Garment]] = [[self._instance(one) for one in _distinct(many)] for many in found]
        return [sorted(many, key=lambda garment: -int(garment.mask.sum())) for many in garments]

    def _instance(self, one: Detection) -> Instance:
        return Instance(self._told.kinds[one.label], one.mask, one.score, label=self._told.classes[one.label])

    @cached_property
    def _detector(self) -> Detector:
        from indexer.garments.instances.detect import Detector
        from indexer.garments.instances.network import device_of, load

        network, told = load(self._file)
        return Detector(network, told, device_of(self._device), self._score)


def _description(file: Path) -> Description:
    try:
        from indexer.garments.instances.network import read_description
    except ImportError as error:
        raise MissingDependencyError(
            f"{error.name} is not installed, and Mask R-CNN runs through torch and torchvision: "
            "pip install 'houndstooth[train]'"
        ) from error
    return read_description(file)


def _distinct(found: Sequence[Detection]) -> list[Detection]:
    """The detections, the surest first, without those that are of a surer one's garment."""
    kept: list[Detection] = []
    for one in sorted(found, key=lambda detection: -detection.score):
        if not any(_same(one, other) for other in kept):
            kept.append(one)
    return kept


def _same(a: Detection, b: Detection) -> bool:
    shared = float((a.mask & b.mask).sum())
    areas = float(a.mask.sum()), float(b.mask.sum())
    return shared >= SAME * (sum(areas) - shared) or (a.label == b.label and shared >= PART * min(areas))
