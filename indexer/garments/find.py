"""The garment step of the one pass: which pixels of a photo are compared, before any extractor sees it."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from engine.errors import InputError
from indexer.decode.geometry import Box
from indexer.garments.choose import product_garments
from indexer.garments.garment import Garment, GarmentFinder
from indexer.picture import Picture
from indexer.spaces.registry import fit_options

GARMENT = "garment"
"""The attribute of a region that says what the finder takes it for."""
NOT_FOUND = "no garment was found: the whole photo is compared"
"""What the ledger says of such a photo."""


@dataclass(frozen=True, eq=False)
class FoundRegion:
    """What is compared of a photo: one garment of it, or all of it.

    picture: with the garment's mask; with none, all of the picture. box: (x, y, width, height) in pixels of the upright
    photo; None for the whole photo. kind, confidence: what the finder says it is; "" and 0 where no finder made it.
    """

    picture: Picture
    box: Box | None = None
    kind: str = ""
    confidence: float = 0.0


@dataclass(frozen=True)
class GarmentStep:
    """How garments are told from what surrounds them.

    finder: finds them in photos that bring no mask of their own; None: such photos are compared whole. given: whether
    masks that photos bring (alpha, a mask file) are used.
    """

    finder: GarmentFinder | None = None
    given: bool = True

    def regions(
        self, pictures: Sequence[Picture], categories: Sequence[str | None], boxes: Sequence[Box | None]
    ) -> list[list[FoundRegion]]:
        """What is compared of each picture, at least one region, the product's own garment first.

        boxes: of the photo, which the pictures show (None: all of it). Only a finder of several garments gives more
        than one region.
        """
        drop = not self.given
        whole = [replace(one, mask=None) if drop and one.mask is not None else one for one in pictures]
        found = [[FoundRegion(picture, box)] for picture, box in zip(whole, boxes, strict=True)]
        unmasked = [place for place, picture in enumerate(whole) if picture.mask is None]
        if self.finder is None or not unmasked:
            return found
        garments = self.finder.find([whole[place].rgb for place in unmasked])
        for place, seen in zip(unmasked, garments, strict=True):
            chosen = product_garments(seen, categories[place])
            if chosen:
                kept = chosen if self.finder.several else chosen[:1]
                found[place] = [_region(whole[place], boxes[place], garment) for garment in kept]
        return found

    def missed(self, regions: Sequence[FoundRegion]) -> bool:
        """Whether a finder looked for garments in a photo and found none."""
        return self.finder is not None and not regions[0].kind and regions[0].picture.mask is None

    def names(self, given: str, masked: bool, category: str | None) -> str:
        """A hash of all that decides a photo's regions besides its pixels; "" for nothing.

        given: of what the source says (box, mask). masked: whether a mask file is among it, so that no finder looks.
        """
        if not self.given:
            told = f"none|{given}"
        elif self.finder is None or masked:
            return given
        else:
            told = f"{self.finder.name}|{self.finder.fingerprint}|{category or ''}|{given}"
        return hashlib.sha256(told.encode()).hexdigest()[:16]


def _region(picture: Picture, box: Box | None, garment: Garment) -> FoundRegion:
    """A garment as a region, its box brought from the picture's pixels to the photo's, rounded outwards."""
    height, width = garment.mask.shape
    left, top, across, down = box or (0, 0, *picture.source_size)
    x, y, w, h = garment.box
    x1, y1 = left + x * across // width, top + y * down // height
    x2, y2 = left - (-(x + w) * across // width), top - (-(y + h) * down // height)
    masked = replace(picture, mask=garment.mask, scene=garment.scene)
    return FoundRegion(masked, (x1, y1, x2 - x1, y2 - y1), garment.kind, garment.confidence)


FINDERS = {"deeplab": "indexer.garments.deeplab:DeepLab", "maskrcnn": "indexer.garments.maskrcnn:MaskRcnn"}
CHOICES = (*FINDERS, "given", "none")
"""How a catalog may tell garments: by a finder, by the masks that photos bring, or not at all."""


def open_step(choice: str = "deeplab", options: Mapping[str, object] | None = None) -> GarmentStep:
    """The garment step of this choice, its finder made with these options of its constructor.

    Raises InputError for another choice or options where there is no finder, and what the finder's constructor does.
    """
    if choice in FINDERS:
        made = finder_class(choice)
        return GarmentStep(made(**fit_options(made, options or {}, "the garment finder")))
    if choice not in CHOICES:
        raise InputError(f"garments are found by one of {', '.join(CHOICES)}, not {choice!r}")
    if options:
        raise InputError(f"garments '{choice}' has no options, and {', '.join(options)} was given")
    return GarmentStep(given=choice == "given")


def finder_class(choice: str) -> type[GarmentFinder]:
    """The class of a finder."""
    module, name = FINDERS[choice].split(":")
    found: type[GarmentFinder] = getattr(importlib.import_module(module), name)
    return found
