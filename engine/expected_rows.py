"""Which regions should have a row in which space: what `check` compares the shards with, and `check --repair` mends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from engine import schema
from engine.database import stream, stream_numbers

Ids = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ExpectedRows:
    """The live regions. regions: int64 (n,), ascending. images: int64 (n,), the image of each.

    told: the different lists of spaces that images have, as the record has them. which: int32 (n,), each region's.
    """

    regions: Ids
    images: Ids
    told: tuple[str, ...]
    which: NDArray[np.int32]
    _refused: dict[int, Ids]

    @staticmethod
    def read(connection: Connection) -> ExpectedRows:
        """As the record has them now: 20 bytes a region, of any number of regions."""
        region, image, refusal = schema.region, schema.image, schema.refusal
        of_live = select(region.c.id).join(image, image.c.id == region.c.image_id).where(region.c.removed.is_(None))
        told: dict[str, int] = {}
        listed = stream(connection, of_live.with_only_columns(image.c.spaces).order_by(region.c.id))
        which = np.fromiter((told.setdefault(str(text), len(told)) for (text,) in listed), dtype=np.int32)
        ids = stream_numbers(connection, of_live.with_only_columns(region.c.id, image.c.id).order_by(region.c.id))
        refused = stream_numbers(connection, select(refusal.c.space_id, refusal.c.region_id))
        by_space = {number: refused[refused[:, 0] == number, 1] for number in np.unique(refused[:, 0]).tolist()}
        regions, images = (np.ascontiguousarray(column) for column in ids.T)
        return ExpectedRows(regions, images, tuple(told), which, by_space)

    def of(self, space_id: int) -> NDArray[np.intp]:
        """The places (m,) of those that should have a row in the space: their image has it, and it took them."""
        having = [number for number, text in enumerate(self.told) if space_id in spaces_told(text)]
        places = np.flatnonzero(np.isin(self.which, having))
        if space_id not in self._refused:
            return places
        return places[~np.isin(self.regions[places], self._refused[space_id])]


def spaces_told(text: str) -> frozenset[int]:
    """Space ids in an image's list of them."""
    return frozenset(int(number) for number in text.split(",") if number.isdecimal())
