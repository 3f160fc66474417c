"""The small pictures kept at indexing, so that pages and maps need no originals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import select

from engine import schema
from engine.shards import ThumbnailShard, open_thumbnails
from engine.store import Store


class Thumbnails:
    """Thumbnails by image id. One a thread."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._place: dict[int, tuple[str, int]] = {}
        self._open: dict[str, ThumbnailShard] = {}
        with store.database.read() as connection:
            shard = schema.shard
            names = connection.execute(
                select(shard.c.name).where(shard.c.space_id.is_(None), shard.c.removed.is_(None)).order_by(shard.c.id)
            ).scalars()
            for name in names:
                self._open[name] = open_thumbnails(store.thumbnails / name)
                self._place.update(
                    (image_id, (name, row)) for row, image_id in enumerate(self._open[name].ids.tolist())
                )

    def get(self, image_id: int) -> bytes | None:
        """The JPEG of an image, or None when there is none."""
        if image_id not in self._place:
            return None
        name, row = self._place[image_id]
        return self._open[name].picture(row)

    def many(self, image_ids: Sequence[int]) -> Iterator[bytes | None]:
        """The JPEGs of images, in order."""
        return map(self.get, image_ids)
