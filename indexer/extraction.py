"""Pictures through every extractor: vectors and the attributes they imply, a region at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.batch import NewRegion, Predicted
from engine.errors import HoundstoothError, PictureError
from engine.spaces import SpaceSpec
from engine.writer import UNIT_TOLERANCE
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


def extract_regions(
    pictures: Sequence[Picture],
    extractors: Mapping[str, Extractor],
    boxes: Sequence[tuple[int, int, int, int] | None] | None = None,
) -> list[NewRegion | PictureError]:
    """One region a picture, in order. A picture that an extractor cannot take is told from the rest."""
    try:
        return list(_extract(pictures, extractors, boxes))
    except Exception as error:  # an extractor may come from anywhere: one picture must not stop a night's run
        if isinstance(error, HoundstoothError) and not isinstance(error, PictureError):
            raise
        if len(pictures) == 1:
            said = str(error) if isinstance(error, PictureError) else f"{type(error).__name__}: {error}"
            return [PictureError(f"no vectors: {said}")]
        one_by_one = (
            extract_regions([picture], extractors, [box])
            for picture, box in zip(pictures, boxes or [None] * len(pictures), strict=True)
        )
        return [regions[0] for regions in one_by_one]


def _extract(
    pictures: Sequence[Picture],
    extractors: Mapping[str, Extractor],
    boxes: Sequence[tuple[int, int, int, int] | None] | None,
) -> list[NewRegion]:
    vectors: dict[str, NDArray[np.float32]] = {}
    predicted: list[dict[str, Predicted]] = [{} for _ in pictures]
    for name, extractor in extractors.items():
        rows = extractor.extract(pictures)
        if rows.shape != (len(pictures), extractor.dim):
            raise ValueError(f"space '{name}' gave {rows.shape}, not {(len(pictures), extractor.dim)}")
        length = np.linalg.norm(rows, axis=1)
        if not np.all(np.abs(length - 1) < UNIT_TOLERANCE):  # NaN fails this too
            raise ValueError(f"space '{name}' gave a vector that is not of unit length")
        vectors[name] = rows
        if extractor.describes:
            model = f"{name}:{extractor.fingerprint}"
            for told, described in zip(predicted, extractor.describe(rows), strict=True):
                told.update({key: Predicted(value, sure, model) for key, (value, sure) in described.items()})
    return [
        NewRegion(
            vectors={name: rows[row] for name, rows in vectors.items()},
            box=boxes[row] if boxes else None,
            masked=picture.mask is not None,
            predicted=predicted[row],
        )
        for row, picture in enumerate(pictures)
    ]
