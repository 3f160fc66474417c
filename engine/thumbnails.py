"""The small pictures kept at indexing, so that pages and maps need no originals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from sqlalchemy import select

from engine import schema
from engine.shards import ThumbnailShard, open_thumbnails
from engine.store import Store


class Thumbnails:
    """Thumbnails by image id, as the catalog has them now. One a thread."""

    def __init__(self, store: Store) -> None:
        shard = schema.shard
        with store.database.read() as connection:
            names = list(
                connection.execute(
                    select(shard.c.name)
                    .where(shard.c.space_id.is_(None), shard.c.removed.is_(None))
                    .order_by(shard.c.id)
                ).scalars()
            )
        self._shards: list[ThumbnailShard] = [open_thumbnails(store.thumbnails / name) for name in names]
        sizes = [len(shard.ids) for shard in self._shards]
        ids = np.concatenate([np.empty(0, np.int64), *(shard.ids for shard in self._shards)])
        order = np.argsort(ids, kind="stable")
        self._ids = ids[order]
        self._shard = np.repeat(np.arange(len(sizes)), sizes)[order]
        self._row = np.concatenate([np.empty(0, np.int64), *map(np.arange, sizes)])[order]

    def get(self, image_id: int) -> bytes | None:
        """The JPEG of an image, or None when there is none."""
        place = int(np.searchsorted(self._ids, image_id))
        if place == len(self._ids) or self._ids[place] != image_id:
            return None
        return self._shards[int(self._shard[place])].picture(int(self._row[place]))

    def many(self, image_ids: Sequence[int]) -> Iterator[bytes | None]:
        """The JPEGs of images, in order."""
        return map(self.get, image_ids)
