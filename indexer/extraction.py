"""Pictures through the garment step and every extractor: regions, vectors and the attributes they imply."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.batch import NewRegion, Predicted
from engine.errors import HoundstoothError, PictureError
from engine.spaces import SpaceSpec
from engine.writer import UNIT_TOLERANCE
from indexer.decode.geometry import Box
from indexer.garments.find import FoundRegion, GarmentStep
from indexer.picture import Picture
from indexer.spaces.base import Extractor


def space_spec(extractor: Extractor) -> SpaceSpec:
    """What the catalog records of an extractor's space."""
    return SpaceSpec(
        name=extractor.name,
        dim=extractor.dim,
        fingerprint=extractor.fingerprint,
        parameters={"version": extractor.version, **extractor.parameters(), **extractor.recorded},
        weight=extractor.weight,
        reads=extractor.reads,
        attribute_types=extractor.describes,
    )


def find_regions(
    garments: GarmentStep,
    pictures: Sequence[Picture],
    categories: Sequence[str | None],
    boxes: Sequence[Box | None],
) -> list[list[FoundRegion] | PictureError]:
    """What is compared of each picture, in order. One that the garment finder cannot take is told from the rest."""
    try:
        return list(garments.regions(pictures, categories, boxes))
    except Exception as error:  # as below
        if isinstance(error, HoundstoothError) and not isinstance(error, PictureError):
            raise
        if len(pictures) == 1:
            return [PictureError(f"no garments: {error}")]
        alone = ([picture] for picture in pictures)
        return [
            find_regions(garments, picture, [category], [box])[0]
            for picture, category, box in zip(alone, categories, boxes, strict=True)
        ]


def extract_images(
    images: Sequence[Sequence[FoundRegion]], extractors: Mapping[str, Extractor]
) -> list[list[NewRegion] | PictureError]:
    """The regions of each image with their vectors, in order. An image that an extractor cannot take is told so."""
    flat = iter(_extract_regions([region for regions in images for region in regions], extractors))
    made: list[list[NewRegion] | PictureError] = []
    for regions in images:
        outcome = [next(flat) for _ in regions]
        wrong = [one for one in outcome if isinstance(one, PictureError)]
        made.append(wrong[0] if wrong else [one for one in outcome if isinstance(one, NewRegion)])
    return made


def _extract_regions(
    regions: Sequence[FoundRegion], extractors: Mapping[str, Extractor]
) -> list[NewRegion | PictureError]:
    """One at a time when all at once fail, to tell which it was."""
    try:
        return list(_extract(regions, extractors))
    except Exception as error:  # an extractor may come from anywhere: one picture must not stop a night's run
        if isinstance(error, HoundstoothError) and not isinstance(error, PictureError):
            raise
        if len(regions) == 1:
            said = str(error) if isinstance(error, PictureError) else f"{type(error).__name__}: {error}"
            return [PictureError(f"no vectors: {said}")]
        return [_extract_regions([region], extractors)[0] for region in regions]


def _extract(regions: Sequence[FoundRegion], extractors: Mapping[str, Extractor]) -> list[NewRegion]:
    vectors: list[dict[str, NDArray[np.float32]]] = [{} for _ in regions]
    refused: list[dict[str, str]] = [{} for _ in regions]
    predicted: list[dict[str, Predicted]] = [{} for _ in regions]
    pictures = [region.picture for region in regions]
    for name, extractor in extractors.items():
        why = extractor.refuse(pictures)
        taken = [place for place, reason in enumerate(why) if reason is None]
        for place, reason in enumerate(why):
            if reason is not None:
                refused[place][name] = reason
        if not taken:
            continue
        rows = _rows(extractor, [pictures[place] for place in taken])
        for place, row in zip(taken, rows, strict=True):
            vectors[place][name] = row
        if extractor.describes:
            model = f"{name}:{extractor.fingerprint}"
            for place, said in zip(taken, extractor.describe(rows), strict=True):
                predicted[place].update({key: Predicted(value, sure, model) for key, (value, sure) in said.items()})
    return [
        NewRegion(
            vectors=vectors[place],
            box=region.box,
            masked=region.picture.mask is not None,
            predicted=predicted[place],
            refused=refused[place],
            found=bool(region.kind),
        )
        for place, region in enumerate(regions)
    ]


def _rows(extractor: Extractor, pictures: Sequence[Picture]) -> NDArray[np.float32]:
    rows = extractor.extract(pictures)
    if rows.shape != (len(pictures), extractor.dim):
        raise ValueError(f"space '{extractor.name}' gave {rows.shape}, not {(len(pictures), extractor.dim)}")
    length = np.linalg.norm(rows, axis=1)
    if not np.all(np.abs(length - 1) < UNIT_TOLERANCE):  # NaN fails this too
        raise ValueError(f"space '{extractor.name}' gave a vector that is not of unit length")
    return rows
